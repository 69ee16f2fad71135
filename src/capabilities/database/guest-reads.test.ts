// Reads through the guest's Knex against plain Knex on the same rows: same values, same types. Must never compare with anything but the real thing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Knex } from 'knex';
import { type KnexPair, openKnexPair } from '../../../test/helpers/database-knex.ts';

let pair: KnexPair;
let plain: Knex;
let guest: Knex;
before(async () => {
  pair = await openKnexPair();
  ({ plain, guest } = pair);
});
after(() => pair.close());

type Case = readonly [name: string, run: (knex: Knex) => unknown];

const reads: readonly Case[] = [
  ['everything of a table', (k) => k('articles').orderBy('id')],
  ['select with aliases', (k) => k.select('id as key', { heading: 'title' }).from('articles').orderBy('key')],
  ['first', (k) => k('articles').orderBy('id').first('id', 'title')],
  ['first of nothing', (k) => k('articles').where({ id: 99 }).first()],
  ['nothing', (k) => k('articles').where({ id: 99 })],
  ['pluck', (k) => k('articles').orderBy('id').pluck('title')],
  ['count', (k) => k('articles').count()],
  ['count with an alias, and a condition', (k) => k('articles').where('views', '>', 20).count({ n: '*' }).first()],
  ['min, max, sum, avg', (k) => k('articles').min('views as a').max('views as b').sum('views as c').avg('views as d')],
  [
    'countDistinct and groupBy, having',
    (k) =>
      k('articles').select('status').countDistinct('author_id as n').groupBy('status').havingRaw('count(*) > ?', [1]).orderBy('status'),
  ],
  ['distinct', (k) => k('articles').distinct('status').orderBy('status')],
  [
    'distinctOn',
    (k) =>
      k('articles')
        .distinctOn('author_id')
        .select('author_id', 'id')
        .orderBy(['author_id', { column: 'id', order: 'desc' }]),
  ],
  [
    'every kind of where',
    (k) =>
      k('articles')
        .whereIn('id', [1, 2, 3, 4, 5])
        .whereNotIn('id', [5])
        .whereBetween('views', [10, 45])
        .whereNotNull('title')
        .whereNull('tags')
        .orWhere({ id: 7 })
        .orWhereILike('title', '%8')
        .orderBy('id'),
  ],
  [
    'where with a callback',
    (k) =>
      k('articles')
        .where(function () {
          this.where('id', 1).orWhere((inner) => inner.where('id', 2).andWhereNot('status', 'draft'));
        })
        .orderBy('id'),
  ],
  [
    'whereExists with a callback',
    (k) =>
      k('authors')
        .whereExists(function () {
          this.select('*').from('articles').whereRaw('articles.author_id = authors.id');
        })
        .orderBy('id'),
  ],
  ['whereRaw with positions', (k) => k('articles').whereRaw('views > ? and status = ?', [30, 'published']).orderBy('id')],
  ['whereRaw with names', (k) => k('articles').whereRaw(':column: > :least', { column: 'views', least: 30 }).orderBy('id')],
  ['where on JSON', (k) => k('articles').whereJsonPath('meta', '$.n', '>', 4).whereJsonSupersetOf('meta', { n: 6 }).select('id')],
  ['JSON extraction', (k) => k('articles').jsonExtract('meta', '$.deep.x', 'x').where('id', 3)],
  [
    'a JSON operator with a question mark',
    (k) => k.raw("select id from articles where meta \\? 'n' order by id limit 1").then((result: { rows: unknown }) => result.rows),
  ],
  [
    'arrays in whereRaw',
    (k) =>
      k('articles')
        .whereRaw('id = any(?)', [[1, 3]])
        .orderBy('id')
        .pluck('id'),
  ],
  [
    'an inner join',
    (k) => k('articles').join('authors', 'authors.id', 'articles.author_id').select('articles.id', 'authors.name').orderBy('articles.id'),
  ],
  [
    'a left join with a callback',
    (k) =>
      k('authors as w')
        .leftJoin('articles as a', function () {
          this.on('a.author_id', '=', 'w.id').andOn('a.views', '>', k.raw('?', [60]));
        })
        .select('w.name', 'a.id')
        .orderBy(['w.id', 'a.id']),
  ],
  [
    'a cross join, and columns of the same name',
    (k) =>
      k('authors')
        .crossJoin('sales.orders' as never)
        .orderBy(['authors.id', 'sales.orders.id']),
  ],
  ['withSchema', (k) => k.withSchema('sales').from('orders').orderBy('id')],
  [
    'a sub-query in from',
    (k) => k.from(k('articles').select('author_id').count('* as n').groupBy('author_id').as('x')).orderBy('author_id'),
  ],
  [
    'a sub-query in select and in where',
    (k) =>
      k('authors')
        .select('name', k('articles').count('*').whereRaw('author_id = authors.id').as('n'))
        .whereIn('id', k('articles').select('author_id'))
        .orderBy('id'),
  ],
  [
    'with',
    (k) =>
      k
        .with('best', k('articles').where('views', '>', 40))
        .select('*')
        .from('best')
        .orderBy('id'),
  ],
  [
    'with raw and two of them',
    (k) =>
      k
        .with('a', k.raw('select ?::int as x', [5]))
        .with('b', (b) => {
          b.select(k.raw('x + 1 as y')).from('a');
        })
        .select('*')
        .from('b'),
  ],
  [
    'withRecursive',
    (k) =>
      k
        .withRecursive('n', (b) => {
          b.select('id as i')
            .from('authors')
            .where('id', 1)
            .unionAll((u) => {
              u.select(k.raw('i + 1')).from('n').where('i', '<', 4);
            });
        })
        .select('i')
        .from('n'),
  ],
  [
    'union',
    (k) =>
      k('articles')
        .select('id')
        .where('id', '<', 3)
        .union([k('authors').select('id')])
        .orderBy('id'),
  ],
  [
    'unionAll with a wrapped callback',
    (k) =>
      k('articles')
        .select('id')
        .where('id', 1)
        .unionAll(function () {
          this.select('id').from('authors');
        }, true),
  ],
  ['intersect and except', (k) => k('articles').select('id').intersect(k('authors').select('id')).orderBy('id')],
  ['limit and offset', (k) => k('articles').orderBy('id').limit(2).offset(3).select('id')],
  ['orderByRaw and nulls last', (k) => k('articles').select('id').orderByRaw('views % 30, id desc').limit(4)],
  [
    'window functions',
    (k) =>
      k('articles')
        .select('id')
        .rowNumber('r', (w) => {
          w.partitionBy('status').orderBy('id');
        })
        .orderBy('id'),
  ],
  [
    'modify',
    (k) =>
      k('articles').modify((q, id) => {
        q.where({ id });
      }, 2),
  ],
  [
    'fn.now, fn.uuid and ref',
    (k) => k('articles').select(k.ref('title').as('t')).whereRaw("? < now() + interval '1 day'", [k.fn.now()]).where('id', 1),
  ],
  ['raw with positions', async (k) => (await k.raw('select ?::int as a, ?? from articles where id = ?', [1, 'title', 2])).rows],
  [
    'raw with names',
    async (k) => (await k.raw('select :a::text as a, :b: from articles where id = :id', { a: 'x', b: 'title', id: 2 })).rows,
  ],
  [
    'raw: rows, fields, rowCount, command',
    async (k) => {
      const { rows, fields, rowCount, command } = await k.raw('select id, title from articles order by id limit 2');
      return {
        rows,
        fields: fields.map((field: { name: string; dataTypeID: number }) => [field.name, field.dataTypeID]),
        rowCount,
        command,
      };
    },
  ],
  ['raw as a builder', (k) => k.select(k.raw('1 + ? as two', [1]))],
  ['rowMode array', (k) => k('articles').select('id', 'title').orderBy('id').limit(2).options({ rowMode: 'array' })],
  ['columns of the same name', (k) => k.raw('select 1 as a, 2 as a').then((result: { rows: unknown }) => result.rows)],
  ['a column without a name', (k) => k.raw("select 'x', 1 + 1").then((result: { rows: unknown }) => result.rows)],
  ['forUpdate', (k) => k('articles').where({ id: 1 }).forUpdate().select('id')],
  [
    'a builder used twice',
    async (k) => {
      const query = k('articles').where({ id: 1 }).select('id');
      return [await query, await query];
    },
  ],
  [
    'a clone that goes on',
    async (k) => {
      const base = k('articles').where('id', '<', 4).orderBy('id').select('id');
      return [await base.clone().where('id', '>', 1), await base];
    },
  ],
  ['several at once', (k) => Promise.all([1, 2, 3].map((id) => k('articles').where({ id }).first('title')))],
  [
    'then and catch',
    (k) =>
      k('articles')
        .where({ id: 1 })
        .select('id')
        .then((rows) => rows.length)
        .catch(() => 'caught'),
  ],
  ['batches of a few columns', (k) => k('articles').columns(['id', 'views']).whereBetween('id', [2, 3]).orderBy('id')],
  [
    'toSQL',
    (k) => {
      const { sql, bindings, method } = k('articles').where({ id: 1 }).toSQL();
      return { sql, bindings, method, native: k('articles').where({ id: 1 }).toSQL().toNative() };
    },
  ],
  [
    'toString and toQuery',
    (k) => [
      k('articles')
        .where({ a: "o'x", b: new Date(0), c: [1, 'x'], d: { e: 1 }, f: null, g: true })
        .toString(),
      k.raw('?', ['\\']).toQuery(),
    ],
  ],
  ['an empty whereIn', (k) => k('articles').whereIn('id', [])],
  ['every type there is', (k) => k('kinds').where({ id: 1 })],
  ['every type as NULL', (k) => k('kinds').where({ id: 2 })],
  ['edges of types', (k) => k('kinds').where({ id: 3 })],
  [
    'every type, its JavaScript classes',
    async (k) =>
      Object.entries((await k('kinds').where({ id: 1 }).first()) as object).map(([name, value]) => [
        name,
        typeof value,
        value === null ? null : Object.getPrototypeOf(value)?.constructor?.name,
      ]),
  ],
];

describe('reads give what plain Knex gives:', () => {
  for (const [name, run] of reads) test(name, async () => assert.deepEqual(await run(guest), await run(plain)));
});
