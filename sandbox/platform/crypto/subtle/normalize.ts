// What a caller of WebCrypto says about an algorithm, made exact. Must never read a member twice, nor guess at a name.
import { DOMException } from '../../globals/dom-exception.ts';
import { describeReceived } from '../../http/node-error.ts';
import { viewOf } from '../bytes.ts';
import { type Digest, findDigest } from '../digests.ts';
import { allUsages, type Usage } from './crypto-key.ts';

export const fail = (name: string, message: string): never => {
  throw new DOMException(message, name);
};
const wrongType = (message: string): never => {
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
};

export interface Algorithm {
  readonly name: string;
  readonly [member: string]: unknown;
}

const names: readonly string[] = [
  ...['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'HMAC', 'AES-GCM', 'AES-CBC', 'AES-CTR', 'AES-KW'],
  ...['RSASSA-PKCS1-v1_5', 'RSA-PSS', 'RSA-OAEP', 'ECDSA', 'ECDH', 'Ed25519', 'X25519', 'PBKDF2', 'HKDF'],
];
const canonical = new Map(names.map((name) => [name.toLowerCase(), name]));
export const hashNames: readonly string[] = names.slice(0, 4);

/** A text or an object with a name → an object with the name as the standard spells it. */
export const normalize = (given: unknown, isOf: (name: string) => boolean = (): boolean => true): Algorithm => {
  const isObject = typeof given === 'object' && given !== null;
  if (!isObject && typeof given !== 'string') wrongType(`An algorithm is a text or an object with a name.${describeReceived(given)}`);
  const raw = isObject ? (given as { readonly name?: unknown }).name : given;
  if (typeof raw !== 'string') wrongType('The algorithm has no name');
  const name = canonical.get(String(raw).toLowerCase());
  if (name === undefined || !isOf(name)) return fail('NotSupportedError', 'Unrecognized algorithm name');
  return { ...(isObject ? (given as object) : {}), name };
};

export const hashOf = (given: unknown): { readonly name: string } => {
  if (given === undefined) wrongType('The algorithm needs a hash');
  return { name: normalize(given, (name) => hashNames.includes(name)).name };
};
/** noble's function of a hash that has been normalized. */
export const digestOf = ({ name }: { readonly name: string }): Digest => (findDigest(name) as { digest: Digest }).digest;

export const bytesOf = (given: unknown, what: string): Uint8Array =>
  viewOf(given) ?? wrongType(`${what} is not an ArrayBuffer or a view of one.${describeReceived(given)}`);
export const numberOf = (given: unknown, what: string): number => {
  if (given === undefined) wrongType(`${what} is missing`);
  const value = Number(given);
  return Number.isFinite(value) && value >= 0 ? Math.floor(value) : wrongType(`${what} is not a number`);
};
export const textOf = (given: unknown, what: string): string => (typeof given === 'string' ? given : wrongType(`${what} is not a text`));

export const usagesOf = (given: unknown): readonly Usage[] => {
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given)) wrongType('The usages are not a list');
  const usages = [...(given as Iterable<unknown>)];
  for (const usage of usages)
    if (!(allUsages as readonly unknown[]).includes(usage)) wrongType(`'${String(usage)}' is not a usage of a key`);
  return usages as Usage[];
};

/** A copy in a buffer of its own, as WebCrypto answers. */
export const toBuffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
