// Guards the test runner itself: what a test leaves behind is found and ended, and the closing line is always there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findTestFiles } from '../../scripts/test/files.ts';
import { longFiles, makeBatches } from '../../scripts/test/long-files.ts';
import { runInSession } from '../../scripts/test/session.ts';

const root = join(import.meta.dirname, '../..');
const options = { env: process.env, signal: new AbortController().signal, timeoutMs: 10_000 };
const program = (name: string): string => join(import.meta.dirname, 'programs', name);

const isThere = (pid: number): boolean => existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';

describe('a run in a session of its own', { skip: process.platform !== 'linux' }, () => {
  test('finds and ends a process that was left behind', async () => {
    const { code, leftovers } = await runInSession(process.execPath, [program('leaves-a-process.ts')], options);
    assert.equal(code, 0);
    assert.deepEqual(
      leftovers.map(({ command }) => command),
      ['sleep 30'],
    );
    assert.equal(
      leftovers.some(({ pid }) => isThere(pid)),
      false,
    );
  });

  test('finds nothing after a clean end, and has its output', async () => {
    const run = await runInSession(process.execPath, ['-p', '1'], options);
    assert.deepEqual(run, { code: 0, output: '1\n', timedOut: false, leftovers: [] });
  });

  test('ends when it is told to stop', async () => {
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 100);
    const { code, timedOut } = await runInSession('sleep', ['30'], { ...options, signal: stopping.signal });
    assert.deepEqual([code, timedOut], [null, false]);
  });

  test('ends at its timeout', async () => {
    const { code, timedOut } = await runInSession('sleep', ['30'], { ...options, timeoutMs: 100 });
    assert.deepEqual([code, timedOut], [null, true]);
  });
});

describe('a file that fails outside its tests', () => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'NODE_TEST_CONTEXT'));
  const count = async (...args: readonly string[]): Promise<unknown> => {
    const reporter = ['--test-reporter', join(root, 'scripts/test/summary-reporter.ts')];
    const { output } = await runInSession(process.execPath, [...reporter, ...args], { ...options, env, timeoutMs: 60_000 });
    return JSON.parse(output.trim().split('\n').at(-1) ?? '');
  };
  const batch = join(root, 'scripts/test/batch.ts');
  const inBatch = (name: string): string => `test/setup/programs/${name}.ts`;
  test('by its last hook', async () => assert.deepEqual(await count(program('fails-in-its-last-hook.ts')), { passed: 1, failed: 1 }));
  test('by its last hook, among others', async () =>
    assert.deepEqual(await count(batch, inBatch('passes'), inBatch('fails-in-its-last-hook'), inBatch('passes-too')), {
      passed: 3,
      failed: 1,
    }));
  test('by being no program, among others', async () =>
    assert.deepEqual(await count(batch, inBatch('passes'), inBatch('not-there'), inBatch('passes-too')), { passed: 2, failed: 1 }));
  test('by a process that it leaves behind, among others', { skip: process.platform !== 'linux' }, async () =>
    assert.deepEqual(await count(batch, inBatch('leaves-a-process'), inBatch('passes')), { passed: 1, failed: 1 }),
  );
});

test('every test file is in one batch', () => {
  const files = findTestFiles(root, []);
  assert.deepEqual(makeBatches(files, 3).flat().toSorted(), files.toSorted());
});

test('every file that is to be begun early is there', () => {
  assert.deepEqual(
    longFiles.filter((file) => !existsSync(join(root, file))),
    [],
  );
});

describe('.ci/run', () => {
  let folder = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cloister-ci-'));
    mkdirSync(join(folder, '.ci'));
    cpSync(join(root, '.ci', 'run'), join(folder, '.ci', 'run'));
    chmodSync(join(folder, '.ci', 'run'), 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const rows = [
    { name: 'passes a good run through', script: 'echo "12 passed, 0 failed"', last: '12 passed, 0 failed', code: 0 },
    { name: 'passes a failure through', script: 'echo "11 passed, 1 failed"; exit 1', last: '11 passed, 1 failed', code: 1 },
    { name: 'says so when the run dies before its closing line', script: 'kill -9 $$', last: '0 passed, 1 failed', code: 137 },
    { name: 'fails a run that ends well without a closing line', script: 'true', last: '0 passed, 1 failed', code: 1 },
  ];
  for (const { name, script, last, code } of rows) {
    test(name, () => {
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'x', version: '1.0.0', scripts: { test: script } }));
      const run = spawnSync('bash', ['.ci/run'], { cwd: folder, encoding: 'utf8' });
      assert.equal(run.stdout.trimEnd().split('\n').at(-1), last);
      assert.equal(run.status === 0, code === 0);
    });
  }
});
