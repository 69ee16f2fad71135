// CryptoKey: what WebCrypto shows of a key. Must never show its bytes: they are with the part that made it.

import { materialOf, setMaterial } from '../../key-material.ts';
import { nameMembers } from '../../names.ts';
import type { AsymmetricData, KeyData } from '../key-data.ts';

export type Usage = 'encrypt' | 'decrypt' | 'sign' | 'verify' | 'deriveKey' | 'deriveBits' | 'wrapKey' | 'unwrapKey';
export const allUsages: readonly Usage[] = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'];

/** As the key shows it: name, and what else its kind has. */
export interface KeyAlgorithm {
  readonly name: string;
  readonly hash?: { readonly name: string };
  readonly length?: number;
  readonly namedCurve?: string;
  readonly modulusLength?: number;
  readonly publicExponent?: Uint8Array;
}

interface Facts {
  readonly type: 'secret' | 'public' | 'private';
  readonly extractable: boolean;
  readonly algorithm: KeyAlgorithm;
  readonly usages: readonly Usage[];
}

const token = Symbol('key');

export class CryptoKey {
  readonly #facts: Facts;

  constructor(given?: unknown, facts?: Facts, data?: KeyData) {
    if (given !== token || facts === undefined)
      throw Object.assign(new TypeError('Illegal constructor'), { code: 'ERR_ILLEGAL_CONSTRUCTOR' });
    this.#facts = facts;
    setMaterial(this, data, 'CryptoKey');
  }
  get type(): Facts['type'] {
    return this.#facts.type;
  }
  get extractable(): boolean {
    return this.#facts.extractable;
  }
  get algorithm(): KeyAlgorithm {
    return this.#facts.algorithm;
  }
  get usages(): Usage[] {
    return [...this.#facts.usages];
  }
}
nameMembers({ CryptoKey });
Object.defineProperty(CryptoKey.prototype, Symbol.toStringTag, { value: 'CryptoKey', configurable: true });

/** Usages in the standard's order, each once. */
export const makeCryptoKey = (
  type: Facts['type'],
  algorithm: KeyAlgorithm,
  extractable: boolean,
  usages: readonly Usage[],
  data: KeyData,
): CryptoKey => new CryptoKey(token, { type, algorithm, extractable, usages: allUsages.filter((usage) => usages.includes(usage)) }, data);

export const keyData = (key: CryptoKey): KeyData => materialOf(key) as KeyData;
export const keyPairData = (key: CryptoKey): AsymmetricData => materialOf(key) as AsymmetricData;
export const keyBytes = (key: CryptoKey): Uint8Array => {
  const data = keyData(key);
  return data.kind === 'secret' ? data.bytes : new Uint8Array(0);
};
