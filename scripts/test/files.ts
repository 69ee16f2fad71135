// Runs the test files against one real PostgreSQL, each in a session of its own. Must never leave a process or a folder behind.
import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedPostgres } from '../../src/cli/demo/postgres.ts';
import { longFirst } from './long-files.ts';
import { runInSession, type SessionRun } from './session.ts';
import type { Counts } from './summary-reporter.ts';

const patterns = ['src/**/*.test.ts', 'sandbox/**/*.test.ts', 'test/**/*.test.ts'];
/** Long runs (`npm run fuzz`, `npm run test:escape`) ask for more of it. */
const readPatience = (): number => Number(process.env['CLOISTER_TEST_PATIENCE'] ?? 1);
/** A file that is still there after this hangs: its own tests ended long before. */
const fileTimeoutMs = 180_000;
const testTimeoutMs = 120_000;
/** More than the two cores of CI: many files wait for a clock most of their time. */
const filesAtOnce = 3;

export const findTestFiles = (root: string, filters: readonly string[]): readonly string[] =>
  globSync(patterns, { cwd: root })
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort(longFirst);

const explain = ({ code, timedOut, leftovers }: SessionRun, counts: Counts | undefined): readonly string[] => [
  ...(timedOut ? [`did not end within ${(fileTimeoutMs * readPatience()) / 1_000} s: something keeps it alive`] : []),
  ...(counts === undefined && !timedOut ? [`died before its summary (exit code ${code})`] : []),
  ...(counts?.failed === 0 && code !== 0 && !timedOut ? [`ended with exit code ${code}`] : []),
  ...leftovers.map(({ pid, command }) => `left process ${pid} behind, which was ended: ${command}`),
];

/** The reporter's closing table is added up here, so its lines are left out. */
const withoutTable = (output: string): string =>
  output.replace(/^ℹ (?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) .*\n/gm, '').trimEnd();

/** Hears of each file when it has ended. */
export type OnFile = (file: string, output: string, seconds: number, hasFailed: boolean) => void;

interface Surroundings {
  readonly root: string;
  readonly databaseUrl: string;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onFile: OnFile;
  readonly atOnce: number;
}

const runFile = async (file: string, { root, databaseUrl, folder, signal, onFile }: Surroundings): Promise<Counts> => {
  const countsFile = join(folder, `${file.replaceAll('/', '-')}.json`);
  const args = [
    `--test-timeout=${testTimeoutMs * readPatience()}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(import.meta.dirname, 'summary-reporter.ts')}`,
    `--test-reporter-destination=${countsFile}`,
    join(root, file),
  ];
  // Hosts and commands are started by the hundred: each would strip and compile the same sources anew.
  const env = {
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    ...process.env,
    CLOISTER_TEST_DATABASE_URL: databaseUrl,
    NODE_ENV: 'test',
  };
  const startedAt = performance.now();
  const run = await runInSession(process.execPath, args, { env, signal, timeoutMs: fileTimeoutMs * readPatience() });
  const text = existsSync(countsFile) ? readFileSync(countsFile, 'utf8') : '';
  const counts = text === '' ? undefined : (JSON.parse(text) as Counts);
  const faults = explain(run, counts);
  const failed = (counts?.failed ?? 0) + faults.length;
  const said = faults.map((fault) => `✖ ${file} ${fault}`);
  onFile(file, [withoutTable(run.output), ...said].join('\n'), (performance.now() - startedAt) / 1_000, failed > 0);
  return { passed: counts?.passed ?? 0, failed };
};

/** Each worker takes the next file from the one list. */
const runAll = async (files: readonly string[], surroundings: Surroundings): Promise<Counts> => {
  const queue = [...files];
  const total = { passed: 0, failed: 0 };
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined && !surroundings.signal.aborted; file = queue.shift()) {
      const counts = await runFile(file, surroundings);
      total.passed += counts.passed;
      total.failed += counts.failed;
    }
  };
  await Promise.all(Array.from({ length: surroundings.atOnce }, work));
  return total;
};

export const runTestFiles = async (
  root: string,
  files: readonly string[],
  signal: AbortSignal,
  onFile: OnFile,
  atOnce = filesAtOnce,
): Promise<Counts> => {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-test-'));
  // The server may run as another user, who has to pass through.
  chmodSync(folder, 0o711);
  try {
    const postgres = await openEmbeddedPostgres({ folder: join(folder, 'database'), durable: false });
    try {
      return await runAll(files, { root, databaseUrl: postgres.adminUrl, folder, signal, onFile, atOnce });
    } finally {
      await postgres.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
