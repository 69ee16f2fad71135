// Quantiles by buckets: near the exact ones, in bounded memory. Must never be compared with anything but a sorted list.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { suggestLimit } from '../../src/audit/headroom.ts';
import { Sketch } from '../../src/audit/sketch.ts';
import { limitTable } from '../../src/limits/table.ts';

/** The same numbers in every run. */
const makeNumbers = (count: number): readonly number[] => {
  let state = 12_345;
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.exp((state / 2_147_483_648) * 16) / 100;
  });
};

test('a quantile is within two hundredths of the exact one, and the greatest is exact', () => {
  const numbers = makeNumbers(20_000);
  const sorted = numbers.toSorted((left, right) => left - right);
  const sketch = new Sketch();
  for (const number of numbers) sketch.add(number);
  for (const part of [0.01, 0.5, 0.9, 0.99, 0.999]) {
    const exact = sorted[Math.ceil(sorted.length * part) - 1] ?? 0;
    assert.ok(Math.abs(sketch.quantile(part) / exact - 1) <= 0.021, `${part}: ${sketch.quantile(part)} for ${exact}`);
  }
  assert.equal(sketch.max, sorted.at(-1));
  assert.equal(sketch.quantile(1), sketch.max);
});

describe('a sketch', () => {
  test('of nothing says nothing', () => assert.deepEqual([new Sketch().quantile(0.5), new Sketch().max], [0, 0]));
  test('takes no number that is none', () => {
    const sketch = new Sketch();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1]) sketch.add(value);
    assert.equal(sketch.count, 0);
  });
  test('says nothing for numbers that are', () => {
    const sketch = new Sketch();
    for (let at = 0; at < 10; at += 1) sketch.add(0);
    assert.deepEqual([sketch.quantile(0.999), sketch.max], [0, 0]);
  });
});

describe('a suggested limit', () => {
  const rows: readonly (readonly [name: string, p999: number, today: number, expected: number | undefined])[] = [
    ['has room above what was seen', 12, 50, 36],
    ['has room above next to nothing', 0.2, 50, 21],
    ['is left out where today has no more than it needs', 20, 50, undefined],
  ];
  for (const [name, p999, today, expected] of rows) test(name, () => assert.equal(suggestLimit('cpuMs', p999, today), expected));
  test('is never below the floor', () => {
    for (const [name, row] of Object.entries(limitTable)) {
      const suggested = suggestLimit(name as keyof typeof limitTable, 0, row.ceiling);
      assert.ok(suggested === undefined || suggested >= row.floor, name);
    }
  });
  test('is none for what the ledger does not tell', () => assert.equal(suggestLimit('memoryMb', 1, 2_048), undefined));
});
