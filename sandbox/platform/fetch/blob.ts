// The web's Blob and File: bytes that do not change. Must never copy what it only takes a part of.
import { Buffer } from '../globals/buffer.ts';
import { lazyEncoding, lazyWebStreams } from '../lazy.ts';

export interface BlobInit {
  readonly type?: unknown;
  readonly endings?: unknown;
}

const pieceBytes = 65_536;
const piecesOf = new WeakMap<object, readonly Uint8Array[]>();
const printable = /^[\x20-\x7e]*$/;

const typeOf = (given: unknown): string => {
  const type = given === undefined ? '' : String(given);
  return printable.test(type) ? type.toLowerCase() : '';
};

export const isBlob = (value: unknown): value is Blob => typeof value === 'object' && value !== null && piecesOf.has(value);

const copyOf = (view: ArrayBufferView | ArrayBuffer): Uint8Array =>
  (view instanceof ArrayBuffer ? new Uint8Array(view) : new Uint8Array(view.buffer, view.byteOffset, view.byteLength)).slice();

const partsOf = (parts: unknown, endings: unknown): readonly Uint8Array[] => {
  if (parts === undefined) return [];
  if (typeof parts !== 'object' || parts === null || typeof (parts as Iterable<unknown>)[Symbol.iterator] !== 'function')
    throw new TypeError('Blob: the parts must be a sequence');
  if (endings !== undefined && endings !== 'transparent' && endings !== 'native')
    throw new TypeError(`Blob: ${String(endings)} is no kind of endings`);
  const encoder = new (lazyEncoding().TextEncoder)();
  return [...(parts as Iterable<unknown>)].flatMap((part) => {
    if (isBlob(part)) return piecesOf.get(part) ?? [];
    if (part instanceof ArrayBuffer || ArrayBuffer.isView(part)) return [copyOf(part)];
    const text = String(part);
    return [encoder.encode(endings === 'native' ? text.replace(/\r\n?|\n/g, '\n') : text) as Uint8Array];
  });
};

const cut = (pieces: readonly Uint8Array[], start: number, end: number): readonly Uint8Array[] => {
  const kept: Uint8Array[] = [];
  let at = 0;
  for (const piece of pieces) {
    const [from, to] = [Math.max(0, start - at), Math.min(piece.length, end - at)];
    if (from < to) kept.push(piece.subarray(from, to));
    at += piece.length;
  }
  return kept;
};

export class Blob {
  readonly #type: string;

  constructor(parts?: unknown, options?: BlobInit | null) {
    if (options !== undefined && options !== null && typeof options !== 'object' && typeof options !== 'function')
      throw new TypeError('Blob: the options must be an object');
    piecesOf.set(this, partsOf(parts, options?.endings));
    this.#type = typeOf(options?.type);
  }

  get size(): number {
    return bytesOf(this).reduce((sum, { length }) => sum + length, 0);
  }
  get type(): string {
    return this.#type;
  }

  slice(start = 0, end: number = this.size, type?: unknown): Blob {
    const { size } = this;
    const place = (given: number): number => {
      const whole = Math.trunc(Number(given)) || 0;
      return whole < 0 ? Math.max(0, size + whole) : Math.min(whole, size);
    };
    const part = new Blob([], { type });
    piecesOf.set(part, cut(bytesOf(this), place(start), place(end)));
    return part;
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(Buffer.concat(bytesOf(this) as never[]));
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).slice().buffer as ArrayBuffer;
  }
  async text(): Promise<string> {
    return new (lazyEncoding().TextDecoder)('utf-8', { ignoreBOM: true } as never).decode((await this.bytes()) as never);
  }
  stream(): ReadableStream<Uint8Array> {
    const rest = bytesOf(this).flatMap((piece) =>
      Array.from({ length: Math.ceil(piece.length / pieceBytes) }, (_, at) => piece.subarray(at * pieceBytes, (at + 1) * pieceBytes)),
    );
    let at = 0;
    return new (lazyWebStreams().ReadableStream)({
      type: 'bytes',
      pull: (controller) => {
        const piece = rest[at];
        at += 1;
        if (piece !== undefined) return controller.enqueue(piece.slice());
        controller.close();
        controller.byobRequest?.respond(0);
      },
    }) as never;
  }
  get [Symbol.toStringTag](): string {
    return 'Blob';
  }
}

/** What a blob is made of, in order. */
export const bytesOf = (blob: Blob): readonly Uint8Array[] => piecesOf.get(blob) ?? [];

export class File extends Blob {
  readonly #name: string;
  readonly #lastModified: number;

  constructor(...args: [parts?: unknown, name?: unknown, options?: (BlobInit & { readonly lastModified?: unknown }) | null]) {
    if (args.length < 2) throw new TypeError('File: it needs parts and a name');
    const [parts, name, options] = args;
    super(parts, options);
    this.#name = String(name).toWellFormed();
    this.#lastModified = options?.lastModified === undefined ? Date.now() : Math.trunc(Number(options.lastModified)) || 0;
  }

  get name(): string {
    return this.#name;
  }
  get lastModified(): number {
    return this.#lastModified;
  }
  get webkitRelativePath(): string {
    return '';
  }
  override get [Symbol.toStringTag](): string {
    return 'File';
  }
}
