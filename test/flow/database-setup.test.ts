// A host whose login may create nothing serves from roles that a DBA made by the plan; apply and check say what is and what is not. Must never help with a privilege that the plan does not name.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { applyDatabase, checkDatabase, planDatabase } from '../../src/database.ts';
import { type Outcome, openWarmCommands, runCommand } from '../helpers/commands.ts';
import { openPlainLogin, type PlainLogin } from '../helpers/plain-login.ts';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

/** What a check found, in short. */
const found = async (host: PlainLogin): Promise<readonly string[]> =>
  (await checkDatabase(host.options)).problems
    .filter(({ severity }) => severity !== 'warning')
    .map(({ severity, extension }) => `${severity} ${String(extension)}`)
    .toSorted();

const serve = (host: PlainLogin): Promise<TestRuntime> =>
  openTestRuntime({
    extensions: {},
    options: {
      ...host.options,
      // The first statement of a fresh cell on a busy machine.
      limits: { cpuMs: 1_000, wallMs: 10_000 },
      identify: (request) => ({ tenant: String(request.headers['x-tenant'] ?? 'a'), accountability: null }),
    },
  });

describe('where a DBA runs the plan', () => {
  let host: PlainLogin;
  before(async () => {
    host = await openPlainLogin();
  });
  after(() => host.close());

  test('before it, the host refuses the extensions and says what to run', async () => {
    const served = await serve(host);
    try {
      assert.deepEqual(
        served.runtime.refused().map(({ error }) => [error.code, /cloister database plan/.test(error.message)]),
        [
          ['ERR_DATABASE_UNSAFE', true],
          ['ERR_DATABASE_UNSAFE', true],
        ],
      );
    } finally {
      await served.close();
    }
  });
  test('the check says that everything is missing', async () => {
    assert.deepEqual(await found(host), ['missing notes', 'missing plain']);
    assert.equal((await checkDatabase(host.options)).ok, false);
  });
  test('the plan names both roles and holds no password, no verifier and no secret', async () => {
    const plan = await planDatabase(host.options);
    assert.deepEqual(plan.roles.map(({ extension, exists, passwordHolds }) => [extension, exists, passwordHolds]).toSorted(), [
      ['notes', false, false],
      ['plain', false, false],
    ]);
    assert.deepEqual(plan.problems, []);
    const all = JSON.stringify(plan);
    assert.doesNotMatch(all, /SCRAM-SHA-256\$/);
    assert.ok(!all.includes(new URL(host.options.database).password));
    assert.match(plan.sql, /^BEGIN;$/m);
    assert.match(plan.sql, /^COMMIT;$/m);
    assert.equal((plan.sql.match(/CREATE SCHEMA IF NOT EXISTS cloister/g) ?? []).length, 1);
  });
  test('planning has changed nothing', async () => assert.deepEqual(await found(host), ['missing notes', 'missing plain']));
  test('a plan that fails half-way leaves nothing of it', async () => {
    const { sql } = await planDatabase(host.options);
    await assert.rejects(host.run(sql.replace(/^COMMIT;$/m, 'SELECT 1 / 0;\nCOMMIT;')));
    await host.run('ROLLBACK');
    assert.deepEqual(await found(host), ['missing notes', 'missing plain']);
  });
  test('run twice it does no harm, and only the passwords are missing', async () => {
    const { sql } = await planDatabase(host.options);
    await host.run(sql);
    await host.run(sql);
    assert.deepEqual(await found(host), ['missing notes', 'missing plain']);
    const plan = await planDatabase(host.options);
    assert.deepEqual(
      plan.roles.map(({ statements, exists, passwordHolds }) => [statements, exists, passwordHolds]),
      [
        [[], true, false],
        [[], true, false],
      ],
    );
    assert.match(plan.sql, /^-- Nothing is missing/);
  });
  test('with the passwords as PostgreSQL stores them all is as it should be', async () => {
    const { sql } = await planDatabase(host.options, { passwords: true });
    assert.match(sql, /PASSWORD 'SCRAM-SHA-256\$/);
    await host.run(sql);
    assert.deepEqual(await found(host), []);
    const check = await checkDatabase(host.options);
    assert.deepEqual([check.ok, check.login, Object.keys(check.roles).toSorted()], [true, host.name, ['notes', 'plain']]);
    assert.match((await planDatabase(host.options, { passwords: true })).sql, /^-- Nothing is missing/);
  });
  test('the host serves, each tenant its own rows', async () => {
    const served = await serve(host);
    try {
      assert.deepEqual(
        served.runtime.refused().map(({ error }) => error.message),
        [],
      );
      assert.deepEqual((await served.get('/plain')).json(), ['one']);
      assert.deepEqual((await served.get('/notes', { 'x-tenant': 'a' })).json(), ['a one', 'a two']);
      assert.deepEqual((await served.get('/notes', { 'x-tenant': 'c' })).json(), []);
      assert.equal((await served.request('/notes', { method: 'POST', headers: { 'x-tenant': 'c' } })).status, 200);
      assert.deepEqual((await served.get('/notes', { 'x-tenant': 'c' })).json(), ['new']);
      assert.equal((await served.get('/notes/secret')).code, 'ERR_CAPABILITY_DENIED');
    } finally {
      await served.close();
    }
  });
  test('apply by that login is refused, and by the DBA it takes away what should not be there', async () => {
    const { roles } = await checkDatabase(host.options);
    await host.run(`grant select on secret to ${String(roles['plain'])}`);
    assert.deepEqual(await found(host), ['missing plain']);
    await assert.rejects(applyDatabase(host.options), { code: 'ERR_DATABASE_UNSAFE' });
    assert.deepEqual(await found(host), ['missing plain']);
    const applied = await applyDatabase(host.options, { admin: host.adminUrl });
    assert.deepEqual(applied.roles.map(({ extension, statements }) => [extension, statements > 0]).toSorted(), [
      // A superuser sets what the host's own login could not ask for: temp_file_limit.
      ['notes', true],
      ['plain', true],
    ]);
    assert.deepEqual(await found(host), []);
    const again = await applyDatabase(host.options, { admin: host.adminUrl });
    assert.deepEqual(
      again.roles.map(({ statements }) => statements),
      [0, 0],
    );
  });
});

describe('cloister database, as it is typed', () => {
  let host: PlainLogin;
  const warm = openWarmCommands();
  before(async () => {
    host = await openPlainLogin();
  });
  after(async () => {
    await warm.close();
    await host.close();
  });

  const typed = (args: readonly string[]): readonly string[] => {
    const folders = (host.options.extensions ?? []).map(String);
    return ['database', ...args, '--database-url', host.options.database, '--approve', 'requested', ...folders];
  };
  const run = (...args: readonly string[]): Promise<Outcome> => warm.run(typed(args));

  test('check exits with 1 while something is missing', async () => {
    const { code, out } = await runCommand(typed(['check']));
    assert.equal(code, 1, out);
    assert.match(out, /missing {2}notes: there is no role cloister_notes_/);
    assert.match(out, /connections: 2 roles × 4 \+ 0 of kv \+ 10 = 18/);
  });
  test('plan prints what a DBA can run, and nothing that lets anybody in', async () => {
    const { code, out } = await run('plan');
    assert.equal(code, 0);
    assert.match(out, /^CREATE SCHEMA IF NOT EXISTS cloister;$/m);
    assert.doesNotMatch(out, /SCRAM-SHA-256\$/);
    await host.run(out);
  });
  test('apply goes over the administrator’s connection, and says what it did', async () => {
    const { code, out } = await run('apply', '--json', '--admin-url', host.adminUrl);
    assert.equal(code, 0);
    const { roles } = JSON.parse(out) as { readonly roles: readonly { readonly extension: string }[] };
    assert.deepEqual(roles.map(({ extension }) => extension).toSorted(), ['notes', 'plain']);
  });
  test('check exits with 0 then, also as JSON', async () => {
    const { code, out } = await run('check', '--json');
    const { ok, problems } = JSON.parse(out) as { readonly ok: boolean; readonly problems: readonly { readonly severity: string }[] };
    assert.deepEqual([code, ok, problems.filter(({ severity }) => severity !== 'warning')], [0, true, []]);
  });
  test('check --strict exits with 1 for a warning', async () => {
    await host.run('grant select on secret to public');
    assert.equal((await run('check')).code, 0);
    assert.equal((await run('check', '--strict')).code, 1);
  });
  test('a mistake of the operator’s is one line, and 2', async () => {
    for (const args of [['nonsense'], ['check', '--nonsense']]) {
      const { code, out, err } = await run(...args);
      assert.deepEqual([code, out, err.trim().split('\n').length], [2, '', 1], err);
    }
  });
});
