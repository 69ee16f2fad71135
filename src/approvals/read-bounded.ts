// Text of a file that lies beside the lock, and what is said where a disk does not do as it is told. Must never wait on a pipe, follow a link put there, nor show a stack.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { CloisterError, type ErrorCode } from '../errors.ts';

/** No waiting on a named pipe, no link in place of the file. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '');

const makeRoom = 'make room there and try again';
const permit = 'let this user read and write there';
const remedies: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', makeRoom],
  ['EDQUOT', makeRoom],
  ['EFBIG', makeRoom],
  ['EACCES', permit],
  ['EPERM', permit],
  ['EROFS', permit],
  ['EISDIR', 'it is a folder: move it away, or name a file'],
  ['ENOENT', 'make its folder, or name another place'],
  ['ENOTDIR', 'a part of its path is no folder: move that away, or name another place'],
  ['EEXIST', 'a part of its path is no folder: move that away, or name another place'],
  ['ELOOP', 'it is a link, or leads to itself: put the file itself there'],
]);

/** What the system said of a place, in one line with its remedy; what is no such word stays as it is. */
export const diskError = (place: string, doing: 'read' | 'written', error: unknown, code: ErrorCode = 'ERR_LOCK_INVALID'): unknown => {
  const word = codeOf(error);
  if (error instanceof CloisterError || !/^E[A-Z0-9]+$/.test(word)) return error;
  const remedy = remedies.get(word) ?? 'look after the disk and try again';
  return new CloisterError(code, `${place}: cannot be ${doing} (${word}); ${remedy}`, { place }, { cause: error });
};

/** Rejects as `diskError` says. */
export const onDisk = async <Result>(place: string, doing: 'read' | 'written', work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    throw diskError(place, doing, error);
  }
};

/** null: there is none. A file that grows while it is read is refused with the others that are too large. */
export const readBounded = async (file: string, maxBytes: number, code: ErrorCode): Promise<string | null> => {
  const refuse = (cause: string): CloisterError => new CloisterError(code, `${file}: ${cause}`, { place: file });
  try {
    const handle = await open(file, openFlags);
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw refuse('is no regular file; move it away, or name a file');
      if (status.size > maxBytes) throw refuse(`has ${status.size} bytes, more than ${maxBytes}`);
      const bytes = Buffer.allocUnsafe(status.size + 1);
      for (let filled = 0; ; ) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
        filled += bytesRead;
        if (bytesRead === 0) return bytes.toString('utf8', 0, filled);
        if (filled > status.size) throw refuse('changes while it is read; try again');
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw diskError(file, 'read', error, code);
  }
};
