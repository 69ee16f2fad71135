// The standard's streams, and the two that turn text into bytes and back. Must never hold more than its queue says.
import {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} from 'web-streams-polyfill';
import { lazyEncoding } from '../lazy.ts';
import { nameMembers } from '../names.ts';

/** https://encoding.spec.whatwg.org/#interface-textencoderstream: half a surrogate pair waits for its other half. */
class TextEncoderStream {
  readonly #stream: TransformStream<unknown, Uint8Array>;

  constructor() {
    const encoder = new (lazyEncoding().TextEncoder)();
    let lead = '';
    this.#stream = new TransformStream<unknown, Uint8Array>({
      transform: (chunk, controller) => {
        const text = `${lead}${String(chunk)}`;
        const last = text.charCodeAt(text.length - 1);
        const cut = last >= 0xd800 && last <= 0xdbff ? text.length - 1 : text.length;
        lead = text.slice(cut);
        if (cut > 0) controller.enqueue(encoder.encode(text.slice(0, cut)));
      },
      flush: (controller) => {
        if (lead !== '') controller.enqueue(encoder.encode('\ufffd'));
      },
    });
  }

  get encoding(): string {
    return 'utf-8';
  }
  get readable(): ReadableStream<Uint8Array> {
    return this.#stream.readable;
  }
  get writable(): WritableStream<unknown> {
    return this.#stream.writable;
  }
  get [Symbol.toStringTag](): string {
    return 'TextEncoderStream';
  }
}

interface Decoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(bytes?: ArrayBufferView | ArrayBuffer, options?: { readonly stream: boolean }): string;
}

interface DecoderOptions {
  readonly fatal?: boolean;
  readonly ignoreBOM?: boolean;
}

const isBytes = (value: unknown): value is ArrayBufferView | ArrayBuffer => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;

/** https://encoding.spec.whatwg.org/#interface-textdecoderstream */
class TextDecoderStream {
  readonly #stream: TransformStream<unknown, string>;
  readonly #decoder: Decoder;

  constructor(label = 'utf-8', options: DecoderOptions = {}) {
    const decoder = new (lazyEncoding().TextDecoder)(label, options) as unknown as Decoder;
    this.#decoder = decoder;
    this.#stream = new TransformStream<unknown, string>({
      transform: (chunk, controller) => {
        if (!isBytes(chunk)) throw new TypeError('The chunk is neither an ArrayBuffer nor a view of one');
        const text = decoder.decode(chunk, { stream: true });
        if (text !== '') controller.enqueue(text);
      },
      flush: (controller) => {
        const text = decoder.decode();
        if (text !== '') controller.enqueue(text);
      },
    });
  }

  get encoding(): string {
    return this.#decoder.encoding;
  }
  get fatal(): boolean {
    return this.#decoder.fatal;
  }
  get ignoreBOM(): boolean {
    return this.#decoder.ignoreBOM;
  }
  get readable(): ReadableStream<string> {
    return this.#stream.readable;
  }
  get writable(): WritableStream<unknown> {
    return this.#stream.writable;
  }
  get [Symbol.toStringTag](): string {
    return 'TextDecoderStream';
  }
}

/** What is both a global and a member of node:stream/web. */
export const webStreams = nameMembers({
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TextDecoderStream,
  TextEncoderStream,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
});
