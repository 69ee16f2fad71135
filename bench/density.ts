// `npm run bench:density`: many pairs of extension and tenant on one machine, in bounded memory. Exits with 1 where memory or success is not as promised.
import { parseArgs } from 'node:util';
import { type FairnessRow, runFairness } from './density-fairness.ts';
import { type DensityRow, runDensity } from './density-run.ts';
import { makeTable } from './table.ts';

const usage =
  'npm run bench:density -- [--pairs 10000] [--extensions 10] [--seconds 60] [--connections 32] [--skew 1.1] [--memory 2048] [--seed 1] [--fairness]';
const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    pairs: text,
    extensions: text,
    seconds: text,
    connections: text,
    skew: text,
    memory: text,
    seed: text,
    fairness: { type: 'boolean', default: false },
  },
});

const number = (name: string, given: string | undefined, fallback: number): number => {
  const found = given === undefined ? fallback : Number(given);
  if (found > 0) return found;
  throw new Error(`--${name}: expected a number above 0, found "${given}"\n${usage}`);
};

const show = (row: DensityRow): string =>
  makeTable(
    ['density', ''],
    [
      ['pairs installed', String(row.pairs)],
      ['pairs asked for', String(row.asked)],
      ['hot pairs (half of all requests)', String(row.hot)],
      ['requests per second', row.requestsPerSecond.toFixed(0)],
      ['boots per second', row.bootsPerSecond.toFixed(1)],
      ['wakes', String(row.wakes)],
      ['wake p50 / p99 ms', `${row.wakeP50Ms.toFixed(0)} / ${row.wakeP99Ms.toFixed(0)}`],
      ['warm p50 / p99 ms', `${row.warmP50Ms.toFixed(1)} / ${row.warmP99Ms.toFixed(1)}`],
      ['wards put to sleep', String(row.sleeps)],
      ['wards at most', String(row.wards)],
      ['memory of the host, at most, MB', row.hostMb.toFixed(0)],
      ['memory of all wards, at most, MB', row.wardsMb.toFixed(0)],
      ['wards.memoryMb', String(row.settingMb)],
      ['success %', row.successPercent.toFixed(3)],
    ],
    1,
  );

const showFairness = (rows: readonly FairnessRow[]): string =>
  makeTable(
    ['a tenant’s requests', 'p50 ms', 'p99 ms', 'its CPU %', 'its req/s', 'noisy req/s', 'not 200'],
    rows.map((row) => [
      row.what,
      row.p50Ms.toFixed(1),
      row.p99Ms.toFixed(1),
      row.quietShare.toFixed(0),
      row.quietPerSecond.toFixed(0),
      row.noisyPerSecond.toFixed(0),
      String(row.faults),
    ]),
    1,
  );

process.once('SIGINT', () => process.exit(130));
const extensions = number('extensions', values.extensions, 10);
const memoryMb = number('memory', values.memory, 2_048);
if (values.fairness) console.log(showFairness(await runFairness(number('seconds', values.seconds, 10), memoryMb)));
else {
  const row = await runDensity({
    extensions,
    tenants: Math.ceil(number('pairs', values.pairs, 10_000) / extensions),
    seconds: number('seconds', values.seconds, 60),
    connections: number('connections', values.connections, 32),
    skew: number('skew', values.skew, 1.1),
    memoryMb,
    seed: number('seed', values.seed, 1),
  });
  console.log(show(row));
  if (row.successPercent < 100) console.error(`not all were answered: ${row.statuses}`);
  if (row.wardsMb > row.settingMb) console.error('the wards held more than wards.memoryMb');
  process.exitCode = row.successPercent < 100 || row.wardsMb > row.settingMb ? 1 : 0;
}
