// The one gate to the files of an extension package. Must never read, or tell about, anything that lies outside the folder.
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { showText } from '../config/show.ts';
import { CloisterError } from '../errors.ts';

/** A place inside, by its path from the folder: `/src/index.js`. Links are followed, so one file has one path. */
export interface Located {
  readonly path: string;
  readonly kind: 'file' | 'folder';
}

export interface PackageFolder {
  /** Absolute, without links. */
  readonly root: string;
  /** What lies at a path inside; null for nothing. Throws when a link leads outside. */
  locate(inside: string): Promise<Located | null>;
  /** Names in a folder, in order; none where there is no folder. */
  list(inside: string): Promise<readonly string[]>;
  /** Text of a file, read once and in full. */
  read(inside: string, maxBytes: number): Promise<string>;
}

const absent: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL']);
/** No waiting on a named pipe, no link put in place after the check. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '');

export const refuseFile = (inside: string, cause: string): never => {
  const file = showText(inside.replace(/^\//, ''), 200);
  throw new CloisterError('ERR_PACKAGE_INVALID', `${file}: ${cause}`, { file });
};

const readAll = async (handle: FileHandle, inside: string, maxBytes: number): Promise<Buffer> => {
  const status = await handle.stat();
  if (!status.isFile()) refuseFile(inside, 'is not a regular file');
  if (status.size > maxBytes) refuseFile(inside, `has ${status.size} bytes, over the limit of ${maxBytes}`);
  const bytes = Buffer.allocUnsafe(status.size + 1);
  let filled = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
    filled += bytesRead;
    if (bytesRead === 0) return bytes.subarray(0, filled);
    if (filled > status.size) refuseFile(inside, 'changes while it is read');
  }
};

const decode = (bytes: Uint8Array, inside: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return refuseFile(inside, 'is not UTF-8 text');
  }
};

/** Bytes of a regular file at a place without links, read once and in full. `label` names it in what is refused; `check` looks at what was opened. */
export const readRegularFile = async (
  real: string,
  label: string,
  maxBytes: number,
  check: (handle: FileHandle) => Promise<void> = () => Promise.resolve(),
): Promise<Buffer> => {
  let handle: FileHandle;
  try {
    handle = await open(real, openFlags);
  } catch (error) {
    return refuseFile(label, `cannot be read (${codeOf(error)})`);
  }
  try {
    await check(handle);
    return await readAll(handle, label, maxBytes);
  } finally {
    await handle.close();
  }
};

/** `folder` is the operator's word and may itself be a link; from its real place on nothing may leave it. */
export const openPackageFolder = async (folder: string): Promise<PackageFolder> => {
  const root = await realpath(folder);
  const toHost = (inside: string): string => path.join(root, ...inside.split('/'));

  const isInside = (real: string): boolean => real === root || real.startsWith(root + path.sep);

  const resolveInside = async (inside: string): Promise<string | null> => {
    if (inside.includes('\0')) return null;
    let real: string;
    try {
      real = await realpath(toHost(inside));
    } catch (error) {
      if (absent.has(codeOf(error))) return null;
      return refuseFile(inside, codeOf(error) === 'ELOOP' ? 'is a link that leads to itself' : `cannot be read (${codeOf(error)})`);
    }
    if (isInside(real)) return real;
    return refuseFile(inside, 'leads outside the extension folder; put a copy inside or bundle it');
  };

  /** A folder on the way may have become a link between the look and the opening. Where the system says what is open, that is asked; elsewhere, whether the same still lies there. */
  const refuseSwapped = async (handle: FileHandle, inside: string): Promise<void> => {
    const place = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => null);
    if (place !== null) {
      if (!isInside(place)) refuseFile(inside, 'leads outside the extension folder, and did not when it was looked at');
      return;
    }
    const [opened, again] = [await handle.stat(), await resolveInside(inside)];
    const there = again === null ? null : await stat(again).catch(() => null);
    if (there?.ino !== opened.ino || there.dev !== opened.dev) refuseFile(inside, 'changes while it is read');
  };

  return {
    root,
    async locate(inside) {
      const real = await resolveInside(inside);
      if (real === null) return null;
      const status = await stat(real);
      const located = `/${path.relative(root, real).split(path.sep).join('/')}`;
      if (status.isDirectory()) return { path: located, kind: 'folder' };
      if (status.isFile()) return { path: located, kind: 'file' };
      return refuseFile(inside, 'is not a regular file');
    },
    async list(inside) {
      const real = await resolveInside(inside);
      if (real === null || !(await stat(real)).isDirectory()) return [];
      return (await readdir(real)).toSorted();
    },
    async read(inside, maxBytes) {
      const real = (await resolveInside(inside)) ?? refuseFile(inside, 'does not exist');
      return decode(await readRegularFile(real, inside, maxBytes, (handle) => refuseSwapped(handle, inside)), inside);
    },
  };
};
