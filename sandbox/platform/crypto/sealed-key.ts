// PKCS8 under a passphrase (PBES2: PBKDF2 and AES-CBC), both ways. Must never run more rounds of a file that somebody else wrote than it has time for.
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { expect, integer, nothing, octets, oid, readAll, readInteger, readOid, readOne, readSequence, sequence, tags } from './asn1.ts';
import { type BlockCipher, findBlockCipher, openCbc, sealCbc } from './cbc.ts';
import { type Digest, findDigest } from './digests.ts';
import { randomBytesOf } from './integers.ts';

const oids = { pbes2: '1.2.840.113549.1.5.13', pbkdf2: '1.2.840.113549.1.5.12' };
const hmacs: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.2.7', 'sha1'],
  ['1.2.840.113549.2.8', 'sha224'],
  ['1.2.840.113549.2.9', 'sha256'],
  ['1.2.840.113549.2.10', 'sha384'],
  ['1.2.840.113549.2.11', 'sha512'],
]);
const ownHmac = '1.2.840.113549.2.9';
/** As OpenSSL's own. */
const ownRounds = 2048;
const mostRounds = 10_000_000;

type NobleHash = Parameters<typeof pbkdf2>[0];
const derive = (hash: string, passphrase: Uint8Array, salt: Uint8Array, c: number, dkLen: number): Uint8Array =>
  pbkdf2((findDigest(hash) as { digest: Digest }).digest as unknown as NobleHash, passphrase, salt, { c, dkLen });

/** The PKCS8 inside; null where the passphrase does not fit; throws for what it does not know. */
export const openSealedKey = (der: Uint8Array, passphrase: Uint8Array): Uint8Array | null => {
  const [algorithm, sealed] = readAll(readOne(der, tags.sequence));
  const [scheme, parameters] = readSequence(algorithm);
  if (readOid(scheme) !== oids.pbes2) throw new RangeError('only PBES2 is known');
  const [kdf, encryption] = readSequence(parameters);
  const [kdfName, kdfParameters] = readSequence(kdf);
  if (readOid(kdfName) !== oids.pbkdf2) throw new RangeError('only PBKDF2 is known');
  const [salt, rounds, ...rest] = readSequence(kdfParameters);
  const prf = rest.find(({ tag }) => tag === tags.sequence);
  const hash = prf === undefined ? 'sha1' : hmacs.get(readOid(readSequence(prf)[0]));
  const [cipherName, iv] = readSequence(encryption);
  const cipher = findBlockCipher(readOid(cipherName));
  const count = readInteger(rounds);
  if (cipher === undefined || hash === undefined || count < 1n || count > mostRounds)
    throw new RangeError('a cipher or hash that is not known');
  const key = derive(hash, passphrase, expect(salt, tags.octets), Number(count), cipher.keyBytes);
  return openCbc(key, expect(iv, tags.octets), expect(sealed, tags.octets));
};

export const sealKey = (pkcs8: Uint8Array, passphrase: Uint8Array, cipher: BlockCipher): Uint8Array => {
  const [salt, iv] = [randomBytesOf(16), randomBytesOf(16)];
  const key = derive('sha256', passphrase, salt, ownRounds, cipher.keyBytes);
  const kdf = sequence(oid(oids.pbkdf2), sequence(octets(salt), integer(BigInt(ownRounds)), sequence(oid(ownHmac), nothing())));
  const scheme = sequence(oid(oids.pbes2), sequence(kdf, sequence(oid(cipher.oid), octets(iv))));
  return sequence(scheme, octets(sealCbc(key, iv, pkcs8)));
};
