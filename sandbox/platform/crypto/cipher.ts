// Cipheriv and Decipheriv of node:crypto. Must never call text genuine whose tag was not given or does not fit.
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { makeArgumentError, makeNodeError } from '../http/node-error.ts';
import { concat, encode, isEqual, parseBytes, parseChunk } from './bytes.ts';
import { makeOpenSslError, parseInteger, parseText } from './check.ts';
import { BlockCore, type CipherCore, CounterCore, GcmCore, WrapCore } from './cipher-stream.ts';
import { parseSecret } from './hash.ts';
import { LazyTransform } from './lazy-transform.ts';

export interface CipherInfo {
  readonly name: string;
  readonly mode: 'cbc' | 'ctr' | 'ecb' | 'gcm' | 'stream' | 'wrap';
  readonly keyBytes: number;
  readonly ivBytes: number;
  readonly nid: number;
}

const numbers: Readonly<Record<string, readonly [number, number, number]>> = {
  ecb: [418, 422, 426],
  cbc: [419, 423, 427],
  ctr: [904, 905, 906],
  gcm: [895, 898, 901],
};
const ciphers = new Map<string, CipherInfo>();
for (const mode of ['cbc', 'ctr', 'ecb', 'gcm'] as const)
  for (const [index, bits] of [128, 192, 256].entries()) {
    const info: CipherInfo = {
      name: mode === 'gcm' ? `id-aes${bits}-gcm` : `aes-${bits}-${mode}`,
      mode,
      keyBytes: bits / 8,
      ivBytes: mode === 'ecb' ? 0 : mode === 'gcm' ? 12 : 16,
      nid: numbers[mode]?.[index] as number,
    };
    ciphers.set(`aes-${bits}-${mode}`, info);
    if (mode === 'cbc') ciphers.set(`aes${bits}`, info);
    if (mode === 'gcm') ciphers.set(`id-aes${bits}-gcm`, info);
  }
for (const [index, bits] of [128, 192, 256].entries()) {
  const info: CipherInfo = { name: `id-aes${bits}-wrap`, mode: 'wrap', keyBytes: bits / 8, ivBytes: 8, nid: 788 + index };
  for (const name of [`aes${bits}-wrap`, `id-aes${bits}-wrap`]) ciphers.set(name, info);
}
ciphers.set('chacha20-poly1305', { name: 'chacha20-poly1305', mode: 'stream', keyBytes: 32, ivBytes: 12, nid: 1018 });

export const getCiphers = (): string[] => [...ciphers.keys()].map((name) => name.replace(/^(id-aes\d+)-gcm$/, '$1-GCM')).sort();

export const getCipherInfo = (
  nameOrNid: unknown,
  options: { readonly keyLength?: number; readonly ivLength?: number } = {},
): object | undefined => {
  if (typeof nameOrNid !== 'string' && typeof nameOrNid !== 'number')
    throw makeArgumentError('nameOrNid', 'one of type string or number', nameOrNid);
  const found =
    typeof nameOrNid === 'number' ? [...ciphers.values()].find(({ nid }) => nid === nameOrNid) : ciphers.get(nameOrNid.toLowerCase());
  if (found === undefined) return undefined;
  const { mode, name, nid, ivBytes, keyBytes } = found;
  const { keyLength, ivLength } = options;
  if (keyLength !== undefined && keyLength !== keyBytes) return undefined;
  if (ivLength !== undefined && (mode === 'gcm' ? ivLength < 1 : mode === 'stream' ? ivLength > 12 || ivLength < 1 : ivLength !== ivBytes))
    return undefined;
  const blockSize = mode === 'cbc' || mode === 'ecb' ? 16 : mode === 'wrap' ? 8 : mode === 'stream' ? undefined : 1;
  const sizes = { ...(blockSize === undefined ? {} : { blockSize }), ...(ivBytes === 0 ? {} : { ivLength: ivLength ?? ivBytes }) };
  return { mode, name, nid, ...sizes, keyLength: keyBytes };
};

const makeState = (what: string): Error =>
  makeNodeError(Error, 'ERR_CRYPTO_INVALID_STATE', `Invalid state${what === '' ? '' : ` for operation ${what}`}`);
const makeBadTag = (length: number): Error =>
  makeNodeError(TypeError, 'ERR_CRYPTO_INVALID_AUTH_TAG', `Invalid authentication tag length: ${length}`);
const makeInvalidIv = (): Error => makeNodeError(TypeError, 'ERR_CRYPTO_INVALID_IV', 'Invalid initialization vector');

/** A mode with a tag. ChaCha20-Poly1305 comes whole: noble has no other way, so what it gives comes with final(). */
interface Authenticated {
  authenticate(aad: Uint8Array): void;
  update(chunk: Uint8Array): Uint8Array;
  /** What is still to come, and the tag; of the sealed text when opening. */
  finish(tag: Uint8Array | null): { readonly rest: Uint8Array; readonly tag: Uint8Array } | null;
}

class Gcm implements Authenticated {
  readonly #core: GcmCore;
  constructor(key: Uint8Array, iv: Uint8Array, isSealing: boolean) {
    this.#core = new GcmCore(key, iv, isSealing);
  }
  authenticate(aad: Uint8Array): void {
    this.#core.authenticate(aad);
  }
  update(chunk: Uint8Array): Uint8Array {
    return this.#core.update(chunk);
  }
  finish(expected: Uint8Array | null): { readonly rest: Uint8Array; readonly tag: Uint8Array } | null {
    const tag = this.#core.tag();
    if (expected !== null && !isEqual(tag.subarray(0, expected.length), expected)) return null;
    return { rest: new Uint8Array(0), tag };
  }
}

class ChaCha implements Authenticated {
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  #aad: Uint8Array = new Uint8Array(0);
  readonly #chunks: Uint8Array[] = [];
  constructor(key: Uint8Array, iv: Uint8Array) {
    this.#key = key;
    this.#iv = concat(new Uint8Array(12 - iv.length), iv);
  }
  authenticate(aad: Uint8Array): void {
    this.#aad = concat(this.#aad, aad);
  }
  update(chunk: Uint8Array): Uint8Array {
    this.#chunks.push(chunk.slice());
    return new Uint8Array(0);
  }
  finish(expected: Uint8Array | null): { readonly rest: Uint8Array; readonly tag: Uint8Array } | null {
    const cipher = chacha20poly1305(this.#key, this.#iv, this.#aad);
    const all = concat(...this.#chunks);
    if (expected === null) {
      const sealed = new Uint8Array(cipher.encrypt(all));
      return { rest: sealed.slice(0, -16), tag: sealed.slice(-16) };
    }
    try {
      return { rest: new Uint8Array(cipher.decrypt(concat(all, expected))), tag: expected };
    } catch {
      return null;
    }
  }
}

interface Setup {
  readonly info: CipherInfo;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly tagBytes: number | undefined;
}

const parseSetup = (name: unknown, key: unknown, iv: unknown, options: unknown): Setup => {
  const info = ciphers.get(parseText(name, 'cipher').toLowerCase());
  const secret = parseSecret(key);
  const nonce = iv === null ? new Uint8Array(0) : parseBytes(iv, 'iv').slice();
  if (info === undefined) throw makeNodeError(Error, 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
  if (secret.length !== info.keyBytes) throw makeNodeError(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', 'Invalid key length');
  const isAny = info.mode === 'gcm' || info.mode === 'stream';
  if (isAny ? nonce.length === 0 || (info.mode === 'stream' && nonce.length > 12) : nonce.length !== info.ivBytes) throw makeInvalidIv();
  // RFC 3394 leaves the initial value open; noble has its default alone, and so has everybody.
  if (info.mode === 'wrap' && nonce.some((byte) => byte !== 0xa6)) throw makeInvalidIv();
  const wanted = (options as { readonly authTagLength?: unknown } | null | undefined)?.authTagLength;
  const tagBytes = wanted === undefined ? undefined : parseInteger(wanted, 'options.authTagLength');
  if (tagBytes !== undefined && isAny && !isTagLength(tagBytes)) throw makeBadTag(tagBytes);
  return { info, key: secret.slice(), iv: nonce, tagBytes };
};
const isTagLength = (bytes: number): boolean => bytes === 4 || bytes === 8 || (bytes >= 12 && bytes <= 16);

const state = Symbol('state');

interface State {
  readonly setup: Setup;
  readonly core: CipherCore | null;
  readonly authenticated: Authenticated | null;
  tag: Uint8Array | null;
  isFinal: boolean;
  isStarted: boolean;
}

const openState = (setup: Setup, isSealing: boolean): State => {
  const { info, key, iv } = setup;
  const base = { setup, tag: null, isFinal: false, isStarted: false };
  if (info.mode === 'gcm') return { ...base, core: null, authenticated: new Gcm(key, iv, isSealing) };
  if (info.mode === 'stream') return { ...base, core: null, authenticated: new ChaCha(key, iv) };
  if (info.mode === 'wrap') return { ...base, core: new WrapCore(key, isSealing), authenticated: null };
  const core = info.mode === 'ctr' ? new CounterCore(key, iv) : new BlockCore(key, info.mode === 'ecb' ? null : iv, isSealing);
  return { ...base, core, authenticated: null };
};

abstract class Ciphering extends LazyTransform {
  readonly [state]: State;

  constructor(setup: Setup, isSealing: boolean) {
    super();
    this[state] = openState(setup, isSealing);
  }

  update(data: unknown, inputEncoding?: unknown, outputEncoding?: unknown): unknown {
    const chunk = parseChunk(data, inputEncoding);
    const own = this[state];
    if (own.isFinal) throw new Error('Trying to add data in unsupported state');
    own.isStarted = true;
    return encode((own.core ?? (own.authenticated as Authenticated)).update(chunk), outputEncoding);
  }

  final(outputEncoding?: unknown): unknown {
    const own = this[state];
    if (own.isFinal) throw makeState('');
    own.isFinal = true;
    return encode(this.finish(own), outputEncoding);
  }

  protected abstract finish(own: State): Uint8Array;

  setAutoPadding(isOn: unknown = true): this {
    const own = this[state];
    if (own.isFinal) throw makeState('setAutoPadding');
    own.core?.setPadding(Boolean(isOn));
    return this;
  }

  setAAD(aad: unknown, options?: { readonly encoding?: unknown }): this {
    const own = this[state];
    const bytes = parseBytes(aad, 'aadbuf', options?.encoding);
    if (own.authenticated === null || own.isFinal || own.isStarted) throw makeState('setAAD');
    own.authenticated.authenticate(bytes);
    return this;
  }

  _transform(chunk: unknown, encoding: unknown, done: (error?: Error) => void): void {
    this.push(this.update(chunk, encoding));
    done();
  }

  _flush(done: (error?: Error) => void): void {
    try {
      this.push(this.final());
      done();
    } catch (error) {
      done(error as Error);
    }
  }
}

const finishBlocks = (core: CipherCore): Uint8Array => {
  const rest = core.final();
  if (rest === undefined)
    throw makeOpenSslError('ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH', '1C80006B', 'Provider routines', 'wrong final block length');
  if (rest === null) throw makeOpenSslError('ERR_OSSL_BAD_DECRYPT', '1C800064', 'Provider routines', 'bad decrypt');
  return rest;
};

export class Cipheriv extends Ciphering {
  constructor(name: unknown, key: unknown, iv: unknown, options?: unknown) {
    super(parseSetup(name, key, iv, options), true);
  }

  protected finish(own: State): Uint8Array {
    if (own.authenticated === null) return finishBlocks(own.core as CipherCore);
    const { rest, tag } = own.authenticated.finish(null) as { rest: Uint8Array; tag: Uint8Array };
    own.tag = tag.slice(0, own.setup.tagBytes ?? 16);
    return rest;
  }

  getAuthTag(): unknown {
    const { tag } = this[state];
    if (tag === null) throw makeState('getAuthTag');
    return encode(tag.slice(), undefined);
  }
}

export class Decipheriv extends Ciphering {
  constructor(name: unknown, key: unknown, iv: unknown, options?: unknown) {
    super(parseSetup(name, key, iv, options), false);
  }

  setAuthTag(tag: unknown, encoding?: unknown): this {
    const own = this[state];
    const bytes = parseBytes(tag, 'buffer', encoding);
    if (own.authenticated === null || own.isFinal || own.tag !== null) throw makeState('setAuthTag');
    if (own.setup.tagBytes === undefined ? !isTagLength(bytes.length) : bytes.length !== own.setup.tagBytes) throw makeBadTag(bytes.length);
    own.tag = bytes.slice();
    return this;
  }

  protected finish(own: State): Uint8Array {
    if (own.authenticated === null) return finishBlocks(own.core as CipherCore);
    const finished = own.tag === null ? null : own.authenticated.finish(own.tag);
    if (finished === null) throw new Error('Unsupported state or unable to authenticate data');
    return finished.rest;
  }
}

export const createCipheriv = (...args: readonly [unknown, unknown, unknown, unknown?]): Cipheriv => new Cipheriv(...args);
export const createDecipheriv = (...args: readonly [unknown, unknown, unknown, unknown?]): Decipheriv => new Decipheriv(...args);
