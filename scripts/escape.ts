// `npm run test:escape [-- --seed N]`: every attack, whole, two files at once, and class by class how many cases were held by which wall. Must never leave a file out because it takes long.
import { globSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { files as keyed, parseTest } from '../test/escape/catalogue/case.ts';
import { casesOf, classes } from '../test/escape/catalogue/catalogue.ts';
import { makeRandom } from '../test/helpers/random.ts';
import { isHeld, type Outcomes, readOutcomes } from './escape/outcomes.ts';
import { type OnFile, runTestFiles } from './test/files.ts';

const root = dirname(import.meta.dirname);
const { values } = parseArgs({ options: { seed: { type: 'string' } } });
const seed = values.seed === undefined ? Math.floor(Math.random() * 0xffff_ffff) : Number(values.seed);
if (!Number.isInteger(seed) || seed < 0) {
  console.error('--seed takes a whole number');
  process.exit(2);
}
Object.assign(process.env, { CLOISTER_TEST_SEED: String(seed), CLOISTER_TEST_WHOLE: '1', CLOISTER_TEST_PATIENCE: '4' });

const random = makeRandom(seed);
/** The seed decides the order, but for the longest: begun last they would run alone. */
const first = ['escape/handed-over', 'escape/survival', 'limits/swelling', 'escape/names', 'limits/memory', 'limits/off-heap'].map(
  (name) => `test/${name}.test.ts`,
);
const shuffle = (list: readonly string[]): readonly string[] =>
  list
    .map((file) => [first.includes(file) ? first.indexOf(file) - first.length : random(), file] as const)
    .sort(([one], [other]) => one - other)
    .map(([, file]) => file);
const hostile = globSync(['test/{escape,limits,isolation,fuzz}/**/*.test.ts'], { cwd: root });
const all = shuffle([...new Set([...hostile, ...Object.values(keyed)])].sort());

const startedAt = performance.now();
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
const outcomes = new Map<string, Outcomes>();
console.log(`seed ${seed}: ${all.length} files`);
/** Attacks have clocks of their own: on two cores no third file should take theirs. */
const atOnce = 2;
const onFile: OnFile = (file, output, secondsTaken, hasFailed) => {
  outcomes.set(file, readOutcomes(output));
  if (hasFailed) console.log(`\n${file}\n${output}`);
  else console.log(`✔ ${file} (${secondsTaken.toFixed(1)} s)`);
};
const counts = await runTestFiles(root, all, stopping.signal, onFile, atOnce);

let missed = counts.failed;
const row = (cells: readonly (string | number)[]): string =>
  cells.map((cell, index) => (index === 1 ? String(cell).padEnd(38) : String(cell).padStart(6))).join(' ');
console.log(`\n${row(['class', '', 'cases', 'held', 'out', 'tests'])}  by which wall`);
for (const [letter, name, count] of classes) {
  const byWall = new Map<string, number>();
  const usedFiles = new Set<string>();
  let held = 0;
  let outOfScope = 0;
  for (const { id, wall, tests } of casesOf(letter)) {
    if (wall === null) {
      outOfScope += 1;
      continue;
    }
    const broken = tests.filter((one) => {
      const { file, name: test } = parseTest(one);
      usedFiles.add(file);
      const outcome = outcomes.get(file);
      return outcome === undefined || !isHeld(outcome, test);
    });
    if (broken.length > 0) console.log(`NOT HELD ${id}: ${broken.join('; ')}`);
    else {
      held += 1;
      byWall.set(wall, (byWall.get(wall) ?? 0) + 1);
    }
  }
  missed += count - outOfScope - held;
  const tests = [...usedFiles].reduce((sum, file) => sum + (outcomes.get(file)?.tests ?? 0), 0);
  console.log(
    `${row([letter, name, count, held, outOfScope, tests])}  ${[...byWall]
      .sort(([, one], [, other]) => other - one)
      .map(([wall, times]) => `${wall} ${times}`)
      .join(', ')}`,
  );
}
console.log(
  `\n${counts.passed} tests passed, ${counts.failed} failed, seed ${seed}, in ${Math.round((performance.now() - startedAt) / 1_000)} s`,
);
process.exitCode = missed === 0 ? 0 : 1;
