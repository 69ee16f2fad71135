// Mode `audit` and candidates: what is not granted goes on up to the ceiling and stands on the ledger as `would-deny`. Must never see anything go on beyond the ceiling, a limit or a tenant.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { createRuntime } from '../../src/runtime.ts';
import { ceiling, listening, narrow, setUp, source } from '../helpers/audit-fixture.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

let database: TestDatabase;
let runtime: TestRuntime;

before(async () => {
  database = await openTestDatabase(setUp);
  runtime = await openTestRuntime({
    extensions: {
      // Neither manifest nor approval.
      unknown: { 'index.js': source },
      narrow: extension(source, { capabilities: narrow, limits: { cpuMs: 500 } }),
      strict: extension(source, { capabilities: narrow }),
      candid: extension(source, { capabilities: { database: ceiling.database, env: ceiling.env, headers: ceiling.headers } }),
      listens: {
        'package.json': JSON.stringify({
          version: '1.0.0',
          type: 'module',
          'directus:extension': { type: 'hook', path: 'index.js', host: '^11.0.0' },
        }),
        'index.js': listening,
      },
    },
    options: {
      database: database.url,
      mode: 'audit',
      ceiling: { capabilities: ceiling, limits: { hostCalls: 20 } },
      env: { GREETING: 'hello', SECRET: 'canary' },
      limits: { cpuMs: 500, wallMs: 5_000 },
      approvals: {
        narrow: 'requested',
        strict: { capabilities: 'requested', mode: 'enforce' },
        candid: {
          capabilities: 'requested',
          mode: 'enforce',
          candidate: { database: { tables: { articles: { read: { columns: ['id', 'title'] } } } }, router: { methods: ['GET'] } },
        },
      },
      identify: (request) => ({ tenant: String(request.headers['x-tenant'] ?? 'a'), accountability: null }),
    },
  });
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
});
after(async () => {
  await runtime.close();
  await database.close();
});

type Verdict = readonly [capability: string, decision: string, rule: string];
const granted = 'ERR_CAPABILITY_NOT_GRANTED';

const ask = async (path: string): Promise<{ readonly answer: unknown; readonly verdicts: readonly Verdict[] }> => {
  const { reply, calls } = await runtime.measure(path, { headers: { 'x-granted': 'yes', 'x-over': 'canary' } });
  return {
    answer: reply.status === 200 ? reply.json() : reply.code,
    verdicts: calls.map(({ capability, decision, rule }) => [capability, decision, rule] as const).filter(([name]) => name !== 'headers'),
  };
};

describe('audit lets it pass and says so', () => {
  const rows: readonly (readonly [string, string, unknown, readonly Verdict[]])[] = [
    [
      'a table that nobody granted',
      '/unknown/titles',
      [
        { id: 1, title: 'one' },
        { id: 2, title: 'two' },
      ],
      [['database', 'would-deny', granted]],
    ],
    ['a key of env, on its first use', '/unknown/env', ['hello', null], [['env', 'would-deny', granted]]],
    ['an event that nobody granted', '/unknown/emit/orders.paid', 'emitted', [['emitter', 'would-deny', granted]]],
    [
      'the schema, of what the ceiling lets it reach',
      '/unknown/schema',
      ['articles', 'notes'],
      [
        ['schema', 'would-deny', granted],
        ['database', 'would-deny', granted],
      ],
    ],
    ['what was granted is allowed', '/narrow/titles', [{ id: 1, title: 'one' }], [['database', 'allow', 'database.tables.articles.read']]],
    ['a column beside the granted ones', '/narrow/bodies', [{ id: 1, body: 'first' }], [['database', 'would-deny', 'database.columns']]],
    ['a log level', '/narrow/log', null, [['log', 'would-deny', 'log.levels']]],
    ['a key beside the granted ones', '/narrow/env', ['hello', null], [['env', 'would-deny', 'env.keys']]],
  ];
  for (const [name, path, answer, verdicts] of rows)
    test(name, async () => {
      const got = await ask(path);
      assert.deepEqual(got.answer, answer);
      assert.deepEqual(
        got.verdicts.map(([capability, decision, rule]) => [capability, decision, rule.split(' ')[0]]),
        verdicts,
      );
    });

  test('an operation on a granted table', async () => {
    const { answer, verdicts } = await ask('/unknown/retitle');
    assert.deepEqual([answer, verdicts], [1, [['database', 'would-deny', granted]]]);
  });
  test('a path and a method of the router, before the request runs', async () => {
    const { reply, calls, end } = await runtime.measure('/narrow/sent', { method: 'POST' });
    assert.equal(reply.json(), 'sent');
    const [note] = calls.filter(({ capability }) => capability === 'router');
    assert.deepEqual([note?.decision, note?.rule, note?.args], ['would-deny', 'router.methods', { method: 'POST', path: '/sent' }]);
    assert.ok(note !== undefined && note.sequence < end.sequence);
  });
  test('a header, by name and without its value', async () => {
    const { reply, calls } = await runtime.measure('/narrow/headers', { headers: { 'x-granted': 'yes', 'x-over': 'canary' } });
    assert.deepEqual(reply.json(), ['yes', null]);
    // When it is handed over, and perhaps once more when the extension looks at it.
    const said = new Set(calls.map(({ capability, decision, rule, args }) => JSON.stringify([capability, decision, rule, args])));
    assert.deepEqual([...said], [JSON.stringify(['headers', 'would-deny', 'headers.names', { name: 'x-granted' }])]);
  });
  test('process.env as env', async () => {
    assert.deepEqual((await ask('/unknown/process')).answer, ['hello', null]);
  });
  test('a listener, when it registers', async () => {
    const found = runtime.entries('call.start').filter((one) => one.extension === 'listens');
    assert.deepEqual(found.map(({ capability, method, decision, rule, args }) => [capability, method, decision, rule, args['event']])[0], [
      'emitter',
      'listen',
      'would-deny',
      granted,
      'orders.*',
    ]);
    await ask('/unknown/emit/orders.paid');
  });
});

describe('audit never lets pass', () => {
  const denied = { code: 'ERR_CAPABILITY_DENIED' };
  const rows: readonly (readonly [string, string, unknown])[] = [
    ['a table above the ceiling', '/unknown/members', denied],
    ['an operation above the ceiling', '/unknown/delete', denied],
    ['a function above the ceiling', '/unknown/sleep', denied],
    ['a statement that is two', '/unknown/wrong', denied],
    ['an event above the ceiling', '/unknown/emit/members.gone', denied],
  ];
  for (const [name, path, answer] of rows)
    test(name, async () => {
      const got = await ask(path);
      assert.deepEqual(got.answer, answer);
      assert.equal(got.verdicts.at(-1)?.[1], 'deny');
    });

  test('rows of another tenant: the row rules of the ceiling hold', async () => {
    assert.deepEqual((await runtime.get('/unknown/notes', { 'x-tenant': 'a' })).json(), [{ text: 'of a' }]);
    assert.deepEqual((await runtime.get('/unknown/notes', { 'x-tenant': 'b' })).json(), [{ text: 'of b' }]);
  });
  test('rows that the granted row rule hides, for it narrows and denies nothing', async () => {
    assert.deepEqual((await ask('/narrow/titles')).answer, [{ id: 1, title: 'one' }]);
  });
  test('collections that the granted schema leaves out', async () => {
    assert.deepEqual((await ask('/narrow/schema')).answer, ['articles']);
  });
  test('the limits of a grant', async () => {
    const codes = (await ask('/narrow/many')).answer as readonly string[];
    assert.deepEqual(codes.toSorted(), ['ERR_CALLS_EXCEEDED', 'ERR_CALLS_EXCEEDED', 'ok', 'ok', 'ok']);
  });
  test('the second wall: the role has what the ceiling has and no more', async () => {
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    try {
      const { rows } = await admin.query<{ readonly role: string; readonly tables: string }>(
        `select r.rolname "role", string_agg(distinct t.table_name || '.' || lower(t.privilege_type), ' ' order by t.table_name || '.' || lower(t.privilege_type)) "tables"
           from pg_roles r join information_schema.role_table_grants t on t.grantee = r.rolname where r.rolname like 'cloister%unknown%' group by 1`,
      );
      assert.deepEqual(rows.map(({ tables }) => tables).join(), 'articles.select articles.update notes.select');
    } finally {
      await admin.end();
    }
  });
});

describe('an extension that is enforced beside those in audit', () => {
  test('is denied what it was not granted', async () => {
    const { answer, verdicts } = await ask('/strict/bodies');
    assert.deepEqual(
      [answer, verdicts.map(([name, decision]) => [name, decision])],
      [{ code: 'ERR_CAPABILITY_DENIED' }, [['database', 'deny']]],
    );
    assert.equal((await runtime.post('/strict/sent', '')).code, 'ERR_CAPABILITY_DENIED');
    assert.deepEqual((await ask('/strict/env')).answer, [null, null]);
  });
});

describe('a candidate', () => {
  test('decides nothing and says what it would deny, by which rule', async () => {
    const { reply, calls } = await runtime.measure('/candid/bodies');
    assert.equal(reply.status, 200);
    assert.deepEqual(
      calls.map(({ decision, rule, candidate }) => [decision, rule, candidate]),
      [['would-deny', 'database.columns', 'database.columns']],
    );
  });
  test('says nothing of what it allows', async () => {
    const { calls } = await runtime.measure('/candid/titles');
    assert.deepEqual(
      calls.map(({ decision, candidate }) => [decision, candidate]),
      [['allow', undefined]],
    );
  });
  test('says of a capability that it lacks, that it is not granted', async () => {
    const { reply, calls } = await runtime.measure('/candid/env');
    assert.deepEqual(reply.json(), ['hello', null]);
    assert.deepEqual(
      calls.map(({ capability, decision, candidate }) => [capability, decision, candidate]),
      [['env', 'would-deny', granted]],
    );
  });
  test('never widens: the enforced grant denies first', async () => {
    const { reply, calls } = await runtime.measure('/candid/members');
    assert.deepEqual(reply.json(), { code: 'ERR_CAPABILITY_DENIED' });
    assert.deepEqual(
      calls.map(({ decision, candidate }) => [decision, candidate]),
      [['deny', undefined]],
    );
  });
  test('says it of requests too', async () => {
    const { reply, calls } = await runtime.measure('/candid/sent', { method: 'POST' });
    assert.deepEqual(
      [reply.json(), calls.map(({ rule, candidate }) => [rule, candidate])],
      ['sent', [['router.methods', 'router.methods']]],
    );
  });
});

test('what the ledger says is not said twice: the first use of a key in a cell', async () => {
  const noted = (): number =>
    runtime.entries('call.start').filter(({ capability, extension: id }) => capability === 'env' && id === 'unknown').length;
  const grew: boolean[] = [];
  // A cell that was replaced in between says it once more.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await runtime.measure('/unknown/env');
    const before = noted();
    await runtime.measure('/unknown/env');
    grew.push(noted() > before);
  }
  assert.ok(noted() > 0);
  assert.ok(grew.includes(false), grew.join(', '));
});

describe('audit without a ceiling', () => {
  const rows = [
    ['of the runtime', { mode: 'audit' as const }],
    ['of an extension', { extensions: [{ folder: 'x', mode: 'audit' as const }] }],
    ['of an approval', { approvals: { x: { mode: 'audit' as const } } }],
  ] as const;
  for (const [name, options] of rows)
    test(`${name} does not start`, () => assert.rejects(createRuntime(options), { code: 'ERR_OPTIONS_INVALID' }));
});
