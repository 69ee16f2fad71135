// Key derivation of node:crypto: pbkdf2, scrypt, hkdf. All of it runs in the cell, on the request's CPU. Must never take more memory than maxmem says.
import { hkdf as deriveHkdf } from '@noble/hashes/hkdf.js';
import { pbkdf2 as derivePbkdf2 } from '@noble/hashes/pbkdf2.js';
import { scrypt as deriveScrypt } from '@noble/hashes/scrypt.js';
import { queueMicrotask } from '../globals/timers.ts';
import { makeNodeError } from '../http/node-error.ts';
import { asBuffer, parseBytes } from './bytes.ts';
import { makeRangeError, parseFunction, parseInteger, parseText } from './check.ts';
import { findDigestOrThrow, parseSecret } from './hash.ts';

type NobleHash = Parameters<typeof derivePbkdf2>[0];

/** Runs after the caller has returned, in its async context. */
export const later = <Value>(run: () => Value, callback: (error: Error | null, value?: Value) => void): void => {
  queueMicrotask(() => {
    let value: Value;
    try {
      value = run();
    } catch (error) {
      callback(error as Error);
      return;
    }
    callback(null, value);
  });
};

const preparePbkdf2 = (password: unknown, salt: unknown, iterations: unknown, keylen: unknown, digest: unknown): (() => Uint8Array) => {
  const name = parseText(digest, 'digest');
  const [secret, grain] = [parseBytes(password, 'password'), parseBytes(salt, 'salt')];
  const c = parseInteger(iterations, 'iterations', 1);
  const dkLen = parseInteger(keylen, 'keylen');
  const found = findDigestOrThrow(name);
  return () => asBuffer(dkLen === 0 ? new Uint8Array(0) : derivePbkdf2(found.digest as unknown as NobleHash, secret, grain, { c, dkLen }));
};

export const pbkdf2Sync = (...args: readonly unknown[]): Uint8Array => preparePbkdf2(args[0], args[1], args[2], args[3], args[4])();
export const pbkdf2 = (
  password: unknown,
  salt: unknown,
  iterations: unknown,
  keylen: unknown,
  digest: unknown,
  callback?: unknown,
): void => {
  const given = typeof digest === 'function' ? undefined : digest;
  const run = preparePbkdf2(password, salt, iterations, keylen, given);
  later(run, parseFunction(callback));
};

const defaultMaxBytes = 32 * 1024 * 1024;

const parseOption = (options: Readonly<Record<string, unknown>>, name: string, alias: string, fallback: number): number => {
  const [value, other] = [options[name], options[alias]];
  if (value !== undefined && other !== undefined)
    throw makeNodeError(TypeError, 'ERR_INCOMPATIBLE_OPTION_PAIR', `Option "${name}" cannot be used in combination with option "${alias}"`);
  return parseInteger(value ?? other ?? fallback, value === undefined ? alias : name, 0, 2 ** 32 - 1) || fallback;
};

const prepareScrypt = (password: unknown, salt: unknown, keylen: unknown, given: unknown): (() => Uint8Array) => {
  const [secret, grain] = [parseBytes(password, 'password'), parseBytes(salt, 'salt')];
  const dkLen = parseInteger(keylen, 'keylen');
  const options = (given ?? {}) as Readonly<Record<string, unknown>>;
  const N = parseOption(options, 'N', 'cost', 16_384);
  const r = parseOption(options, 'r', 'blockSize', 8);
  const p = parseOption(options, 'p', 'parallelization', 1);
  const maxmem = options['maxmem'] === undefined ? defaultMaxBytes : Number(options['maxmem']);
  const refuse = (reason: string): never => {
    throw makeNodeError(RangeError, 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS', `Invalid scrypt params${reason}`);
  };
  if (N < 2 || (N & (N - 1)) !== 0) refuse('');
  if (128 * r * (N + p + 2) > maxmem) refuse(': error:030000AC:digital envelope routines::memory limit exceeded');
  return () => asBuffer(dkLen === 0 ? new Uint8Array(0) : deriveScrypt(secret, grain, { N, r, p, dkLen, maxmem: maxmem + 2 ** 20 }));
};

export const scryptSync = (password: unknown, salt: unknown, keylen: unknown, options?: unknown): Uint8Array =>
  prepareScrypt(password, salt, keylen, options)();
export const scrypt = (password: unknown, salt: unknown, keylen: unknown, options: unknown, callback?: unknown): void => {
  const done = typeof options === 'function' ? options : callback;
  const run = prepareScrypt(password, salt, keylen, typeof options === 'function' ? undefined : options);
  later(run, parseFunction(done));
};

const maxInfoBytes = 1024;

const prepareHkdf = (digest: unknown, key: unknown, salt: unknown, info: unknown, length: unknown): (() => ArrayBuffer) => {
  const name = parseText(digest, 'digest');
  const secret = parseSecret(key, undefined, 'ikm');
  const [grain, note] = [parseBytes(salt, 'salt'), parseBytes(info, 'info')];
  const size = parseInteger(length, 'length');
  if (note.length > maxInfoBytes) throw makeRangeError('info', `must not contain more than ${maxInfoBytes} bytes`, note.length);
  const found = findDigestOrThrow(name).digest;
  if (size > 255 * found.outputLen) throw makeNodeError(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', 'Invalid key length');
  return () => new Uint8Array(deriveHkdf(found as unknown as NobleHash, secret, grain, note, size)).buffer;
};

export const hkdfSync = (...args: readonly unknown[]): ArrayBuffer => prepareHkdf(args[0], args[1], args[2], args[3], args[4])();
export const hkdf = (digest: unknown, key: unknown, salt: unknown, info: unknown, length: unknown, callback?: unknown): void => {
  const run = prepareHkdf(digest, key, salt, info, length);
  later(run, parseFunction(callback));
};
