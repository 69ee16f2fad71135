// Whatever node takes for a key, read: PEM and DER, JWK, KeyObject, CryptoKey, with options around it. Must never take a public key for a private one, nor a secret for either.
import { makeArgumentError, makeNodeError } from '../http/node-error.ts';
import { parseBytes, textToBytes, viewOf } from './bytes.ts';
import { makeOpenSslError, makeValueError } from './check.ts';
import { type Jwk, readJwk } from './jwk.ts';
import { type PrivateForm, type PublicForm, readPkcs8, readPrivate, readPublic, readSpki } from './key-codec.ts';
import { type AsymmetricData, publicHalf } from './key-data.ts';
import {
  asymmetricOf,
  bridge,
  KeyObject,
  makePrivateKey,
  makePublicKey,
  makeSecretKey,
  PrivateKeyObject,
  type PublicKeyObject,
  type SecretKeyObject,
} from './key-object.ts';
import { isPem, openOldPem, type Pem, pemText, readPem } from './pem.ts';
import { openSealedKey } from './sealed-key.ts';

export interface KeyOptions {
  readonly key?: unknown;
  readonly format?: unknown;
  readonly type?: unknown;
  readonly passphrase?: unknown;
  readonly encoding?: unknown;
}

const makeUnsupported = (): Error => makeOpenSslError('ERR_OSSL_UNSUPPORTED', '1E08010C', 'DECODER routines', 'unsupported');
const makeWrongTag = (): Error => makeOpenSslError('ERR_OSSL_ASN1_WRONG_TAG', '068000A8', 'asn1 encoding routines', 'wrong tag');
const makeNoPassphrase = (): Error => makeNodeError(TypeError, 'ERR_MISSING_PASSPHRASE', 'Passphrase required for encrypted key');
const makeBadPassphrase = (): Error => makeOpenSslError('ERR_OSSL_BAD_DECRYPT', '1C800064', 'Provider routines', 'bad decrypt');
const makeWrongType = (actual: string, expected: string): Error =>
  makeNodeError(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${actual}, expected ${expected}.`);

const keyExpected = 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey';

/** The reader's complaints are of no use to anybody: node says that the decoder does not support it. */
const orUnsupported = <Value>(read: () => Value): Value => {
  try {
    return read();
  } catch (error) {
    if (typeof (error as { code?: unknown }).code === 'string') throw error;
    throw makeUnsupported();
  }
};

const openSealed = (der: Uint8Array, passphrase: Uint8Array | null): AsymmetricData => {
  if (passphrase === null) throw makeNoPassphrase();
  const opened = openSealedKey(der, passphrase);
  if (opened === null) throw makeBadPassphrase();
  return readPkcs8(opened);
};

const readPrivatePem = (pem: Pem, passphrase: Uint8Array | null): AsymmetricData | null => {
  let { bytes } = pem;
  if (pem.label === 'ENCRYPTED PRIVATE KEY') return openSealed(bytes, passphrase);
  if (pem.dekInfo !== null) {
    if (passphrase === null) throw makeNoPassphrase();
    bytes =
      openOldPem(pem, passphrase) ??
      ((): never => {
        throw makeBadPassphrase();
      })();
  }
  if (pem.label === 'PRIVATE KEY') return readPkcs8(bytes);
  if (pem.label === 'RSA PRIVATE KEY') return readPrivate(bytes, 'pkcs1');
  return pem.label === 'EC PRIVATE KEY' ? readPrivate(bytes, 'sec1') : null;
};

const readPublicPem = ({ label, bytes }: Pem): AsymmetricData | null => {
  if (label === 'PUBLIC KEY') return readSpki(bytes);
  if (label === 'RSA PUBLIC KEY') return readPublic(bytes, 'pkcs1');
  if (label === 'CERTIFICATE')
    throw makeNodeError(
      Error,
      'ERR_CAPABILITY_NOT_GRANTED',
      'crypto: reading an X.509 certificate is not available to an extension; give the public key as PEM (openssl x509 -pubkey -noout). No grant changes that',
    );
  return null;
};

const firstOf = (pems: readonly Pem[], read: (pem: Pem) => AsymmetricData | null): AsymmetricData | null => {
  for (const pem of pems) {
    const found = read(pem);
    if (found !== null) return found;
  }
  return null;
};

const readText = (text: string, wanted: 'public' | 'private', passphrase: Uint8Array | null): AsymmetricData =>
  orUnsupported(() => {
    const pems = readPem(text);
    const privateOne = (): AsymmetricData | null => firstOf(pems, (pem) => readPrivatePem(pem, passphrase));
    const found = wanted === 'private' ? privateOne() : (firstOf(pems, readPublicPem) ?? privateOne());
    if (found === null) throw makeUnsupported();
    return found;
  });

const readDer = (der: Uint8Array, type: unknown, wanted: 'public' | 'private', passphrase: Uint8Array | null): AsymmetricData => {
  if (typeof type !== 'string' || !['pkcs1', 'pkcs8', 'sec1', ...(wanted === 'public' ? ['spki'] : [])].includes(type))
    throw makeValueError('key.type', type);
  try {
    if (type === 'pkcs8' && passphrase !== null) return openSealed(der, passphrase);
    if (type === 'spki') return readPublic(der, 'spki');
    if (type === 'pkcs1' && wanted === 'public') {
      try {
        return readPublic(der, type as PublicForm);
      } catch {
        // A private key has a public half.
      }
    }
    return readPrivate(der, type as PrivateForm);
  } catch (error) {
    if (typeof (error as { code?: unknown }).code === 'string') throw error;
    throw makeWrongTag();
  }
};

const optionsOf = (key: unknown): KeyOptions =>
  typeof key === 'object' && key !== null && viewOf(key) === undefined && !(key instanceof KeyObject) && !bridge.isCryptoKey(key)
    ? (key as KeyOptions)
    : { key };

/** The public or private key that `given` is or holds; `name` is the argument's in an error. */
export const parseKey = (given: unknown, wanted: 'public' | 'private', name = 'key'): AsymmetricData => {
  const { key, format, type, passphrase, encoding } = optionsOf(given);
  if (key instanceof KeyObject || bridge.isCryptoKey(key)) {
    const object = key instanceof KeyObject ? key : bridge.fromCryptoKey(key);
    if (object.type === 'secret') throw makeWrongType('secret', wanted === 'public' ? 'private or public' : 'private');
    if (wanted === 'private' && object.type !== 'private') throw makeWrongType(object.type, 'private');
    return asymmetricOf(object);
  }
  if (format === 'jwk') {
    if (typeof key !== 'object' || key === null) throw makeArgumentError(`${name}.key`, 'of type object', key);
    const jwk = key as Jwk;
    return readJwk(jwk, wanted === 'public' && jwk['d'] === undefined ? 'public' : wanted);
  }
  if (format !== undefined && format !== 'pem' && format !== 'der') throw makeValueError(`${name}.format`, format);
  const secret = passphrase === undefined || passphrase === null ? null : parseBytes(passphrase, `${name}.passphrase`, encoding);
  const bytes = typeof key === 'string' && format !== 'der' ? null : parseBytes(key, name, encoding, keyExpected);
  if (format === 'der' && bytes !== null) return readDer(bytes, type, wanted, secret);
  if (bytes === null) return readText(String(key), wanted, secret);
  if (!isPem(bytes)) throw makeUnsupported();
  return readText(pemText(bytes), wanted, secret);
};

/** Text, bytes, options with `key` in them. */
const isKeyLike = (key: unknown): boolean =>
  typeof key === 'string' || viewOf(key) !== undefined || (typeof key === 'object' && key !== null && 'key' in key);

export const createPrivateKey = (key: unknown): PrivateKeyObject => {
  if (!isKeyLike(key) || key instanceof KeyObject || bridge.isCryptoKey(key))
    throw makeArgumentError('key', 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, or URL', key);
  const inner = (key as KeyOptions).key;
  if (inner instanceof KeyObject)
    throw makeArgumentError('key.key', 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView', inner);
  return makePrivateKey(parseKey(key, 'private'));
};

export const createPublicKey = (key: unknown): PublicKeyObject => {
  const object = key instanceof KeyObject ? key : (key as KeyOptions | null)?.key;
  if (object instanceof KeyObject && !(object instanceof PrivateKeyObject)) throw makeWrongType(object.type, 'private');
  if (!isKeyLike(key) && !(key instanceof KeyObject) && !bridge.isCryptoKey(key)) throw makeArgumentError('key', keyExpected, key);
  return makePublicKey(publicHalf(parseKey(key, 'public')));
};

export const createSecretKey = (key: unknown, encoding?: unknown): SecretKeyObject => {
  if (typeof key === 'string') return makeSecretKey(textToBytes(key, encoding));
  const view = viewOf(key);
  if (view === undefined) throw makeArgumentError('key', 'an instance of ArrayBuffer, Buffer, TypedArray, or DataView', key);
  return makeSecretKey(view.slice());
};
