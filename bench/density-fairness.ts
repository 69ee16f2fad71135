// A quiet tenant alone, and beside a noisy one: while there is processor left, and while there is none. Must never leave the server behind.
import { type Driven, drive, quantile } from './density-load.ts';
import { type Figures, openDensityServer, sumOf } from './density-run.ts';

export interface FairnessRow {
  readonly what: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the processor time of both, in percent. */
  readonly quietShare: number;
  readonly quietPerSecond: number;
  readonly noisyPerSecond: number;
  readonly faults: number;
}

interface Load {
  readonly connections: number;
  readonly pauseMs: number;
  /** Processor time that each request burns. */
  readonly burnMs: number;
  readonly extensions: number;
}

const idle: Load = { connections: 0, pauseMs: 0, burnMs: 0, extensions: 1 };
/** A person who clicks. */
const clicking: Load = { connections: 1, pauseMs: 20, burnMs: 0, extensions: 1 };
/** Less than one processor. */
const some: Load = { connections: 4, pauseMs: 40, burnMs: 2, extensions: 4 };
const flood: Load = { connections: 96, pauseMs: 0, burnMs: 10, extensions: 8 };
const demanding: Load = { connections: 4, pauseMs: 0, burnMs: 10, extensions: 2 };

const runs: readonly { readonly what: string; readonly quiet: Load; readonly noisy: Load }[] = [
  { what: 'a quiet tenant alone', quiet: clicking, noisy: idle },
  { what: 'beside one that uses some of the machine', quiet: clicking, noisy: some },
  { what: 'beside a flood', quiet: clicking, noisy: flood },
  { what: 'a demanding tenant alone', quiet: demanding, noisy: idle },
  { what: 'beside a flood: equal weights', quiet: demanding, noisy: flood },
];

const extensions = 8;

export const runFairness = async (seconds: number, memoryMb: number): Promise<readonly FairnessRow[]> => {
  const { program, close } = await openDensityServer(extensions, { memoryMb });
  const { port } = program.ready;
  const run = (tenant: string, { connections, pauseMs, burnMs, extensions: most }: Load, forSeconds = seconds): Promise<Driven> => {
    let turn = 0;
    const next = () => {
      turn += 1;
      return { tenant, path: `/pack-${turn % most}${burnMs === 0 ? '' : `/burn/${burnMs}`}` };
    };
    return drive({ port, connections, seconds: forSeconds, pauseMs, next });
  };
  const cpuOf = async (tenant: string): Promise<number> => {
    const { metrics } = await program.ask<Figures>('figures');
    return sumOf(metrics, 'cloister_cpu_seconds_total', `tenant="${tenant}"`);
  };
  try {
    for (const tenant of ['quiet', 'noisy']) await run(tenant, { connections: 8, pauseMs: 0, burnMs: 0, extensions }, 1);
    const rows: FairnessRow[] = [];
    for (const { what, quiet, noisy } of runs) {
      const before = { quiet: await cpuOf('quiet'), noisy: await cpuOf('noisy') };
      const [asked, beside] = await Promise.all([run('quiet', quiet), run('noisy', noisy)]);
      const used = { quiet: (await cpuOf('quiet')) - before.quiet, noisy: (await cpuOf('noisy')) - before.noisy };
      const all = [...asked.warmMs, ...asked.wakesMs].sort((one, other) => one - other);
      rows.push({
        what,
        p50Ms: quantile(all, 0.5),
        p99Ms: quantile(all, 0.99),
        quietShare: (used.quiet / (used.quiet + used.noisy)) * 100,
        quietPerSecond: all.length / asked.seconds,
        noisyPerSecond: (beside.statuses.get(200) ?? 0) / beside.seconds,
        faults: [...asked.statuses, ...beside.statuses].reduce((sum, [status, count]) => sum + (status === 200 ? 0 : count), 0),
      });
    }
    return rows;
  } finally {
    await close();
  }
};
