// What a response does after its head: writing with back-pressure, ending, telling who listens. Must never send a body where HTTP has none.
import { Buffer } from '../globals/buffer.ts';
import { makeArgumentError, makeNodeError } from './node-error.ts';
import type { ServerResponse } from './server-response.ts';
import type { ResponseSink } from './sink.ts';

export type WriteCallback = (error?: Error | null) => void;

type Bytes = string | Uint8Array;

const later = (task: () => void): void => {
  // Through the promise machinery of the moment, so that the kernel knows whose turn it is.
  Promise.resolve().then(task);
};

const isUtf8 = (encoding: unknown): boolean =>
  encoding === undefined ||
  encoding === null ||
  encoding === 'utf8' ||
  encoding === 'utf-8' ||
  encoding === 'UTF-8' ||
  encoding === 'buffer';

const parseChunk = (chunk: unknown, encoding: unknown): Bytes => {
  if (typeof chunk === 'string') return isUtf8(encoding) ? chunk : Buffer.from(chunk, encoding as string);
  if (chunk instanceof Uint8Array) return chunk;
  if (chunk === null) throw makeNodeError(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
  throw makeArgumentError('chunk', 'of type string or an instance of Buffer or Uint8Array', chunk);
};

export class OutgoingBody {
  readonly #response: ServerResponse;
  readonly #sink: ResponseSink;
  #headOut = false;
  #held: Bytes[] = [];
  #waiting: WriteCallback[] = [];
  #announced = false;
  corked = 0;
  needDrain = false;
  pendingLength = 0;
  finished = false;
  closed = false;
  error: Error | null = null;

  constructor(response: ServerResponse, sink: ResponseSink) {
    this.#response = response;
    this.#sink = sink;
  }

  flushHead(): void {
    if (this.#headOut || this.#response.destroyed) return;
    this.#headOut = true;
    this.#sink.head(this.#response.statusCode, this.#response._wireHeaders());
  }

  write(chunk: unknown, encoding: unknown, callback: WriteCallback | undefined): boolean {
    const data = parseChunk(chunk, encoding);
    const response = this.#response;
    if (response.finished) return this.#fail(makeNodeError(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end'), callback);
    if (response.destroyed)
      return this.#fail(makeNodeError(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'), callback);
    if (response._header === null) response._implicitHeader();
    if (!response._hasBody || data.length === 0) {
      if (callback !== undefined) later(() => callback(null));
      return true;
    }
    if (this.corked > 0) {
      this.#held.push(data);
      if (callback !== undefined) this.#waiting.push(callback);
      return true;
    }
    this.flushHead();
    const more = this.#sink.chunk(data);
    if (!more) {
      this.needDrain = true;
      this.pendingLength += data.length;
    }
    if (callback === undefined) return more;
    if (more) later(() => callback(null));
    else this.#waiting.push(callback);
    return more;
  }

  end(chunk: unknown, encoding: unknown, callback: WriteCallback | undefined): void {
    const response = this.#response;
    const data = chunk === undefined || chunk === null || chunk === '' ? null : parseChunk(chunk, encoding);
    if (response.finished) {
      this.#endAgain(data !== null, callback);
      return;
    }
    if (response.destroyed) {
      if (data !== null) this.#fail(makeNodeError(Error, 'ERR_STREAM_DESTROYED', 'Cannot call end after a stream was destroyed'), callback);
      return;
    }
    if (response._header === null) response._implicitHeader();
    // Before the listeners of 'finish', as in node.
    if (callback !== undefined) response.prependOnceListener('finish', callback);
    this.uncorkAll();
    response.finished = true;
    const body = response._hasBody && data !== null && data.length > 0 ? data : null;
    if (!this.#headOut) {
      this.#headOut = true;
      this.#sink.respond(response.statusCode, response._wireHeaders(), body);
    } else {
      if (body !== null) this.#sink.chunk(body);
      this.#sink.end();
    }
    if (response.listenerCount('finish') > 0 || response.listenerCount('close') > 0 || this.#waiting.length > 0) this.announce();
    else if (response.req.listenerCount('close') > 0 || response.socket.listenerCount('close') > 0) this.announce();
    else this.finished = true;
  }

  #endAgain(withData: boolean, callback: WriteCallback | undefined): void {
    const code = withData ? 'ERR_STREAM_WRITE_AFTER_END' : 'ERR_STREAM_ALREADY_FINISHED';
    const error = makeNodeError(Error, code, withData ? 'write after end' : 'Cannot call end after a stream was finished');
    if (withData) {
      this.#fail(error, callback);
      return;
    }
    if (callback === undefined) return;
    if (this.finished) later(() => callback(error));
    else this.#response.once('finish', callback);
  }

  /** Node throws an 'error' nobody listens for at the whole process; a cell serves others too, so here only listeners hear of it. */
  #fail(error: Error, callback: WriteCallback | undefined): false {
    later(() => {
      callback?.(error);
      if (!this.#response.destroyed && this.#response.listenerCount('error') > 0) this.#response.emit('error', error);
    });
    return false;
  }

  cork(): void {
    this.corked += 1;
  }

  uncork(): void {
    if (this.corked === 0) return;
    this.corked -= 1;
    if (this.corked === 0) this.uncorkAll();
  }

  uncorkAll(): void {
    this.corked = 0;
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    this.flushHead();
    for (const data of held) if (!this.#sink.chunk(data)) this.needDrain = true;
    if (!this.needDrain) this.#release(null);
  }

  drain(): void {
    if (!this.needDrain) return;
    this.needDrain = false;
    this.pendingLength = 0;
    this.#release(null);
    if (!this.#response.finished && !this.#response.destroyed) this.#response.emit('drain');
  }

  #release(error: Error | null): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback(error);
  }

  /** 'finish', then 'close' on response and request, each in a turn of its own as in node. */
  announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    later(() => {
      this.finished = true;
      this.#release(null);
      if (!this.#response.destroyed) this.#response.emit('finish');
      later(() => this.#emitClose());
    });
  }

  #emitClose(): void {
    if (this.closed) return;
    this.closed = true;
    this.#response.destroyed = true;
    this.#response.emit('close');
    this.#response.req._finish();
  }

  destroy(error: Error | undefined): void {
    const response = this.#response;
    if (response.destroyed) return;
    response.destroyed = true;
    this.error = error ?? null;
    if (!response.finished) this.#sink.abort?.();
    response.socket.destroy(error);
    this.#release(makeNodeError(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'));
    later(() => {
      if (error !== undefined && response.listenerCount('error') > 0) response.emit('error', error);
      this.#emitClose();
    });
  }

  close(): void {
    if (this.closed) return;
    const response = this.#response;
    response.socket.destroy();
    if (!response.finished) {
      this.#release(makeNodeError(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'));
      response.req._abort();
    }
    this.#emitClose();
  }
}
