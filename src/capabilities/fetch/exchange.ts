// One request and its answer, to one checked address, without following anything. Must never use a proxy, a jar or a socket of the host's own.
import type { Readable } from 'node:stream';
import { Agent, type Client, type Dispatcher, Pool } from 'undici';
import { traceHeaders } from '../../telemetry/tracing.ts';
import { isPublicAddress, literalAddress } from './addresses.ts';
import { fetchBounds } from './bounds.ts';
import { type DecodedBody, decodeBody } from './decoded.ts';
import { EgressError } from './egress-error.ts';
import { makeGuardedLookup, type Resolve } from './resolver.ts';
import type { Target } from './target.ts';
import type { Upload } from './upload.ts';
import { WatchedClient } from './watched-client.ts';

export interface Outgoing {
  readonly target: Target;
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | Upload | null;
}

export interface Incoming {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: DecodedBody;
}

export interface Exchanger {
  /** Resolves with the head of the answer; its body comes as it is read. */
  exchange(outgoing: Outgoing, maxResponseBytes: number, signal: AbortSignal): Promise<Incoming>;
  close(): Promise<void>;
}

export interface Network {
  readonly resolve: Resolve;
  /** Origins that the operator named: their addresses may be inside. */
  readonly internalOrigins: ReadonlySet<string>;
}

const acceptEncoding = ['accept-encoding', 'gzip, deflate, br, zstd'] as const;
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Of the encoded form, which the guest does not get. */
const ofEncoding: ReadonlySet<string> = new Set(['content-encoding', 'content-length']);

const makeAgent = (resolve: Resolve, mayBeInside: boolean): Agent =>
  new Agent({
    factory: (origin, options) =>
      new Pool(origin, { ...options, factory: (of: URL, one: Client.Options) => new WatchedClient(of, one) } as Pool.Options),
    connect: { lookup: makeGuardedLookup(resolve, mayBeInside), timeout: fetchBounds.connectMs.value },
    connections: fetchBounds.concurrent.value,
    pipelining: 1,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 10_000,
    maxHeaderSize: fetchBounds.responseHeaderBytes.value,
    allowH2: false,
  });

const pairsOf = (headers: Dispatcher.ResponseData['headers']): readonly (readonly [string, string])[] =>
  Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : typeof value === 'string' ? [[name, value] as const] : value.map((one) => [name, one] as const),
  );

const headerOf = (headers: Incoming['headers'], name: string): string => headers.find(([key]) => key === name)?.[1] ?? '';

/** A stream whose length the guest knows is sent with it, and undici holds it to that. */
const lengthOf = (body: Outgoing['body']): readonly (readonly [string, string])[] =>
  body === null || Buffer.isBuffer(body) || body.length === null ? [] : [['content-length', String(body.length)]];

/** Sockets of one extension: two pools, so that no connection made to the inside serves another origin. */
export const openExchanger = ({ resolve, internalOrigins }: Network): Exchanger => {
  const outside = makeAgent(resolve, false);
  const inside = makeAgent(resolve, true);
  return {
    async exchange({ target, method, headers, body }, maxResponseBytes, signal) {
      const mayBeInside = internalOrigins.has(target.origin);
      const literal = literalAddress(target.hostname);
      if (literal !== null && !mayBeInside && !isPublicAddress(literal)) throw new EgressError('blocked', 'its address is not public');
      const url = new URL(target.href);
      const swelling = new AbortController();
      let interim = 0;
      const response = await (mayBeInside ? inside : outside).request({
        origin: target.origin,
        path: `${url.pathname}${url.search}`,
        method: method as Dispatcher.HttpMethod,
        headers: [...headers, ...lengthOf(body), ...(mayBeInside ? traceHeaders() : []), acceptEncoding].flat(),
        body: body === null || Buffer.isBuffer(body) ? body : body.stream,
        signal: AbortSignal.any([signal, swelling.signal]),
        onInfo: () => {
          interim += 1;
          if (interim > fetchBounds.interimResponses.value)
            swelling.abort(new EgressError('failed', 'the response has too many before it'));
        },
        headersTimeout: 0,
        bodyTimeout: 0,
        responseHeaders: null,
      });
      const received = pairsOf(response.headers);
      try {
        if (received.length > fetchBounds.responseHeaders.value) throw new EgressError('failed', 'the response has too many headers');
        const body = response.body as Readable;
        const declared = Number(headerOf(received, 'content-length'));
        if (method !== 'HEAD' && declared > maxResponseBytes)
          throw new EgressError('too-large', `the response is over maxResponseBytes (${String(maxResponseBytes)})`);
        return {
          status: response.statusCode,
          statusText: response.statusText,
          headers: received.filter(([name]) => !hopByHop.has(name) && !ofEncoding.has(name)),
          body: decodeBody(body, headerOf(received, 'content-encoding'), maxResponseBytes),
        };
      } catch (error) {
        response.body.on('error', () => undefined).destroy();
        throw error;
      }
    },
    async close() {
      await Promise.all([outside.destroy(), inside.destroy()]);
    },
  };
};
