// What the table of slots keeps and forgets. Must never need a ward.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Extension } from './extension.ts';
import { type KeptSlot, SlotTable } from './slot-table.ts';

const narrowed = { id: 'a', narrowed: true } as unknown as Extension;
const options = { most: 3, idleMs: 60_000, reputationMs: 600_000, wholeOf: (one: Extension) => (one === narrowed ? extension : one) };
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

test('what a tenant has of an extension now and what it had are found by themselves, together, and the newest', () => {
  const table = new SlotTable(options, () => 60_000);
  const [was, is] = [slot('t', 0), slot('t', 30_000, { extension: narrowed })];
  for (const one of [was, is]) assert.equal(table.add(one), true);
  assert.deepEqual([table.get(extension, 't'), table.get(narrowed, 't'), table.latest(extension, 't')], [was, is, is]);
  assert.deepEqual(
    [[...table.of(narrowed)], [...table.ofTenant('t')], [...table.ofTenant('u')], table.size],
    [[was, is], [was, is], [], 2],
  );
  table.prune();
  assert.deepEqual([[...table.values()], table.size], [[is], 1]);
  table.forget(extension);
  assert.equal(table.size, 0);
});
