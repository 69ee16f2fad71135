// A whole runtime for tests: extensions from strings, real wards, a real server on a free port. Must never leave a process or a folder behind.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import type { CloisterOptions } from '../../src/options.ts';
import { createRuntime, type Runtime } from '../../src/runtime.ts';
import { type Files, openTemporaryFolder } from '../packages/package-writer.ts';
import { type Client, makeClient, type Reply, type RequestOptions } from './client.ts';
import { http } from './node-http.ts';

export type EntryOf<Kind extends LedgerEntry['kind']> = Extract<LedgerEntry, { readonly kind: Kind }>;
export type LogLine = Readonly<Record<string, unknown>>;

export interface Measured {
  readonly reply: Reply;
  readonly end: EntryOf<'request.end'>;
  readonly limits: readonly EntryOf<'limit'>[];
  readonly calls: readonly EntryOf<'call.start'>[];
}

export interface TestRuntime extends Client {
  readonly runtime: Runtime;
  /** Where the packages lie. */
  readonly folder: string;
  /** Lines of the host's logger, parsed. */
  readonly logs: readonly LogLine[];
  entries<Kind extends LedgerEntry['kind']>(kind: Kind): readonly EntryOf<Kind>[];
  /** Waits until the ledger has such an entry: it is written when nothing of the request runs any more. */
  entry<Kind extends LedgerEntry['kind']>(kind: Kind, matches: (entry: EntryOf<Kind>) => boolean): Promise<EntryOf<Kind>>;
  /** The request.end of the last request to `path`. */
  ended(path: string): Promise<EntryOf<'request.end'>>;
  /** Asks, waits until nothing of the request runs any more, and gives what the ledger has of it. */
  measure(path: string, request?: RequestOptions): Promise<Measured>;
  /** Pids of the wards that run now. */
  wards(): readonly number[];
  close(): Promise<void>;
}

export interface TestRuntimeOptions {
  /** Folder name → files of a package, or the text of an `index.js` whose package has an empty `cloister` key (so Express 5). */
  readonly extensions: Readonly<Record<string, string | Files>>;
  readonly options?: Omit<CloisterOptions, 'extensions' | 'logger'> & { readonly extensions?: CloisterOptions['extensions'] };
  readonly logLevel?: string;
  /** What serves; the default is a bare node:http server with the runtime's handler. */
  listen?(runtime: Runtime): RequestListener;
}

const patienceMs = 10_000;
const lateEndMs = 1_000;

/** An ES module package with a `cloister` key, by default on Express 5. */
export const extension = (source: string, cloister: object = {}, more: object = {}): Files => ({
  'package.json': JSON.stringify({ version: '1.0.0', type: 'module', cloister, ...more }),
  'index.js': source,
});

/** The same in Directus's form, by default on Express 4. */
export const directusExtension = (source: string, cloister?: object): Files => ({
  'package.json': JSON.stringify({
    version: '1.0.0',
    type: 'module',
    'directus:extension': { type: 'endpoint', path: 'dist/index.js', host: '^11.0.0' },
    ...(cloister === undefined ? {} : { cloister }),
  }),
  'dist/index.js': source,
});

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly commandLine: string;
}

const readProcess = (pid: string): readonly Process[] => {
  try {
    const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return [{ pid: Number(pid), parent: Number(parent), commandLine: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }];
  } catch {
    return [];
  }
};
const isSpawner = ({ commandLine }: Process): boolean => /\/spawner-process\.[jt]s/.test(commandLine);

/** All that this process has for its extensions, what starts wards for it included. */
export const findOwnProcesses = (): readonly Process[] => {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(readProcess);
  const spawners = all.filter((one) => one.parent === process.pid && isSpawner(one));
  const parents = new Set([process.pid, ...spawners.map(({ pid }) => pid)]);
  const isOurs = ({ parent, commandLine }: Process): boolean =>
    parents.has(parent) && /\/(?:ward|image|bundler-process)\.[jt]s/.test(commandLine);
  return [...spawners, ...all.filter(isOurs)];
};

/** Wards of this process and their like. */
export const findSandboxProcesses = (): readonly number[] =>
  findOwnProcesses()
    .filter((one) => !isSpawner(one))
    .map(({ pid }) => pid);

const tickMs = 10;

/** Processor time of processes so far; one that is gone has none. */
export const readCpuMs = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return sum + (Number(fields[11]) + Number(fields[12])) * tickMs;
    } catch {
      return sum;
    }
  }, 0);

/** Resident memory of a process; 0 where it is gone. */
export const readRssMb = (pid: number): number => {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
};

export const waitUntil = async (what: string, holds: () => boolean, forMs = patienceMs): Promise<void> => {
  for (const until = performance.now() + forMs; !holds(); await sleep(5)) {
    if (performance.now() > until) assert.fail(`${what}: not within ${forMs} ms`);
  }
};

const listenOn = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    });
  });

/** What a test says nothing of must not be decided by how busy the machine is. */
const roomy = { cpuMs: 500, wallMs: 10_000, registerMs: 20_000 };
/** An operator's limit goes before a package's: so none that a package names. */
const roomierThan = (packages: readonly (string | Files)[]): Partial<typeof roomy> => {
  const manifests = packages.flatMap((files) => (typeof files === 'string' ? [] : [files['package.json'] ?? '']));
  return Object.fromEntries(Object.entries(roomy).filter(([name]) => !manifests.some((text) => String(text).includes(`"${name}"`))));
};

export const openTestRuntime = async ({
  extensions,
  options = {},
  logLevel = 'info',
  listen,
}: TestRuntimeOptions): Promise<TestRuntime> => {
  const folder = await openTemporaryFolder();
  for (const [name, files] of Object.entries(extensions)) {
    for (const [file, content] of Object.entries(typeof files === 'string' ? extension(files) : files))
      await folder.write({ [`${name}/${file}`]: content });
  }
  const logs: LogLine[] = [];
  const logger = pino({ level: logLevel }, { write: (line: string) => void logs.push(JSON.parse(line) as LogLine) });
  const runtime = await createRuntime({
    approvals: 'requested',
    ...options,
    // Hundreds of runtimes begin and end in a run: a process that nobody needs would be a third of what each costs. Commands have it.
    wards: { spareWards: 0, spareCells: 0, ...options.wards },
    limits: { ...roomierThan(Object.values(extensions)), ...options.limits },
    extensions: [folder.root, ...(options.extensions ?? [])],
    logger,
    ledger: { ringSize: 100_000, ...options.ledger },
  });
  // A connection that the server closes just as the client takes it up again fails a test on a busy machine.
  const listener = listen?.(runtime) ?? runtime.handler();
  const server = http.createServer({ keepAliveTimeout: 300_000 }, listener).on('checkExpectation', listener);
  const client = makeClient(await listenOn(server));

  const entries: TestRuntime['entries'] = (kind) => runtime.ledger().filter((one): one is never => one.kind === kind);
  const entry: TestRuntime['entry'] = async (kind, matches) => {
    let found: ReturnType<typeof entries<typeof kind>>[number] | undefined;
    await waitUntil(`a ledger entry of kind ${kind} as wanted (there are ${entries(kind).length})`, () => {
      found = entries(kind).findLast(matches);
      return found !== undefined;
    });
    return found ?? assert.fail();
  };

  /** By path, without those whose end is on the ledger for certain. */
  const answered = new Map<string, number>();
  const request: Client['request'] = async (path, options) => {
    const reply = await client.request(path, options);
    const [pathname = ''] = path.split('?');
    answered.set(pathname, (answered.get(pathname) ?? 0) + 1);
    return reply;
  };
  const endsOf = (pathname: string): number => entries('request.end').filter((one) => one.path === pathname).length;

  /** The end of an earlier request may come after its answer. What the host answers by itself has none: then it is not waited for again. */
  const untilEnded = async (pathname: string): Promise<void> => {
    const until = performance.now() + lateEndMs;
    while (endsOf(pathname) < (answered.get(pathname) ?? 0) && performance.now() < until) await sleep(5);
    answered.set(pathname, endsOf(pathname));
  };

  /** Another runtime of the same test may have wards of its own. */
  const wards = (): readonly number[] => {
    const own = new Set(entries('life').flatMap((one) => (one.event === 'ward.start' ? [Number(one.subject.split(' ')[1])] : [])));
    return findSandboxProcesses().filter((pid) => own.has(pid));
  };

  return {
    ...client,
    runtime,
    folder: folder.root,
    logs,
    entries,
    entry,
    ended: (path) => entry('request.end', (one) => one.path === path),
    request,
    get: (path, headers = {}) => request(path, { headers }),
    post: (path, body, headers = {}) => request(path, { method: 'POST', body, headers }),
    measure: async (path, options = {}) => {
      const [pathname = ''] = path.split('?');
      await untilEnded(pathname);
      const before = runtime.ledger().at(-1)?.sequence ?? 0;
      const reply = await request(path, options);
      const end = await entry('request.end', (one) => one.sequence > before && one.path === pathname);
      const { request: id } = end;
      return {
        reply,
        end,
        limits: entries('limit').filter((one) => one.request === id),
        calls: entries('call.start').filter((one) => one.request === id),
      };
    },
    wards,
    close: async () => {
      client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await runtime.close({ drainMs: 2_000 });
      await folder.remove();
      assert.deepEqual(wards(), [], 'a ward is left');
    },
  };
};
