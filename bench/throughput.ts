// Requests per second, latency and processor time of every peer, in rounds that take turns. Must never count a wrong answer.
import { openProgram, type Program } from './child.ts';
import type { BenchDatabase } from './database.ts';
import type { LoadOrder, LoadReport } from './load.ts';
import type { BenchOptions, Mode } from './options.ts';
import { type PeerName, peers } from './peers.ts';
import { readCpuMs } from './process-tree.ts';
import { type Scenario, type ScenarioName, scenarios } from './scenarios.ts';

export interface Row {
  readonly scenario: ScenarioName;
  readonly peer: PeerName;
  readonly connections: number;
  readonly mode: Mode;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMsPerRequest: number;
  /** Share of one core that the load generator used. */
  readonly generatorLoad: number;
}

type Server = Program<{ readonly port: number }>;
type Load = Program<unknown>;
type Sample = Pick<Row, 'requestsPerSecond' | 'p50Ms' | 'p99Ms' | 'cpuMsPerRequest' | 'generatorLoad'>;
type Say = (line: string) => void;

/** Pinned: the servers alone on the one core, all that they are measured with on the other. */
const cores = { server: 0, rest: 1 };
/** Without compilers a request takes what a default limit would refuse it on a busy machine. */
const slowLimits = { cpuMs: 1_000, wallMs: 10_000 };
const cloisterExtension = new URL('./extensions/bench', import.meta.url).pathname;

const openServer = (peer: PeerName, databaseUrl: string, mode: Mode): Promise<Server> => {
  const { file, nodeFlags } = peers[peer];
  const settings = {
    extensions: [cloisterExtension],
    databaseUrl,
    ...(peer === 'hardened' ? { wards: { hardened: true }, limits: slowLimits } : {}),
  };
  const argument = file === 'cloister.ts' ? JSON.stringify(settings) : databaseUrl;
  return openProgram({ file: `servers/${file}`, args: [argument], nodeFlags, ...(mode === 'pinned' ? { core: cores.server } : {}) });
};

/** Throws unless the peer answers as the scenario wants: a fast wrong answer is no result. */
const checkAnswer = async (
  peer: PeerName,
  { ready: { port } }: Server,
  { name, method, path, headers, body, judge }: Scenario,
): Promise<void> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers,
    body: body ?? null,
    signal: AbortSignal.timeout(10_000),
  });
  const fault = response.status === 200 ? judge(await response.text()) : `status ${response.status}: ${await response.text()}`;
  if (fault !== undefined) throw new Error(`${peer} answers scenario ${name} wrongly: ${fault}`);
};

const ask = async (load: Load, server: Server, scenario: Scenario, connections: number, seconds: number): Promise<LoadReport> => {
  const { method, path, headers, body } = scenario;
  const order: LoadOrder = {
    url: `http://127.0.0.1:${server.ready.port}${path}`,
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    connections,
    seconds,
  };
  const answer = await load.ask<{ readonly report: LoadReport } | { readonly fault: string }>(order);
  if ('fault' in answer) throw new Error(answer.fault);
  return answer.report;
};

const measure = async (
  load: Load,
  peer: PeerName,
  server: Server,
  scenario: Scenario,
  connections: number,
  seconds: number,
): Promise<Sample> => {
  const cpuBefore = readCpuMs(server.pid);
  const report = await ask(load, server, scenario, connections, seconds);
  const cpuMs = readCpuMs(server.pid) - cpuBefore;
  // On a machine that others use as well, a request may meet its deadline; more than that is a fault of the peer.
  if (report.faults > report.requests * toleratedFaults)
    throw new Error(
      `${peer} failed ${report.faults} of ${report.requests} requests of scenario ${scenario.name} at ${connections} connections`,
    );
  const { p50Ms, p99Ms, generatorLoad } = report;
  return { requestsPerSecond: report.requests / report.seconds, p50Ms, p99Ms, cpuMsPerRequest: cpuMs / report.requests, generatorLoad };
};

const toleratedFaults = 0.001;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const middle = (samples: readonly Sample[]): Sample => {
  const of = (key: keyof Sample): number => median(samples.map((sample) => sample[key]));
  return {
    requestsPerSecond: of('requestsPerSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    cpuMsPerRequest: of('cpuMsPerRequest'),
    generatorLoad: of('generatorLoad'),
  };
};

interface Cell {
  readonly peer: PeerName;
  readonly scenario: Scenario;
  readonly connections: number;
  readonly samples: Sample[];
}

const runRounds = async (
  options: BenchOptions,
  mode: Mode,
  load: Load,
  servers: ReadonlyMap<PeerName, Server>,
  say: Say,
): Promise<readonly Row[]> => {
  const cells = options.scenarios.flatMap((name) =>
    options.connections.flatMap((connections) =>
      options.peers.map((peer): Cell => ({ peer, scenario: scenarios[name], connections, samples: [] })),
    ),
  );
  for (const [peer, server] of servers) {
    for (const name of options.scenarios) {
      await checkAnswer(peer, server, scenarios[name]);
      await ask(load, server, scenarios[name], 50, options.warmSeconds);
    }
  }
  for (let round = 1; round <= options.rounds; round += 1) {
    say(`${mode}: round ${round} of ${options.rounds}`);
    for (const { peer, scenario, connections, samples } of cells) {
      const server = servers.get(peer);
      if (server !== undefined) samples.push(await measure(load, peer, server, scenario, connections, options.roundSeconds));
    }
  }
  return cells.map(({ peer, scenario, connections, samples }) => ({
    scenario: scenario.name,
    peer,
    connections,
    mode,
    ...middle(samples),
  }));
};

export const measureThroughput = async (options: BenchOptions, mode: Mode, database: BenchDatabase, say: Say): Promise<readonly Row[]> => {
  database.pin(mode === 'pinned' ? cores.rest : undefined);
  const servers = new Map<PeerName, Server>();
  const load: Load = await openProgram({ file: 'load.ts', ...(mode === 'pinned' ? { core: cores.rest } : {}) });
  try {
    for (const peer of options.peers) servers.set(peer, await openServer(peer, database.url, mode));
    return await runRounds(options, mode, load, servers, say);
  } finally {
    await Promise.all([load, ...servers.values()].map((program) => program.close()));
  }
};
