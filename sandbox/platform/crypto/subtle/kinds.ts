// What each algorithm of WebCrypto may be used for, and how JSON Web Keys name it. Data and look-ups; must hold no secret.
import type { Usage } from './crypto-key.ts';

export interface Kind {
  /** secret: one key; else of a public and a private half. */
  readonly secret?: readonly Usage[];
  readonly public?: readonly Usage[];
  readonly private?: readonly Usage[];
  readonly family: 'hmac' | 'aes' | 'rsa' | 'ec' | 'okp' | 'kdf';
}

const aes: readonly Usage[] = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];
const signing = { public: ['verify'], private: ['sign'] } as const satisfies Partial<Kind>;
const agreeing = { public: [], private: ['deriveKey', 'deriveBits'] } as const satisfies Partial<Kind>;

const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['HMAC', { family: 'hmac', secret: ['sign', 'verify'] }],
  ['AES-GCM', { family: 'aes', secret: aes }],
  ['AES-CBC', { family: 'aes', secret: aes }],
  ['AES-CTR', { family: 'aes', secret: aes }],
  ['AES-KW', { family: 'aes', secret: ['wrapKey', 'unwrapKey'] }],
  ['RSASSA-PKCS1-v1_5', { family: 'rsa', ...signing }],
  ['RSA-PSS', { family: 'rsa', ...signing }],
  ['RSA-OAEP', { family: 'rsa', public: ['encrypt', 'wrapKey'], private: ['decrypt', 'unwrapKey'] }],
  ['ECDSA', { family: 'ec', ...signing }],
  ['ECDH', { family: 'ec', ...agreeing }],
  ['Ed25519', { family: 'okp', ...signing }],
  ['X25519', { family: 'okp', ...agreeing }],
  ['PBKDF2', { family: 'kdf', secret: ['deriveKey', 'deriveBits'] }],
  ['HKDF', { family: 'kdf', secret: ['deriveKey', 'deriveBits'] }],
]);

export const kindOf = (name: string): Kind | undefined => kinds.get(name);

const bitsOf = (hash: string): string => hash.replace('SHA-', '');

/** The member `alg` of the JWK of such a key; undefined where the standard has none. */
export const jwkAlg = (name: string, hash: string, lengthBits: number): string | undefined => {
  switch (name) {
    case 'HMAC':
      return `HS${bitsOf(hash)}`;
    case 'RSASSA-PKCS1-v1_5':
      return `RS${bitsOf(hash)}`;
    case 'RSA-PSS':
      return `PS${bitsOf(hash)}`;
    case 'RSA-OAEP':
      return hash === 'SHA-1' ? 'RSA-OAEP' : `RSA-OAEP-${bitsOf(hash)}`;
    case 'Ed25519':
      return 'Ed25519';
    default:
      return name.startsWith('AES-') ? `A${lengthBits}${name.slice(4)}` : undefined;
  }
};
