// `npm run mutations [-- part-of-a-name …]`: takes each defence of test/mutations/list.ts away in a copy of the sources and shows that a test notices. Must never change the sources it was started from.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutations } from '../test/mutations/list.ts';
import type { Mutation } from '../test/mutations/mutation.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = ['src', 'sandbox', 'test', 'scripts', 'extensions', 'docs', 'bench', 'package.json', 'package-lock.json', 'tsconfig.json'];
type Outcome = 'caught' | 'NOT CAUGHT' | 'BROKEN';

const copy = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-mutations-'));
  for (const source of sources) cpSync(join(root, source), join(folder, source), { recursive: true });
  // Hard links: a copy of hundreds of megabytes would take longer than the tests.
  spawnSync('cp', ['-al', join(root, 'node_modules'), join(folder, 'node_modules')], { stdio: 'inherit' });
  return folder;
};

interface Ran {
  readonly status: number | null;
  readonly output: string;
}

const run = (folder: string, args: readonly string[]): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
  });

const attempt = async (
  folder: string,
  { file, search, replace, tests }: Mutation,
): Promise<{ readonly outcome: Outcome; readonly detail: string }> => {
  const path = join(folder, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(search).length !== 2) return { outcome: 'BROKEN', detail: `${JSON.stringify(search)} does not stand once in ${file}` };
  writeFileSync(
    path,
    source.replace(search, () => replace),
  );
  try {
    const prepared = await run(folder, ['scripts/prepare.mjs']);
    if (prepared.status !== 0) return { outcome: 'BROKEN', detail: prepared.output.slice(-500) };
    const { output } = await run(folder, ['scripts/test.ts', ...tests]);
    const [, passed, failed] = /(\d+) passed, (\d+) failed\s*$/.exec(output) ?? [];
    // A defence that is missing fails some tests; a source that does not run fails all.
    if (failed === undefined || output.includes('died before its summary')) return { outcome: 'BROKEN', detail: output.slice(-500) };
    const first = /✖ failing tests:\s+test at [^\n]+\n✖ ([^\n]*)/.exec(output)?.[1] ?? '';
    return { outcome: Number(failed) > 0 ? 'caught' : 'NOT CAUGHT', detail: `${passed} passed, ${failed} failed: ${first}` };
  } finally {
    writeFileSync(path, source);
  }
};

const filters = process.argv.slice(2);
const chosen = mutations.filter(({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)));
const startedAt = performance.now();
const atOnce = 2;
let missed = 0;
const queue = [...chosen];
const work = async (): Promise<void> => {
  const folder = copy();
  try {
    for (let mutation = queue.shift(); mutation !== undefined; mutation = queue.shift()) {
      const { outcome, detail } = await attempt(folder, mutation);
      if (outcome !== 'caught') missed += 1;
      console.log(`${outcome.padEnd(10)} ${mutation.name}\n           ${detail}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
await Promise.all(Array.from({ length: Math.min(atOnce, chosen.length) }, work));
console.log(
  `${chosen.length - missed} of ${chosen.length} defences are guarded, in ${Math.round((performance.now() - startedAt) / 1_000)} s`,
);
process.exitCode = missed === 0 ? 0 : 1;
