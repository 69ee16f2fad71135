// What the ledger's file costs: the database scenario with and without it, in rounds that take turns. Must never compare two runs of different moments.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProgram, type Program } from './child.ts';
import type { LoadReport } from './load.ts';
import { readCpuMs } from './process-tree.ts';
import { scenarios } from './scenarios.ts';

export interface LedgerRow {
  readonly file: boolean;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly cpuMsPerRequest: number;
}

type Server = Program<{ readonly port: number }>;
type Sample = Omit<LedgerRow, 'file'>;

const connections = 50;
const extension = new URL('./extensions/bench', import.meta.url).pathname;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const measure = async (load: Program<unknown>, server: Server, seconds: number): Promise<Sample> => {
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
  const open = (file: string | null): Promise<Server> =>
    openProgram({ file: 'servers/cloister.ts', args: [JSON.stringify({ extensions: [extension], databaseUrl, ledgerFile: file })] });
  const programs: Program<unknown>[] = [];
  try {
    const load = await openProgram<unknown>({ file: 'load.ts' });
    programs.push(load);
    const cells: { readonly file: boolean; readonly server: Server; readonly samples: Sample[] }[] = [];
    for (const file of [false, true]) {
      const server = await open(file ? join(folder, 'ledger.ndjson') : null);
      programs.push(server);
      cells.push({ file, server, samples: [] });
    }
    for (const { server } of cells) await measure(load, server, seconds);
    for (let round = 0; round < rounds; round += 1)
      for (const { server, samples } of round % 2 === 0 ? cells : cells.toReversed()) samples.push(await measure(load, server, seconds));
    return cells.map(({ file, samples }) => ({
      file,
      requestsPerSecond: median(samples.map((sample) => sample.requestsPerSecond)),
      p50Ms: median(samples.map((sample) => sample.p50Ms)),
      cpuMsPerRequest: median(samples.map((sample) => sample.cpuMsPerRequest)),
    }));
  } finally {
    await Promise.all(programs.map((program) => program.close()));
    rmSync(folder, { recursive: true, force: true });
  }
};
