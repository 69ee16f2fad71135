// How long a request may wait for its cell to have a turn. Must never be more than its deadline leaves.
import type { Lease } from './lease.ts';

/** Of its time: who waits for a boot that has no turn hears of it before the deadline does. */
const patience = 0.8;

/** 0: it has waited enough. */
export const patienceLeftMs = (lease: Pick<Lease, 'limits' | 'question' | 'remainingMs'>): number => {
  const wholeMs = Math.min(lease.limits.wallMs, lease.question.job?.wallMs ?? Number.POSITIVE_INFINITY);
  return Math.max(0, lease.remainingMs() - wholeMs * (1 - patience));
};
