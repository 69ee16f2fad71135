// Keys as JSON Web Keys, both ways. Must never take one whose halves do not belong together.
import { makeNodeError } from '../http/node-error.ts';
import { concat, fromBase64Url, isEqual, toBase64Url } from './bytes.ts';
import { ecFromSecret, findCurve, findOkp, infoOf, okpCurves, okpFromSecret, readPoint } from './curves.ts';
import { bytesToInt, intToBytes } from './integers.ts';
import type { AsymmetricData, KeyData, RsaData, SecretData } from './key-data.ts';

export type Jwk = Readonly<Record<string, unknown>>;

const makeInvalid = (message: string): Error => makeNodeError(TypeError, 'ERR_CRYPTO_INVALID_JWK', message);
const kinds: Readonly<Record<string, string>> = { RSA: 'RSA', EC: 'EC', OKP: 'OKP', oct: 'secret' };
const field = (jwk: Jwk, name: string): Uint8Array => {
  const value = jwk[name];
  if (typeof value !== 'string') throw makeInvalid(`Invalid JWK ${kinds[String(jwk['kty'])] ?? ''} key`);
  return fromBase64Url(value);
};

const readRsa = (jwk: Jwk, isPrivate: boolean): RsaData => {
  const [n, e] = [bytesToInt(field(jwk, 'n')), bytesToInt(field(jwk, 'e'))];
  if (n === 0n || e === 0n) throw makeInvalid('Invalid JWK RSA key');
  if (!isPrivate) return { kind: 'rsa', n, e, secret: null, pss: undefined };
  const [d, p, q, dp, dq, qi] = ['d', 'p', 'q', 'dp', 'dq', 'qi'].map((name) => bytesToInt(field(jwk, name))) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  if (p * q !== n) throw makeInvalid('Invalid JWK RSA key');
  return { kind: 'rsa', n, e, secret: { d, p, q, dp, dq, qi }, pss: undefined };
};

const readEc = (jwk: Jwk, isPrivate: boolean): AsymmetricData => {
  const curve = findCurve(String(jwk['crv']));
  if (curve === undefined) throw makeNodeError(TypeError, 'ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name');
  const [x, y] = [field(jwk, 'x'), field(jwk, 'y')];
  try {
    const point = readPoint(
      curve.name,
      concat(Uint8Array.of(4), intToBytes(bytesToInt(x), curve.bytes), intToBytes(bytesToInt(y), curve.bytes)),
    );
    if (!isPrivate) return { kind: 'ec', curve: curve.name, point, secret: null };
    const whole = ecFromSecret(curve.name, field(jwk, 'd'));
    if (isEqual(whole.point, point)) return whole;
  } catch {
    // Not on its curve, or no secret of it.
  }
  throw makeInvalid('Invalid JWK EC key');
};

const readOkp = (jwk: Jwk, isPrivate: boolean): AsymmetricData => {
  const curve = findOkp(String(jwk['crv']));
  if (curve === undefined) throw makeInvalid('Invalid JWK OKP key');
  const point = field(jwk, 'x');
  if (point.length !== 32) throw makeInvalid('Invalid JWK OKP key');
  if (!isPrivate) return { kind: 'okp', curve, point, secret: null };
  const secret = field(jwk, 'd');
  if (secret.length !== 32) throw makeInvalid('Invalid JWK OKP key');
  const whole = okpFromSecret(curve, secret);
  if (!isEqual(whole.point, point)) throw makeInvalid('Invalid JWK OKP key');
  return whole;
};

/** A key of two halves: the private one where there is one and it is wanted. */
export const readJwk = (jwk: Jwk, wanted: 'public' | 'private'): AsymmetricData => {
  const isPrivate = wanted === 'private';
  switch (jwk['kty']) {
    case 'RSA':
      return readRsa(jwk, isPrivate);
    case 'EC':
      return readEc(jwk, isPrivate);
    case 'OKP':
      return readOkp(jwk, isPrivate);
    default:
      throw makeInvalid(`${String(jwk['kty'])} is not a supported JWK key type`);
  }
};

export const readSecretJwk = (jwk: Jwk): SecretData => {
  if (jwk['kty'] !== 'oct') throw makeInvalid('Invalid JWK secret key');
  return { kind: 'secret', bytes: field(jwk, 'k') };
};

const number = (value: bigint): string => toBase64Url(intToBytes(value));

/** In node's order of members. */
export const writeJwk = (key: KeyData): Record<string, string> => {
  switch (key.kind) {
    case 'secret':
      return { kty: 'oct', k: toBase64Url(key.bytes) };
    case 'rsa': {
      if (key.pss !== undefined) throw makeNodeError(Error, 'ERR_CRYPTO_JWK_UNSUPPORTED_KEY_TYPE', 'Unsupported JWK Key Type.');
      const { n, e, secret } = key;
      const own = secret === null ? {} : Object.fromEntries(Object.entries(secret).map(([name, value]) => [name, number(value as bigint)]));
      return { kty: 'RSA', n: number(n), e: number(e), ...own };
    }
    case 'ec': {
      const { bytes, jwk } = infoOf(key.curve);
      const [x, y] = [key.point.subarray(1, 1 + bytes), key.point.subarray(1 + bytes)].map(toBase64Url) as [string, string];
      return { kty: 'EC', x, y, crv: jwk, ...(key.secret === null ? {} : { d: toBase64Url(key.secret) }) };
    }
    case 'okp':
      return {
        crv: okpCurves[key.curve].jwk,
        ...(key.secret === null ? {} : { d: toBase64Url(key.secret) }),
        x: toBase64Url(key.point),
        kty: 'OKP',
      };
  }
};
