// Gives a request frame to the extension's Express app and its answer to the pipe. Must never keep a request after its answer.

import { IncomingMessage } from '../platform/http/incoming-message.ts';
import { ServerResponse } from '../platform/http/server-response.ts';
import type { RequestBody, ResponseSink } from '../platform/http/sink.ts';
import { platform } from '../platform/platform.ts';
import { IdTable } from '../protocol/id-table.ts';
import { bodyModes, fromGuest, type KernelLimits, type RequestHead } from '../protocol/kinds.ts';
import { makeDirectusAccountability } from './accountability.ts';
import { makeFault } from './fault.ts';
import { NativeError, parseJson, slice, stringifyJson } from './intrinsics.ts';
import type { Lease } from './lease.ts';
import { post } from './pipe.ts';

/** The assembled Express application: the third argument is called when no route answered. */
export type App = (request: IncomingMessage, response: ServerResponse, done: (error?: unknown) => void) => void;

export interface BodyParsers {
  /** Parses an urlencoded body as this Express version's own parser does. */
  urlencoded(text: string): unknown;
  cookies(header: string): unknown;
  /** What `req.body` is when nothing was parsed. */
  emptyBody(): unknown;
}

/** What the kernel and Express put on a request. */
type GuestRequest = IncomingMessage & {
  body?: unknown;
  _body?: boolean;
  baseUrl?: string;
  originalUrl?: string;
  accountability?: unknown;
  cookies?: unknown;
};

interface Running {
  readonly request: GuestRequest;
  readonly response: ServerResponse;
}

export interface Requests {
  begin(lease: Lease, mode: number, headText: string, body: string | Uint8Array | null): void;
  push(lease: Lease, chunk: Uint8Array | null): void;
  abortBody(lease: Lease): void;
  credit(lease: Lease, bytes: number): void;
  cancel(lease: Lease): void;
}

const byteLength = (data: string | Uint8Array): number => (typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength);
/** What is over the limit need not cross: one byte more than allowed, and the host sees the breach. */
const cut = (data: string | Uint8Array, mostBytes: number): string | Uint8Array => {
  if (byteLength(data) <= mostBytes) return data;
  return typeof data === 'string' ? slice(data, 0, mostBytes + 1) : data.subarray(0, mostBytes + 1);
};
declare const Buffer: { byteLength(text: string): number; from(data: string): Uint8Array };

/** `forget` is called once with each lease that is over. */
export const makeRequests = (app: App, parsers: BodyParsers, limits: () => KernelLimits, forget: (lease: Lease) => void): Requests => {
  const running = new IdTable<Running>();

  const finish = (lease: Lease): void => {
    lease.over = true;
    running.delete(lease.id);
    forget(lease);
  };

  const fail = (lease: Lease, error: unknown): void => {
    if (lease.over) return;
    post(fromGuest.fault, lease.id, 0, stringifyJson(makeFault(error)) ?? '{}', null);
    finish(lease);
  };

  const makeSink = (lease: Lease): ResponseSink => ({
    respond: (status, headers, body) => {
      if (lease.over) return;
      post(
        fromGuest.respond,
        lease.id,
        0,
        stringifyJson([status, ...headers]) ?? '',
        body === null ? null : cut(body, limits().bodyOutBytes),
      );
      finish(lease);
    },
    head: (status, headers) => {
      if (!lease.over) post(fromGuest.head, lease.id, 0, stringifyJson([status, ...headers]) ?? '', null);
    },
    chunk: (data) => {
      const left = limits().bodyOutBytes - lease.bytesOut;
      if (lease.over || left < 0) return true;
      const bytes = byteLength(data);
      lease.bytesOut += bytes;
      lease.window -= bytes;
      post(fromGuest.chunk, lease.id, 0, '', cut(data, left));
      return lease.window > 0;
    },
    end: () => {
      if (lease.over) return;
      post(fromGuest.end, lease.id, 0, '', null);
      finish(lease);
    },
    abort: () => fail(lease, new NativeError('the extension destroyed its response')),
  });

  /** JSON and urlencoded bodies are parsed before any route, as in a Directus host; anything else is left to be read as a stream. */
  const parseBody = (request: GuestRequest, contentType: string, text: string): void => {
    const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
    if (type === 'application/json' || slice(type, -5) === '+json') {
      request.body = text === '' ? parsers.emptyBody() : parseStrictJson(text);
    } else if (type === 'application/x-www-form-urlencoded') {
      request.body = parsers.urlencoded(text);
    } else {
      return;
    }
    request._body = true;
    let rawBody: Uint8Array | undefined;
    Object.defineProperty(request, 'rawBody', {
      get: () => {
        rawBody ??= Buffer.from(text);
        return rawBody;
      },
      set: (value: Uint8Array) => {
        rawBody = value;
      },
      enumerable: true,
      configurable: true,
    });
  };

  return {
    begin: (lease, mode, headText, body) => {
      try {
        const head = parseJson(headText) as RequestHead;
        const source: RequestBody =
          mode === bodyModes.stream ? 'stream' : typeof body === 'string' ? { text: body } : body === null ? null : { bytes: body };
        const request: GuestRequest = new IncomingMessage(
          { method: head.method, url: head.url, headers: head.headers, remoteAddress: head.ip, encrypted: head.encrypted },
          source,
        ) as GuestRequest;
        const response = new ServerResponse(request, makeSink(lease));
        if (head.baseUrl !== '') {
          request.baseUrl = head.baseUrl;
          request.originalUrl = head.baseUrl + head.url;
        }
        if (head.ips.length > 0)
          Object.defineProperty(request, 'ips', { value: head.ips, writable: true, enumerable: true, configurable: true });
        request.accountability =
          platform.expressMajor === 4 ? makeDirectusAccountability(head.accountability, head.ip) : head.accountability;
        const { cookie } = request.headers;
        request.cookies = typeof cookie === 'string' ? parsers.cookies(cookie) : {};
        request.body = parsers.emptyBody();
        running.set(lease.id, { request, response });
        if (typeof body === 'string') parseBody(request, String(request.headers['content-type'] ?? ''), body);
        app(request, response, (error) => {
          if (lease.over) return;
          if (error !== undefined && error !== null) return fail(lease, error);
          post(fromGuest.next, lease.id, 0, '', null);
          finish(lease);
        });
      } catch (error) {
        fail(lease, error);
      }
    },
    push: (lease, chunk) => {
      const request = running.get(lease.id)?.request;
      if (request === undefined) return;
      const wantsMore = request._push(chunk);
      if (chunk === null) return;
      const taken = (): void => post(fromGuest.taken, lease.id, chunk.byteLength, '', null);
      if (wantsMore) return taken();
      const before = request._onReadMore;
      request._onReadMore = () => {
        request._onReadMore = undefined;
        before?.();
        taken();
      };
    },
    abortBody: (lease) => running.get(lease.id)?.request._abort(new NativeError('aborted')),
    credit: (lease, bytes) => {
      const wasShut = lease.window <= 0;
      lease.window += bytes;
      if (wasShut && lease.window > 0) running.get(lease.id)?.response._drain();
    },
    cancel: (lease) => {
      const live = running.get(lease.id);
      finish(lease);
      live?.request._abort(new NativeError('aborted'));
      live?.response._close();
    },
  };
};

const parseStrictJson = (text: string): unknown => {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw malformed(`the request body is not valid JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null) throw malformed('the request body is JSON but neither an object nor an array');
  return value;
};

const malformed = (message: string): Error =>
  Object.assign(new NativeError(message), { name: 'DirectusError', code: 'ERR_BODY_MALFORMED', status: 400 });
