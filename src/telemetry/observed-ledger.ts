// A ledger that others look over the shoulder of. Must never count what the ledger did not take.
import type { Ledger, LedgerRecord } from '../ledger/entry.ts';

export const makeObservedLedger = (ledger: Ledger, observe: (record: LedgerRecord) => void): Ledger => ({
  ...ledger,
  append(record) {
    ledger.append(record);
    observe(record);
  },
});
