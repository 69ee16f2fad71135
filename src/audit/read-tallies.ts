// One pass over a ledger: a tally for each extension. Must never hold more than the tallies.
import type { LedgerEntry } from '../ledger/entry.ts';
import type { Learnings } from './lines.ts';
import { ExtensionTally } from './tally.ts';

export interface TallyFilter {
  readonly extension?: string;
  readonly tenant?: string;
  /** Milliseconds since 1970. What an extension was given counts from whichever time. */
  readonly sinceMs?: number;
}

const maxExtensions = 10_000;

export const readTallies = async (
  entries: AsyncIterable<LedgerEntry>,
  learnings: Learnings,
  { extension, tenant, sinceMs }: TallyFilter = {},
): Promise<ReadonlyMap<string, ExtensionTally>> => {
  const tallies = new Map<string, ExtensionTally>();
  for await (const entry of entries) {
    const id = entry.extension;
    if (id === '' || (extension !== undefined && id !== extension)) continue;
    const known = tallies.get(id);
    if (known === undefined && tallies.size >= maxExtensions) continue;
    const tally = known ?? new ExtensionTally(learnings);
    if (known === undefined) tallies.set(id, tally);
    if (entry.kind === 'life') tally.takeLoad(entry);
    else if ((tenant === undefined || entry.tenant === tenant) && (sinceMs === undefined || Date.parse(entry.time) >= sinceMs))
      tally.take(entry);
  }
  return tallies;
};
