// What is no query, said before anything is asked of the database. Must never reach a server.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { itemsDescription } from '../../../../test/helpers/items-description.ts';
import { RelayedError } from '../../../errors.ts';
import { itemsBounds } from './bounds.ts';
import { makeModel } from './model.ts';
import { parseQuery } from './parse-query.ts';

const model = makeModel(itemsDescription);
const codeOf = (query: unknown, collection = 'articles'): string => {
  try {
    parseQuery(query, model.collection(collection), model);
    return 'parsed';
  } catch (error) {
    if (!(error instanceof RelayedError)) throw error;
    return error.code;
  }
};

const deepFilter = (levels: number): object =>
  Array.from({ length: levels }).reduce<object>((inner) => ({ _and: [inner, {}] }), { id: { _eq: 1 } });
const list = (length: number): readonly number[] => Array.from({ length }, (_unused, index) => index);
const path = (levels: number): string => [...list(levels).map(() => 'boss'), 'name'].join('.');

const invalid: readonly (readonly [name: string, query: unknown])[] = [
  ['a query that is a list', []],
  ['a query that is text', 'id'],
  ['a key that there is not', { where: {} }],
  ['a key that every object has', JSON.parse('{"__proto__": {}}')],
  ['a key of deep at the first level', { _limit: 1 }],
  ['fields that are no list', { fields: { id: true } }],
  ['a field that is a number', { fields: [1] }],
  ['an empty field', { fields: [''] }],
  ['a field that is too long', { fields: ['x'.repeat(501)] }],
  ['a limit below -1', { limit: -2 }],
  ['a limit that is no whole number', { limit: 1.5 }],
  ['a limit that is text', { limit: 'all' }],
  ['a limit that is NaN as text', { limit: 'NaN' }],
  ['an offset below 0', { offset: -1 }],
  ['page 0', { page: 0 }],
  ['a sort that is a number', { sort: [1] }],
  ['a sort by JSON', { sort: ['meta'] }],
  ['a search that is a number', { search: 5 }],
  ['a search with NUL', { search: 'a\u0000' }],
  ['a version', { version: 'draft' }],
  ['a raw version', { versionRaw: true }],
  ['an alias that is a list', { alias: ['a'] }],
  ['an alias with a dot', { alias: { 'a.b': 'title' } }],
  ['an alias for a path', { alias: { a: 'author.name' } }],
  ['an alias that is a star', { alias: { '*': 'title' } }],
  ['a deep that is a list', { deep: [] }],
  ['a deep relation that is a list', { fields: ['author.name'], deep: { author: [] } }],
  ['an aggregate of a relation to one', { fields: ['author.name'], deep: { author: { _aggregate: { count: ['*'] } } } }],
  ['an aggregate that is a list', { aggregate: ['count'] }],
  ['an aggregate function that there is not', { aggregate: { median: ['views'] } }],
  ['an aggregate function that every object has', { aggregate: { constructor: ['views'] } }],
  ['a sum of text', { aggregate: { sum: ['title'] } }],
  ['a sum of all', { aggregate: { sum: ['*'] } }],
  ['a max of JSON', { aggregate: { max: ['meta'] } }],
  ['a max of uuids', { aggregate: { max: ['code'] } }],
  ['a group by JSON', { group: ['meta'] }],
  ['a filter that is a list', { filter: [] }],
  ['a filter of a field that is a value', { filter: { id: 5 } }],
  ['a filter of a field that is null', { filter: { id: null } }],
  ['_and that is no list', { filter: { _and: {} } }],
  ['an operator that there is not', { filter: { id: { _like: 'x' } } }],
  ['an operator that every object has', { filter: { id: { constructor: 'x' } } }],
  ['an operator of geometry', { filter: { area: { _intersects: {} } } }],
  ['an operator of geometry and a box', { filter: { area: { _nintersects_bbox: {} } } }],
  ['an operator of validation', { filter: { title: { _regex: '^a' } } }],
  ['another operator of validation', { filter: { title: { _submitted: true } } }],
  ['text for a number', { filter: { views: { _eq: 'many' } } }],
  ['a boolean for a number', { filter: { views: { _eq: true } } }],
  ['a fraction for a whole number', { filter: { views: { _eq: 1.5 } } }],
  ['a number for a boolean', { filter: { featured: { _eq: 2 } } }],
  ['text for a uuid', { filter: { code: { _eq: 'x' } } }],
  ['text for a date', { filter: { day: { _gt: 'yesterday' } } }],
  ['a number for a date', { filter: { day: { _gt: 2024 } } }],
  ['text for a time', { filter: { at: { _gt: 'noon' } } }],
  ['an object for text', { filter: { title: { _eq: {} } } }],
  ['a list for text', { filter: { title: { _eq: ['a'] } } }],
  ['NUL in text', { filter: { title: { _eq: 'a\u0000' } } }],
  ['half a character in text', { filter: { title: { _eq: '\ud800' } } }],
  ['null for an order', { filter: { views: { _gt: null } } }],
  ['_in without a list', { filter: { id: { _in: '1,2' } } }],
  ['_in with null in it', { filter: { id: { _in: [1, null] } } }],
  ['_in with a list in it', { filter: { id: { _in: [[1]] } } }],
  ['_between of one', { filter: { id: { _between: [1] } } }],
  ['_between of three', { filter: { id: { _between: [1, 2, 3] } } }],
  ['_null of a word', { filter: { id: { _null: 'yes' } } }],
  ['_contains of a number field', { filter: { views: { _contains: '1' } } }],
  ['_gt of a boolean', { filter: { featured: { _gt: true } } }],
  ['_gt of a uuid', { filter: { code: { _gt: '00000000-0000-4000-8000-000000000000' } } }],
  ['_eq of JSON', { filter: { meta: { _eq: '{}' } } }],
  ['_eq of bytes', { filter: { raw: { _eq: 'x' } } }],
  ['_json of text', { filter: { title: { _json: { a: { _eq: 1 } } } } }],
  ['_json that is a list', { filter: { meta: { _json: [] } } }],
  ['_json of a path that is empty', { filter: { meta: { _json: { '': { _eq: 1 } } } } }],
  ['_json of a path with strange brackets', { filter: { meta: { _json: { 'a[b]': { _eq: 1 } } } } }],
  ['_json with values of two types', { filter: { meta: { _json: { a: { _in: [1, 'x'] } } } } }],
  ['_json within _json', { filter: { meta: { _json: { a: { _json: { b: { _eq: 1 } } } } } } }],
  ['a function that there is not', { filter: { 'upper(title)': { _eq: 'X' } } }],
  ['a date function of text', { fields: ['year(title)'] }],
  ['hour of a date', { fields: ['hour(day)'] }],
  ['year of a time', { fields: ['year(at)'] }],
  ['json without a path', { fields: ['json(meta)'] }],
  ['json of text', { fields: ['json(title, a)'] }],
  ['a function with too much', { fields: ['year(day, a)'] }],
];

const forbidden: readonly (readonly [name: string, query: unknown])[] = [
  ['a field that there is not', { fields: ['nothing'] }],
  ['a field that every object has', { fields: ['constructor'] }],
  ['a field with a quote', { fields: ['id" from users --'] }],
  ['a field with brackets that are no function', { fields: ['(select 1)'] }],
  ['a field below a field that points nowhere', { fields: ['title.x'] }],
  ['a field that may only be written', { fields: ['drop'] }],
  ['a filter on one', { filter: { drop: { _eq: 'x' } } }],
  ['a star below a field that points nowhere', { fields: ['title.*'] }],
  ['a sort through a relation to many', { sort: ['authors.name'] }],
  ['a sort by a function of what there is not', { sort: ['year(nothing)'] }],
  ['deep of what is no relation', { deep: { title: { _limit: 1 } } }],
];

const last = itemsBounds.filterDepth.value;
const sizes: readonly (readonly [name: string, fits: unknown, tooMuch: unknown, collection?: string])[] = [
  ['levels of a filter', { filter: deepFilter(last) }, { filter: deepFilter(last + 1) }],
  [
    'conditions',
    { filter: { _and: list(itemsBounds.conditions.value - 1).map(() => ({ id: { _eq: 1 } })) } },
    { filter: { _and: list(itemsBounds.conditions.value).map(() => ({ id: { _eq: 1 } })) } },
  ],
  [
    'values of a list',
    { filter: { id: { _in: list(itemsBounds.listItems.value) } } },
    { filter: { id: { _in: list(itemsBounds.listItems.value + 1) } } },
  ],
  [
    'text',
    { filter: { title: { _eq: 'x'.repeat(itemsBounds.textChars.value) } } },
    { filter: { title: { _eq: 'x'.repeat(itemsBounds.textChars.value + 1) } } },
  ],
  [
    'text of a search',
    { search: 'x'.repeat(itemsBounds.textChars.value / 16) },
    { search: 'x'.repeat(itemsBounds.textChars.value / 16 + 1) },
  ],
  [
    'steps of a JSON path',
    { fields: [`json(meta, ${list(itemsBounds.pathItems.value).join('.')})`] },
    { fields: [`json(meta, ${list(itemsBounds.pathItems.value + 1).join('.')})`] },
  ],
  ['levels of fields', { fields: [path(itemsBounds.pathDepth.value)] }, { fields: [path(itemsBounds.pathDepth.value + 1)] }, 'authors'],
  [
    'relations',
    {
      fields: list(itemsBounds.relations.value).map((n) => `a${String(n)}.name`),
      alias: Object.fromEntries(list(itemsBounds.relations.value).map((n) => [`a${String(n)}`, 'boss'])),
    },
    {
      fields: list(itemsBounds.relations.value + 1).map((n) => `a${String(n)}.name`),
      alias: Object.fromEntries(list(itemsBounds.relations.value + 1).map((n) => [`a${String(n)}`, 'boss'])),
    },
    'authors',
  ],
  [
    'fields',
    {
      fields: list(itemsBounds.fields.value).map((n) => `a${String(n)}`),
      alias: Object.fromEntries(list(itemsBounds.fields.value).map((n) => [`a${String(n)}`, 'name'])),
    },
    {
      fields: ['name', ...list(itemsBounds.fields.value).map((n) => `a${String(n)}`)],
      alias: Object.fromEntries(list(itemsBounds.fields.value).map((n) => [`a${String(n)}`, 'name'])),
    },
    'authors',
  ],
];

describe('a query is INVALID_QUERY with', () => {
  for (const [name, query] of invalid) test(name, () => assert.equal(codeOf(query), 'INVALID_QUERY'));
  test('an operator on a relation to many', () =>
    assert.equal(codeOf({ filter: { articles: { _null: true } } }, 'authors'), 'INVALID_QUERY'));
});

describe('a query is FORBIDDEN with', () => {
  for (const [name, query] of forbidden) test(name, () => assert.equal(codeOf(query), 'FORBIDDEN'));
});

describe('a query may hold so much and no more:', () => {
  for (const [name, fits, tooMuch, collection] of sizes)
    test(name, () => assert.deepEqual([codeOf(fits, collection), codeOf(tooMuch, collection)], ['parsed', 'INVALID_QUERY']));
});

test('a collection whose name or key cannot be spelled in a query is not there', () =>
  assert.throws(() => model.collection('constructor'), { code: 'FORBIDDEN' }));
