// What the ledger says that an extension used. Must never count a call that was denied.
import type { LedgerEntry } from '../ledger/entry.ts';

export interface Used {
  readonly count: number;
  /** ISO 8601. */
  readonly last: string;
}

/** Capability → word (a rule, or a name among the arguments) → how often; the empty word stands for the capability itself. */
export type Usage = ReadonlyMap<string, ReadonlyMap<string, Used>>;

/** A guest's names could fill it: what comes after that many words of a capability is counted for the capability alone. */
const maxWords = 10_000;

const wordsOf = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
};

export const readUsage = async (entries: AsyncIterable<LedgerEntry> | Iterable<LedgerEntry>, id: string): Promise<Usage> => {
  const usage = new Map<string, Map<string, Used>>();
  for await (const entry of entries) {
    if (entry.kind !== 'call.start' || entry.extension !== id || entry.decision === 'deny') continue;
    const words = usage.get(entry.capability) ?? new Map<string, Used>();
    usage.set(entry.capability, words);
    for (const word of new Set(['', ...entry.rule.split(' '), ...Object.values(entry.args).flatMap(wordsOf)])) {
      if (words.size >= maxWords && !words.has(word)) continue;
      words.set(word, { count: (words.get(word)?.count ?? 0) + 1, last: entry.time });
    }
  }
  return usage;
};
