// Who is refused where a boot had no turn for too long: those who have waited so long themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Limits } from '../limits/table.ts';
import type { Lease } from './lease.ts';
import { patienceLeftMs } from './patience.ts';
import { Waiting } from './waiting.ts';

const limits = { wallMs: 10_000, concurrentRequests: 4, queuedRequests: 10, concurrentJobs: 4, queuedJobs: 10 } as Limits;
const lease = (leftMs: number, jobWallMs?: number): Lease =>
  ({
    limits,
    question: jobWallMs === undefined ? {} : { job: { wallMs: jobWallMs, awaited: false } },
    remainingMs: () => leftMs,
  }) as unknown as Lease;

test('patience is eight tenths of a request’s time, of a job’s own where it has less', () => {
  const table: readonly (readonly [lease: Lease, leftMs: number])[] = [
    [lease(10_000), 8_000],
    [lease(2_500), 500],
    [lease(2_000), 0],
    [lease(0), 0],
    [lease(1_000, 1_000), 800],
  ];
  for (const [one, leftMs] of table) assert.ok(Math.abs(patienceLeftMs(one) - leftMs) < 0.001, `${patienceLeftMs(one)} for ${leftMs}`);
});

test('a request that has just come is not refused with the one that a boot was asked for', () => {
  const waiting = new Waiting(limits);
  const leases = [lease(1_990), lease(9_990), lease(200, 1_000), lease(900, 1_000)] as const;
  for (const one of leases) assert.equal(waiting.add(one), null);
  assert.deepEqual(waiting.drainImpatient(), [leases[0], leases[2]]);
  assert.deepEqual([waiting.length, waiting.first, waiting.jobs], [2, leases[1], [leases[3]]]);
});
