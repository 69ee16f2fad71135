// The schemas of grant and arguments, by ajv as the host checks them. Must never need a server.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { databaseGrant } from './contract.ts';
import { queryArgs } from './methods.ts';

const fitsGrant = new Ajv({ strict: true }).compile(databaseGrant);
const fitsArgs = new Ajv({ strict: true }).compile(queryArgs);

describe('the grant of database', () => {
  const long = 'x'.repeat(63);
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['no table', { tables: {} }, true],
    ['one table', { tables: { articles: { read: true } } }, true],
    ['a table in a schema', { tables: { 'sales.orders': { read: true, delete: true } } }, true],
    ['a table with a space', { tables: { 'Mixed Case': {} } }, true],
    ['a name of 63 characters', { tables: { [long]: {} } }, true],
    ['a name of 64 characters', { tables: { [`${long}x`]: {} } }, false],
    ['functions, maxRows and statementMs', { tables: {}, functions: ['similarity', 'public.f'], maxRows: 1, statementMs: 1 }, true],
    ['no tables key', {}, false],
    ['an operation that is false', { tables: { a: { read: false } } }, false],
    ['an unknown operation', { tables: { a: { truncate: true } } }, false],
    ['raw, ddl and what a request may use', { tables: {}, raw: true, ddl: true, callsPerRequest: 1, rowsPerRequest: 1 }, true],
    [
      'columns for each operation',
      { tables: { a: { read: { columns: ['id'] }, create: { columns: [] }, update: { columns: ['b c'] } } } },
      true,
    ],
    ['a row rule for all operations', { tables: { a: { rows: { tenant: { _eq: '$tenant' } }, read: true } } }, true],
    ['a row rule for one operation', { tables: { a: { delete: { rows: { owner: { _eq: '$accountability.user' } } } } } }, true],
    [
      'every operator',
      {
        tables: {
          a: {
            read: {
              rows: {
                b: {
                  _eq: 1,
                  _neq: 'x',
                  _lt: 1,
                  _lte: 1,
                  _gt: 1,
                  _gte: 1,
                  _in: [1, 'x', true],
                  _nin: ['$accountability.role'],
                  _nnull: true,
                },
                c: { _null: true },
              },
            },
          },
        },
      },
      true,
    ],
    [
      '_and and _or',
      { tables: { a: { read: { rows: { _or: [{ b: { _eq: 1 } }, { _and: [{ c: { _eq: 2 } }, { _or: [{ d: { _null: true } }] }] }] } } } } },
      true,
    ],
    ['forced values', { tables: { a: { create: { defaults: { tenant: '$tenant', status: 'draft', n: 0, b: false } } } } }, true],
    ['an unknown key', { tables: {}, everything: true }, false],
    ['raw that is false', { tables: {}, raw: false }, false],
    ['columns of a delete', { tables: { a: { delete: { columns: ['id'] } } } }, false],
    ['defaults of an update', { tables: { a: { update: { defaults: { b: 1 } } } } }, false],
    ['a column with a quote', { tables: { a: { read: { columns: ['a"b'] } } } }, false],
    ['a rule that says nothing', { tables: { a: { read: { rows: {} } } } }, false],
    ['a condition that says nothing', { tables: { a: { read: { rows: { b: {} } } } } }, false],
    ['an empty _or', { tables: { a: { read: { rows: { _or: [] } } } } }, false],
    ['an empty _in', { tables: { a: { read: { rows: { b: { _in: [] } } } } } }, false],
    ['an unknown operator', { tables: { a: { read: { rows: { b: { _like: 'x' } } } } } }, false],
    ['an operator in place of a column', { tables: { a: { read: { rows: { _eq: { _eq: 1 } } } } } }, false],
    ['an unknown variable', { tables: { a: { read: { rows: { b: { _eq: '$user' } } } } } }, false],
    ['an unknown variable among forced values', { tables: { a: { create: { defaults: { b: '$NOW' } } } } }, false],
    ['null in a rule', { tables: { a: { read: { rows: { b: { _eq: null } } } } } }, false],
    ['a list where a value stands', { tables: { a: { read: { rows: { b: { _eq: [1] } } } } } }, false],
    ['no calls at all', { tables: {}, callsPerRequest: 0 }, false],
    ['a wildcard for operations', { tables: { a: '*' } }, false],
    ['three parts', { tables: { 'a.b.c': {} } }, false],
    ['an empty name', { tables: { '': {} } }, false],
    ['an empty schema', { tables: { '.a': {} } }, false],
    ['a quote in a name', { tables: { 'a"b': {} } }, false],
    ['a NUL in a name', { tables: { 'a\0b': {} } }, false],
    ['a catalog table', { tables: { pg_class: {} } }, false],
    ['a table of the catalog schema', { tables: { 'pg_catalog.pg_class': {} } }, false],
    ['a table of the information schema', { tables: { 'information_schema.tables': {} } }, false],
    ['a catalog name in schema public', { tables: { 'public.pg_class': {} } }, false],
    ['a function with capitals', { tables: {}, functions: ['Evil'] }, false],
    ['a function with parentheses', { tables: {}, functions: ['f()'] }, false],
    ['no rows at all', { tables: {}, maxRows: 0 }, false],
    ['no time at all', { tables: {}, statementMs: 0 }, false],
    ['half a row', { tables: {}, maxRows: 1.5 }, false],
    ['null', null, false],
  ];
  for (const [name, value, fits] of rows) test(`${name} ${fits ? 'fits' : 'is refused'}`, () => assert.equal(fitsGrant(value), fits));
});

describe('the arguments of query', () => {
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['a statement without bindings', { sql: 'select 1', bindings: [] }, true],
    ['every kind of binding', { sql: 'select 1', bindings: ['a', 1, 1.5, true, null, { $bytes: 'AQI=' }] }, true],
    ['no bindings key', { sql: 'select 1' }, false],
    ['no statement', { bindings: [] }, false],
    ['an empty statement', { sql: '', bindings: [] }, false],
    ['a statement that is no text', { sql: { toString: 'x' }, bindings: [] }, false],
    ['an object as binding', { sql: 'select 1', bindings: [{ toPostgres: 1 }] }, false],
    ['an array as binding', { sql: 'select 1', bindings: [[1]] }, false],
    ['bytes with something beside', { sql: 'select 1', bindings: [{ $bytes: '', x: 1 }] }, false],
    ['an unknown key', { sql: 'select 1', bindings: [], name: 'x' }, false],
  ];
  for (const [name, value, fits] of rows) test(`${name} ${fits ? 'fits' : 'is refused'}`, () => assert.equal(fitsArgs(value), fits));
});
