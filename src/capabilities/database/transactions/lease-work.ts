// What one lease holds over several calls: transactions, streams, and statements it may cancel. Must never let one lease reach what another holds.
import type { CloisterError } from '../../../errors.ts';
import type { HeldStream } from './held-stream.ts';
import type { HeldTransaction } from './held-transaction.ts';

export class LeaseWork {
  /** Handles are numbers made here: a lease can only name what it was given itself. */
  readonly transactions = new Map<number, HeldTransaction>();
  readonly streams = new Map<number, HeldStream>();
  /** By the guest's own number: how to cancel a statement that runs. */
  readonly tagged = new Map<number, () => void>();
  #lastHandle = 0;

  nextHandle(): number {
    this.#lastHandle += 1;
    return this.#lastHandle;
  }

  end(reason: CloisterError): void {
    for (const transaction of this.transactions.values()) transaction.kill(reason);
    for (const stream of this.streams.values()) stream.kill(reason);
    this.transactions.clear();
    this.streams.clear();
    this.tagged.clear();
  }
}

/** Finds a lease's work by its signal, of which each lease has one of its own; it ends when that fires. */
export const makeLeaseWorks = (makeReason: () => CloisterError): ((signal: AbortSignal) => LeaseWork) => {
  const works = new WeakMap<AbortSignal, LeaseWork>();
  return (signal) => {
    let work = works.get(signal);
    if (work === undefined) {
      work = new LeaseWork();
      works.set(signal, work);
      const made = work;
      signal.addEventListener('abort', () => made.end(makeReason()), { once: true });
    }
    return work;
  };
};
