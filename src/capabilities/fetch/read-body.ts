// Reads a response to its cap, encoded and decoded. Must never hold more than the cap of either.
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib';
import { fetchBounds } from './bounds.ts';
import { EgressError } from './egress-error.ts';

type Decode = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const tooLarge = (maxBytes: number): EgressError =>
  new EgressError('too-large', `the response is over maxResponseBytes (${String(maxBytes)})`);

/** `deflate` is zlib's form, or by an old mistake of servers its content alone. */
const inflateEither: Decode = (bytes, options) =>
  ((bytes[0] ?? 0) & 0x0f) === 8 ? promisify(inflate)(bytes, options) : promisify(inflateRaw)(bytes, options);

const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', inflateEither],
  ['br', promisify(brotliDecompress)],
  ['zstd', promisify(zstdDecompress)],
]);

const isTooLarge = (error: unknown): boolean => (error as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';

const decode = async (bytes: Buffer, encoding: string, maxBytes: number): Promise<Buffer> => {
  const encodings = encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  if (encodings.length > fetchBounds.encodings.value) throw new EgressError('failed', 'the response has too many content encodings');
  let decoded = bytes;
  for (const name of encodings.toReversed()) {
    const decoder = decoders.get(name);
    // As fetch does: what nobody knows is handed on as it came.
    if (decoder === undefined) return decoded;
    try {
      decoded = await decoder(decoded, { maxOutputLength: maxBytes });
    } catch (error) {
      throw isTooLarge(error) ? tooLarge(maxBytes) : new EgressError('failed', `the response is not valid ${name}`);
    }
  }
  return decoded;
};

/** The whole body, decoded. Rejects with an EgressError where it is over `maxBytes` at either stage. */
export const readBody = async (body: AsyncIterable<Uint8Array>, encoding: string, maxBytes: number): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    pieces.push(piece);
  }
  const whole = Buffer.concat(pieces);
  return bytes === 0 ? whole : await decode(whole, encoding, maxBytes);
};
