// One chain over many files: when a file is full, when putting it away fails, when the writer dies in between. Must never use anything but real files.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, type TestContext, test } from 'node:test';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { findRotated } from '../../src/ledger/rotation.ts';
import { verifyLedger } from '../../src/ledger/verify-ledger.ts';
import { makeFolder, requestStart } from './records.ts';

const unavailable = { code: 'ERR_LEDGER_UNAVAILABLE' };
const rotateBytes = 4_096;

const append = async (file: string, count: number): Promise<number> => {
  const ledger = await openLedger({ file, ringSize: 0, rotateBytes });
  for (let index = 0; index < count; index += 1) {
    ledger.append(requestStart());
    if (index % 5 === 0) await ledger.flush();
  }
  await ledger.close();
  return ledger.head().sequence;
};
const makeLedgerFiles = async (context: TestContext): Promise<string> => {
  const file = join(await makeFolder(context), 'ledger.ndjson');
  await append(file, 100);
  assert.ok((await findRotated(file)).length >= 3);
  return file;
};
const firstRotated = async (file: string): Promise<string> => (await findRotated(file))[0] ?? assert.fail('nothing was put away');

describe('a ledger over several files', () => {
  test('is one chain, in files of about the size that was asked for, each with the mode 600', async (context) => {
    const file = await makeLedgerFiles(context);
    const rotated = await findRotated(file);
    const report = await verifyLedger(file);
    assert.deepEqual([report.ok, report.entries, report.files, report.torn], [true, 100, rotated.length + 1, 0]);
    for (const one of rotated) {
      const { size, mode } = await stat(one);
      assert.ok(size >= rotateBytes && size < 2 * rotateBytes, `${size} bytes`);
      assert.equal(mode & 0o777, 0o600);
    }
  });
  test('leaves no file open where the last entry filled one', { skip: process.platform !== 'linux' }, async (context) => {
    const file = join(await makeFolder(context), 'ledger.ndjson');
    const before = (await readdir('/proc/self/fd')).length;
    for (let round = 0; round < 10; round += 1) {
      const ledger = await openLedger({ file, ringSize: 0, rotateBytes: 1 });
      ledger.append(requestStart());
      await ledger.close();
      // Whatever was under way has ended by then.
      await stat(file);
    }
    assert.equal((await readdir('/proc/self/fd')).length, before);
    assert.equal((await verifyLedger(file)).ok, true);
  });
  test('goes on where it stopped, over restarts', async (context) => {
    const file = await makeLedgerFiles(context);
    assert.equal(await append(file, 50), 150);
    assert.deepEqual([(await verifyLedger(file)).ok, (await verifyLedger(file)).entries], [true, 150]);
  });
  test('goes on from the last full file when the next one was never begun', async (context) => {
    const file = await makeLedgerFiles(context);
    await rm(file);
    const before = await verifyLedger(file);
    assert.equal(before.ok, true, before.reason);
    assert.equal(await append(file, 1), before.entries + 1);
    assert.equal((await verifyLedger(file)).ok, true);
  });
  test('finishes what a killed writer began: a full file with two names', async (context) => {
    const file = await makeLedgerFiles(context);
    const last = (await findRotated(file)).at(-1) ?? '';
    await rm(file);
    await link(last, file);
    const before = await verifyLedger(file);
    assert.equal(before.ok, true, before.reason);
    await append(file, 1);
    const report = await verifyLedger(file);
    assert.equal(report.ok, true, report.reason);
  });
  test('does not put a file over one that is there: it goes on in the full one and loses nothing', async (context) => {
    const file = join(await makeFolder(context), 'ledger.ndjson');
    const blocked = join(file, '..', 'ledger.0000000000000001.ndjson');
    await mkdir(blocked);
    await append(file, 100);
    assert.ok((await stat(file)).size > 3 * rotateBytes);
    await rename(blocked, join(file, '..', 'elsewhere'));
    const report = await verifyLedger(file);
    assert.deepEqual([report.ok, report.entries], [true, 100]);
  });
  test('survives SIGKILL at any moment with at most one torn line a kill', async (context) => {
    const file = join(await makeFolder(context), 'ledger.ndjson');
    const rounds = 6;
    for (let round = 0; round < rounds; round += 1) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'writer-child.ts'), file, '50', '0', '65536'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      context.after(() => child.kill('SIGKILL'));
      await once(createInterface({ input: child.stdout }), 'line');
      const { length } = await findRotated(file);
      while ((await findRotated(file)).length < length + 2) await new Promise((resolve) => setTimeout(resolve, 1));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const report = await verifyLedger(file);
      assert.equal(report.ok, true, `${report.reason} in ${report.firstBadFile}:${report.firstBadLine}`);
    }
    await append(file, 1);
    const report = await verifyLedger(file);
    assert.ok(report.ok && report.torn <= rounds, report.reason);
  });
});

describe('verify over several files', () => {
  for (const [name, spoil] of [
    ['a missing file', async (file: string) => rm((await findRotated(file))[1] ?? '')],
    ['a missing first file', async (file: string) => rm(await firstRotated(file))],
    [
      'an edited line',
      async (file: string) => {
        const one = await firstRotated(file);
        await writeFile(one, (await readFile(one, 'utf8')).replace('"tenant":"', '"tenant":"x'));
      },
    ],
    ['a file cut short', async (file: string) => truncate(await firstRotated(file), rotateBytes / 2)],
    [
      'two files with their names swapped and one line moved',
      async (file: string) => {
        const [one = '', two = ''] = await findRotated(file);
        const lines = (await readFile(two, 'utf8')).split('\n');
        await writeFile(one, `${await readFile(one, 'utf8')}${lines[1]}\n`);
      },
    ],
  ] as const)
    test(`finds ${name}`, async (context) => {
      const file = await makeLedgerFiles(context);
      await spoil(file);
      const report = await verifyLedger(file);
      assert.equal(report.ok, false);
      assert.ok(report.firstBadFile !== undefined && report.firstBadLine !== undefined);
    });
  test('does not mind the names: the entries say the order', async (context) => {
    const file = await makeLedgerFiles(context);
    const [one = '', two = ''] = await findRotated(file);
    await rename(one, `${one}.away`);
    await rename(two, one);
    await rename(`${one}.away`, two);
    assert.equal((await verifyLedger(file)).ok, true);
  });
  test('takes the entry before the first where earlier files were archived', async (context) => {
    const file = await makeLedgerFiles(context);
    const first = await firstRotated(file);
    const last = JSON.parse((await readFile(first, 'utf8')).trimEnd().split('\n').at(-1) ?? '') as { sequence: number; hash: string };
    await rm(first);
    assert.equal((await verifyLedger(file, { after: last })).ok, true);
    assert.equal((await verifyLedger(file, { after: { ...last, hash: '0'.repeat(64) } })).ok, false);
  });
  test('leaves other files of the folder alone', async (context) => {
    const file = await makeLedgerFiles(context);
    await writeFile(join(file, '..', 'ledger.old.ndjson'), 'no ledger');
    await writeFile(join(file, '..', 'other.0000000000000001.ndjson'), 'no ledger');
    assert.equal((await verifyLedger(file)).ok, true);
    assert.ok((await readdir(join(file, '..'))).includes('ledger.old.ndjson'));
  });
  test('refuses to go on where the last full file was edited', async (context) => {
    const file = await makeLedgerFiles(context);
    await rm(file);
    const last = (await findRotated(file)).at(-1) ?? '';
    await writeFile(last, (await readFile(last, 'utf8')).replaceAll('"tenant":"', '"tenant":"x'));
    await assert.rejects(openLedger({ file, ringSize: 0, rotateBytes }), unavailable);
  });
});
