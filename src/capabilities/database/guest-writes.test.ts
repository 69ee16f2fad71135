// Writes through the guest's Knex against plain Knex: same answers, and the same rows afterwards. Must never compare with anything but the real thing.
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

/** Knex makes JSON of plain objects itself; this one it leaves to the driver. */
class OneDay {
  toPostgres(): string {
    return '1 day';
  }
}

type Case = readonly [name: string, run: (knex: Knex) => unknown];

const writes: readonly Case[] = [
  [
    'insert',
    async (k) => {
      const { rowCount, command } = (await k('articles').insert({ title: 'new' })) as unknown as { rowCount: number; command: string };
      return [rowCount, command];
    },
  ],
  [
    'insert with returning',
    (k) =>
      k('articles')
        .insert({ title: 'new', meta: { a: [1] }, tags: ['x', 'y "z"'] })
        .returning('*'),
  ],
  ['insert with returning of one column', (k) => k('articles').insert({ title: 'new' }, 'id')],
  [
    'insert of many, with missing keys',
    (k) =>
      k('articles')
        .insert([{ title: 'a', views: 1 }, { title: 'b' }, { views: 3 }])
        .returning(['title', 'status', 'views']),
  ],
  [
    'insert from a select',
    (k) =>
      k(k.raw('?? (??)', ['authors', 'name']))
        .insert(k('articles').select('title').where('id', '<', 3))
        .then(() => k('authors').pluck('name')),
  ],
  [
    'insert with raw and fn',
    (k) =>
      k('articles')
        .insert({ title: k.raw('upper(?)', ['x']), views: k.raw('?::int + ?', [1, 2]) })
        .returning(['title', 'views']),
  ],
  ['onConflict ignore', (k) => k('articles').insert({ title: 'title 1' }).onConflict('title').ignore().returning('id')],
  [
    'onConflict merge',
    (k) => k('articles').insert({ title: 'title 1', views: 7 }).onConflict('title').merge().returning(['title', 'views']),
  ],
  [
    'onConflict merge of some, with where',
    (k) =>
      k('articles')
        .insert({ title: 'title 1', views: 7, status: 'x' })
        .onConflict('title')
        .merge(['views'])
        .where('articles.views', '<', 100)
        .returning(['title', 'views', 'status']),
  ],
  [
    'onConflict merge of given values',
    (k) =>
      k('articles')
        .insert({ title: 'title 1' })
        .onConflict('title')
        .merge({ views: k.raw('articles.views + 1') })
        .returning('views'),
  ],
  ['update', (k) => k('articles').where('id', '<', 4).update({ views: 1 })],
  ['update of one column with a value', (k) => k('articles').where({ id: 1 }).update('views', 5, ['id', 'views'])],
  [
    'update with returning',
    (k) =>
      k('articles')
        .where({ id: 1 })
        .update({ title: 'x', views: k.raw('views + 1') })
        .returning('*'),
  ],
  [
    'update from',
    (k) =>
      k('articles')
        .update({ title: k.ref('authors.name') })
        .updateFrom('authors')
        .where('articles.id', 1)
        .whereRaw('authors.id = articles.author_id')
        .returning('title'),
  ],
  [
    'increment and decrement',
    async (k) => {
      await k('articles').where({ id: 1 }).increment('views', 5);
      await k('articles').where({ id: 2 }).decrement({ views: 5 });
      return k('articles').whereIn('id', [1, 2]).orderBy('id').pluck('views');
    },
  ],
  ['delete', (k) => k('articles').where('id', '>', 5).delete()],
  ['del with returning', (k) => k('articles').where({ id: 2 }).del().returning(['id', 'title'])],
  ['delete of nothing', (k) => k('articles').where({ id: 99 }).del()],
  [
    'delete using',
    (k) =>
      k('articles')
        .join('authors', 'authors.id', 'articles.author_id')
        .where('authors.name', 'Ada')
        .del()
        .then((n) => n),
  ],
  [
    'a CTE that writes',
    (k) =>
      k
        .with('gone', k('articles').where({ id: 1 }).del().returning('*'))
        .select('id')
        .from('gone'),
  ],
  [
    'raw insert',
    async (k) => {
      const { rows, rowCount, command } = await k.raw('insert into authors (name) values (?), (?) returning *', ['x', 'y']);
      return { rows, rowCount, command };
    },
  ],
  [
    'every kind of JavaScript value',
    (k) =>
      k('kinds')
        .insert({
          id: 10,
          a_bool: true,
          a_int4: -0,
          a_int8: 9007199254740993n,
          a_float8: 1e21,
          a_numeric: '1.10',
          a_text: 'é\u{1F600}\\ \' " $1 ? :x',
          a_bytea: Buffer.from([0, 255, 39, 92]),
          a_date: '2024-01-01',
          a_ts: new Date(1700000000123),
          a_tstz: new Date(1700000000123),
          a_json: JSON.stringify([1, 'x']),
          a_jsonb: { a: [1, { b: null }], c: '"' },
          ints: [1, null, 3],
          texts: ['a', 'b"c', 'd\\e', null, ''],
          bools: [true, false],
          nested: [
            [1, 2],
            [3, 4],
          ],
          byteas: [Buffer.from([1, 2]), null],
          stamps: [new Date(0)],
          floats: [1.5, Number.NaN],
          an_interval: new OneDay(),
          an_inet: '10.0.0.1',
          a_uuid: null,
        })
        .returning('*'),
  ],
  [
    'numbers JSON cannot carry',
    (k) => k('kinds').insert({ id: 11, a_float8: Number.NaN, a_float4: Number.NEGATIVE_INFINITY }).returning(['a_float8', 'a_float4']),
  ],
  [
    'bytes of every kind of view',
    (k) =>
      k('kinds')
        .insert([
          { id: 12, a_bytea: new Uint8Array([1, 2, 3]).subarray(1) },
          { id: 13, a_bytea: new Uint16Array([258]) },
        ])
        .returning('a_bytea'),
  ],
  [
    'dates before Christ and far ahead',
    (k) =>
      k('kinds')
        .insert([
          { id: 14, a_tstz: new Date(Date.UTC(-43, 2, 15)) },
          { id: 15, a_tstz: new Date(Date.UTC(20000, 0, 1)) },
          { id: 16, a_ts: new Date(-1e12) },
        ])
        .returning(['a_tstz', 'a_ts']),
  ],
];

describe('writes do and give what plain Knex does and gives:', () => {
  for (const [name, run] of writes) {
    test(name, async () => {
      await pair.reseed();
      const expected = [await run(plain), await pair.contents()];
      await pair.reseed();
      assert.deepEqual([await run(guest), await pair.contents()], expected);
    });
  }
});
