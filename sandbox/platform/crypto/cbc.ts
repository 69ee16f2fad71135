// AES in CBC with padding, for keys under a passphrase. Must never say more of a wrong one than that it does not fit.
import { aes } from './aes.ts';

export interface BlockCipher {
  readonly name: string;
  readonly keyBytes: number;
  readonly oid: string;
}

const ciphers: readonly BlockCipher[] = [
  { name: 'aes-128-cbc', keyBytes: 16, oid: '2.16.840.1.101.3.4.1.2' },
  { name: 'aes-192-cbc', keyBytes: 24, oid: '2.16.840.1.101.3.4.1.22' },
  { name: 'aes-256-cbc', keyBytes: 32, oid: '2.16.840.1.101.3.4.1.42' },
];

export const findBlockCipher = (name: string): BlockCipher | undefined =>
  ciphers.find((one) => one.name === name || one.oid === name || one.name.replaceAll('-', '').replace('cbc', '') === name);

export const sealCbc = (key: Uint8Array, iv: Uint8Array, plain: Uint8Array): Uint8Array =>
  new Uint8Array(aes().cbc(key, iv).encrypt(plain));

/** Null where the padding is wrong. */
export const openCbc = (key: Uint8Array, iv: Uint8Array, sealed: Uint8Array): Uint8Array | null => {
  try {
    return new Uint8Array(aes().cbc(key, iv).decrypt(sealed));
  } catch {
    return null;
  }
};
