// crypto.subtle: the standard's operations, each checked for algorithm, usage and type before it does anything. Must never answer but by its promise.
import { nameMembers } from '../../names.ts';
import { asBuffer, textToBytes } from '../bytes.ts';
import { CryptoKey, type Usage } from './crypto-key.ts';
import { exportKey, generateKey, importKey, keyLength } from './keys.ts';
import { kindOf } from './kinds.ts';
import { type Algorithm, bytesOf, digestOf, fail, hashNames, normalize, numberOf, textOf, toBuffer, usagesOf } from './normalize.ts';
import { cipherWith, deriveWith, signWith, verifyWith, wrapWith } from './operations.ts';

const keyOf = (given: unknown): CryptoKey => {
  if (given instanceof CryptoKey) return given;
  throw Object.assign(new TypeError('The key is not a CryptoKey'), { code: 'ERR_INVALID_ARG_TYPE' });
};

const canEver = (name: string, usage: Usage): boolean => {
  const kind = kindOf(name);
  return [kind?.secret, kind?.public, kind?.private].some((usages) => usages?.includes(usage));
};

/** The algorithm of a call, which must be the key's, for a use the key allows. */
const matched = (given: unknown, key: CryptoKey, usage: Usage): Algorithm => {
  const algorithm = normalize(given, (name) => canEver(name, usage));
  if (algorithm.name !== key.algorithm.name) fail('InvalidAccessError', 'Key algorithm mismatch');
  if (!key.usages.includes(usage)) fail('InvalidAccessError', `Unable to use this key to ${usage}`);
  return algorithm;
};

const token = Symbol('subtle');

export class SubtleCrypto {
  constructor(given?: unknown) {
    if (given !== token) throw Object.assign(new TypeError('Illegal constructor'), { code: 'ERR_ILLEGAL_CONSTRUCTOR' });
  }

  async digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    const name = normalize(algorithm, (one) => hashNames.includes(one));
    return toBuffer(digestOf(name)(bytesOf(data, 'data')));
  }

  async importKey(format: unknown, data: unknown, algorithm: unknown, extractable: unknown, usages: unknown): Promise<CryptoKey> {
    return importKey(textOf(format, 'format'), data, normalize(algorithm), Boolean(extractable), usagesOf(usages));
  }

  async exportKey(format: unknown, key: unknown): Promise<ArrayBuffer | Record<string, unknown>> {
    return exportKey(textOf(format, 'format'), keyOf(key));
  }

  async generateKey(algorithm: unknown, extractable: unknown, usages: unknown): Promise<unknown> {
    return generateKey(normalize(algorithm), Boolean(extractable), usagesOf(usages));
  }

  async sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    const own = keyOf(key);
    return toBuffer(signWith(matched(algorithm, own, 'sign'), own, bytesOf(data, 'data')));
  }

  async verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
    const own = keyOf(key);
    return verifyWith(matched(algorithm, own, 'verify'), own, bytesOf(signature, 'signature'), bytesOf(data, 'data'));
  }

  async encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    const own = keyOf(key);
    return toBuffer(cipherWith(matched(algorithm, own, 'encrypt'), own, bytesOf(data, 'data'), true));
  }

  async decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    const own = keyOf(key);
    return toBuffer(cipherWith(matched(algorithm, own, 'decrypt'), own, bytesOf(data, 'data'), false));
  }

  async deriveBits(algorithm: unknown, key: unknown, length: unknown = null): Promise<ArrayBuffer> {
    const own = keyOf(key);
    return toBuffer(deriveWith(matched(algorithm, own, 'deriveBits'), own, length === null ? null : numberOf(length, 'length')));
  }

  async deriveKey(algorithm: unknown, key: unknown, derived: unknown, extractable: unknown, usages: unknown): Promise<CryptoKey> {
    const own = keyOf(key);
    const [matching, wanted] = [matched(algorithm, own, 'deriveKey'), normalize(derived)];
    const bits = keyLength(wanted);
    const bytes = deriveWith(matching, own, bits);
    return importKey('raw', bytes, wanted, Boolean(extractable), usagesOf(usages));
  }

  async wrapKey(format: unknown, key: unknown, wrappingKey: unknown, algorithm: unknown): Promise<ArrayBuffer> {
    const own = keyOf(wrappingKey);
    const matching = matched(algorithm, own, 'wrapKey');
    const exported = exportKey(textOf(format, 'format'), keyOf(key));
    const bytes = exported instanceof ArrayBuffer ? new Uint8Array(exported) : textToBytes(JSON.stringify(exported));
    return toBuffer(wrapWith(matching, own, bytes, true));
  }

  async unwrapKey(
    format: unknown,
    wrapped: unknown,
    unwrappingKey: unknown,
    unwrapAlgorithm: unknown,
    algorithm: unknown,
    extractable: unknown,
    usages: unknown,
  ): Promise<CryptoKey> {
    const own = keyOf(unwrappingKey);
    const matching = matched(unwrapAlgorithm, own, 'unwrapKey');
    const wanted = normalize(algorithm);
    const bytes = wrapWith(matching, own, bytesOf(wrapped, 'wrappedKey'), false);
    let data: unknown = bytes;
    if (format === 'jwk') {
      try {
        data = JSON.parse(asBuffer(bytes).toString('utf8'));
      } catch {
        fail('DataError', 'Invalid wrapped JWK key');
      }
    }
    return importKey(textOf(format, 'format'), data, wanted, Boolean(extractable), usagesOf(usages));
  }
}
nameMembers({ SubtleCrypto });
nameMembers(SubtleCrypto.prototype);
Object.defineProperty(SubtleCrypto.prototype, Symbol.toStringTag, { value: 'SubtleCrypto', configurable: true });

export const subtle = new SubtleCrypto(token);
