// Who is held while there is not enough processor for all, tried on simulated machines. Must never need a ward.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decideShares } from './decide-shares.ts';
import { FairShare } from './fair-share.ts';

interface Tenant {
  readonly name: string;
  readonly weight?: number;
  /** Requests that want to run at once, and what each takes. */
  readonly wishes: number;
  readonly costMs: number;
  /** Of a request, between its end and the next; 0: it asks at once. */
  readonly pauseMs?: number;
}

/** Processors that are shared evenly among all requests that run, as a kernel does among threads. Returns what each tenant used, and how often it was held. */
const simulate = (processors: number, tenants: readonly Tenant[], seconds: number, hold = true) => {
  let ownMs = 0;
  const shares = new FairShare({
    weightOf: (name) => tenants.find((one) => one.name === name)?.weight ?? 1,
    readLoad: (_own, sinceMs) => ownMs / sinceMs / processors,
    readHostMs: () => 0,
    processors,
  });
  const used = new Map(tenants.map(({ name }) => [name, 0]));
  const held = new Map(tenants.map(({ name }) => [name, 0]));
  let running: { readonly tenant: Tenant; readonly id: number; leftMs: number }[] = [];
  const ready = new Map<Tenant, number[]>(tenants.map((tenant) => [tenant, Array.from({ length: tenant.wishes }, () => 0)]));
  let id = 0;
  for (let now = 1; now <= seconds * 1_000; now += 1) {
    for (const [tenant, times] of ready) {
      for (let at = 0; at < times.length; ) {
        if ((times[at] ?? 0) > now) at += 1;
        else if (hold && shares.holds({ tenant: tenant.name, pump: () => undefined })) {
          held.set(tenant.name, (held.get(tenant.name) ?? 0) + 1);
          break;
        } else {
          times.splice(at, 1);
          id += 1;
          shares.begin(tenant.name, id, now);
          running.push({ tenant, id, leftMs: tenant.costMs });
        }
      }
    }
    const each = Math.min(1, processors / running.length);
    for (const one of running) {
      one.leftMs -= each;
      ownMs += each;
      used.set(one.tenant.name, (used.get(one.tenant.name) ?? 0) + each);
      if (one.leftMs > 0) continue;
      shares.end(one.tenant.name, one.id, one.tenant.costMs, now);
      ready.get(one.tenant)?.push(now + (one.tenant.pauseMs ?? 0));
    }
    running = running.filter(({ leftMs }) => leftMs > 0);
    if (now % 100 !== 0) continue;
    shares.tick(now);
    ownMs = 0;
  }
  const all = [...used.values()].reduce((sum, ms) => sum + ms, 0);
  return {
    used: (name: string) => (used.get(name) ?? 0) / all,
    busy: all / (seconds * 1_000 * processors),
    held: (name: string) => held.get(name) ?? 0,
  };
};

describe('while there is not enough for all', () => {
  const noisy: Tenant = { name: 'noisy', wishes: 60, costMs: 20 };
  test('without it a tenant with many requests takes nearly all', () => {
    assert.ok(simulate(2, [noisy, { name: 'other', wishes: 4, costMs: 20 }], 20, false).used('noisy') > 0.9);
  });
  test('it gets no more than its share, and nothing is left unused', () => {
    const { used, busy } = simulate(2, [noisy, { name: 'other', wishes: 4, costMs: 20 }], 20);
    assert.ok(used('noisy') < 0.6, String(used('noisy')));
    assert.ok(busy > 0.85, String(busy));
  });
  test('shares are by weight', () => {
    const { used } = simulate(2, [noisy, { name: 'heavy', weight: 3, wishes: 60, costMs: 20 }], 30);
    assert.ok(used('heavy') > 0.65 && used('heavy') < 0.85, String(used('heavy')));
  });
  test('who wants less than its share is not held, and the others have what it leaves', () => {
    const { used, held, busy } = simulate(2, [noisy, { name: 'quiet', wishes: 1, costMs: 5, pauseMs: 45 }], 20);
    assert.equal(held('quiet'), 0);
    assert.ok(used('noisy') > 0.85, String(used('noisy')));
    assert.ok(busy > 0.85, String(busy));
  });
});

describe('while there is enough', () => {
  test('nobody is held, however unequal they are', () => {
    const { held } = simulate(
      8,
      [
        { name: 'noisy', wishes: 5, costMs: 20 },
        { name: 'quiet', wishes: 1, costMs: 5, pauseMs: 95 },
      ],
      10,
    );
    assert.deepEqual([held('noisy'), held('quiet')], [0, 0]);
  });
  test('nor is one who has the machine for itself', () => {
    assert.equal(simulate(2, [{ name: 'noisy', wishes: 60, costMs: 20 }], 10).held('noisy'), 0);
  });
});

describe('what there is', () => {
  const infinite = Number.POSITIVE_INFINITY;
  const table: readonly (readonly [name: string, wishes: Parameters<typeof decideShares>[1], shares: readonly number[]])[] = [
    [
      'is halved between two that want all',
      [
        { weight: 1, wants: infinite },
        { weight: 1, wants: infinite },
      ],
      [1, 1],
    ],
    [
      'goes by weight',
      [
        { weight: 3, wants: infinite },
        { weight: 1, wants: infinite },
      ],
      [1.5, 0.5],
    ],
    [
      'is the others’ where one wants less',
      [
        { weight: 1, wants: infinite },
        { weight: 1, wants: 0.5 },
      ],
      [1.5, 1],
    ],
    ['is nobody’s where nobody asks', [], []],
  ];
  for (const [name, wishes, shares] of table) test(name, () => assert.deepEqual(decideShares(2, wishes), shares));
});
