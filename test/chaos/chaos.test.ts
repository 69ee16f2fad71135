// A short run of what `npm run chaos` does for ten minutes: two hosts as processes on one PostgreSQL, while wards, sessions and versions come and go. Must never be taken for the long one.
import assert from 'node:assert/strict';
import { availableParallelism, loadavg } from 'node:os';
import { test } from 'node:test';
import { readSeed } from '../helpers/random.ts';
import { runChaos } from './chaos.ts';

/** Hosts start in two seconds, and in a minute where ten others want the same core: then it is not this test that tells anything. */
const isBusy = (loadavg()[0] ?? 0) > 4 * availableParallelism();
const skip = isBusy ? 'the machine is too busy: npm run chaos' : false;

test('two hosts lose nothing while things fail around them', { timeout: 170_000, skip }, async () => {
  const lines: string[] = [];
  const { checks } = await runChaos({
    forMs: 4_000,
    seed: readSeed(),
    hosts: 2,
    pauseMs: 200,
    only: /ward|sessions|deployed|rolled/,
    say: (line) => void lines.push(line),
  });
  assert.deepEqual(
    checks.filter(({ wrong }) => wrong.length > 0),
    [],
    lines.join('\n'),
  );
  assert.ok(checks.every(({ seen }) => seen > 0));
});
