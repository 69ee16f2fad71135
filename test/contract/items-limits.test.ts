// What ItemsService costs and where it ends: statements by relation and not by row, results under their bounds, transactions that are joined. Must never measure time.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';
import { itemsBounds } from '../../src/capabilities/services/items/bounds.ts';
import { type ItemsOutcome, type ItemsRuntime, openItemsRuntime } from '../helpers/items-runtime.ts';

const longName = 'a_table_with_a_name_that_is_as_long_as_postgresql_lets_it_be';
const setUp = `
  create table parents (id serial primary key, name text, page text, boss int references parents);
  create table children (id serial primary key, parent int references parents on delete cascade, name text);
  create table pairs (id text primary key, child int references children on delete set null);
  create table ${longName} (id serial primary key, ${longName}_p int references parents);
`;
const seed = `
  truncate parents, children, pairs restart identity cascade;
  insert into parents (name) select 'p' || n from generate_series(1, 300) n;
  insert into children (parent, name) select 1 + n % 300, 'c' || n from generate_series(1, 900) n;
  insert into pairs select 'q' || n, n from generate_series(1, 900) n;
`;
const all = { read: true, create: true, update: true, delete: true } as const;
const grant: DatabaseGrant = { tables: { parents: all, children: all, pairs: all, [longName]: all } };

let runtime: ItemsRuntime;
before(async () => {
  runtime = await openItemsRuntime({ setUp, seed, grants: { items: grant, few: { ...grant, maxRows: 50 } } });
});
after(() => runtime.close());
beforeEach(() => runtime.admin.query(seed));

const first = async (extension: string, ...call: Parameters<ItemsRuntime['run']>[1][number]) => (await runtime.run(extension, [call]))[0];
/** How many items it resolved with. */
const sizeOf = (outcome: ItemsOutcome | undefined): number => (Array.isArray(outcome?.result) ? outcome.result.length : -1);
/** Code and limit of what it rejected with. */
const breachOf = (outcome: ItemsOutcome | undefined): readonly unknown[] => {
  const { code, extensions } = outcome?.error ?? {};
  return [code, (extensions as { readonly limit?: string } | undefined)?.limit];
};
const count = async (table: string): Promise<unknown> => (await runtime.admin.query(`select count(*)::int n from ${table}`)).rows[0]?.n;

describe('statements', () => {
  for (const limit of [1, 2, 50, 300])
    test(`three levels of relations take four, with ${String(limit)} items`, async () => {
      const query = { fields: ['name', 'children.name', 'children.pairs.id', 'children.parent.name'], limit };
      const outcome = await first('items', 'parents', 'readByQuery', query);
      assert.equal(sizeOf(outcome), limit);
      assert.equal(outcome?.statements, 4);
    });
  test('a thousand items are made by one', async () => {
    const items = Array.from({ length: 1_000 }, (_unused, n) => ({ parent: 1, name: `new ${String(n)}` }));
    const outcome = await first('items', 'children', 'createMany', items);
    assert.deepEqual(outcome, { result: items.map((_item, n) => 901 + n), statements: 1 });
  });
  test('more items than one statement takes go in several, and all or none of them stay', async () => {
    const items = Array.from({ length: 1_500 }, (_unused, n) => ({ id: 5_000 + n, parent: n === 1_499 ? 99_999 : 1, name: 'x' }));
    const outcome = await first('items', 'children', 'createMany', items);
    assert.equal(outcome?.error?.code, 'INVALID_FOREIGN_KEY');
    assert.equal(outcome?.statements, 3);
    assert.equal(await count('children'), 900);
    assert.equal((await first('items', 'children', 'createMany', items.slice(0, -1)))?.statements, 3);
    assert.equal(await count('children'), 900 + 1_499);
  });
});

describe('a result', () => {
  test('with limit -1 is all there is up to maxRows, and an error above', async () => {
    assert.equal(sizeOf(await first('few', 'parents', 'readByQuery', { fields: ['id'], limit: -1, filter: { id: { _lte: 50 } } })), 50);
    const over = await first('few', 'parents', 'readByQuery', { fields: ['id'], limit: -1, filter: { id: { _lte: 51 } } });
    assert.deepEqual(breachOf(over), ['ERR_DATABASE_FAILED', 'maxRows']);
  });
  test('has a hundred items of each parent where no limit is given', async () => {
    await runtime.admin.query('update children set parent = 1 + id % 2');
    const { result } = (await first('items', 'parents', 'readByQuery', { fields: ['children'], limit: 2 })) as {
      readonly result: readonly { readonly children: readonly number[] }[];
    };
    assert.deepEqual(
      result.map(({ children }) => children.length),
      [100, 100],
    );
    const roots = await first('items', 'parents', 'readByQuery', { fields: ['id'] });
    assert.equal(sizeOf(roots), itemsBounds.defaultLimit.value);
  });
  test('is not made where one large item would stand in it a hundred times over', async () => {
    await runtime.admin.query("update parents set page = repeat('x', 1000000) where id = 1; update children set parent = 1");
    const query = { fields: ['parent.page'], limit: 40 };
    assert.deepEqual(breachOf(await first('items', 'children', 'readByQuery', query)), ['ERR_CALL_FAILED', 'resultChars']);
  });
});

test('a query that would be too large a statement is said to be that', async () => {
  const some = { [`count(${longName})`]: { _gt: 0 } };
  const outcome = await first('items', 'parents', 'readByQuery', { filter: { _or: Array.from({ length: 490 }, () => some) } });
  assert.equal(outcome?.error?.code, 'INVALID_QUERY');
});

describe('a list of keys', () => {
  const keys = (length: number): readonly number[] => Array.from({ length }, (_unused, n) => 100_000 + n);
  test('may be so long and no longer', async () => {
    const most = itemsBounds.listItems.value;
    assert.equal((await first('items', 'children', 'deleteMany', keys(most)))?.error?.code, 'FORBIDDEN');
    assert.equal((await first('items', 'children', 'deleteMany', keys(most + 1)))?.error?.code, 'INVALID_PAYLOAD');
  });
  test('of items to make, too', async () => {
    const items = (length: number): readonly object[] => Array.from({ length }, () => ({ name: 'n' }));
    const most = itemsBounds.mutationItems.value;
    assert.equal((await first('items', 'parents', 'createMany', items(most + 1)))?.error?.code, 'INVALID_PAYLOAD');
    assert.equal(await count('parents'), 300);
    assert.equal(sizeOf(await first('items', 'parents', 'createMany', items(most))), most);
  });
});

test('a payload may be nested so deeply and no deeper', async () => {
  const nest = (levels: number): object =>
    Array.from({ length: levels }).reduce<object>((inner) => ({ name: 'p', boss: inner }), { name: 'top' });
  const most = itemsBounds.pathDepth.value;
  assert.equal((await first('items', 'parents', 'createOne', nest(most)))?.error?.code, undefined);
  const before = await count('parents');
  assert.equal((await first('items', 'parents', 'createOne', nest(most + 1)))?.error?.code, 'INVALID_PAYLOAD');
  assert.equal(await count('parents'), before);
});

describe('a transaction of the extension’s own', () => {
  const inTransaction = (body: string): string =>
    `const trx = await database.transaction(); const items = new services.ItemsService('parents', { knex: trx }); ${body}`;
  test('is joined: what was made there is seen there, and is gone with it', async () => {
    const got = await runtime.code(
      'items',
      inTransaction(
        "const key = await items.createOne({ name: 'mine', children: [{ name: 'kid' }] }); const seen = await items.readOne(key, { fields: ['name', 'children.name'] }); await trx.rollback(); return seen;",
      ),
    );
    assert.deepEqual(got, { result: { name: 'mine', children: [{ name: 'kid' }] } });
    assert.equal(await count('parents'), 300);
    assert.equal(await count('children'), 900);
  });
  test('is committed by whoever began it', async () => {
    const got = await runtime.code(
      'items',
      inTransaction("await items.deleteMany([1, 2]); await trx('parents').where({ id: 3 }).delete(); await trx.commit(); return 'done';"),
    );
    assert.deepEqual(got, { result: 'done' });
    assert.equal(await count('parents'), 297);
  });
  test('a fork of the service stays in it', async () => {
    const got = await runtime.code(
      'items',
      inTransaction("const key = await items.fork({}).createOne({ name: 'forked' }); await trx.rollback(); return typeof key;"),
    );
    assert.deepEqual(got, { result: 'number' });
    assert.equal(await count('parents'), 300);
  });
});

describe('options', () => {
  const rows: readonly (readonly [name: string, options: string, code: string])[] = [
    ['that are functions', '{ onItemCreate: () => {} }', 'ERR_ARGUMENT_INVALID'],
    ['that are objects', '{ mutationTracker: {} }', 'INVALID_PAYLOAD'],
    ['that there are not', '{ nothing: true }', 'INVALID_PAYLOAD'],
    ['that would pass the record by', '{ skipTracking: true }', 'FORBIDDEN'],
    ['that would pass limits by', '{ bypassLimits: true }', 'FORBIDDEN'],
    ['of the wrong type', "{ emitEvents: 'no' }", 'INVALID_PAYLOAD'],
  ];
  for (const [name, options, code] of rows)
    test(`${name} are refused`, async () => {
      const got = (await runtime.code('items', `return new services.ItemsService('parents', {}).createOne({ name: 'x' }, ${options})`)) as {
        readonly error?: { readonly code: string };
      };
      assert.equal(got.error?.code, code);
      assert.equal(await count('parents'), 300);
    });
  test('without meaning here are taken', async () => {
    const outcome = await first(
      'items',
      'parents',
      'createOne',
      { name: 'x' },
      { autoPurgeCache: false, skipTracking: false, bypassAutoIncrementSequenceReset: true },
    );
    assert.equal(outcome?.result, 301);
  });
  test('of a read: another permission than reading is refused', async () => {
    assert.equal((await first('items', 'parents', 'readByQuery', { limit: 1 }, { permissionsAction: 'update' }))?.error?.code, 'FORBIDDEN');
    assert.equal(
      (await first('items', 'parents', 'readByQuery', { limit: 1 }, { emitEvents: false, stripNonRequested: false }))?.error,
      undefined,
    );
  });
});
