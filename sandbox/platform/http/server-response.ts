// The response a guest writes: node's ServerResponse over a sink. Must never let headers change after they went out, nor hold back what was written.
import { EventEmitter } from 'events/';
import { STATUS_CODES } from './constants.ts';
import { HeaderList } from './header-list.ts';
import { checkStatusMessage, parseHeaderKey } from './headers.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { makeArgumentError, makeNodeError } from './node-error.ts';
import type { WriteCallback } from './outgoing-body.ts';
import { OutgoingBody } from './outgoing-body.ts';
import type { ResponseSink } from './sink.ts';
import type { GuestSocket } from './socket.ts';

export interface ServerResponse extends EventEmitter {}

type Listener = (...args: never[]) => void;

const headersSent = (verb: string): Error =>
  makeNodeError(Error, 'ERR_HTTP_HEADERS_SENT', `Cannot ${verb} headers after they are sent to the client`);
const isHeadersLike = (value: unknown): value is Iterable<[string, unknown]> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value && !Array.isArray(value) && 'get' in value;

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the prototype is EventEmitter's, set below.
export class ServerResponse {
  statusCode = 200;
  statusMessage: string | undefined = undefined;
  finished = false;
  destroyed = false;
  req: IncomingMessage;
  socket: GuestSocket;
  /** Not text to be sent, as in node, but a mark: libraries ask whether it is set. */
  _header: string | null = null;
  _hasBody: boolean;
  #headers = new HeaderList();
  readonly #body: OutgoingBody;

  constructor(req: IncomingMessage, sink: ResponseSink) {
    this.req = req;
    this.socket = req.socket;
    this._hasBody = req.method !== 'HEAD';
    this.#body = new OutgoingBody(this, sink);
  }

  get headersSent(): boolean {
    return this._header !== null;
  }
  get connection(): GuestSocket {
    return this.socket;
  }
  get writable(): boolean {
    return !this.finished && !this.destroyed;
  }
  get writableEnded(): boolean {
    return this.finished;
  }
  get writableFinished(): boolean {
    return this.#body.finished;
  }
  get writableCorked(): number {
    return this.#body.corked;
  }
  get writableLength(): number {
    return this.#body.pendingLength;
  }
  get writableNeedDrain(): boolean {
    return !this.destroyed && !this.finished && this.#body.needDrain;
  }
  get writableHighWaterMark(): number {
    return 65_536;
  }
  get writableObjectMode(): boolean {
    return false;
  }
  get closed(): boolean {
    return this.#body.closed;
  }
  get errored(): Error | null {
    return this.#body.error;
  }

  setHeader(name: string, value: unknown): this {
    if (this._header !== null) throw headersSent('set');
    this.#headers.set(name, value);
    return this;
  }

  appendHeader(name: string, value: unknown): this {
    if (this._header !== null) throw headersSent('append');
    this.#headers.append(name, value);
    return this;
  }

  setHeaders(headers: unknown): this {
    if (this._header !== null) throw headersSent('set');
    if (!isHeadersLike(headers)) throw makeArgumentError('headers', 'an instance of Headers or Map', headers);
    const cookies: unknown[] = [];
    for (const [name, value] of headers) {
      // A Headers object gives each Set-Cookie as an entry of its own.
      if (name === 'set-cookie') cookies.push(...(Array.isArray(value) ? value : [value]));
      else this.setHeader(name, value);
    }
    if (cookies.length > 0) this.setHeader('set-cookie', cookies);
    return this;
  }

  getHeader(name: string): unknown {
    return this.#headers.get(parseHeaderKey(name));
  }
  hasHeader(name: string): boolean {
    return this.#headers.has(parseHeaderKey(name));
  }
  getHeaderNames(): string[] {
    return this.#headers.keys();
  }
  getRawHeaderNames(): string[] {
    return this.#headers.rawNames();
  }
  getHeaders(): Record<string, unknown> {
    return this.#headers.toObject();
  }

  removeHeader(name: string): void {
    const key = parseHeaderKey(name);
    if (this._header !== null) throw headersSent('remove');
    this.#headers.remove(key);
  }

  writeHead(statusCode: unknown, reason?: unknown, headers?: unknown): this {
    if (this._header !== null) throw headersSent('write');
    // As node does: the value becomes a 32-bit integer, and the message names what was given.
    const status = (statusCode as number) | 0;
    if (status < 100 || status > 999)
      throw makeNodeError(RangeError, 'ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${String(statusCode)}`);
    if (typeof reason === 'string') this.statusMessage = reason;
    else this.statusMessage ||= STATUS_CODES[status] ?? 'unknown';
    const given = typeof reason === 'string' ? headers : (headers ?? reason);
    this.statusCode = status;
    if (Array.isArray(given)) this.#mergeList(given);
    else if (typeof given === 'object' && given !== null)
      for (const [name, value] of Object.entries(given)) if (name !== '') this.setHeader(name, value);
    checkStatusMessage(this.statusMessage);
    if (status === 204 || status === 304 || status < 200) this._hasBody = false;
    this._header = `HTTP/1.1 ${status} ${this.statusMessage}\r\n`;
    return this;
  }

  /** A flat list, or a list of pairs: these names replace what was set before, repeated ones add up. */
  #mergeList(list: readonly unknown[]): void {
    const flat = Array.isArray(list[0]) ? list.flatMap((pair) => pair as unknown[]) : list;
    if (flat.length % 2 !== 0) throw makeNodeError(TypeError, 'ERR_INVALID_ARG_VALUE', "The argument 'headers' is invalid.");
    for (let index = 0; index < flat.length; index += 2) this.removeHeader(flat[index] as string);
    for (let index = 0; index < flat.length; index += 2) if (flat[index]) this.appendHeader(flat[index] as string, flat[index + 1]);
  }

  /** Through this.writeHead, because middleware such as on-headers replaces it. */
  _implicitHeader(): void {
    this.writeHead(this.statusCode);
  }

  flushHeaders(): void {
    if (this._header === null) this._implicitHeader();
    this.#body.flushHead();
  }

  write(chunk: unknown, encoding?: unknown, callback?: WriteCallback): boolean {
    return typeof encoding === 'function'
      ? this.#body.write(chunk, undefined, encoding as WriteCallback)
      : this.#body.write(chunk, encoding, callback);
  }

  end(chunk?: unknown, encoding?: unknown, callback?: WriteCallback): this {
    if (typeof chunk === 'function') this.#body.end(undefined, undefined, chunk as WriteCallback);
    else if (typeof encoding === 'function') this.#body.end(chunk, undefined, encoding as WriteCallback);
    else this.#body.end(chunk, encoding, callback);
    return this;
  }

  cork(): void {
    this.#body.cork();
  }
  uncork(): void {
    this.#body.uncork();
  }
  pipe(): never {
    throw makeNodeError(Error, 'ERR_STREAM_CANNOT_PIPE', 'Cannot pipe, not readable');
  }
  setTimeout(_ms: number, _callback?: () => void): this {
    return this;
  }
  addTrailers(_headers: unknown): void {}
  writeContinue(): void {}
  writeProcessing(): void {}
  writeEarlyHints(): void {}
  writeInformation(): void {}
  assignSocket(): void {}
  detachSocket(): void {}

  destroy(error?: Error): this {
    this.#body.destroy(error);
    return this;
  }

  /** Listeners for the end may come after the end: then there is somebody to tell. */
  on(event: string | symbol, listener: Listener): this {
    EventEmitter.prototype.on.call(this, event, listener);
    if (this.finished && (event === 'finish' || event === 'close')) this.#body.announce();
    return this;
  }

  /** The host takes more. */
  _drain(): void {
    this.#body.drain();
  }
  /** The client is gone, or the lease is over: nothing will be sent any more. */
  _close(): void {
    this.#body.close();
  }
  /** For the body: what goes out as the head. */
  _wireHeaders(): readonly (string | readonly string[])[] {
    return this.#headers.wire();
  }
}

Object.setPrototypeOf(ServerResponse.prototype, EventEmitter.prototype);
Object.setPrototypeOf(ServerResponse, EventEmitter);
ServerResponse.prototype.addListener = ServerResponse.prototype.on;

const constant = (value: unknown): PropertyDescriptor => ({ value, writable: true, configurable: true, enumerable: true });

Object.defineProperties(ServerResponse.prototype, {
  writeHeader: constant(ServerResponse.prototype.writeHead),
  sendDate: constant(true),
  shouldKeepAlive: constant(true),
  chunkedEncoding: constant(false),
  useChunkedEncodingByDefault: constant(true),
  strictContentLength: constant(false),
  // With these two, stream libraries take it for what it stands in for.
  _sent100: constant(false),
  _removedConnection: constant(false),
  _removedContLen: constant(false),
  _removedTE: constant(false),
  _defaultKeepAlive: constant(true),
  _closed: {
    configurable: true,
    get(this: ServerResponse): boolean {
      return this.closed;
    },
  },
});
