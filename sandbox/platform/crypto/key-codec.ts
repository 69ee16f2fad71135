// Keys in DER: SPKI, PKCS8, PKCS1 and SEC1, both ways. Must never accept a point or a secret that is not of its curve.
import {
  bits,
  expect,
  findTagged,
  integer,
  type Node,
  nothing,
  octets,
  oid,
  readAll,
  readBits,
  readInteger,
  readOid,
  readOne,
  readSequence,
  sequence,
  tagged,
  tags,
} from './asn1.ts';
import { ecFromSecret, ecSecret, findCurve, findOkp, infoOf, okpCurves, okpFromSecret, readPoint } from './curves.ts';
import { findDigest, findDigestByOid } from './digests.ts';
import type { AsymmetricData, EcData, PssParameters, RsaData, RsaPrivate } from './key-data.ts';

const oids = { rsa: '1.2.840.113549.1.1.1', pss: '1.2.840.113549.1.1.10', mgf1: '1.2.840.113549.1.1.8', ec: '1.2.840.10045.2.1' };

export type PublicForm = 'spki' | 'pkcs1';
export type PrivateForm = 'pkcs8' | 'pkcs1' | 'sec1';

/** RSASSA-PSS-params (RFC 4055); absent parts are SHA-1 and 20. */
const readPss = (node: Node | undefined): PssParameters | null => {
  if (node === undefined || node.tag !== tags.sequence) return null;
  const parts = readAll(node.content);
  const hashOf = (bytes: Uint8Array | undefined): string =>
    bytes === undefined ? 'sha1' : (findDigestByOid(readOid(readAll(readOne(bytes, tags.sequence))[0]))?.name ?? 'sha1');
  const mask = findTagged(parts, 1);
  const inner = mask === undefined ? undefined : readAll(readOne(mask, tags.sequence))[1];
  const salt = findTagged(parts, 2);
  return {
    hash: hashOf(findTagged(parts, 0)),
    mgf1Hash: inner === undefined ? 'sha1' : (findDigestByOid(readOid(readSequence(inner)[0]))?.name ?? 'sha1'),
    saltLength: salt === undefined ? 20 : Number(readInteger(readAll(salt)[0])),
  };
};
const writePss = (pss: PssParameters | null): Uint8Array => {
  if (pss === null) return new Uint8Array(0);
  const { hash, mgf1Hash, saltLength } = pss;
  const named = (name: string): Uint8Array => sequence(oid(findDigest(name)?.oid ?? ''), nothing());
  // DER leaves out what is the default.
  return sequence(
    ...(hash === 'sha1' ? [] : [tagged(0, named(hash))]),
    ...(mgf1Hash === 'sha1' ? [] : [tagged(1, sequence(oid(oids.mgf1), named(mgf1Hash)))]),
    ...(saltLength === 20 ? [] : [tagged(2, integer(BigInt(saltLength)))]),
  );
};

const readRsaPublic = (der: Uint8Array, pss: RsaData['pss']): RsaData => {
  const [n, e] = readAll(readOne(der, tags.sequence));
  return { kind: 'rsa', n: readInteger(n), e: readInteger(e), secret: null, pss };
};
const readRsaPrivate = (der: Uint8Array, pss: RsaData['pss']): RsaData => {
  const [version, n, e, ...rest] = readAll(readOne(der, tags.sequence));
  if (readInteger(version) !== 0n) throw new RangeError('an RSA key of more than two primes');
  const [d, p, q, dp, dq, qi] = rest.map((node) => readInteger(node)) as [bigint, bigint, bigint, bigint, bigint, bigint];
  return { kind: 'rsa', n: readInteger(n), e: readInteger(e), secret: { d, p, q, dp, dq, qi }, pss };
};
const readSec1 = (der: Uint8Array, given: string | undefined): EcData => {
  const [, secret, ...rest] = readAll(readOne(der, tags.sequence));
  const named = findTagged(rest, 0);
  const curve = findCurve(given ?? (named === undefined ? '' : readOid(readAll(named)[0])));
  if (curve === undefined) throw new RangeError('a curve that is not known');
  const key = expect(secret, tags.octets);
  const point = findTagged(rest, 1);
  if (point === undefined) return ecFromSecret(curve.name, key);
  // To multiply for what the file says already would cost as much as a signature.
  return { ...ecSecret(curve.name, key), point: readPoint(curve.name, readBits(readAll(point)[0])) };
};

const algorithmOf = (node: Node | undefined): readonly [name: string, parameters: Node | undefined] => {
  const [name, parameters] = readSequence(node);
  return [readOid(name), parameters];
};
const curveOf = (parameters: Node | undefined): EcData['curve'] => {
  const curve = findCurve(readOid(parameters));
  if (curve === undefined) throw new RangeError('a curve that is not known');
  return curve.name;
};

/** SubjectPublicKeyInfo, RFC 5280. */
export const readSpki = (der: Uint8Array): AsymmetricData => {
  const [algorithm, subject] = readAll(readOne(der, tags.sequence));
  const [name, parameters] = algorithmOf(algorithm);
  const key = readBits(subject);
  if (name === oids.rsa) return readRsaPublic(key, undefined);
  if (name === oids.pss) return readRsaPublic(key, readPss(parameters));
  if (name === oids.ec) {
    const curve = curveOf(parameters);
    return { kind: 'ec', curve, point: readPoint(curve, key), secret: null };
  }
  const curve = findOkp(name);
  if (curve === undefined || key.length !== 32) throw new RangeError('a kind of key that is not known');
  return { kind: 'okp', curve, point: new Uint8Array(key), secret: null };
};

/** PrivateKeyInfo, RFC 5208. */
export const readPkcs8 = (der: Uint8Array): AsymmetricData => {
  const [, algorithm, secret] = readAll(readOne(der, tags.sequence));
  const [name, parameters] = algorithmOf(algorithm);
  const key = expect(secret, tags.octets);
  if (name === oids.rsa) return readRsaPrivate(key, undefined);
  if (name === oids.pss) return readRsaPrivate(key, readPss(parameters));
  if (name === oids.ec) return readSec1(key, curveOf(parameters));
  const curve = findOkp(name);
  if (curve === undefined) throw new RangeError('a kind of key that is not known');
  return okpFromSecret(curve, new Uint8Array(readOne(key, tags.octets)));
};

export const readPublic = (der: Uint8Array, form: PublicForm): AsymmetricData =>
  form === 'spki' ? readSpki(der) : readRsaPublic(der, undefined);
export const readPrivate = (der: Uint8Array, form: PrivateForm): AsymmetricData => {
  if (form === 'pkcs8') return readPkcs8(der);
  return form === 'pkcs1' ? readRsaPrivate(der, undefined) : readSec1(der, undefined);
};

const rsaPublic = ({ n, e }: RsaData): Uint8Array => sequence(integer(n), integer(e));
const rsaPrivate = ({ n, e, secret }: RsaData): Uint8Array => {
  const { d, p, q, dp, dq, qi } = secret as RsaPrivate;
  return sequence(...[0n, n, e, d, p, q, dp, dq, qi].map(integer));
};
const sec1 = (key: EcData, isWhole: boolean): Uint8Array =>
  sequence(
    integer(1n),
    octets(key.secret as Uint8Array),
    isWhole ? tagged(0, oid(infoOf(key.curve).oid)) : new Uint8Array(0),
    tagged(1, bits(key.point)),
  );
const algorithm = (key: AsymmetricData): Uint8Array => {
  if (key.kind === 'rsa') return key.pss === undefined ? sequence(oid(oids.rsa), nothing()) : sequence(oid(oids.pss), writePss(key.pss));
  return key.kind === 'ec' ? sequence(oid(oids.ec), oid(infoOf(key.curve).oid)) : sequence(oid(okpCurves[key.curve].oid));
};

export const writePublic = (key: AsymmetricData, form: PublicForm): Uint8Array => {
  if (form === 'pkcs1') return rsaPublic(key as RsaData);
  return sequence(algorithm(key), bits(key.kind === 'rsa' ? rsaPublic(key) : key.point));
};

export const writePrivate = (key: AsymmetricData, form: PrivateForm): Uint8Array => {
  if (form === 'pkcs1') return rsaPrivate(key as RsaData);
  if (form === 'sec1') return sec1(key as EcData, true);
  const inner = key.kind === 'rsa' ? rsaPrivate(key) : key.kind === 'ec' ? sec1(key, false) : octets(key.secret as Uint8Array);
  return sequence(integer(0n), algorithm(key), octets(inner));
};
