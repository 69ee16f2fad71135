// A ledger for hosts whose operator said: rather answer without a record than not at all. Must never hide that something is missing: the next entry that can be kept says how much.
import { CloisterError } from '../errors.ts';
import type { Ledger, LedgerRecord } from './entry.ts';

const gapRecord = (lost: number): LedgerRecord => ({
  kind: 'life',
  event: 'ledger.gap',
  extension: '',
  version: '',
  artifact: '',
  tenant: '',
  request: '',
  subject: String(lost),
  reason: `the ledger could not be written, and ledger.onFailure is "continue": ${lost} entries before this one are missing`,
});

/** `onLost` hears of each entry that could not be kept, and of each that nobody waits for any longer. */
export const makeForgivingLedger = (ledger: Ledger, onLost: (error: unknown) => void): Ledger => {
  let lost = 0;
  return {
    ...ledger,
    check: () => undefined,
    kept: () => ledger.kept()?.catch(onLost) ?? null,
    append(record) {
      try {
        if (lost > 0) {
          ledger.append(gapRecord(lost));
          lost = 0;
        }
        ledger.append(record);
      } catch (error) {
        if (!(error instanceof CloisterError) || error.code !== 'ERR_LEDGER_UNAVAILABLE') throw error;
        lost += 1;
        onLost(error);
      }
    },
  };
};
