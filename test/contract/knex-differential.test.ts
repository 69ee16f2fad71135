// Transactions, streams, events, batches, errors and schema text of Knex, through Cloister as with plain Knex and pg: same answers, same rows in the tables. Must never compare with anything but the real thing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Differential, openDifferential } from '../helpers/database-differential.ts';
import { batchCases } from './knex-cases/batches.ts';
import { eventCases } from './knex-cases/events.ts';
import { isolationCases } from './knex-cases/isolation.ts';
import { queryCases } from './knex-cases/queries.ts';
import { readCases } from './knex-cases/reads.ts';
import { schemaCases } from './knex-cases/schema.ts';
import { streamCases } from './knex-cases/streams.ts';
import { transactionCases } from './knex-cases/transactions.ts';
import { valueCases } from './knex-cases/values.ts';
import { writeCases } from './knex-cases/writes.ts';

let differential: Differential;
before(async () => {
  differential = await openDifferential();
});
after(() => differential.close());

const readGroups = {
  queries: queryCases,
  reads: readCases,
  values: valueCases,
  events: eventCases,
  'schema builders': schemaCases,
} as const;
const writeGroups = {
  writes: writeCases,
  batches: batchCases,
  isolation: isolationCases,
  transactions: transactionCases,
  streams: streamCases,
} as const;

for (const [group, cases] of Object.entries(readGroups))
  describe(group, () => {
    for (const [name, run, ...args] of cases)
      test(name, async () => {
        const [cloister, plain] = await differential.compare(run, args);
        assert.deepEqual(cloister, plain);
      });
  });

for (const [group, cases] of Object.entries(writeGroups))
  describe(group, () => {
    for (const [name, run, ...args] of cases)
      test(name, async () => {
        const [cloister, plain] = await differential.compareWrites(run, args);
        assert.deepEqual(cloister, plain);
      });
  });

const count = [...Object.values(readGroups), ...Object.values(writeGroups)].flat().length;
test(`these are ${String(count)} cases, at least 250, beside those of every type`, () => assert.ok(count >= 250));
