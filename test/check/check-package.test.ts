// `cloister check`: what is read off a package without running it, and what its policies say to examples. Must never assert on code that was run.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { showLine } from '../../src/audit/lines.ts';
import { checkPackages, type PackageCheck } from '../../src/check/check-package.ts';
import { readCode } from '../../src/check/code-chains.ts';
import { type Outcome, openWarmCommands, runCommand } from '../helpers/commands.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';

const warm = openWarmCommands();

let folder: TemporaryFolder;
let count = 0;
before(async () => {
  folder = await openTemporaryFolder();
});
after(async () => {
  await warm.close();
  await folder.remove();
});

const write = async (source: string, cloister?: object, name = `p${(count += 1)}`): Promise<string> => {
  const json = { name, version: '1.2.3', type: 'module', ...(cloister === undefined ? {} : { cloister }) };
  await folder.write({ [`${name}/package.json`]: JSON.stringify(json), [`${name}/index.js`]: source });
  return join(folder.root, name);
};

const check = async (source: string, cloister?: object): Promise<PackageCheck> => {
  const { packages, refused } = await checkPackages(await write(source, cloister));
  assert.deepEqual(refused, []);
  return packages[0] ?? assert.fail('nothing was found');
};

const wrap = (body: string): string => `export default (router, { database, env, logger, services, emitter, getSchema }) => { ${body} };`;
const seenIn = ({ seen }: PackageCheck): readonly string[] =>
  seen.map(({ capability, line }) => `${capability} ${showLine(line)}`).toSorted();

/** Read in one go: a process that bundles is started for each. */
const checkAll = async (sources: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, PackageCheck>> => {
  count += 1;
  const all = `all${count}`;
  for (const [name, source] of sources)
    await folder.write({ [`${all}/${name}/package.json`]: JSON.stringify({ name, type: 'module' }), [`${all}/${name}/index.js`]: source });
  const { packages, refused, ok, exact } = await checkPackages(join(folder.root, all));
  assert.deepEqual([refused, packages.length], [[], sources.size]);
  assert.equal(
    ok,
    packages.every(({ unread }) => unread === null),
  );
  assert.ok(ok || !exact);
  return new Map(packages.map((one) => [one.id, one]));
};

describe('what is seen in code', () => {
  let found: ReadonlyMap<string, PackageCheck>;
  before(async () => {
    found = await checkAll(new Map(rows.map(([body], index) => [`p${index}`, wrap(body)])));
  });
  const rows: readonly (readonly [body: string, seen: readonly string[], unclear?: readonly string[]])[] = [
    ["router.get('/a/:id', () => {});", ['router methods GET', 'router paths /a/*']],
    [
      "router.post('/a', () => {}).delete('/b', () => {});",
      ['router methods DELETE', 'router methods POST', 'router paths /a', 'router paths /b'],
    ],
    ["router.use('/x', env);", [], ['router']],
    ['env.A; env["B"]; process.env.C; const { D } = env;', ['env keys A', 'env keys B', 'env keys C', 'env keys D']],
    ['env[router.name];', [], ['env']],
    ["logger.warn('x'); console.log('y'); logger.child({}).debug('z');", ['log levels debug', 'log levels info', 'log levels warn']],
    ["database('t').where({ a: 1 }).first();", ['database tables t read']],
    ["database('t').insert({ a: 1 });", ['database tables t create']],
    ["database('t').where({ a: 1 }).update({ b: 2 }).returning('c');", ['database tables t read', 'database tables t update']],
    ["database.select('*').from('t as x').leftJoin('u', 'u.id', 'x.id');", ['database tables t read', 'database tables u read']],
    ["database.transaction(async (trx) => { await trx('t').delete(); });", ['database tables t delete']],
    ["const table = 't'; database(table).count();", ['database tables t read']],
    ['database(router.name).count();', [], ['database']],
    ["database.raw('select 1');", [], ['database']],
    ["emitter.emitAction('a.b', {}); emitter.onFilter('c.*', () => {});", ['emitter emit a.b', 'emitter listen c.*']],
    ["new services.ItemsService('t', {}).readOne(1);", ['services ItemsService collections t', 'services ItemsService methods readOne']],
    ['const { MailService } = services; new MailService({});', ['services MailService methods']],
    ['getSchema();', ['schema collections']],
    ["context.kv.get('a'); kv.set('a', 1); const map = {}; map.get('a');", ['kv (all of it)']],
    ["fetch('https://api.example.com/v1?x=1'); fetch(env.A);", ['env keys A', 'fetch origins https://api.example.com'], ['fetch']],
    [
      "router.get('/', (req) => { req.get('X-Key'); req.headers['accept']; req.headers.authorization; req.cookies.a; });",
      ['headers names authorization', 'headers names cookie', 'headers names x-key', 'router methods GET', 'router paths /'],
    ],
    ["'database(\"secret\")'; /* database('other') */", []],
  ];
  for (const [index, [body, seen, unclear = []]] of rows.entries())
    test(body, () => {
      const one = found.get(`p${index}`) ?? assert.fail('it was not read');
      assert.deepEqual(seenIn(one), seen.toSorted());
      assert.deepEqual(one.unclear, unclear);
    });
});

test('imports, the register context and hidden code are told, with size and hash', async () => {
  const found = await check(
    `import { createHash } from 'node:crypto'; export default (router, { env, logger }) => { eval('1'); new Function('x', 'y'); import('./' + env.X); createHash('md5'); }`,
  );
  assert.deepEqual(found.imports, ['node:crypto']);
  assert.deepEqual(found.context, ['env', 'logger']);
  assert.deepEqual([...found.hidden].toSorted(), ['a computed import', 'eval', 'new Function']);
  assert.match(found.artifact, /^[0-9a-f]{64}$/);
  assert.ok(found.scriptBytes > 100);
  assert.deepEqual([found.version, found.hasManifest], ['1.2.3', false]);
});

test('asking for more or less than the code uses is told', async () => {
  const { seen, unseen } = await check(wrap("env.A; env.B; database('t').insert({});"), {
    capabilities: { env: { keys: ['A', 'C'] }, database: { tables: { t: { create: { columns: ['x'] }, delete: true } } } },
  });
  assert.deepEqual(
    seen.filter(({ asked }) => !asked).map(({ line }) => showLine(line)),
    ['keys B'],
  );
  assert.deepEqual(
    unseen.map(({ line }) => showLine(line)),
    ['keys C', 'tables t delete'],
  );
});

test('code that nests without end costs no stack', () => {
  assert.deepEqual(readCode(`x${'.a'.repeat(3_000)}`).chains[0]?.steps.length, 3_000);
});

test('reading is given up in the middle of a script where its time is over', () => {
  let left = 1_000;
  const tick = (): void => {
    left -= 1;
    if (left < 0) throw new Error('over');
  };
  assert.throws(() => readCode(`f(${'a,'.repeat(2_000)}b);`, tick), /over/);
  assert.equal(left, -1);
});

describe('code that cannot be read beforehand is a finding of its package, and the others are read', () => {
  const rows: readonly (readonly [name: string, source: string])[] = [
    ['it nests deeper than a parser', `export const deep = ${'['.repeat(20_000)}${']'.repeat(20_000)}; export default () => {};`],
    ['it adds up without end', `export const sum = (a) => ${'a + '.repeat(40_000)}a; export default () => {};`],
    ['it names more than any bundle', `export default (a) => { ${'a.b;'.repeat(200_001)} };`],
    ['it is longer than what is read', `export default () => '${'x'.repeat(8_388_608)}';`],
  ];
  let found: ReadonlyMap<string, PackageCheck>;
  before(async () => {
    found = await checkAll(new Map([...rows.map(([, source], index) => [`bad${index}`, source] as const), ['good', wrap('env.A;')]]));
  });
  for (const [index, [name]] of rows.entries())
    test(name, () => {
      const bad = found.get(`bad${index}`);
      assert.deepEqual([typeof bad?.unread, bad?.seen], ['string', []]);
    });
  test('and the good one among them is read', () => {
    const good = found.get('good');
    assert.deepEqual([good?.unread, good?.seen.length], [null, 1]);
  });
});

const run = (...args: readonly string[]): Promise<Outcome> => warm.run(['check', ...args]);

const columns = { capabilities: { database: { tables: { t: { read: { columns: ['a'] } } } }, env: { keys: ['A'] } } };
const query = (sql: string) => ({ capability: 'database', method: 'query', args: { sql, bindings: [] } });
const read = (key: string) => ({ capability: 'env', method: 'read', args: { key } });

describe('examples of calls', () => {
  const rows: readonly (readonly [name: string, policy: object, holds: boolean | null])[] = [
    ['hold', { allow: [query('select a from t'), read('A')], deny: [query('select b from t'), query('delete from t'), read('B')] }, true],
    ['that should be allowed and are not fail', { allow: [query('select b from t')] }, false],
    ['that should be denied and are not fail', { deny: [query('select a from t where a = 1')] }, false],
    [
      'of a capability that is not asked for are denied',
      { deny: [{ capability: 'emitter', method: 'emitAction', args: { event: 'a', meta: '{}' } }] },
      true,
    ],
    ['with arguments that do not fit are neither', { deny: [{ capability: 'database', method: 'query', args: { sql: 1 } }] }, false],
    ['of a request are judged too', { allow: [{ capability: 'router', method: 'request', args: { method: 'GET', path: '/x' } }] }, true],
    ['in a file that is no policy are refused', { allowed: [] }, null],
  ];
  const at = (name: string): Promise<string> => write(wrap("database('t').first('a'); env.A;"), columns, name);
  before(async () => {
    for (const [name, policy] of rows) await folder.write({ [`${name}.json`]: JSON.stringify(policy) });
  });
  for (const [name, , holds] of rows)
    test(`${name}, and the command says so`, async () => {
      const outcome = await run(await at('exampled'), '--policy', join(folder.root, `${name}.json`));
      assert.equal(outcome.code, holds === null ? 2 : holds ? 0 : 1, outcome.out + outcome.err);
    });
  test('in a file that is no policy have a code of their own', async () => {
    const checked = checkPackages(await at('exampled'), { policy: join(folder.root, `${rows.at(-1)?.[0] ?? ''}.json`) });
    await assert.rejects(checked, { code: 'ERR_OPTIONS_INVALID' });
  });
  test('are judged by the approvals and the ceiling where a configuration is named', async () => {
    await folder.write({
      'policy.json': JSON.stringify({ deny: [read('A')], allow: [query('select a from t')] }),
      'config.json': JSON.stringify({ approvals: 'requested', ceiling: { capabilities: { database: { tables: { t: { read: true } } } } } }),
    });
    const outcome = await run(
      await at('judged'),
      '--policy',
      join(folder.root, 'policy.json'),
      '--config',
      join(folder.root, 'config.json'),
    );
    assert.equal(outcome.code, 0, outcome.out + outcome.err);
  });
});

describe('cloister check', () => {
  test('fails on over- and under-asking only where --strict says so', async () => {
    const at = await write(wrap('env.A; env.B;'), { capabilities: { env: { keys: ['A'] } } });
    assert.equal((await run(at)).code, 0);
    assert.equal((await runCommand(['check', at, '--strict'])).code, 1, 'in a process of its own');
  });
  test('fails on a manifest that does not hold', async () => {
    const { code, out } = await run(await write(wrap(''), { capabilities: { nothing: {} } }), '--json');
    assert.deepEqual(
      [code, (JSON.parse(out) as { readonly refused: readonly { readonly code: string }[] }).refused[0]?.code],
      [1, 'ERR_MANIFEST_INVALID'],
    );
  });
  test('lets nothing that a package says move the cursor', async () => {
    const { out } = await run(await write(wrap("env['A']; database('t\\u001b[31m\\u202e').first(); fetch(`https://\\u009b`);")));
    assert.doesNotMatch(out, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  });
  for (const [name, args] of [
    ['no folder', []],
    ['a folder that is not there', ['/nowhere']],
    ['an unknown flag', ['--loose', '.']],
    ['a policy that is not there', ['.', '--policy', '/nowhere.json']],
  ] as const)
    test(`refuses ${name} in one line`, async () => {
      const { code, err } = await run(...args);
      assert.deepEqual([code, err.split('\n').length], [2, 2], err);
    });
});
