// An extension and a real PostgreSQL, over HTTP: rows there and back, refusals on the ledger, and statements that end with their request.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const root = resolve(import.meta.dirname, '../..');

const source = `
export default (router, { database }) => {
  const attempt = async (run) => { try { return await run(); } catch (error) { return { code: error.code, status: error.status ?? null }; } };
  router.get('/list', async (req, res) => res.json(await database('articles').select('id', 'title').orderBy('id').limit(2)));
  router.get('/types', async (req, res) => { const [row] = await database('things').select('*'); res.json({ row, date: row.at instanceof Date, bytes: Buffer.isBuffer(row.bytes) }); });
  router.post('/types', async (req, res) => { const [row] = await database('things').insert({ at: new Date(0), bytes: Buffer.from([1, 255]), document: { a: [1] }, list: [1, 2], big: '9007199254740993', yes: true }).returning('*'); res.json(row); });
  router.get('/members', async (req, res) => res.json(await attempt(() => database('members').select('*'))));
  router.get('/members/unhandled', async (req, res) => res.json(await database('members').select('*')));
  router.get('/write', async (req, res) => res.json(await attempt(() => database('things').where({ id: 1 }).delete())));
  router.get('/catalog', async (req, res) => res.json(await attempt(() => database.raw("select * from pg_catalog.pg_user"))));
  router.get('/two', async (req, res) => res.json(await attempt(() => database.raw('select 1; drop table articles'))));
  router.get('/unique', async (req, res) => res.json(await attempt(() => database('things').insert({ id: 1 }))));
  router.get('/sleep/:seconds', async (req, res) => { await database.raw('select pg_sleep(?)', [Number(req.params.seconds)]); res.json('slept'); });
  router.get('/locked', async (req, res) => { await database('things').insert({ big: '7' }); await database('articles').where({ id: 1 }).update({ views: 5 }); res.json('updated'); });
  router.get('/many/:count', async (req, res) => { const rows = await Promise.all(Array.from({ length: Number(req.params.count) }, (_, n) => database.raw('select ?::int as n', [n]))); res.json(rows.map((one) => one.rows[0].n)); });
  router.get('/rows/:count', async (req, res) => res.json(await attempt(async () => (await database.raw('select generate_series(1, ?::int) as n', [Number(req.params.count)])).rows.length)));
};`;

const grant = {
  database: {
    tables: { articles: { read: true, update: true }, things: { read: true, create: true } },
    functions: ['pg_sleep', 'generate_series'],
    maxRows: 1_000,
  },
};

let database: TestDatabase;
let admin: pg.Client;
let runtime: TestRuntime;

before(async () => {
  const seed = await readFile(resolve(root, 'extensions/demo.sql'), 'utf8');
  database = await openTestDatabase(
    `${seed}; create table things (id serial primary key, at timestamptz, bytes bytea, document jsonb, list int[], big bigint, yes boolean)`,
  );
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  runtime = await openTestRuntime({
    extensions: { db: extension(source, { capabilities: grant }), none: extension(source) },
    options: { database: database.url, extensions: [resolve(root, 'extensions/articles')], limits: { cpuMs: 500, wallMs: 2_500 } },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  await admin.end();
  await database.close();
});

/** Statements of extensions that run now. */
const running = async (part: string): Promise<number> => {
  const { rows } = await admin.query(
    `select pid from pg_stat_activity where state = 'active' and application_name like 'cloister:%' and query like $1`,
    [`%${part}%`],
  );
  return rows.length;
};
const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + 8_000; !(await holds()); ) if (performance.now() > end) assert.fail(what);
};

interface Articles {
  readonly data: readonly { readonly id: number; readonly title: string }[];
  readonly meta: { readonly total: number };
}

describe('the articles example', () => {
  test('lists with paging and a filter', async () => {
    const first = (await runtime.get('/articles?limit=3&status=published')).json() as Articles;
    const second = (await runtime.get('/articles?limit=3&offset=3&status=published')).json() as Articles;
    assert.equal(first.data.length, 3);
    assert.equal(
      first.data.some((one) => second.data.some((other) => other.id === one.id)),
      false,
    );
    const { rows } = await admin.query(`select count(*)::int as count from articles where status = 'published'`);
    assert.equal(first.meta.total, rows[0].count);
  });
  test('creates, reads, updates and deletes a row, and the table has it', async () => {
    const created = await runtime.post('/articles', { title: "Robert'); drop table articles;--", body: 'grüße 😀' });
    assert.equal(created.status, 201);
    const { id } = (created.json() as { readonly data: { readonly id: number } }).data;
    assert.equal(created.headers.location, `/articles/${id}`);
    assert.deepEqual((await admin.query('select title, body, status from articles where id = $1', [id])).rows, [
      { title: "Robert'); drop table articles;--", body: 'grüße 😀', status: 'draft' },
    ]);
    assert.equal(((await runtime.get(`/articles/${id}`)).json() as { readonly data: { readonly body: string } }).data.body, 'grüße 😀');
    assert.equal((await runtime.request(`/articles/${id}`, { method: 'PATCH', body: { status: 'published' } })).status, 200);
    assert.equal((await runtime.request(`/articles/${id}`, { method: 'DELETE' })).status, 204);
    assert.equal((await runtime.get(`/articles/${id}`)).status, 404);
    assert.equal((await admin.query('select from articles where id = $1', [id])).rowCount, 0);
  });
  test('says what is wrong with a request', async () => {
    assert.equal((await runtime.post('/articles', { nonsense: 1 })).status, 400);
    assert.equal((await runtime.get('/articles?limit=1000')).status, 400);
    assert.equal((await runtime.get('/articles/0')).status, 404);
  });
});

describe('values', () => {
  test('keep their types there and back', async () => {
    const created = (await runtime.post('/db/types', '')).json() as Readonly<Record<string, unknown>>;
    assert.deepEqual(
      [created['at'], created['document'], created['list'], created['big'], created['yes']],
      ['1970-01-01T00:00:00.000Z', { a: [1] }, [1, 2], '9007199254740993', true],
    );
    const read = (await runtime.get('/db/types')).json() as { readonly date: boolean; readonly bytes: boolean };
    assert.deepEqual([read.date, read.bytes], [true, true]);
  });
});

describe('what was not granted', () => {
  const refusals = [
    ['a table', '/members', 'ERR_CAPABILITY_DENIED'],
    ['deleting', '/write', 'ERR_CAPABILITY_DENIED'],
    ['the catalog', '/catalog', 'ERR_CAPABILITY_DENIED'],
    ['two statements', '/two', 'ERR_CAPABILITY_DENIED'],
  ] as const;
  for (const [name, path, code] of refusals) {
    test(`${name} is refused, and on the ledger`, async () => {
      const { reply, calls, end } = await runtime.measure(`/db${path}`);
      assert.deepEqual(reply.json(), { code, status: 403 });
      assert.deepEqual(
        calls.map((one) => [one.capability, one.method, one.decision]),
        [['database', 'query', 'deny']],
      );
      assert.notEqual(calls[0]?.rule, '');
      assert.equal(end.status, 200);
    });
  }
  test('an unhandled refusal is 403, and tells the client nothing of the table', async () => {
    const { reply } = await runtime.measure('/db/members/unhandled');
    assert.deepEqual([reply.status, reply.code], [403, 'ERR_CAPABILITY_DENIED']);
    assert.equal(reply.text.includes('members'), false);
  });
  test('an extension without the grant has no database at all', async () =>
    assert.equal((await runtime.get('/none/list')).code, 'ERR_CAPABILITY_NOT_GRANTED'));
});

describe('statements', () => {
  test('an error of PostgreSQL has its SQLSTATE', async () =>
    assert.deepEqual((await runtime.get('/db/unique')).json(), { code: '23505', status: null }));
  test('are on the ledger, with rows and without values', async () => {
    const { end, calls } = await runtime.measure('/db/list');
    assert.deepEqual([end.calls, calls.length, calls[0]?.decision], [1, 1, 'allow']);
    const [finished] = runtime.entries('call.end').filter((one) => one.request === end.request);
    assert.deepEqual([finished?.outcome, finished?.rows, finished?.call], ['ok', 2, calls[0]?.call]);
    assert.equal(JSON.stringify(runtime.runtime.ledger()).includes('Robert'), false);
  });
  test('more at once than connections and callsPending wait their turn', async () => {
    assert.deepEqual(
      (await runtime.get('/db/many/50')).json(),
      Array.from({ length: 50 }, (_, index) => index),
    );
  });
  test('more rows than maxRows are refused', async () => {
    assert.equal((await runtime.get('/db/rows/1000')).json(), 1_000);
    assert.notEqual((await runtime.get('/db/rows/1001')).json(), 1_001);
  });
  test('are cancelled when the client goes away', async () => {
    const abort = new AbortController();
    const asked = runtime.request('/db/sleep/20', { signal: abort.signal });
    await until('the statement runs', async () => (await running('pg_sleep')) === 1);
    abort.abort();
    await assert.rejects(asked);
    const startedAt = performance.now();
    await until('the statement is cancelled', async () => (await running('pg_sleep')) === 0);
    assert.ok(performance.now() - startedAt < 2_000);
    assert.equal((await runtime.ended('/db/sleep/20')).outcome, 'client gone');
  });
  test('are cancelled when the time of their request is up, also where they wait for a lock', async () => {
    await admin.query('begin');
    await admin.query('update articles set views = 1 where id = 1');
    try {
      const { reply, end } = await runtime.measure('/db/locked');
      // lockMs comes before wallMs here: the extension may handle it.
      assert.equal(reply.status, 500);
      assert.equal(end.calls, 2);
      await until('nothing of it runs', async () => (await running('articles')) === 0);
    } finally {
      await admin.query('rollback');
    }
    assert.equal((await runtime.get('/db/locked')).json(), 'updated');
  });
  test('that took longer than wallMs end with 504, and the ledger says which limit', async () => {
    const { reply, limits } = await runtime.measure('/db/sleep/9');
    assert.deepEqual([reply.status, limits.map(({ limit, allowed }) => [limit, allowed])], [504, [['wallMs', 2_500]]]);
    await until('the statement is cancelled', async () => (await running('pg_sleep')) === 0);
    await waitUntil('nothing is left of it', () => runtime.runtime.health().requests === 0);
  });
});
