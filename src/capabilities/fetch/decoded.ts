// Undoes the content encodings of a body as it comes. Must never hold more of it than a window and a piece.
import { PassThrough, pipeline, type Readable, Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import { fetchBounds } from './bounds.ts';
import { EgressError } from './egress-error.ts';

/** RFC 9659: the window that whoever takes `zstd` content has to hold. What wants more is refused. */
const zstdWindowLog = 23;
/** The error reaches whoever reads. */
const noop = (): void => undefined;

async function* before(first: Uint8Array, pieces: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
}

/** `deflate` is zlib's form, or by an old mistake of servers its content alone: the first byte tells. */
async function* inflateEither(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = source[Symbol.asyncIterator]();
  const { done, value: first } = await pieces.next();
  if (done === true) return;
  const decoder = ((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
  yield* pipeline(before(first, pieces), decoder, noop);
}

type Stage = NodeJS.ReadWriteStream | typeof inflateEither;

const decoders: ReadonlyMap<string, () => Stage> = new Map<string, () => Stage>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['deflate', () => inflateEither],
  ['br', () => createBrotliDecompress()],
  ['zstd', () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog } })],
]);

/** Those that are undone, the outermost first. As fetch does: what nobody knows, and all beneath it, is handed on as it came. */
const encodingsOf = (header: string): readonly string[] => {
  const names = header
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
    .toReversed();
  if (names.length > fetchBounds.encodings.value) throw new EgressError('failed', 'the response has too many content encodings');
  const unknown = names.findIndex((name) => !decoders.has(name));
  return unknown < 0 ? names : names.slice(0, unknown);
};

const tooLarge = (maxBytes: number): EgressError =>
  new EgressError('too-large', `the response is over maxResponseBytes (${String(maxBytes)})`);

const meter = (maxBytes: number): Transform => {
  let bytes = 0;
  return new Transform({
    transform(piece: Uint8Array, _encoding, done) {
      bytes += piece.length;
      if (bytes > maxBytes) done(tooLarge(maxBytes));
      else done(null, piece);
    },
  });
};

/** What zlib's bindings throw has a number, and no system call behind it. */
const isOfDecoder = (error: unknown): boolean =>
  error instanceof Error &&
  typeof (error as NodeJS.ErrnoException).errno === 'number' &&
  (error as NodeJS.ErrnoException).syscall === undefined;

export interface DecodedBody {
  readonly stream: Readable;
  /** What an error of the stream is to be told as. */
  tell(error: unknown): unknown;
}

/** The body without its encodings. It fails where any of its forms is over `maxBytes`, those between two encodings too. */
export const decodeBody = (body: Readable, header: string, maxBytes: number): DecodedBody => {
  const encodings = encodingsOf(header);
  const stages = encodings.flatMap((name) => decoders.get(name)?.() ?? []);
  const stream = new PassThrough();
  pipeline([body, meter(maxBytes), ...stages.flatMap((stage) => [stage, meter(maxBytes)]), stream] as never, noop);
  return {
    stream,
    tell: (error) =>
      stages.length > 0 && isOfDecoder(error) ? new EgressError('failed', `the response is not valid ${encodings.join(', ')}`) : error,
  };
};
