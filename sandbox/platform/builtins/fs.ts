// node:fs of a machine without files: nothing exists, nothing can be written. Must never be more than that.

import { queueMicrotask } from '../globals/timers.ts';
import { makeNodeError } from '../http/node-error.ts';
import { makeRefusing } from './refusing.ts';

const makeMissing = (syscall: string, path: unknown): Error =>
  Object.assign(
    makeNodeError(Error, 'ENOENT', `ENOENT: no such file or directory, ${syscall} '${String(path)}' (an extension has no file system)`),
    { errno: -2, syscall, path: String(path) },
  );

const missing =
  (syscall: string) =>
  (path: unknown): never => {
    throw makeMissing(syscall, path);
  };

const missingUnlessOptional =
  (syscall: string) =>
  (path: unknown, options?: { readonly throwIfNoEntry?: boolean }): undefined => {
    if (options?.throwIfNoEntry === false) return undefined;
    throw makeMissing(syscall, path);
  };

const missingLater =
  (syscall: string) =>
  (path: unknown, ...rest: unknown[]): void => {
    const callback = rest.at(-1);
    if (typeof callback !== 'function') throw new TypeError('The "cb" argument must be of type function');
    queueMicrotask(() => callback(makeMissing(syscall, path)));
  };

const missingPromise =
  (syscall: string) =>
  (path: unknown): Promise<never> =>
    Promise.reject(makeMissing(syscall, path));

const constants = Object.freeze({
  F_OK: 0,
  R_OK: 4,
  W_OK: 2,
  X_OK: 1,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  S_IFMT: 61_440,
  S_IFREG: 32_768,
  S_IFDIR: 16_384,
  S_IFLNK: 40_960,
});

class Stats {
  isFile(): boolean {
    return false;
  }
  isDirectory(): boolean {
    return false;
  }
}

export const fsPromises = makeRefusing('fs/promises', {
  constants,
  access: missingPromise('access'),
  readFile: missingPromise('open'),
  readdir: missingPromise('scandir'),
  stat: missingPromise('stat'),
  lstat: missingPromise('lstat'),
  realpath: missingPromise('realpath'),
});

export const fs = makeRefusing('fs', {
  constants,
  Stats,
  existsSync: (): boolean => false,
  exists: (_path: unknown, callback: (found: boolean) => void): void => queueMicrotask(() => callback(false)),
  accessSync: missing('access'),
  readFileSync: missing('open'),
  openSync: missing('open'),
  readdirSync: missing('scandir'),
  statSync: missingUnlessOptional('stat'),
  lstatSync: missingUnlessOptional('lstat'),
  realpathSync: Object.assign(missing('realpath'), { native: missing('realpath') }),
  readlinkSync: missing('readlink'),
  access: missingLater('access'),
  readFile: missingLater('open'),
  readdir: missingLater('scandir'),
  stat: missingLater('stat'),
  lstat: missingLater('lstat'),
  realpath: Object.assign(missingLater('realpath'), { native: missingLater('realpath') }),
  promises: fsPromises,
});
