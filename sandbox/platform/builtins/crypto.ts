// node:crypto as far as pure computation goes: hashes, MACs, random values, comparison in constant time. Must never use a weaker source than the cell's own generator.

import { hmac } from '@noble/hashes/hmac.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { Buffer } from '../globals/buffer.ts';
import { randomFill, crypto as webCrypto } from '../globals/crypto.ts';
import { queueMicrotask } from '../globals/timers.ts';
import { makeArgumentError, makeNodeError } from '../http/node-error.ts';
import { makeRefusing } from './refusing.ts';

interface Hasher {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
  clone(): Hasher;
}

const algorithms = new Map([
  ['md5', md5],
  ['sha1', sha1],
  ['sha224', sha224],
  ['sha256', sha256],
  ['sha384', sha384],
  ['sha512', sha512],
] as const);
type Algorithm = typeof sha256;

const parseAlgorithm = (name: unknown): Algorithm => {
  const plain = String(name).toLowerCase().replace(/^rsa-/, '').replace(/^sha-/, 'sha');
  const found = (algorithms as ReadonlyMap<string, unknown>).get(plain);
  if (found === undefined) throw makeNodeError(Error, 'ERR_OSSL_EVP_UNSUPPORTED', `Digest method not supported: ${String(name)}`);
  return found as Algorithm;
};

const parseBytes = (data: unknown, encoding: unknown): Uint8Array => {
  if (typeof data === 'string') return new Uint8Array(Buffer.from(data, encoding === 'buffer' ? 'utf8' : encoding));
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw makeArgumentError('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
};

const encode = (bytes: Uint8Array, encoding: unknown): unknown => {
  const buffer = Buffer.from(bytes);
  return encoding === undefined || encoding === 'buffer' ? buffer : buffer.toString(encoding as string);
};

class Hash {
  readonly #hasher: Hasher;
  #digested = false;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  update(data: unknown, encoding?: unknown): this {
    if (this.#digested) throw makeNodeError(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
    this.#hasher.update(parseBytes(data, encoding));
    return this;
  }

  digest(encoding?: unknown): unknown {
    if (this.#digested) throw makeNodeError(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
    this.#digested = true;
    return encode(this.#hasher.digest(), encoding);
  }

  copy(): Hash {
    return new Hash(this.#hasher.clone());
  }
}

const randomBytes = (size: number, callback?: (error: null, bytes: unknown) => void): unknown => {
  if (!Number.isInteger(size) || size < 0 || size > 2 ** 31 - 1)
    throw makeNodeError(RangeError, 'ERR_OUT_OF_RANGE', 'The value of "size" is out of range.');
  const bytes = Buffer.alloc(size);
  randomFill(bytes);
  if (callback === undefined) return bytes;
  queueMicrotask(() => callback(null, bytes));
  return undefined;
};

const randomInt = (
  first: number,
  second?: number | ((error: null, value: number) => void),
  third?: (error: null, value: number) => void,
): number | undefined => {
  const [low, high] = typeof second === 'number' ? [first, second] : [0, first];
  const callback = typeof second === 'function' ? second : third;
  const range = high - low;
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || range <= 0 || range > 2 ** 48 - 1)
    throw makeNodeError(RangeError, 'ERR_OUT_OF_RANGE', 'The range of randomInt must be positive and at most 2**48 - 1.');
  const limit = 2 ** 48 - (2 ** 48 % range);
  for (;;) {
    const bytes = Buffer.alloc(6);
    randomFill(bytes);
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    // Thrown away above the largest multiple of the range: a remainder alone would favour small numbers.
    if (value >= limit) continue;
    if (callback === undefined) return low + (value % range);
    queueMicrotask(() => callback(null, low + (value % range)));
    return undefined;
  }
};

const timingSafeEqual = (left: unknown, right: unknown): boolean => {
  const [a, b] = [parseBytes(left, undefined), parseBytes(right, undefined)];
  if (a.length !== b.length)
    throw makeNodeError(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length');
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) difference |= (a[index] as number) ^ (b[index] as number);
  return difference === 0;
};

export const nodeCrypto = makeRefusing('crypto', {
  createHash: (algorithm: unknown): Hash => new Hash(parseAlgorithm(algorithm).create()),
  createHmac: (algorithm: unknown, key: unknown): Hash => new Hash(hmac.create(parseAlgorithm(algorithm), parseBytes(key, 'utf8'))),
  hash: (algorithm: unknown, data: unknown, encoding: unknown = 'hex'): unknown =>
    new Hash(parseAlgorithm(algorithm).create()).update(data).digest(encoding),
  getHashes: (): string[] => [...algorithms.keys()],
  randomBytes,
  pseudoRandomBytes: randomBytes,
  randomInt,
  randomUUID: webCrypto.randomUUID,
  getRandomValues: webCrypto.getRandomValues,
  randomFillSync: (view: ArrayBufferView): ArrayBufferView => {
    randomFill(view);
    return view;
  },
  timingSafeEqual,
  webcrypto: webCrypto,
  constants: {},
});
