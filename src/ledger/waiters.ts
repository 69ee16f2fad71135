// Who waits until so much of a ledger is written. Must never leave anybody waiting for what is there, nor for a disk that says nothing.
import { CloisterError } from '../errors.ts';
import { ledgerBounds } from './bounds.ts';

export interface Waiters {
  /** Somebody waits: what gathers should not gather for long. */
  readonly any: boolean;
  /** Resolves once so much is written; marks only rise. Rejects with what {@link Waiters.fail} gives, or with ERR_LEDGER_UNAVAILABLE where nothing is written for too long: then at once, until something is. */
  until(mark: number): Promise<void>;
  written(mark: number): void;
  fail(error: CloisterError): void;
  /** Waits once more for what was given up. */
  again(): void;
}

interface Waiter {
  readonly mark: number;
  readonly resolve: () => void;
  readonly reject: (error: CloisterError) => void;
}

const makeStuck = (name: string): CloisterError =>
  new CloisterError(
    'ERR_LEDGER_UNAVAILABLE',
    `${name} has written nothing for ${String(ledgerBounds.stuckMs.value)} ms: look at what is below it`,
  );

/** `name` stands in the message: `the ledger file`. */
export const makeWaiters = (name: string): Waiters => {
  let waiting: Waiter[] = [];
  let timer: NodeJS.Timeout | undefined;
  /** Who comes while nothing moves must not wait as long as the first. */
  let stuck: CloisterError | null = null;

  const fail = (error: CloisterError): void => {
    clearTimeout(timer);
    const failed = waiting;
    waiting = [];
    for (const { reject } of failed) reject(error);
  };

  const giveUp = (): void => {
    stuck = makeStuck(name);
    fail(stuck);
  };

  const watch = (): void => {
    clearTimeout(timer);
    if (waiting.length === 0) return;
    timer = setTimeout(giveUp, ledgerBounds.stuckMs.value);
    timer.unref();
  };

  return {
    get any() {
      return waiting.length > 0;
    },
    until(mark) {
      if (stuck !== null) return Promise.reject(stuck);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ mark, resolve, reject });
      if (waiting.length === 1) watch();
      return promise;
    },
    written(mark) {
      stuck = null;
      const later = waiting.findIndex((waiter) => waiter.mark > mark);
      const due = waiting.splice(0, later < 0 ? waiting.length : later);
      for (const { resolve } of due) resolve();
      if (due.length > 0) watch();
    },
    fail,
    again() {
      stuck = null;
    },
  };
};
