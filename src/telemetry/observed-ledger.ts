// A ledger that others look over the shoulder of. Must never count what the ledger did not take.
import type { Ledger, LedgerRecord } from '../ledger/entry.ts';

export interface LedgerObserver {
  take(record: LedgerRecord): void;
}

export const makeObservedLedger = (ledger: Ledger, given: readonly (LedgerObserver | null)[]): Ledger => {
  const observers = given.filter((observer) => observer !== null);
  if (observers.length === 0) return ledger;
  return {
    ...ledger,
    append(record) {
      ledger.append(record);
      for (const observer of observers) observer.take(record);
    },
  };
};
