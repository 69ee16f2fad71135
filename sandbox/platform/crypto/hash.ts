// Hash and Hmac of node:crypto. Must never give the same MAC twice from one object.
import { hmac } from '@noble/hashes/hmac.js';
import { makeNodeError } from '../http/node-error.ts';
import { materialOf, secretBytes } from '../key-material.ts';
import { encode, parseBytes, parseChunk } from './bytes.ts';
import { makeOpenSslError, parseInteger, parseText } from './check.ts';
import { type Digest, findDigest, type Hasher, type NamedDigest } from './digests.ts';
import { LazyTransform } from './lazy-transform.ts';

const makeFinalized = (): Error => makeNodeError(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
export const makeInvalidDigest = (name: string): Error => makeNodeError(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${name}`);

type Done = (error?: Error | null) => void;

const state = Symbol('hasher');

abstract class Digesting extends LazyTransform {
  [state]: Hasher | null;

  constructor(hasher: Hasher) {
    super();
    this[state] = hasher;
  }

  update(data: unknown, encoding?: unknown): this {
    const { [state]: hasher } = this;
    if (hasher === null) throw makeFinalized();
    hasher.update(parseChunk(data, encoding));
    return this;
  }

  abstract digest(encoding?: unknown): unknown;

  _transform(chunk: unknown, encoding: unknown, done: Done): void {
    this.update(chunk, encoding);
    done();
  }

  _flush(done: Done): void {
    this.push(this.digest());
    done();
  }
}

export class Hash extends Digesting {
  digest(encoding?: unknown): unknown {
    const { [state]: hasher } = this;
    if (hasher === null) throw makeFinalized();
    this[state] = null;
    return encode(hasher.digest(), encoding);
  }

  copy(): Hash {
    const { [state]: hasher } = this;
    if (hasher === null) throw makeFinalized();
    return new Hash(hasher.clone());
  }
}

export class Hmac extends Digesting {
  /** A second call gives nothing, as node's does. */
  digest(encoding?: unknown): unknown {
    const { [state]: hasher } = this;
    this[state] = null;
    return encode(hasher === null ? new Uint8Array(0) : hasher.digest(), encoding);
  }
}

const lengthOf = ({ digest, isXof }: NamedDigest, options: unknown): { readonly dkLen?: number } => {
  const wanted = (options as { readonly outputLength?: unknown } | undefined)?.outputLength;
  if (wanted === undefined) return {};
  const length = parseInteger(wanted, 'options.outputLength');
  if (isXof) return { dkLen: length };
  if (length === digest.outputLen) return {};
  throw makeOpenSslError('ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH', '030000B2', 'digital envelope routines', 'not XOF or invalid length');
};

export const createHash = (algorithm: unknown, options?: unknown): Hash => {
  const found = findDigest(parseText(algorithm, 'algorithm'));
  if (found === undefined) throw new Error('Digest method not supported');
  return new Hash(found.digest.create(lengthOf(found, options)));
};

export const hash = (algorithm: unknown, data: unknown, options: unknown = 'hex'): unknown => {
  const found = findDigest(parseText(algorithm, 'algorithm'));
  if (found === undefined) throw new Error(`Digest method ${String(algorithm)} is not supported`);
  const settings =
    typeof options === 'string' ? { outputEncoding: options } : (options as { outputEncoding?: unknown; outputLength?: unknown });
  const hasher = found.digest.create(lengthOf(found, settings));
  hasher.update(parseChunk(data, 'utf8', 'input'));
  return encode(hasher.digest(), settings.outputEncoding ?? 'hex');
};

const keyExpected = 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey';

/** The bytes of a secret given as text, bytes or key. */
export const parseSecret = (key: unknown, encoding?: unknown, name = 'key'): Uint8Array => {
  const secret = secretBytes(key);
  if (secret !== undefined) return secret;
  if (materialOf(key) !== undefined)
    throw makeNodeError(
      TypeError,
      'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE',
      `Invalid key object type ${(key as { readonly type: string }).type}, expected secret.`,
    );
  return parseBytes(key, name, encoding, keyExpected);
};

export const findDigestOrThrow = (name: string): NamedDigest => {
  const found = findDigest(name);
  if (found === undefined) throw makeInvalidDigest(name);
  return found;
};

export const createHmac = (algorithm: unknown, key: unknown, options?: { readonly encoding?: unknown }): Hmac => {
  const name = parseText(algorithm, 'hmac');
  const secret = parseSecret(key, options?.encoding);
  return new Hmac(hmac.create(findDigestOrThrow(name).digest as unknown as Parameters<typeof hmac.create>[0], secret) as Hasher);
};

export const hmacOf = (digest: Digest, key: Uint8Array, data: Uint8Array): Uint8Array =>
  hmac(digest as unknown as Parameters<typeof hmac>[0], key, data);
