// Hands the ledger's lines in batches to something that may fail: a table, a function of the embedder's. Must never drop a line it took, change the order, or hold more than its bound.
import { CloisterError } from '../errors.ts';
import { ledgerBounds } from './bounds.ts';
import type { Sink } from './sink.ts';
import { makeWaiters } from './waiters.ts';

export interface BatchTarget {
  /** In messages: `the table cloister.ledger`. */
  readonly name: string;
  /** Takes lines, without newlines, in order. Rejects when it could not keep them all: the same lines come again. */
  write(lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** What a target rejects with when trying again is of no use. */
export class TargetBrokenError extends Error {}

const unavailable = (reason: string, cause?: unknown): CloisterError =>
  new CloisterError('ERR_LEDGER_UNAVAILABLE', reason, {}, cause === undefined ? {} : { cause });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const openBatchSink = (target: BatchTarget): Sink => {
  const lines: string[] = [];
  let pendingBytes = 0;
  let failure: CloisterError | null = null;
  let broken = false;
  let ending = false;
  let acceptedLines = 0;
  let writtenLines = 0;
  /** By lines written. */
  const waiters = makeWaiters(target.name);
  /** Set while entries gather. */
  let hurry: (() => void) | null = null;
  /** The batch under way; settles, never rejects, when it was kept or refused. */
  let attempt: Promise<void> | null = null;

  const gather = (): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        hurry = null;
        resolve();
      };
      const timer = setTimeout(done, ledgerBounds.batchMs.value);
      hurry = done;
    });

  const writeBatch = async (): Promise<void> => {
    // A ledger writes thousands of lines a second: one by one, each would cost a round trip.
    if (!ending && !waiters.any) await gather();
    const batch = lines.slice(0, ledgerBounds.batchLines.value);
    try {
      await target.write(batch);
      lines.splice(0, batch.length);
      pendingBytes -= batch.reduce((sum, line) => sum + line.length, 0);
      failure = null;
      writtenLines += batch.length;
      waiters.written(writtenLines);
    } catch (error) {
      broken = error instanceof TargetBrokenError;
      failure = unavailable(
        `${target.name} does not take the ledger's entries (${messageOf(error)})${broken ? '' : `; they are kept and tried again every ${String(ledgerBounds.retryMs.value)} ms`}`,
        error,
      );
      waiters.fail(failure);
    }
  };

  const goOn = (): void => {
    attempt = null;
    if (lines.length === 0 || broken || ending) return;
    if (failure === null) start();
    else setTimeout(() => attempt ?? start(), ledgerBounds.retryMs.value).unref();
  };

  const start = (): void => {
    if (broken || lines.length === 0) return;
    attempt = writeBatch().then(goOn);
  };

  const flush = (): Promise<void> => {
    if (lines.length === 0) return Promise.resolve();
    if (failure !== null) return Promise.reject(failure);
    const written = waiters.until(acceptedLines);
    hurry?.();
    if (attempt === null) start();
    return written;
  };

  const checkRoom = (): void => {
    if (broken && failure !== null) throw failure;
    if (pendingBytes < ledgerBounds.pendingBytes.value) return;
    throw unavailable(
      `${target.name} is ${String(pendingBytes)} bytes behind the ledger, more than ${String(ledgerBounds.pendingBytes.value)}: make it faster, or send fewer requests`,
    );
  };

  return {
    check() {
      if (failure !== null) throw failure;
      checkRoom();
    },
    checkRoom,
    push(text) {
      const line = text.endsWith('\n') ? text.slice(0, -1) : text;
      // A newline by itself ends another sink's torn line.
      if (line === '') return;
      lines.push(line);
      acceptedLines += 1;
      pendingBytes += line.length;
      if (attempt === null && failure === null) start();
    },
    flush,
    async end() {
      ending = true;
      hurry?.();
      await attempt;
      // One last try for what was refused.
      if (!broken) failure = null;
      try {
        while (lines.length > 0 && failure === null) await writeBatch();
        if (failure !== null)
          throw unavailable(`${String(lines.length)} entries are lost to ${target.name}: ${messageOf(failure)}`, failure);
      } finally {
        await target.close();
      }
    },
  };
};
