// Reads a ledger's entries back, over all its files. Must never take a line whose own hash does not hold for an entry.
import { createReadStream } from 'node:fs';
import type { LedgerEntry } from './entry.ts';
import { parseLine } from './line.ts';
import { findRotated, listLedgerFiles } from './rotation.ts';
import { fragmentBytes } from './tail.ts';

/** What stands in a ledger that is not an entry: what a killed writer left, or an edit. `cloister audit verify` tells which. */
export interface UnreadableLine {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Entries of the file from a byte on; `onUnreadable` hears of the rest. Rejects where the file cannot be read. */
export async function* readEntries(file: string, onUnreadable: (line: UnreadableLine) => void, start = 0): AsyncGenerator<LedgerEntry> {
  let carry = '';
  let line = 0;
  for await (const chunk of createReadStream(file, { encoding: 'latin1', start })) {
    const lines = (carry + String(chunk)).split('\n');
    carry = lines.pop() ?? '';
    for (const text of lines) {
      line += 1;
      const link = parseLine(text);
      if (link === null) onUnreadable({ file, line });
      else yield link.fields as unknown as LedgerEntry;
    }
    if (carry.length <= fragmentBytes) continue;
    carry = '';
    onUnreadable({ file, line: line + 1 });
  }
  if (carry === '') return;
  const link = parseLine(carry);
  if (link === null) onUnreadable({ file, line: line + 1 });
  else yield link.fields as unknown as LedgerEntry;
}

/** Every entry of the ledger, oldest first. */
export async function* readLedger(
  file: string,
  onUnreadable: (line: UnreadableLine) => void = () => undefined,
): AsyncGenerator<LedgerEntry> {
  for (const one of await listLedgerFiles(file)) {
    try {
      yield* readEntries(one, onUnreadable);
    } catch (error) {
      // Put away, and the next one not begun yet.
      const isNext = one === file && (await findRotated(file)).length > 0;
      if (!isNext || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
