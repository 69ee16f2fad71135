// Whose boot is next, and who gets none. Must never need a ward.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError } from '../errors.ts';
import { type Boot, BootGate, type BootGateOptions } from './boot-gate.ts';

const open = (options: Partial<BootGateOptions> = {}, now?: () => number): BootGate =>
  new BootGate({ atOnce: 1, mostWaiting: 100, mostWaitingOfTenant: 50, weightOf: () => 1, look: () => () => true, ...options }, now);

/** Lets each have its turn, one after the other, and says whose it was. */
const watch = (gate: BootGate, tenants: readonly string[]): { readonly order: string[]; readonly boots: readonly Boot[] } => {
  const order: string[] = [];
  const boots = tenants.map((tenant) => {
    const boot = gate.enter(tenant, 60_000);
    void boot.turn.then((mine) => {
      if (mine) order.push(tenant);
      setImmediate(() => boot.leave());
    });
    return boot;
  });
  return { order, boots };
};

const settled = async (gate: BootGate): Promise<void> => {
  for (let round = 0; round < 500 && gate.waiting + gate.booting > 0; round += 1) await sleep(2);
};

const code = (error: unknown): boolean => error instanceof CloisterError && error.code === 'ERR_CAPACITY_EXCEEDED';

describe('boots', () => {
  test('of a burst do not come before one of another tenant', async () => {
    const gate = open();
    const { order } = watch(gate, ['noisy', 'noisy', 'noisy', 'noisy', 'noisy', 'quiet']);
    await settled(gate);
    assert.ok(order.indexOf('quiet') <= 2, order.join(' '));
    assert.equal(order.length, 6);
  });

  test('come by the weight of their tenants', async () => {
    const gate = open({ weightOf: (tenant) => (tenant === 'heavy' ? 3 : 1) });
    const each = Array.from({ length: 12 });
    const { order } = watch(gate, [...each.map(() => 'light'), ...each.map(() => 'heavy')]);
    await settled(gate);
    const early = order.slice(0, 12);
    assert.ok(early.filter((tenant) => tenant === 'heavy').length >= 8, order.join(' '));
  });

  test('are no more at once than allowed, and one tenant never has all turns', async () => {
    const gate = open({ atOnce: 3 });
    const noisy = Array.from({ length: 5 }, () => gate.enter('noisy', 60_000));
    await Promise.all(noisy.slice(0, 2).map(({ turn }) => turn));
    assert.deepEqual([gate.booting, gate.waiting], [2, 3]);
    const quiet = gate.enter('quiet', 60_000);
    assert.equal(await quiet.turn, true);
    assert.deepEqual([gate.booting, gate.waiting], [3, 3]);
    for (const boot of [...noisy, quiet]) boot.leave();
    assert.deepEqual([gate.booting, gate.waiting], [0, 0]);
  });

  test('of several tenants with slow registrations hold up nobody else, and are bounded all together', async () => {
    let now = 0;
    const gate = open({ atOnce: 2 }, () => now);
    const slow = ['a', 'b'].map((tenant) => gate.enter(tenant, 60_000));
    await Promise.all(slow.map(({ turn }) => turn));
    const quiet = gate.enter('quiet', 60_000);
    assert.equal(quiet.isWaiting, true);
    now = 250;
    assert.equal(await quiet.turn, true);
    const second = gate.enter('a', 60_000);
    assert.equal(second.isWaiting, true, 'one tenant never has all turns, however slow its boots are');
    const more = ['c', 'd', 'e', 'f', 'g', 'h'].map((tenant) => gate.enter(tenant, 60_000));
    for (let step = 0; step < 10; step += 1) {
      now += 250;
      gate.serve();
    }
    assert.deepEqual([gate.booting, gate.waiting], [8, 2]);
    for (const boot of [...slow, quiet, second, ...more]) boot.leave();
    assert.deepEqual([gate.booting, gate.waiting], [0, 0]);
  });

  test('are paid for by the time they took', async () => {
    let now = 0;
    const gate = open({}, () => now);
    const order: string[] = [];
    const boots = ['long', 'long', 'short', 'short', 'short', 'short'].map((tenant) => {
      const boot = gate.enter(tenant, 60_000);
      void boot.turn.then((mine) => {
        if (!mine) return;
        order.push(tenant);
        if (tenant === 'long') now += 1_000;
        boot.leave();
      });
      return boot;
    });
    await settled(gate);
    for (const boot of boots) boot.leave();
    assert.deepEqual(order, ['long', 'short', 'short', 'short', 'short', 'long']);
  });

  test('that somebody with a turn waits for begin without one, and take none', async () => {
    const gate = open();
    const first = gate.enter('a', 60_000);
    const nested = gate.enter('a', 60_000);
    nested.hurry();
    assert.equal(await nested.turn, true);
    assert.deepEqual([gate.booting, gate.waiting, nested.isWaiting], [1, 0, false]);
    nested.leave();
    first.leave();
    assert.equal(gate.booting, 0);
  });

  test('that nobody wants any more are left out', async () => {
    const gate = open();
    const first = gate.enter('a', 60_000);
    const second = gate.enter('b', 60_000);
    const third = gate.enter('c', 60_000);
    second.leave();
    assert.equal(await second.turn, false);
    first.leave();
    assert.equal(await third.turn, true);
    third.leave();
    assert.equal(gate.booting, 0);
  });

  test('beyond the queue, of one tenant and of all, are refused at once', async () => {
    const gate = open({ mostWaiting: 3, mostWaitingOfTenant: 2, look: () => () => false });
    const boots = ['a', 'a', 'b'].map((tenant) => gate.enter(tenant, 60_000));
    await assert.rejects(gate.enter('a', 60_000).turn, code);
    await assert.rejects(gate.enter('c', 60_000).turn, code);
    for (const boot of boots) boot.leave();
    assert.equal(gate.waiting, 0);
  });

  test('without room wait, others that need none go first, and at the end of their patience they are refused', async () => {
    let now = 0;
    let room = false;
    const gate = open({ atOnce: 4, look: () => (tenant) => room || tenant === 'awake' }, () => now);
    const impatient = gate.enter('sleeper', 1_000);
    const patient = gate.enter('sleeper', 5_000);
    const awake = gate.enter('awake', 1_000);
    assert.equal(await awake.turn, true);
    now = 1_001;
    await assert.rejects(impatient.turn, code);
    assert.deepEqual([impatient.outOfPatience, patient.outOfPatience], [true, false]);
    room = true;
    assert.equal(await patient.turn, true);
    awake.leave();
    patient.leave();
    assert.deepEqual([gate.booting, gate.waiting], [0, 0]);
  });

  test('are refused when the host closes', async () => {
    const gate = open({ look: () => () => false });
    const boot = gate.enter('a', 60_000);
    gate.close();
    await assert.rejects(boot.turn, code);
    assert.equal(gate.waiting, 0);
  });
});
