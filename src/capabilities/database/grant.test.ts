// What grants mean: names resolved, rules parsed, several of them intersected. Must never need a server.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloisterError } from '../../errors.ts';
import type { DatabaseGrant } from './contract.ts';
import { insertedColumns, intersectGrants, resolveGrant, selectedColumns } from './grant.ts';
import { parseRule } from './rule.ts';

const of = (grants: readonly DatabaseGrant[], operation: 'read' | 'create' | 'update' | 'delete', table = 'public.a') =>
  intersectGrants(grants).tables.get(table)?.operations.get(operation);

const tenant = { kind: 'compare', column: 'tenant', operator: '_eq', values: [{ kind: 'variable', name: 'tenant' }] };
const owner = { kind: 'compare', column: 'owner', operator: '_eq', values: [{ kind: 'variable', name: 'user' }] };

describe('a grant resolved', () => {
  test('true is all columns and all rows', () =>
    assert.deepEqual(of([{ tables: { a: { read: true } } }], 'read'), { columns: 'all', rows: null, defaults: new Map() }));
  test('the rule of the table and that of the operation hold together', () =>
    assert.deepEqual(
      of(
        [{ tables: { a: { rows: { tenant: { _eq: '$tenant' } }, update: { rows: { owner: { _eq: '$accountability.user' } } } } } }],
        'update',
      )?.rows,
      { kind: 'and', rules: [tenant, owner] },
    ));
  test('two spellings of one table are intersected', () => {
    const operations = resolveGrant({ tables: { a: { read: true, delete: true }, 'public.a': { read: { columns: ['id'] } } } }).tables.get(
      'public.a',
    )?.operations;
    assert.deepEqual([...(operations?.keys() ?? [])], ['read']);
    assert.deepEqual(operations?.get('read')?.columns, new Set(['id']));
  });
  test('what rules look at and what is forced counts for the role', () => {
    const table = resolveGrant({
      tables: {
        a: {
          read: { columns: ['id'] },
          create: { columns: ['title'], defaults: { status: 'draft' } },
          delete: { rows: { _or: [{ owner: { _null: true } }, { tenant: { _eq: '$tenant' } }] } },
        },
      },
    }).tables.get('public.a');
    assert.ok(table);
    assert.deepEqual(selectedColumns(table), new Set(['id', 'owner', 'tenant']));
    assert.deepEqual(insertedColumns(table), new Set(['title', 'status']));
  });
});

describe('grants intersected', () => {
  const rows: readonly (readonly [string, DatabaseGrant, DatabaseGrant, unknown])[] = [
    [
      'columns by intersection',
      { tables: { a: { read: { columns: ['x', 'y'] } } } },
      { tables: { a: { read: { columns: ['y', 'z'] } } } },
      new Set(['y']),
    ],
    ['all columns give way', { tables: { a: { read: true } } }, { tables: { a: { read: { columns: ['z'] } } } }, new Set(['z'])],
    [
      'disjoint columns leave none',
      { tables: { a: { read: { columns: ['x'] } } } },
      { tables: { a: { read: { columns: ['z'] } } } },
      new Set(),
    ],
    ['an operation that one lacks is gone', { tables: { a: { read: true } } }, { tables: { a: { update: true } } }, undefined],
    ['a table that one lacks is gone', { tables: { a: { read: true } } }, { tables: { b: { read: true } } }, undefined],
  ];
  for (const [name, left, right, columns] of rows) {
    test(name, () => {
      assert.deepEqual(of([left, right], 'read')?.columns, columns);
      assert.deepEqual(of([right, left], 'read')?.columns, columns);
    });
  }
  test('rules by AND', () =>
    assert.deepEqual(
      of(
        [
          { tables: { a: { rows: { tenant: { _eq: '$tenant' } }, read: true } } },
          { tables: { a: { read: { rows: { owner: { _eq: '$accountability.user' } } } } } },
        ],
        'read',
      )?.rows,
      { kind: 'and', rules: [tenant, owner] },
    ));
  test('numbers by minimum, switches by both', () => {
    const { maxRows, callsPerRequest, rowsPerRequest, raw, ddl } = intersectGrants([
      { tables: {}, maxRows: 5, callsPerRequest: 7, rowsPerRequest: 9, raw: true, ddl: true },
      { tables: {}, maxRows: 6, callsPerRequest: 3, rowsPerRequest: 8, raw: true },
    ]);
    assert.deepEqual(
      { maxRows, callsPerRequest, rowsPerRequest, raw, ddl },
      { maxRows: 5, callsPerRequest: 3, rowsPerRequest: 8, raw: true, ddl: false },
    );
  });
  test('forced values add up', () =>
    assert.deepEqual(
      of(
        [{ tables: { a: { create: { defaults: { x: 1 } } } } }, { tables: { a: { create: { defaults: { y: '$tenant', x: 1 } } } } }],
        'create',
      )?.defaults,
      new Map<string, unknown>([
        ['x', { kind: 'constant', value: 1 }],
        ['y', { kind: 'variable', name: 'tenant' }],
      ]),
    ));
  test('forced values that contradict are refused', () =>
    assert.throws(
      () => intersectGrants([{ tables: { a: { create: { defaults: { x: 1 } } } } }, { tables: { a: { create: { defaults: { x: 2 } } } } }]),
      (error) => error instanceof CloisterError && error.code === 'ERR_OPTIONS_INVALID',
    ));
  test('no grant is nothing', () => assert.equal(intersectGrants([]).tables.size, 0));
});

describe('a rule', () => {
  const refused: readonly (readonly [string, unknown])[] = [
    ['that is empty', {}],
    ['that is no object', 'x'],
    ['with an empty condition', { a: {} }],
    ['with an unknown operator', { a: { _like: 'x' } }],
    ['with an operator of Object.prototype', { a: { constructor: 'x' } }],
    ['with an unknown variable', { a: { _eq: '$me' } }],
    ['with an empty list', { a: { _in: [] } }],
    ['with an empty _and', { _and: [] }],
    ['with a value that is an object', { a: { _eq: { x: 1 } } }],
    ['with _null: false', { a: { _null: false } }],
  ];
  for (const [name, rule] of refused) {
    test(`${name} is refused without any schema`, () => assert.throws(() => parseRule(rule), CloisterError));
  }
});
