// A plain HTTP client for tests: sends exactly what it is told and hands back everything that came. Must never follow, retry or decode anything.
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import net from 'node:net';
import { http } from './node-http.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As on the wire: name, value, name, value. */
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
  readonly text: string;
  readonly ms: number;
  /** The body as JSON; throws for anything else. */
  json(): unknown;
  /** `errors[0].extensions.code` of an error answer, else its status as text. */
  readonly code: string;
}

/** Objects go as JSON. A list of byte parts goes chunked. */
export type Body = string | Uint8Array | object | readonly Uint8Array[];

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Body;
  /** Ends the request from the client's side. */
  readonly signal?: AbortSignal;
}

/** An answer of which the head has come: its pieces are read one by one. */
export interface OpenReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly message: IncomingMessage;
  /** Text that has come so far. */
  text(): string;
  /** Resolves as soon as the text has `part` in it. */
  until(part: string): Promise<void>;
  /** Resolves when nothing more comes: true where the answer was whole. */
  readonly ended: Promise<boolean>;
  /** Goes away without a word. */
  hangUp(): void;
}

export interface Client {
  readonly origin: string;
  readonly port: number;
  request(path: string, options?: RequestOptions): Promise<Reply>;
  get(path: string, headers?: OutgoingHttpHeaders): Promise<Reply>;
  post(path: string, body: Body, headers?: OutgoingHttpHeaders): Promise<Reply>;
  /** Resolves with the head. */
  open(path: string, options?: RequestOptions): Promise<OpenReply>;
  /** Sends bytes as they are and gives everything until the other side closes. */
  raw(text: string): Promise<string>;
  /** A socket of one's own. */
  connect(): Promise<net.Socket>;
  /** Lets connections go that nobody uses. */
  rest(): void;
  close(): void;
  /** Lets go of connections that are kept for later requests. */
  dropConnections(): void;
}

const readCode = (status: number, text: string): string => {
  try {
    const body = JSON.parse(text) as { readonly errors?: readonly { readonly extensions?: { readonly code?: unknown } }[] };
    return String(body.errors?.[0]?.extensions?.code ?? status);
  } catch {
    return String(status);
  }
};

const encode = (body: Body | undefined): { readonly parts: readonly Uint8Array[]; readonly json: boolean; readonly chunked: boolean } => {
  if (body === undefined) return { parts: [], json: false, chunked: false };
  if (typeof body === 'string') return { parts: [Buffer.from(body)], json: false, chunked: false };
  if (body instanceof Uint8Array) return { parts: [body], json: false, chunked: false };
  if (Array.isArray(body) && body.every((part) => part instanceof Uint8Array)) return { parts: body, json: false, chunked: true };
  return { parts: [Buffer.from(JSON.stringify(body))], json: true, chunked: false };
};

export const makeClient = (port: number): Client => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
  const origin = `http://127.0.0.1:${port}`;

  const send = (path: string, { method, headers = {}, body, signal }: RequestOptions): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { parts, json, chunked } = encode(body);
      const all: OutgoingHttpHeaders = { ...(json ? { 'content-type': 'application/json' } : {}), ...headers };
      if (parts.length > 0 && !chunked) all['content-length'] = parts.reduce((sum, part) => sum + part.length, 0);
      const request = http.request(
        {
          host: '127.0.0.1',
          port,
          path,
          method: method ?? (body === undefined ? 'GET' : 'POST'),
          headers: all,
          agent,
          ...(signal === undefined ? {} : { signal }),
        },
        resolve,
      );
      request.on('error', reject);
      for (const part of parts) request.write(part);
      request.end();
    });

  const request = async (path: string, options: RequestOptions = {}): Promise<Reply> => {
    const startedAt = performance.now();
    const message = await send(path, options);
    const parts: Buffer[] = [];
    for await (const part of message) parts.push(part as Buffer);
    const bytes = Buffer.concat(parts);
    const text = bytes.toString();
    const status = message.statusCode ?? 0;
    return {
      status,
      headers: message.headers,
      rawHeaders: message.rawHeaders,
      bytes,
      text,
      ms: performance.now() - startedAt,
      json: () => JSON.parse(text) as unknown,
      code: readCode(status, text),
    };
  };

  const open = async (path: string, options: RequestOptions = {}): Promise<OpenReply> => {
    const message = await send(path, options);
    let text = '';
    let look = (): void => undefined;
    message.setEncoding('utf8');
    message.on('data', (part: string) => {
      text += part;
      look();
    });
    const ended = new Promise<boolean>((resolve) => {
      message.on('error', () => undefined);
      message.on('close', () => {
        resolve(message.complete);
        look();
      });
    });
    return {
      status: message.statusCode ?? 0,
      headers: message.headers,
      message,
      text: () => text,
      until: (part) =>
        new Promise((resolve, reject) => {
          look = () => {
            if (text.includes(part)) resolve();
            else if (message.closed) reject(new Error(`the answer ended without ${JSON.stringify(part)}: ${JSON.stringify(text)}`));
          };
          look();
        }),
      ended,
      hangUp: () => message.socket.destroy(),
    };
  };

  const connect = (): Promise<net.Socket> =>
    new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(socket));
      socket.on('error', reject);
    });

  return {
    origin,
    port,
    request,
    get: (path, headers = {}) => request(path, { headers }),
    post: (path, body, headers = {}) => request(path, { method: 'POST', body, headers }),
    open,
    connect,
    raw: async (text) => {
      const socket = await connect();
      const parts: Buffer[] = [];
      socket.on('data', (part) => parts.push(part));
      socket.write(text);
      await new Promise((resolve) => socket.on('close', resolve));
      return Buffer.concat(parts).toString('latin1');
    },
    rest: () => agent.destroy(),
    close: () => agent.destroy(),
    dropConnections: () => agent.destroy(),
  };
};
