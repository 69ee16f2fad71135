// Servers on loopback in an attacker's hands: one that writes the bytes it likes, one that names what it likes. Must never listen on another address.
import { createSocket } from 'node:dgram';
import net from 'node:net';
import { type Answer, decode, encode } from 'dns-packet';

export interface RawServer {
  readonly port: number;
  readonly origin: string;
  /** Connections so far, with and without a request. */
  readonly connections: number;
  /** Of them, those that are open. */
  readonly open: number;
  /** Heads and bodies of requests, as they came. */
  readonly heard: string;
  close(): Promise<void>;
}

/** `answer` is called for each request head that ends, and writes whatever it wants. */
export const openRawServer = async (answer: (path: string, socket: net.Socket) => unknown): Promise<RawServer> => {
  let connections = 0;
  let heard = '';
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let waiting = '';
    socket.on('data', (part: Buffer) => {
      heard += part.toString('latin1');
      waiting += part.toString('latin1');
      for (let end = waiting.indexOf('\r\n\r\n'); end >= 0; end = waiting.indexOf('\r\n\r\n')) {
        const [, path = ''] = /^\S+ (\S+) /.exec(waiting) ?? [];
        waiting = waiting.slice(end + 4);
        answer(path, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    get heard() {
      return heard;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

type Named = Readonly<Record<string, readonly Answer[] | 'nothing' | 'garbage' | 'none'>>;

export interface Names {
  /** As `egress.dnsServers` takes it. */
  readonly address: string;
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Answers to all types of a name alike: a resolver takes what it asked for. `nothing`: it never answers. `none`: there is no such name. */
export const openNames = async (named: Named): Promise<Names> => {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (message, from) => {
    const { id = 0, questions = [] } = decode(message);
    const [question] = questions;
    if (question === undefined) return;
    asked.push(question.name);
    const found = Object.hasOwn(named, question.name) ? named[question.name] : 'none';
    if (found === 'nothing') return;
    const answers =
      typeof found === 'string' || found === undefined ? [] : found.filter(({ type }) => type === question.type || type === 'CNAME');
    const reply = encode({ type: 'response', id, flags: found === 'none' ? 0x8183 : 0x8180, questions, answers });
    socket.send(found === 'garbage' ? Buffer.concat([reply.subarray(0, 12), Buffer.alloc(40, 0xc0)]) : reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${socket.address().port}`, asked, close: () => new Promise((resolve) => socket.close(() => resolve())) };
};

export const a = (name: string, ...addresses: readonly string[]): readonly Answer[] =>
  addresses.map((data) => ({ type: 'A', name, ttl: 0, data }));
export const aaaa = (name: string, ...addresses: readonly string[]): readonly Answer[] =>
  addresses.map((data) => ({ type: 'AAAA', name, ttl: 0, data }));
export const cname = (name: string, data: string): readonly Answer[] => [{ type: 'CNAME', name, ttl: 0, data }];
