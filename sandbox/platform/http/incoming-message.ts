// The request a guest sees: node's IncomingMessage, a Readable that costs nothing until somebody reads it. Must never hold a host object.

import { EventEmitter } from 'events/';
import type { Readable } from 'readable-stream';
import { Buffer } from '../globals/buffer.ts';
import type { RequestHeaders } from './headers.ts';
import { makeDistinctHeaders, makeRequestHeaders } from './headers.ts';
import { lazyReadablePrototype, loadReadable } from './lazy-readable.ts';
import { makeNodeError } from './node-error.ts';
import type { RequestBody, RequestHead } from './sink.ts';
import { GuestSocket } from './socket.ts';

export interface IncomingMessage extends Readable {}

const noTrailers: readonly string[] = Object.freeze([]);

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the prototype is Readable's, set below.
export class IncomingMessage {
  // Own, enumerable and writable, because validators are run on req itself and their output is assigned back.
  url: string;
  method: string;
  headers: RequestHeaders;
  socket: GuestSocket;
  complete: boolean;
  aborted = false;
  readonly #head: RequestHead;
  #body: RequestBody;
  #rawHeaders: readonly string[] | undefined;
  #closed = false;
  #isStream = false;

  /** Called when somebody wants more of a body that is given as 'stream'; the kernel asks the host for it. */
  declare _onReadMore: (() => void) | undefined;

  constructor(head: RequestHead, body: RequestBody) {
    this.url = head.url;
    this.method = head.method;
    this.headers = makeRequestHeaders(head.headers);
    this.socket = new GuestSocket(head.remoteAddress, head.encrypted);
    this.complete = body !== 'stream';
    this.#head = head;
    this.#body = body;
  }

  get rawHeaders(): readonly string[] {
    return (this.#rawHeaders ??= [...this.#head.headers]);
  }
  set rawHeaders(value: readonly string[]) {
    this.#rawHeaders = value;
  }
  get headersDistinct(): Record<string, string[]> {
    return makeDistinctHeaders(this.rawHeaders);
  }
  get trailers(): object {
    return {};
  }
  get trailersDistinct(): object {
    return {};
  }
  get rawTrailers(): readonly string[] {
    return noTrailers;
  }
  get connection(): GuestSocket {
    return this.socket;
  }
  set connection(value: GuestSocket) {
    this.socket = value;
  }
  get client(): GuestSocket {
    return this.socket;
  }

  setTimeout(_ms: number, _callback?: () => void): this {
    return this;
  }

  /** A piece of a streamed body; null ends it. false: the guest has enough for now, wait for _onReadMore. */
  _push(chunk: Uint8Array | null): boolean {
    if (chunk === null) this.complete = true;
    if (this.aborted) return false;
    return this.push(chunk === null ? null : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }

  /** The client is gone before the body was whole or the answer was sent. */
  _abort(error?: Error): void {
    if (this.aborted || this.#closed) return;
    this.destroy(error ?? makeNodeError(Error, 'ECONNRESET', 'aborted'));
  }

  /** The exchange is over: node says so with 'close' on the request too. */
  _finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.emit('close');
  }

  /** Makes it a stream at the first touch of what only a stream has. False for what is no request, such as Express's own prototypes. */
  static _open(message: IncomingMessage): boolean {
    if (!(#body in message)) return false;
    message.#isStream = true;
    loadReadable().call(message, { autoDestroy: false });
    return true;
  }

  // Asked of every request by body parsers and middleware: the answer for one nobody has read yet needs no stream.
  get readable(): boolean {
    return !(#body in this) || this.#isStream ? Boolean(Reflect.get(loadReadable().prototype, 'readable', this)) : true;
  }
  set readable(value: boolean) {
    Reflect.set(loadReadable().prototype, 'readable', value, this);
  }
  get destroyed(): boolean {
    return #body in this && this.#isStream ? Boolean(Reflect.get(loadReadable().prototype, 'destroyed', this)) : false;
  }
  set destroyed(value: boolean) {
    Reflect.set(loadReadable().prototype, 'destroyed', value, this);
  }

  /** Only these two events start a stream; 'close', 'aborted' and the rest must not make one. */
  on(event: string | symbol, listener: (...args: never[]) => void): this {
    const from = event === 'data' || event === 'readable' ? loadReadable().prototype : EventEmitter.prototype;
    from.on.call(this, event, listener);
    return this;
  }

  _read(): void {
    const body = this.#body;
    if (body === 'stream') {
      this._onReadMore?.();
      return;
    }
    this.#body = null;
    if (body === null) {
      this.push(null);
      return;
    }
    const bytes =
      'text' in body ? Buffer.from(body.text, 'utf8') : Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.byteLength);
    if (bytes.length > 0) this.push(bytes);
    this.push(null);
  }

  _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.complete || !this.readableEnded) {
      this.aborted = true;
      this.emit('aborted');
    }
    this.#closed = true;
    if (this.aborted) this.socket.destroy();
    // As in node: an error nobody listens for is not thrown at the whole cell.
    const shown = this.listenerCount('error') === 0 ? null : error;
    Promise.resolve().then(() => callback(shown));
  }
}

Object.setPrototypeOf(IncomingMessage.prototype, lazyReadablePrototype);
Object.setPrototypeOf(IncomingMessage, EventEmitter);

IncomingMessage.prototype.addListener = IncomingMessage.prototype.on;

const constant = (value: unknown): PropertyDescriptor => ({ value, writable: true, configurable: true, enumerable: true });

Object.defineProperties(IncomingMessage.prototype, {
  httpVersion: constant('1.1'),
  httpVersionMajor: constant(1),
  httpVersionMinor: constant(1),
  upgrade: constant(false),
  statusCode: constant(null),
  statusMessage: constant(null),
  joinDuplicateHeaders: constant(undefined),
  // Every method of Readable looks here first, so this one accessor is what makes the stream lazy.
  _readableState: {
    configurable: true,
    enumerable: false,
    get(this: IncomingMessage): unknown {
      return IncomingMessage._open(this) ? Object.getOwnPropertyDescriptor(this, '_readableState')?.value : undefined;
    },
    set(this: IncomingMessage, value: unknown) {
      Object.defineProperty(this, '_readableState', { value, writable: true, configurable: true, enumerable: false });
    },
  },
});
