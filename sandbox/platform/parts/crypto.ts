// The part `crypto`: keys, signatures, ciphers and WebCrypto. Must never be imported by a file of the image.
import * as agreeing from '../crypto/agree.ts';
import { connectBridge } from '../crypto/bridge.ts';
import * as ciphers from '../crypto/cipher.ts';
import { curveNames } from '../crypto/curves.ts';
import * as generating from '../crypto/generate.ts';
import { KeyObject } from '../crypto/key-object.ts';
import { createPrivateKey, createPublicKey, createSecretKey } from '../crypto/parse-key.ts';
import * as signing from '../crypto/sign.ts';
import { CryptoKey } from '../crypto/subtle/crypto-key.ts';
import { SubtleCrypto, subtle } from '../crypto/subtle/subtle.ts';
import { nameMembers } from '../names.ts';

connectBridge();

export const members = nameMembers({
  ...agreeing,
  ...ciphers,
  ...generating,
  ...signing,
  getCurves: curveNames,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  KeyObject,
  CryptoKey,
  SubtleCrypto,
  subtle,
});
