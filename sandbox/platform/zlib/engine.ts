// One run of deflate or inflate over pako's port of zlib, an output chunk at a time. Must never hold more output than one chunk.
import {
  Z_BUF_ERROR,
  Z_DATA_ERROR,
  Z_DEFAULT_STRATEGY,
  Z_FINISH,
  Z_FIXED,
  Z_NEED_DICT,
  Z_OK,
  Z_STREAM_END,
  ZStream,
  zlibDeflate,
  zlibDeflateInit2,
  zlibDeflateReset,
  zlibDeflateSetDictionary,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
  zlibInflateSetDictionary,
} from 'pako';
import { utf8ToBytes } from './bytes.ts';
import { makeZlibError, parseInput, parseNumber } from './errors.ts';

export type Mode = 'deflate' | 'gzip' | 'deflateRaw' | 'inflate' | 'gunzip' | 'inflateRaw' | 'unzip';

export interface EngineSettings {
  readonly level: number;
  readonly windowBits: number;
  readonly memLevel: number;
  readonly strategy: number;
  readonly chunkSize: number;
  readonly dictionary: Uint8Array | null;
  /** What follows the last member is an error. */
  readonly rejectsGarbage: boolean;
}

const deflating: ReadonlySet<Mode> = new Set(['deflate', 'gzip', 'deflateRaw']);
/** How zlib is told of the wrapper: none, gzip's, or whichever comes. */
const wrapped = (mode: Mode, bits: number): number => {
  if (mode === 'deflateRaw' || mode === 'inflateRaw') return -bits;
  if (mode === 'gzip' || mode === 'gunzip') return bits + 16;
  return mode === 'unzip' ? bits + 32 : bits;
};

export const parseSettings = (mode: Mode, given: unknown): EngineSettings => {
  const options = (given ?? {}) as Record<string, unknown>;
  // For inflate 0 means: as the header says.
  const fromHeader = (options['windowBits'] === 0 || options['windowBits'] === null) && !deflating.has(mode);
  const windowBits = fromHeader ? 15 : parseNumber(options, 'windowBits', 8, 15, 15);
  const dictionary = options['dictionary'];
  return {
    level: parseNumber(options, 'level', -1, 9, -1),
    // zlib has no raw stream with a window of 256 bytes.
    windowBits: mode === 'deflateRaw' && windowBits === 8 ? 9 : windowBits,
    memLevel: parseNumber(options, 'memLevel', 1, 9, 8),
    strategy: parseNumber(options, 'strategy', Z_DEFAULT_STRATEGY, Z_FIXED, Z_DEFAULT_STRATEGY),
    chunkSize: parseNumber(options, 'chunkSize', 64, Number.MAX_SAFE_INTEGER, 16_384),
    dictionary: dictionary === undefined ? null : parseInput('options.dictionary', dictionary, utf8ToBytes),
    rejectsGarbage: options['rejectGarbageAfterEnd'] === true,
  };
};

export class Engine {
  readonly #stream = new ZStream();
  readonly #mode: Mode;
  readonly #settings: EngineSettings;
  #ended = false;
  #exhausted = true;
  bytesWritten = 0;
  /** Bytes that came after the end of what was packed. */
  leftBytes = 0;

  constructor(mode: Mode, settings: EngineSettings) {
    this.#mode = mode;
    this.#settings = settings;
    const bits = wrapped(mode, settings.windowBits);
    const { level, memLevel, strategy, dictionary } = settings;
    const status = deflating.has(mode)
      ? zlibDeflateInit2(this.#stream, level, 8, bits, memLevel, strategy as 0)
      : zlibInflateInit2(this.#stream, bits);
    if (status !== Z_OK) throw makeZlibError('Init error', status);
    if (dictionary !== null && (mode === 'deflate' || mode === 'deflateRaw')) zlibDeflateSetDictionary(this.#stream, dictionary);
    if (dictionary !== null && mode === 'inflateRaw') zlibInflateSetDictionary(this.#stream, dictionary);
  }

  get ended(): boolean {
    return this.#ended;
  }

  feed(input: Uint8Array): void {
    this.#stream.input = input;
    this.#stream.next_in = 0;
    this.#stream.avail_in = input.length;
    this.#exhausted = false;
    this.bytesWritten += input.length;
  }

  /** The next chunk of output; null when the input is used up and nothing is left to say. */
  next(flush: number): Uint8Array | null {
    while (!this.#exhausted) {
      const stream = this.#stream;
      stream.output = new Uint8Array(this.#settings.chunkSize);
      stream.next_out = 0;
      stream.avail_out = stream.output.length;
      const status = deflating.has(this.#mode) ? zlibDeflate(stream, flush as 0) : this.#inflate(flush);
      this.#judge(status, flush);
      // Room was left, so all there was to say has been said.
      if (stream.avail_out !== 0) this.#exhausted = true;
      if (stream.next_out > 0) return stream.output.subarray(0, stream.next_out);
    }
    this.bytesWritten -= this.#stream.avail_in;
    this.leftBytes += this.#stream.avail_in;
    this.#stream.avail_in = 0;
    return null;
  }

  reset(): void {
    this.#ended = false;
    if (deflating.has(this.#mode)) zlibDeflateReset(this.#stream);
    else zlibInflateReset(this.#stream);
  }

  #inflate(flush: number): number {
    if (this.#ended) return Z_STREAM_END;
    const stream = this.#stream;
    const { dictionary } = this.#settings;
    let status: number = zlibInflate(stream, flush as 0);
    if (status === Z_NEED_DICT && dictionary !== null) {
      status = zlibInflateSetDictionary(stream, dictionary);
      if (status === Z_DATA_ERROR) return Z_NEED_DICT;
      status = zlibInflate(stream, flush as 0);
    }
    // Members of a gzip file follow one another; zeroes after the last are padding.
    const isGzip = this.#mode === 'gunzip' || (this.#mode === 'unzip' && stream.state.flags > 0);
    while (isGzip && status === Z_STREAM_END && stream.avail_in > 0 && this.#isMember(stream.input[stream.next_in])) {
      zlibInflateReset(stream);
      status = zlibInflate(stream, flush as 0);
    }
    return status;
  }

  #isMember(first: number | undefined): boolean {
    return this.#settings.rejectsGarbage ? first === 0x1f : first !== 0;
  }

  #judge(status: number, flush: number): void {
    if (status === Z_STREAM_END) {
      this.#ended = true;
      return;
    }
    const { msg, avail_out: room } = this.#stream;
    if (status === Z_OK || status === Z_BUF_ERROR) {
      if (room !== 0 && flush === Z_FINISH) throw makeZlibError('unexpected end of file', Z_BUF_ERROR);
      return;
    }
    if (status === Z_NEED_DICT) throw makeZlibError(this.#settings.dictionary === null ? 'Missing dictionary' : 'Bad dictionary', status);
    throw makeZlibError(msg === '' ? 'Zlib error' : msg, status);
  }
}
