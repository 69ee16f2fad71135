// Runs the test files against one real PostgreSQL, each in a session of its own. Must never leave a process or a folder behind.
import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedPostgres } from '../../src/cli/demo/postgres.ts';
import { longFirst, makeBatches } from './long-files.ts';
import { runInSession, type SessionRun } from './session.ts';
import type { Counts } from './summary-reporter.ts';

const patterns = ['src/**/*.test.ts', 'sandbox/**/*.test.ts', 'test/**/*.test.ts'];
/** Long runs (`npm run fuzz`, `npm run test:escape`) ask for more of it. */
const readPatience = (): number => Number(process.env['CLOISTER_TEST_PATIENCE'] ?? 1);
/** A file that is still there after this hangs: its own tests ended long before. */
const fileTimeoutMs = 180_000;
const testTimeoutMs = 120_000;
/** Six files after each other, each of which its own timeout ends sooner. */
const batchTimeoutMs = 2 * fileTimeoutMs;
/** More than the two cores of CI: many files wait for a clock most of their time. */
const filesAtOnce = 3;

export const findTestFiles = (root: string, filters: readonly string[]): readonly string[] =>
  globSync(patterns, { cwd: root })
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort(longFirst);

const explain = ({ code, timedOut, leftovers }: SessionRun, counts: Counts | undefined, timeoutMs: number): readonly string[] => [
  ...(timedOut ? [`did not end within ${timeoutMs / 1_000} s: something keeps it alive`] : []),
  ...(counts === undefined && !timedOut ? [`died before its summary (exit code ${code})`] : []),
  ...(counts?.failed === 0 && code !== 0 && !timedOut ? [`ended with exit code ${code}`] : []),
  ...leftovers.map(({ pid, command }) => `left process ${pid} behind, which was ended: ${command}`),
];

/** The reporter's closing table is added up here, so its lines are left out. */
const withoutTable = (output: string): string =>
  output.replace(/^ℹ (?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) .*\n/gm, '').trimEnd();

/** Hears of each file when it has ended; of several that share a process, once of all. */
export type OnFile = (file: string, output: string, seconds: number, hasFailed: boolean) => void;

interface Surroundings {
  readonly root: string;
  readonly databaseUrl: string;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onFile: OnFile;
  readonly atOnce: number;
}

/** One alone is run as it is. */
const programOf = (root: string, batch: readonly string[]): readonly string[] =>
  batch.length === 1 ? batch.map((file) => join(root, file)) : [join(import.meta.dirname, 'batch.ts'), ...batch];

const runBatch = async (batch: readonly string[], { root, databaseUrl, folder, signal, onFile }: Surroundings): Promise<Counts> => {
  const file = batch.join(', ');
  const timeoutMs = readPatience() * (batch.length === 1 ? fileTimeoutMs : batchTimeoutMs);
  const countsFile = join(folder, `${String(batch[0]).replaceAll('/', '-')}.json`);
  const args = [
    `--test-timeout=${testTimeoutMs * readPatience()}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(import.meta.dirname, 'summary-reporter.ts')}`,
    `--test-reporter-destination=${countsFile}`,
    ...programOf(root, batch),
  ];
  // Hosts and commands are started by the hundred: each would strip and compile the same sources anew.
  const env = {
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    ...process.env,
    CLOISTER_TEST_DATABASE_URL: databaseUrl,
    NODE_ENV: 'test',
  };
  const startedAt = performance.now();
  const run = await runInSession(process.execPath, args, { env, signal, timeoutMs });
  const text = existsSync(countsFile) ? readFileSync(countsFile, 'utf8') : '';
  const counts = text === '' ? undefined : (JSON.parse(text) as Counts);
  const faults = explain(run, counts, timeoutMs);
  const failed = (counts?.failed ?? 0) + faults.length;
  const said = faults.map((fault) => `✖ ${file} ${fault}`);
  onFile(file, [withoutTable(run.output), ...said].join('\n'), (performance.now() - startedAt) / 1_000, failed > 0);
  return { passed: counts?.passed ?? 0, failed };
};

/** Each worker takes the next batch from the one list. */
const runAll = async (batches: readonly (readonly string[])[], surroundings: Surroundings): Promise<Counts> => {
  const queue = [...batches];
  const total = { passed: 0, failed: 0 };
  const work = async (): Promise<void> => {
    for (let batch = queue.shift(); batch !== undefined && !surroundings.signal.aborted; batch = queue.shift()) {
      const counts = await runBatch(batch, surroundings);
      total.passed += counts.passed;
      total.failed += counts.failed;
    }
  };
  await Promise.all(Array.from({ length: surroundings.atOnce }, work));
  return total;
};

const runBatches = async (
  root: string,
  batches: readonly (readonly string[])[],
  signal: AbortSignal,
  onFile: OnFile,
  atOnce: number,
): Promise<Counts> => {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-test-'));
  // The server may run as another user, who has to pass through.
  chmodSync(folder, 0o711);
  try {
    const postgres = await openEmbeddedPostgres({ folder: join(folder, 'database'), durable: false });
    try {
      return await runAll(batches, { root, databaseUrl: postgres.adminUrl, folder, signal, onFile, atOnce });
    } finally {
      await postgres.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Each in a process of its own. */
export const runTestFiles = (
  root: string,
  files: readonly string[],
  signal: AbortSignal,
  onFile: OnFile,
  atOnce = filesAtOnce,
): Promise<Counts> =>
  runBatches(
    root,
    files.map((file) => [file]),
    signal,
    onFile,
    atOnce,
  );

/** Several in a process: what one costs before its first test is more than most files take. */
export const runTestBatches = (root: string, files: readonly string[], signal: AbortSignal, onFile: OnFile): Promise<Counts> =>
  runBatches(root, makeBatches(files, filesAtOnce), signal, onFile, filesAtOnce);
