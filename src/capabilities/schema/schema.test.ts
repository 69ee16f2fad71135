// getSchema: what a grant covers, in Directus's form, and nothing else; through real wards and a real server. Must never compare with what it was made from.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { openTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { directusExtension, extension, openTestRuntime, type TestRuntime } from '../../../test/helpers/runtime.ts';
import { schemaBounds } from './bounds.ts';
import { type SchemaOverview, schemaGrant } from './contract.ts';
import { makeSchemaPolicy } from './policy.ts';

const setUp = `
  create schema sales;
  create table authors (id serial primary key, name text not null, mentor_id int references authors);
  create table articles (id uuid primary key default gen_random_uuid(), title varchar(80) not null default 'it''s', views int default 7, rate numeric(8, 3), big bigint, ok boolean default true, meta jsonb, tags text[],
    day date, at timestamptz default now(), local timestamp, clock time, bytes bytea, secret text default 'canary', computed int generated always as (1) stored,
    author_id int references authors on delete cascade, editor_id int references authors on delete set null);
  comment on table articles is 'What is written'; comment on column articles.title is 'Its name';
  create table comments (id bigint generated always as identity primary key, article_id uuid references articles, hidden_id int);
  create table canaries (id serial primary key, article_id uuid references articles);
  create table pairs (a int, b int, primary key (a, b));
  create table keyless (a int);
  create table sales.orders (id serial primary key, author_id int references authors);
  create view listed as select id, title from articles;
`;

const source = `export default (router, { getSchema }) => {
  router.get('/', async (req, res) => res.json(await getSchema({ bypassCache: true })));
  router.get('/own', async (req, res) => { const schema = await getSchema(); schema.collections.canaries = { forged: true }; delete schema.collections.articles; res.json(Object.keys((await getSchema()).collections)); });
  router.get('/on-request', (req, res) => res.json({ own: Object.hasOwn(req, 'schema'), collections: req.schema === undefined ? null : Object.keys(req.schema.collections), writable: (() => { const before = req.schema; req.schema = 1; return req.schema === 1 && before !== 1; })() }));
};`;

const read = { read: true };
const tables = {
  articles: { read: true, create: true },
  authors: read,
  comments: { create: true },
  'sales.orders': read,
  pairs: read,
  keyless: read,
  listed: read,
};

let database: TestDatabase;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase(setUp);
  runtime = await openTestRuntime({
    extensions: {
      all: extension(source, { capabilities: { schema: {}, database: { tables } } }),
      some: extension(source, { capabilities: { schema: { collections: ['articles', 'canaries'] }, database: { tables } } }),
      cut: extension(source, { capabilities: { schema: {}, database: { tables: { articles: read } } } }),
      empty: extension(source, { capabilities: { schema: {} } }),
      none: extension(source, { capabilities: { database: { tables } } }),
      old: directusExtension(source, { capabilities: { schema: {}, database: { tables } } }),
    },
    options: {
      database: database.url,
      approvals: {
        ...Object.fromEntries(['all', 'some', 'empty', 'none', 'old'].map((id) => [id, 'requested' as const])),
        cut: { capabilities: { schema: {}, database: { tables } } },
      },
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  await database.close();
});

const overview = async (id: string): Promise<SchemaOverview> => (await runtime.get(`/${id}`)).json() as SchemaOverview;
const names = async (id: string): Promise<readonly string[]> => Object.keys((await overview(id)).collections).toSorted();

describe('the grant of schema', () => {
  const fits = new Ajv({ strict: true }).compile(schemaGrant);
  const many = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`);
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['nothing but itself', {}, true],
    ['collections', { collections: ['articles'] }, true],
    ['an empty list', { collections: [] }, true],
    ['as many collections as the bound', { collections: many(schemaBounds.collections.value) }, true],
    ['one more', { collections: many(schemaBounds.collections.value + 1) }, false],
    ['a collection twice', { collections: ['a', 'a'] }, false],
    ['an unknown key', { fields: [] }, false],
    ['true', true, false],
  ];
  for (const [name, grant, expected] of rows)
    test(`${name} ${expected ? 'fits' : 'is refused'}`, () => assert.equal(fits(grant), expected));
  test('its policy knows one method', () => {
    assert.equal(makeSchemaPolicy()('read', {}).allow, true);
    assert.equal(makeSchemaPolicy()('constructor', {}).allow, false);
  });
});

describe('collections', () => {
  test('are the granted tables with a primary key of one column', async () =>
    assert.deepEqual(await names('all'), ['articles', 'authors', 'comments', 'sales.orders']));
  test('are those that the grant of schema names', async () => assert.deepEqual(await names('some'), ['articles']));
  test('are those of asked and approved together', async () => assert.deepEqual(await names('cut'), ['articles']));
  test('are none without a database grant', async () => assert.deepEqual(await overview('empty'), { collections: {}, relations: [] }));
  test('are a refusal without the capability', async () => assert.equal((await runtime.get('/none')).code, 'ERR_CAPABILITY_NOT_GRANTED'));
  test('have primary key and note', async () => {
    const { articles, comments } = (await overview('all')).collections;
    const { fields, ...rest } = articles ?? assert.fail();
    assert.equal(Object.keys(fields).length > 10, true);
    assert.deepEqual(rest, {
      collection: 'articles',
      primary: 'id',
      singleton: false,
      sortField: null,
      note: 'What is written',
      accountability: 'all',
    });
    assert.equal(comments?.primary, 'id');
  });
});

describe('fields', () => {
  const rows: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
    ['a uuid', 'id', { type: 'uuid', dbType: 'uuid', defaultValue: 'gen_random_uuid()', nullable: false }],
    ['a varchar', 'title', { type: 'string', dbType: 'character varying(80)', defaultValue: "it's", note: 'Its name', nullable: false }],
    ['an integer', 'views', { type: 'integer', defaultValue: 7, nullable: true, precision: null }],
    ['a numeric', 'rate', { type: 'decimal', precision: 8, scale: 3 }],
    ['a bigint', 'big', { type: 'bigInteger', defaultValue: null }],
    ['a boolean', 'ok', { type: 'boolean', defaultValue: true, special: ['cast-boolean'] }],
    ['a document', 'meta', { type: 'json', special: ['cast-json'], searchable: false }],
    ['a list', 'tags', { type: 'unknown', dbType: 'text[]' }],
    ['a date', 'day', { type: 'date' }],
    ['a point in time', 'at', { type: 'timestamp', defaultValue: 'CURRENT_TIMESTAMP' }],
    ['a local time', 'local', { type: 'dateTime' }],
    ['a time of day', 'clock', { type: 'time' }],
    ['bytes', 'bytes', { type: 'binary' }],
    ['a generated column', 'computed', { generated: true, defaultValue: null }],
    ['the far side of a foreign key', 'comments', { type: 'alias', alias: true, special: ['o2m'], dbType: null }],
  ];
  for (const [name, field, expected] of rows) {
    test(`${name} is told as Directus does`, async () => {
      const found = (await overview('all')).collections['articles']?.fields[field] as Readonly<Record<string, unknown>> | undefined;
      assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, found?.[key]])), expected);
    });
  }
  test('an identity column counts by itself', async () =>
    assert.equal((await overview('all')).collections['comments']?.fields['id']?.defaultValue, 'AUTO_INCREMENT'));
  test('there is none of a table that is not granted', async () =>
    assert.equal(JSON.stringify(await overview('all')).includes('canaries'), false));
});

describe('relations', () => {
  test('are the foreign keys with both ends granted', async () => {
    const { relations } = await overview('all');
    assert.deepEqual(
      relations
        .map(({ collection, field, related_collection, meta }) => [collection, field, related_collection, meta['one_field']])
        .toSorted(),
      [
        ['articles', 'author_id', 'authors', 'articles_author_id'],
        ['articles', 'editor_id', 'authors', 'articles_editor_id'],
        ['authors', 'mentor_id', 'authors', 'authors'],
        ['comments', 'article_id', 'articles', 'comments'],
        ['sales.orders', 'author_id', 'authors', 'orders'],
      ],
    );
    const author = relations.find(({ field }) => field === 'author_id');
    assert.deepEqual(
      [author?.schema['on_delete'], author?.schema['foreign_key_column'], author?.meta['one_deselect_action']],
      ['CASCADE', 'id', 'delete'],
    );
  });
  test('to what is not granted are not told', async () => assert.deepEqual((await overview('cut')).relations, []));
  test('are cut with the collections', async () => assert.deepEqual((await overview('some')).relations, []));
});

describe('what an extension does to it', () => {
  test('changes its own copy alone', async () =>
    assert.deepEqual(((await runtime.get('/all/own')).json() as readonly string[]).toSorted(), await names('all')));
  test('is on the ledger as one call and the nested one', async () => {
    const { calls } = await runtime.measure('/all');
    assert.deepEqual(
      calls.map(({ capability, method, cause }) => [capability, method, cause === undefined]),
      [
        ['schema', 'read', true],
        ['database', 'describe', false],
      ],
    );
  });
});

describe('req.schema', () => {
  test('is there on Express 4, from the first request on', async () => {
    for (let round = 0; round < 2; round += 1) {
      const found = (await runtime.get('/old/on-request')).json() as {
        readonly own: boolean;
        readonly collections: readonly string[];
        readonly writable: boolean;
      };
      assert.deepEqual(
        [found.own, found.collections.toSorted(), found.writable],
        [true, ['articles', 'authors', 'comments', 'sales.orders'], true],
      );
    }
  });
  test('is not there on Express 5', async () =>
    assert.deepEqual((await runtime.get('/all/on-request')).json(), { own: false, collections: null, writable: true }));
});
