// Cases of events, timeouts and what Knex says of itself. Each runs as text: must use nothing but its arguments.
import type { Knex } from 'knex';
import type { DifferentialCase } from '../../helpers/database-differential.ts';

type Run = (k: Knex) => unknown;
const list = (cases: readonly (readonly [string, Run])[]): readonly DifferentialCase[] => cases;

export const eventCases = list([
  [
    'of a builder, in order',
    async (k) => {
      const seen: unknown[] = [];
      await k('articles')
        .where({ id: 1 })
        .pluck('id')
        .on('start', () => seen.push('start'))
        .on('query', ({ sql, bindings, method }: { sql: string; bindings: unknown; method: string }) => seen.push([sql, bindings, method]))
        .on('query-response', (rows: unknown) => seen.push(rows))
        .on('end', () => seen.push('end'));
      return seen;
    },
  ],
  [
    'query-error of a builder',
    async (k) => {
      const seen: unknown[] = [];
      await k('articles')
        .select('nothing')
        .on('query-error', (error: { code: string }, { sql }: { sql: string }) => seen.push([error.code, sql]))
        .catch(() => undefined);
      return seen;
    },
  ],
  [
    'of a transaction: the words of its beginning and end',
    async (k) => {
      const seen: unknown[] = [];
      const listener = ({ sql }: { sql: string }): void => {
        seen.push(sql.replace(/trx\d+/, 'trx'));
      };
      k.on('query', listener);
      await k.transaction(
        async (trx) => {
          await trx('authors').count();
          await trx.transaction(async (inner) => inner('authors').count());
          await trx
            .transaction(async () => {
              throw new Error('x');
            })
            .catch(() => undefined);
        },
        { isolationLevel: 'serializable', readOnly: true },
      );
      await k
        .transaction(async () => {
          throw new Error('y');
        })
        .catch(() => undefined);
      k.removeListener('query', listener);
      return seen;
    },
  ],
  [
    'of the instance, with one id for the statements of a transaction',
    async (k) => {
      const ids = new Set<unknown>();
      const listener = ({ __knexTxId }: { __knexTxId: string }): void => {
        ids.add(typeof __knexTxId);
      };
      k.on('query', listener);
      await k.transaction(async (trx) => trx('authors').count());
      k.removeListener('query', listener);
      return [...ids];
    },
  ],
  [
    'query-response of the instance',
    async (k) => {
      const seen: unknown[] = [];
      const listener = (rows: unknown): void => {
        seen.push(rows);
      };
      k.on('query-response', listener);
      await k('authors').orderBy('id').pluck('name');
      k.removeListener('query-response', listener);
      return seen;
    },
  ],
  ['a timeout that is not reached', (k) => k('authors').count().timeout(5_000)],
  ['a timeout with cancel that is not reached', (k) => k('authors').count().timeout(5_000, { cancel: true })],
  ['client', (k) => [k.client.config.client, k.client.driverName, k.client.dialect, k.client.canCancelQuery]],
  ['fn', async (k) => (await k.select(k.raw('? is not null as x', [1]))) as unknown],
  ['a version-four id', (k) => /^[0-9a-f-]{36}$/.test(String(k.fn.uuid()))],
  ['ref and as', (k) => k('articles').where({ id: 1 }).select(k.ref('articles.title').as('t'))],
  [
    'a builder awaited twice runs twice',
    async (k) => {
      let runs = 0;
      const query = k('authors')
        .count()
        .on('query', () => {
          runs += 1;
        });
      await query;
      await query;
      return runs;
    },
  ],
  [
    'callbacks see the builder as this',
    (k) =>
      k('articles')
        .where(function () {
          this.where('id', 1).orWhere(function () {
            this.where('id', 2);
          });
        })
        .pluck('id'),
  ],
  [
    'asCallback',
    (k) =>
      new Promise((resolve) =>
        k('authors')
          .count()
          .asCallback((error: unknown, rows: unknown) => resolve([error, rows])),
      ),
  ],
  [
    'finally',
    async (k) => {
      const seen: unknown[] = [];
      await k('authors')
        .count()
        .finally(() => seen.push('f'));
      return seen;
    },
  ],
  [
    'pipe',
    (k) =>
      new Promise((resolve) => {
        const ids: unknown[] = [];
        const stream = k('authors').select('id').orderBy('id').stream();
        stream.on('data', (row) => ids.push(row)).on('end', () => resolve(ids));
      }),
  ],
  [
    'postProcess by then',
    (k) =>
      k('authors')
        .select('name')
        .orderBy('id')
        .then((rows) => rows.map((row) => row.name)),
  ],
  ['a statement that is empty', (k) => k.raw('')],
  ['too few bindings', (k) => k.raw('select ?::int', [])],
  // The first wall reads the text before the server does, and has a code of its own for what is no SQL.
  [
    'a named binding that is missing',
    (k) =>
      k.raw('select :a::int as a', { b: 1 }).then(
        () => 'done',
        () => 'failed',
      ),
  ],
  ['undefined in where', (k) => k('authors').where({ id: undefined })],
]);
