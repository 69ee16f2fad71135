// ItemsService sees and writes what the extension's database grant covers and nothing else. Must never let a hidden table, column or row be told from one that does not exist.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';
import { type ItemsCall, type ItemsRuntime, openItemsRuntime } from '../helpers/items-runtime.ts';

const setUp = `
  create table authors (id int primary key, name text, salary int, born date, facts jsonb);
  create table articles (id serial primary key, tenant text not null, title text, views int, author int references authors, secret_note text, secret_author int references authors);
  create table comments (id serial primary key, article int references articles, body text, hidden boolean not null default false);
  create table secrets (id serial primary key, article int references articles, word text);
`;
const seed = `
  insert into authors values (1, 'Ada', 4711, '1815-12-10', '{"pin": 1}'), (2, 'Bob', 1, '1970-01-01', '{}');
  insert into articles (tenant, title, views, author, secret_note, secret_author) values ('red', 'red one', 1, 1, 'canary', 2), ('red', 'red two', 2, 2, 'x', 1), ('blue', 'blue one', 100, 1, 'y', 1);
  insert into comments (article, body, hidden) values (1, 'open', false), (1, 'canary comment', true), (2, 'canary too', true), (3, 'of blue', false);
  insert into secrets (article, word) values (1, 'canary'), (3, 'z');
`;

const narrow: DatabaseGrant = {
  tables: {
    articles: {
      rows: { tenant: { _eq: '$tenant' } },
      read: { columns: ['id', 'title', 'views', 'author'] },
      create: { columns: ['title', 'views', 'author'], defaults: { tenant: '$tenant' } },
      update: { columns: ['title', 'views'] },
      delete: true,
    },
    authors: { read: { columns: ['id', 'name'] } },
    comments: {
      rows: { hidden: { _eq: false } },
      read: { columns: ['id', 'article', 'body'] },
      create: { columns: ['article', 'body'] },
      update: { columns: ['article', 'body'] },
      delete: true,
    },
  },
};
const readOnly: DatabaseGrant = { tables: { articles: { read: { columns: ['id', 'title'] } } } };
const writeOnly: DatabaseGrant = { tables: { comments: { create: true } } };

let runtime: ItemsRuntime;
before(async () => {
  runtime = await openItemsRuntime({
    setUp,
    seed,
    grants: { narrow, reader: readOnly, writer: writeOnly },
    more: ['secrets', 'nowhere', 'pg_class'],
    identify: () => ({ tenant: 'red', accountability: null }),
  });
});
after(() => runtime.close());

const articles = (query: object): ItemsCall => ['articles', 'readByQuery', query];

/** The name stands where a hidden one and one that does not exist are put. */
type Attack = readonly [name: string, attack: (name: string) => ItemsCall];

const fieldAttacks: readonly Attack[] = [
  ['a field', (x) => articles({ fields: [x] })],
  ['a field beside others', (x) => articles({ fields: ['id', x] })],
  ['a field below a field', (x) => articles({ fields: [`${x}.name`] })],
  ['a filter', (x) => articles({ filter: { [x]: { _eq: 'canary' } } })],
  ['a filter for null', (x) => articles({ filter: { [x]: { _null: true } } })],
  ['a filter with a value of a wrong type', (x) => articles({ filter: { [x]: { _eq: {} } } })],
  ['a filter with an operator that does not fit', (x) => articles({ filter: { [x]: { _between: [1, 2] } } })],
  ['a filter deep in _and and _or', (x) => articles({ filter: { _and: [{ _or: [{ id: { _eq: 1 } }, { [x]: { _contains: 'c' } }] }] } })],
  ['a filter through a field', (x) => articles({ filter: { [x]: { name: { _eq: 'Ada' } } } })],
  ['a filter with a dot', (x) => articles({ filter: { [`${x}.name`]: { _eq: 'Ada' } } })],
  ['a JSON filter', (x) => articles({ filter: { [x]: { _json: { pin: { _eq: 1 } } } } })],
  ['a function in a filter', (x) => articles({ filter: { [`year(${x})`]: { _eq: 1815 } } })],
  ['a function in the fields', (x) => articles({ fields: [`year(${x})`] })],
  ['a count in the fields', (x) => articles({ fields: [`count(${x})`] })],
  ['a count in a filter', (x) => articles({ filter: { [`count(${x})`]: { _gt: 0 } } })],
  ['a JSON path in the fields', (x) => articles({ fields: [`json(${x}, pin)`] })],
  ['an order', (x) => articles({ fields: ['id'], sort: [x] })],
  ['an order downwards', (x) => articles({ fields: ['id'], sort: [`-${x}`] })],
  ['an order through a field', (x) => articles({ fields: ['id'], sort: [`${x}.name`] })],
  ['an order by a function', (x) => articles({ fields: ['id'], sort: [`year(${x})`] })],
  ['an aggregate', (x) => articles({ aggregate: { max: [x] } })],
  ['a count of distinct values', (x) => articles({ aggregate: { countDistinct: [x] } })],
  ['a count', (x) => articles({ aggregate: { count: [x] } })],
  ['a group', (x) => articles({ aggregate: { count: ['*'] }, group: [x] })],
  ['a group by a function', (x) => articles({ group: [`year(${x})`] })],
  ['an order of groups', (x) => articles({ aggregate: { count: ['*'] }, group: ['author'], sort: [x] })],
  ['an alias', (x) => articles({ fields: ['a'], alias: { a: x } })],
  ['an alias with the name of another field', (x) => articles({ fields: ['title'], alias: { title: x } })],
  ['an alias of a function', (x) => articles({ fields: ['a'], alias: { a: `year(${x})` } })],
  ['an alias in an order', (x) => articles({ fields: ['id'], alias: { a: x }, sort: ['a'] })],
  ['deep', (x) => articles({ fields: ['id'], deep: { [x]: { _limit: 1 } } })],
  ['readOne', (x) => ['articles', 'readOne', 1, { fields: [x] }]],
  ['readMany', (x) => ['articles', 'readMany', [1], { filter: { [x]: { _nnull: true } } }]],
  ['readSingleton', (x) => ['articles', 'readSingleton', { fields: [x] }]],
  ['keys by query', (x) => ['articles', 'getKeysByQuery', { filter: { [x]: { _eq: 'canary' } } }]],
  ['an update by query', (x) => ['articles', 'updateByQuery', { filter: { [x]: { _eq: 'canary' } } }, { views: 9 }]],
  ['a delete by query', (x) => ['articles', 'deleteByQuery', { filter: { [x]: { _eq: 'canary' } } }]],
  ['a payload to create', (x) => ['articles', 'createOne', { [x]: 'v' }]],
  ['a payload to change', (x) => ['articles', 'updateOne', 1, { [x]: 'v' }]],
  ['a related item to create', (x) => ['articles', 'createOne', { [x]: { name: 'v' } }]],
  ['a nested payload', (x) => ['articles', 'createOne', { title: 't', comments: [{ [x]: true }] }]],
];
const related = (x: string): string => `author.${x}`;
const relatedAttacks: readonly Attack[] = [
  ['a related field', (x) => articles({ fields: [related(x)] })],
  ['a related filter', (x) => articles({ filter: { author: { [x]: { _gt: 1 } } } })],
  ['a related filter with a dot', (x) => articles({ filter: { [related(x)]: { _gt: 1 } } })],
  ['a related order', (x) => articles({ fields: ['id'], sort: [related(x)] })],
  ['a deep filter', (x) => articles({ fields: ['author.name'], deep: { author: { _filter: { [x]: { _gt: 1 } } } } })],
  ['deep fields', (x) => articles({ fields: ['author.name'], deep: { author: { _fields: [x] } } })],
  ['a deep alias', (x) => articles({ fields: ['author.a'], deep: { author: { _alias: { a: x } } } })],
  ['a function of a related field', (x) => articles({ fields: [`author.year(${x})`] })],
];
const relationAttacks: readonly Attack[] = [
  ['a relation to many', (x) => articles({ fields: ['id', x] })],
  ['a field of a relation to many', (x) => articles({ fields: [`${x}.word`] })],
  ['_some of a relation to many', (x) => articles({ filter: { [x]: { _some: { word: { _eq: 'canary' } } } } })],
  ['_none of a relation to many', (x) => articles({ filter: { [x]: { _none: {} } } })],
  ['a count of a relation to many', (x) => articles({ fields: [`count(${x})`] })],
  ['a payload with a relation to many', (x) => ['articles', 'createOne', { [x]: [{ word: 'w' }] }]],
];
const collectionAttacks: readonly Attack[] = [
  ['a collection', (x) => [x, 'readByQuery', {}]],
  ['a collection to create in', (x) => [x, 'createOne', { word: 'w' }]],
  ['a collection to delete from', (x) => [x, 'deleteOne', 1]],
];

const describeAttacks = (what: string, attacks: readonly Attack[], hidden: string): void => {
  void describe(`${what} that is hidden looks like one that does not exist`, () => {
    for (const [name, attack] of attacks)
      test(name, async () => {
        const [one, other] = await runtime.run('narrow', [attack(hidden), attack('nowhere')]);
        assert.equal(one?.error?.code, 'FORBIDDEN', JSON.stringify(one));
        assert.equal(JSON.stringify(one).replaceAll(hidden, 'nowhere'), JSON.stringify(other));
      });
  });
};

describeAttacks('a field', fieldAttacks, 'secret_note');
describeAttacks('a field that points somewhere', fieldAttacks, 'secret_author');
describeAttacks('a related field', relatedAttacks, 'salary');
describeAttacks('a relation', relationAttacks, 'secrets');
describeAttacks('a collection', collectionAttacks, 'secrets');
describeAttacks('a collection of PostgreSQL itself', collectionAttacks, 'pg_class');

describe('rows', () => {
  /** All of them together are one request. */
  const rows: readonly (readonly [name: string, call: ItemsCall, expected: unknown])[] = [
    ['of another tenant are not read', articles({ fields: ['id'] }), [{ id: 1 }, { id: 2 }]],
    ['are not counted', articles({ aggregate: { count: ['*'], max: ['views'] } }), [{ count: '2', max: { views: 2 } }]],
    ['are not found', articles({ fields: ['id'], search: 'one' }), [{ id: 1 }]],
    ['are not found by key', ['articles', 'readMany', [1, 3], { fields: ['id'] }], [{ id: 1 }]],
    ['a star shows the granted fields', articles({ limit: 1 }), [{ id: 1, title: 'red one', views: 1, author: 1 }]],
    ['a star of a relation too', articles({ fields: ['author.*'], limit: 1 }), [{ author: { id: 1, name: 'Ada' } }]],
    [
      'a star of stars reaches no hidden relation',
      articles({ fields: ['*.*'], limit: 1 }),
      [{ id: 1, title: 'red one', views: 1, author: { id: 1, name: 'Ada' }, comments: [{ id: 1, article: 1, body: 'open' }] }],
    ],
    [
      'that are hidden are not in a relation to many',
      articles({ fields: ['id', 'comments.body'] }),
      [
        { id: 1, comments: [{ body: 'open' }] },
        { id: 2, comments: [] },
      ],
    ],
    ['are not in the keys of one', articles({ fields: ['comments'] }), [{ comments: [1] }, { comments: [] }]],
    ['are not counted in one', articles({ fields: ['count(comments)'] }), [{ comments_count: '1' }, { comments_count: '0' }]],
    ['are not behind _some', articles({ fields: ['id'], filter: { comments: { body: { _contains: 'canary' } } } }), []],
    ['are not behind _none', articles({ fields: ['id'], filter: { comments: { _none: {} } } }), [{ id: 2 }]],
    [
      'are not behind a relation to one',
      ['comments', 'readByQuery', { fields: ['id', 'article.title'] }],
      [
        { id: 1, article: { title: 'red one' } },
        { id: 4, article: null },
      ],
    ],
    [
      'are not behind a filter on one',
      ['comments', 'readByQuery', { fields: ['id'], filter: { article: { title: { _contains: 'blue' } } } }],
      [],
    ],
    ['give no order', ['comments', 'readByQuery', { fields: ['id'], sort: ['-article.views'] }], [{ id: 4 }, { id: 1 }]],
    [
      'are not aggregated in a relation',
      articles({ fields: ['id', 'comments.id'], deep: { comments: { _aggregate: { count: ['*'] } } } }),
      [
        { id: 1, comments: [{ count: '1' }] },
        { id: 2, comments: [] },
      ],
    ],
  ];
  for (const [name, call, expected] of rows)
    test(name, async () => assert.deepEqual((await runtime.run('narrow', [call]))[0]?.result, expected));

  const refused: readonly (readonly [name: string, call: ItemsCall])[] = [
    ['reading one', ['articles', 'readOne', 3]],
    ['changing one', ['articles', 'updateOne', 3, { views: 0 }]],
    ['changing one among one’s own', ['articles', 'updateMany', [1, 3], { views: 0 }]],
    [
      'changing one in a batch',
      [
        'articles',
        'updateBatch',
        [
          { id: 1, views: 0 },
          { id: 3, views: 0 },
        ],
      ],
    ],
    ['deleting one', ['articles', 'deleteOne', 3]],
    ['deleting a hidden one', ['comments', 'deleteOne', 2]],
    ['taking a hidden one into a relation', ['articles', 'updateOne', 1, { comments: [2] }]],
    ['changing a hidden one in a relation', ['articles', 'updateOne', 1, { comments: { update: [{ id: 2, body: 'x' }] } }]],
    ['making one of another tenant', ['articles', 'createOne', { title: 'x', tenant: 'blue' }]],
    ['moving one to another tenant', ['articles', 'updateOne', 1, { tenant: 'blue' }]],
    ['making a related item where nothing may be made', ['articles', 'createOne', { title: 'x', author: { name: 'Eve' } }]],
    ['changing a related item that may only be read', ['articles', 'createOne', { title: 'x', author: { id: 1, name: 'Eve' } }]],
    ['upserting one', ['articles', 'upsertOne', { id: 3, title: 'x' }]],
  ];
  for (const [name, call] of refused)
    test(`of others: ${name} is refused like one that does not exist`, async () => {
      const contents = async (): Promise<unknown> =>
        (
          await runtime.admin.query(
            'select (select json_agg(a order by id) from articles a) a, (select json_agg(c order by id) from comments c) c, (select json_agg(x order by id) from authors x) x',
          )
        ).rows;
      const before = await contents();
      const [outcome] = await runtime.run('narrow', [call]);
      assert.equal(outcome?.error?.code, 'FORBIDDEN', JSON.stringify(outcome));
      assert.equal(JSON.stringify(outcome).includes('canary'), false);
      assert.deepEqual(await contents(), before);
    });
  test('that are made are the caller’s own', async () => {
    const [made] = await runtime.run('narrow', [['articles', 'createOne', { title: 'mine', comments: [{ body: 'hello' }] }]]);
    const { rows: found } = await runtime.admin.query(
      'delete from comments c using articles a where c.article = a.id and a.id = $1 returning a.tenant, a.title, c.body',
      [made?.result],
    );
    assert.deepEqual(found, [{ tenant: 'red', title: 'mine', body: 'hello' }]);
    const [gone] = await runtime.run('narrow', [['articles', 'deleteOne', made?.result]]);
    assert.equal(gone?.result, made?.result);
  });
});

describe('operations', () => {
  test('writing is refused to who may only read', async () => {
    const calls: readonly ItemsCall[] = [
      ['articles', 'createOne', { title: 'x' }],
      ['articles', 'updateOne', 1, { title: 'x' }],
      ['articles', 'updateOne', 1, {}],
      ['articles', 'deleteOne', 1],
      ['articles', 'upsertOne', { id: 1, title: 'x' }],
    ];
    const outcomes = await runtime.run('reader', calls);
    assert.deepEqual(
      outcomes.map(({ error }) => error?.code ?? 'done'),
      ['FORBIDDEN', 'FORBIDDEN', 'done', 'FORBIDDEN', 'FORBIDDEN'],
    );
  });
  test('reading is refused to who may only write, and what was written has no key to tell', async () => {
    const outcomes = await runtime.run('writer', [
      ['comments', 'readByQuery', {}],
      ['comments', 'readByQuery', { fields: ['id'] }],
      ['comments', 'createOne', { body: 'dropped in' }],
      ['comments', 'updateOne', 1, { body: 'x' }],
      ['comments', 'deleteOne', 1],
    ]);
    assert.deepEqual(
      outcomes.map(({ error, result }) => error?.code ?? result),
      ['FORBIDDEN', 'FORBIDDEN', null, 'FORBIDDEN', 'FORBIDDEN'],
    );
    assert.deepEqual((await runtime.admin.query("delete from comments where body = 'dropped in' returning article")).rows, [
      { article: null },
    ]);
  });
});
