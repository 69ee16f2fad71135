// Cases of streams. Each runs as text: must use nothing but its arguments.
import type { Knex } from 'knex';
import type { DifferentialCase } from '../../helpers/database-differential.ts';

type Run = (k: Knex) => unknown;
const list = (cases: readonly (readonly [string, Run])[]): readonly DifferentialCase[] => cases;

export const streamCases = list([
  [
    'rows one by one',
    async (k) => {
      const rows: unknown[] = [];
      for await (const row of k('articles').orderBy('id').stream()) rows.push(row);
      return rows;
    },
  ],
  [
    'by events',
    (k) =>
      new Promise((resolve, reject) => {
        const rows: unknown[] = [];
        const stream = k('articles').select('id').orderBy('id').stream();
        stream.on('data', (row: unknown) => rows.push(row));
        stream.on('error', reject);
        stream.on('end', () => resolve(rows));
      }),
  ],
  [
    'with a handler, whose promise ends with it',
    async (k) => {
      const rows: unknown[] = [];
      await k('articles')
        .select('id')
        .orderBy('id')
        .stream((stream) => {
          stream.on('data', (row: unknown) => rows.push(row));
        });
      return rows;
    },
  ],
  [
    'with options and a handler',
    async (k) => {
      let count = 0;
      await k('articles').stream({ highWaterMark: 2, batchSize: 3 }, (stream) => {
        stream.on('data', () => {
          count += 1;
        });
      });
      return count;
    },
  ],
  [
    'nothing',
    async (k) => {
      const rows: unknown[] = [];
      for await (const row of k('articles').where({ id: 99 }).stream()) rows.push(row);
      return rows;
    },
  ],
  [
    'broken off in the middle',
    async (k) => {
      const ids: unknown[] = [];
      for await (const row of k('articles').select('id').orderBy('id').stream({ batchSize: 2 })) {
        ids.push(row);
        if (ids.length === 3) break;
      }
      return [ids, await k('articles').count()];
    },
  ],
  [
    'a statement that is wrong',
    async (k) => {
      const rows: unknown[] = [];
      for await (const row of k('articles').select('nothing').stream()) rows.push(row);
      return rows;
    },
  ],
  [
    'a failure after some rows',
    async (k) => {
      const rows: unknown[] = [];
      for await (const row of k('articles').select(k.raw('10 / (4 - id) as q')).orderBy('id').stream({ batchSize: 1 })) rows.push(row);
      return rows;
    },
  ],
  [
    'raw',
    async (k) => {
      const rows: unknown[] = [];
      for await (const row of k.raw('select id, title from articles where id < ? order by id', [4]).stream()) rows.push(row);
      return rows;
    },
  ],
  [
    'in a transaction, with what it wrote',
    (k) =>
      k.transaction(async (trx) => {
        await trx('authors').insert({ name: 'new' });
        const names: unknown[] = [];
        for await (const row of trx('authors').select('name').orderBy('id').stream()) names.push(row);
        return names;
      }),
  ],
  [
    'two in one transaction, one after another',
    (k) =>
      k.transaction(async (trx) => {
        const rows: unknown[] = [];
        for (const table of ['authors', 'articles']) for await (const row of trx(table).select('id').orderBy('id').stream()) rows.push(row);
        return rows;
      }),
  ],
  [
    'a write that returns rows',
    async (k) => {
      const rows: unknown[] = [];
      for await (const row of k('authors')
        .insert([{ name: 'x' }, { name: 'y' }])
        .returning(['id', 'name'])
        .stream())
        rows.push(row);
      return rows;
    },
  ],
  [
    'several at once',
    (k) =>
      Promise.all(
        [1, 2, 3].map(async (from) => {
          const ids: unknown[] = [];
          for await (const row of k('articles').select('id').where('id', '>', from).orderBy('id').stream({ batchSize: 2 })) ids.push(row);
          return ids;
        }),
      ),
  ],
  [
    'more rows than any piece',
    async (k) => {
      let sum = 0;
      for await (const row of k
        .select(k.raw('a.id * 64 + b.id * 8 + c.id as n'))
        .from('articles as a')
        .crossJoin(k.raw('articles as b'))
        .crossJoin(k.raw('articles as c'))
        .orderBy('n')
        .stream())
        sum += (row as { n: number }).n;
      return sum;
    },
  ],
  [
    'destroyed by hand',
    (k) =>
      new Promise((resolve) => {
        const stream = k('articles').orderBy('id').stream({ batchSize: 1 });
        stream.once('data', () => stream.destroy());
        stream.on('close', () => resolve('closed'));
      }),
  ],
  ['an empty one', (k) => k.raw('').stream((stream) => stream.resume())],
]);
