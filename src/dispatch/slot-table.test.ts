// What the table of slots keeps and forgets. Must never need a ward.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Extension } from './extension.ts';
import { type KeptSlot, SlotTable } from './slot-table.ts';

const options = { most: 3, idleMs: 60_000, reputationMs: 600_000 };
const extension = { id: 'a' } as Extension;
const slot = (tenant: string, usedAt: number, more: Partial<KeptSlot> = {}): KeptSlot => ({
  extension,
  tenant,
  usedAt,
  isEmpty: true,
  isInnocent: true,
  ...more,
});

const kept: readonly (readonly [name: string, now: number, slot: KeptSlot, there: boolean])[] = [
  ['an empty slot is kept for a minute', 59_999, slot('t', 0), true],
  ['and forgotten after it', 60_000, slot('t', 0), false],
  ['one that somebody is in is kept', 10_000_000, slot('t', 0, { isEmpty: false }), true],
  ['a bad reputation is kept', 599_999, slot('t', 0, { isInnocent: false }), true],
  ['but not for ever', 600_000, slot('t', 0, { isInnocent: false }), false],
];
for (const [name, now, one, there] of kept) {
  test(name, () => {
    const table = new SlotTable(options, () => now);
    table.add(one);
    table.prune();
    assert.equal(table.get(extension, 't') !== undefined, there);
    assert.equal(table.size, there ? 1 : 0);
  });
}

test('a full table takes no more, but forgets what is a second old for who comes', () => {
  let now = 0;
  const table = new SlotTable(options, () => now);
  for (const tenant of ['a', 'b', 'c']) assert.equal(table.add(slot(tenant, 0, { isEmpty: tenant === 'c' })), true);
  assert.equal(table.add(slot('d', 0)), false);
  now = 1_000;
  assert.equal(table.add(slot('d', now)), true);
  assert.deepEqual(
    [...table.values()].map(({ tenant }) => tenant),
    ['a', 'b', 'd'],
  );
  table.forget(extension);
  assert.equal(table.size, 0);
});
