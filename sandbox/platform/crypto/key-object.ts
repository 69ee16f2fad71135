// KeyObject and its three kinds. Must never show a key's bytes but through export().
import { makeArgumentError, makeNodeError } from '../http/node-error.ts';
import { materialOf, setMaterial } from '../key-material.ts';
import { nameMembers } from '../names.ts';
import { asBuffer, isEqual, parseBytes } from './bytes.ts';
import { findBlockCipher } from './cbc.ts';
import { makeValueError } from './check.ts';
import { bitLength } from './integers.ts';
import { writeJwk } from './jwk.ts';
import { type PrivateForm, type PublicForm, writePrivate, writePublic } from './key-codec.ts';
import type { AsymmetricData, KeyData, SecretData } from './key-data.ts';
import { sealOldPem, writePem } from './pem.ts';
import { sealKey } from './sealed-key.ts';

export type KeyType = 'secret' | 'public' | 'private';
interface ExportOptions {
  readonly format?: unknown;
  readonly type?: unknown;
  readonly cipher?: unknown;
  readonly passphrase?: unknown;
}

/** What only this module can pass to the constructor. */
const token = Symbol('key');
/** Set by the part's WebCrypto half. */
export const bridge: {
  fromCryptoKey(key: unknown): KeyObject;
  toCryptoKey(key: KeyObject, ...rest: readonly unknown[]): unknown;
  isCryptoKey(key: unknown): boolean;
} = {
  fromCryptoKey: () => {
    throw new TypeError('no CryptoKey');
  },
  toCryptoKey: () => undefined,
  isCryptoKey: () => false,
};

export class KeyObject {
  readonly #type: KeyType;

  constructor(type: KeyType, given: unknown, data?: KeyData) {
    if (type !== 'secret' && type !== 'public' && type !== 'private') throw makeValueError('type', type);
    if (given !== token || data === undefined) throw makeArgumentError('handle', 'of type object', given);
    this.#type = type;
    setMaterial(this, data, 'KeyObject');
  }

  static from(key: unknown): KeyObject {
    if (!bridge.isCryptoKey(key)) throw makeArgumentError('key', 'an instance of CryptoKey', key);
    return bridge.fromCryptoKey(key);
  }

  get type(): KeyType {
    return this.#type;
  }

  toCryptoKey(...args: readonly unknown[]): unknown {
    return bridge.toCryptoKey(this, ...args);
  }

  equals(other: unknown): boolean {
    if (!(other instanceof KeyObject)) throw makeArgumentError('otherKeyObject', 'an instance of KeyObject', other);
    if (other.type !== this.type) return false;
    const [a, b] = [dataOf(this), dataOf(other)];
    return a.kind === b.kind && isEqual(fingerprint(a), fingerprint(b));
  }
}

export const dataOf = (key: object): KeyData => materialOf(key) as KeyData;
export const asymmetricOf = (key: object): AsymmetricData => materialOf(key) as AsymmetricData;

const fingerprint = (data: KeyData): Uint8Array => {
  if (data.kind === 'secret') return data.bytes;
  return data.secret === null ? writePublic(data, 'spki') : writePrivate(data, 'pkcs8');
};

const parseOptions = (options: unknown): ExportOptions => {
  if (typeof options !== 'object' || options === null) throw makeArgumentError('options', 'of type object', options);
  return options;
};

export class SecretKeyObject extends KeyObject {
  get symmetricKeySize(): number {
    return (dataOf(this) as SecretData).bytes.length;
  }

  export(options?: unknown): unknown {
    const { format } = options === undefined ? {} : parseOptions(options);
    if (format === 'jwk') return writeJwk(dataOf(this));
    if (format !== undefined && format !== 'buffer')
      throw makeValueError('options.format', format, "must be one of: undefined, 'buffer', 'jwk'");
    return asBuffer((dataOf(this) as SecretData).bytes.slice());
  }
}

const typeNames = { rsa: 'rsa', ec: 'ec', okp: '' } as const;

export class AsymmetricKeyObject extends KeyObject {
  get asymmetricKeyType(): string {
    const data = asymmetricOf(this);
    if (data.kind === 'rsa' && data.pss !== undefined) return 'rsa-pss';
    return data.kind === 'okp' ? data.curve : typeNames[data.kind];
  }

  get asymmetricKeyDetails(): object {
    const data = asymmetricOf(this);
    if (data.kind === 'ec') return { namedCurve: data.curve };
    if (data.kind === 'okp') return {};
    const { pss } = data;
    const bound =
      pss === null || pss === undefined ? {} : { hashAlgorithm: pss.hash, mgf1HashAlgorithm: pss.mgf1Hash, saltLength: pss.saltLength };
    return { modulusLength: bitLength(data.n), publicExponent: data.e, ...bound };
  }
}

/** Which DER a key is written in; the error for one that its kind does not have. */
const parseForm = (data: AsymmetricData, type: unknown, forms: readonly string[], name: string): string => {
  if (typeof type !== 'string' || !forms.includes(type)) throw makeValueError(name, type);
  if ((type === 'pkcs1' && (data.kind !== 'rsa' || data.pss !== undefined)) || (type === 'sec1' && data.kind !== 'ec'))
    throw makeNodeError(
      Error,
      'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS',
      `The selected key encoding ${type} can only be used for ${type === 'pkcs1' ? 'RSA' : 'EC'} keys.`,
    );
  return type;
};
const parseFormat = (format: unknown, name: string): 'pem' | 'der' => {
  if (format !== 'pem' && format !== 'der') throw makeValueError(name, format);
  return format;
};

export const writePublicKey = (data: AsymmetricData, { format, type }: ExportOptions, name = 'options'): unknown => {
  if (format === 'jwk') return writeJwk(data);
  const written = parseFormat(format, `${name}.format`);
  const form = parseForm(data, type, ['spki', 'pkcs1'], `${name}.type`) as PublicForm;
  const der = writePublic(data, form);
  return written === 'der' ? asBuffer(der) : writePem(form === 'spki' ? 'PUBLIC KEY' : 'RSA PUBLIC KEY', der);
};

const labels: Readonly<Record<PrivateForm, string>> = { pkcs8: 'PRIVATE KEY', pkcs1: 'RSA PRIVATE KEY', sec1: 'EC PRIVATE KEY' };

export const writePrivateKey = (data: AsymmetricData, { format, type, cipher, passphrase }: ExportOptions, name = 'options'): unknown => {
  if (format === 'jwk') {
    if (passphrase !== undefined)
      throw makeNodeError(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', 'The selected key encoding jwk does not support encryption.');
    return writeJwk(data);
  }
  const written = parseFormat(format, `${name}.format`);
  const form = parseForm(data, type, ['pkcs8', 'pkcs1', 'sec1'], `${name}.type`) as PrivateForm;
  const der = writePrivate(data, form);
  if (cipher === undefined || cipher === null) return written === 'der' ? asBuffer(der) : writePem(labels[form], der);
  const found = findBlockCipher(String(cipher).toLowerCase());
  if (found === undefined) throw makeNodeError(Error, 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
  const secret = parseBytes(passphrase, `${name}.passphrase`);
  if (form === 'pkcs8') {
    const sealed = sealKey(der, secret, found);
    return written === 'der' ? asBuffer(sealed) : writePem('ENCRYPTED PRIVATE KEY', sealed);
  }
  if (written === 'der')
    throw makeNodeError(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', `The selected key encoding ${form} does not support encryption.`);
  return sealOldPem(labels[form], der, found.name, found.keyBytes, secret);
};

export class PublicKeyObject extends AsymmetricKeyObject {
  export(options?: unknown): unknown {
    return writePublicKey(asymmetricOf(this), parseOptions(options));
  }
}

export class PrivateKeyObject extends AsymmetricKeyObject {
  export(options?: unknown): unknown {
    return writePrivateKey(asymmetricOf(this), parseOptions(options));
  }
}

nameMembers({ KeyObject, SecretKeyObject, AsymmetricKeyObject, PublicKeyObject, PrivateKeyObject });
Object.defineProperty(KeyObject.prototype, Symbol.toStringTag, { value: 'KeyObject', configurable: true });

export const makeSecretKey = (bytes: Uint8Array): SecretKeyObject => new SecretKeyObject('secret', token, { kind: 'secret', bytes });
export const makePublicKey = (data: AsymmetricData): PublicKeyObject => new PublicKeyObject('public', token, { ...data, secret: null });
export const makePrivateKey = (data: AsymmetricData): PrivateKeyObject => new PrivateKeyObject('private', token, data);
