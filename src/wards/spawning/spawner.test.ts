// What the spawner starts is the host's as if the host had started it: its socket, its end, its death. Must never run against anything but real processes.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  echo,
  end,
  inTime,
  isThere,
  lost,
  obeyMs,
  parentOf,
  program,
  read,
  untilGone,
  waitMs,
  whyNot,
} from '../../../test/helpers/spawned.ts';
import { openSpawnerChild, type SpawnerChild } from './spawner-child.ts';
import { startDirectly } from './started.ts';

/** As everybody on the machine can find it. */
const meetingPlaceOf = (pid: number): string => {
  const folder = `/proc/${String(pid)}/fd`;
  const inodes = new Set(readdirSync(folder).map((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1]));
  for (const [, inode, name] of readFileSync('/proc/net/unix', 'latin1').matchAll(/ (\d+) @(cloister-[0-9a-f]{32})$/gm))
    if (inodes.has(inode) && name !== undefined) return name;
  throw new Error('it listens nowhere');
};

describe('the spawner', { skip: whyNot }, () => {
  let child: SpawnerChild;
  let losses = 0;
  before(async () => {
    child = await openSpawnerChild(() => {
      losses += 1;
    });
  });
  after(() => child.close());
  const openAnother = async (context: TestContext, withinMs?: number): Promise<SpawnerChild> => {
    const other = await openSpawnerChild(() => undefined, withinMs);
    context.after(() => end(other.pid));
    return other;
  };

  test('starts what it is told, as its own child and with an empty environment', async () => {
    const started = await child.start(program('socket.write(JSON.stringify(process.env) + "\\n")'));
    assert.equal(parentOf(started.pid), child.pid);
    assert.equal((await read(started, 1)).toString(), '{}\n');
    started.kill();
    assert.deepEqual(await started.ended, { how: 'exited by itself (SIGKILL)', blameless: false });
  });

  test('passes on what is said to a process and what it says, whole and in order', async () => {
    const started = await child.start(echo);
    const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 251));
    started.socket.write(sent);
    assert.ok((await read(started, sent.length)).equals(sent));
    started.socket.destroy();
    assert.equal((await started.ended).how, 'exited by itself (0)');
  });

  test('gives each of many its own socket', async () => {
    const many = await Promise.all(
      Array.from({ length: 24 }, (_, index) => child.start(program('socket.write(process.argv[1].padStart(2))', String(index)))),
    );
    const said = await Promise.all(many.map(async (started) => (await read(started, 2)).toString().trim()));
    assert.deepEqual(
      said,
      many.map((_, index) => String(index)),
    );
    for (const started of many) started.kill();
    await Promise.all(many.map(({ ended }) => ended));
  });

  const endings: readonly (readonly [name: string, source: string, how: string])[] = [
    ['a status', 'process.exit(7)', 'exited by itself (7)'],
    ['a signal', 'process.kill(process.pid, "SIGABRT")', 'exited by itself (SIGABRT)'],
  ];
  for (const [name, source, how] of endings)
    test(`says of a process that it ended by ${name}, as the host would, after all it said`, async () => {
      const said = `socket.write(Buffer.alloc(1_000_000, 1), () => { ${source} })`;
      for (const started of [await child.start(program(said)), startDirectly(program(said))]) {
        const [all] = await Promise.all([
          read(started, 1_000_000),
          started.ended.then((end) => assert.deepEqual(end, { how, blameless: false })),
        ]);
        assert.equal(all.length, 1_000_000);
      }
    });

  test('says what it cannot start, and starts the next', async () => {
    await assert.rejects(child.start({ file: '/nowhere/at-all', args: [] }), /ENOENT/);
    const started = await child.start(echo);
    started.kill();
    await started.ended;
  });

  test('gives nobody a process who found where its ends meet', async () => {
    const name = meetingPlaceOf(child.pid);
    let [isOver, heard] = [false, 0];
    const pester = async (): Promise<void> => {
      while (!isOver) {
        const stranger = connect(`\0${name}`);
        stranger.on('error', () => undefined).on('data', () => (heard += 1));
        stranger.write(Buffer.alloc(16, 7));
        await new Promise((resolve) => stranger.once('close', resolve));
      }
    };
    const pestering = Promise.all(Array.from({ length: 8 }, pester));
    const many = await Promise.all(Array.from({ length: 24 }, () => child.start(program('socket.write("mine")'))));
    const said = await Promise.all(many.map(async (started) => (await inTime(read(started, 4))).toString()));
    isOver = true;
    for (const started of many) started.kill();
    await Promise.all(many.map(({ ended }) => ended));
    await pestering;
    assert.deepEqual([said, heard], [many.map(() => 'mine'), 0]);
  });

  test('does not end where the terminal interrupts everybody', async () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(child.pid, signal);
    const started = await child.start(echo);
    started.kill();
    await started.ended;
  });

  test('takes with it all that it started, where it is killed, and fails who waits', async (context) => {
    const other = await openAnother(context);
    const started = await other.start(program('socket.resume(); setInterval(() => 0, 1e6)'));
    process.kill(other.pid, 'SIGSTOP');
    const coming = other.start(echo);
    process.kill(other.pid, 'SIGKILL');
    await assert.rejects(inTime(coming), /is gone/);
    await untilGone(started.pid);
    assert.deepEqual(await inTime(started.ended), lost);
    await other.close();
  });

  test('does not keep from its end, where it hangs, what it was told to kill', async (context) => {
    const other = await openAnother(context, obeyMs);
    const started = await other.start(program('setInterval(() => 0, 1e6)'));
    process.kill(other.pid, 'SIGSTOP');
    started.kill();
    await untilGone(started.pid);
    assert.equal((await inTime(started.ended)).how, 'was killed, and does not go');
    process.kill(other.pid, 'SIGCONT');
    const next = await inTime(other.start(echo));
    next.kill();
    await inTime(next.ended);
    await other.close();
  });
  test('is not ended where it was the host that stood still', async (context) => {
    const other = await openAnother(context, obeyMs);
    const [bystander, killed] = [await other.start(echo), await other.start(echo)];
    killed.kill();
    const coming = other.start(echo);
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, obeyMs * 2);
    const started = await inTime(coming);
    assert.equal((await inTime(killed.ended)).how, 'exited by itself (SIGKILL)');
    await sleep(obeyMs);
    assert.ok(isThere(other.pid) && isThere(bystander.pid));
    for (const one of [bystander, started]) one.kill();
    await Promise.all([bystander.ended, started.ended]);
    await other.close();
  });
  test('is ended where it does not start what it is told', async (context) => {
    const other = await openAnother(context, obeyMs);
    process.kill(other.pid, 'SIGSTOP');
    await assert.rejects(inTime(other.start(echo)), /is gone/);
  });
  test('is ended where it does not go', async (context) => {
    const other = await openAnother(context, obeyMs);
    process.kill(other.pid, 'SIGSTOP');
    await inTime(other.close());
    await untilGone(other.pid);
  });

  test('leaves nothing when it is closed', async (context) => {
    const other = await openAnother(context);
    const started = await other.start(program('setInterval(() => 0, 1e6)'));
    await other.close();
    // Not even for who takes note of ends: in a container nobody else may.
    assert.deepEqual(
      [other.pid, started.pid].map((pid) => existsSync(`/proc/${String(pid)}`)),
      [false, false],
    );
    assert.deepEqual(await inTime(started.ended), lost);
    assert.equal(losses, 0);
  });

  /** Another host, that goes on as it is told. `limit`: of its descriptors. */

  test('keeps nothing of what it cannot start', async () => {
    const descriptors = (): number => readdirSync(`/proc/${String(child.pid)}/fd`).length;
    const before = descriptors();
    const tooMuch = { file: process.execPath, args: Array.from({ length: 30 }, () => 'x'.repeat(100_000)) };
    for (let count = 0; count < 10; count += 1) await assert.rejects(child.start(tooMuch), /E2BIG/);
    for (const until = performance.now() + waitMs; descriptors() > before + 2 && performance.now() < until; ) await sleep(20);
    assert.ok(descriptors() <= before + 2, `${String(before)} → ${String(descriptors())}`);
  });
});
