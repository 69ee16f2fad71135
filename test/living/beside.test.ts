// Two versions of one extension at once: what they share, what only one of them does, and what a refused one leaves. Must never let a trial change what the version beside it may do.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { Desired } from '../../src/installation/desired.ts';
import { archiveKey, makeArchive, packageOf, type TestArchive, wants } from '../helpers/archives.ts';
import { emitting } from '../helpers/hook.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const articles = (columns: readonly string[]): object => ({ tables: { articles: { read: { columns } } } });
const capabilities = (database: object): object => ({
  capabilities: { database, kv: {}, emitter: { listen: ['said'] } },
});
const both = articles(['id', 'title']);
const source = (version: string): string => `
export default { id: 'shop', handler: (router, { database, kv, emitter, logger }) => {
  router.get('/', (req, res) => res.send('${version}'));
  router.get('/rows', async (req, res) => res.json(await database('articles').select('id', 'title')));
  router.get('/ids', async (req, res) => res.json(await database('articles').select('id')));
  router.get('/count', async (req, res) => {
    const before = (await kv.get('count')) ?? 0;
    await kv.set('count', before + 1);
    res.json({ version: '${version}', count: before + 1 });
  });
  emitter.onAction('said', () => logger.info('${version} heard'));
} };`;
const shop = (version: string, database: object = both, body = source(version)): TestArchive =>
  makeArchive('shop', version, body, capabilities(database));
const one = shop('1.0.0');
const two = shop('2.0.0');

let database: TestDatabase;
let admin: pg.Client;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase(`create table articles (id serial primary key, title text); insert into articles (title) values ('a')`);
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  runtime = await openTestRuntime({
    extensions: {
      mouth: emitting(
        `export default (router, { emitter }) => router.get('/', (req, res) => { emitter.emitAction('said', {}); res.json('said'); });`,
        { emit: ['said'] },
      ),
    },
    options: {
      database: database.url,
      trustedKeys: [archiveKey],
      limits: { registerMs: 20_000, wallMs: 30_000, cpuMs: 2_000 },
    },
  });
});
after(async () => {
  await runtime.close();
  await admin.end();
  await database.close();
});

let trials = 0;
const apply = async (current: TestArchive, canary?: TestArchive, share = 0.5) => {
  trials += 1;
  const more: Partial<Desired> = canary === undefined ? {} : { canary: { ...packageOf(canary), share, since: String(trials) } };
  const [applied] = await runtime.runtime.apply([wants(current, more)]);
  return { current: applied?.current, canary: applied?.canary, failed: applied?.failed.map(({ error }) => error.code) };
};
/** Columns that the extension's role may read, as the server has it. */
const columnsOfRole = async (): Promise<readonly string[]> => {
  const { rows } = await admin.query<{ readonly name: string }>(
    `select distinct column_name "name" from information_schema.column_privileges where grantee like 'cloister_shop_%' and table_name = 'articles' and privilege_type = 'SELECT' order by 1`,
  );
  return rows.map(({ name }) => name);
};
const heard = (version: string): number => runtime.logs.filter(({ msg }) => msg === `${version} heard`).length;

describe('a canary beside the version that serves', { concurrency: false }, () => {
  test('both read the database and write one store', async () => {
    assert.deepEqual(await apply(one), { current: one.digest, canary: null, failed: [] });
    assert.deepEqual(await apply(one, two), { current: one.digest, canary: two.digest, failed: [] });
    const versions = new Set<string>();
    for (let asked = 1; asked <= 40; asked += 1) {
      const { version, count } = (await runtime.get('/shop/count')).json() as { readonly version: string; readonly count: number };
      assert.equal(count, asked);
      versions.add(version);
      assert.deepEqual((await runtime.get('/shop/rows')).json(), [{ id: 1, title: 'a' }]);
    }
    assert.deepEqual([...versions].sort(), ['1.0.0', '2.0.0']);
  });
  test('hears no event until it is promoted, and then alone', async () => {
    await runtime.get('/mouth');
    await waitUntil('the one that serves hears', () => heard('1.0.0') === 1);
    assert.equal(heard('2.0.0'), 0);
    await apply(two);
    await runtime.get('/mouth');
    await waitUntil('the promoted one hears', () => heard('2.0.0') === 1);
    assert.equal(heard('1.0.0'), 1);
    await apply(one);
  });
  test('is refused with another grant of the database, and the role stays as it was', async () => {
    const before = await columnsOfRole();
    assert.deepEqual(before, ['id', 'title']);
    const narrow = shop('3.0.0', articles(['id']));
    assert.deepEqual(await apply(one, narrow), { current: one.digest, canary: null, failed: ['ERR_CANARY_INVALID'] });
    assert.deepEqual(await columnsOfRole(), before);
  });
});

describe('a version with another grant of the database', { concurrency: false }, () => {
  test('that does not register leaves the role as the version that serves needs it', async () => {
    const broken = shop('4.0.0', articles(['id']), `export default () => { throw new Error('not today'); };`);
    assert.deepEqual(await apply(broken), { current: one.digest, canary: null, failed: ['ERR_REGISTER_FAILED'] });
    assert.deepEqual(await columnsOfRole(), ['id', 'title']);
    assert.deepEqual((await runtime.get('/shop/rows')).json(), [{ id: 1, title: 'a' }]);
  });
  test('takes its place with what it was granted, and no more', async () => {
    const narrow = shop('5.0.0', articles(['id']));
    assert.deepEqual(await apply(narrow), { current: narrow.digest, canary: null, failed: [] });
    assert.deepEqual((await runtime.get('/shop/ids')).json(), [{ id: 1 }]);
    assert.deepEqual(await columnsOfRole(), ['id']);
    assert.notEqual((await runtime.get('/shop/rows')).status, 200);
  });
});
