// What the ledger's file costs, and that answers wait for it: one scenario with each kind of ledger, in rounds that take turns. Must never compare two runs of different moments.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProgram, type Program } from './child.ts';
import type { LoadReport } from './load.ts';
import { readCpuMs } from './process-tree.ts';
import { scenarios } from './scenarios.ts';

/** `late`: a file that nobody waits for. */
export type LedgerKind = 'memory' | 'late' | 'ahead';
export const ledgerKinds: readonly LedgerKind[] = ['memory', 'late', 'ahead'];

export interface LedgerRow {
  readonly kind: LedgerKind;
  readonly connections: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly cpuMsPerRequest: number;
}

type Server = Program<{ readonly port: number }>;
type Sample = Omit<LedgerRow, 'kind' | 'connections'>;

const connectionCounts = [1, 50];
const extension = new URL('./extensions/bench', import.meta.url).pathname;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const measure = async (load: Program<unknown>, server: Server, connections: number, seconds: number): Promise<Sample> => {
  const { method, path, headers } = scenarios.database;
  const before = readCpuMs(server.pid);
  const order = { url: `http://127.0.0.1:${server.ready.port}${path}`, method, headers, connections, seconds };
  const answer = await load.ask<{ readonly report: LoadReport } | { readonly fault: string }>(order);
  if ('fault' in answer) throw new Error(answer.fault);
  const { requests, seconds: elapsed, p50Ms } = answer.report;
  return { requestsPerSecond: requests / elapsed, p50Ms, cpuMsPerRequest: (readCpuMs(server.pid) - before) / requests };
};

export const measureLedger = async (rounds: number, seconds: number, databaseUrl: string): Promise<readonly LedgerRow[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-bench-ledger-'));
  const open = (kind: LedgerKind): Promise<Server> => {
    const ledger = { file: kind === 'memory' ? null : join(folder, `${kind}.ndjson`), writeAhead: kind === 'ahead' };
    return openProgram({ file: 'servers/cloister.ts', args: [JSON.stringify({ extensions: [extension], databaseUrl, ledger })] });
  };
  const programs: Program<unknown>[] = [];
  try {
    const load = await openProgram<unknown>({ file: 'load.ts' });
    programs.push(load);
    const cells: { readonly kind: LedgerKind; readonly connections: number; readonly server: Server; readonly samples: Sample[] }[] = [];
    for (const kind of ledgerKinds) {
      const server = await open(kind);
      programs.push(server);
      for (const connections of connectionCounts) cells.push({ kind, connections, server, samples: [] });
    }
    for (const { server, connections } of cells) await measure(load, server, connections, seconds);
    for (let round = 0; round < rounds; round += 1)
      for (const { server, connections, samples } of round % 2 === 0 ? cells : cells.toReversed())
        samples.push(await measure(load, server, connections, seconds));
    return cells.map(({ kind, connections, samples }) => ({
      kind,
      connections,
      requestsPerSecond: median(samples.map((sample) => sample.requestsPerSecond)),
      p50Ms: median(samples.map((sample) => sample.p50Ms)),
      cpuMsPerRequest: median(samples.map((sample) => sample.cpuMsPerRequest)),
    }));
  } finally {
    await Promise.all(programs.map((program) => program.close()));
    rmSync(folder, { recursive: true, force: true });
  }
};
