// node:fs of a machine that has the package's own granted files and nothing else; nothing can be written. Must never be more than that.
import type { Readable } from 'readable-stream';
import { Buffer } from '../globals/buffer.ts';
import { queueMicrotask } from '../globals/timers.ts';
import { hooks } from '../hooks.ts';
import { loadReadable } from '../http/lazy-readable.ts';
import { makeNodeError } from '../http/node-error.ts';
import { makeRefusing } from './refusing.ts';

// Express imports this module for nothing: what it stands on is evaluated at first use. esbuild turns require() with a literal into a call of that module's wrapper.
declare const require: (name: string) => unknown;

const makeMissing = (syscall: string, path: unknown, code = 'ENOENT'): Error =>
  Object.assign(
    makeNodeError(
      Error,
      code,
      code === 'EISDIR'
        ? `EISDIR: illegal operation on a directory, ${syscall} '${String(path)}'`
        : `ENOENT: no such file or directory, ${syscall} '${String(path)}' (an extension has no file system but the files of its package that its grant of 'files' lists)`,
    ),
    { errno: code === 'EISDIR' ? -21 : -2, syscall, path: String(path) },
  );

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

const pathOf = (given: unknown): string =>
  typeof given === 'object' && given !== null && 'href' in given
    ? (require('./url.ts') as { readonly url: { fileURLToPath(given: unknown): string } }).url.fileURLToPath(given)
    : String(given);

class Stats {
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs = 0;
  readonly #isFile: boolean;
  constructor(size = 0, isFile?: boolean) {
    this.size = size;
    this.#isFile = isFile === true;
    this.mode = isFile === undefined ? 0 : isFile ? 33_060 : 16_749;
  }
  get mtime(): Date {
    return new Date(0);
  }
  isFile(): boolean {
    return this.#isFile;
  }
  isDirectory(): boolean {
    return this.mode !== 0 && !this.#isFile;
  }
  isSymbolicLink(): boolean {
    return false;
  }
}

interface Options {
  readonly encoding?: string | null;
  readonly throwIfNoEntry?: boolean;
  readonly withFileTypes?: boolean;
}
const encodingOf = (options: unknown): string | null =>
  typeof options === 'string' ? options : ((options as Options | undefined)?.encoding ?? null);

const isThere = (given: unknown): boolean => {
  const files = hooks().files();
  return files.read(pathOf(given)) !== null || files.list(pathOf(given)) !== null;
};

const read = (given: unknown, options?: unknown): unknown => {
  const path = pathOf(given);
  const files = hooks().files();
  const text = files.read(path);
  if (text === null) throw files.list(path) === null ? makeMissing('open', path) : makeMissing('read', path, 'EISDIR');
  const encoding = encodingOf(options);
  if (encoding === 'utf8' || encoding === 'utf-8') return text;
  return encoding === null || encoding === 'buffer' ? Buffer.from(text) : Buffer.from(text).toString(encoding);
};

const stat =
  (syscall: string) =>
  (given: unknown, options?: Options): Stats | undefined => {
    const path = pathOf(given);
    const files = hooks().files();
    const text = files.read(path);
    if (text !== null) return new Stats(Buffer.byteLength(text), true);
    if (files.list(path) !== null) return new Stats(0, false);
    if (options?.throwIfNoEntry === false) return undefined;
    throw makeMissing(syscall, path);
  };

const list = (given: unknown, options?: Options): unknown => {
  const path = pathOf(given);
  const names = hooks().files().list(path);
  if (names === null) throw makeMissing('scandir', path);
  if (options?.withFileTypes !== true) return [...names];
  return names.map((name) => Object.assign(stat('lstat')(`${path}/${name}`) as Stats, { name, parentPath: path, path }));
};

const refuseMissing =
  (syscall: string) =>
  (given: unknown, ..._rest: unknown[]): unknown => {
    if (!isThere(given)) throw makeMissing(syscall, pathOf(given));
    return syscall === 'realpath' ? pathOf(given) : undefined;
  };

const sync = {
  access: refuseMissing('access'),
  lstat: stat('lstat'),
  readFile: read,
  readdir: list,
  realpath: refuseMissing('realpath'),
  stat: stat('stat'),
} as const satisfies Readonly<Record<string, (given: never, options?: never) => unknown>>;
type Sync = (given: unknown, options?: unknown) => unknown;

/** The callback comes last, and later. */
const later =
  (run: Sync) =>
  (given: unknown, ...rest: unknown[]): void => {
    const callback = rest.at(-1);
    if (typeof callback !== 'function') throw new TypeError('The "cb" argument must be of type function');
    const [options] = rest.length > 1 ? rest : [];
    let failure: unknown = null;
    let value: unknown;
    try {
      value = run(given, options);
    } catch (error) {
      failure = error;
    }
    queueMicrotask(() => (failure === null ? callback(null, value) : callback(failure)));
  };

const eventually =
  (run: Sync) =>
  async (given: unknown, options?: unknown): Promise<unknown> =>
    run(given, options);

const each = (make: (run: Sync) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(sync).map(([name, run]) => [name, make(run as Sync)]));

const createReadStream = (given: unknown, options?: unknown): Readable => {
  let isRead = false;
  const Stream = loadReadable() as unknown as new (options: object) => Readable;
  const stream = new Stream({
    encoding: encodingOf(options) ?? undefined,
    read: () => {
      if (isRead) return;
      isRead = true;
      try {
        stream.push(read(given) as Uint8Array);
        stream.push(null);
      } catch (error) {
        stream.destroy(error as Error);
      }
    },
  });
  return Object.assign(stream, { path: pathOf(given) });
};

export const fsPromises = makeRefusing('fs/promises', { constants, ...each(eventually) });

const withNative = (run: unknown): object => Object.assign(run as object, { native: run });

export const fs = makeRefusing('fs', {
  constants,
  Stats,
  createReadStream,
  existsSync: isThere,
  exists: (given: unknown, callback: (found: boolean) => void): void => queueMicrotask(() => callback(isThere(given))),
  openSync: (path: unknown): never => {
    throw makeMissing('open', path);
  },
  readlinkSync: (path: unknown): never => {
    throw makeMissing('readlink', path);
  },
  ...Object.fromEntries(Object.entries(sync).map(([name, run]) => [`${name}Sync`, run])),
  ...each(later),
  realpathSync: withNative(refuseMissing('realpath')),
  realpath: withNative(later(refuseMissing('realpath'))),
  promises: fsPromises,
});
