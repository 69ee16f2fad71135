// One run of the density bench: installs, drives, measures. Must never leave the server or the packages behind.
import { makeRandom } from '../test/helpers/random.ts';
import { openProgram, type Program } from './child.ts';
import { type Driven, drive, makeZipf, quantile } from './density-load.ts';
import { watchMemory } from './density-memory.ts';
import { writePackages } from './density-packages.ts';

export interface DensityTerms {
  readonly tenants: number;
  readonly extensions: number;
  readonly seconds: number;
  readonly connections: number;
  readonly skew: number;
  readonly memoryMb: number;
  readonly seed: number;
}

export interface DensityRow {
  readonly pairs: number;
  /** Pairs that were asked for at all. */
  readonly asked: number;
  /** The fewest pairs that had half of the requests. */
  readonly hot: number;
  readonly requestsPerSecond: number;
  readonly bootsPerSecond: number;
  readonly wakes: number;
  readonly wakeP50Ms: number;
  readonly wakeP99Ms: number;
  readonly warmP50Ms: number;
  readonly warmP99Ms: number;
  readonly hostMb: number;
  readonly wardsMb: number;
  readonly settingMb: number;
  readonly wards: number;
  readonly sleeps: number;
  readonly successPercent: number;
  readonly statuses: string;
}

export interface Figures {
  readonly metrics: string;
  readonly refused: number;
}

/** All series of a counter with a label together. */
export const sumOf = (metrics: string, name: string, label: string): number =>
  metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);

export const openDensityServer = async (
  extensions: number,
  wards: Readonly<Record<string, number>>,
): Promise<{ readonly program: Program<{ readonly port: number }>; close(): Promise<void> }> => {
  const packages = await writePackages(extensions);
  try {
    const settings = JSON.stringify({ extensions: packages.folder, ids: packages.ids, wards });
    const program = await openProgram<{ readonly port: number }>({ file: 'servers/density.ts', args: [settings] });
    return { program, close: () => program.close().finally(packages.remove) };
  } catch (error) {
    await packages.remove();
    throw error;
  }
};

const halfOf = (driven: Driven): number => {
  const counts = [...driven.asked.values()].sort((one, other) => other - one);
  const half = counts.reduce((sum, count) => sum + count, 0) / 2;
  let sum = 0;
  return counts.findIndex((count) => (sum += count) >= half) + 1;
};

export const runDensity = async (terms: DensityTerms): Promise<DensityRow> => {
  const { tenants, extensions, seconds, connections, memoryMb } = terms;
  // Memory is to be what bounds them.
  const { program, close } = await openDensityServer(extensions, { memoryMb, max: 10_000 });
  try {
    const random = makeRandom(terms.seed);
    const tenant = makeZipf(tenants, terms.skew, random);
    const extension = makeZipf(extensions, terms.skew, random);
    const memory = watchMemory(program.pid);
    const next = () => ({ tenant: `tenant-${tenant()}`, path: `/pack-${extension()}` });
    const driven = await drive({ port: program.ready.port, connections, seconds, next });
    const most = memory.stop();
    const { metrics, refused } = await program.ask<Figures>('figures');
    if (refused > 0) throw new Error(`${refused} extensions could not be installed`);
    const requests = [...driven.statuses.values()].reduce((sum, count) => sum + count, 0);
    return {
      pairs: tenants * extensions,
      asked: driven.asked.size,
      hot: halfOf(driven),
      requestsPerSecond: requests / driven.seconds,
      bootsPerSecond: sumOf(metrics, 'cloister_life_total', 'event="cell.boot"') / driven.seconds,
      wakes: driven.wakesMs.length,
      wakeP50Ms: quantile(driven.wakesMs, 0.5),
      wakeP99Ms: quantile(driven.wakesMs, 0.99),
      warmP50Ms: quantile(driven.warmMs, 0.5),
      warmP99Ms: quantile(driven.warmMs, 0.99),
      ...most,
      settingMb: memoryMb,
      sleeps: sumOf(metrics, 'cloister_life_total', 'event="ward.sleep"'),
      successPercent: ((driven.statuses.get(200) ?? 0) / requests) * 100,
      statuses: [...driven.statuses].map(([status, count]) => `${status}: ${count}`).join(', '),
    };
  } finally {
    await close();
  }
};
