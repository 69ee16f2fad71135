// Making keys: generateKeyPair, generateKey and their kin. Must never take randomness from anything but the cell's generator.
import { makeArgumentError, makeNodeError } from '../http/node-error.ts';
import { makePropertyError, makeRangeError, makeValueError, parseFunction, parseText } from './check.ts';
import { findCurve, generateEc, generateOkp } from './curves.ts';
import { findDigest } from './digests.ts';
import { makeInvalidDigest } from './hash.ts';
import { bytesToInt, isProbablePrime, randomBytesOf } from './integers.ts';
import { later } from './kdf.ts';
import { type AsymmetricData, publicHalf } from './key-data.ts';
import { makePrivateKey, makePublicKey, makeSecretKey, type SecretKeyObject, writePrivateKey, writePublicKey } from './key-object.ts';
import { generateRsa } from './rsa.ts';

type Options = Readonly<Record<string, unknown>>;

/** What a longer one takes is minutes of a cell's time. */
const longestModulusBits = 8192;

const parseNumber = (options: Options, key: string, low: number, high: number, fallback?: number): number => {
  const value = options[key] ?? fallback;
  if (typeof value !== 'number') throw makePropertyError(`options.${key}`, 'of type number', value);
  if (!Number.isInteger(value) || value < low || value > high) throw makeRangeError(`options.${key}`, `>= ${low} && <= ${high}`, value);
  return value;
};

const rsaMaker = (options: Options, isPss: boolean): (() => AsymmetricData) => {
  const bits = parseNumber(options, 'modulusLength', 512, longestModulusBits);
  const e = BigInt(parseNumber(options, 'publicExponent', 3, 2 ** 32 - 1, 0x10001));
  if (e % 2n === 0n) throw makeRangeError('options.publicExponent', 'odd', e);
  if (!isPss) return () => generateRsa(bits, e);
  const name = (options['hashAlgorithm'] ?? options['hash']) as string | undefined;
  if (name === undefined) return () => ({ ...generateRsa(bits, e), pss: null });
  const hash = findDigest(String(name));
  const mgf1 = findDigest(String(options['mgf1HashAlgorithm'] ?? name));
  if (hash === undefined || mgf1 === undefined) throw makeInvalidDigest(String(name));
  const saltLength = parseNumber(options, 'saltLength', 0, 2 ** 31 - 1, hash.digest.outputLen);
  return () => ({ ...generateRsa(bits, e), pss: { hash: hash.name, mgf1Hash: mgf1.name, saltLength } });
};

const ecMaker = (options: Options): (() => AsymmetricData) => {
  const name = options['namedCurve'];
  if (typeof name !== 'string') throw makePropertyError('options.namedCurve', 'of type string', name);
  const curve = findCurve(name);
  if (curve === undefined) throw makeNodeError(TypeError, 'ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name');
  return () => generateEc(curve.name);
};

const makerOf = (type: string, options: Options): (() => AsymmetricData) => {
  switch (type) {
    case 'rsa':
    case 'rsa-pss':
      return rsaMaker(options, type === 'rsa-pss');
    case 'ec':
      return ecMaker(options);
    case 'ed25519':
    case 'x25519':
      return () => generateOkp(type);
    case 'ed448':
    case 'x448':
    case 'dsa':
    case 'dh':
      throw makeNodeError(
        Error,
        'ERR_CAPABILITY_NOT_GRANTED',
        `crypto.generateKeyPair of ${type} is not available to an extension, and no grant makes it so: use rsa, ec, ed25519 or x25519`,
      );
    default:
      throw makeValueError('type', type, 'must be a supported key type');
  }
};

interface Pair {
  readonly publicKey: unknown;
  readonly privateKey: unknown;
}

const preparePair = (type: unknown, given: unknown): (() => Pair) => {
  const name = parseText(type, 'type');
  const options = (given ?? {}) as Options;
  if (typeof options !== 'object') throw makeArgumentError('options', 'of type object', given);
  const make = makerOf(name, options);
  const [forPublic, forPrivate] = [options['publicKeyEncoding'], options['privateKeyEncoding']] as [
    Options | undefined,
    Options | undefined,
  ];
  if (forPublic !== undefined && forPublic['format'] !== 'jwk' && forPublic['type'] !== 'spki' && forPublic['type'] !== 'pkcs1')
    throw makeValueError('options.publicKeyEncoding.type', forPublic['type']);
  return () => {
    const data = make();
    return {
      publicKey: forPublic === undefined ? makePublicKey(data) : writePublicKey(publicHalf(data), forPublic, 'options.publicKeyEncoding'),
      privateKey: forPrivate === undefined ? makePrivateKey(data) : writePrivateKey(data, forPrivate, 'options.privateKeyEncoding'),
    };
  };
};

export const generateKeyPairSync = (type: unknown, options?: unknown): Pair => preparePair(type, options)();
export const generateKeyPair = (type: unknown, options: unknown, callback?: unknown): void => {
  const done = parseFunction(typeof options === 'function' ? options : callback);
  later(preparePair(type, typeof options === 'function' ? undefined : options), (error, pair) =>
    done(error, pair?.publicKey, pair?.privateKey),
  );
};
/** Promisified it gives both keys, as node's does. */
Object.defineProperty(generateKeyPair, Symbol.for('nodejs.util.promisify.custom'), {
  value: (type: unknown, options: unknown) =>
    new Promise((resolve, reject) => later(preparePair(type, options), (error, pair) => (error === null ? resolve(pair) : reject(error)))),
});

const prepareKey = (type: unknown, given: unknown): (() => SecretKeyObject) => {
  const name = parseText(type, 'type');
  if (name !== 'hmac' && name !== 'aes') throw makeValueError('type', name, 'must be a supported key type');
  if (typeof given !== 'object' || given === null) throw makeArgumentError('options', 'of type object', given);
  const bits = parseNumber(given as Options, 'length', name === 'hmac' ? 8 : 0, 2 ** 31 - 1);
  if (name === 'aes' && ![128, 192, 256].includes(bits)) throw makeValueError('options.length', bits, 'must be one of: 128, 192, 256');
  return () => makeSecretKey(randomBytesOf(Math.floor(bits / 8)));
};

export const generateKeySync = (type: unknown, options: unknown): SecretKeyObject => prepareKey(type, options)();
export const generateKey = (type: unknown, options: unknown, callback: unknown): void => {
  const done = parseFunction(callback);
  later(prepareKey(type, options), done);
};

const parseCandidate = (candidate: unknown): bigint => {
  if (typeof candidate === 'bigint') return candidate;
  if (candidate instanceof Uint8Array) return bytesToInt(candidate);
  throw makeArgumentError('candidate', 'an instance of ArrayBuffer, TypedArray, Buffer, DataView, or bigint', candidate);
};

export const checkPrimeSync = (candidate: unknown, options: { readonly checks?: number } = {}): boolean =>
  isProbablePrime(parseCandidate(candidate), options.checks || 32);
export const checkPrime = (candidate: unknown, options: unknown, callback?: unknown): void => {
  const done = parseFunction(typeof options === 'function' ? options : callback);
  const value = parseCandidate(candidate);
  later(() => isProbablePrime(value, 32), done);
};
