// When a ward is old or large enough to be replaced.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideRecycle, type WardAge } from './recycling.ts';

const terms = { maxAgeMs: 3_600_000, maxGrowthFactor: 4 };
const ward: WardAge = { ageMs: 120_000, luck: 0.5, ownMb: 30, freshMb: 30, cells: 1 };

const table: readonly (readonly [name: string, ward: WardAge, ends: boolean])[] = [
  ['a young ward of its first size goes on', ward, false],
  ['one that is too old ends', { ...ward, ageMs: 3_600_001 }, true],
  ['those that began together end apart', { ...ward, ageMs: 3_300_000, luck: 1 }, false],
  ['and the first of them a tenth earlier', { ...ward, ageMs: 3_300_000, luck: 0 }, true],
  ['one that has grown by the factor goes on', { ...ward, ownMb: 120 }, false],
  ['one that has grown beyond it ends', { ...ward, ownMb: 121 }, true],
  ['more cells may hold more', { ...ward, ownMb: 121, cells: 2 }, false],
  ['what grows within its first minute has its limits, and is not replaced without end', { ...ward, ownMb: 400, ageMs: 59_000 }, false],
  ['one whose first size is not known goes on', { ...ward, ownMb: 400, freshMb: 0 }, false],
];
for (const [name, age, ends] of table) test(name, () => assert.equal(decideRecycle(terms, age) !== null, ends));
