// The web's fetch and its classes, over the capability `fetch`. Must never open a connection, nor keep a body that it can pass on.
import { Blob, File } from '../fetch/blob.ts';
import { type Extracted, markUsed, wholeSource } from '../fetch/body.ts';
import { FormData } from '../fetch/form-data.ts';
import { Headers } from '../fetch/headers.ts';
import { followed, Request, type RequestInit } from '../fetch/request.ts';
import { makeReceived, Response, withoutBody } from '../fetch/response.ts';
import { type BodySource, hooks, type Incoming, type Outgoing } from '../hooks.ts';
import { makeOutgoingBody } from '../http/outgoing-bytes.ts';
import { outgoingMethods, transportHeaders } from '../http/outgoing-headers.ts';
import { lazyWebStreams } from '../lazy.ts';

export { Blob, File, FormData, Headers, Request, Response };

const failed = (cause: unknown): TypeError => new TypeError('fetch failed', { cause });
/** Crosses with the request itself. */
const inlineBytes = 65_536;

const sourceOf = (stream: ReadableStream<Uint8Array>, bytes: number | null): BodySource => {
  const reader = stream.getReader();
  return {
    bytes,
    read: async () => {
      const { done, value } = await reader.read();
      if (done) return null;
      if (!(value instanceof Uint8Array)) throw new TypeError('Received non-Uint8Array chunk');
      return value;
    },
    cancel: (reason) => void reader.cancel(reason).catch(() => undefined),
  };
};

const bodyOf = (request: Request): Pick<Outgoing, 'body'> => {
  if (request.method === 'GET' || request.method === 'HEAD') return {};
  const source = wholeSource(request);
  if (source === null && request.body === null) return {};
  const bytes = source === null ? null : source instanceof Blob ? source.size : typeof source === 'string' ? null : source.length;
  if (source !== null && !(source instanceof Blob)) {
    if (typeof source === 'string' && source.length <= inlineBytes) {
      markUsed(request);
      return source === '' ? {} : { body: { text: source } };
    }
    if (typeof source !== 'string' && source.length <= inlineBytes) {
      markUsed(request);
      return makeOutgoingBody(source, request.headers.get('content-type') ?? '');
    }
  }
  return { body: { source: sourceOf(request.body as ReadableStream<Uint8Array>, bytes) } };
};

const outgoingOf = (request: Request): Outgoing => {
  const headers: [string, string][] = [];
  for (const [name, value] of request.headers) if (!transportHeaders.has(name)) headers.push([name, value]);
  return { url: request.url, method: request.method, headers, redirect: request.redirect, ...bodyOf(request) };
};

const streamOf = (source: BodySource): ReadableStream<Uint8Array> =>
  new (lazyWebStreams().ReadableStream)({
    type: 'bytes',
    pull: async (controller) => {
      const piece = await source.read();
      if (piece !== null) return controller.enqueue(piece);
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel: (reason) => source.cancel(reason),
  }) as never;

const extractedOf = (status: number, body: Incoming['body']): Extracted => {
  if (withoutBody.has(status)) return { source: null, stream: null, type: null };
  if (body === null) return { source: '', stream: null, type: null };
  if ('source' in body) return { source: null, stream: streamOf(body.source), type: null };
  return { source: 'text' in body ? body.text : body.bytes, stream: null, type: null };
};

const responseOf = ({ url, status, statusText, redirected, headers, body }: Incoming): Response =>
  makeReceived(extractedOf(status, body), { statusText, headers }, { url, redirected, status });

/** It may have been aborted since anybody looked. */
const isAborted = (signal: AbortSignal | null): boolean => signal?.aborted === true;

/** https://fetch.spec.whatwg.org/#fetch-method. Rejects with a TypeError whose cause says which rule, or with the signal's reason. */
export const fetch = async (input: unknown, init?: unknown): Promise<Response> => {
  const request = new Request(input, init as RequestInit | undefined);
  const signal = followed(request) as AbortSignal | null;
  if (isAborted(signal)) throw signal?.reason;
  if (!outgoingMethods.has(request.method)) throw new TypeError(`fetch: the method ${request.method} is not one an extension can use`);
  try {
    return responseOf(await hooks().egress().request(outgoingOf(request), signal));
  } catch (error) {
    throw isAborted(signal) ? signal?.reason : failed(error);
  }
};
