// One value put into JSON text: what stands around it stays to the letter. Must never lose a line, an indent or a line end of its own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setInJson } from '../../src/audit/edit-json.ts';

const rows: readonly (readonly [name: string, text: string, path: readonly string[], value: unknown, expected: string])[] = [
  ['a new key at the end', '{\n  "a": 1\n}\n', ['b'], [1], '{\n  "a": 1,\n  "b": [\n    1\n  ]\n}\n'],
  ['the indent that is there', '{\n\t"a": 1\n}', ['b'], { c: 2 }, '{\n\t"a": 1,\n\t"b": {\n\t\t"c": 2\n\t}\n}'],
  ['Windows line ends', '{\r\n  "a": 1\r\n}', ['b'], { c: 2 }, '{\r\n  "a": 1,\r\n  "b": {\r\n    "c": 2\r\n  }\r\n}'],
  ['a key in place of the old one', '{ "a" : {"x": [1, "}"]} , "b":2 }', ['a'], 5, '{ "a" : 5 , "b":2 }'],
  ['a key behind strings that look like keys', '{"x": "\\"a\\": {", "a": null}', ['a'], true, '{"x": "\\"a\\": {", "a": true}'],
  ['a key of an inner object', '{\n  "a": {\n    "b": 1\n  }\n}', ['a', 'c'], 2, '{\n  "a": {\n    "b": 1,\n    "c": 2\n  }\n}'],
  ['keys that are missing on the way', '{\n  "a": 1\n}', ['b', 'c'], 2, '{\n  "a": 1,\n  "b": {\n    "c": 2\n  }\n}'],
  ['what is no object on the way', '{"approvals": "requested"}', ['approvals', 'x'], 1, '{"approvals": {\n    "x": 1\n  }}'],
  ['an empty object', '{}\n', ['a'], 1, '{\n  "a": 1\n}\n'],
  ['a byte order mark', '\uFEFF{"a": 1}', ['a'], 2, '\uFEFF{"a": 2}'],
  ['a key with signs of its own', '{"a.b\\"c": 1}', ['a.b"c'], 2, '{"a.b\\"c": 2}'],
];

describe('setting a value keeps', () => {
  for (const [name, text, path, value, expected] of rows) test(name, () => assert.equal(setInJson(text, path, value), expected));
});

test('whatever is set can be read back, and nothing else has changed', () => {
  const text = JSON.stringify({ name: 'x', list: [{ a: '"}{' }], deep: { er: { est: null } } }, null, 3);
  for (const path of [['name'], ['deep', 'er'], ['deep', 'er', 'new'], ['list'], ['fresh', 'a', 'b']]) {
    const expected = structuredClone(JSON.parse(text)) as Record<string, unknown>;
    let at = expected;
    for (const key of path.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
    at[path.at(-1) ?? ''] = ['value'];
    assert.deepEqual(JSON.parse(setInJson(text, path, ['value'])), expected);
  }
});
