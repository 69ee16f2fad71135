// `npm run soak -- [--minutes 30] [--seed 1] [--only part-of-an-attack's-path …]`: the long soak, and what was asked of it. Exits with 1 where host or neighbours missed it.
import { parseArgs } from 'node:util';
import type { Belongings } from './belongings.ts';
import type { HostileSoakReport } from './hostile-report.ts';
import { runHostileSoak } from './hostile-soak.ts';
import { neighbourNames } from './hostile-traffic.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string', multiple: true } },
});
const minutes = Number(values.minutes ?? 30);
const seed = Number(values.seed ?? 1);
if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('usage: npm run soak -- [--minutes N] [--seed N] [--only PART …]');

const maxSlopeMb = 1;
const maxTimesQuiet = 2;
const maxLoopDelayMs = 50;
const least = 0.09;

const judge = (report: HostileSoakReport): readonly (readonly [what: string, is: string, held: boolean])[] => [
  ...neighbourNames.map((name) => {
    const { requests, failed } = report.mixed[name];
    return [`neighbour ${name}: answered`, `${String(requests - failed)} of ${String(requests)}`, failed === 0] as const;
  }),
  ...neighbourNames.map((name) => {
    const [quiet, mixed] = [report.quiet[name].p99Ms, report.mixed[name].p99Ms];
    return [
      `neighbour ${name}: p99 under ${String(maxTimesQuiet)} × quiet`,
      `${mixed.toFixed(1)} ms, quiet ${quiet.toFixed(1)} ms (p50 ${report.mixed[name].p50Ms.toFixed(1)}, quiet ${report.quiet[name].p50Ms.toFixed(1)})`,
      mixed <= quiet * maxTimesQuiet,
    ] as const;
  }),
  [
    `host: memory grows by less than ${String(maxSlopeMb)} MB a minute`,
    `${report.rssSlopeMb.toFixed(2)} MB a minute (${report.rssMb.map((mb) => mb.toFixed(0)).join(' → ')} MB)`,
    report.rssSlopeMb < maxSlopeMb,
  ],
  [
    'host: memory at rest grew by less than that',
    `${report.restedRssMb.map((mb) => mb.toFixed(0)).join(' → ')} MB`,
    report.restedRssMb[1] - report.restedRssMb[0] < maxSlopeMb * minutes,
  ],
  [
    `host: event loop under ${String(maxLoopDelayMs)} ms late at p99`,
    `p50 ${report.loopDelayMs.p50.toFixed(1)}, p99 ${report.loopDelayMs.p99.toFixed(1)}, max ${report.loopDelayMs.max.toFixed(1)} ms (quiet p99 ${report.quietLoopDelayMs.p99.toFixed(1)}, max ${report.quietLoopDelayMs.max.toFixed(1)})`,
    report.loopDelayMs.p99 < maxLoopDelayMs,
  ],
  [
    'a tenth of all requests hostile',
    `${(report.hostileShare * 100).toFixed(1)} % (${String(report.hostile)})`,
    report.hostileShare >= least,
  ],
  [
    'nothing is left, nothing was seen',
    report.faults.length === 0 ? 'nothing' : `${String(report.faults.length)} faults`,
    report.faults.length === 0,
  ],
];

const counts = (name: string, belongings: Belongings): string =>
  `  ${name.padEnd(18)} ${Object.entries(belongings)
    .map(([what, count]) => `${what} ${String(count)}`)
    .join(', ')}`;

const report = await runHostileSoak({ minutes, seed, only: values.only ?? [], onProgress: (line) => console.log(`  ${line}`) });
const judged = judge(report);
console.log(
  [
    `${String(minutes)} minutes, seed ${String(seed)}`,
    ...judged.map(([what, is, held]) => `  ${held ? 'held  ' : 'MISSED'} ${what}: ${is}`),
    ...[...report.answers].map(
      ([name, all]) =>
        `  ${name.padEnd(10)} ${[...all]
          .toSorted(([one], [other]) => (one < other ? -1 : 1))
          .map(([answer, count]) => `${answer}: ${String(count)}`)
          .join(', ')}`,
    ),
    counts('at rest, before', report.before),
    counts('at rest, after', report.after),
    counts('closed, before', report.closedBefore),
    counts('closed, after', report.closedAfter),
    ...[...new Set(report.faults)].slice(0, 30).map((fault) => `    ${fault}`),
  ].join('\n'),
);
process.exitCode = judged.every(([, , held]) => held) ? 0 : 1;
