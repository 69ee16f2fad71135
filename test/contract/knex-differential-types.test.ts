// Every type of column under every way a value travels, through Cloister as with plain Knex and pg: same rows, same types, same rows in the tables. Must never compare with anything but the real thing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Knex } from 'knex';
import { type Differential, type DifferentialRun, openDifferential } from '../helpers/database-differential.ts';
import { kindsColumns } from '../helpers/database-knex.ts';

let differential: Differential;
before(async () => {
  differential = await openDifferential();
});
after(() => differential.close());

type ColumnRun = (knex: Knex, column: string) => unknown;

const reads: readonly (readonly [string, ColumnRun])[] = [
  ['is read as itself, as NULL and at its edges', (k, column) => k('kinds').orderBy('id').pluck(column)],
  [
    'bound again finds its own row',
    async (k, column) => {
      const { value } = await k('kinds').where({ id: 1 }).first({ value: column });
      return k('kinds').where(column, value).orderBy('id').pluck('id');
    },
  ],
  [
    'comes through a stream',
    async (k, column) => {
      const rows: unknown[] = [];
      for await (const row of k('kinds').select('id', column).orderBy('id').stream()) rows.push(row);
      return rows;
    },
  ],
  ['is gathered by json_agg', async (k, column) => (await k.raw('select json_agg(??) as all from kinds where id < 3', [column])).rows],
];

const writes: readonly (readonly [string, ColumnRun])[] = [
  [
    'is inserted as it was read',
    async (k, column) => {
      const { value } = await k('kinds').where({ id: 1 }).first({ value: column });
      return k('kinds')
        .insert({ id: 10, [column]: value })
        .returning(column);
    },
  ],
  [
    'is updated in a transaction that stays, and not in one that does not',
    async (k, column) => {
      const { value } = await k('kinds').where({ id: 1 }).first({ value: column });
      const kept = await k.transaction(async (trx) =>
        trx('kinds')
          .where({ id: 2 })
          .update({ [column]: value })
          .returning(['id', column]),
      );
      await k
        .transaction(async (trx) => {
          await trx('kinds')
            .where({ id: 3 })
            .update({ [column]: value });
          throw new Error('back');
        })
        .catch(() => undefined);
      return kept;
    },
  ],
];

for (const column of kindsColumns) {
  describe(column, () => {
    for (const [name, run] of reads)
      test(name, async () => {
        const [cloister, plain] = await differential.compare(run as DifferentialRun, [column]);
        assert.deepEqual(cloister, plain);
      });
    for (const [name, run] of writes)
      test(name, async () => {
        const [cloister, plain] = await differential.compareWrites(run as DifferentialRun, [column]);
        assert.deepEqual(cloister, plain);
      });
  });
}
