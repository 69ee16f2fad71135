// AES a piece at a time: what comes out of each piece comes out at once. Must never give plaintext of a mode without tags back twice, nor keep what it has given.
import { ghash } from '@noble/ciphers/_polyval.js';
import { aes } from './aes.ts';
import { concat } from './bytes.ts';
import { bytesToInt, intToBytes } from './integers.ts';

const blockBytes = 16;

export interface CipherCore {
  update(chunk: Uint8Array): Uint8Array;
  /** The rest; null where the padding is wrong, undefined where the length is. */
  final(): Uint8Array | null | undefined;
  setPadding(isOn: boolean): void;
}

/** ECB and CBC: whole blocks go through, the last is kept back while it may be padding. */
export class BlockCore implements CipherCore {
  readonly #key: Uint8Array;
  readonly #isSealing: boolean;
  #iv: Uint8Array | null;
  #rest: Uint8Array = new Uint8Array(0);
  #isPadded = true;

  constructor(key: Uint8Array, iv: Uint8Array | null, isSealing: boolean) {
    this.#key = key;
    this.#iv = iv;
    this.#isSealing = isSealing;
  }

  setPadding(isOn: boolean): void {
    this.#isPadded = isOn;
  }

  update(chunk: Uint8Array): Uint8Array {
    const all = concat(this.#rest, chunk);
    const isHeldBack = !this.#isSealing && this.#isPadded && all.length > 0;
    const whole = Math.floor((all.length - (isHeldBack ? 1 : 0)) / blockBytes) * blockBytes;
    this.#rest = all.slice(whole);
    return whole === 0 ? new Uint8Array(0) : this.#run(all.subarray(0, whole));
  }

  final(): Uint8Array | null | undefined {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    if (!this.#isPadded) return rest.length === 0 ? rest : undefined;
    if (this.#isSealing) {
      const fill = blockBytes - rest.length;
      return this.#run(concat(rest, new Uint8Array(fill).fill(fill)));
    }
    if (rest.length !== blockBytes) return undefined;
    const block = this.#run(rest);
    const fill = block[blockBytes - 1] as number;
    if (fill === 0 || fill > blockBytes || block.subarray(blockBytes - fill).some((byte) => byte !== fill)) return null;
    return block.slice(0, blockBytes - fill);
  }

  #run(blocks: Uint8Array): Uint8Array {
    const options = { disablePadding: true };
    const cipher = this.#iv === null ? aes().ecb(this.#key, options) : aes().cbc(this.#key, this.#iv, options);
    const result = new Uint8Array(this.#isSealing ? cipher.encrypt(blocks) : cipher.decrypt(blocks));
    if (this.#iv !== null) this.#iv = (this.#isSealing ? result : blocks).slice(-blockBytes);
    return result;
  }
}

/** Key wrapping of RFC 3394: what is wrapped comes in one piece. */
export class WrapCore implements CipherCore {
  readonly #key: Uint8Array;
  readonly #isSealing: boolean;

  constructor(key: Uint8Array, isSealing: boolean) {
    this.#key = key;
    this.#isSealing = isSealing;
  }

  setPadding(): void {}

  update(chunk: Uint8Array): Uint8Array {
    const cipher = aes().aeskw(this.#key);
    return new Uint8Array(this.#isSealing ? cipher.encrypt(chunk) : cipher.decrypt(chunk));
  }

  final(): Uint8Array {
    return new Uint8Array(0);
  }
}

/** Counter mode from any block on; the counter is all sixteen bytes, or with `isShort` the last four. */
export class CounterCore implements CipherCore {
  readonly #key: Uint8Array;
  readonly #isShort: boolean;
  #counter: Uint8Array;
  /** Bytes of the current block that are used. */
  #used = 0;

  constructor(key: Uint8Array, counter: Uint8Array, isShort = false) {
    this.#key = key;
    this.#counter = counter.slice();
    this.#isShort = isShort;
  }

  setPadding(): void {}

  update(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0) return new Uint8Array(0);
    // From the beginning of the block, so that the stream goes on where it stopped.
    const aligned = concat(new Uint8Array(this.#used), chunk);
    const result = this.#apply(aligned).subarray(this.#used);
    const blocks = Math.floor(aligned.length / blockBytes);
    this.#used = aligned.length % blockBytes;
    this.#advance(blocks);
    return new Uint8Array(result);
  }

  final(): Uint8Array {
    return new Uint8Array(0);
  }

  #apply(bytes: Uint8Array): Uint8Array {
    if (!this.#isShort) return aes().ctr(this.#key, this.#counter).encrypt(bytes);
    const { unsafe } = aes();
    return unsafe.ctr32(unsafe.expandKeyLE(this.#key), false, this.#counter.slice(), bytes);
  }

  #advance(blocks: number): void {
    const low = this.#isShort ? 12 : 0;
    const size = blockBytes - low;
    const next = (bytesToInt(this.#counter.subarray(low)) + BigInt(blocks)) & ((1n << BigInt(size * 8)) - 1n);
    this.#counter.set(intToBytes(next, size), low);
  }
}

const lengths = (aadBytes: number, dataBytes: number): Uint8Array =>
  concat(intToBytes(BigInt(aadBytes) * 8n, 8), intToBytes(BigInt(dataBytes) * 8n, 8));

/** noble's GHASH fills up each piece it gets: this keeps what does not fill a block until there is more. */
class BlockHash {
  readonly #hash: ReturnType<typeof ghash.create>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(key: Uint8Array) {
    this.#hash = ghash.create(key);
  }
  update(bytes: Uint8Array): this {
    const all = concat(this.#rest, bytes);
    const whole = all.length - (all.length % blockBytes);
    if (whole > 0) this.#hash.update(all.subarray(0, whole));
    this.#rest = all.slice(whole);
    return this;
  }
  /** Fills the block with zeroes. */
  pad(): this {
    if (this.#rest.length > 0) this.#hash.update(this.#rest);
    this.#rest = new Uint8Array(0);
    return this;
  }
  digest(): Uint8Array {
    return this.#hash.digest();
  }
}

/** Galois counter mode: NIST SP 800-38D over noble's GHASH. */
export class GcmCore {
  readonly #counter: CounterCore;
  readonly #hash: BlockHash;
  readonly #mask: Uint8Array;
  readonly #isSealing: boolean;
  #aadBytes = 0;
  #dataBytes = 0;

  constructor(key: Uint8Array, iv: Uint8Array, isSealing: boolean) {
    const block = (bytes: Uint8Array): Uint8Array => new Uint8Array(aes().ecb(key, { disablePadding: true }).encrypt(bytes));
    const hashKey = block(new Uint8Array(blockBytes));
    const first =
      iv.length === 12
        ? concat(iv, Uint8Array.of(0, 0, 0, 1))
        : new BlockHash(hashKey).update(iv).pad().update(lengths(0, iv.length)).digest();
    this.#mask = block(first);
    this.#hash = new BlockHash(hashKey);
    this.#isSealing = isSealing;
    this.#counter = new CounterCore(key, first, true);
    // The first block of the stream is the tag's mask.
    this.#counter.update(new Uint8Array(blockBytes));
  }

  authenticate(aad: Uint8Array): void {
    this.#aadBytes += aad.length;
    this.#hash.update(aad);
  }

  update(chunk: Uint8Array): Uint8Array {
    if (this.#dataBytes === 0) this.#hash.pad();
    this.#dataBytes += chunk.length;
    const result = this.#counter.update(chunk);
    this.#hash.update(this.#isSealing ? result : chunk);
    return result;
  }

  tag(): Uint8Array {
    const sum = this.#hash.pad().update(lengths(this.#aadBytes, this.#dataBytes)).digest();
    return this.#mask.map((byte, index) => byte ^ (sum[index] as number));
  }
}
