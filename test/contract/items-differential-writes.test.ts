// ItemsService's writes, as an extension has it, beside hand-written SQL on one server: the same rows in all tables afterwards. Must never compare with anything that ItemsService wrote.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { itemsGrant, itemsSeed, itemsSetUp, itemsTables } from '../helpers/items-fixture.ts';
import { type ItemsRuntime, openItemsRuntime } from '../helpers/items-runtime.ts';
import { undoneCases } from './items-cases/undone.ts';
import { changeCases, createCases } from './items-cases/writes.ts';

let runtime: ItemsRuntime;
before(async () => {
  runtime = await openItemsRuntime({ setUp: itemsSetUp, seed: itemsSeed, grants: { items: itemsGrant } });
});
after(() => runtime.close());

const contents = async (): Promise<unknown> => {
  const tables: unknown[] = [];
  // Time goes on between the two.
  for (const table of itemsTables)
    tables.push((await runtime.admin.query(`select to_jsonb(t) - 'since' "row" from ${table} t order by id`)).rows);
  return tables;
};

beforeEach(() => runtime.admin.query(itemsSeed));

for (const [group, cases] of Object.entries({ 'making items': createCases, 'changing and removing items': changeCases }))
  describe(group, () => {
    for (const [name, call, result, sql, statements] of cases)
      test(name, async () => {
        const [outcome] = await runtime.run('items', [call]);
        assert.deepEqual(outcome, { result, statements: statements ?? outcome?.statements });
        const made = await contents();
        await runtime.admin.query(itemsSeed);
        await runtime.admin.query(sql);
        assert.deepEqual(made, await contents());
      });
  });

describe('what is refused leaves nothing behind', () => {
  for (const [name, call, code] of undoneCases)
    test(name, async () => {
      const before = await contents();
      const [outcome] = await runtime.run('items', [call]);
      assert.equal(outcome?.error?.code, code, JSON.stringify(outcome));
      assert.deepEqual(await contents(), before);
    });
});
