// Cases of values on their way there and back, and of builders used twice. Each runs as text: must use nothing but its arguments.
import type { Knex } from 'knex';
import type { DifferentialCase } from '../../helpers/database-differential.ts';

type Run = (k: Knex) => unknown;
const list = (cases: readonly (readonly [string, Run])[]): readonly DifferentialCase[] => cases;
/** One case for each value: the value goes along as an argument. */
const each = (name: string, run: (k: Knex, value: never) => unknown, values: readonly unknown[]): readonly DifferentialCase[] =>
  values.map((value) => [`${name} ${JSON.stringify(value)}`, run as DifferentialCase[1], value]);

const values = list([
  [
    'two awaits of one builder',
    async (k) => {
      const q = k('authors').orderBy('id').pluck('name');
      return [await q, await q];
    },
  ],
  [
    'a builder in Promise.all, twice',
    async (k) => {
      const q = k('authors').count();
      return Promise.all([q, q]);
    },
  ],
  [
    'a clone changes alone',
    async (k) => {
      const q = k('authors').orderBy('id');
      const other = q.clone().where('id', 2);
      return [await q.pluck('id'), await other.pluck('id')];
    },
  ],
  [
    'toString and toSQL of one builder',
    (k) => {
      const q = k('authors').whereIn('id', [1, 2]).andWhere('name', 'like', "A'%");
      return [q.toString(), q.toSQL().sql, q.toSQL().bindings, q.toQuery()];
    },
  ],
  [
    'on query, once',
    async (k) => {
      const seen: unknown[] = [];
      await k('authors')
        .where('id', 1)
        .on('query', ({ sql, bindings }: { readonly sql: string; readonly bindings: unknown }) => seen.push([sql, bindings]));
      return seen;
    },
  ],
  ['raw with a builder in it', async (k) => (await k.raw('select count(*) from (?) x', [k('authors').where('id', '<', 9)])).rows],
  ['raw with an identifier list', async (k) => (await k.raw('select ??, ?? from ?? order by 1', ['id', 'name', 'authors'])).rows],
  [
    'fields of a raw answer',
    async (k) => {
      const { fields, rowCount, command } = await k.raw('select id, name from authors');
      return [fields.map(({ name, dataTypeID }: { name: string; dataTypeID: number }) => [name, dataTypeID]), rowCount, command];
    },
  ],
  [
    'no rows of a raw answer',
    async (k) => {
      const { rows, rowCount } = await k.raw('select 1 where false');
      return [rows, rowCount];
    },
  ],
  [
    'a stream that is left early',
    async (k) => {
      const ids: unknown[] = [];
      for await (const { id } of k('articles').orderBy('id').stream()) {
        ids.push(id);
        if (ids.length === 3) break;
      }
      return [ids, await k('authors').count()];
    },
  ],
  ['countDistinct of several', (k) => k('articles').countDistinct('status', 'author_id')],
  ['sum, avg, min and max', (k) => k('articles').sum('views as s').avg('views as a').min('views as i').max('views as x')],
  ['sumDistinct and avgDistinct', (k) => k('articles').sumDistinct('author_id as s').avgDistinct('author_id as a')],
  [
    'arrays there and back',
    async (k) =>
      (
        await k.raw('select ?::int[] a, ?::text[] b, ?::bool[] c', [
          [1, 2],
          ['x', 'y "z" \\ ,'],
          [true, false],
        ])
      ).rows,
  ],
  [
    'an array of arrays',
    async (k) =>
      (
        await k.raw('select ?::int[][] a', [
          [
            [1, 2],
            [3, 4],
          ] as never,
        ])
      ).rows,
  ],
  ['an empty array', async (k) => (await k.raw('select ?::int[] a', [[]])).rows],
  [
    'ANY of an array',
    (k) =>
      k('articles')
        .whereRaw('id = any(?)', [[2, 4]])
        .orderBy('id')
        .pluck('id'),
  ],
  [
    'bigints stay text',
    async (k) => (await k.raw("select 9007199254740993::int8 a, '-9223372036854775808'::int8 b, count(*) c from authors")).rows,
  ],
  ['a bigint as a binding', async (k) => (await k.raw('select ?::int8 a', [9_007_199_254_740_993n as never])).rows],
  ['numerics stay text', async (k) => (await k.raw("select 1.10::numeric a, 'NaN'::numeric b")).rows],
  ['a date as a binding', async (k) => (await k.raw('select ?::timestamptz a', [new Date(86_400_000)])).rows],
  ['bytes as a binding', async (k) => (await k.raw('select ?::bytea a', [Buffer.from([0, 1, 255])])).rows],
  ['JSON as a binding', async (k) => (await k.raw('select ?::jsonb a, ?::json b', [{ x: [1, null] }, JSON.stringify([1, 'é'])])).rows],
  ['NULL and undefined in a row', (k) => k('authors').select(k.raw('null as a'), k.raw("'' as b")).first()],
]);

export const valueCases: readonly DifferentialCase[] = [
  ...values,
  ...each('where id', (k, operator: never) => k('articles').where('id', operator, 4).orderBy('id').pluck('id'), [
    '=',
    '<',
    '>',
    '<=',
    '>=',
    '<>',
    '!=',
  ]),
  ...each('where title', (k, operator: never) => k('articles').where('title', operator, 'title 1%').orderBy('id').pluck('id'), [
    'like',
    'not like',
    'ilike',
    'not ilike',
    '~',
    '~*',
    '!~',
    'similar to',
  ]),
  ...each('a text of', async (k, text: never) => (await k.raw('select ?::text a', [text])).rows, [
    '',
    ' ',
    "o'x",
    '"',
    '\\',
    'é😀',
    '?',
    '??',
    ':a',
    '$1',
    '%_',
    'a\nb',
    '\u2028',
  ]),
  ...each('a number of', async (k, number: never) => (await k.raw('select ?::float8 a, ?::text b', [number, String(number)])).rows, [
    0,
    -1,
    1.5,
    1e21,
    1e-7,
    2 ** 53,
  ]),
];
