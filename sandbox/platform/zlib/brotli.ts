// Brotli, decompression only: whole inputs, over brotli.js. Must never write more than it is allowed.
import { loadPart } from '../parts.ts';
import { makeTooLarge, makeZlibError } from './errors.ts';

interface Output {
  buffer: Uint8Array;
  write(bytes: Uint8Array, count: number): number;
}
interface Decoder {
  decode(input: Uint8Array, output: Output): void;
}

/** The decoder asks for the room of each block before it fills it: a bomb ends there. */
class CappedOutput implements Output {
  readonly #max: number;
  #bytes: Uint8Array = new Uint8Array(0);
  length = 0;

  constructor(max: number) {
    this.#max = max;
  }
  get buffer(): Uint8Array {
    return this.#bytes;
  }
  set buffer(bytes: Uint8Array) {
    if (bytes.length > this.#max) throw makeTooLarge(this.#max);
    this.#bytes = bytes;
  }
  write(bytes: Uint8Array, count: number): number {
    if (this.length + count > this.#bytes.length) throw makeZlibError('Decompression failed', -3);
    this.#bytes.set(bytes.subarray(0, count), this.length);
    this.length += count;
    return count;
  }
}

const failed = (code: string, errno: number): Error => Object.assign(new Error('Decompression failed'), { code, errno });

export const brotliDecode = (input: Uint8Array, maxBytes: number): Uint8Array => {
  const output = new CappedOutput(maxBytes);
  const { decode } = loadPart('brotli') as unknown as Decoder;
  try {
    decode(input, output);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw error;
    const { message } = error as Error;
    // What it says where the input stops short; everything else is wrong inside.
    if (/unexpected end of input|not enough bytes/i.test(message)) throw makeZlibError('unexpected end of file', -5);
    throw failed('ERR__ERROR_FORMAT_PADDING_1', -14);
  }
  return output.buffer.subarray(0, output.length);
};
