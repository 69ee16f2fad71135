// A server on loopback that extensions ask, hostile where a test wants it, and a name server that says what it is told. Must never listen on another address.
import { createSocket } from 'node:dgram';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { decode, encode } from 'dns-packet';
import { http } from './node-http.ts';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Upstream {
  readonly port: number;
  readonly origin: string;
  /** Requests so far. */
  readonly seen: readonly Seen[];
  /** Connections so far, with and without a request. */
  readonly connections: number;
  close(): Promise<void>;
}

export const openUpstream = async (answer: (seen: Seen, response: ServerResponse) => unknown): Promise<Upstream> => {
  const seen: Seen[] = [];
  let connections = 0;
  const server = http.createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const one = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(pieces).toString(),
      };
      seen.push(one);
      answer(one, response);
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    seen,
    get connections() {
      return connections;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

export interface NameServer {
  /** As `egress.dnsServers` takes it. */
  readonly address: string;
  /** Names asked for so far. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** `answer` gives the IPv4 addresses of a name, anew each time it is asked. */
export const openNameServer = async (answer: (name: string) => readonly string[]): Promise<NameServer> => {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (message, from) => {
    const query = decode(message);
    const [question] = query.questions ?? [];
    if (question === undefined) return;
    const addresses = question.type === 'A' ? answer(question.name) : [];
    if (question.type === 'A') asked.push(question.name);
    const answers = addresses.map((data) => ({ type: 'A' as const, name: question.name, ttl: 0, data }));
    socket.send(
      encode({ type: 'response', id: query.id ?? 0, flags: 0x8180, questions: query.questions ?? [], answers }),
      from.port,
      from.address,
    );
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${socket.address().port}`, asked, close: () => new Promise((resolve) => socket.close(() => resolve())) };
};

/** Redirects where it is told, packs bombs, never ends, hands back what it was given. */
export const answerHostile = ({ url, headers, method, body }: Seen, response: ServerResponse): unknown => {
  const { pathname, searchParams } = new URL(url, 'http://x');
  if (pathname === '/to') return response.writeHead(Number(searchParams.get('status')), { location: searchParams.get('to') ?? '' }).end();
  if (pathname === '/bomb') {
    const once = gzipSync(Buffer.alloc(30_000_000));
    return response.writeHead(200, { 'content-encoding': 'gzip' }).end(once);
  }
  if (pathname === '/layers') {
    const packed = gzipSync(gzipSync(gzipSync('x')));
    return response.writeHead(200, { 'content-encoding': 'gzip, gzip, gzip' }).end(packed);
  }
  if (pathname === '/endless') {
    const timer = setInterval(() => response.write('x'.repeat(1_000)), 5);
    response.on('close', () => clearInterval(timer));
    return;
  }
  if (pathname === '/headers') return response.writeHead(200, { 'x-long': 'x'.repeat(60_000) }).end('x');
  if (pathname === '/never') return;
  const asName = (headers.authorization ?? '').replace(/[^A-Za-z0-9-]/g, '-');
  if (pathname === '/redirect-secret') return response.writeHead(302, { location: `http://${asName}.example/x` }).end();
  if (pathname === '/name-secret') return response.writeHead(200, { [`x-${asName}`]: '1' }).end('x');
  if (pathname === '/echo-secret') {
    response.setHeader('x-echo', headers.authorization ?? '');
    return response.end(`${headers.authorization} ${encodeURIComponent(headers.authorization ?? '')} ${JSON.stringify(headers)}`);
  }
  return response.end(JSON.stringify({ method, headers, body }));
};
