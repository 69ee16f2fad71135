// Folds what is repeated: the first is kept at once, the rest as a count. Must never keep the first of anything back, nor lose count of the rest.
import { ledgerBounds } from './bounds.ts';

interface Repeated<Record> {
  readonly record: Record;
  /** Since the last entry of it. */
  since: number;
  /** So many in all are the next to be written: ten, a hundred, a thousand… */
  next: number;
  total: number;
}

export interface Fold<Record> {
  /** Writes it, or counts it where one like it was written. Throws what `write` throws for a first one. */
  add(record: Record): void;
  /** Writes what was counted, and begins anew. */
  flush(): void;
}

/** `keyOf` says which records are alike. `others` makes one that stands for all that there is no room to tell apart. */
export const makeFold = <Record extends object>(
  write: (record: Record & { readonly repeats?: number }) => void,
  keyOf: (record: Record) => string,
  others: (record: Record) => Record,
): Fold<Record> => {
  const known = new Map<string, Repeated<Record>>();

  const writeCount = (one: Repeated<Record>): void => {
    const { since } = one;
    one.since = 0;
    if (since > 0) write({ ...one.record, repeats: since });
  };

  const addAs = (key: string, record: Record): void => {
    const one = known.get(key);
    if (one === undefined) {
      write(record);
      known.set(key, { record, since: 0, next: 10, total: 1 });
      return;
    }
    one.since += 1;
    one.total += 1;
    if (one.total < one.next) return;
    one.next *= 10;
    writeCount(one);
  };

  return {
    add(record) {
      const key = keyOf(record);
      if (known.has(key) || known.size < ledgerBounds.foldedKinds.value) return addAs(key, record);
      const other = others(record);
      addAs(keyOf(other), other);
    },
    flush() {
      const all = [...known.values()];
      known.clear();
      for (const one of all) writeCount(one);
    },
  };
};
