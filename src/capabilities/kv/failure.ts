// What an extension learns of a store that failed: that, and whether to try again. Must never pass on what the server said.
import { CloisterError } from '../../errors.ts';

/** Gone, going, full, or too busy for the time there is: the same call may succeed later. */
const passing = /^(?:08|53|57|40|55P03)/;

const unavailable = (message: string, cause?: unknown): CloisterError =>
  new CloisterError('ERR_DATABASE_UNAVAILABLE', message, {}, cause === undefined ? {} : { cause });

export const makeBusyFailure = (): CloisterError => unavailable('kv: too many calls wait for the store');
export const makeWaitFailure = (): CloisterError => unavailable('kv: no connection became free in time');
export const leaseOver = (): CloisterError => new CloisterError('ERR_LEASE_OVER', 'the request ended while the store worked for it');

export const makeFailure = (error: unknown): CloisterError => {
  // The host's connection says ERR_DATABASE_UNSAFE of a server that it cannot reach.
  if (error instanceof CloisterError && error.code !== 'ERR_DATABASE_UNSAFE') return error;
  const code = error instanceof Error && 'severity' in error && 'code' in error ? String(error.code) : '08006';
  if (passing.test(code)) return unavailable('kv: the database cannot be reached, or is too busy', error);
  return new CloisterError('ERR_DATABASE_FAILED', 'kv: the database refused the statement', { sqlState: code }, { cause: error });
};
