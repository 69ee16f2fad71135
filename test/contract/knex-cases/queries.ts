// Cases of queries that other files do not have: failures by their SQLSTATE, bindings, CTEs, JSON operators. Each runs as text: must use nothing but its arguments.
import type { Knex } from 'knex';
import type { DifferentialCase } from '../../helpers/database-differential.ts';

type Run = (k: Knex) => unknown;
const list = (cases: readonly (readonly [string, Run])[]): readonly DifferentialCase[] => cases;

export const queryCases = list([
  ['positional bindings', async (k) => (await k.raw('select ?::int as a, ?::text as b, ??', [1, 'x', 'articles.id'])).rows],
  ['named bindings', async (k) => (await k.raw('select :n::int as n, :c: from articles where id = :n', { n: 2, c: 'title' })).rows],
  ['raw inside raw', async (k) => (await k.raw('select ? as x', [k.raw('1 + ?', [2])])).rows],
  ['an escaped question mark', async (k) => (await k.raw("select meta \\? 'n' as has from articles where id = 1")).rows],
  [
    'jsonb operators',
    (k) =>
      k('articles')
        .whereRaw('meta @> ?', [JSON.stringify({ n: 3 })])
        .pluck('id'),
  ],
  ['whereJsonPath', (k) => k('articles').whereJsonPath('meta', '$.n', '>', 6).orderBy('id').pluck('id')],
  [
    'whereJsonObject',
    (k) =>
      k('articles')
        .whereJsonObject('meta', { n: 1, deep: { x: [1, null] } })
        .pluck('id'),
  ],
  ['whereJsonSupersetOf', (k) => k('articles').whereJsonSupersetOf('meta', { n: 2 }).pluck('id')],
  ['jsonExtract', (k) => k('articles').jsonExtract('meta', '$.deep.x[0]', 'x').orderBy('id')],
  [
    'array contains',
    (k) =>
      k('articles')
        .whereRaw('tags @> ?', [['t3']])
        .pluck('id'),
  ],
  [
    'with and withRecursive',
    (k) =>
      k
        .with('a', (q) => {
          q.select('id').from('articles').where('id', '<', 3);
        })
        .select('*')
        .from('a')
        .orderBy('id'),
  ],
  ['withMaterialized', (k) => k.withMaterialized('a', k('authors').select('id')).from('a').orderBy('id')],
  [
    'joins of every kind',
    async (k) => {
      const counts: unknown[] = [];
      for (const kind of ['innerJoin', 'leftJoin', 'rightJoin', 'fullOuterJoin'] as const)
        counts.push(await k('articles')[kind]('authors', 'authors.id', 'articles.author_id').count());
      return counts;
    },
  ],
  ['crossJoin', (k) => k('articles').crossJoin(k.raw('authors')).count()],
  [
    'a join with conditions',
    (k) =>
      k('articles')
        .join('authors', function () {
          this.on('authors.id', '=', 'articles.author_id').andOnVal('articles.views', '>', 30);
        })
        .orderBy('articles.id')
        .select('articles.id', 'name'),
  ],
  [
    'a sub-query as a column',
    (k) => k('authors').select('name', k('articles').count().whereRaw('author_id = authors.id').as('n')).orderBy('id'),
  ],
  [
    'a sub-query as a table',
    (k) => k.from(k('articles').select('author_id').count({ n: '*' }).groupBy('author_id').as('t')).orderBy('author_id'),
  ],
  [
    'whereExists',
    (k) =>
      k('authors')
        .whereExists(k('articles').select(k.raw('1')).whereRaw('articles.author_id = authors.id'))
        .orderBy('id')
        .pluck('name'),
  ],
  [
    'whereIn of pairs',
    (k) =>
      k('articles')
        .whereIn(
          ['id', 'status'],
          [
            [1, 'draft'],
            [2, 'draft'],
          ],
        )
        .pluck('id'),
  ],
  [
    'whereLike, whereILike and not',
    (k) => k('articles').whereLike('title', 'title %').whereILike('title', 'TITLE%').whereNot('id', 1).orderBy('id').pluck('id'),
  ],
  [
    'groupBy, having, rollup',
    (k) => k('articles').select('status').sum('views as s').groupBy('status').having(k.raw('sum(views)'), '>', 10).orderBy('status'),
  ],
  ['window', (k) => k('articles').select('id').rank('r', 'views', 'status').orderBy('id')],
  ['limit 0', (k) => k('articles').limit(0)],
  ['offset past the end', (k) => k('articles').offset(100)],
  ['first of an aggregate', (k) => k('articles').max('views').first()],
  [
    'pluck of a joined column',
    (k) => k('articles').join('authors', 'authors.id', 'author_id').orderBy('articles.id').pluck('authors.name'),
  ],
  ['a schema', (k) => k.withSchema('sales').from('orders').orderBy('id')],
  ['a schema by its dot', (k) => k('sales.orders').orderBy('id').first()],
  ['hintComment', (k) => k('authors').hintComment('x(y)').count()],
  ['comment', (k) => k('authors').comment('hello').count()],
  ['clear', (k) => k('articles').where({ id: 1 }).clear('where').count()],
  [
    'modify',
    (k) =>
      k('articles')
        .modify((q) => {
          q.where('id', 3);
        })
        .pluck('id'),
  ],
  [
    'toSQL',
    (k) => {
      const { sql, bindings, method } = k('articles').where({ id: 1 }).toSQL();
      return [sql, bindings, method, k('articles').where({ id: 1 }).toSQL().toNative()];
    },
  ],
  [
    'toString of every kind of value',
    (k) =>
      k('t')
        .where({ a: "o'x", b: new Date(0), c: [1, 'x'], d: { e: 1 }, f: null, g: true, h: 1.5 })
        .toString(),
  ],
  [
    'toString of an insert',
    (k) =>
      k('t')
        .insert([{ a: 1 }, { b: 'x' }])
        .toString(),
  ],
  ['columnInfo', (k) => k('authors').columnInfo()],
  ['columnInfo of one', (k) => k('articles').columnInfo('title')],
  ['columnInfo in a schema', (k) => k('orders').withSchema('sales').columnInfo()],
  ['fails: unknown column', (k) => k('articles').select('nothing')],
  ['fails: syntax of a value', (k) => k('articles').where('id', 'x')],
  ['fails: division by zero', (k) => k('articles').select(k.raw('1 / (id - id)'))],
  ['fails: out of range', (k) => k('articles').where('id', '99999999999')],
  ['fails: wrong operator', (k) => k('articles').whereRaw('title + 1 = 2')],
  ['fails: ambiguous column', (k) => k('articles').join('authors', 'authors.id', 'author_id').select('id')],
  ['fails: group by', (k) => k('articles').select('id').groupBy('status')],
  ['fails: a bad date', (k) => k('kinds').where('a_date', 'never')],
  ['fails: a bad uuid', (k) => k('kinds').where('a_uuid', 'x')],
  ['fails: a bad enum', (k) => k('kinds').where('a_mood', 'grim')],
  ['fails: an array that is none', (k) => k('articles').whereRaw('tags @> ?', ['x'])],
  ['fails: two rows from a sub-query', (k) => k('articles').where('id', k('authors').select('id'))],
  ['fails: unique', (k) => k('articles').insert({ title: 'title 1' })],
  ['fails: not null', (k) => k('authors').insert({ name: null })],
  ['fails: foreign key', (k) => k('articles').insert({ author_id: 99 })],
  // The name of its constraint is not told: no table is granted that it belongs to.
  [
    'fails: a domain',
    (k) =>
      k('kinds')
        .insert({ id: 11, a_domain: -1 })
        .catch((error: { code: string }) => error.code),
  ],
  ['fails: too long', (k) => k('kinds').insert({ id: 11, a_varchar: 'x'.repeat(30) })],
]);
