// importKey, exportKey and generateKey. Must never give out a key that is not extractable, nor take one for a use it is not for.
import { findCurve, generateEc, generateOkp, infoOf, readPoint } from '../curves.ts';
import { bitLength, bytesToInt, intToBytes, randomBytesOf } from '../integers.ts';
import { type Jwk, readJwk, readSecretJwk, writeJwk } from '../jwk.ts';
import { readPkcs8, readSpki, writePrivate, writePublic } from '../key-codec.ts';
import { type AsymmetricData, type KeyData, type OkpCurve, publicHalf, type RsaData } from '../key-data.ts';
import { generateRsa } from '../rsa.ts';
import { type CryptoKey, type KeyAlgorithm, keyBytes, keyData, keyPairData, makeCryptoKey, type Usage } from './crypto-key.ts';
import { jwkAlg, type Kind, kindOf } from './kinds.ts';
import { type Algorithm, bytesOf, digestOf, fail, hashOf, numberOf, textOf, toBuffer } from './normalize.ts';

const longestModulusBits = 8192;

export const kindOrFail = (name: string, operation: string): Kind =>
  kindOf(name) ?? fail('NotSupportedError', `${operation} is not supported for ${name}`);

const checkUsages = (kind: Kind, type: 'secret' | 'public' | 'private', usages: readonly Usage[], isNeeded = type !== 'public'): void => {
  const allowed = kind[type] ?? [];
  if (usages.some((usage) => !allowed.includes(usage))) fail('SyntaxError', 'Unsupported key usage for such a key');
  if (isNeeded && usages.length === 0) fail('SyntaxError', 'Usages cannot be empty when importing a secret or private key');
};

const curveName = (algorithm: Algorithm): string => {
  const found = findCurve(textOf(algorithm['namedCurve'], 'namedCurve'));
  return found === undefined || found.name === 'secp256k1' ? fail('NotSupportedError', 'Unrecognized namedCurve') : found.jwk;
};
const okpOf = (name: string): OkpCurve => (name === 'Ed25519' ? 'ed25519' : 'x25519');

/** What the key will show; fails where the data is another kind's. */
const describe = (algorithm: Algorithm, kind: Kind, data: KeyData): KeyAlgorithm => {
  const { name } = algorithm;
  const wrong = (): never => fail('DataError', 'Invalid key type');
  switch (kind.family) {
    case 'hmac': {
      const bytes = data.kind === 'secret' ? data.bytes : wrong();
      if (bytes.length === 0) fail('DataError', 'Zero-length key is not supported');
      const length = algorithm['length'] === undefined ? bytes.length * 8 : numberOf(algorithm['length'], 'length');
      if (length > bytes.length * 8 || length <= bytes.length * 8 - 8) fail('DataError', 'Invalid key length');
      return { name, length, hash: hashOf(algorithm['hash']) };
    }
    case 'aes': {
      const length = (data.kind === 'secret' ? data.bytes : wrong()).length * 8;
      return [128, 192, 256].includes(length) ? { name, length } : fail('DataError', 'Invalid key length');
    }
    case 'kdf':
      return { name };
    case 'rsa': {
      const { n, e } = data.kind === 'rsa' ? data : wrong();
      return { name, modulusLength: bitLength(n), publicExponent: intToBytes(e), hash: hashOf(algorithm['hash']) };
    }
    case 'ec': {
      const namedCurve = curveName(algorithm);
      if (data.kind !== 'ec') return wrong();
      return infoOf(data.curve).jwk === namedCurve ? { name, namedCurve } : fail('DataError', 'Named curve mismatch');
    }
    case 'okp':
      return data.kind === 'okp' && data.curve === okpOf(name) ? { name } : wrong();
  }
};

const orDataError = <Value>(read: () => Value): Value => {
  try {
    return read();
  } catch {
    return fail('DataError', 'Invalid keyData');
  }
};

const checkJwk = (jwk: Jwk, algorithm: Algorithm, kind: Kind, extractable: boolean, usages: readonly Usage[], data: KeyData): void => {
  if (jwk['ext'] === false && extractable) fail('DataError', 'JWK "ext" Parameter and extractable mismatch');
  const ops = jwk['key_ops'];
  if (Array.isArray(ops) && usages.some((usage) => !ops.includes(usage))) fail('DataError', 'Key operations and usage mismatch');
  const signs = kind.private?.includes('sign') === true || kind.family === 'hmac';
  if (jwk['use'] !== undefined && usages.length > 0 && jwk['use'] !== (signs ? 'sig' : 'enc'))
    fail('DataError', 'Invalid JWK "use" Parameter');
  const alg = jwk['alg'];
  if (alg === undefined) return;
  const hash = kind.family === 'hmac' || kind.family === 'rsa' ? hashOf(algorithm['hash']).name : '';
  const expected = jwkAlg(algorithm.name, hash, data.kind === 'secret' ? data.bytes.length * 8 : 0);
  const isEd = algorithm.name === 'Ed25519' && alg === 'EdDSA';
  if (expected !== undefined && alg !== expected && !isEd) fail('DataError', 'JWK "alg" does not match the requested algorithm');
};

const readRaw = (algorithm: Algorithm, kind: Kind, bytes: Uint8Array): KeyData => {
  if (kind.secret !== undefined) return { kind: 'secret', bytes: bytes.slice() };
  if (kind.family === 'rsa') return fail('NotSupportedError', 'Unable to import an RSA key in the format raw');
  if (kind.family === 'ec') {
    const curve = findCurve(curveName(algorithm));
    if (curve === undefined) return fail('NotSupportedError', 'Unrecognized namedCurve');
    return { kind: 'ec', curve: curve.name, point: orDataError(() => readPoint(curve.name, bytes)), secret: null };
  }
  if (bytes.length !== 32) fail('DataError', 'Invalid keyData');
  return { kind: 'okp', curve: okpOf(algorithm.name), point: bytes.slice(), secret: null };
};

const readFormat = (format: string, algorithm: Algorithm, kind: Kind, keyGiven: unknown): KeyData => {
  if (format === 'raw') return readRaw(algorithm, kind, bytesOf(keyGiven, 'keyData'));
  if (format === 'jwk') {
    if (typeof keyGiven !== 'object' || keyGiven === null)
      throw Object.assign(new TypeError('keyData is not a JSON Web Key'), { code: 'ERR_INVALID_ARG_TYPE' });
    const jwk = keyGiven as Jwk;
    if (kind.family === 'kdf') fail('NotSupportedError', `Unable to import a ${algorithm.name} key in the format jwk`);
    return orDataError(() =>
      kind.secret === undefined ? readJwk(jwk, jwk['d'] === undefined ? 'public' : 'private') : readSecretJwk(jwk),
    );
  }
  if (kind.secret !== undefined || (format !== 'spki' && format !== 'pkcs8'))
    return fail('NotSupportedError', `Unable to import a ${algorithm.name} key in the format ${format}`);
  const der = bytesOf(keyGiven, 'keyData');
  return orDataError(() => (format === 'spki' ? readSpki(der) : readPkcs8(der)));
};

export const importKey = (
  format: string,
  keyGiven: unknown,
  algorithm: Algorithm,
  extractable: boolean,
  usages: readonly Usage[],
): CryptoKey => {
  const kind = kindOrFail(algorithm.name, 'importKey');
  const data = readFormat(format, algorithm, kind, keyGiven);
  const type = data.kind === 'secret' ? 'secret' : data.secret === null ? 'public' : 'private';
  checkUsages(kind, type, usages);
  if (kind.family === 'kdf' && extractable) fail('SyntaxError', `${algorithm.name} keys are not extractable`);
  if (format === 'jwk') checkJwk(keyGiven as Jwk, algorithm, kind, extractable, usages, data);
  return makeCryptoKey(type, describe(algorithm, kind, data), extractable, usages, data);
};

export const exportKey = (format: string, key: CryptoKey): ArrayBuffer | Record<string, unknown> => {
  if (!key.extractable) fail('InvalidAccessError', 'key is not extractable');
  const { name, hash, length = 0 } = key.algorithm;
  const data = keyData(key);
  if (format === 'jwk') {
    if (kindOf(name)?.family === 'kdf') fail('NotSupportedError', `Unable to export a ${name} key in the format jwk`);
    const alg = jwkAlg(name, hash?.name ?? '', length);
    // A key of RSA-PSS has no form of its own in JWK.
    const plain = data.kind === 'rsa' ? { ...data, pss: undefined } : data;
    return { ...writeJwk(plain), key_ops: key.usages, ext: true, ...(alg === undefined ? {} : { alg }) };
  }
  if (format === 'raw' && key.type === 'secret') return toBuffer(keyBytes(key));
  if (data.kind === 'secret') return fail('NotSupportedError', `Unable to export a secret key in the format ${format}`);
  if (format === 'raw' && key.type === 'public' && data.kind !== 'rsa') return toBuffer(data.point);
  if (format === 'spki' && key.type === 'public') return toBuffer(writePublic(data, 'spki'));
  if (format === 'pkcs8' && key.type === 'private') return toBuffer(writePrivate(data, 'pkcs8'));
  return fail('NotSupportedError', `Unable to export a ${name} ${key.type} key in the format ${format}`);
};

/** How long a key of that algorithm is, in bits; null: as long as one likes. */
export const keyLength = (algorithm: Algorithm): number | null => {
  const kind = kindOrFail(algorithm.name, 'deriveKey');
  if (kind.family === 'kdf') return null;
  if (kind.family === 'aes') {
    const bits = numberOf(algorithm['length'], 'length');
    return [128, 192, 256].includes(bits) ? bits : fail('OperationError', 'Invalid key length');
  }
  if (kind.family !== 'hmac') return fail('NotSupportedError', `no key of ${algorithm.name} can be derived`);
  if (algorithm['length'] === undefined) return digestOf(hashOf(algorithm['hash'])).blockLen * 8;
  return numberOf(algorithm['length'], 'length') || fail('OperationError', 'Zero-length key is not supported');
};

const generatePair = (algorithm: Algorithm, kind: Kind): AsymmetricData => {
  if (kind.family === 'rsa') {
    const bits = numberOf(algorithm['modulusLength'], 'modulusLength');
    const e = bytesToInt(bytesOf(algorithm['publicExponent'], 'publicExponent'));
    if (bits < 512 || bits > longestModulusBits || e < 3n || e % 2n === 0n) fail('OperationError', 'Invalid key parameters');
    hashOf(algorithm['hash']);
    return generateRsa(bits, e);
  }
  if (kind.family === 'ec') return generateEc((findCurve(curveName(algorithm)) as { name: 'prime256v1' }).name);
  return generateOkp(okpOf(algorithm.name));
};

export const generateKey = (
  algorithm: Algorithm,
  extractable: boolean,
  usages: readonly Usage[],
): CryptoKey | { publicKey: CryptoKey; privateKey: CryptoKey } => {
  const kind = kindOrFail(algorithm.name, 'generateKey');
  if (kind.family === 'kdf') fail('NotSupportedError', `no key of ${algorithm.name} can be generated`);
  if (kind.secret !== undefined) {
    checkUsages(kind, 'secret', usages);
    const bits = keyLength(algorithm) as number;
    const data = { kind: 'secret', bytes: randomBytesOf(Math.ceil(bits / 8)) } as const;
    return makeCryptoKey('secret', describe(algorithm, kind, data), extractable, usages, data);
  }
  const [forPublic, forPrivate] = [kind.public ?? [], kind.private ?? []];
  if (usages.some((usage) => !forPublic.includes(usage) && !forPrivate.includes(usage)))
    fail('SyntaxError', 'Unsupported key usage for such a key');
  const privateUsages = usages.filter((usage) => forPrivate.includes(usage));
  if (privateUsages.length === 0) fail('SyntaxError', 'Usages cannot be empty when creating a key.');
  const data = generatePair(algorithm, kind);
  const shown = describe(algorithm, kind, data);
  const publicUsages = usages.filter((usage) => forPublic.includes(usage));
  return {
    publicKey: makeCryptoKey('public', shown, true, publicUsages, publicHalf(data)),
    privateKey: makeCryptoKey('private', shown, extractable, privateUsages, data),
  };
};

export const rsaOf = (key: CryptoKey): RsaData => keyPairData(key) as RsaData;
