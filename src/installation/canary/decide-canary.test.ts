// When a canary goes: a table of what the two versions did. Must never need a clock.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canaryBounds } from './bounds.ts';
import { chanceOf, decideCanary, type Tally } from './decide-canary.ts';
import { SlidingTally } from './sliding-tally.ts';

const did = (requests: number, errors = 0, limits = 0, crashes = 0): Tally => ({ requests, errors, limits, crashes });

describe('a canary', () => {
  const cases: readonly (readonly [string, Tally, Tally, 'go-on' | 'return', number?])[] = [
    ['that does all well goes on', did(100), did(900), 'go-on'],
    ['of which nine requests failed says nothing yet', did(9, 9), did(900), 'go-on'],
    ['of which ten of ten failed goes', did(10, 10), did(90), 'return'],
    ['that fails as often as the other goes on', did(100, 20), did(900, 180), 'go-on'],
    ['that fails less often goes on', did(100, 10), did(900, 180), 'go-on'],
    ['with one error more than chance goes on', did(100, 2), did(900, 9), 'go-on'],
    ['with ten times the errors goes', did(100, 10), did(900, 9), 'return'],
    ['that goes over limits where the other does not goes', did(50, 0, 10), did(450), 'return'],
    ['that is worse by less than a percent goes on, however certain that is', did(100_000, 900), did(900_000, 900), 'go-on'],
    ['with nothing to compare with goes where half of it fails', did(10, 5), did(0), 'return'],
    ['with nothing to compare with goes on where less than half of it fails', did(10, 4), did(0), 'go-on'],
    ['of which ten of ten failed for one client goes on', did(10, 10), did(90), 'go-on', 1],
    ['that went over limits for one client goes on', did(50, 0, 10), did(450), 'go-on', 1],
    ['that crashed three times for one client goes at once', did(3, 3, 0, 3), did(900), 'return', 1],
    ['that crashed twice goes on', did(2, 2, 0, 2), did(900), 'go-on'],
    ['that crashed three times goes at once', did(3, 3, 0, 3), did(900), 'return'],
  ];
  for (const [name, canary, current, kind, badClients = 2] of cases)
    test(name, () => assert.equal(decideCanary(canary, current, badClients).kind, kind));

  test('goes by the exact test of Fisher: the lady who tasted tea, and a table worked out in textbooks', () => {
    assert.ok(Math.abs(chanceOf(4, 4, 4, 8) - 1 / 70) < 1e-9);
    assert.ok(Math.abs(chanceOf(3, 4, 4, 8) - 17 / 70) < 1e-9);
    assert.ok(Math.abs(chanceOf(9, 12, 10, 24) - 0.001379728) < 1e-8);
    assert.equal(chanceOf(0, 10, 5, 100).toFixed(6), '1.000000');
  });
  test('that is as good as the other is let be in all but a few of ten thousand looks', () => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    const draw = (requests: number): Tally => did(requests, Array.from({ length: requests }, random).filter((one) => one < 0.05).length);
    let returned = 0;
    for (let look = 0; look < 10_000; look += 1) if (decideCanary(draw(20), draw(180), 2).kind === 'return') returned += 1;
    assert.ok(returned <= 30, `${returned} of 10,000`);
  });
});

test('what is older than the window is forgotten, bucket by bucket', () => {
  const { value } = canaryBounds.windowMs;
  const tally = new SlidingTally(value);
  tally.add(value * 5, { requests: 3, errors: 1 });
  tally.add(value * 5.5, { requests: 2 });
  assert.deepEqual(tally.sum(value * 5.9), did(5, 1));
  assert.deepEqual(tally.sum(value * 6.2), did(2));
  assert.deepEqual(tally.sum(value * 60), did(0));
});

describe('of one client', () => {
  const { badPerClient, knownClients, windowMs } = canaryBounds;
  const bad = { requests: 1, errors: 1 };
  test('so many bad requests count, all that are good, and every crash', () => {
    const tally = new SlidingTally(windowMs.value);
    // Over several tenths of the window.
    for (let time = 0; time < 30; time += 1) tally.add((time * windowMs.value) / 100, bad, 'ana');
    for (let time = 0; time < 30; time += 1) tally.add(windowMs.value / 3, { requests: 1 }, 'ana');
    tally.add(windowMs.value / 3, { ...bad, crashes: 1 }, 'ana');
    assert.deepEqual(tally.sum(windowMs.value / 3), did(badPerClient.value + 30, badPerClient.value, 0, 1));
    assert.equal(tally.badClients(windowMs.value / 3), 1);
    tally.add(windowMs.value / 3, bad, 'ben');
    assert.equal(tally.badClients(windowMs.value / 3), 2);
    assert.equal(tally.badClients(windowMs.value * 3), 0);
  });
  test('of which nobody knows who it is all count, each as another', () => {
    const tally = new SlidingTally(windowMs.value);
    for (let time = 0; time < 30; time += 1) tally.add(1, bad);
    assert.deepEqual([tally.sum(1), tally.badClients(1)], [did(30, 30), 30]);
  });
  test('beyond those that are told apart, nothing is kept', () => {
    const tally = new SlidingTally(windowMs.value);
    for (let client = 0; client < knownClients.value + 50; client += 1) tally.add(1, bad, `client ${client}`);
    for (let time = 0; time < 20; time += 1) tally.add(1, bad, 'client 0');
    assert.equal(tally.sum(1).errors, knownClients.value + 50 + badPerClient.value - 1);
  });
});
