// The ledger's writer against real trouble: SIGKILL, a full disk, a slow one, a second writer. Must never end a process it did not start.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { CloisterError } from '../../src/errors.ts';
import { ledgerBounds } from '../../src/ledger/bounds.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { openSink, type SinkFile } from '../../src/ledger/sink.ts';
import { verifyLedger } from '../../src/ledger/verify-ledger.ts';
import { makeFolder, requestStart } from './records.ts';

const unavailable = { code: 'ERR_LEDGER_UNAVAILABLE' };
/** A device or a pipe: it has no size and is never full. */
const unchecked = (fd: number): SinkFile => ({
  fd,
  sizeBytes: null,
  rotateBytes: null,
  next: () => Promise.reject(new Error('never full')),
});
const writer = join(import.meta.dirname, 'writer-child.ts');

interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  /** The next line it says. */
  next(): Promise<string>;
}

const startChild = (context: TestContext, command: string, args: readonly string[]): Child => {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  context.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { process: child, next: async () => String((await lines.next()).value) };
};

describe('a writer killed in the middle of its work', () => {
  test('leaves at most one unfinished line, and its file goes on through five such ends', async (context) => {
    const file = join(await makeFolder(context), 'ledger.ndjson');
    let last = 0;
    for (let round = 0; round < 5; round += 1) {
      const child = startChild(context, process.execPath, [writer, file, '10000']);
      const opened = Number((await child.next()).split(' ')[1]);
      assert.ok(opened >= last, 'no entry that was read back is lost');
      const { size } = await stat(file);
      // The kernel moves the size page by page: the kill falls into the write itself.
      while ((await stat(file)).size === size);
      child.process.kill('SIGKILL');
      await once(child.process, 'exit');
      const report = await verifyLedger(file);
      assert.equal(report.ok, true, report.reason);
      assert.ok(report.entries > opened, 'the round wrote something');
      last = report.entries;
    }
    const ledger = await openLedger({ file, ringSize: 0 });
    ledger.append(requestStart());
    await ledger.close();
    assert.equal((await verifyLedger(file)).ok, true);
  });
});

describe('a disk that refuses', () => {
  test('makes append throw, and once there is room again the chain goes on without a gap or a torn line', async (context) => {
    const file = join(await makeFolder(context), 'ledger.ndjson');
    const child = startChild(context, 'prlimit', ['--fsize=65536:unlimited', process.execPath, writer, file, '10', '5']);
    assert.equal(await child.next(), 'open 0');
    assert.equal(await child.next(), 'ERR_LEDGER_UNAVAILABLE');
    await promisify(execFile)('prlimit', ['--pid', String(child.process.pid), '--fsize=unlimited']);
    assert.equal(await child.next(), 'taken');
    child.process.stdin.write('stop\n');
    const [, sequence] = (await child.next()).split(' ');
    const report = await verifyLedger(file);
    assert.deepEqual([report.ok, report.torn, report.entries], [true, 0, Number(sequence)]);
    assert.ok((await stat(file)).size > 65_536);
  });
  test('makes flush() and close() say so instead of losing entries in silence', async () => {
    const handle = await open('/dev/full', 'a');
    const sink = openSink(unchecked(handle.fd), Date.now);
    sink.push('x\n');
    await assert.rejects(sink.flush(), unavailable);
    assert.throws(() => sink.check(), unavailable);
    await assert.rejects(sink.flush(), unavailable);
    await assert.rejects(sink.end(), unavailable);
    await handle.close();
  });
});

describe('a disk that is behind', () => {
  test('is waited for up to the bound, refuses at it, and gets every byte in order', async (context) => {
    const pipe = join(await makeFolder(context), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const handle = await open(pipe, 'r+');
    const sink = openSink(unchecked(handle.fd), Date.now);
    const line = `${'x'.repeat(1023)}\n`;
    let lines = 0;
    while (lines * line.length < ledgerBounds.pendingBytes.value - line.length) {
      sink.check();
      sink.push(line);
      lines += 1;
    }
    sink.check();
    sink.push(line);
    lines += 1;
    assert.throws(() => sink.check(), unavailable);
    const end = sink.end();
    const read = Buffer.alloc(lines * line.length);
    for (let at = 0; at < read.length; ) at += (await handle.read(read, at, read.length - at, null)).bytesRead;
    await end;
    sink.check();
    assert.ok(read.equals(Buffer.from(line.repeat(lines))));
    await handle.close();
  });
});

describe('a second writer to the same file', () => {
  const entry = async (file: string): Promise<void> => {
    const ledger = await openLedger({ file, ringSize: 0 });
    ledger.append(requestStart());
    await ledger.close();
  };
  test('is refused before it writes a byte, with the file and the pid, under whatever name', async (context) => {
    const folder = await makeFolder(context);
    const file = join(folder, 'ledger.ndjson');
    await symlink(file, join(folder, 'link.ndjson'));
    const child = startChild(context, process.execPath, [writer, file, '1', '60000']);
    await child.next();
    // Its first entry, so that nothing moves any more.
    while ((await stat(file)).size === 0) await sleep(20);
    const { size } = await stat(file);
    for (const name of ['ledger.ndjson', 'link.ndjson'])
      await assert.rejects(entry(join(folder, name)), ({ code, message }: CloisterError) => {
        assert.ok(message.includes(file) && message.includes(`process ${String(child.process.pid)}`), message);
        return code === 'ERR_LEDGER_UNAVAILABLE';
      });
    assert.equal((await stat(file)).size, size);
    assert.equal((await verifyLedger(file)).ok, true, 'a reader asks for no lock');
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
    await entry(file);
    assert.equal((await verifyLedger(file)).ok, true);
    assert.deepEqual((await readdir(folder)).toSorted(), ['ledger.ndjson', 'link.ndjson']);
  });
  test('of one process is refused too, and has its turn when the first is closed', async (context) => {
    const file = join(await makeFolder(context), 'ledger.ndjson');
    const first = await openLedger({ file, ringSize: 0 });
    await assert.rejects(openLedger({ file, ringSize: 0 }), unavailable);
    const waiting = openLedger({ file, ringSize: 0, waitMs: 60_000 });
    first.append(requestStart());
    await first.close();
    const second = await waiting;
    second.append(requestStart());
    await second.close();
    assert.deepEqual([(await verifyLedger(file)).ok, (await verifyLedger(file)).entries], [true, 2]);
  });
  test('that does not ask is noticed: entries are refused from then on instead of making a chain that does not verify', async (context) => {
    const file = join(await makeFolder(context), 'ledger.ndjson');
    let nowMs = 0;
    const clock = (): number => nowMs;
    const first = await openLedger({ file, ringSize: 0, clock });
    first.append(requestStart());
    await first.flush();
    await rm(`${file}.lock`);
    const second = await openLedger({ file, ringSize: 0, clock });
    second.append(requestStart());
    await second.flush();
    nowMs += ledgerBounds.sizeCheckMs.value;
    first.append(requestStart());
    await assert.rejects(first.flush(), unavailable);
    assert.throws(() => first.append(requestStart()), unavailable);
    await assert.rejects(first.close(), unavailable);
    await second.close();
    assert.deepEqual((await verifyLedger(file)).ok, true);
  });
});
