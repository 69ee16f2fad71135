// Guards the test runner itself: what a test leaves behind is found and ended, and the closing line is always there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { longFiles } from '../../scripts/test/long-files.ts';
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

test('a hook of the whole file that fails is a failure', () => {
  const reporter = join(root, 'scripts/test/summary-reporter.ts');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'NODE_TEST_CONTEXT'));
  const { stdout } = spawnSync(process.execPath, ['--test-reporter', reporter, program('fails-in-its-last-hook.ts')], {
    encoding: 'utf8',
    env,
  });
  assert.deepEqual(JSON.parse(stdout), { passed: 1, failed: 1 });
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
