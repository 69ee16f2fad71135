// The armour of keys: PEM both ways, and the old encryption of it. Must never guess at bytes that are no Base64.
import { md5 } from '@noble/hashes/legacy.js';
import { Buffer } from '../globals/buffer.ts';
import { asBuffer, concat, toHex } from './bytes.ts';
import { findBlockCipher, openCbc, sealCbc } from './cbc.ts';
import { randomBytesOf } from './integers.ts';

export interface Pem {
  readonly label: string;
  readonly bytes: Uint8Array;
  /** `AES-128-CBC,<iv>` of the old form, in which the file itself is encrypted. */
  readonly dekInfo: string | null;
}

const block = /-----BEGIN ([A-Z0-9 ]+)-----\s*([\s\S]*?)-----END \1-----/g;

/** Every block of the text. */
export const readPem = (text: string): readonly Pem[] => {
  const found: Pem[] = [];
  for (const [, label = '', body = ''] of text.matchAll(block)) {
    const parts = body.split(/\r?\n\r?\n/);
    const isEncrypted = parts.length > 1 && /^Proc-Type: *4,ENCRYPTED/m.test(parts[0] ?? '');
    const dekInfo = isEncrypted ? (/^DEK-Info: *(\S+)/m.exec(parts[0] ?? '')?.[1] ?? null) : null;
    found.push({ label, bytes: new Uint8Array(Buffer.from(isEncrypted ? parts.slice(1).join('') : body, 'base64')), dekInfo });
  }
  return found;
};

export const writePem = (label: string, bytes: Uint8Array, headers = ''): string => {
  const lines =
    asBuffer(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${headers}${lines.join('\n')}\n-----END ${label}-----\n`;
};

/** OpenSSL's EVP_BytesToKey with MD5 and one round: what the old form uses, whatever one thinks of it. */
const deriveOldKey = (passphrase: Uint8Array, salt: Uint8Array, length: number): Uint8Array => {
  let key: Uint8Array = new Uint8Array(0);
  let last: Uint8Array = new Uint8Array(0);
  while (key.length < length) {
    last = md5(concat(last, passphrase, salt));
    key = concat(key, last);
  }
  return key.subarray(0, length);
};

/** Null where the passphrase does not fit. */
export const openOldPem = ({ bytes, dekInfo }: Pem, passphrase: Uint8Array): Uint8Array | null => {
  const [name = '', hex = ''] = (dekInfo ?? '').split(',');
  const cipher = findBlockCipher(name.toLowerCase());
  const iv = new Uint8Array(Buffer.from(hex, 'hex'));
  if (cipher === undefined || iv.length !== 16) return null;
  return openCbc(deriveOldKey(passphrase, iv.subarray(0, 8), cipher.keyBytes), iv, bytes);
};

export const sealOldPem = (label: string, bytes: Uint8Array, cipherName: string, keyBytes: number, passphrase: Uint8Array): string => {
  const iv = randomBytesOf(16);
  const sealed = sealCbc(deriveOldKey(passphrase, iv.subarray(0, 8), keyBytes), iv, bytes);
  const headers = `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${cipherName.toUpperCase()},${toHex(iv).toUpperCase()}\n\n`;
  return writePem(label, sealed, headers);
};

export const isPem = (bytes: Uint8Array): boolean => asBuffer(bytes.subarray(0, 4096)).toString('latin1').includes('-----BEGIN ');
export const pemText = (bytes: Uint8Array): string => asBuffer(bytes).toString('latin1');
