// Elliptic curves by their names, numbers and sizes, over noble's. Must never accept a point that is not on its curve.
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { concat, isEqual } from './bytes.ts';
import { bytesToInt, intToBytes, randomBelow, randomBytesOf } from './integers.ts';
import type { EcCurve, EcData, OkpCurve, OkpData } from './key-data.ts';

type NobleCurve = typeof p256;

export interface CurveInfo {
  readonly name: EcCurve;
  /** As JWK and WebCrypto name it. */
  readonly jwk: string;
  readonly oid: string;
  readonly bytes: number;
  readonly noble: NobleCurve;
}

const curves: readonly CurveInfo[] = [
  { name: 'prime256v1', jwk: 'P-256', oid: '1.2.840.10045.3.1.7', bytes: 32, noble: p256 },
  { name: 'secp384r1', jwk: 'P-384', oid: '1.3.132.0.34', bytes: 48, noble: p384 },
  { name: 'secp521r1', jwk: 'P-521', oid: '1.3.132.0.35', bytes: 66, noble: p521 },
  { name: 'secp256k1', jwk: 'secp256k1', oid: '1.3.132.0.10', bytes: 32, noble: secp256k1 },
];

/** Bits of a window in the table of the base point's multiples. noble's own six make a signature a tenth faster and the first one of a cell four times as dear. */
const windowBits = 4;
for (const { noble } of curves) noble.Point.BASE.precompute(windowBits);
ed25519.Point.BASE.precompute(windowBits);

export const curveNames = (): string[] => curves.map(({ name }) => name).sort();
export const infoOf = (name: EcCurve): CurveInfo => curves.find((curve) => curve.name === name) as CurveInfo;
/** By node's name, NIST's or its number. */
export const findCurve = (name: string): CurveInfo | undefined =>
  curves.find(
    (curve) => curve.name === name || curve.jwk === name || curve.oid === name || (name === 'secp256r1' && curve.jwk === 'P-256'),
  );

export const okpCurves: Readonly<Record<OkpCurve, { readonly jwk: string; readonly oid: string }>> = {
  ed25519: { jwk: 'Ed25519', oid: '1.3.101.112' },
  x25519: { jwk: 'X25519', oid: '1.3.101.110' },
};
export const findOkp = (name: string): OkpCurve | undefined =>
  (Object.keys(okpCurves) as OkpCurve[]).find((curve) => okpCurves[curve].jwk === name || okpCurves[curve].oid === name);

/** Reads a point in any of its forms; throws where it is none of the curve's. */
export const readPoint = (curve: EcCurve, bytes: Uint8Array): Uint8Array => {
  // The hybrid form says with its first byte what the uncompressed one leaves to y.
  const given = bytes[0] === 6 || bytes[0] === 7 ? concat(Uint8Array.of(4), bytes.subarray(1)) : bytes;
  return new Uint8Array(infoOf(curve).noble.Point.fromBytes(new Uint8Array(given)).toBytes(false));
};

/** 4: uncompressed, 2: compressed, 6: hybrid, by node's names of them. */
export const writePoint = (point: Uint8Array, form: 'uncompressed' | 'compressed' | 'hybrid'): Uint8Array => {
  if (form === 'uncompressed') return point;
  const size = (point.length - 1) / 2;
  const isOdd = (point[point.length - 1] as number) & 1;
  return form === 'compressed'
    ? concat(Uint8Array.of(2 + isOdd), point.subarray(1, 1 + size))
    : concat(Uint8Array.of(6 + isOdd), point.subarray(1));
};

/** A secret number of the curve, in its size; throws where it is none. */
export const ecSecret = (curve: EcCurve, secret: Uint8Array): Omit<EcData, 'point'> & { readonly secret: Uint8Array } => {
  const { bytes, noble } = infoOf(curve);
  const value = bytesToInt(secret);
  if (value === 0n || value >= noble.Point.Fn.ORDER) throw new RangeError('the secret is no number of the curve');
  return { kind: 'ec', curve, secret: intToBytes(value, bytes) };
};

/** A whole key from its secret number. */
export const ecFromSecret = (curve: EcCurve, secret: Uint8Array): EcData => {
  const half = ecSecret(curve, secret);
  return { ...half, point: new Uint8Array(infoOf(curve).noble.getPublicKey(half.secret, false)) };
};

export const generateEc = (curve: EcCurve): EcData => {
  const { bytes, noble } = infoOf(curve);
  return ecFromSecret(curve, intToBytes(randomBelow(noble.Point.Fn.ORDER), bytes));
};

export const okpFromSecret = (curve: OkpCurve, secret: Uint8Array): OkpData => {
  if (secret.length !== 32) throw new RangeError(`a secret of ${curve} has 32 bytes`);
  return { kind: 'okp', curve, secret, point: new Uint8Array((curve === 'ed25519' ? ed25519 : x25519).getPublicKey(secret)) };
};
export const generateOkp = (curve: OkpCurve): OkpData => okpFromSecret(curve, randomBytesOf(32));

export const signEcdsa = ({ curve, secret }: EcData, digest: Uint8Array): Uint8Array =>
  new Uint8Array(
    infoOf(curve).noble.sign(digest, secret as Uint8Array, {
      prehash: false,
      lowS: false,
      format: 'compact',
      extraEntropy: randomBytesOf(32),
    }),
  );

export const verifyEcdsa = ({ curve, point }: EcData, digest: Uint8Array, signature: Uint8Array): boolean => {
  try {
    return infoOf(curve).noble.verify(signature, digest, point, { prehash: false, lowS: false, format: 'compact' });
  } catch {
    return false;
  }
};

export const signEd25519 = (secret: Uint8Array, message: Uint8Array): Uint8Array => new Uint8Array(ed25519.sign(message, secret));
export const verifyEd25519 = (point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  try {
    return ed25519.verify(signature, message, point, { zip215: false });
  } catch {
    return false;
  }
};

/** The x of the shared point, as every protocol uses it. */
export const agreeEc = (curve: EcCurve, secret: Uint8Array, point: Uint8Array): Uint8Array => {
  const shared = infoOf(curve).noble.getSharedSecret(secret, point, false);
  return new Uint8Array(shared.subarray(1, 1 + infoOf(curve).bytes));
};
export const agreeX25519 = (secret: Uint8Array, point: Uint8Array): Uint8Array => new Uint8Array(x25519.getSharedSecret(secret, point));

export const isSameEc = (a: EcData | OkpData, b: EcData | OkpData): boolean => a.curve === b.curve && isEqual(a.point, b.point);
