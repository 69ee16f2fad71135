// The budgets of one request, spent call by call. Must never let one through that is over.
import { CloisterError, type ErrorCode } from '../errors.ts';
import { bridgeBounds } from './bounds.ts';
import type { CallLease } from './call-lease.ts';
import type { MethodContract } from './capability.ts';

/** Refused without a word: a flood must not become one of records. */
export const suppressed = new CloisterError('ERR_LOG_EXCEEDED', 'The request has gone over logLines or logBytes before.');

/** One budget each: calls and pending for what is answered, lines and bytes for what is not. */
export const spend = (lease: CallLease, method: MethodContract, bytes: number, isNested: boolean): void => {
  const { limits } = lease;
  if (method.step === true) {
    lease.steps += 1;
    const { value: steps } = bridgeBounds.steps;
    if (lease.steps > steps)
      throw new CloisterError('ERR_CALLS_EXCEEDED', `The request took more than ${steps} steps.`, { limit: 'steps', allowed: steps });
    return;
  }
  if (method.reply) {
    lease.calls += 1;
    if (lease.calls > limits.hostCalls) throw exceeded(lease, 'ERR_CALLS_EXCEEDED', 'hostCalls', limits.hostCalls, lease.calls);
    // The call that causes a nested one is pending already, and makes one at a time.
    if (!isNested && lease.pending >= limits.callsPending)
      throw exceeded(lease, 'ERR_CALLS_EXCEEDED', 'callsPending', limits.callsPending, lease.pending + 1);
    return;
  }
  if (method.note === true) {
    lease.notes += 1;
    if (lease.notes > bridgeBounds.notes.value) throw suppressed;
    return;
  }
  lease.logLines += 1;
  lease.logBytes += bytes;
  if (lease.logLines > limits.logLines) throw exceeded(lease, 'ERR_LOG_EXCEEDED', 'logLines', limits.logLines, lease.logLines);
  if (lease.logBytes > limits.logBytes) throw exceeded(lease, 'ERR_LOG_EXCEEDED', 'logBytes', limits.logBytes, lease.logBytes);
};

export const exceeded = (
  lease: CallLease,
  code: ErrorCode,
  limit: 'cpuMs' | 'hostCalls' | 'callsPending' | 'callBytes' | 'logLines' | 'logBytes',
  allowed: number,
  used: number,
): CloisterError => {
  lease.record({ kind: 'limit', limit, allowed, used });
  return new CloisterError(code, `The request went over the limit ${limit} (${allowed}).`, { limit, allowed });
};
