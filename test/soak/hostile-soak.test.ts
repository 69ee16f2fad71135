// The long soak in short: what `npm run soak` does for half an hour, without its clock. Must never pass with a neighbour unanswered or something left.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readSeed } from '../helpers/random.ts';
import { slopePerMinute } from './belongings.ts';
import { runHostileSoak } from './hostile-soak.ts';
import { neighbourNames } from './hostile-traffic.ts';

test('some seconds with a tenth of all requests hostile leave every neighbour answered and nothing behind', async () => {
  const report = await runHostileSoak({ minutes: 0.1, seed: readSeed(), only: [] });
  assert.deepEqual([...new Set(report.faults)], []);
  for (const name of neighbourNames) {
    assert.ok(report.mixed[name].requests > 0, name);
    assert.equal(report.mixed[name].failed, 0, name);
  }
  assert.ok(report.hostile > 0);
  assert.ok(report.answers.size > 0);
});

describe('the slope of memory', () => {
  const line = (slope: number) => Array.from({ length: 10 }, (_, minute) => ({ minute, rssMb: 100 + slope * minute }));
  for (const slope of [0, 1.5, -2])
    test(`of a line of ${slope} MB a minute is ${slope}`, () => assert.ok(Math.abs(slopePerMinute(line(slope)) - slope) < 1e-9));
  test('of nothing is 0', () => assert.equal(slopePerMinute([]), 0));
});
