// What a fresh ward is expected to need. Must never need a process: what a ward holds is told by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ward } from './ward.ts';
import { WardMemory } from './ward-memory.ts';
import type { WardProcess } from './ward-process.ts';

const ward = (ownMb: number): Ward => {
  const process = { listen: () => undefined, memory: () => ({ residentMb: ownMb + 40, sharedMb: 40 }) };
  const one = new Ward(process as unknown as WardProcess, {} as never, () => undefined);
  one.hasOpened = true;
  return one;
};

test('a tenant whose registrations take much does not move what others are admitted by beyond twice the usual', () => {
  const memory = new WardMemory(1_024);
  const usualMb = memory.freshMb;
  for (let index = 0; index < 100; index += 1) {
    const greedy = ward(480);
    memory.read(new Set([greedy]));
    assert.equal(greedy.ownMb, 480);
    assert.ok(greedy.freshMb <= 2 * usualMb, 'nor may it grow by a factor of all that');
  }
  assert.ok(memory.freshMb <= 2 * usualMb, `${memory.freshMb} MB`);
});

test('a small ward is taken as it is', () => {
  const memory = new WardMemory(1_024);
  const small = ward(20);
  memory.read(new Set([small]));
  assert.equal(small.freshMb, 20);
});
