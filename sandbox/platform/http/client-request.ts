// node's ClientRequest over the capability `fetch`, its bodies passed on as they come. Must never follow a redirect: node does not.
import { Writable } from 'readable-stream';
import { Buffer } from '../globals/buffer.ts';
import { type BodySource, hooks, type Incoming, type Outgoing } from '../hooks.ts';
import { lazyAbort } from '../lazy.ts';
import { type ClientArguments, parseClientArguments, urlOf } from './client-options.ts';
import { checkHeaderName, checkHeaderValue, parseHeaderKey } from './headers.ts';
import { IncomingMessage } from './incoming-message.ts';
import { makeNodeError } from './node-error.ts';
import { makeOutgoingBody } from './outgoing-bytes.ts';
import { outgoingMethods, transportHeaders } from './outgoing-headers.ts';
import { makeOutgoingStream, type OutgoingStream } from './outgoing-stream.ts';
import { GuestSocket } from './socket.ts';

interface Failure extends Error {
  readonly code?: string;
  readonly extensions?: { readonly reason?: string };
}

/** What a client library tests is the code: the system's own where the host could tell one. */
const networkError = (failure: Failure): Error =>
  Object.assign(new Error(failure.message, { cause: failure }), { code: failure.extensions?.reason ?? failure.code });

/** The next piece is asked for when the one before is taken. */
const feed = (response: IncomingMessage, source: BodySource): void => {
  let isReading = false;
  const pull = (): void => {
    if (isReading || response.complete || response.aborted) return;
    isReading = true;
    source.read().then(
      (piece) => {
        isReading = false;
        if (response._push(piece)) pull();
      },
      (error: Failure) => response._abort(networkError(error)),
    );
  };
  response._onReadMore = pull;
  response.once('aborted', () => source.cancel(undefined));
};

const responseOf = (incoming: Incoming, encrypted: boolean): IncomingMessage => {
  const { body } = incoming;
  const isStream = body !== null && 'source' in body;
  const response = new IncomingMessage(
    { url: '', method: '', headers: incoming.headers.flat(), remoteAddress: '', encrypted } as never,
    isStream ? 'stream' : body,
  );
  if (isStream) feed(response, body.source);
  return Object.assign(response, { method: null, statusCode: incoming.status, statusMessage: incoming.statusText });
};

const withoutBody: ReadonlySet<string> = new Set(['GET', 'HEAD']);

export class ClientRequest extends Writable {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly protocol: string;
  readonly socket: GuestSocket;
  readonly reusedSocket = false;
  aborted = false;
  res: IncomingMessage | null = null;
  timeoutCb: null = null;
  readonly #url: string;
  readonly #headers = new Map<string, readonly [name: string, value: string | readonly string[]]>();
  readonly #stream: OutgoingStream;
  readonly #ending = new (lazyAbort().AbortController)();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sent = false;

  constructor({ options, callback }: ClientArguments, protocol: string) {
    super({ decodeStrings: true, autoDestroy: false });
    this.method = String(options.method ?? 'GET').toUpperCase();
    if (!outgoingMethods.has(this.method))
      throw makeNodeError(TypeError, 'ERR_INVALID_HTTP_TOKEN', `an extension cannot send the method ${this.method}`);
    this.protocol = protocol;
    this.#url = urlOf(options, protocol);
    const { host, pathname, search } = new URL(this.#url);
    this.host = host;
    this.path = `${pathname}${search}`;
    this.socket = new GuestSocket('', protocol === 'https:');
    this.#takeHeaders(options.headers);
    if (typeof options.auth === 'string' && !this.hasHeader('authorization'))
      this.setHeader('Authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`);
    const length = Number(this.getHeader('content-length') ?? Number.NaN);
    this.#stream = makeOutgoingStream(Number.isSafeInteger(length) && length >= 0 ? length : null, () => this.#begin());
    if (callback !== undefined) this.once('response', callback);
    if (typeof options.timeout === 'number') this.setTimeout(options.timeout);
    options.signal?.addEventListener('abort', () => this.destroy(options.signal?.reason as Error), { once: true });
    queueMicrotask(() => this.emit('socket', this.socket));
  }

  get connection(): GuestSocket {
    return this.socket;
  }
  get finished(): boolean {
    return this.writableEnded;
  }
  get headersSent(): boolean {
    return this.writableFinished;
  }

  #takeHeaders(headers: ClientArguments['options']['headers']): void {
    if (headers === undefined || headers === null) return;
    const pairs = Array.isArray(headers)
      ? Array.isArray(headers[0])
        ? (headers as readonly (readonly [string, unknown])[])
        : (headers as readonly string[]).flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]] as const] : []))
      : Object.entries(headers);
    for (const [name, value] of pairs) if (value !== undefined) this.setHeader(name, value);
  }

  setHeader(name: string, value: unknown): this {
    const key = checkHeaderName(name);
    const values = Array.isArray(value) ? value.map(String) : String(value);
    for (const one of Array.isArray(values) ? values : [values]) checkHeaderValue(name, one);
    this.#headers.set(key, [name, values]);
    return this;
  }
  appendHeader(name: string, value: unknown): this {
    const before = this.getHeader(name);
    return this.setHeader(name, before === undefined ? value : [before, value].flat());
  }
  getHeader(name: string): string | readonly string[] | undefined {
    return this.#headers.get(parseHeaderKey(name))?.[1];
  }
  hasHeader(name: string): boolean {
    return this.#headers.has(parseHeaderKey(name));
  }
  removeHeader(name: string): void {
    this.#headers.delete(parseHeaderKey(name));
  }
  getHeaderNames(): readonly string[] {
    return [...this.#headers.keys()];
  }
  getRawHeaderNames(): readonly string[] {
    return [...this.#headers.values()].map(([name]) => name);
  }
  getHeaders(): object {
    return Object.assign(Object.create(null) as object, Object.fromEntries([...this.#headers].map(([key, [, value]]) => [key, value])));
  }
  flushHeaders(): void {
    if (!this.writableEnded && !withoutBody.has(this.method)) this.#begin();
  }
  setNoDelay(): void {}
  setSocketKeepAlive(): void {}
  onSocket(): void {}

  setTimeout(ms: number, callback?: () => void): this {
    if (callback !== undefined) this.once('timeout', callback);
    clearTimeout(this.#timer);
    if (ms > 0 && this.res === null) this.#timer = setTimeout(() => this.emit('timeout'), ms);
    return this;
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    queueMicrotask(() => this.emit('abort'));
    this.destroy();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#stream.write(chunk, done);
  }

  /** It is long, or takes its time: it leaves as it comes. */
  #begin(): void {
    if (this.#sent || this.destroyed) return;
    this.#stream.begin();
    this.#send({ body: { source: this.#stream } });
  }

  override _final(done: () => void): void {
    const pieces = this.#stream.end();
    if (pieces !== null)
      this.#send(
        withoutBody.has(this.method)
          ? {}
          : makeOutgoingBody(Buffer.concat(pieces as never[]), String(this.getHeader('content-type') ?? '')),
      );
    done();
  }

  #send(body: Pick<Outgoing, 'body'>): void {
    this.#sent = true;
    const pairs = [...this.#headers].flatMap(([key, [, value]]) =>
      (Array.isArray(value) ? value : [value]).map((one) => [key, String(one)] as const),
    );
    const outgoing = {
      url: this.#url,
      method: this.method,
      headers: pairs.filter(([key]) => !transportHeaders.has(key)),
      redirect: 'manual',
      ...body,
    };
    hooks()
      .egress()
      .request(outgoing, this.#ending.signal as unknown as AbortSignal)
      .then(
        (incoming) => this.#answer(incoming),
        (error: Failure) => this.destroy(networkError(error)),
      );
  }

  #answer(incoming: Incoming): void {
    clearTimeout(this.#timer);
    if (this.destroyed) return;
    this.res = responseOf(incoming, this.protocol === 'https:');
    Object.defineProperty(this.res, 'req', { value: this, configurable: true, writable: true, enumerable: true });
    this.res.once('end', () => queueMicrotask(() => this.destroy()));
    // As in node: an answer nobody asked for is thrown away.
    if (!this.emit('response', this.res)) this.res.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#stream.stop();
    this.#stream.cancel(error);
    this.#ending.abort();
    this.socket.destroy();
    const early = this.res === null ? makeNodeError(Error, 'ECONNRESET', 'socket hang up') : null;
    done(error ?? early);
  }
}

export const makeClient = (
  protocol: string,
): { readonly request: (...args: unknown[]) => ClientRequest; readonly get: (...args: unknown[]) => ClientRequest } => {
  const request = (...args: unknown[]): ClientRequest => new ClientRequest(parseClientArguments(args), protocol);
  return {
    request,
    get: (...args) => {
      const made = request(...args);
      made.end();
      return made;
    },
  };
};
