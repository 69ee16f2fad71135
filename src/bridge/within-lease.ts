// Waiting for the host's own side of a call no longer than its lease lasts. Must never end what it waits for: that hears of it by the signal.
import { CloisterError } from '../errors.ts';
import type { Caller } from './capability.ts';

export const leaseOver = (): CloisterError => new CloisterError('ERR_LEASE_OVER', 'The request this call belongs to has ended.');

/** What `run` does after its lease has ended reaches no extension. */
export const withinLease = <Result>({ signal }: Pick<Caller, 'signal'>, run: () => Promise<Result>): Promise<Result> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(leaseOver());
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    run()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
