// The part `hash`: hashes, MACs and key derivation, without keys and curves. Must never be imported by a file of the image.
import { digestNames } from '../crypto/digests.ts';
import { createHash, createHmac, Hash, Hmac, hash } from '../crypto/hash.ts';
import { hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync } from '../crypto/kdf.ts';
import { nameMembers } from '../names.ts';

export const members = nameMembers({
  ...{ createHash, createHmac, getHashes: digestNames, Hash, Hmac, hash },
  ...{ hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync },
});
