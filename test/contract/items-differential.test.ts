// ItemsService's query language beside hand-written SQL on one server: same rows, same types, one statement for each relation. Must never compare with anything that ItemsService wrote.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { itemsGrant, itemsSeed, itemsSetUp } from '../helpers/items-fixture.ts';
import { type ItemsHarness, type ItemsUser, openItemsHarness } from '../helpers/items-harness.ts';
import { aggregateCases } from './items-cases/aggregates.ts';
import { deepCases } from './items-cases/deep.ts';
import { fieldCases } from './items-cases/fields.ts';
import { connectiveCases, type FilterCase, functionCases, jsonCases, operatorCases, relationCases } from './items-cases/filters.ts';
import { pageCases } from './items-cases/pages.ts';
import type { QueryCase } from './items-cases/select.ts';

let harness: ItemsHarness;
let user: ItemsUser;
before(async () => {
  harness = await openItemsHarness(itemsSetUp, itemsSeed);
  user = await harness.openUser('items', itemsGrant);
});
after(() => harness.close());

/** The rows of a SELECT as JSON, which is PostgreSQL's own. */
const rowsOf = async (select: string): Promise<unknown> =>
  (await harness.admin.query<{ readonly rows: unknown }>(`select coalesce(json_agg(x), '[]') "rows" from (${select}) x`)).rows[0]?.rows;

const queries = { fields: fieldCases, 'order, pages, search': pageCases, deep: deepCases, aggregates: aggregateCases } as const;
const filters = {
  operators: operatorCases,
  connectives: connectiveCases,
  relations: relationCases,
  functions: functionCases,
  'JSON documents': jsonCases,
} as const;

const compare = async (collection: string, query: unknown, select: string, statements: number): Promise<void> => {
  user.statements();
  assert.deepEqual(await user.call(collection, 'readByQuery', query), await rowsOf(select));
  assert.equal(user.statements().length, statements, 'statements');
};

for (const [group, cases] of Object.entries<readonly QueryCase[]>(queries))
  describe(`a query: ${group}`, () => {
    for (const [name, collection, query, select, statements = 1] of cases) test(name, () => compare(collection, query, select, statements));
  });

for (const [group, cases] of Object.entries<readonly FilterCase[]>(filters))
  describe(`a filter: ${group}`, () => {
    for (const [name, filter, where, collection = 'articles'] of cases)
      test(name, () =>
        compare(
          collection,
          { fields: ['id'], filter, limit: -1 },
          `select ${collection === 'shop.orders' ? 'id::text' : 'id'} from ${collection} a where ${where} order by id`,
          1,
        ),
      );
  });
