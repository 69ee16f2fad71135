// Cases of writing: inserts, upserts, updates, deletes and what they answer. Each runs as text: must use nothing but its arguments.
import type { Knex } from 'knex';
import type { DifferentialCase } from '../../helpers/database-differential.ts';

type Run = (k: Knex) => unknown;
const list = (cases: readonly (readonly [string, Run])[]): readonly DifferentialCase[] => cases;

export const writeCases = list([
  [
    'insert of one',
    (k) =>
      k('authors')
        .insert({ name: 'Cleo' })
        .then((answer: unknown) => {
          const { command, rowCount, rows } = answer as { command: string; rowCount: number; rows: unknown[] };
          return [command, rowCount, rows];
        }),
  ],
  ['insert of none', (k) => k('authors').insert([])],
  [
    'insert of several with gaps',
    (k) =>
      k('articles')
        .insert([{ title: 'a' }, { title: 'b', views: 3 }])
        .returning(['id', 'title', 'views']),
  ],
  [
    'insert with every kind of returning',
    async (k) => [
      await k('authors').insert({ name: 'a' }, 'id'),
      await k('authors').insert({ name: 'b' }, ['id', 'name']),
      await k('authors').insert({ name: 'c' }, '*'),
    ],
  ],
  [
    'insert of a raw value',
    (k) =>
      k('articles')
        .insert({ title: k.raw("'x' || ?", ['y']), views: k.raw('1 + 1') })
        .returning('*'),
  ],
  [
    'insert of a sub-query as a value',
    (k) =>
      k('articles')
        .insert({ title: 'z', author_id: k('authors').max('id') })
        .returning('author_id'),
  ],
  [
    'insert from a select',
    (k) =>
      k(k.raw('?? (??)', ['authors', 'name']))
        .insert(k('articles').select('status').distinct())
        .then((answer: unknown) => {
          const { command, rowCount, rows } = answer as { command: string; rowCount: number; rows: unknown[] };
          return [command, rowCount, rows];
        }),
  ],
  [
    'insert of JSON and an array',
    (k) =>
      k('articles')
        .insert({ title: 'j', meta: { a: [1, { b: null }] }, tags: ['x', 'y,z'] } as never)
        .returning(['meta', 'tags']),
  ],
  ['insert into a schema', (k) => k('sales.orders').insert({ id: 3, total: '1.50' }).returning('total')],
  ['insert with undefined', (k) => k('articles').insert({ title: undefined, status: 'x' }).returning(['title', 'status'])],
  [
    'upsert: ignore',
    async (k) => [
      await k('articles').insert({ title: 'title 1', views: 99 }).onConflict('title').ignore().returning('id'),
      await k('articles').where('title', 'title 1').first('views'),
    ],
  ],
  [
    'upsert: ignore any',
    (k) =>
      k('articles')
        .insert({ title: 'title 1' })
        .onConflict()
        .ignore()
        .then((answer: unknown) => {
          const { command, rowCount, rows } = answer as { command: string; rowCount: number; rows: unknown[] };
          return [command, rowCount, rows];
        }),
  ],
  ['upsert: merge', (k) => k('articles').insert({ title: 'title 1', views: 99 }).onConflict('title').merge().returning(['id', 'views'])],
  [
    'upsert: merge of some',
    (k) =>
      k('articles')
        .insert({ title: 'title 1', views: 99, status: 'x' })
        .onConflict('title')
        .merge(['status'])
        .returning(['views', 'status']),
  ],
  [
    'upsert: merge of values',
    (k) =>
      k('articles')
        .insert({ title: 'title 1', views: 99 })
        .onConflict(['title'])
        .merge({ views: k.raw('articles.views + excluded.views') })
        .returning('views'),
  ],
  [
    'upsert: merge where',
    (k) =>
      k('articles')
        .insert([
          { title: 'title 1', views: 1 },
          { title: 'title 2', views: 2 },
        ])
        .onConflict('title')
        .merge()
        .where('articles.views', '>', 15)
        .returning('id'),
  ],
  [
    'upsert of new and old',
    (k) =>
      k('articles')
        .insert([
          { title: 'title 3', views: 7 },
          { title: 'new', views: 8 },
        ])
        .onConflict('title')
        .merge()
        .returning(['title', 'views']),
  ],
  [
    'upsert twice on one row',
    (k) =>
      k('articles')
        .insert([{ title: 'title 1' }, { title: 'title 1' }])
        .onConflict('title')
        .merge(),
  ],
  ['update of one', (k) => k('articles').where({ id: 1 }).update({ status: 'x' })],
  ['update of none', (k) => k('articles').where({ id: 99 }).update({ status: 'x' })],
  ['update by column and value', (k) => k('articles').where('id', 1).update('views', 5)],
  ['update with returning', (k) => k('articles').where('id', '<', 3).update({ views: 0 }, ['id', 'views'])],
  [
    'update with an expression',
    (k) =>
      k('articles')
        .where('id', 2)
        .update({ views: k.raw('?? * 2 + ?', ['views', 1]) })
        .returning('views'),
  ],
  [
    'update with a sub-query',
    (k) =>
      k('articles')
        .where('id', 2)
        .update({ author_id: k('authors').min('id') })
        .returning('author_id'),
  ],
  ['update to NULL', (k) => k('articles').where('id', 2).update({ title: null, meta: null }).returning(['title', 'meta'])],
  ['update with undefined', (k) => k('articles').where('id', 2).update({ title: undefined, status: 'y' }).returning(['title', 'status'])],
  [
    'update from another table',
    (k) =>
      k('articles')
        .updateFrom('authors')
        .whereRaw('authors.id = articles.author_id')
        .where('authors.name', 'Bob')
        .update({ status: 'of Bob' }),
  ],
  [
    'update in JSON',
    (k) =>
      k('articles')
        .where('id', 1)
        .update({ meta: k.jsonSet('meta', '$.n', '5') })
        .returning('meta'),
  ],
  ['increment of several', (k) => k('articles').where('id', 1).increment({ views: 5 }).returning('views')],
  ['decrement', (k) => k('articles').where('id', 1).decrement('views', 3).returning('views')],
  ['clearCounters', (k) => k('articles').where('id', 1).increment('views', 5).clearCounters().update({ status: 'z' }).returning('views')],
  ['delete of one', (k) => k('articles').where({ id: 1 }).del()],
  ['delete with returning', (k) => k('articles').where('id', '>', 6).delete(['id', 'title'])],
  ['delete of none', (k) => k('articles').whereIn('id', []).del()],
  ['delete with a join', (k) => k('articles').join('authors', 'authors.id', 'articles.author_id').where('authors.name', 'Ada').del()],
  ['delete by a sub-query', (k) => k('articles').whereIn('author_id', k('authors').select('id').where('name', 'Bob')).del()],
  ['a delete that a foreign key forbids', (k) => k('authors').where({ id: 1 }).del()],
  [
    'a CTE that deletes, and a read of it',
    (k) =>
      k
        .with('gone', k('articles').where('id', '<', 3).delete().returning(['id', 'title']) as never)
        .from('gone')
        .orderBy('id'),
  ],
  [
    'a CTE that inserts, and a read of it',
    async (k) =>
      (await k.raw("with made as (insert into authors (name) values ('x'), ('y') returning name) select name from made order by name"))
        .rows,
  ],
  ['raw insert with names', async (k) => (await k.raw('insert into authors (name) values (:name) returning name', { name: "o'x" })).rows],
  [
    'two statements one after the other',
    async (k) => {
      await k('authors').insert({ name: 'x' });
      await k('authors').where('name', 'x').update({ name: 'y' });
      return k('authors').orderBy('id').pluck('name');
    },
  ],
  [
    'many at once',
    async (k) => {
      await Promise.all([1, 2, 3, 4, 5, 6].map((n) => k('articles').where('id', n).increment('views', n)));
      return k('articles').orderBy('id').pluck('views');
    },
  ],
]);
