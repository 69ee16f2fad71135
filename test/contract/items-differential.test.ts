// ItemsService's query language, as an extension has it, beside hand-written SQL on one server: same rows, same types, one statement for each relation. Must never compare with anything that ItemsService wrote.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { itemsGrant, itemsSeed, itemsSetUp } from '../helpers/items-fixture.ts';
import { type ItemsOutcome, type ItemsRuntime, openItemsRuntime } from '../helpers/items-runtime.ts';
import { aggregateCases } from './items-cases/aggregates.ts';
import { deepCases } from './items-cases/deep.ts';
import { fieldCases } from './items-cases/fields.ts';
import { connectiveCases, type FilterCase, functionCases, jsonCases, operatorCases, relationCases } from './items-cases/filters.ts';
import { pageCases } from './items-cases/pages.ts';
import type { QueryCase } from './items-cases/select.ts';

const filterQuery = ([name, filter, where, collection = 'articles']: FilterCase): QueryCase => [
  name,
  collection,
  { fields: ['id'], filter, limit: -1 },
  `select ${collection === 'shop.orders' ? 'id::text' : 'id'} from ${collection} a where ${where} order by id`,
];

const groups: Readonly<Record<string, readonly QueryCase[]>> = {
  fields: fieldCases,
  'order, pages, search': pageCases,
  deep: deepCases,
  aggregates: aggregateCases,
  operators: operatorCases.map(filterQuery),
  'and, or': connectiveCases.map(filterQuery),
  'filters on relations': relationCases.map(filterQuery),
  functions: functionCases.map(filterQuery),
  'JSON documents': jsonCases.map(filterQuery),
};

let runtime: ItemsRuntime;
before(async () => {
  runtime = await openItemsRuntime({ setUp: itemsSetUp, seed: itemsSeed, grants: { items: itemsGrant } });
});
after(() => runtime.close());

/** The rows of a SELECT as JSON, which is PostgreSQL's own. */
const rowsOf = async (select: string): Promise<unknown> =>
  (await runtime.admin.query<{ readonly rows: unknown }>(`select coalesce(json_agg(x), '[]') "rows" from (${select}) x`)).rows[0]?.rows;

for (const [group, cases] of Object.entries(groups))
  describe(group, () => {
    let outcomes: readonly ItemsOutcome[];
    before(async () => {
      outcomes = await runtime.run(
        'items',
        cases.map(([, collection, query]) => [collection, 'readByQuery', query]),
      );
    });
    for (const [index, [name, , , select, statements = 1]] of cases.entries())
      test(name, async () => {
        assert.deepEqual(outcomes[index], { result: await rowsOf(select), statements });
      });
  });
