// The description of what a grant covers: fresh when it has to be, and never of anything else. Must never look into the catalog itself.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DatabaseHarness, makeCaller, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import { databaseBounds } from '../bounds.ts';
import { defaultValueOf } from './field-type.ts';
import { nameOneFields } from './one-fields.ts';
import type { ColumnFacts } from './read-catalog.ts';

let harness: DatabaseHarness;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(
    'create table t (id serial primary key); create table hidden (id int primary key, t_id int references t)',
  );
  extension = await harness.open({ tables: { t: { read: true } } });
});
after(() => harness.close());

interface Told {
  readonly tables: readonly { readonly collection: string; readonly columns: readonly { readonly name: string }[] }[];
  readonly foreignKeys: readonly object[];
}
const told = async (refresh: boolean): Promise<Told> =>
  JSON.parse((await extension.instance.call('describe', { refresh }, makeCaller())).json) as Told;
const columns = async (refresh: boolean): Promise<readonly string[]> =>
  (await told(refresh)).tables.flatMap((table) => table.columns.map(({ name }) => name));

describe('a description', () => {
  test('is of the granted tables alone', async () => {
    const { tables, foreignKeys } = await told(false);
    assert.deepEqual(
      tables.map(({ collection }) => collection),
      ['t'],
    );
    assert.deepEqual(foreignKeys, []);
  });
  test('is kept, and read again on a wish, but not on every wish', async () => {
    await sleep(databaseBounds.describeAgainMs.value + 100);
    assert.deepEqual(await columns(true), ['id']);
    await harness.admin.query('alter table t add column a int');
    assert.deepEqual(await columns(false), ['id']);
    assert.deepEqual(await columns(true), ['id'], 'asked again too soon');
    await sleep(databaseBounds.describeAgainMs.value + 100);
    assert.deepEqual(await columns(true), ['id', 'a']);
  });
});

describe('a description under a grant of columns', () => {
  test('names no column that is not granted, says what may be done to the others, and no key that hangs on a hidden one', async () => {
    await harness.admin.query(
      'create table owners (id int primary key, secret int unique); create table goods (id int primary key, name text, price int, owner int references owners (secret), tenant text)',
    );
    const narrow = await harness.open(
      {
        tables: {
          owners: { read: { columns: ['id'] } },
          goods: {
            read: { columns: ['id', 'owner'] },
            create: { columns: ['name', 'tenant'], defaults: { tenant: '$tenant' } },
            update: { columns: ['name'] },
          },
        },
      },
      { id: 'narrow' },
    );
    const { tables, foreignKeys } = JSON.parse((await narrow.instance.call('describe', {}, makeCaller())).json) as {
      readonly tables: readonly {
        readonly collection: string;
        readonly columns: readonly { readonly name: string; readonly may: unknown }[];
      }[];
      readonly foreignKeys: readonly unknown[];
    };
    assert.deepEqual(
      tables.map(({ collection, columns: list }) => [collection, list.map(({ name, may }) => [name, may])]),
      [
        [
          'goods',
          [
            ['id', ['read']],
            ['name', ['create', 'update']],
            ['owner', ['read']],
          ],
        ],
        ['owners', [['id', ['read']]]],
      ],
    );
    assert.deepEqual(foreignKeys, []);
  });
});

describe('a default', () => {
  const column = (text: string | null, more: Partial<ColumnFacts> = {}): ColumnFacts =>
    ({ default: text, identity: false, generated: false, ...more }) as ColumnFacts;
  const rows: readonly (readonly [string, ColumnFacts, unknown])[] = [
    ['none', column(null), null],
    ['a sequence', column("nextval('secret_seq'::regclass)"), 'AUTO_INCREMENT'],
    ['an identity', column(null, { identity: true }), 'AUTO_INCREMENT'],
    ['a number', column('5'), 5],
    ['a negative number', column("'-5'::integer"), '-5'],
    ['a bracketed number', column('(-5)'), -5],
    ['text', column("'it''s'::character varying"), "it's"],
    ['text with a quote that ends it and more', column("'a'::text || secret('b'::text)"), null],
    ['true', column('true'), true],
    ['now', column('now()'), 'CURRENT_TIMESTAMP'],
    ['a function of the database’s own', column('secret_function(1)'), null],
    ['a generated expression', column("'a'::text", { generated: true }), null],
  ];
  for (const [name, facts, expected] of rows)
    test(`${name} is told as ${String(expected)}`, () => assert.equal(defaultValueOf(facts), expected));
});

describe('the far side of a foreign key', () => {
  const table = (name: string, ...names: readonly string[]) => ({
    collection: name,
    table: name,
    columns: names.map((one) => ({ name: one })),
  });
  const key = (collection: string, column: string, related: string) => ({ collection, column, related });
  const rows: readonly (readonly [string, Parameters<typeof nameOneFields>, readonly (string | null)[]])[] = [
    ['is named after the table', [[key('b', 'a_id', 'a')], [table('a', 'id'), table('b', 'id')]], ['b']],
    [
      'has its column where several point',
      [
        [key('b', 'x', 'a'), key('b', 'y', 'a')],
        [table('a', 'id'), table('b', 'id')],
      ],
      ['b_x', 'b_y'],
    ],
    ['does not take a column’s name', [[key('b', 'x', 'a')], [table('a', 'id', 'b'), table('b', 'id')]], ['b_x']],
    ['is none where both are taken', [[key('b', 'x', 'a')], [table('a', 'id', 'b', 'b_x'), table('b', 'id')]], [null]],
    [
      'is not one name for two',
      [
        [key('b', 'c_d', 'a'), key('b_c', 'd', 'a')],
        [table('a', 'id', 'b', 'b_c'), table('b'), table('b_c')],
      ],
      ['b_c_d', null],
    ],
  ];
  for (const [name, [keys, tables], expected] of rows)
    test(name, () =>
      assert.deepEqual(
        nameOneFields(keys, tables).map(({ oneField }) => oneField),
        expected,
      ),
    );
});
