// The schemas of grant and arguments, by ajv as the host checks them. Must never need a server.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { databaseGrant, queryArgs } from './contract.ts';

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
    ['an unknown key', { tables: {}, raw: true }, false],
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
