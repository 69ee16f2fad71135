// An extension with ddl and Knex's schema builder, over HTTP, for two tenants: each has its own tables, and the ledger tells what was defined. Must never reach past the runtime.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const source = `
export default (router, { database }) => {
  const notes = () => database('notes').withSchema('ext_keeper');
  const attempt = async (res, run) => { try { res.json(await run()); } catch (error) { res.json({ code: error.code }); } };
  router.get('/set-up', (req, res) => attempt(res, async () => {
    const before = await database.schema.withSchema('ext_keeper').hasTable('notes');
    if (!before) await database.schema.withSchema('ext_keeper').createTable('notes', (t) => {
      t.increments('id'); t.string('name', 80).notNullable().unique(); t.jsonb('more').defaultTo('{}'); t.boolean('done').defaultTo(false); t.timestamps(true, true);
      t.enum('kind', ['a', 'b']); t.index(['kind']);
    });
    return { before, after: await database.schema.withSchema('ext_keeper').hasTable('notes') };
  }));
  router.get('/change', (req, res) => attempt(res, async () => {
    await database.schema.withSchema('ext_keeper').alterTable('notes', (t) => { t.string('extra').nullable(); t.renameColumn('kind', 'sort'); t.string('name', 120).notNullable().alter(); });
    const columns = [];
    for (const name of ['extra', 'sort', 'kind']) columns.push(await database.schema.withSchema('ext_keeper').hasColumn('notes', name));
    return columns;
  }));
  router.get('/add/:name', (req, res) => attempt(res, () => notes().insert({ name: req.params.name }).returning(['id', 'name'])));
  router.get('/list', (req, res) => attempt(res, () => notes().select('name').orderBy('id')));
  router.get('/info', (req, res) => attempt(res, async () => Object.keys(await notes().columnInfo())));
  router.get('/move', (req, res) => attempt(res, async () => { await database.schema.withSchema('ext_keeper').renameTable('notes', 'old'); await database.schema.withSchema('ext_keeper').renameTable('old', 'notes'); return 'moved'; }));
  router.get('/in-transaction', (req, res) => attempt(res, async () => {
    await database.transaction(async (trx) => { await trx.schema.withSchema('ext_keeper').createTable('short', (t) => { t.integer('a'); }); throw Object.assign(new Error('no'), { code: 'UNDONE' }); });
  }));
  router.get('/short', (req, res) => attempt(res, () => database.schema.withSchema('ext_keeper').hasTable('short')));
  router.get('/outside', (req, res) => attempt(res, () => database.schema.createTable('notes', (t) => { t.integer('a'); })));
  router.get('/drop', (req, res) => attempt(res, async () => { await database.schema.withSchema('ext_keeper').dropTableIfExists('notes'); return 'dropped'; }));
};`;

let database: TestDatabase;
let admin: pg.Client;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase('create table articles (id serial primary key)');
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  runtime = await openTestRuntime({
    extensions: { keeper: extension(source, { capabilities: { database: { tables: {}, ddl: true } } }) },
    options: {
      database: database.url,
      approvals: { keeper: 'requested' },
      identify: (request) => Promise.resolve({ tenant: String(request.headers['x-who']), accountability: null }),
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  await admin.end();
  await database.close();
});

const get = async (path: string, who: string): Promise<unknown> => (await runtime.get(`/keeper/${path}`, { 'x-who': who })).json();

describe("Knex's schema builder in an extension's own schema", () => {
  test('makes, changes and renames tables, for each tenant its own', async () => {
    for (const who of ['acme', 'globex']) {
      assert.deepEqual(await get('set-up', who), { before: false, after: true });
      assert.deepEqual(await get('set-up', who), { before: true, after: true });
      assert.deepEqual(await get(`add/${who}`, who), [{ id: 1, name: who }]);
    }
    assert.deepEqual(await get('change', 'acme'), [true, true, false]);
    assert.equal(((await get('info', 'acme')) as readonly string[]).includes('extra'), true);
    assert.equal(((await get('info', 'globex')) as readonly string[]).includes('extra'), false);
    assert.equal(await get('move', 'acme'), 'moved');
  });
  test('two tenants see nothing of one another', async () => {
    assert.deepEqual(await get('list', 'acme'), [{ name: 'acme' }]);
    assert.deepEqual(await get('list', 'globex'), [{ name: 'globex' }]);
    assert.deepEqual(await get('add/acme', 'globex'), [{ id: 2, name: 'acme' }]);
    assert.equal(await get('drop', 'globex'), 'dropped');
    assert.deepEqual(await get('list', 'globex'), { code: '42P01' });
    assert.deepEqual(await get('list', 'acme'), [{ name: 'acme' }]);
    assert.deepEqual(await get('list', 'third'), { code: '42P01' });
  });
  test('a transaction takes a definition back', async () => {
    assert.deepEqual(await get('in-transaction', 'acme'), { code: 'UNDONE' });
    assert.equal(await get('short', 'acme'), false);
  });
  test('the ledger tells what was defined: kind, table and columns', () => {
    const made = runtime.entries('call.start').find((one) => one.args?.['statement'] === 'create table');
    assert.deepEqual(made?.args?.['tables'], ['ext_keeper.notes']);
    assert.deepEqual(made?.args?.['columns'], ['id', 'name', 'more', 'done', 'created_at', 'updated_at', 'kind']);
  });
  test('nothing outside of it', async () => {
    assert.deepEqual(await get('outside', 'acme'), { code: 'ERR_CAPABILITY_DENIED' });
    assert.equal((await admin.query("select from pg_class where relname = 'notes' and relnamespace = 'public'::regnamespace")).rowCount, 0);
  });
});
