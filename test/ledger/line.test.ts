// What a guest can put into a ledger line. Must never let a field end the line, add a key, or reach a terminal raw.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ledgerBounds } from '../../src/ledger/bounds.ts';
import type { LedgerRecord } from '../../src/ledger/entry.ts';
import { genesis, makeLine, parseLine, sha256 } from '../../src/ledger/line.ts';
import { callStart, requestStart } from './records.ts';

const time = '2026-01-01T00:00:00.000Z';
const lineOf = (record: LedgerRecord): string => makeLine(record, genesis, time).line;
const fieldsOf = (record: LedgerRecord): Readonly<Record<string, unknown>> => {
  const link = parseLine(lineOf(record));
  assert.ok(link, 'the line verifies');
  return link.fields;
};
const argsOf = (args: Readonly<Record<string, unknown>>): unknown => fieldsOf(callStart(args)).args;

const hostile: readonly (readonly [string, string])[] = [
  ['a newline and a whole forged line', '/x\n{"sequence":2,"kind":"request.start"}\n'],
  ['a carriage return', 'a\rb'],
  ['a NUL', 'a\u0000b'],
  ['an ANSI escape', '\u001b[2J\u001b[31mred'],
  ['a C1 control sequence introducer', '\u009b31m'],
  ['a bidi override', '\u202egnp.exe'],
  ['bidi isolates', '\u2066\u2069\u200e\u061c'],
  ['a line and a paragraph separator', 'a\u2028b\u2029c'],
  ['a lone high surrogate', 'a\ud800'],
  ['a lone low surrogate', '\udc00a'],
  ['a byte order mark', '\ufeff'],
  ['quotes that try to add a field', '","decision":"allow","x":"'],
  ['a text that looks like the end of an entry', `","hash":"${'0'.repeat(64)}"}`],
  ['plain text of another script and an emoji', 'приветствие 你好 🐈'],
];

describe("a guest's text in a ledger line", () => {
  for (const [name, text] of hostile) {
    test(`${name} stays inside its field and comes back as it was`, () => {
      const line = lineOf(requestStart({ path: text }));
      assert.match(line, /^[\x20-\x7e]*$/);
      const fields = fieldsOf(requestStart({ path: text }));
      assert.equal(fields.path, text);
      assert.deepEqual(Object.keys(fields), [
        'sequence',
        'time',
        'previous',
        'kind',
        'extension',
        'version',
        'artifact',
        'tenant',
        'request',
        'method',
        'path',
        'hash',
      ]);
    });
    test(`${name} among the arguments does too`, () => {
      assert.match(lineOf(callStart({ table: text })), /^[\x20-\x7e]*$/);
      assert.deepEqual(argsOf({ table: text }), { table: text });
    });
  }
});

describe('the length of a field', () => {
  const chars = ledgerBounds.fieldChars.value;
  test('at the bound it is kept whole', () => assert.equal(fieldsOf(requestStart({ path: 'a'.repeat(chars) })).path, 'a'.repeat(chars)));
  test('one over it is cut and keeps its length and digest', () => {
    const text = 'a'.repeat(chars + 1);
    assert.equal(fieldsOf(requestStart({ path: text })).path, `${'a'.repeat(chars)}~${chars + 1} characters, sha256 ${sha256(text)}`);
  });
  test('a text that pretends to be cut is itself cut, so it cannot pass for one', () => {
    const forged = fieldsOf(requestStart({ path: 'a'.repeat(chars + 1) })).path;
    assert.equal(typeof forged, 'string');
    assert.notEqual(fieldsOf(requestStart({ path: String(forged) })).path, forged);
  });
  test('the longest entry there can be is still one that readers take', () => {
    const field = '\u0001'.repeat(chars * 2);
    const list = Array.from({ length: 100 }, () => field);
    const line = lineOf({
      ...callStart({ one: list, two: { three: list } }),
      extension: field,
      tenant: field,
      request: field,
      capability: field,
      method: field,
      digest: field,
      rule: field,
    });
    assert.ok(line.length < ledgerBounds.lineBytes.value, String(line.length));
    assert.ok(parseLine(line));
  });
});

describe('summarised arguments', () => {
  const items = ledgerBounds.argsItems.value;
  test('names and counts come back as they were', () =>
    assert.deepEqual(argsOf({ tables: ['a', 'b'], bindings: 2, many: true, nested: { deep: [1] } }), {
      tables: ['a', 'b'],
      bindings: 2,
      many: true,
      nested: { deep: [1] },
    }));
  test('a list at the bound is kept whole', () =>
    assert.deepEqual(argsOf({ list: Array.from({ length: items }, () => 1) }), { list: Array.from({ length: items }, () => 1) }));
  test('a list one over it says how many are left out', () =>
    assert.deepEqual(argsOf({ list: Array.from({ length: items + 1 }, () => 1) }), {
      list: [...Array.from({ length: items }, () => 1), '<1 more>'],
    }));
  test('keys at the bound are all kept', () =>
    assert.equal(
      Object.keys(argsOf(Object.fromEntries(Array.from({ length: items }, (_, index) => [`k${index}`, 1]))) as object).length,
      items,
    ));
  test('one key over it is counted', () =>
    assert.equal(
      (argsOf(Object.fromEntries(Array.from({ length: items + 1 }, (_, index) => [`k${index}`, 1]))) as Readonly<Record<string, unknown>>)[
        '~omitted'
      ],
      1,
    ));
  test('the deepest level is kept and one below it is not', () =>
    assert.deepEqual(argsOf({ a: { b: { c: { d: 1, e: {} } } } }), { a: { b: { c: { d: 1, e: '<deep>' } } } }));
  for (const key of ['__proto__', 'a b', '"', 'with\nnewline', 'Ωmega', 'x'.repeat(65)]) {
    test(`the key ${JSON.stringify(key).slice(0, 20)} is no word of a contract: counted, not kept`, () =>
      assert.deepEqual(argsOf({ [key]: 1, kept: 1 }), { kept: 1, '~omitted': 1 }));
  }
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const odd: readonly (readonly [string, unknown, unknown])[] = [
    ['a bigint', 1n, '<bigint>'],
    ['a symbol', Symbol('s'), '<symbol>'],
    ['a function', () => 1, '<function>'],
    ['undefined', undefined, '<undefined>'],
    ['NaN', Number.NaN, null],
    [
      'an object whose toJSON throws',
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
      { toJSON: '<function>' },
    ],
    ['a cycle', cycle, { self: { self: { self: '<deep>' } } }],
  ];
  for (const [name, value, kept] of odd)
    test(`${name} gets a placeholder and its record is still written`, () => assert.deepEqual(argsOf({ value }), { value: kept }));
  test('a million empty lists end at the bound for all of them', () => {
    const empties = Array.from({ length: items }, () => Array.from({ length: items }, () => Array.from({ length: items }, () => [])));
    assert.ok(lineOf(callStart({ empties })).length < 4 * ledgerBounds.argsChars.value);
  });
  test('own keys named like inherited ones are plain data', () =>
    assert.deepEqual(argsOf({ constructor: 1, toString: 'x' }), { constructor: 1, toString: 'x' }));
});
