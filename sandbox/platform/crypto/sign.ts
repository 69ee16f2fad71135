// Signatures of node:crypto: sign, verify and their streams. Must never verify what it cannot read: that is false, not an error.
import { makeNodeError } from '../http/node-error.ts';
import { integer, readAll, readInteger, readOne, sequence, tags } from './asn1.ts';
import { asBuffer, concat, encode, isEqual, parseBytes, parseChunk } from './bytes.ts';
import { makeOpenSslError, makeValueError, parseFunction, parseText } from './check.ts';
import { infoOf, signEcdsa, signEd25519, verifyEcdsa, verifyEd25519 } from './curves.ts';
import { type Digest, findDigest, type Hasher, type NamedDigest } from './digests.ts';
import { makeInvalidDigest } from './hash.ts';
import { bytesToInt, intToBytes } from './integers.ts';
import { later } from './kdf.ts';
import type { AsymmetricData, RsaData } from './key-data.ts';
import { LazyTransform } from './lazy-transform.ts';
import { parseKey } from './parse-key.ts';
import { applyPrivate, applyPublic, isPssOf, modulusBytes, type PssOptions, padPkcs1, padPss } from './rsa.ts';

export const paddings = { pkcs1: 1, none: 3, oaep: 4, pss: 6 } as const;

/** How one signature is made, besides the key. */
export interface SignatureSettings {
  readonly padding: number | undefined;
  readonly saltLength: number | undefined;
  readonly isP1363: boolean;
}

const parseSettings = (options: unknown): SignatureSettings => {
  const { padding, saltLength, dsaEncoding } = (typeof options === 'object' && options !== null ? options : {}) as Readonly<
    Record<string, unknown>
  >;
  if (padding !== undefined && typeof padding !== 'number') throw makeValueError('options.padding', padding);
  if (saltLength !== undefined && typeof saltLength !== 'number') throw makeValueError('options.saltLength', saltLength);
  if (dsaEncoding !== undefined && dsaEncoding !== 'der' && dsaEncoding !== 'ieee-p1363')
    throw makeValueError('options.dsaEncoding', dsaEncoding);
  return { padding, saltLength, isP1363: dsaEncoding === 'ieee-p1363' };
};

/** r and s side by side → their DER. */
const toDer = (compact: Uint8Array): Uint8Array => {
  const half = compact.length / 2;
  return sequence(integer(bytesToInt(compact.subarray(0, half))), integer(bytesToInt(compact.subarray(half))));
};
/** Null for what is not two numbers of the curve's size. */
const fromDer = (der: Uint8Array, size: number): Uint8Array | null => {
  try {
    const [r, s] = readAll(readOne(der, tags.sequence));
    return concat(intToBytes(readInteger(r), size), intToBytes(readInteger(s), size));
  } catch {
    return null;
  }
};

const makeTooSmall = (): Error =>
  makeOpenSslError('ERR_OSSL_RSA_DIGEST_TOO_BIG_FOR_RSA_KEY', '02000070', 'rsa routines', 'digest too big for rsa key');
const makeBadSalt = (): Error =>
  makeOpenSslError('ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_KEY_SIZE', '0200006E', 'rsa routines', 'data too large for key size');

/** -1: as long as the digest; -2: as long as fits. */
const pssOptions = (key: RsaData, { digest }: NamedDigest, saltLength: number | undefined, isVerifying: boolean): PssOptions => {
  const { pss } = key;
  const mgf1 = (pss ? (findDigest(pss.mgf1Hash)?.digest ?? digest) : digest) as Digest;
  const wanted = saltLength ?? (pss && !isVerifying ? pss.saltLength : -2);
  return { digest, mgf1, saltLength: wanted === -1 ? digest.outputLen : wanted === -2 ? 'auto' : wanted };
};
const isPss = (key: RsaData, { padding }: SignatureSettings): boolean =>
  padding === paddings.pss || (key.pss !== undefined && padding === undefined);

const signRsa = (key: RsaData, named: NamedDigest, hashed: Uint8Array, settings: SignatureSettings): Uint8Array => {
  const block = isPss(key, settings)
    ? padPss(hashed, key, pssOptions(key, named, settings.saltLength, false))
    : padPkcs1(named, hashed, modulusBytes(key));
  if (block === null) throw isPss(key, settings) ? makeBadSalt() : makeTooSmall();
  return applyPrivate(key, block) as Uint8Array;
};

const verifyRsa = (key: RsaData, named: NamedDigest, hashed: Uint8Array, signature: Uint8Array, settings: SignatureSettings): boolean => {
  if (signature.length !== modulusBytes(key)) return false;
  const opened = applyPublic(key, signature);
  if (opened === null) return false;
  if (isPss(key, settings)) return isPssOf(opened, hashed, key, pssOptions(key, named, settings.saltLength, true));
  const expected = padPkcs1(named, hashed, opened.length);
  return expected !== null && isEqual(opened, expected);
};

const makeUnsupported = (): Error => makeNodeError(Error, 'ERR_CRYPTO_UNSUPPORTED_OPERATION', 'Unsupported crypto operation');

/** Signs a digest that is already made. */
export const signHashed = (key: AsymmetricData, named: NamedDigest, hashed: Uint8Array, settings: SignatureSettings): Uint8Array => {
  if (key.kind === 'okp') throw makeUnsupported();
  if (key.kind === 'rsa') return signRsa(key, named, hashed, settings);
  const compact = signEcdsa(key, hashed);
  return settings.isP1363 ? compact : toDer(compact);
};

export const verifyHashed = (
  key: AsymmetricData,
  named: NamedDigest,
  hashed: Uint8Array,
  signature: Uint8Array,
  settings: SignatureSettings,
): boolean => {
  if (key.kind === 'okp') throw makeUnsupported();
  if (key.kind === 'rsa') return verifyRsa(key, named, hashed, signature, settings);
  const size = infoOf(key.curve).bytes;
  const compact = settings.isP1363 ? signature : fromDer(signature, size);
  return compact !== null && compact.length === size * 2 && verifyEcdsa(key, hashed, compact);
};

const state = Symbol('hasher');

abstract class Signing extends LazyTransform {
  readonly [state]: { readonly named: NamedDigest; readonly hasher: Hasher };

  constructor(algorithm: unknown) {
    super();
    const named = findDigest(parseText(algorithm, 'algorithm'));
    if (named === undefined) throw makeNodeError(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', 'Invalid digest');
    this[state] = { named, hasher: named.digest.create() };
  }

  update(data: unknown, encoding?: unknown): this {
    this[state].hasher.update(parseChunk(data, encoding));
    return this;
  }

  _write(chunk: unknown, encoding: unknown, done: (error?: Error) => void): void {
    this.update(chunk, encoding);
    done();
  }
}

export class Sign extends Signing {
  sign(options: unknown, encoding?: unknown): unknown {
    if (options === undefined || options === null || options === '')
      throw makeNodeError(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
    const settings = parseSettings(options);
    const { named, hasher } = this[state];
    return encode(signHashed(parseKey(options, 'private'), named, hasher.digest(), settings), encoding);
  }
}

export class Verify extends Signing {
  verify(options: unknown, signature: unknown, encoding?: unknown): boolean {
    const settings = parseSettings(options);
    const key = parseKey(options, 'public');
    const given = parseBytes(signature, 'signature', encoding);
    const { named, hasher } = this[state];
    return verifyHashed(key, named, hasher.digest(), given, settings);
  }
}

export const createSign = (algorithm: unknown): Sign => new Sign(algorithm);
export const createVerify = (algorithm: unknown): Verify => new Verify(algorithm);

/** Without a name the digest is the one OpenSSL takes for the key. */
const digestFor = (algorithm: unknown, key: AsymmetricData): NamedDigest | null => {
  if (key.kind === 'okp') {
    if (algorithm === null || algorithm === undefined) return null;
    throw makeOpenSslError('ERR_OSSL_INVALID_DIGEST', '1C80007A', 'Provider routines', 'invalid digest');
  }
  if (algorithm === null || algorithm === undefined)
    return findDigest(key.kind === 'rsa' && key.pss ? key.pss.hash : 'sha256') as NamedDigest;
  const named = findDigest(String(algorithm));
  if (named === undefined) throw makeInvalidDigest(String(algorithm));
  return named;
};

const parseAlgorithm = (algorithm: unknown): unknown => {
  if (algorithm !== null && algorithm !== undefined) parseText(algorithm, 'algorithm');
  return algorithm;
};

const noEd = (key: AsymmetricData): void => {
  if (key.kind === 'okp' && key.curve !== 'ed25519') throw makeUnsupported();
};

const prepareSign = (algorithm: unknown, data: unknown, key: unknown): (() => Uint8Array) => {
  const name = parseAlgorithm(algorithm);
  const bytes = parseBytes(data, 'data');
  if (key === undefined || key === null) throw makeNodeError(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
  const settings = parseSettings(key);
  const parsed = parseKey(key, 'private');
  return () => {
    noEd(parsed);
    const named = digestFor(name, parsed);
    if (named === null || parsed.kind === 'okp')
      return asBuffer(signEd25519(parsed.kind === 'okp' ? (parsed.secret as Uint8Array) : new Uint8Array(0), bytes));
    return asBuffer(signHashed(parsed, named, named.digest(bytes), settings));
  };
};

const prepareVerify = (algorithm: unknown, data: unknown, key: unknown, signature: unknown): (() => boolean) => {
  const name = parseAlgorithm(algorithm);
  const bytes = parseBytes(data, 'data');
  const settings = parseSettings(key);
  const parsed = parseKey(key, 'public');
  const given = parseBytes(signature, 'signature');
  return () => {
    noEd(parsed);
    const named = digestFor(name, parsed);
    if (named === null || parsed.kind === 'okp') return parsed.kind === 'okp' && verifyEd25519(parsed.point, bytes, given);
    return verifyHashed(parsed, named, named.digest(bytes), given, settings);
  };
};

export const sign = (algorithm: unknown, data: unknown, key: unknown, callback?: unknown): Uint8Array | undefined => {
  const run = prepareSign(algorithm, data, key);
  if (callback === undefined) return run();
  later(run, parseFunction(callback));
  return undefined;
};

export const verify = (algorithm: unknown, data: unknown, key: unknown, signature: unknown, callback?: unknown): boolean | undefined => {
  const run = prepareVerify(algorithm, data, key, signature);
  if (callback === undefined) return run();
  later(run, parseFunction(callback));
  return undefined;
};
