// A node:http server around a runtime, until a signal ends it. Must never leave a process behind.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { CloisterError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';

/** Not imported: an import of node:http evaluates all its exports, the web's among them, which takes 50 ms of every start. */
const { createServer } = process.getBuiltinModule('node:http');

export interface RunningServer {
  readonly url: string;
  /** Stops taking requests, lets those in flight finish, ends every ward. */
  close(): Promise<void>;
}

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new CloisterError(
          'ERR_OPTIONS_INVALID',
          error.code === 'EADDRINUSE'
            ? `port ${port} on ${host} is in use; stop what listens there or give --port`
            : `cannot listen on ${host}:${port}: ${error.message}`,
        ),
      );
    });
    server.listen(port, host, resolve);
  });

/** Throws where the port is in use, before anything else is begun. Whoever takes it in between is met when the server listens. */
export const checkPort = async (host: string, port: number): Promise<void> => {
  const server = createServer();
  await listen(server, host, port);
  await new Promise<void>((resolve) => server.close(() => resolve()));
};

/** How a server ends: it serves on, unready, for `delayMs`; then what is in flight has `drainMs`. */
export interface Stop {
  readonly delayMs: number;
  readonly drainMs: number;
}

export const defaultStop: Stop = { delayMs: 0, drainMs: 5_000 };

export const openServer = async (runtime: Runtime, host: string, port: number, stop: Stop = defaultStop): Promise<RunningServer> => {
  const handler = runtime.handler();
  const server = createServer(handler);
  // Node would answer these itself, with 417, and read on behind bodies that the handler refuses.
  server.on('checkExpectation', handler);
  await listen(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${name}:${bound}`,
    close: async () => {
      const until = performance.now() + stop.delayMs + stop.drainMs;
      const ended = runtime.close(stop);
      // A balancer that asks for readiness sends its clients elsewhere meanwhile; whom it still sends is served.
      await setTimeout(stop.delayMs);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await ended;
      // What was answered may still be on its way to a slow client, and a body on its way in.
      await Promise.race([closed, setTimeout(Math.max(0, until - performance.now()), undefined, { ref: false })]);
      server.closeAllConnections();
      await closed;
    },
  };
};

/** Resolves when the operator wants it to end: Ctrl-C, a service manager, a closed terminal. A second signal ends it at once. */
export const untilStopped = (): Promise<void> =>
  new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });

/** One line for what holds wards back, one for each measure that does not. */
const describeHardening = (runtime: Runtime): readonly string[] => {
  const reports = runtime.hardening();
  const active = reports.filter((report) => report.active).map(({ measure }) => measure);
  const missing = reports.filter((report) => !report.active);
  return [
    `  wards are held back by ${active.length === 0 ? 'nothing but their isolates' : active.join(', ')}`,
    ...missing.map(({ measure, cause }) => `    not by ${measure}: ${cause}`),
  ];
};

const reaches = {
  database: 'all hosts of this database',
  nats: 'all hosts of this NATS',
  process: 'this process: it shares no jobs with others',
} as const;

/** What is mounted where, what was refused, and a line to try. */
export const describe = (runtime: Runtime, url: string): string => {
  const extensions = [...runtime.extensions()].sort((one, other) => (one.id < other.id ? -1 : 1));
  const width = Math.max(0, ...extensions.map(({ mounts }) => mounts.join(' ').length + 1));
  const served = extensions.map(
    ({ mounts, id, version, capabilities }) =>
      `  ${mounts
        .map((mount) => `/${mount}`)
        .join(' ')
        .padEnd(width)}  ${id} ${version}  [${capabilities.join(', ')}]`,
  );
  const scheduled = runtime
    .schedules()
    .map(
      ({ extension, cron, next, once }) =>
        `  ${extension} runs next ${next?.toISOString() ?? 'never'}  (${cron}), once in ${reaches[once]}`,
    );
  const refused = runtime.refused().map(({ error }) => `  refused: ${error.message}`);
  const first = extensions.find(({ id }) => id === 'greet') ?? extensions.find(({ mounts }) => mounts.length > 0);
  return [
    `Cloister serves ${extensions.length} extension${extensions.length === 1 ? '' : 's'} on ${url}`,
    ...served,
    ...scheduled,
    ...refused,
    ...describeHardening(runtime),
    ...(first === undefined ? [] : ['', `  try:  curl ${url}/${first.mounts[0] ?? ''}`]),
  ].join('\n');
};
