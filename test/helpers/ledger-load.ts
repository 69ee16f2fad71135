// A load with kills on a host whose resources keep count by themselves: what PostgreSQL is given to execute, a service, an upstream. Must never take a count from the host.
import net from 'node:net';
import { defineService } from '../../src/capabilities/services/definition.ts';
import type { Files } from '../packages/package-writer.ts';
import { extension, type TestRuntime } from './runtime.ts';

/** What a token at a resource says: the load's number of the request it is of. */
export const tokenPattern = /k(\d+)z/;

export type Counts = Map<number, number>;
export const countOf = (counts: Counts, request: number): number => counts.get(request) ?? 0;
const add = (counts: Counts, request: number): void => void counts.set(request, countOf(counts, request) + 1);

const source = (upstream: string): string => `
export default (router, { database, services }) => {
  const insert = (token, db = database) => db('marks').insert({ token });
  const read = (token) => database('marks').where({ token }).first();
  const note = (token) => new services.CounterService().note(token);
  const ask = async (token) => (await fetch('${upstream}/' + token)).text();
  const quietly = (promise) => promise.then(() => 1, () => 0);
  const ways = {
    ok: async (token) => { await insert(token); await read(token); await note(token); await ask(token); },
    many: (token) => Promise.all([insert(token), insert(token), read(token), read(token), note(token), ask(token), ask(token), insert(token)]),
    trx: (token) => database.transaction(async (trx) => { await insert(token, trx); await insert(token, trx); throw new Error('back'); }).catch(() => 0),
    over: async (token) => { for (let n = 0; n < 30; n += 1) await quietly(n % 2 ? note(token) : insert(token)); },
    denied: async (token) => { for (let n = 0; n < 12; n += 1) await quietly(database('secrets').where({ token })); await insert(token); },
    throws: async (token) => { await note(token); throw new Error('after the effect'); },
    loose: async (token) => { void quietly(insert(token)); void quietly(note(token)); void quietly(ask(token)); },
    hang: async (token) => { void quietly(insert(token)); await ask(token); await new Promise(() => {}); },
    gone: async (token) => { for (let n = 0; n < 8; n += 1) { await insert(token); await note(token); } },
    spin: async (token) => { await insert(token); await note(token); for (;;); },
    fill: async (token) => { await insert(token); const held = []; for (;;) held.push(new Array(1e5).fill(held.length)); },
  };
  router.get('/:way/:n', async (req, res, next) => {
    try { await ways[req.params.way]('k' + req.params.n + 'z'); res.json('done'); } catch (error) { next(error); }
  });
};`;

export const setUp =
  'create table marks (id bigserial primary key, token text); create index on marks (token); create table secrets (token text);';

export const makeExtensions = (upstream: string): Readonly<Record<string, Files>> => {
  const capabilities = {
    database: { tables: { marks: { read: true, create: true } } },
    services: { CounterService: { methods: true } },
    fetch: { origins: { [upstream]: true }, callsPerMinute: 1_000_000 },
  };
  const limits = { hostCalls: 20, cpuMs: 200, wallMs: 1_500, registerMs: 20_000, queuedRequests: 1_000 };
  return {
    steady: extension(source(upstream), { capabilities, limits }),
    // What ends cells and wards has strikes against it, and is parked for a while: the others must not be.
    wild: extension(source(upstream), { capabilities, limits }),
  };
};

export const makeCounter = (counts: Counts) =>
  defineService({
    kind: 'object',
    service: {
      note: async (token: unknown) => {
        const [, request] = tokenPattern.exec(String(token)) ?? [];
        add(counts, Number(request));
        await new Promise((resolve) => setImmediate(resolve));
        return true;
      },
    },
    methods: { note: { args: [{ type: 'string' }], effect: true } },
  });

/** Of a hundred requests so many are of each kind. */
const mix: readonly (readonly [extension: 'steady' | 'wild', way: string, share: number])[] = [
  ['steady', 'ok', 46],
  ['steady', 'many', 12],
  ['steady', 'trx', 8],
  ['steady', 'over', 6],
  ['steady', 'denied', 6],
  ['steady', 'throws', 6],
  ['steady', 'loose', 6],
  ['steady', 'hang', 2],
  ['steady', 'gone', 4],
  ['wild', 'spin', 2],
  ['wild', 'fill', 2],
];
const kinds = mix.flatMap(([name, way, share]) => Array.from({ length: share }, () => [name, way] as const));

/** Sends so many requests, so many at once. Resolves with how many were answered by each status; 0: the client left. */
export const runLoad = async (runtime: TestRuntime, requests: number, connections: number): Promise<ReadonlyMap<number, number>> => {
  const statuses = new Map<number, number>();
  let next = 0;
  const sendOne = async (number: number): Promise<number> => {
    const [name, way] = kinds[(number * 37) % kinds.length] ?? ['steady', 'ok'];
    const path = `/${name}/${way}/${number}`;
    if (way !== 'gone') return (await runtime.get(path)).status;
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(), 1 + (number % 15));
    return runtime.request(path, { signal: leaving.signal }).then(
      ({ status }) => status,
      () => 0,
    );
  };
  const work = async (): Promise<void> => {
    for (;;) {
      const number = next;
      next += 1;
      if (number >= requests) return;
      const status = await sendOne(number);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  return statuses;
};

/** Length of a message of the PostgreSQL protocol that begins at `at`; null while it is not all there. The first of a connection has no type. */
const messageEnd = (bytes: Buffer, isFirst: boolean): number | null => {
  const lengthAt = isFirst ? 0 : 1;
  if (bytes.length < lengthAt + 4) return null;
  const end = lengthAt + bytes.readInt32BE(lengthAt);
  return bytes.length < end ? null : end;
};

const sslRequest = 80_877_103;

/** Calls `onBind` for each Bind that passes: the server executes what was bound. */
const makeReader = (onBind: (message: string) => void): ((chunk: Buffer) => void) => {
  let rest: Buffer = Buffer.alloc(0);
  let isFirst = true;
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const end = messageEnd(rest, isFirst);
      if (end === null) return;
      if (!isFirst && rest[0] === 0x42) onBind(rest.toString('latin1', 0, end));
      // A client that asks for TLS asks once more without it.
      if (isFirst) isFirst = rest.length >= 8 && rest.readInt32BE(4) === sslRequest;
      rest = rest.subarray(end);
    }
  };
};

export interface CountingProxy {
  readonly port: number;
  /** Executions that brought a token, by request. */
  readonly counts: Counts;
  close(): Promise<void>;
}

/** Stands before a PostgreSQL server and counts what it is given to execute. */
export const openCountingProxy = async (targetPort: number): Promise<CountingProxy> => {
  const counts: Counts = new Map();
  const sockets = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect(targetPort, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    near.on(
      'data',
      makeReader((message) => {
        const [, request] = tokenPattern.exec(message) ?? [];
        if (request !== undefined) add(counts, Number(request));
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    counts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};

export const countSeen = (urls: readonly string[]): Counts => {
  const counts: Counts = new Map();
  for (const url of urls) {
    const [, request] = tokenPattern.exec(url) ?? [];
    if (request !== undefined) add(counts, Number(request));
  }
  return counts;
};
