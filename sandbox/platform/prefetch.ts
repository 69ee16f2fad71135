// Which parts an extension's text speaks of: loaded while it registers, so that its first request does not pay for them. Must never decide whether a part can be had.
import { loadPart } from './parts.ts';

/** Of the heavy part alone, and only words that hardly stand in a text that does not use it. */
const hints: readonly (readonly [part: string, words: RegExp])[] = [
  ['crypto', /\b(?:create(?:Sign|Verify|PrivateKey|PublicKey|SecretKey|Cipheriv|Decipheriv|ECDH)|generateKeyPair(?:Sync)?|subtle)\b/],
];

export const prefetchParts = (text: string): void => {
  for (const [part, words] of hints) if (words.test(text)) loadPart(part);
};
