// The web's fetch and its classes, over the capability `fetch`. Must never open a connection, nor keep a body beyond its own cap.
import { hooks, type Incoming, type Outgoing } from '../hooks.ts';
import { bytesOfBody, makeOutgoingBody } from '../http/outgoing-bytes.ts';
import { outgoingMethods, transportHeaders } from '../http/outgoing-headers.ts';
import { Blob, File, FormData, Headers, ReadableStream, Request, Response } from './fetch-classes.ts';

export { Blob, File, FormData, Headers, ReadableStream, Request, Response };

/** The fetch standard's null body status. */
const withoutBody: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

type Answer = InstanceType<typeof Response>;

const failed = (cause: unknown): TypeError => new TypeError('fetch failed', { cause });

const bodyOf = async (request: InstanceType<typeof Request>): Promise<Pick<Outgoing, 'body'>> => {
  if (request.body === null || request.method === 'GET' || request.method === 'HEAD') return {};
  return makeOutgoingBody(new Uint8Array(await request.arrayBuffer()), request.headers.get('content-type') ?? '');
};

const outgoingOf = async (request: InstanceType<typeof Request>): Promise<Outgoing> => {
  const body = await bodyOf(request);
  const headers: [string, string][] = [];
  request.headers.forEach((value, name) => {
    if (!transportHeaders.has(name.toLowerCase())) headers.push([name.toLowerCase(), String(value)]);
  });
  return { url: request.url, method: request.method, headers, redirect: request.redirect ?? 'follow', ...body };
};

const responseOf = ({ url, status, statusText, redirected, headers, body }: Incoming): Answer => {
  const init = { status, statusText, headers: headers.map(([name, value]) => [name, value] as [string, string]) };
  const response = new Response(withoutBody.has(status) ? null : bytesOfBody(body), init);
  const show = (name: string, value: unknown): void => {
    Object.defineProperty(response, name, { value, configurable: true, enumerable: true });
  };
  show('url', url);
  show('redirected', redirected);
  show('type', 'basic');
  return response;
};

/** It may have been aborted since anybody looked. */
const isAborted = (signal: AbortSignal | null): boolean => signal?.aborted === true;

/** https://fetch.spec.whatwg.org/#fetch-method. Rejects with a TypeError whose cause says which rule, or with the signal's reason. */
export const fetch = async (input: unknown, init?: unknown): Promise<Answer> => {
  const request = new Request(input, init as never);
  const signal = request.signal as AbortSignal | null;
  if (isAborted(signal)) throw signal?.reason;
  if (!outgoingMethods.has(request.method)) throw new TypeError(`fetch: the method ${request.method} is not one an extension can use`);
  const outgoing = await outgoingOf(request);
  try {
    return responseOf(
      await hooks()
        .egress()
        .request(outgoing, signal ?? null),
    );
  } catch (error) {
    throw isAborted(signal) ? signal?.reason : failed(error);
  }
};
