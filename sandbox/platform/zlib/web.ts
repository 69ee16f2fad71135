// CompressionStream and DecompressionStream, the web's names for a zlib stream. Must never unpack further than its reader reads.
import { makeNodeError } from '../http/node-error.ts';
import { lazyNodeWeb } from '../lazy.ts';
import { nameMembers } from '../names.ts';
import { Deflate, DeflateRaw, Gunzip, Gzip, Inflate, InflateRaw } from './streams.ts';

type Done = (error?: Error | null) => void;
type ZlibClass = typeof Gzip;
interface Pair {
  readonly readable: unknown;
  readonly writable: unknown;
}

/** The web knows no errors of zlib: there each is a TypeError. */
const asTypeError = (error: Error | null | undefined): Error | null => {
  if (error === null || error === undefined) return null;
  const { code } = error as { readonly code?: unknown };
  return error instanceof TypeError ? error : Object.assign(new TypeError(error.message, { cause: error }), { code });
};

const open = (Class: ZlibClass): Pair => {
  const stream = new (class extends Class {
    override _transform(chunk: Uint8Array, encoding: string, done: Done): void {
      super._transform(chunk, encoding, (error) => done(asTypeError(error)));
    }
    override _flush(done: Done): void {
      super._flush((error) => done(asTypeError(error)));
    }
  })({ rejectGarbageAfterEnd: true });
  return lazyNodeWeb().duplexToWeb(stream as never);
};

const parseFormat = (format: unknown, name: string, classes: Readonly<Record<string, ZlibClass>>): ZlibClass => {
  const found = Object.hasOwn(classes, String(format)) ? classes[String(format)] : undefined;
  if (found !== undefined) return found;
  throw makeNodeError(
    TypeError,
    'ERR_INVALID_ARG_VALUE',
    `Failed to construct '${name}': 1st argument '${String(format)}' is not a valid enum value of type CompressionFormat.`,
  );
};

const makeClass = (name: string, classes: Readonly<Record<string, ZlibClass>>): (new (format: unknown) => Pair) => {
  class Stream implements Pair {
    readonly #pair: Pair;
    constructor(format: unknown) {
      this.#pair = open(parseFormat(format, name, classes));
    }
    get readable(): unknown {
      return this.#pair.readable;
    }
    get writable(): unknown {
      return this.#pair.writable;
    }
  }
  for (const member of ['readable', 'writable']) Object.defineProperty(Stream.prototype, member, { enumerable: true });
  Object.defineProperty(Stream.prototype, Symbol.toStringTag, { value: name, configurable: true });
  return Stream;
};

export const webZlib = nameMembers({
  CompressionStream: makeClass('CompressionStream', { gzip: Gzip, deflate: Deflate, 'deflate-raw': DeflateRaw }),
  DecompressionStream: makeClass('DecompressionStream', { gzip: Gunzip, deflate: Inflate, 'deflate-raw': InflateRaw }),
});
