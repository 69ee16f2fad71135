// Key agreement and encryption with asymmetric keys: ECDH, diffieHellman, publicEncrypt and its kin. Must never agree with a point that is not on the curve.
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { makeArgumentError, makeNodeError } from '../http/node-error.ts';
import { asBuffer, concat, encode, parseBytes } from './bytes.ts';
import { makeOpenSslError, makeValueError, parseFunction, parseText } from './check.ts';
import { agreeEc, agreeX25519, ecFromSecret, findCurve, generateEc, readPoint, writePoint } from './curves.ts';
import { findDigest } from './digests.ts';
import { makeInvalidDigest } from './hash.ts';
import { bytesToInt, intToBytes } from './integers.ts';
import { later } from './kdf.ts';
import type { AsymmetricData, EcCurve, EcData, RsaData, RsaPrivate } from './key-data.ts';
import { type AsymmetricKeyObject, asymmetricOf, KeyObject } from './key-object.ts';
import { parseKey } from './parse-key.ts';
import { applyPrivate, applyPublic, modulusBytes, openEncryption, openOaep, padEncryption, padOaep, padPkcs1 } from './rsa.ts';
import { paddings } from './sign.ts';

/** The secret two keys of one curve share. */
export const agree = (own: AsymmetricData, other: AsymmetricData): Uint8Array => {
  if (own.kind === 'ec' && other.kind === 'ec' && own.curve === other.curve)
    return agreeEc(own.curve, own.secret as Uint8Array, other.point);
  if (own.kind === 'okp' && other.kind === 'okp' && own.curve === 'x25519' && other.curve === 'x25519')
    return agreeX25519(own.secret as Uint8Array, other.point);
  throw makeNodeError(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY', 'Incompatible key types for Diffie-Hellman');
};

export const diffieHellman = (options: unknown, callback?: unknown): unknown => {
  if (typeof options !== 'object' || options === null) throw makeArgumentError('options', 'of type object', options);
  const { privateKey, publicKey } = options as Readonly<Record<string, unknown>>;
  const isKey = (key: unknown, type: string): key is AsymmetricKeyObject => key instanceof KeyObject && key.type === type;
  if (!isKey(privateKey, 'private')) throw makeValueError('options.privateKey', privateKey);
  if (!(isKey(publicKey, 'public') || isKey(publicKey, 'private'))) throw makeValueError('options.publicKey', publicKey);
  const [own, other] = [asymmetricOf(privateKey), asymmetricOf(publicKey)];
  if (own.kind !== other.kind)
    throw makeNodeError(
      Error,
      'ERR_CRYPTO_INCOMPATIBLE_KEY',
      `Incompatible key types for Diffie-Hellman: ${privateKey.asymmetricKeyType} and ${publicKey.asymmetricKeyType}`,
    );
  if (callback === undefined) return asBuffer(agree(own, other));
  later(() => asBuffer(agree(own, other)), parseFunction(callback));
  return undefined;
};

type Form = 'uncompressed' | 'compressed' | 'hybrid';
const parseForm = (format: unknown): Form => {
  if (format === undefined || format === 'uncompressed' || format === 'compressed' || format === 'hybrid') return format ?? 'uncompressed';
  throw makeNodeError(TypeError, 'ERR_CRYPTO_ECDH_INVALID_FORMAT', `Invalid ECDH format: ${String(format)}`);
};
const makeInvalidCurve = (): Error => makeNodeError(TypeError, 'ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name');
const makeInvalidPoint = (): Error =>
  makeNodeError(Error, 'ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY', 'Public key is not valid for specified curve');

export class ECDH {
  readonly #curve: EcCurve;
  #key: EcData | null = null;

  constructor(name: unknown) {
    const curve = findCurve(parseText(name, 'curve'));
    if (curve === undefined) throw makeInvalidCurve();
    this.#curve = curve.name;
  }

  generateKeys(encoding?: unknown, format?: unknown): unknown {
    this.#key = generateEc(this.#curve);
    return this.getPublicKey(encoding, format);
  }

  computeSecret(other: unknown, inputEncoding?: unknown, outputEncoding?: unknown): unknown {
    const bytes = parseBytes(other, 'otherPublicKey', inputEncoding);
    if (this.#key?.secret == null) throw makeNodeError(Error, 'ERR_CRYPTO_INVALID_KEYPAIR', 'Invalid key pair');
    let point: Uint8Array;
    try {
      point = readPoint(this.#curve, bytes);
    } catch {
      throw makeInvalidPoint();
    }
    return encode(agreeEc(this.#curve, this.#key.secret, point), outputEncoding);
  }

  getPrivateKey(encoding?: unknown): unknown {
    if (this.#key?.secret == null) throw makeNodeError(Error, 'ERR_CRYPTO_OPERATION_FAILED', 'Failed to get ECDH private key');
    // As few bytes as the number takes, as OpenSSL has it.
    return encode(intToBytes(bytesToInt(this.#key.secret)), encoding);
  }

  getPublicKey(encoding?: unknown, format?: unknown): unknown {
    const form = parseForm(format);
    if (this.#key === null) throw makeNodeError(Error, 'ERR_CRYPTO_OPERATION_FAILED', 'Failed to get ECDH public key');
    return encode(writePoint(this.#key.point, form).slice(), encoding);
  }

  setPrivateKey(key: unknown, encoding?: unknown): this {
    try {
      this.#key = ecFromSecret(this.#curve, parseBytes(key, 'key', encoding));
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_INVALID_ARG_TYPE') throw error;
      throw makeNodeError(RangeError, 'ERR_CRYPTO_INVALID_KEYTYPE', 'Private key is not valid for specified curve.');
    }
    return this;
  }

  setPublicKey(key: unknown, encoding?: unknown): this {
    const bytes = parseBytes(key, 'key', encoding);
    try {
      this.#key = { kind: 'ec', curve: this.#curve, point: readPoint(this.#curve, bytes), secret: this.#key?.secret ?? null };
    } catch {
      throw makeInvalidPoint();
    }
    return this;
  }

  static convertKey(key: unknown, curve: unknown, inputEncoding?: unknown, outputEncoding?: unknown, format?: unknown): unknown {
    const found = findCurve(parseText(curve, 'curve'));
    if (found === undefined) throw makeInvalidCurve();
    const form = parseForm(format);
    try {
      return encode(writePoint(readPoint(found.name, parseBytes(key, 'key', inputEncoding)), form), outputEncoding);
    } catch {
      throw makeNodeError(Error, 'ERR_CRYPTO_OPERATION_FAILED', 'Failed to convert Buffer to EC_POINT');
    }
  }
}
export const createECDH = (curve: unknown): ECDH => new ECDH(curve);

const parseRsa = (options: unknown, wanted: 'public' | 'private'): RsaData => {
  const key = parseKey(options, wanted);
  if (key.kind === 'rsa') return key;
  throw makeOpenSslError(
    'ERR_OSSL_EVP_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE',
    '03000096',
    'digital envelope routines',
    'operation not supported for this keytype',
  );
};
const settingsOf = (options: unknown): Readonly<Record<string, unknown>> =>
  typeof options === 'object' && options !== null ? (options as Readonly<Record<string, unknown>>) : {};
const makeTooLarge = (): Error =>
  makeOpenSslError('ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_KEY_SIZE', '0200006E', 'rsa routines', 'data too large for key size');
const makeBadPadding = (): Error =>
  makeOpenSslError('ERR_OSSL_RSA_PADDING_CHECK_FAILED', '02000072', 'rsa routines', 'padding check failed');

const oaepOf = (options: unknown): Parameters<typeof padOaep>[2] => {
  const { oaepHash = 'sha1', oaepLabel } = settingsOf(options);
  const found = findDigest(String(oaepHash));
  if (found === undefined) throw makeInvalidDigest(String(oaepHash));
  const label = oaepLabel === undefined ? new Uint8Array(0) : parseBytes(oaepLabel, 'key.oaepLabel');
  return { digest: found.digest, mgf1: found.digest, label };
};
const paddingOf = (options: unknown, fallback: number): number => {
  const { padding } = settingsOf(options);
  return typeof padding === 'number' ? padding : fallback;
};

export const publicEncrypt = (options: unknown, buffer: unknown): Uint8Array => {
  const key = parseRsa(options, 'public');
  const message = parseBytes(buffer, 'buffer', settingsOf(options)['encoding']);
  const length = modulusBytes(key);
  const padding = paddingOf(options, paddings.oaep);
  let block: Uint8Array | null = message;
  if (padding === paddings.oaep) block = padOaep(message, length, oaepOf(options));
  else if (padding === paddings.pkcs1) block = padEncryption(message, length);
  else if (message.length !== length) block = null;
  const sealed = block === null ? null : applyPublic(key, block);
  if (sealed === null) throw makeTooLarge();
  return asBuffer(sealed);
};

/** Bytes that only the key's owner could foretell, the same for the same ciphertext. */
const rejecter = (key: RsaData, sealed: Uint8Array) => {
  const seed = hmac(sha256, sha256(intToBytes((key.secret as RsaPrivate).d, modulusBytes(key))), sealed);
  return (label: string, length: number): Uint8Array => {
    const parts: Uint8Array[] = [];
    for (let count = 0; count * 32 < length; count += 1) parts.push(hmac(sha256, seed, parseBytes(`${label} ${count}`, 'label')));
    return concat(...parts).slice(0, length);
  };
};

export const privateDecrypt = (options: unknown, buffer: unknown): Uint8Array => {
  const key = parseRsa(options, 'private');
  const sealed = parseBytes(buffer, 'buffer', settingsOf(options)['encoding']);
  const padding = paddingOf(options, paddings.oaep);
  const length = modulusBytes(key);
  const block = sealed.length > length ? null : applyPrivate(key, concat(new Uint8Array(length - sealed.length), sealed));
  if (block === null) throw makeTooLarge();
  if (padding === paddings.none) return asBuffer(block);
  if (padding === paddings.pkcs1) return asBuffer(openEncryption(block, rejecter(key, sealed)));
  const opened = openOaep(block, oaepOf(options));
  if (opened === null) throw makeOpenSslError('ERR_OSSL_RSA_OAEP_DECODING_ERROR', '02000079', 'rsa routines', 'oaep decoding error');
  return asBuffer(opened);
};

const rawDigest = { name: '', digest: sha256 as never, oid: '', isXof: false };

/** A signature over what is not a digest: old protocols do. */
export const privateEncrypt = (options: unknown, buffer: unknown): Uint8Array => {
  const key = parseRsa(options, 'private');
  const message = parseBytes(buffer, 'buffer', settingsOf(options)['encoding']);
  const length = modulusBytes(key);
  const block =
    paddingOf(options, paddings.pkcs1) === paddings.pkcs1
      ? padPkcs1(rawDigest, message, length)
      : message.length === length
        ? message
        : null;
  const sealed = block === null ? null : applyPrivate(key, block);
  if (sealed === null) throw makeTooLarge();
  return asBuffer(sealed);
};

export const publicDecrypt = (options: unknown, buffer: unknown): Uint8Array => {
  const key = parseRsa(options, 'public');
  const block = applyPublic(key, parseBytes(buffer, 'buffer', settingsOf(options)['encoding']));
  if (block === null) throw makeTooLarge();
  if (paddingOf(options, paddings.pkcs1) === paddings.none) return asBuffer(block);
  const zero = block.indexOf(0, 1);
  if (block[0] !== 0 || block[1] !== 1 || zero < 10 || block.subarray(2, zero).some((byte) => byte !== 0xff)) throw makeBadPadding();
  return asBuffer(block.slice(zero + 1));
};
