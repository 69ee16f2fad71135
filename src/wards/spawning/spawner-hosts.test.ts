// What becomes of a host and its spawner with each other: who starts, who ends whom, what neither keeps. Must never run against anything but real processes.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { echo, inTime, parentOf, untilGone, waitMs, whyNot } from '../../../test/helpers/spawned.ts';
import { Spawner } from './spawner.ts';

describe('the spawner of a host', { skip: whyNot }, () => {
  const openHost = (way: string, limit?: number): ChildProcess => {
    const file = fileURLToPath(new URL('../../../test/fixtures/spawner-host.ts', import.meta.url));
    const limits = limit === undefined ? '' : `ulimit -n ${String(limit)}; `;
    return spawn('/bin/sh', ['-c', `${limits}exec "$0" "$@"`, process.execPath, file, way], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  };
  const told = <Value>(host: ChildProcess): Promise<Value> => inTime(new Promise((resolve) => host.once('message', resolve)));

  for (const [way, when] of [
    ['idle', 'is killed'],
    ['starting', 'is killed while it has one started'],
  ] as const)
    test(`ends with a host that ${when}, and leaves nothing`, async () => {
      const host = openHost(way);
      const [spawner, ward] = await told<readonly [number, number]>(host);
      if (way === 'idle') host.kill('SIGKILL');
      await inTime(new Promise((resolve) => host.once('exit', resolve)));
      await Promise.all([untilGone(spawner), untilGone(ward)]);
    });

  test('refuses one, and only that, where the host has no descriptor left for it', async () => {
    const { became, tookMs, losses } = await told<{ readonly became: string; readonly tookMs: number; readonly losses: number }>(
      openHost('poor', 64),
    );
    assert.deepEqual([became, losses], ['refused', 0]);
    assert.ok(tookMs < 5_000, `${String(tookMs)} ms`);
  });

  test('does for a host that gave up rights nothing that it may not do itself', {
    skip: process.getuid?.() === 0 ? false : 'only who is root has rights to give up',
  }, async () => {
    assert.deepEqual(await told(openHost('humble')), { first: true, user: 65_534 });
  });

  test('keeps no host alive that would end', async () => {
    const host = openHost('forgetful');
    const spawner = await told<number>(host);
    assert.equal(await inTime(new Promise((resolve) => host.once('exit', resolve))), 0);
    await untilGone(spawner);
  });
});

test('a host without a descriptor to spare says that it could not start one, and lives', async () => {
  const file = fileURLToPath(new URL('../../../test/fixtures/start-without-descriptors.ts', import.meta.url));
  const host = spawn('/bin/sh', ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  host.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  assert.equal(await inTime(new Promise((resolve) => host.once('close', resolve))), 0);
  assert.match(said, /^could not be started: .*EMFILE/);
});

describe('who starts wards', { skip: whyNot }, () => {
  let givenUp = 0;
  const spawner = new Spawner(() => (givenUp += 1));
  after(() => spawner.close());
  const startOne = async (): Promise<number> => {
    const started = await spawner.start(echo);
    const parent = parentOf(started.pid);
    started.kill();
    await started.ended;
    return parent;
  };
  /** Starts until somebody else does it. */
  const untilOther = async (): Promise<number> => {
    for (const end = performance.now() + waitMs; performance.now() < end; ) {
      const parent = await startOne();
      if (parent !== process.pid) return parent;
    }
    throw new Error('the host starts all of them by itself');
  };

  test('is the host for the first ones', async () => {
    for (let count = 1; count < 4; count += 1) assert.equal(await startOne(), process.pid);
  });
  test('is the spawner from then on, also after one was lost', async () => {
    const first = await untilOther();
    assert.equal(await startOne(), first);
    process.kill(first, 'SIGKILL');
    const second = await untilOther();
    assert.notEqual(second, first);
  });
  test('is the host again where spawners are lost again and again', async () => {
    for (let count = 0; count < 2; count += 1) process.kill(await untilOther(), 'SIGKILL');
    await sleep(100);
    for (let count = 0; count < 3; count += 1) assert.equal(await startOne(), process.pid);
    assert.equal(givenUp, 1);
  });
  test('starts what the host could not have started either, and says so', async () => {
    const other = new Spawner(() => undefined);
    for (let count = 0; count < 6; count += 1) {
      const started = await other.start({ file: '/nowhere/at-all', args: [] });
      assert.match((await started.ended).how, /could not be started: .*ENOENT/);
    }
    await other.close();
  });
});
