// Cases of reading: every kind of condition, join, union, CTE, aggregate, order and row lock. Each runs as text: must use nothing but its arguments.
import type { Knex } from 'knex';
import type { DifferentialCase } from '../../helpers/database-differential.ts';

type Run = (k: Knex) => unknown;
const list = (cases: readonly (readonly [string, Run])[]): readonly DifferentialCase[] => cases;
const conditions = list([
  ['where of an object', (k) => k('articles').where({ status: 'draft', author_id: 2 }).orderBy('id').pluck('id')],
  ['where with NULL', (k) => k('kinds').where({ a_bool: null }).orderBy('id').pluck('id')],
  ['whereNull and whereNotNull', (k) => k('kinds').whereNull('a_bool').whereNotNull('a_text').pluck('id')],
  ['orWhereNull', (k) => k('kinds').where('id', 1).orWhereNull('a_date').orderBy('id').pluck('id')],
  ['whereBetween', (k) => k('articles').whereBetween('views', [20, 40]).orderBy('id').pluck('id')],
  ['whereNotBetween', (k) => k('articles').whereNotBetween('views', [20, 70]).orderBy('id').pluck('id')],
  ['whereIn of a list', (k) => k('articles').whereIn('id', [1, 3, 99]).orderBy('id').pluck('id')],
  ['whereIn of nothing', (k) => k('articles').whereIn('id', []).pluck('id')],
  ['whereNotIn of nothing', (k) => k('articles').whereNotIn('id', []).count()],
  [
    'whereIn of a sub-query',
    (k) => k('articles').whereIn('author_id', k('authors').select('id').where('name', 'Bob')).orderBy('id').pluck('id'),
  ],
  [
    'whereNotExists',
    (k) =>
      k('authors')
        .whereNotExists(k('articles').whereRaw('articles.author_id = authors.id').where('views', '>', 75))
        .pluck('name'),
  ],
  [
    'orWhere in brackets',
    (k) =>
      k('articles')
        .where((q) => q.where('id', 1).orWhere('id', 2))
        .andWhere('status', 'draft')
        .pluck('id'),
  ],
  [
    'whereNot with a callback',
    (k) =>
      k('articles')
        .whereNot((q) => q.where('id', '>', 2))
        .orderBy('id')
        .pluck('id'),
  ],
  ['whereRaw with names', (k) => k('articles').whereRaw('id between :low and :high', { low: 2, high: 3 }).orderBy('id').pluck('id')],
  [
    'havingRaw and havingIn',
    (k) => k('articles').select('status').groupBy('status').havingIn('status', ['draft']).havingRaw('count(*) > ?', [1]),
  ],
  [
    'havingBetween',
    (k) =>
      k('articles')
        .select('author_id')
        .groupBy('author_id')
        .havingBetween(k.raw('count(*)') as never, [1, 9])
        .orderBy('author_id'),
  ],
  [
    'whereJsonSubsetOf',
    (k) =>
      k('articles')
        .whereJsonSubsetOf('meta', { n: 1, deep: { x: [1, null] }, more: 1 })
        .pluck('id'),
  ],
  [
    'jsonExtract of several',
    (k) =>
      k('articles')
        .jsonExtract([
          ['meta', '$.n', 'n'],
          ['meta', '$.deep', 'deep'],
        ])
        .orderBy('id')
        .limit(2),
  ],
]);

const shapes = list([
  [
    'using',
    (k) =>
      k('articles')
        .join('authors', function () {
          this.using('id');
        })
        .orderBy('id')
        .select('id', 'name'),
  ],
  [
    'join on a sub-query',
    (k) =>
      k('authors')
        .join(k('articles').select('author_id').max('views as most').groupBy('author_id').as('m'), 'm.author_id', 'authors.id')
        .orderBy('authors.id')
        .select('name', 'most'),
  ],
  [
    'join on or',
    (k) =>
      k('authors')
        .join('articles', function () {
          this.on('articles.author_id', 'authors.id').orOn('articles.id', 'authors.id');
        })
        .count(),
  ],
  [
    'join on IN and NULL',
    (k) =>
      k('articles')
        .leftJoin('authors', function () {
          this.on('authors.id', 'articles.author_id').onIn('authors.id', [1]).onNotNull('authors.name');
        })
        .orderBy('articles.id')
        .select('articles.id', 'name'),
  ],
  ['joinRaw', (k) => k('articles').joinRaw('natural join (select 1 as id) one').pluck('title')],
  [
    'a self join',
    (k) => k('articles as a').join('articles as b', 'a.author_id', 'b.author_id').where('a.id', 1).orderBy('b.id').pluck('b.id'),
  ],
  [
    'a lateral join',
    async (k) =>
      (
        await k.raw(
          'select a.name, x.title from authors a, lateral (select title from articles where author_id = a.id order by id limit 1) x order by a.id',
        )
      ).rows,
  ],
  ['columns of one name', (k) => k('articles').join('authors', 'authors.id', 'author_id').where('articles.id', 1)],
  ['union of two', (k) => k('authors').select('name').union(k('articles').select('status')).orderBy('name')],
  [
    'unionAll of a list',
    (k) =>
      k('authors')
        .select('id')
        .unionAll([k('articles').select('id').where('id', '<', 3), k('articles').select('id').where('id', 8)])
        .orderBy('id'),
  ],
  ['intersect', (k) => k('authors').select('id').intersect(k('articles').select('id'), false).orderBy('id')],
  ['except', (k) => k('articles').select('id').except(k('authors').select('id')).orderBy('id')],
  [
    'a CTE of several',
    (k) =>
      k
        .with('a', k('authors').where('id', 1))
        .with('b', k('articles').where('author_id', 1))
        .from('a')
        .join('b', 'a.id', 'b.author_id')
        .count(),
  ],
  ['a CTE with columns', (k) => k.with('a', ['one'], k('authors').select('name')).from('a').orderBy('one')],
  [
    'a recursive CTE',
    (k) =>
      k
        .withRecursive('n', ['i'], (q) => {
          q.select(k.raw('1')).unionAll((r) => {
            r.select(k.raw('i + 1')).from('n').where('i', '<', 5);
          });
        })
        .from('n')
        .orderBy('i'),
  ],
  ['withNotMaterialized', (k) => k.withNotMaterialized('a', k('authors').select('id')).from('a').orderBy('id')],
  [
    'a sub-query in three places',
    (k) =>
      k.from(k('articles').as('x')).select(k('authors').min('name').as('n')).whereIn('x.id', k('authors').select('id')).orderBy('x.id'),
  ],
  [
    'partitionBy',
    (k) =>
      k('articles')
        .select('id')
        .rowNumber('n', (q) => {
          q.partitionBy('status').orderBy('views', 'desc');
        })
        .orderBy('id'),
  ],
  ['denseRank', (k) => k('articles').select('id').denseRank('r', 'status').orderBy('id')],
  [
    'orderBy of several',
    (k) =>
      k('articles')
        .orderBy([
          { column: 'status', order: 'desc' },
          { column: 'id', order: 'asc' },
        ])
        .pluck('id'),
  ],
  ['orderBy with NULLs last', (k) => k('kinds').orderBy('a_bool', 'asc', 'last').orderBy('id').pluck('id')],
  ['orderByRaw', (k) => k('articles').orderByRaw('?? desc nulls last', ['views']).pluck('id')],
  ['groupByRaw', (k) => k('articles').select(k.raw('views > 40 as much')).count('* as n').groupByRaw('1').orderBy('much')],
  ['distinct', (k) => k('articles').distinct('status').orderBy('status')],
  [
    'distinctOn',
    (k) =>
      k('articles')
        .distinctOn('status')
        .orderBy(['status', { column: 'id', order: 'desc' }])
        .select('id'),
  ],
  ['forShare', (k) => k.transaction(async (trx) => trx('authors').forShare().orderBy('id').pluck('id'))],
  ['an alias by an object', (k) => k({ a: 'authors' }).select({ n: 'a.name' }).orderBy('n')],
  ['identifiers with capitals and spaces', (k) => k('authors').select({ 'A b': 'name' }).orderBy('A b')],
  ['a column list with a star', (k) => k('authors').select('*', k.raw('1 as one')).orderBy('id')],
]);

export const readCases: readonly DifferentialCase[] = [...conditions, ...shapes];
