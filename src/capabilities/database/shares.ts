// What one request may take of the database in all its calls together. Must never be counted by the guest, nor forget a lease that still lives.
import type { Caller } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { makeLimitFailure } from './failure.ts';
import type { ResolvedGrant } from './grant.ts';

export interface Shares {
  /** One more statement; throws where that is one too many, or the rows are used up. */
  takeCall(caller: Caller): void;
  /** Rows read or changed; throws where they were too many, and what was read is not answered then. */
  takeRows(caller: Caller, rows: number): void;
}

export const makeShares = ({ callsPerRequest, rowsPerRequest }: Pick<ResolvedGrant, 'callsPerRequest' | 'rowsPerRequest'>): Shares => {
  /** By lease: what is no longer held by anybody needs no cap. */
  const used = new WeakMap<Caller, { calls: number; rows: number }>();
  const of = (caller: Caller): { calls: number; rows: number } => {
    const known = used.get(caller);
    if (known !== undefined) return known;
    const fresh = { calls: 0, rows: 0 };
    used.set(caller, fresh);
    return fresh;
  };
  return {
    takeCall(caller) {
      const share = of(caller);
      share.calls += 1;
      if (share.calls > callsPerRequest) {
        throw new CloisterError(
          'ERR_CALLS_EXCEEDED',
          `The request made more statements than callsPerRequest (${String(callsPerRequest)}).`,
          {
            limit: 'callsPerRequest',
            allowed: callsPerRequest,
          },
        );
      }
      if (share.rows > rowsPerRequest) throw makeLimitFailure('rowsPerRequest', rowsPerRequest);
    },
    takeRows(caller, rows) {
      const share = of(caller);
      share.rows += rows;
      if (share.rows > rowsPerRequest) throw makeLimitFailure('rowsPerRequest', rowsPerRequest);
    },
  };
};
