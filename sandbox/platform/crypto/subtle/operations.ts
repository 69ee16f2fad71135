// Signing, sealing and deriving in WebCrypto. Must never say why an opening failed.
import { hkdf } from '@noble/hashes/hkdf.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { aes } from '../aes.ts';
import { agree } from '../agree.ts';
import { concat, isEqual } from '../bytes.ts';
import { CounterCore, GcmCore } from '../cipher-stream.ts';
import { signEd25519, verifyEd25519 } from '../curves.ts';
import { findDigest, type NamedDigest } from '../digests.ts';
import { hmacOf } from '../hash.ts';
import { bytesToInt, intToBytes } from '../integers.ts';
import { applyPrivate, applyPublic, modulusBytes, openOaep, padOaep } from '../rsa.ts';
import { paddings, type SignatureSettings, signHashed, verifyHashed } from '../sign.ts';
import { CryptoKey, keyBytes, keyPairData } from './crypto-key.ts';
import { rsaOf } from './keys.ts';
import { type Algorithm, bytesOf, digestOf, fail, hashOf, numberOf } from './normalize.ts';

const operationFailed = (): never => fail('OperationError', 'The operation failed for an operation-specific reason');
/** RSASSA and RSA-PSS take the hash of the key, ECDSA that of the call. */
const hashFor = (algorithm: Algorithm, key: CryptoKey): NamedDigest =>
  findDigest((key.algorithm.hash ?? hashOf(algorithm['hash'])).name) as NamedDigest;
const settingsFor = (algorithm: Algorithm): SignatureSettings => ({
  padding: algorithm.name === 'RSA-PSS' ? paddings.pss : algorithm.name === 'ECDSA' ? undefined : paddings.pkcs1,
  saltLength: algorithm.name === 'RSA-PSS' ? numberOf(algorithm['saltLength'], 'saltLength') : undefined,
  isP1363: true,
});

export const signWith = (algorithm: Algorithm, key: CryptoKey, data: Uint8Array): Uint8Array => {
  if (algorithm.name === 'HMAC') return hmacOf(digestOf(key.algorithm.hash as { name: string }), keyBytes(key), data);
  const own = keyPairData(key);
  if (own.kind === 'okp') return signEd25519(own.secret as Uint8Array, data);
  const named = hashFor(algorithm, key);
  const settings = settingsFor(algorithm);
  try {
    return signHashed(own, named, named.digest(data), settings);
  } catch {
    return operationFailed();
  }
};

export const verifyWith = (algorithm: Algorithm, key: CryptoKey, signature: Uint8Array, data: Uint8Array): boolean => {
  if (algorithm.name === 'HMAC') return isEqual(signature, hmacOf(digestOf(key.algorithm.hash as { name: string }), keyBytes(key), data));
  const own = keyPairData(key);
  if (own.kind === 'okp') return verifyEd25519(own.point, data, signature);
  const named = hashFor(algorithm, key);
  return verifyHashed(own, named, named.digest(data), signature, settingsFor(algorithm));
};

const gcm = (algorithm: Algorithm, key: Uint8Array, data: Uint8Array, isSealing: boolean): Uint8Array => {
  const iv = bytesOf(algorithm['iv'], 'iv');
  const tagBits = algorithm['tagLength'] === undefined ? 128 : numberOf(algorithm['tagLength'], 'tagLength');
  if (![32, 64, 96, 104, 112, 120, 128].includes(tagBits)) fail('OperationError', `${tagBits} is not a valid AES-GCM tag length`);
  if (iv.length === 0) operationFailed();
  const size = tagBits / 8;
  if (!isSealing && data.length < size) operationFailed();
  const core = new GcmCore(key, iv, isSealing);
  if (algorithm['additionalData'] !== undefined) core.authenticate(bytesOf(algorithm['additionalData'], 'additionalData'));
  if (isSealing) return concat(core.update(data), core.tag().subarray(0, size));
  const opened = core.update(data.subarray(0, data.length - size));
  return isEqual(core.tag().subarray(0, size), data.subarray(data.length - size)) ? opened : operationFailed();
};

/** The counter is the low `length` bits of the block, and goes round within them. */
const ctr = (algorithm: Algorithm, key: Uint8Array, data: Uint8Array): Uint8Array => {
  const counter = bytesOf(algorithm['counter'], 'counter');
  const bits = numberOf(algorithm['length'], 'length');
  if (counter.length !== 16 || bits < 1 || bits > 128) operationFailed();
  const size = 1n << BigInt(bits);
  const start = bytesToInt(counter);
  const before = size - (start % size);
  const blocks = BigInt(Math.ceil(data.length / 16));
  if (blocks > size) operationFailed();
  if (blocks <= before) return new CounterCore(key, counter).update(data);
  const cut = Number(before) * 16;
  const wrapped = intToBytes(start - (start % size), 16);
  return concat(new CounterCore(key, counter).update(data.subarray(0, cut)), new CounterCore(key, wrapped).update(data.subarray(cut)));
};

const cbcWith = (algorithm: Algorithm, key: Uint8Array, data: Uint8Array, isSealing: boolean): Uint8Array => {
  const iv = bytesOf(algorithm['iv'], 'iv');
  if (iv.length !== 16) fail('OperationError', 'algorithm.iv must contain exactly 16 bytes');
  try {
    return new Uint8Array(isSealing ? aes().cbc(key, iv).encrypt(data) : aes().cbc(key, iv).decrypt(data));
  } catch {
    return operationFailed();
  }
};

const oaep = (algorithm: Algorithm, key: CryptoKey, data: Uint8Array, isSealing: boolean): Uint8Array => {
  const digest = digestOf(key.algorithm.hash as { name: string });
  const label = algorithm['label'] === undefined ? new Uint8Array(0) : bytesOf(algorithm['label'], 'label');
  const options = { digest, mgf1: digest, label };
  const rsa = rsaOf(key);
  if (isSealing) {
    const block = padOaep(data, modulusBytes(rsa), options);
    return (block === null ? null : applyPublic(rsa, block)) ?? operationFailed();
  }
  const block = data.length === modulusBytes(rsa) ? applyPrivate(rsa, data) : null;
  return (block === null ? null : openOaep(block, options)) ?? operationFailed();
};

export const cipherWith = (algorithm: Algorithm, key: CryptoKey, data: Uint8Array, isSealing: boolean): Uint8Array => {
  switch (algorithm.name) {
    case 'AES-GCM':
      return gcm(algorithm, keyBytes(key), data, isSealing);
    case 'AES-CTR':
      return ctr(algorithm, keyBytes(key), data);
    case 'AES-CBC':
      return cbcWith(algorithm, keyBytes(key), data, isSealing);
    case 'RSA-OAEP':
      return oaep(algorithm, key, data, isSealing);
    default:
      return fail('NotSupportedError', `${algorithm.name} cannot encrypt`);
  }
};

export const wrapWith = (algorithm: Algorithm, key: CryptoKey, bytes: Uint8Array, isSealing: boolean): Uint8Array => {
  if (algorithm.name !== 'AES-KW') return cipherWith(algorithm, key, bytes, isSealing);
  try {
    return new Uint8Array(isSealing ? aes().aeskw(keyBytes(key)).encrypt(bytes) : aes().aeskw(keyBytes(key)).decrypt(bytes));
  } catch {
    return operationFailed();
  }
};

type NobleHash = Parameters<typeof pbkdf2>[0];

const agreed = (algorithm: Algorithm, key: CryptoKey, bits: number | null): Uint8Array => {
  const other = algorithm['public'];
  if (!(other instanceof CryptoKey))
    throw Object.assign(new TypeError('algorithm.public is not a CryptoKey'), { code: 'ERR_INVALID_ARG_TYPE' });
  if (other.type !== 'public' || other.algorithm.name !== key.algorithm.name || other.algorithm.namedCurve !== key.algorithm.namedCurve)
    fail('InvalidAccessError', 'algorithm.public must be a public key of the same kind');
  let shared: Uint8Array;
  try {
    shared = agree(keyPairData(key), keyPairData(other));
  } catch {
    return operationFailed();
  }
  if (bits === null) return shared;
  if (bits > shared.length * 8) fail('OperationError', 'derived bit length is too large');
  const cut = shared.slice(0, Math.ceil(bits / 8));
  if (bits % 8 !== 0) cut[cut.length - 1] = (cut[cut.length - 1] as number) & (0xff << (8 - (bits % 8)));
  return cut;
};

export const deriveWith = (algorithm: Algorithm, key: CryptoKey, bits: number | null): Uint8Array => {
  if (algorithm.name === 'ECDH' || algorithm.name === 'X25519') return agreed(algorithm, key, bits);
  if (bits === null || bits % 8 !== 0) return fail('OperationError', 'length must be a multiple of 8');
  const digest = digestOf(hashOf(algorithm['hash']));
  const salt = bytesOf(algorithm['salt'], 'salt');
  if (algorithm.name === 'HKDF') {
    const info = bytesOf(algorithm['info'], 'info');
    if (bits / 8 > 255 * digest.outputLen) operationFailed();
    return bits === 0 ? new Uint8Array(0) : new Uint8Array(hkdf(digest as unknown as NobleHash, keyBytes(key), salt, info, bits / 8));
  }
  if (algorithm.name !== 'PBKDF2') return fail('NotSupportedError', `nothing can be derived with ${algorithm.name}`);
  const c = numberOf(algorithm['iterations'], 'iterations');
  if (c === 0) fail('OperationError', 'iterations cannot be zero');
  return bits === 0
    ? new Uint8Array(0)
    : new Uint8Array(pbkdf2(digest as unknown as NobleHash, keyBytes(key), salt, { c, dkLen: bits / 8 }));
};
