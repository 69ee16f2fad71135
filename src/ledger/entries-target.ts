// The embedder's own function as a place for the ledger. Must never give it an entry twice once it took it, nor out of order.
import type { BatchTarget } from './batch-sink.ts';
import type { LedgerEntry } from './entry.ts';

/** Gets entries in order, some at a time. Rejecting means that none of them was kept: the same ones come again. */
export type OnEntries = (entries: readonly LedgerEntry[]) => void | Promise<void>;

export const makeEntriesTarget = (onEntries: OnEntries): BatchTarget => ({
  name: 'the function ledger.onEntries',
  write: async (lines) => onEntries(lines.map((line) => JSON.parse(line) as LedgerEntry)),
  close: () => Promise.resolve(),
});
