// What becomes of a job after an attempt. Pure; must never let one come again for ever.
import { jobBounds } from './bounds.ts';
import type { Claimed, Settlement, Verdict } from './job.ts';

/** How often what, until when: the bounds, or less of them in a test. */
export interface RetryTerms {
  readonly attempts: number;
  readonly backOffMs: number;
  readonly passMs: number;
}

export const defaultTerms: RetryTerms = {
  attempts: jobBounds.attempts.value,
  backOffMs: jobBounds.backOffMs.value,
  passMs: jobBounds.passMs.value,
};

const cut = (reason: string): string => reason.slice(0, jobBounds.reasonChars.value).toWellFormed().replaceAll('\0', '');

export const decideSettlement = (
  verdict: Verdict,
  { attempt, ageMs }: Pick<Claimed, 'attempt' | 'ageMs'>,
  { attempts, backOffMs, passMs }: RetryTerms,
): Settlement => {
  switch (verdict.kind) {
    case 'done':
      return { kind: 'done', spend: verdict.spend ?? null };
    case 'dead':
      return { kind: 'dead', reason: cut(verdict.reason) };
    case 'pass':
      return { kind: 'again', delayMs: passMs, counts: false, reason: cut(verdict.reason) };
    case 'wait': {
      if (ageMs > jobBounds.unclaimedMs.value) return { kind: 'dead', reason: cut(`not in time: ${verdict.reason}`) };
      // As long again as it has waited so far.
      const delayMs = Math.min(Math.max(backOffMs, ageMs), jobBounds.mostBackOffMs.value);
      return { kind: 'again', delayMs, counts: false, reason: cut(verdict.reason) };
    }
    case 'again': {
      if (attempt >= attempts) return { kind: 'dead', reason: cut(`after ${String(attempt)} attempts: ${verdict.reason}`) };
      const delayMs = Math.min(backOffMs * 4 ** (attempt - 1), jobBounds.mostBackOffMs.value);
      return { kind: 'again', delayMs, counts: true, reason: cut(verdict.reason) };
    }
  }
};
