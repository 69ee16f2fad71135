// Opens the ledger: one chain, a ring in memory and, where asked for, files, a table and a function that get every entry. Must never take an entry it cannot keep.
import { CloisterError } from '../errors.ts';
import { openBatchSink } from './batch-sink.ts';
import { ledgerBounds } from './bounds.ts';
import { makeEntriesTarget, type OnEntries } from './entries-target.ts';
import type { Ledger, LedgerEntry, LedgerHead, LedgerRecord } from './entry.ts';
import { type LedgerFile, openLedgerFile } from './ledger-file.ts';
import { genesis, makeAsciiJson, makeLine } from './line.ts';
import { readLedger } from './read-ledger.ts';
import { makeRing } from './ring.ts';
import { openSink, type Sink } from './sink.ts';
import { type Connect, type LedgerTable, openLedgerTable } from './table-target.ts';
import { fragmentDigest } from './tail.ts';

export interface LedgerOptions {
  /** null: no file. With no table either, the chain ends with the process. */
  readonly file: string | null;
  /** The file is put away under a name of its own once it has so many bytes, and the chain goes on in a new one. null: never. */
  readonly rotateBytes?: number | null;
  /** Milliseconds to wait for another writer of the file to close it; else it is refused at once. */
  readonly waitMs?: number;
  /** The entries in a table as well; where the table's chain is behind the file's, it is given what it lacks. */
  readonly table?: { readonly connect: Connect; readonly chain: string } | null;
  /** The embedder's own function as well. It gets what is written from now on. */
  readonly onEntries?: OnEntries | null;
  /** {@link Ledger.kept} waits; false: it never does. */
  readonly writeAhead?: boolean;
  /** How many entries {@link Ledger.recent} has. */
  readonly ringSize: number;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

const tornRecord = (fragment: string): LedgerRecord => ({
  kind: 'life',
  event: 'ledger.torn',
  extension: '',
  version: '',
  artifact: '',
  tenant: '',
  request: '',
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

/** `keeper`: the sink whose entries outlive the process. */
const makeLedger = (
  sinks: readonly Sink[],
  keeper: Sink | null,
  start: LedgerHead,
  options: LedgerOptions,
  release: () => Promise<void>,
): Ledger => {
  const ring = makeRing(options.ringSize);
  const stamp = makeStamp(options.clock ?? Date.now);
  let head = start;
  let closing: Promise<void> | null = null;

  const end = async (): Promise<void> => {
    // Each has its own trouble: one that fails must not keep another from its last entries.
    const ended = await Promise.allSettled(sinks.map((sink) => sink.end()));
    await release();
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  };

  const check = (): void => {
    if (closing !== null) throw new CloisterError('ERR_LEDGER_UNAVAILABLE', 'the ledger is closed: nothing may happen after it');
    for (const sink of sinks) sink.check();
  };

  return {
    check,
    append(record) {
      if (record.kind === 'request.end' && closing === null) for (const sink of sinks) sink.checkRoom();
      else check();
      const made = makeLine(record, head, stamp());
      for (const sink of sinks) sink.push(`${made.line}\n`);
      head = made.head;
      ring.push(made.line);
    },
    recent: () => ring.list().map((line) => JSON.parse(line) as LedgerEntry),
    head: () => head,
    flush: async () => {
      await Promise.all(sinks.map((sink) => sink.flush()));
    },
    writesAhead: keeper !== null,
    kept: () => keeper?.flush() ?? null,
    close() {
      closing ??= end();
      return closing;
    },
  };
};

const same = (left: LedgerHead, right: LedgerHead): boolean => left.sequence === right.sequence && left.hash === right.hash;

/** A host that was killed wrote its file a moment further than its table: the table gets the rest from there. */
const catchUp = async (file: string, table: LedgerTable, head: LedgerHead): Promise<void> => {
  const behind = table.head;
  let met = same(behind, genesis);
  let batch: string[] = [];
  for await (const entry of readLedger(file)) {
    if (met) batch.push(makeAsciiJson(entry));
    met ||= same(behind, entry);
    if (batch.length < ledgerBounds.batchLines.value) continue;
    await table.write(batch);
    batch = [];
  }
  await table.write(batch);
  if (met && same(table.head, head)) return;
  throw new CloisterError(
    'ERR_LEDGER_UNAVAILABLE',
    `${table.name} has a chain that stands at entry ${String(behind.sequence)}, and the file ${JSON.stringify(file)} one that does not go on from there; give this host a chain of its own (ledger.table.chain), or the file that belongs to it`,
  );
};

/** Where the chain goes on: the file is written before the table, so it knows best. A new file beside an old table goes on from the table. */
const openTable = async (options: LedgerOptions, file: LedgerFile | null): Promise<LedgerTable | null> => {
  if (options.table === undefined || options.table === null) return null;
  const table = await openLedgerTable(options.table.connect, options.table.chain);
  try {
    const head = file?.tail.head ?? genesis;
    if (options.file !== null && !same(head, genesis) && !same(head, table.head)) await catchUp(options.file, table, head);
    return table;
  } catch (error) {
    await table.close();
    throw error;
  }
};

/** Continues the chain of an existing file or table; throws ERR_LEDGER_UNAVAILABLE for one that is not ours, was edited at its end, or cannot be written. */
export const openLedger = async (options: LedgerOptions): Promise<Ledger> => {
  const file = options.file === null ? null : await openLedgerFile(options.file, options.rotateBytes ?? null, options.waitMs);
  try {
    const table = await openTable(options, file);
    const fileSink = file === null ? null : openSink(file, options.clock ?? Date.now);
    const tableSink = table === null ? null : openBatchSink(table);
    const { onEntries = null, writeAhead = true } = options;
    const sinks = [fileSink, tableSink, onEntries === null ? null : openBatchSink(makeEntriesTarget(onEntries))].filter(
      (sink) => sink !== null,
    );
    const keeper = writeAhead ? (fileSink ?? tableSink) : null;
    const tail = file?.tail;
    const start = tail === undefined || same(tail.head, genesis) ? (table?.head ?? genesis) : tail.head;
    const ledger = makeLedger(sinks, keeper, start, options, async () => file?.close());
    if (tail?.open === true) fileSink?.push('\n');
    if (tail !== undefined && tail.fragment !== null) ledger.append(tornRecord(tail.fragment));
    await ledger.flush();
    return ledger;
  } catch (error) {
    await file?.close();
    throw error;
  }
};
