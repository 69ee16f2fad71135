// `npm run chaos [-- --minutes 10] [--seed N] [--hosts 3] [--only PART-OF-A-TROUBLE]`: exit code 1 where something does not hold that has to. Must never decide itself what has to.
import { parseArgs } from 'node:util';
import { runChaos } from './chaos.ts';
import { printChecks } from './checks.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 0xffff_ffff)) },
    hosts: { type: 'string', default: '3' },
    pause: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});
const began = performance.now();
const { checks, statuses, troubles } = await runChaos({
  forMs: Number(values.minutes) * 60_000,
  seed: Number(values.seed),
  hosts: Number(values.hosts),
  pauseMs: Number(values.pause) * 1_000,
  only: new RegExp(values.only),
  say: (line) => console.log(`${((performance.now() - began) / 1_000).toFixed(1).padStart(7)} s  ${line}`),
});
console.log(`\ntroubles: ${[...troubles].map(([name, times]) => `${String(times)} × ${name}`).join(', ')}`);
console.log(
  `answers:  ${[...statuses]
    .toSorted(([, one], [, other]) => other - one)
    .map(([status, times]) => `${String(times)} × ${status}`)
    .join(', ')}\n`,
);
console.log(printChecks(checks));
const failed = checks.filter(({ wrong }) => wrong.length > 0).length;
console.log(`${String(checks.length - failed)} hold, ${String(failed)} do not`);
process.exitCode = failed === 0 ? 0 : 1;
