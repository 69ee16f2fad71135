// Writes lines to a file, in order, one write at a time, and to the next file when that one is full. Must never drop a line it took, and never take one it may not keep.
import { fstat, write } from 'node:fs';
import { CloisterError } from '../errors.ts';
import { ledgerBounds } from './bounds.ts';
import { makeWaiters } from './waiters.ts';

/** The file a sink writes to. Who opened it closes it. */
export interface SinkFile {
  /** Another one after {@link SinkFile.next}. */
  readonly fd: number;
  /** Its size when it was opened; null where it is not a regular file and cannot be checked for a second writer. */
  readonly sizeBytes: number | null;
  /** Begin the next file once this one has so many bytes; null: never. */
  readonly rotateBytes: number | null;
  /** Puts the full file away, closed, and opens an empty one in its place. Rejects when it cannot: then the old one goes on. */
  next(): Promise<void>;
}

export interface Sink {
  /** Throws ERR_LEDGER_UNAVAILABLE when the disk refuses or is too far behind. */
  check(): void;
  /** The same, but for a disk that refuses for now: what was refused is tried again, and this after it. */
  checkRoom(): void;
  /** Takes text that {@link Sink.check} or {@link Sink.checkRoom} just let pass. ASCII: characters are bytes. */
  push(text: string): void;
  /** Resolves when all that was taken so far is written, and sees to it that this is soon. */
  flush(): Promise<void>;
  /** One last try for what is pending. */
  end(): Promise<void>;
}

const unavailable = (reason: string, cause?: unknown): CloisterError =>
  new CloisterError('ERR_LEDGER_UNAVAILABLE', reason, {}, cause === undefined ? {} : { cause });

export const openSink = (file: SinkFile, clock: () => number): Sink => {
  let waiting: string[] = [];
  let rest: Buffer | null = null;
  let pendingBytes = 0;
  let acceptedBytes = 0;
  let writtenBytes = 0;
  /** Of {@link writtenBytes}, those in earlier files. */
  let earlierBytes = 0;
  let rotateAgainMs = 0;
  /** A write or a check is under way or about to be: never two. */
  let busy = false;
  let failure: CloisterError | null = null;
  /** Set for good: somebody else writes to the file, and a chain with two writers is no chain. */
  let broken = false;
  let checkedAtMs = clock();
  let retry: NodeJS.Timeout | undefined;
  /** Set while entries gather. */
  let gathering: NodeJS.Timeout | undefined;
  /** By bytes written. */
  const waiters = makeWaiters('the ledger file');

  const fail = (error: CloisterError): void => {
    failure = error;
    waiters.fail(error);
    if (broken) return;
    // The refused text stays first in line: a disk that has room again gets it whole, and the chain has no gap.
    retry = setTimeout(writeNext, ledgerBounds.retryMs.value);
    retry.unref();
  };

  const writeRest = (buffer: Buffer): void => {
    write(file.fd, buffer, 0, buffer.length, null, (error, bytes) => {
      busy = false;
      if (error !== null)
        return fail(
          unavailable(
            `the ledger file cannot be written (${error.code ?? error.message}): free the disk or repair the file; writing is tried again every ${ledgerBounds.retryMs.value} ms`,
            error,
          ),
        );
      failure = null;
      pendingBytes -= bytes;
      writtenBytes += bytes;
      rest = bytes < buffer.length ? buffer.subarray(bytes) : null;
      waiters.written(writtenBytes);
      if (rest === null && isFull()) rotate();
      else goOn();
    });
  };

  const goOn = (): void => {
    if (rest === null && waiting.length > 0 && !waiters.any) gather();
    else writeNext();
  };

  const isFull = (): boolean =>
    file.rotateBytes !== null && (file.sizeBytes ?? 0) + writtenBytes - earlierBytes >= file.rotateBytes && clock() >= rotateAgainMs;

  /** Between two writes, so at the end of a line. A file that cannot be put away goes on growing: a long file is better than no ledger. */
  const rotate = (): void => {
    busy = true;
    file.next().then(
      () => {
        earlierBytes = writtenBytes;
        busy = false;
        goOn();
      },
      () => {
        rotateAgainMs = clock() + ledgerBounds.retryMs.value;
        busy = false;
        goOn();
      },
    );
  };

  const checkSize = (buffer: Buffer): void => {
    checkedAtMs = clock();
    fstat(file.fd, (error, stats) => {
      broken = error === null && stats.size !== (file.sizeBytes ?? 0) + writtenBytes - earlierBytes;
      if (!broken) return writeRest(buffer);
      busy = false;
      fail(
        unavailable(
          'the ledger file was changed by somebody else while this process wrote to it: move it away, give each process a file of its own, and start again',
        ),
      );
    });
  };

  const writeNext = (): void => {
    if (busy || broken || (rest === null && waiting.length === 0)) return;
    busy = true;
    const buffer = rest ?? Buffer.from(waiting.join(''), 'latin1');
    if (rest === null) waiting = [];
    rest = buffer;
    if (file.sizeBytes !== null && clock() - checkedAtMs >= ledgerBounds.sizeCheckMs.value) checkSize(buffer);
    else writeRest(buffer);
  };

  /** A write per turn of the event loop costs a quarter of the host's processor time under load: entries gather for a moment. */
  const gather = (): void => {
    busy = true;
    gathering = setTimeout(endGathering, ledgerBounds.flushMs.value);
  };

  const endGathering = (): void => {
    gathering = undefined;
    busy = false;
    writeNext();
  };

  /** Somebody waits: what this turn of the event loop brings is written together, and no more. */
  const hurry = (): void => {
    if (gathering === undefined) return;
    clearTimeout(gathering);
    gathering = undefined;
    setImmediate(endGathering);
  };

  const flush = (): Promise<void> => {
    if (failure !== null) return Promise.reject(failure);
    if (writtenBytes === acceptedBytes) return Promise.resolve();
    hurry();
    return waiters.until(acceptedBytes);
  };

  const checkRoom = (): void => {
    if (broken && failure !== null) throw failure;
    if (pendingBytes < ledgerBounds.pendingBytes.value) return;
    throw unavailable(
      `the ledger's disk is ${pendingBytes} bytes behind, more than ${ledgerBounds.pendingBytes.value}: give it a faster disk or fewer requests`,
    );
  };

  return {
    check() {
      if (failure !== null) throw failure;
      checkRoom();
    },
    checkRoom,
    push(text) {
      waiting.push(text);
      pendingBytes += text.length;
      acceptedBytes += text.length;
      if (busy || failure !== null) return;
      gather();
    },
    flush,
    async end() {
      if (!broken) {
        clearTimeout(retry);
        failure = null;
        waiters.again();
        writeNext();
      }
      try {
        await flush();
      } catch (error) {
        clearTimeout(retry);
        throw unavailable(`${pendingBytes} bytes of the ledger are lost: ${error instanceof Error ? error.message : String(error)}`, error);
      }
    },
  };
};
