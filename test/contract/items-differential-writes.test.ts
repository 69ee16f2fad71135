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

describe('what is refused in a transaction of the extension’s own leaves nothing there, and the transaction goes on', () => {
  const trying = (call: string): string =>
    `const trx = await database.transaction();
     await trx('tags').insert({ id: 'before' });
     const make = (collection) => new services.ItemsService(collection, { knex: trx });
     const code = await (${call}).then(() => 'none', (error) => error.code);
     await trx('tags').insert({ id: 'after' });
     await trx.commit();
     return code;`;
  const rows: readonly (readonly [name: string, call: string, code: string])[] = [
    ['one of several that is not there', "make('articles').updateMany([1, 99], { views: 77 })", 'FORBIDDEN'],
    ['one of a batch that is not there', "make('articles').updateBatch([{ id: 1, views: 77 }, { id: 99, views: 77 }])", 'FORBIDDEN'],
    ['one of several to delete', "make('articles').deleteMany([1, 99])", 'FORBIDDEN'],
    ['one of many to upsert', "make('authors').upsertMany([{ name: 'Eve' }, { country: 'de' }])", 'NOT_NULL_VIOLATION'],
    ['after a related item was made', "make('articles').createOne({ title: 'Title 1', author: { name: 'Eve' } })", 'RECORD_NOT_UNIQUE'],
    [
      'one of two calls side by side',
      "Promise.allSettled([make('articles').updateMany([1, 99], { views: 77 }), make('articles').updateMany([1, 2], { title: null })]).then(([one, two]) => { if (two.status === 'rejected') throw two.reason; throw one.reason; })",
      'FORBIDDEN',
    ],
  ];
  for (const [name, call, code] of rows)
    test(name, async () => {
      assert.deepEqual(await runtime.code('items', trying(call)), { result: code });
      const found = await contents();
      await runtime.admin.query(itemsSeed);
      await runtime.admin.query("insert into tags (id) values ('before'), ('after')");
      if (name.includes('side by side')) await runtime.admin.query('update articles set title = null where id in (1, 2)');
      assert.deepEqual(found, await contents());
    });
});
