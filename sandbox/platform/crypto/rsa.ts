// RSA's two primitives, the padding of signatures and of encryption, and key generation. Must never raise to a secret power a base that somebody else chose and nothing blinded.

import { nothing, octets, oid, sequence } from './asn1.ts';
import { concat, isEqual } from './bytes.ts';
import type { Digest, NamedDigest } from './digests.ts';
import { bitLength, bytesToInt, intToBytes, inverseMod, isProbablePrime, powMod, randomBelow, randomBytesOf } from './integers.ts';
import type { RsaData, RsaPrivate } from './key-data.ts';

export const modulusBytes = ({ n }: RsaData): number => Math.ceil(bitLength(n) / 8);

/** m^e mod n; null where the number is not below n. */
export const applyPublic = (key: RsaData, bytes: Uint8Array): Uint8Array | null => {
  const value = bytesToInt(bytes);
  return value >= key.n ? null : intToBytes(powMod(value, key.e, key.n), modulusBytes(key));
};

/** c^d mod n by the Chinese remainder theorem, blinded, and checked: a wrong half would give the primes away. */
export const applyPrivate = (key: RsaData, bytes: Uint8Array): Uint8Array | null => {
  const { n, e } = key;
  const { p, q, dp, dq, qi } = key.secret as RsaPrivate;
  const value = bytesToInt(bytes);
  if (value >= n) return null;
  let blind = randomBelow(n);
  let unblind = inverseMod(blind, n);
  while (unblind === null) {
    blind = randomBelow(n);
    unblind = inverseMod(blind, n);
  }
  const hidden = (value * powMod(blind, e, n)) % n;
  const [byP, byQ] = [powMod(hidden % p, dp, p), powMod(hidden % q, dq, q)];
  const h = ((((byP - byQ) * qi) % p) + p) % p;
  const result = ((byQ + h * q) * unblind) % n;
  if (powMod(result, e, n) !== value) throw new Error('the RSA key contradicts itself');
  return intToBytes(result, modulusBytes(key));
};

const mgf1 = (digest: Digest, seed: Uint8Array, length: number): Uint8Array => {
  const mask = new Uint8Array(length);
  for (let at = 0, counter = 0; at < length; at += digest.outputLen, counter += 1)
    mask.set(digest(concat(seed, intToBytes(BigInt(counter), 4))).subarray(0, length - at), at);
  return mask;
};
const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, index) => byte ^ (b[index] as number));

/** EMSA-PKCS1-v1_5 of a digest; null where the key is too short for it. */
export const padPkcs1 = (named: NamedDigest, hashed: Uint8Array, length: number): Uint8Array | null => {
  const info = named.oid === '' ? hashed : sequence(sequence(oid(named.oid), nothing()), octets(hashed));
  const fill = length - info.length - 3;
  return fill < 8 ? null : concat(Uint8Array.of(0, 1), new Uint8Array(fill).fill(0xff), Uint8Array.of(0), info);
};

export interface PssOptions {
  readonly digest: Digest;
  readonly mgf1: Digest;
  /** A number of bytes; auto: as much as fits when signing, whatever is there when verifying. */
  readonly saltLength: number | 'auto';
}

export const padPss = (hashed: Uint8Array, key: RsaData, { digest, mgf1: maskDigest, saltLength }: PssOptions): Uint8Array | null => {
  const bitsOf = bitLength(key.n) - 1;
  const length = Math.ceil(bitsOf / 8);
  const size = digest.outputLen;
  const salted = saltLength === 'auto' ? length - size - 2 : saltLength;
  if (salted < 0 || length < size + salted + 2) return null;
  const salt = randomBytesOf(salted);
  const h = digest(concat(new Uint8Array(8), hashed, salt));
  const data = concat(new Uint8Array(length - salted - size - 2), Uint8Array.of(1), salt);
  const masked = xor(data, mgf1(maskDigest, h, data.length));
  masked[0] = (masked[0] as number) & (0xff >> (8 * length - bitsOf));
  const encoded = concat(masked, h, Uint8Array.of(0xbc));
  return encoded.length === modulusBytes(key) ? encoded : concat(Uint8Array.of(0), encoded);
};

export const isPssOf = (
  opened: Uint8Array,
  hashed: Uint8Array,
  key: RsaData,
  { digest, mgf1: maskDigest, saltLength }: PssOptions,
): boolean => {
  const bitsOf = bitLength(key.n) - 1;
  const length = Math.ceil(bitsOf / 8);
  const size = digest.outputLen;
  if (opened.length > length && opened[0] !== 0) return false;
  const encoded = opened.subarray(opened.length - length);
  if (length < size + 2 || encoded[length - 1] !== 0xbc) return false;
  const masked = encoded.subarray(0, length - size - 1);
  const h = encoded.subarray(length - size - 1, length - 1);
  const spare = 8 * length - bitsOf;
  if (((masked[0] as number) & ~(0xff >> spare) & 0xff) !== 0) return false;
  const data = xor(masked, mgf1(maskDigest, h, masked.length));
  data[0] = (data[0] as number) & (0xff >> spare);
  const one = data.findIndex((byte) => byte !== 0);
  if (one < 0 || data[one] !== 1) return false;
  const salt = data.subarray(one + 1);
  if (saltLength !== 'auto' && salt.length !== saltLength) return false;
  return isEqual(h, digest(concat(new Uint8Array(8), hashed, salt)));
};

export const padEncryption = (message: Uint8Array, length: number): Uint8Array | null => {
  const fill = length - message.length - 3;
  if (fill < 8) return null;
  const padding = randomBytesOf(fill);
  for (let index = 0; index < fill; index += 1) while (padding[index] === 0) padding.set(randomBytesOf(1), index);
  return concat(Uint8Array.of(0, 2), padding, Uint8Array.of(0), message);
};

/** What is in a PKCS1 encryption block. Of a wrong one random bytes, always the same for the same block: an answer that differs would be an oracle (implicit rejection, as OpenSSL has it). */
export const openEncryption = (block: Uint8Array, reject: (label: string, length: number) => Uint8Array): Uint8Array => {
  let zero = 0;
  let isWrong = (block[0] as number) | ((block[1] as number) ^ 2);
  for (let index = block.length - 1; index >= 2; index -= 1) if (block[index] === 0) zero = index;
  if (zero < 10) isWrong |= 1;
  if (isWrong === 0) return block.slice(zero + 1);
  const [high = 0, low = 0] = reject('length', 2);
  return reject('message', (high * 256 + low) % (block.length - 10));
};

export interface OaepOptions {
  readonly digest: Digest;
  readonly mgf1: Digest;
  readonly label: Uint8Array;
}

export const padOaep = (message: Uint8Array, length: number, { digest, mgf1: maskDigest, label }: OaepOptions): Uint8Array | null => {
  const size = digest.outputLen;
  const fill = length - message.length - 2 * size - 2;
  if (fill < 0) return null;
  const data = concat(digest(label), new Uint8Array(fill), Uint8Array.of(1), message);
  const seed = randomBytesOf(size);
  const masked = xor(data, mgf1(maskDigest, seed, data.length));
  return concat(Uint8Array.of(0), xor(seed, mgf1(maskDigest, masked, size)), masked);
};

export const openOaep = (block: Uint8Array, { digest, mgf1: maskDigest, label }: OaepOptions): Uint8Array | null => {
  const size = digest.outputLen;
  if (block.length < 2 * size + 2) return null;
  const masked = block.subarray(size + 1);
  const seed = xor(block.subarray(1, size + 1), mgf1(maskDigest, masked, size));
  const data = xor(masked, mgf1(maskDigest, seed, masked.length));
  // All of it is looked at before anything is said: which part was wrong would be an oracle.
  let isWrong = block[0] as number;
  if (!isEqual(data.subarray(0, size), digest(label))) isWrong |= 1;
  let one = 0;
  for (let index = data.length - 1; index >= size; index -= 1) if (data[index] !== 0) one = index;
  if (data[one] !== 1 || one === 0) isWrong |= 1;
  return isWrong === 0 ? data.slice(one + 1) : null;
};

const makePrime = (bits: number, e: bigint): bigint => {
  for (;;) {
    const bytes = randomBytesOf(Math.ceil(bits / 8));
    const value = (bytesToInt(bytes) & ((1n << BigInt(bits)) - 1n)) | (3n << BigInt(bits - 2)) | 1n;
    if ((value - 1n) % e !== 0n && isProbablePrime(value, bits >= 1024 ? 5 : 16)) return value;
  }
};

/** From what is known of a private key, what the Chinese remainder theorem needs. */
export const completePrivate = (d: bigint, p: bigint, q: bigint): RsaPrivate => {
  const qi = inverseMod(q, p);
  if (qi === null) throw new RangeError('the primes of the RSA key are none');
  return { d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi };
};

export const generateRsa = (bits: number, e: bigint): RsaData => {
  for (;;) {
    const [a, b] = [makePrime(Math.ceil(bits / 2), e), makePrime(Math.floor(bits / 2), e)];
    const [p, q] = a > b ? [a, b] : [b, a];
    const n = p * q;
    if (bitLength(n) !== bits || p - q < 1n << BigInt(Math.floor(bits / 2) - 100)) continue;
    const phi = (p - 1n) * (q - 1n);
    // Carmichael's function, as FIPS 186-5 has it.
    const d = inverseMod(e, phi / gcd(p - 1n, q - 1n));
    if (d !== null) return { kind: 'rsa', n, e, secret: completePrivate(d, p, q), pss: undefined };
  }
};

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));
