// The file a ledger is written to: opened where its chain stopped, put away when it is full. Must never begin a second chain beside one that is there.
import { type FileHandle, open, realpath, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError } from '../errors.ts';
import { type Hold, type Holder, tryHold } from './hold.ts';
import { findRotated, hasTwoNames, putAway } from './rotation.ts';
import type { SinkFile } from './sink.ts';
import { readTail, type Tail } from './tail.ts';

export interface LedgerFile extends SinkFile {
  /** Where the chain stood when it was opened. */
  readonly tail: Tail;
  close(): Promise<void>;
}

const refuse = (file: string, cause: string, remedy: string, error?: unknown): CloisterError =>
  new CloisterError(
    'ERR_LEDGER_UNAVAILABLE',
    `the ledger file ${JSON.stringify(file)} cannot be used: ${cause}; ${remedy}`,
    {},
    error === undefined ? {} : { cause: error },
  );

const refuseError = (file: string, error: unknown): CloisterError =>
  refuse(
    file,
    error instanceof Error ? error.message : String(error),
    'create its folder and let this process write there, or name another file',
    error,
  );

const openFile = async (file: string): Promise<FileHandle> => {
  try {
    return await open(file, 'a+', 0o600);
  } catch (error) {
    throw refuseError(file, error);
  }
};

/** One lock for a file under whatever name it goes. */
const findLock = async (file: string): Promise<string> => {
  const known = await realpath(file).catch(() => null);
  return `${known ?? join(await realpath(dirname(file)), basename(file))}.lock`;
};

/** Looked for again this often by whoever waits. */
const pollMs = 20;

/** Two writers of one file would make a chain that does not verify: whoever comes second is refused before it writes. */
const holdFile = async (file: string, waitMs: number): Promise<Hold> => {
  const take = async (): Promise<readonly [lock: string, taken: Hold | Holder]> => {
    try {
      const lock = await findLock(file);
      return [lock, tryHold(lock)];
    } catch (error) {
      throw refuseError(file, error);
    }
  };
  for (const until = Date.now() + waitMs; ; await sleep(pollMs)) {
    const [lock, taken] = await take();
    if ('release' in taken) return taken;
    if (Date.now() < until) continue;
    throw refuse(
      file,
      `process ${String(taken.pid)} writes it (${lock})`,
      'end that process first, or give this one a ledger file of its own; remove the lock only where no such process writes it',
    );
  }
};

const readFile = async (file: string, handle: FileHandle): Promise<{ readonly tail: Tail; readonly sizeBytes: number }> => {
  const stats = await handle.stat();
  if (!stats.isFile()) throw refuse(file, 'it is not a regular file', 'name a file');
  const tail = await readTail(handle, stats.size);
  if (typeof tail === 'string') throw refuse(file, tail, 'check it with `cloister audit verify`, move it away and start again');
  // An older file may have been made wider by hand or by a copy.
  await handle.chmod(0o600);
  return { tail, sizeBytes: stats.size };
};

/** The chain of a ledger whose latest file was put away and whose next one was never begun: it goes on from there. */
const readEarlier = async (file: string): Promise<Tail | null> => {
  const last = (await findRotated(file)).at(-1);
  if (last === undefined) return null;
  const handle = await open(last, 'r');
  try {
    const tail = await readTail(handle, (await handle.stat()).size);
    if (typeof tail === 'string') throw refuse(last, tail, 'check it with `cloister audit verify`, or move it away');
    if (tail.fragment !== null) throw refuse(last, 'it ends in no entry', 'check it with `cloister audit verify`, or move it away');
    return { ...tail, open: false };
  } finally {
    await handle.close();
  }
};

const finishPuttingAway = async (file: string): Promise<void> => {
  if (await hasTwoNames((await findRotated(file)).at(-1), file)) await unlink(file);
};

const closeSafely = async (handle: FileHandle): Promise<void> => {
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
};

const openHeld = async (file: string, rotateBytes: number | null, hold: Hold): Promise<LedgerFile> => {
  await finishPuttingAway(file);
  let handle = await openFile(file);
  let isAway = false;
  try {
    const first = await readFile(file, handle);
    let sizeBytes = first.sizeBytes;
    const tail = (sizeBytes === 0 ? await readEarlier(file) : null) ?? first.tail;
    const beginNext = async (): Promise<void> => {
      await handle.datasync();
      // Tried again after it failed half way, the file has its new name already.
      if (!isAway) await putAway(file);
      isAway = true;
      const full = handle;
      handle = await openFile(file);
      isAway = false;
      sizeBytes = 0;
      await full.close();
    };
    let underWay: Promise<void> = Promise.resolve();
    /** What was written last may have filled the file: the next one is not left open, nor put beside a lock that another holds by then. */
    const close = async (): Promise<void> => {
      try {
        await underWay.catch(() => undefined);
        await closeSafely(handle);
      } finally {
        hold.release();
      }
    };
    return {
      tail,
      rotateBytes,
      get fd() {
        return handle.fd;
      },
      get sizeBytes() {
        return sizeBytes;
      },
      next() {
        underWay = beginNext();
        return underWay;
      },
      close,
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
};

/** Throws ERR_LEDGER_UNAVAILABLE for a file that is not ours, was edited at its end, cannot be written, or has another writer for longer than `waitMs`. */
export const openLedgerFile = async (file: string, rotateBytes: number | null, waitMs = 0): Promise<LedgerFile> => {
  // Nothing is put beside a device or a folder.
  const stats = await stat(file).catch(() => null);
  if (stats !== null && !stats.isFile()) throw refuse(file, 'it is not a regular file', 'name a file');
  const hold = await holdFile(file, waitMs);
  try {
    return await openHeld(file, rotateBytes, hold);
  } catch (error) {
    hold.release();
    throw error;
  }
};
