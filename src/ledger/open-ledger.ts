// Opens the ledger: one chain, a ring in memory and, where asked for, one file that only grows. Must never take an entry it cannot keep.
import { CloisterError } from '../errors.ts';
import type { Ledger, LedgerEntry, LedgerHead, LedgerRecord } from './entry.ts';
import { openLedgerFile } from './ledger-file.ts';
import { genesis, makeLine } from './line.ts';
import { makeRing } from './ring.ts';
import { openSink, type Sink } from './sink.ts';
import { fragmentDigest } from './tail.ts';

export interface LedgerOptions {
  /** null keeps the ring only: the chain then ends with the process. */
  readonly file: string | null;
  /** The file is put away under a name of its own once it has so many bytes, and the chain goes on in a new one. null: never. */
  readonly rotateBytes?: number | null;
  /** How many entries {@link Ledger.recent} has. */
  readonly ringSize: number;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

const tornRecord = (fragment: string): LedgerRecord => ({
  kind: 'life',
  event: 'ledger.torn',
  extension: '',
  tenant: '',
  subject: fragmentDigest(fragment),
  reason: `the writer before this one was ended in the middle of a line: ${fragment.length} bytes`,
});

/** toISOString() costs as much as the hash; two entries of one millisecond share it. */
const makeStamp = (clock: () => number): (() => string) => {
  let atMs = Number.NaN;
  let text = '';
  return () => {
    const nowMs = clock();
    if (nowMs === atMs) return text;
    atMs = nowMs;
    text = new Date(nowMs).toISOString();
    return text;
  };
};

const makeLedger = (sink: Sink | null, start: LedgerHead, options: LedgerOptions, release: () => Promise<void>): Ledger => {
  const ring = makeRing(options.ringSize);
  const stamp = makeStamp(options.clock ?? Date.now);
  let head = start;
  let closing: Promise<void> | null = null;

  const end = async (): Promise<void> => {
    try {
      await sink?.end();
    } finally {
      await release();
    }
  };

  return {
    append(record) {
      if (closing !== null) throw new CloisterError('ERR_LEDGER_UNAVAILABLE', 'the ledger is closed: nothing may happen after it');
      sink?.check();
      const made = makeLine(record, head, stamp());
      sink?.push(`${made.line}\n`);
      head = made.head;
      ring.push(made.line);
    },
    recent: () => ring.list().map((line) => JSON.parse(line) as LedgerEntry),
    head: () => head,
    flush: async () => sink?.flush(),
    close() {
      closing ??= end();
      return closing;
    },
  };
};

/** Continues the chain of an existing file; throws ERR_LEDGER_UNAVAILABLE for one that is not ours, was edited at its end, or cannot be written. */
export const openLedger = async (options: LedgerOptions): Promise<Ledger> => {
  if (options.file === null) return makeLedger(null, genesis, options, () => Promise.resolve());
  const file = await openLedgerFile(options.file, options.rotateBytes ?? null);
  try {
    const { tail } = file;
    const sink = openSink(file, options.clock ?? Date.now);
    const ledger = makeLedger(sink, tail.head, options, () => file.close());
    if (tail.open) sink.push('\n');
    if (tail.fragment !== null) ledger.append(tornRecord(tail.fragment));
    await ledger.flush();
    return ledger;
  } catch (error) {
    await file.close();
    throw error;
  }
};
