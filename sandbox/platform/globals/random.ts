// The cell's random numbers: ChaCha20 over a seed the host hands over at cell start. Must never repeat a byte of its stream, nor keep the key of bytes it already gave away.
import { chacha20 } from '@noble/ciphers/chacha.js';

const keyLength = 32;
const blockLength = 1024;

/** Makes the filler behind crypto.getRandomValues. `seed` is 32 bytes of the host's randomness and must not be used for anything else. */
export const makeRandom = (seed: Uint8Array): ((bytes: Uint8Array) => void) => {
  if (seed.length !== keyLength) throw new RangeError(`the seed must have ${keyLength} bytes and has ${seed.length}`);
  let key: Uint8Array = seed.slice();
  const nonce = new Uint8Array(12);
  let block: Uint8Array = new Uint8Array(0);
  let used = 0;

  const refill = (): void => {
    const stream = chacha20(key, nonce, new Uint8Array(keyLength + blockLength));
    // Fast key erasure: the first bytes become the next key, so what was given out cannot be worked out again from the state.
    key = stream.slice(0, keyLength);
    block = stream.subarray(keyLength);
    used = 0;
  };

  return (bytes) => {
    for (let filled = 0; filled < bytes.length; ) {
      if (used >= block.length) refill();
      const count = Math.min(bytes.length - filled, block.length - used);
      const part = block.subarray(used, used + count);
      bytes.set(part, filled);
      part.fill(0);
      used += count;
      filled += count;
    }
  };
};
