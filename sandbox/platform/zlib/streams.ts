// The classes of node:zlib: Transform streams that give their output a chunk at a time. Must never inflate ahead of a reader that does not read.
import { Transform } from 'readable-stream';
import { makeNotGranted } from '../http/node-error.ts';
import { brotliDecode } from './brotli.ts';
import { asBuffer, joined } from './bytes.ts';
import { Engine, type Mode, parseSettings } from './engine.ts';
import { makeGarbageError, parseNumber } from './errors.ts';
import { defaultMaxOutputBytes } from './limits.ts';

type Done = (error?: Error | null) => void;

const fullFlush = 3;
const finish = 4;

const parseFlush = (options: unknown, key: string, fallback: number): number => parseNumber((options ?? {}) as object, key, 0, 5, fallback);

class ZlibStream extends Transform {
  readonly #engine: Engine;
  readonly #flush: number;
  readonly #finish: number;
  readonly #rejectsGarbage: boolean;
  #resume: (() => void) | null = null;
  #pendingFlush: number | null = null;

  constructor(mode: Mode, options: unknown) {
    super({ ...((options ?? {}) as object), decodeStrings: true });
    const settings = parseSettings(mode, options);
    this.#engine = new Engine(mode, settings);
    this.#flush = parseFlush(options, 'flush', 0);
    this.#finish = parseFlush(options, 'finishFlush', finish);
    this.#rejectsGarbage = settings.rejectsGarbage;
  }

  get bytesWritten(): number {
    return this.#engine.bytesWritten;
  }

  override _transform(chunk: Uint8Array, _encoding: string, done: Done): void {
    const flush = this.#pendingFlush ?? this.#flush;
    this.#pendingFlush = null;
    this.#work(chunk, flush, done);
  }

  override _flush(done: Done): void {
    this.#work(new Uint8Array(0), this.#finish, done);
  }

  override _read(size: number): void {
    const resume = this.#resume;
    this.#resume = null;
    if (resume === null) super._read(size);
    else resume();
  }

  flush(kind?: unknown, callback?: unknown): void {
    const done = (typeof kind === 'function' ? kind : (callback ?? ((): void => undefined))) as () => void;
    if (this.writableFinished) {
      queueMicrotask(done);
      return;
    }
    if (this.writableEnded) {
      this.once('end', done);
      return;
    }
    this.#pendingFlush = typeof kind === 'number' ? kind : fullFlush;
    this.write(new Uint8Array(0), done);
  }

  reset(): void {
    this.#engine.reset();
  }

  params(_level: number, _strategy: number, callback: Done): void {
    callback(makeNotGranted('zlib.Deflate.params: changing the level of a stream that runs'));
  }

  close(callback?: () => void): void {
    if (callback !== undefined) this.once('close', callback);
    this.destroy();
  }

  #work(chunk: Uint8Array, flush: number, done: Done): void {
    // After its end a stream of one member may be followed by anything.
    if (this.#engine.ended && chunk.length === 0) return done();
    this.#engine.feed(chunk);
    const step = (): void => {
      try {
        for (;;) {
          const output = this.#engine.next(flush);
          if (output === null) return done(this.#rejectsGarbage && this.#engine.leftBytes > 0 ? makeGarbageError() : null);
          if (this.destroyed) return;
          if (!this.push(asBuffer(output))) {
            this.#resume = step;
            return;
          }
        }
      } catch (error) {
        done(error as Error);
      }
    };
    step();
  }
}

const makeClass = (mode: Mode): (new (options?: unknown) => ZlibStream) =>
  class extends ZlibStream {
    constructor(options?: unknown) {
      super(mode, options);
    }
  };

export const Deflate = makeClass('deflate');
export const Inflate = makeClass('inflate');
export const Gzip = makeClass('gzip');
export const Gunzip = makeClass('gunzip');
export const DeflateRaw = makeClass('deflateRaw');
export const InflateRaw = makeClass('inflateRaw');
export const Unzip = makeClass('unzip');

/** Takes the whole input before it gives anything: the decoder knows no other way. */
export class BrotliDecompress extends Transform {
  readonly #chunks: Uint8Array[] = [];
  readonly #maxBytes: number;
  #length = 0;

  constructor(options?: unknown) {
    super({ ...((options ?? {}) as object), decodeStrings: true });
    this.#maxBytes = parseNumber((options ?? {}) as object, 'maxOutputLength', 1, Number.MAX_SAFE_INTEGER, defaultMaxOutputBytes);
  }
  get bytesWritten(): number {
    return this.#length;
  }
  override _transform(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    done();
  }
  override _flush(done: Done): void {
    try {
      this.push(asBuffer(brotliDecode(joined(this.#chunks, this.#length), this.#maxBytes)));
      done();
    } catch (error) {
      done(error as Error);
    }
  }
  flush(kind?: unknown, callback?: () => void): void {
    const done = typeof kind === 'function' ? (kind as () => void) : callback;
    if (done !== undefined) queueMicrotask(done);
  }
  close(callback?: () => void): void {
    if (callback !== undefined) this.once('close', callback);
    this.destroy();
  }
}
