// A ledger entry for what the host itself asked the policies: requests, headers, listeners. Must never stand for a call that a guest made.
import type { LeaseRecord } from './call-lease.ts';
import type { Verdict } from './verdict.ts';

/** One entry where it goes on and would be denied, else none; with `always`, in any case. No guest's call stands behind it: its number is 0. */
export const noteOf = (
  capability: string,
  method: string,
  args: Readonly<Record<string, unknown>>,
  { decision, rule, candidate }: Verdict,
  always = false,
): readonly LeaseRecord[] => {
  if (decision !== 'would-deny' && !always) return [];
  const reported = candidate === undefined ? {} : { candidate };
  return [{ kind: 'call.start', call: 0, capability, method, args, digest: '', decision, rule, ...reported }];
};
