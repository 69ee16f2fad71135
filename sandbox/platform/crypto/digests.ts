// The hash functions by every name OpenSSL has for them. Must never hold one that is not noble's.
import { blake2b, blake2s } from '@noble/hashes/blake2.js';
import { md5, ripemd160, sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from '@noble/hashes/sha2.js';
import { sha3_224, sha3_256, sha3_384, sha3_512, shake128, shake256 } from '@noble/hashes/sha3.js';

export interface Hasher {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
  clone(): Hasher;
}
/** What noble's functions have in common. */
export interface Digest {
  (bytes: Uint8Array): Uint8Array;
  readonly outputLen: number;
  readonly blockLen: number;
  create(options?: { readonly dkLen?: number }): Hasher;
}

/** Name → function, the first of a function's names being node's own; xof: of any length. */
const table: readonly (readonly [names: string, digest: unknown, oid: string])[] = [
  ['md5 rsa-md5 md5withrsaencryption ssl3-md5', md5, '1.2.840.113549.2.5'],
  ['sha1 sha-1 rsa-sha1 rsa-sha1-2 sha1withrsaencryption ssl3-sha1', sha1, '1.3.14.3.2.26'],
  ['sha224 sha-224 sha2-224 rsa-sha224 sha224withrsaencryption', sha224, '2.16.840.1.101.3.4.2.4'],
  ['sha256 sha-256 sha2-256 rsa-sha256 sha256withrsaencryption', sha256, '2.16.840.1.101.3.4.2.1'],
  ['sha384 sha-384 sha2-384 rsa-sha384 sha384withrsaencryption', sha384, '2.16.840.1.101.3.4.2.2'],
  ['sha512 sha-512 sha2-512 rsa-sha512 sha512withrsaencryption', sha512, '2.16.840.1.101.3.4.2.3'],
  ['sha512-224 sha512/224 sha-512/224 rsa-sha512/224', sha512_224, '2.16.840.1.101.3.4.2.5'],
  ['sha512-256 sha512/256 sha-512/256 rsa-sha512/256', sha512_256, '2.16.840.1.101.3.4.2.6'],
  ['sha3-224 rsa-sha3-224', sha3_224, '2.16.840.1.101.3.4.2.7'],
  ['sha3-256 rsa-sha3-256', sha3_256, '2.16.840.1.101.3.4.2.8'],
  ['sha3-384 rsa-sha3-384', sha3_384, '2.16.840.1.101.3.4.2.9'],
  ['sha3-512 rsa-sha3-512', sha3_512, '2.16.840.1.101.3.4.2.10'],
  ['ripemd160 ripemd rmd160 rsa-ripemd160 ripemd160withrsa', ripemd160, '1.3.36.3.2.1'],
  ['blake2b512', blake2b, ''],
  ['blake2s256', blake2s, ''],
  ['shake128', shake128, ''],
  ['shake256', shake256, ''],
];

export interface NamedDigest {
  /** Node's own name of it. */
  readonly name: string;
  readonly digest: Digest;
  /** Its number in ASN.1; empty where signatures do not use it. */
  readonly oid: string;
  readonly isXof: boolean;
}

const byName = new Map<string, NamedDigest>();
for (const [names, digest, oid] of table) {
  const [name = ''] = names.split(' ');
  const found = { name, digest: digest as Digest, oid, isXof: name.startsWith('shake') };
  for (const alias of names.split(' ')) byName.set(alias, found);
}

export const findDigest = (name: string): NamedDigest | undefined => byName.get(name.toLowerCase());
export const findDigestByOid = (oid: string): NamedDigest | undefined => [...byName.values()].find((one) => one.oid === oid && oid !== '');

/** As node spells them. */
export const digestNames = (): string[] =>
  [...byName.keys()]
    .filter((name) => !/^sha2?-\d|^sha512\/|^sha-/.test(name))
    .map((name) =>
      /^rsa-/.test(name) ? name.toUpperCase() : name.replace('withrsaencryption', 'WithRSAEncryption').replace('withrsa', 'WithRSA'),
    )
    .sort();
