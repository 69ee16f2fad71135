// What Request and Response have in common: a body that is read once, whole or as a stream. Must never read a stream before somebody asks for it.
import { Buffer } from '../globals/buffer.ts';
import { lazyEncoding, lazyUrl, lazyWebStreams } from '../lazy.ts';
import { Blob, bytesOf, isBlob } from './blob.ts';
import { FormData } from './form-data.ts';
import type { Headers } from './headers.ts';
import { readForm, writeForm } from './multipart.ts';

type ByteStream = ReadableStream<Uint8Array>;
/** What can be given out more than once. */
type Source = string | Uint8Array | Blob;

export interface Extracted {
  readonly source: Source | null;
  readonly stream: ByteStream | null;
  readonly type: string | null;
}

const has = (value: object, name: PropertyKey): boolean => typeof (value as Record<PropertyKey, unknown>)[name] === 'function';
const tagOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);
const isDisturbed = (stream: ByteStream): boolean => (stream as unknown as { readonly _disturbed?: boolean })._disturbed === true;

const fromSteps = (steps: AsyncIterable<unknown> | Iterable<unknown>): ByteStream => {
  const iterator = (steps as AsyncIterable<unknown>)[Symbol.asyncIterator]?.() ?? (steps as Iterable<unknown>)[Symbol.iterator]();
  return new (lazyWebStreams().ReadableStream)({
    type: 'bytes',
    pull: async (controller) => {
      const { done, value } = (await iterator.next()) as IteratorResult<unknown>;
      if (done === true) {
        controller.close();
        controller.byobRequest?.respond(0);
        return;
      }
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      if (!ArrayBuffer.isView(bytes)) throw new TypeError('a body is made of bytes');
      if (bytes.byteLength > 0) controller.enqueue(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice());
    },
    cancel: async (reason) => {
      await (iterator.return?.(reason) as Promise<unknown> | undefined);
    },
  }) as never;
};

/** https://fetch.spec.whatwg.org/#concept-bodyinit-extract, and async iterables as node takes them. */
export const extractBody = (given: unknown): Extracted => {
  if (given === null || given === undefined) return { source: null, stream: null, type: null };
  if (typeof given !== 'object') return { source: String(given).toWellFormed(), stream: null, type: 'text/plain;charset=UTF-8' };
  if (has(given, 'getReader')) {
    const stream = given as ByteStream;
    if (stream.locked || isDisturbed(stream)) throw new TypeError('Response body object should not be disturbed or locked');
    return { source: null, stream, type: null };
  }
  if (isBlob(given)) return { source: given as never, stream: null, type: given.type === '' ? null : given.type };
  if (given instanceof ArrayBuffer) return { source: new Uint8Array(given).slice(), stream: null, type: null };
  if (ArrayBuffer.isView(given))
    return { source: new Uint8Array(given.buffer, given.byteOffset, given.byteLength).slice(), stream: null, type: null };
  if (given instanceof FormData) {
    const { body, type } = writeForm(given);
    return { source: body, stream: null, type };
  }
  if (tagOf(given) === 'URLSearchParams')
    return { source: String(given), stream: null, type: 'application/x-www-form-urlencoded;charset=UTF-8' };
  if (has(given, Symbol.asyncIterator)) return { source: null, stream: fromSteps(given as AsyncIterable<unknown>), type: null };
  return { source: String(given).toWellFormed(), stream: null, type: 'text/plain;charset=UTF-8' };
};

const unusable = (): TypeError => new TypeError('Body is unusable: Body has already been read');

interface Held {
  source: Source | null;
  stream: ByteStream | null;
  used: boolean;
}
const bodies = new WeakMap<Body, Held>();
const heldBy = (body: Body): Held => bodies.get(body) as Held;

const streamOf = (source: Source): ByteStream => {
  if (typeof source !== 'string' && !(source instanceof Uint8Array)) return source.stream();
  return new Blob([source]).stream();
};

const readStream = async (stream: ByteStream): Promise<Uint8Array> => {
  const reader = stream.getReader();
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return pieces.length === 1 ? (pieces[0] as Uint8Array) : new Uint8Array(Buffer.concat(pieces as never[]));
    if (!(value instanceof Uint8Array)) throw new TypeError('Received non-Uint8Array chunk');
    pieces.push(value);
  }
};

export abstract class Body {
  abstract readonly headers: Headers;

  constructor({ source, stream }: Pick<Extracted, 'source' | 'stream'>) {
    bodies.set(this, { source, stream, used: false });
  }

  get body(): ByteStream | null {
    const held = heldBy(this);
    if (held.stream === null && held.source !== null) {
      held.stream = streamOf(held.source);
      if (held.used) void held.stream.cancel();
    }
    return held.stream;
  }
  get bodyUsed(): boolean {
    const { used, stream } = heldBy(this);
    return used || (stream !== null && isDisturbed(stream));
  }

  async bytes(): Promise<Uint8Array> {
    const taken = takeWhole(this);
    if (taken instanceof Uint8Array) return taken.slice();
    if (typeof taken === 'string') return new (lazyEncoding().TextEncoder)().encode(taken) as Uint8Array;
    return await taken;
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.bytes();
    const { buffer } = bytes;
    return (buffer.byteLength === bytes.byteLength ? buffer : bytes.slice().buffer) as ArrayBuffer;
  }
  async text(): Promise<string> {
    const taken = takeWhole(this);
    if (typeof taken === 'string') return taken.startsWith('\ufeff') ? taken.slice(1) : taken;
    return new (lazyEncoding().TextDecoder)().decode((await taken) as never);
  }
  async json(): Promise<unknown> {
    return JSON.parse(await this.text()) as unknown;
  }
  async blob(): Promise<Blob> {
    return new Blob([await this.bytes()], { type: this.headers.get('content-type') ?? '' });
  }
  async formData(): Promise<FormData> {
    const type = this.headers.get('content-type') ?? '';
    const kind = type.split(';', 1)[0]?.trim().toLowerCase();
    if (kind === 'multipart/form-data') return readForm(await this.bytes(), type);
    if (kind !== 'application/x-www-form-urlencoded')
      throw new TypeError('Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded".');
    const form = new FormData();
    const parameters = new (lazyUrl().URLSearchParams)(await this.text()) as unknown as Iterable<readonly [string, string]>;
    for (const [name, value] of parameters) form.append(name, value);
    return form;
  }
}

/** The whole body, which is used from now on: as it was given where nobody has asked for a stream. */
const takeWhole = (body: Body): string | Uint8Array | Promise<Uint8Array> => {
  const held = heldBy(body);
  const { source, stream } = held;
  if (source === null && stream === null) return '';
  if (body.bodyUsed || stream?.locked === true) throw unusable();
  held.used = true;
  if (stream !== null) return readStream(stream);
  if (typeof source === 'string' || source instanceof Uint8Array) return source;
  return new Uint8Array(Buffer.concat(bytesOf(source as Blob) as never[]));
};

/** For a second Request or Response with the same body; the first keeps its own. */
export const cloneBody = (body: Body): Pick<Extracted, 'source' | 'stream'> => {
  const held = heldBy(body);
  if (body.bodyUsed || held.stream?.locked === true) throw new TypeError('Body has already been consumed.');
  if (held.stream === null) return { source: held.source, stream: null };
  const [kept, given] = held.stream.tee();
  held.stream = kept;
  held.source = null;
  return { source: null, stream: given };
};

/** Moves the body on: the first one counts as used. */
export const moveBody = (body: Body): Pick<Extracted, 'source' | 'stream'> => {
  const held = heldBy(body);
  const { source, stream } = held;
  if (source === null && stream === null) return { source, stream };
  if (body.bodyUsed || stream?.locked === true) throw unusable();
  held.used = true;
  if (stream === null) return { source, stream: null };
  return { source: null, stream: stream.pipeThrough(new (lazyWebStreams().TransformStream)() as never) };
};

/** The body as it may cross at once; null where it has to be streamed. */
export const wholeSource = (body: Body): Source | null => {
  const { source, stream } = heldBy(body);
  return stream === null ? source : null;
};
export const markUsed = (body: Body): void => {
  heldBy(body).used = true;
};
