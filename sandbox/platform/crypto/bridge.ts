// KeyObject and CryptoKey into one another. Must never make a key extractable that was not.

import { writePrivate, writePublic } from './key-codec.ts';
import type { AsymmetricData } from './key-data.ts';
import { bridge, dataOf, type KeyObject, makePrivateKey, makePublicKey, makeSecretKey } from './key-object.ts';
import { CryptoKey, keyBytes, keyPairData } from './subtle/crypto-key.ts';
import { importKey } from './subtle/keys.ts';
import { normalize, usagesOf } from './subtle/normalize.ts';

/** Lets node's half take CryptoKeys. */
export const connectBridge = (): void => {
  bridge.isCryptoKey = (key) => key instanceof CryptoKey;
  bridge.fromCryptoKey = (key): KeyObject => {
    const given = key as CryptoKey;
    if (given.type === 'secret') return makeSecretKey(keyBytes(given));
    return given.type === 'public' ? makePublicKey(keyPairData(given)) : makePrivateKey(keyPairData(given));
  };
  bridge.toCryptoKey = (key, algorithm, extractable, usages): CryptoKey => {
    const data = dataOf(key);
    const [format, bytes] =
      data.kind === 'secret'
        ? (['raw', data.bytes] as const)
        : key.type === 'public'
          ? (['spki', writePublic(data as AsymmetricData, 'spki')] as const)
          : (['pkcs8', writePrivate(data as AsymmetricData, 'pkcs8')] as const);
    return importKey(format, bytes, normalize(algorithm), Boolean(extractable), usagesOf(usages));
  };
};
