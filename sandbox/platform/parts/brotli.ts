// The part `brotli`: its decoder with the static dictionary, which is most of it. Must never be imported by a file of the image.
import { BrotliDecompress } from 'brotli/dec/decode.js';
import { BrotliInput } from 'brotli/dec/streams.js';

export const decode = (input: Uint8Array, output: object): void => BrotliDecompress(new BrotliInput(input), output);
