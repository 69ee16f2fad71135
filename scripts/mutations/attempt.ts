// One defence taken away in a copy of the sources, and what the tests said. Must never leave the copy changed, nor touch the sources it was made from.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mutation } from '../../test/mutations/mutation.ts';

/** `by clock`: all that failed waited too long, and the same tests pass with the defence in its place. */
export type Outcome = 'caught' | 'by clock' | 'NOT CAUGHT' | 'BROKEN';

export interface Attempt {
  readonly outcome: Outcome;
  readonly detail: string;
}

export interface Copy {
  attempt(mutation: Mutation): Promise<Attempt>;
  remove(): void;
}

const sources = [
  'src',
  'sandbox',
  'test',
  'scripts',
  'extensions',
  'docs',
  'bench',
  'templates',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];
const mostDetail = 500;
const clock = /test timed out|did not end within|not within \d+ ms|timed out after/i;

interface Ran {
  readonly status: number | null;
  readonly output: string;
}

interface Tested {
  readonly passed: number;
  readonly failed: number;
  /** What each failing test said, its name first. */
  readonly failures: readonly string[];
}

const run = (folder: string, args: readonly string[]): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
  });

/** A defence that is missing fails some tests; a source that does not run fails all: then the output's end is given instead. */
const test = async (folder: string, tests: readonly string[]): Promise<Tested | string> => {
  const { output } = await run(folder, ['scripts/test.ts', ...tests]);
  const [, passed, failed] = /(\d+) passed, (\d+) failed\s*$/.exec(output) ?? [];
  if (passed === undefined || failed === undefined || output.includes('died before its summary')) return output.slice(-mostDetail);
  const [said = ''] = output.split('\nWhat failed:');
  const blocks = said
    .split(/✖ failing tests:\n/)
    .slice(1)
    .flatMap((part) => part.split(/\ntest at [^\n]+\n/).slice(1));
  return { passed: Number(passed), failed: Number(failed), failures: blocks };
};

const describeFailures = ({ passed, failed, failures }: Tested): string =>
  `${String(passed)} passed, ${String(failed)} failed: ${(failures[0] ?? '').split('\n', 1)[0] ?? ''}`;

const judge = async (folder: string, { tests }: Mutation, restore: () => void): Promise<Attempt> => {
  const prepared = await run(folder, ['scripts/prepare.mjs']);
  if (prepared.status !== 0) return { outcome: 'BROKEN', detail: prepared.output.slice(-mostDetail) };
  const tested = await test(folder, tests);
  if (typeof tested === 'string') return { outcome: 'BROKEN', detail: tested };
  const detail = describeFailures(tested);
  if (tested.failed === 0) return { outcome: 'NOT CAUGHT', detail };
  if (tested.failures.some((failure) => !clock.test(failure))) return { outcome: 'caught', detail };
  // A busy machine lets tests wait too long as well as a missing defence does.
  restore();
  await run(folder, ['scripts/prepare.mjs']);
  const twin = await test(folder, tests);
  if (typeof twin !== 'string' && twin.failed === 0) return { outcome: 'by clock', detail };
  return {
    outcome: 'BROKEN',
    detail: `fails with the defence in its place too: ${typeof twin === 'string' ? twin : describeFailures(twin)}`,
  };
};

export const openCopy = (root: string): Copy => {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-mutations-'));
  for (const source of sources) cpSync(join(root, source), join(folder, source), { recursive: true });
  // Hard links: a copy of hundreds of megabytes would take longer than the tests.
  spawnSync('cp', ['-al', join(root, 'node_modules'), join(folder, 'node_modules')], { stdio: 'inherit' });
  return {
    async attempt(mutation) {
      const { file, search, replace } = mutation;
      const path = join(folder, file);
      const source = readFileSync(path, 'utf8');
      if (source.split(search).length !== 2)
        return { outcome: 'BROKEN', detail: `${JSON.stringify(search)} does not stand once in ${file}` };
      const restore = (): void => writeFileSync(path, source);
      writeFileSync(
        path,
        source.replace(search, () => replace),
      );
      try {
        return await judge(folder, mutation, restore);
      } finally {
        restore();
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
