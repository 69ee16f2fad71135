// Whether a listener has had its turn. Pure; what ran and failed has had it: it is on the ledger, and a second turn would double what it did.
import type { ErrorCode } from '../errors.ts';
import type { Verdict } from '../jobs/job.ts';
import type { CarriedOutcome } from './turn.ts';

/** The host's own reasons for which nothing of it ran. No guest's error has such a code. */
const notRun: ReadonlySet<string> = new Set(['ERR_CAPACITY_EXCEEDED', 'ERR_EXTENSION_UNAVAILABLE'] satisfies readonly ErrorCode[]);

/** The same, and no fault of the job's: it waits until the host can. */
const notNow: ReadonlySet<string> = new Set([
  'ERR_EXTENSION_PARKED',
  'ERR_QUOTA_EXCEEDED',
  'ERR_LEDGER_UNAVAILABLE',
  'ERR_TENANT_UNAVAILABLE',
] satisfies readonly ErrorCode[]);

export const decideVerdict = ({ outcome, waited }: CarriedOutcome): Verdict => {
  if (outcome.kind === 'done') return { kind: 'done' };
  const { code, message } = outcome.error;
  if (code === 'ERR_RUNTIME_CLOSED') return { kind: 'pass', reason: message, begun: !waited };
  if (notNow.has(code)) return { kind: 'wait', reason: `${code}: ${message}` };
  if (notRun.has(code) || (code === 'ERR_DEADLINE_EXCEEDED' && waited)) return { kind: 'again', reason: `${code}: ${message}` };
  return { kind: 'done' };
};
