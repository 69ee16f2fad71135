// The process that bundles: what happens to it, and what is left of it. Must never leave a process behind.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makePackageLimits } from '../../src/limits/package-table.ts';
import type { BundleRequest } from '../../src/packages/bundle-request.ts';
import { openBundler } from '../../src/packages/bundler.ts';
import { openTemporaryFolder, type TemporaryFolder } from './package-writer.ts';

interface Running {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly command: string;
}

const readProcess = async (pid: string): Promise<Running | null> => {
  try {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8');
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : { pid: Number(pid), parent: Number(fields[1]), group: Number(fields[2]), command };
  } catch {
    return null;
  }
};

/** Processes below `root`, by parent. */
const descendants = async (root: number): Promise<readonly Running[]> => {
  const all = (await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(readProcess))).filter(
    (one) => one !== null,
  );
  const below = (parent: number): readonly Running[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(root);
};

const isAlive = async (pid: number): Promise<boolean> => (await readProcess(String(pid))) !== null;

const settle = async (pids: readonly number[]): Promise<number> => {
  for (let turn = 0; turn < 600; turn += 1) {
    const alive = (await Promise.all(pids.map(isAlive))).filter(Boolean).length;
    if (alive === 0) return 0;
    await delay(50);
  }
  return pids.length;
};

describe('the bundler', { timeout: 120_000 }, () => {
  let folder: TemporaryFolder;
  const requestFor = (file: string, bundleMs = 20_000): BundleRequest => ({
    root: folder.root,
    entry: { kind: 'file', path: file },
    output: 'script',
    limits: makePackageLimits({ bundleMs }),
  });
  before(async () => {
    folder = await openTemporaryFolder();
    // Some seconds of work for esbuild, in a form that it gets through in the end.
    const slow = Array.from(
      { length: 400_000 },
      (_, index) => `export async function f${index}(a) { for await (const x of a) { await x?.y?.[z] } }`,
    ).join('\n');
    await folder.write({ 'good.js': 'module.exports = 1', 'bad.js': '(', 'deep.js': '['.repeat(1_200_000), 'slow.js': slow });
  });
  after(() => folder.remove());

  test('bundles on after a refusal and after a source that ended it', async () => {
    const bundler = openBundler();
    const replies = await Promise.all(
      ['/good.js', '/bad.js', '/good.js', '/deep.js', '/good.js'].map((file) => bundler.bundle(requestFor(file))),
    );
    assert.deepEqual(
      replies.map(({ ok }) => ok),
      [true, false, true, false, true],
    );
    await bundler.close();
    assert.deepEqual(
      (await descendants(process.pid)).map(({ command }) => command),
      [],
    );
  });

  test('refuses what takes longer than bundleMs, ends its processes and bundles on', async () => {
    const bundler = openBundler();
    await bundler.bundle(requestFor('/good.js'));
    const started = performance.now();
    const slow = bundler.bundle({ ...requestFor('/slow.js', 700), limits: makePackageLimits({ bundleMs: 700, sourceBytes: 100_000_000 }) });
    // Those that bundled the first: on a busy machine a look takes longer than they have left.
    const below = await descendants(process.pid);
    const busy = below.map(({ pid }) => pid);
    assert.equal(busy.length, 2, 'the process and its esbuild');
    // esbuild would work on for seconds after its input has ended.
    assert.ok(
      below.every(({ group }) => group === busy[0]),
      'one group, so that they end together',
    );
    const reply = await slow;
    const tookMs = performance.now() - started;
    assert.equal(reply.ok === false && reply.cause.includes('bundleMs'), true);
    assert.ok(tookMs < 20_000, `took ${tookMs} ms`);
    assert.equal(await settle(busy), 0);
    assert.equal((await bundler.bundle(requestFor('/good.js'))).ok, true);
    await bundler.close();
    assert.deepEqual(await descendants(process.pid), []);
  });

  test('ends with its host, even while it is busy and the host was killed', async () => {
    const host = fork(new URL('../fixtures/packages/busy-host.ts', import.meta.url), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    host.send({ ...requestFor('/slow.js'), limits: makePackageLimits({ sourceBytes: 100_000_000 }) });
    let below: readonly Running[] = [];
    while (below.length < 2) {
      await delay(50);
      below = await descendants(host.pid ?? 0);
    }
    await delay(300);
    host.kill('SIGKILL');
    assert.equal(await settle(below.map(({ pid }) => pid)), 0);
  });
});
