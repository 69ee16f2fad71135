// `npm test [-- part-of-a-path …]`: checks and all tests, or the tests whose path has that part; `npm run test:whole`: with long tables whole. Its last line is always `N passed, N failed`.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChecks } from './test/checks.ts';
import { makeFailureBook } from './test/failure-book.ts';
import { findTestFiles, runTestBatches } from './test/files.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const filters = args.filter((arg) => arg !== '--whole');
if (args.includes('--whole')) Object.assign(process.env, { CLOISTER_TEST_WHOLE: '1', CLOISTER_TEST_PATIENCE: '4' });
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());

const failures = makeFailureBook();
let passed = 0;
let failed = 0;

const check = async (): Promise<void> => {
  for await (const outcome of runChecks(root, stopping.signal)) {
    console.log(`${outcome.passed ? '✔' : '✖'} ${outcome.name} (${outcome.seconds.toFixed(1)} s)`);
    if (outcome.passed) passed += 1;
    else failed += 1;
    if (outcome.passed) continue;
    console.log(outcome.output);
    failures.add(outcome.name, outcome.output);
  }
};

const test = async (): Promise<void> => {
  const files = findTestFiles(root, filters);
  if (files.length === 0) {
    console.log(`✖ no test file has ${filters.map((filter) => `'${filter}'`).join(' or ') || 'a name'} in its path`);
    failed += 1;
    return;
  }
  const counts = await runTestBatches(root, files, stopping.signal, (file, output, seconds, hasFailed) => {
    console.log(`\n${file} (${seconds.toFixed(1)} s)\n${output}`);
    if (hasFailed) failures.add(file, output);
  });
  passed += counts.passed;
  failed += counts.failed;
};

try {
  await Promise.all([filters.length === 0 ? check() : undefined, test()]);
} catch (error) {
  console.log('✖', error);
  failed += 1;
}
if (stopping.signal.aborted) failed += 1;
if (failures.text !== '') console.log(failures.text);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
