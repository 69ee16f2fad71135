// The first wall alone: how long and how deep a statement may be, and that no text harms the next one. Must never touch a server.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Judge, openJudge } from '../../../../test/helpers/database-admission.ts';
import { databaseBounds } from '../bounds.ts';
import { boundNesting } from './nesting.ts';
import { openParser } from './parser.ts';
import { TenantMemo } from './tenant-memo.ts';

let judge: Judge;
before(async () => {
  judge = await openJudge();
});

describe('the limits of a statement', () => {
  const { sqlBytes, treeDepth, nesting } = databaseBounds;
  const padded = (bytes: number): string => `select 1 /* ${'x'.repeat(bytes - 'select 1 /*  */'.length)} */`;
  const sum = (links: number): string => `select 1${' + 1'.repeat(links)}`;
  const rows: readonly (readonly [string, string, string | undefined])[] = [
    ['a text as long as the limit', padded(sqlBytes.value), undefined],
    ['a text one byte longer', padded(sqlBytes.value + 1), 'database.limits.sql'],
    ['a text of fewer characters and more bytes', `select '${'é'.repeat(sqlBytes.value / 2)}'`, 'database.limits.sql'],
    ['a chain as deep as the limit', sum(treeDepth.value - 4), undefined],
    ['a chain one deeper', sum(treeDepth.value - 3), 'database.limits.depth'],
    ['parentheses beyond the bound', `select ${'('.repeat(nesting.value)}1${')'.repeat(nesting.value)}`, 'database.limits.depth'],
    [
      'a thousand rows to insert',
      `insert into inbox (a, b) values ${Array.from({ length: 1_000 }, (_, row) => `($${2 * row + 1}, $${2 * row + 2})`).join(', ')}`,
      undefined,
    ],
    [
      'two thousand conditions',
      `select * from articles where ${Array.from({ length: 2_000 }, (_, index) => `"id" = $${index + 1}`).join(' or ')}`,
      undefined,
    ],
  ];
  for (const [name, sql, rule] of rows) {
    test(`${name} is ${rule === undefined ? 'admitted' : 'refused'}`, () => {
      const decision = judge.decide(sql);
      assert.equal(decision.allow ? undefined : decision.rule, rule);
    });
  }

  /** Each is refused or survived, and the next statement is judged as if nothing had been. */
  const storms: readonly (readonly [string, (links: number) => string])[] = [
    ['parentheses', (n) => `select ${'('.repeat(n)}1${')'.repeat(n)}`],
    ['NOT', (n) => `select ${'not '.repeat(n)}true`],
    ['minus signs', (n) => `select ${'- '.repeat(n)}1`],
    ['sub-queries', (n) => `select ${'(select '.repeat(n)}1${')'.repeat(n)}`],
    ['unions', (n) => `select 1${' union select 1'.repeat(n)}`],
    ['joins', (n) => `select * from t${' cross join t'.repeat(n)}`],
    ['arrays', (n) => `select ${'array['.repeat(n)}1${']'.repeat(n)}`],
    ['casts', (n) => `select 1${'::int'.repeat(n)}`],
    ['calls', (n) => `select ${'lower('.repeat(n)}1${')'.repeat(n)}`],
    ['cases', (n) => `select ${'case when '.repeat(n)}true${' then true end'.repeat(n)}`],
    ['commas that hide a chain in strings', (n) => `select 1${" || ','".repeat(n)}`],
  ];
  for (const [name, make] of storms) {
    test(`a storm of ${name} is refused before it is parsed`, () => {
      for (const links of [2_000, 4_000]) {
        assert.ok(boundNesting(make(links)) > nesting.value);
        assert.equal(judge.decide(make(links)).allow, false);
      }
      assert.equal(judge.decide(`select * from articles where id = ${String(make(1).length)}`).allow, true);
    });
  }

  test('a text that breaks the parser costs that parser, and not the next text', async () => {
    const parser = await openParser();
    let broken = 0;
    for (const [, make] of storms) {
      // Past the stack; which of them overflow it, and which the grammar stops before, is the engine's business.
      const outcome = parser.parse(make(20_000));
      if (!outcome.ok && outcome.message === 'the statement is nested too deeply') broken += 1;
      assert.equal(parser.parse('select 1').ok, true);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(broken > 0);
    assert.equal(parser.discarded, broken);
  });
});

describe('what was found out about texts', () => {
  const perText = 10;
  const finding = {};
  const chars = (texts: number): number => texts * (perText + 2);
  const openMemo = (idleMs = 60_000): TenantMemo<object> =>
    new TenantMemo({ maxChars: chars(20), maxTenantChars: chars(12), entryChars: perText, idleMs });
  /** Texts of two characters. */
  const fill = (memo: TenantMemo<object>, tenant: string, texts: number, from = 10): void => {
    for (let text = from; text < from + texts; text += 1) memo.set(tenant, String(text), finding);
  };
  const kept = (memo: TenantMemo<object>, tenant: string, texts: number, from = 10): number =>
    Array.from({ length: texts }, (_, at) => memo.get(tenant, String(from + at))).filter(Boolean).length;

  test('for one tenant is not there for another', () => {
    const memo = openMemo();
    memo.set('a', '10', finding);
    assert.deepEqual([memo.get('a', '10'), memo.get('b', '10')], [finding, undefined]);
  });
  test('is bounded for one tenant, and the oldest goes', () => {
    const memo = openMemo();
    fill(memo, 'a', 13);
    assert.deepEqual([memo.get('a', '10'), kept(memo, 'a', 12, 11)], [undefined, 12]);
  });
  test('is bounded for all together, and goes where there is more than an equal share', () => {
    const memo = openMemo();
    fill(memo, 'quiet', 5);
    fill(memo, 'fair', 5);
    fill(memo, 'loud', 80);
    assert.deepEqual([kept(memo, 'quiet', 5), kept(memo, 'fair', 5), kept(memo, 'loud', 10, 80)], [5, 5, 10]);
    assert.equal(memo.chars, chars(20));
    // Who comes later gets its share of what the loud one holds.
    fill(memo, 'late', 5);
    assert.deepEqual([kept(memo, 'quiet', 5), kept(memo, 'late', 5), kept(memo, 'loud', 5, 85)], [5, 5, 5]);
  });
  test('by many tenants is bounded as well', () => {
    const memo = openMemo();
    for (let tenant = 0; tenant < 1_000; tenant += 1) fill(memo, `t${String(tenant)}`, 2);
    assert.ok(memo.chars <= chars(20), String(memo.chars));
  });
  test('is forgotten for who asks for nothing any more, and for nobody else', async () => {
    const memo = openMemo(20);
    fill(memo, 'idle', 3);
    fill(memo, 'busy', 3);
    for (let turn = 0; turn < 2; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      assert.equal(kept(memo, 'busy', 3), 3);
      fill(memo, 'busy', 1, 50 + turn);
    }
    assert.deepEqual([kept(memo, 'idle', 3), kept(memo, 'busy', 3)], [0, 3]);
    assert.equal(memo.chars, chars(5));
  });
});
