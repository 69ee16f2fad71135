// node:crypto as the image has it: random values and names; hashes and keys are parts. Must never use a weaker source than the cell's own generator.
import { Buffer } from '../globals/buffer.ts';
import { randomFill as fill, crypto as webCrypto } from '../globals/crypto.ts';
import { queueMicrotask } from '../globals/timers.ts';
import { makeArgumentError, makeNodeError } from '../http/node-error.ts';
import { forwardTo } from '../parts.ts';
import { makeRefusing } from './refusing.ts';

const mostBytes = 2 ** 31 - 1;

const makeOutOfRange = (name: string, expected: string, value: unknown): Error =>
  makeNodeError(
    RangeError,
    'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${expected}. Received ${String(value)}`,
  );

const parseSize = (value: unknown, name: string, most: number): number => {
  if (typeof value !== 'number') throw makeArgumentError(name, 'of type number', value);
  if (!(value >= 0 && value <= most)) throw makeOutOfRange(name, `>= 0 && <= ${most}`, value);
  return value;
};
const parseCallback = (callback: unknown): ((error: null, value: unknown) => void) => {
  if (typeof callback !== 'function') throw makeArgumentError('callback', 'of type function', callback);
  return callback as (error: null, value: unknown) => void;
};

const randomBytes = (size: unknown, callback?: unknown): unknown => {
  const bytes = Buffer.alloc(parseSize(size, 'size', mostBytes));
  const done = callback === undefined ? undefined : parseCallback(callback);
  fill(bytes);
  if (done === undefined) return bytes;
  queueMicrotask(() => done(null, bytes));
  return undefined;
};

const randomFillSync = (target: unknown, offset: unknown = 0, size?: unknown): unknown => {
  const isBuffer = Object.prototype.toString.call(target) === '[object ArrayBuffer]';
  if (!isBuffer && !ArrayBuffer.isView(target)) throw makeArgumentError('buf', 'an instance of ArrayBuffer or ArrayBufferView', target);
  const view = isBuffer ? new Uint8Array(target as ArrayBuffer) : (target as ArrayBufferView);
  const unit = (view as unknown as { readonly BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
  const start = parseSize(offset, 'offset', view.byteLength / unit) * unit;
  const length = size === undefined ? view.byteLength - start : parseSize(size, 'size', mostBytes) * unit;
  if (start + length > view.byteLength) throw makeOutOfRange('size + offset', `<= ${view.byteLength}`, start + length);
  fill(new Uint8Array(view.buffer, view.byteOffset + start, length));
  return target;
};

const randomFill = (target: unknown, ...rest: readonly unknown[]): void => {
  const done = parseCallback(rest.find((argument) => typeof argument === 'function'));
  const [offset, size] = rest.filter((argument) => typeof argument !== 'function');
  const filled = randomFillSync(target, offset, size);
  queueMicrotask(() => done(null, filled));
};

const randomInt = (first: unknown, second?: unknown, third?: unknown): number | undefined => {
  const isOne = second === undefined || typeof second === 'function';
  const [low, high, callback] = isOne ? [0, first, second] : [first, second, third];
  const done = callback === undefined ? undefined : parseCallback(callback);
  if (!Number.isSafeInteger(low)) throw makeArgumentError('min', 'a safe integer', low);
  if (!Number.isSafeInteger(high)) throw makeArgumentError('max', 'a safe integer', high);
  const [min, max] = [low as number, high as number];
  const range = max - min;
  if (range <= 0) throw makeOutOfRange('max', `greater than the value of "min" (${min})`, max);
  if (range > 2 ** 48 - 1) throw makeOutOfRange(isOne ? 'max' : 'max - min', `<= ${2 ** 48 - 1}`, range);
  const limit = 2 ** 48 - (2 ** 48 % range);
  for (;;) {
    const bytes = Buffer.alloc(6);
    fill(bytes);
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    // Thrown away above the largest multiple of the range: a remainder alone would favour small numbers.
    if (value >= limit) continue;
    if (done === undefined) return min + (value % range);
    queueMicrotask(() => done(null, min + (value % range)));
    return undefined;
  }
};

const viewOf = (data: unknown, name: string): Uint8Array => {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (Object.prototype.toString.call(data) === '[object ArrayBuffer]') return new Uint8Array(data as ArrayBuffer);
  throw makeArgumentError(name, 'an instance of ArrayBuffer, Buffer, TypedArray, or DataView', data);
};

const timingSafeEqual = (left: unknown, right: unknown): boolean => {
  const [a, b] = [viewOf(left, 'buf1'), viewOf(right, 'buf2')];
  if (a.length !== b.length)
    throw makeNodeError(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length');
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) difference |= (a[index] as number) ^ (b[index] as number);
  return difference === 0;
};

const constants = {
  RSA_PKCS1_PADDING: 1,
  RSA_NO_PADDING: 3,
  RSA_PKCS1_OAEP_PADDING: 4,
  RSA_PKCS1_PSS_PADDING: 6,
  RSA_PSS_SALTLEN_DIGEST: -1,
  RSA_PSS_SALTLEN_MAX_SIGN: -2,
  RSA_PSS_SALTLEN_AUTO: -2,
  POINT_CONVERSION_COMPRESSED: 2,
  POINT_CONVERSION_UNCOMPRESSED: 4,
  POINT_CONVERSION_HYBRID: 6,
};

const hashes = forwardTo('hash', 'createHash createHmac hash getHashes hkdf hkdfSync pbkdf2 pbkdf2Sync scrypt scryptSync', 'Hash Hmac');
const keys = forwardTo(
  'crypto',
  'createCipheriv createDecipheriv createECDH createPrivateKey createPublicKey createSecretKey createSign createVerify checkPrime checkPrimeSync diffieHellman generateKey generateKeyPairSync generateKeySync getCipherInfo getCiphers getCurves privateDecrypt privateEncrypt publicDecrypt publicEncrypt sign verify',
  'Cipheriv Decipheriv ECDH KeyObject Sign Verify generateKeyPair subtle',
);

const members = {
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID: webCrypto.randomUUID,
  pseudoRandomBytes: randomBytes,
  getRandomValues: webCrypto.getRandomValues,
  timingSafeEqual,
  getFips: (): number => 0,
  webcrypto: webCrypto,
  constants,
};

export const nodeCrypto = makeRefusing(
  'crypto',
  Object.defineProperties(members, { ...Object.getOwnPropertyDescriptors(hashes), ...Object.getOwnPropertyDescriptors(keys) }),
);
