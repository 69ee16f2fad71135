// The chain over restarts, crashes and edits of its file. Must never use anything but real files.
import assert from 'node:assert/strict';
import { appendFile, chmod, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { LedgerHead, LedgerRecord } from '../../src/ledger/entry.ts';
import { genesis, makeLine, sha256 } from '../../src/ledger/line.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { verifyLedger } from '../../src/ledger/verify-ledger.ts';
import { makeFolder, requestStart } from './records.ts';

const ringSize = 4;
const unavailable = { code: 'ERR_LEDGER_UNAVAILABLE' };

/** A file of `count` entries, written and closed. */
const makeFile = async (
  context: TestContext,
  count: number,
  prefix = 'r',
): Promise<{ readonly file: string; readonly head: LedgerHead }> => {
  const file = join(await makeFolder(context), 'ledger.ndjson');
  const ledger = await openLedger({ file, ringSize });
  for (let index = 0; index < count; index += 1) ledger.append(requestStart({ request: `${prefix}${index}` }));
  await ledger.close();
  return { file, head: ledger.head() };
};
const linesOf = async (file: string): Promise<readonly string[]> => (await readFile(file, 'utf8')).split('\n').slice(0, -1);
const continueOnce = async (file: string): Promise<void> => {
  const ledger = await openLedger({ file, ringSize });
  ledger.append(requestStart({ request: 'after' }));
  await ledger.close();
};

describe('an open ledger', () => {
  test('writes one line an entry, numbered without a gap, each naming the one before it', async (context) => {
    const { file, head } = await makeFile(context, 100);
    const entries = (await linesOf(file)).map(
      (line) =>
        JSON.parse(line) as { readonly sequence: number; readonly previous: string; readonly hash: string; readonly request: string },
    );
    assert.deepEqual(
      entries.map((entry) => entry.sequence),
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
    assert.deepEqual(
      entries.map((entry) => entry.request),
      Array.from({ length: 100 }, (_, index) => `r${index}`),
    );
    for (const [index, entry] of entries.entries()) assert.equal(entry.previous, entries[index - 1]?.hash ?? genesis.hash);
    assert.deepEqual(await verifyLedger(file), { ok: true, entries: 100, files: 1, torn: 0, head });
  });
  test('takes time from the clock it was given', async () => {
    const ledger = await openLedger({ file: null, ringSize, clock: () => 0 });
    ledger.append(requestStart());
    assert.equal(ledger.recent()[0]?.time, '1970-01-01T00:00:00.000Z');
  });
  test('keeps entries appended while a write is under way, in order', async (context) => {
    const file = join(await makeFolder(context), 'ledger.ndjson');
    const ledger = await openLedger({ file, ringSize });
    for (let turn = 0; turn < 50; turn += 1) {
      for (let index = 0; index < 20; index += 1) ledger.append(requestStart({ path: 'x'.repeat(turn * 10) }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ledger.close();
    assert.deepEqual(await verifyLedger(file), { ok: true, entries: 1_000, files: 1, torn: 0, head: ledger.head() });
  });
  test('has everything in the file once flush() resolves', async (context) => {
    const file = join(await makeFolder(context), 'ledger.ndjson');
    const ledger = await openLedger({ file, ringSize });
    ledger.append(requestStart());
    await ledger.flush();
    assert.equal((await linesOf(file)).length, 1);
    await ledger.close();
  });
  test('loses nothing that was appended in the turn of close()', async (context) => {
    const file = join(await makeFolder(context), 'ledger.ndjson');
    const ledger = await openLedger({ file, ringSize });
    for (let index = 0; index < 5_000; index += 1) ledger.append(requestStart());
    await Promise.all([ledger.close(), ledger.close()]);
    assert.equal((await linesOf(file)).length, 5_000);
  });
  test('refuses entries after close()', async () => {
    const ledger = await openLedger({ file: null, ringSize });
    await ledger.close();
    assert.throws(() => ledger.append(requestStart()), unavailable);
  });
  for (const [count, kept] of [
    [3, ['r0', 'r1', 'r2']],
    [4, ['r0', 'r1', 'r2', 'r3']],
    [5, ['r1', 'r2', 'r3', 'r4']],
    [11, ['r7', 'r8', 'r9', 'r10']],
  ] as const) {
    test(`of ${count} entries a ring of ${ringSize} has the latest, oldest first`, async () => {
      const ledger = await openLedger({ file: null, ringSize });
      for (let index = 0; index < count; index += 1) ledger.append(requestStart({ request: `r${index}` }));
      assert.deepEqual(
        ledger.recent().map((entry) => 'request' in entry && entry.request),
        kept,
      );
    });
  }
  test('keeps nothing in a ring of 0', async () => {
    const ledger = await openLedger({ file: null, ringSize: 0 });
    ledger.append(requestStart());
    assert.deepEqual(ledger.recent(), []);
  });
  test('makes its file readable to its owner only, also one that was wider', async (context) => {
    const { file } = await makeFile(context, 1);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    await chmod(file, 0o644);
    await continueOnce(file);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });
});

describe('after a restart', () => {
  test('the chain goes on where it stopped', async (context) => {
    const { file } = await makeFile(context, 3);
    await continueOnce(file);
    const { ok, entries } = await verifyLedger(file);
    assert.deepEqual({ ok, entries }, { ok: true, entries: 4 });
  });
  test('a file cut at any byte of its last two entries is tolerated, reported, and the chain goes on', async (context) => {
    const { file } = await makeFile(context, 3);
    const text = await readFile(file, 'utf8');
    const secondEnds = text.lastIndexOf('\n', text.lastIndexOf('\n') - 1) + 1;
    const firstEnds = text.indexOf('\n') + 1;
    for (let bytes = firstEnds; bytes < text.length; bytes += 1) {
      await writeFile(file, text.slice(0, bytes));
      const before = await verifyLedger(file);
      // The cut may fall just before a newline: that entry is whole.
      const whole = bytes >= text.length - 1 ? 3 : bytes >= secondEnds - 1 ? 2 : 1;
      const torn = [firstEnds, secondEnds - 1, secondEnds, text.length - 1].includes(bytes) ? 0 : 1;
      assert.deepEqual(
        { at: bytes, ok: before.ok, entries: before.entries, torn: before.torn },
        { at: bytes, ok: true, entries: whole, torn },
      );
      await continueOnce(file);
      const after = await verifyLedger(file);
      assert.deepEqual(
        { at: bytes, ok: after.ok, entries: after.entries, torn: after.torn },
        { at: bytes, ok: true, entries: whole + torn + 1, torn },
      );
    }
  });
  test('a first entry that was cut starts the chain anew', async (context) => {
    const { file } = await makeFile(context, 1);
    await truncate(file, 100);
    await continueOnce(file);
    const { ok, entries, torn } = await verifyLedger(file);
    assert.deepEqual({ ok, entries, torn }, { ok: true, entries: 2, torn: 1 });
  });
  test('a writer that was killed while it repaired the line of the one before is repaired too', async (context) => {
    const { file } = await makeFile(context, 2);
    await appendFile(file, '{"sequence":3,"ti\n{"sequence":3,"time":"20');
    await continueOnce(file);
    const { ok, entries, torn } = await verifyLedger(file);
    assert.deepEqual({ ok, entries, torn }, { ok: true, entries: 4, torn: 1 });
  });
  test('a torn line is a life entry in the ring, with its digest', async (context) => {
    const { file } = await makeFile(context, 2);
    await appendFile(file, '{"sequence":3');
    const ledger = await openLedger({ file, ringSize });
    const [entry] = ledger.recent();
    assert.ok(entry?.kind === 'life');
    assert.deepEqual([entry.event, entry.sequence], ['ledger.torn', 3]);
    await ledger.close();
  });
});

describe('a file that may not be continued is refused', () => {
  const edits: readonly (readonly [string, (file: string) => Promise<void>])[] = [
    ['a foreign text file', (file) => writeFile(file, 'hello\nworld\n')],
    ['a foreign text without a newline', (file) => writeFile(file, 'hello')],
    ['a JSON file', (file) => writeFile(file, '{\n  "name": "x"\n}\n')],
    ['a last entry whose status was edited', async (file) => writeFile(file, (await readFile(file, 'utf8')).replace('r2', 'rX'))],
    ['a forged entry without a hash', (file) => appendFile(file, '{"sequence":4,"kind":"life"}\n')],
    [
      'a forged entry with a wrong hash',
      (file) =>
        appendFile(
          file,
          `{"sequence":4,"time":"2026-01-01T00:00:00.000Z","previous":"${'0'.repeat(64)}","kind":"life","hash":"${'0'.repeat(64)}"}\n`,
        ),
    ],
    ['more unfinished text than crashes leave', (file) => appendFile(file, '{'.repeat(300_000))],
  ];
  for (const [name, edit] of edits) {
    test(name, async (context) => {
      const { file } = await makeFile(context, 3);
      await edit(file);
      const before = await readFile(file);
      await assert.rejects(openLedger({ file, ringSize }), unavailable);
      assert.deepEqual(await readFile(file), before);
    });
  }
  test('a folder', async (context) => assert.rejects(openLedger({ file: await makeFolder(context), ringSize }), unavailable));
  test('a device', () => assert.rejects(openLedger({ file: '/dev/null', ringSize }), unavailable));
  test('a file in a folder that is not there', async (context) =>
    assert.rejects(openLedger({ file: join(await makeFolder(context), 'no', 'ledger.ndjson'), ringSize }), unavailable));
});

/** An entry that follows from `line` by its hash, whoever made it. */
const remake = (line: string, head: Partial<LedgerHead>, record: LedgerRecord): string =>
  makeLine(record, { ...(JSON.parse(line) as LedgerHead), ...head }, '2026-01-01T00:00:00.000Z').line;
/** The line with the hash it would need: latin1, as the readers decode it. */
const rehash = (line: string): string => {
  const open = line.slice(0, line.lastIndexOf(',"hash"'));
  return `${open},"hash":"${sha256(`${open}}`)}"}`;
};

describe('verifyLedger', () => {
  const second = 1;
  const edits: readonly (readonly [string, number, (lines: readonly string[]) => readonly string[]])[] = [
    ['a value that was edited', 2, (lines) => lines.with(second, (lines[second] ?? '').replace('r1', 'rX'))],
    ['a line that was taken out', 2, (lines) => lines.toSpliced(second, 1)],
    ['the first line taken out', 1, (lines) => lines.slice(1)],
    ['two lines in the other order', 2, (lines) => [lines[0] ?? '', lines[2] ?? '', lines[1] ?? '', ...lines.slice(3)]],
    ['a line that stands twice', 3, (lines) => lines.toSpliced(second, 0, lines[second] ?? '')],
    ['garbage between two entries', 2, (lines) => lines.toSpliced(second, 0, 'garbage')],
    ['an empty line', 2, (lines) => lines.toSpliced(second, 0, '')],
    ['a byte that is not ASCII', 2, (lines) => lines.with(second, (lines[second] ?? '').replace('r1', 'é'))],
    ['a carriage return', 2, (lines) => lines.with(second, `${lines[second]}\r`)],
    [
      'an entry made again with a hash of its own',
      3,
      (lines) => lines.with(second, remake(lines[0] ?? '', {}, requestStart({ request: 'rX' }))),
    ],
    [
      'an entry that follows from nothing',
      2,
      (lines) => lines.with(second, remake(lines[0] ?? '', { hash: genesis.hash }, requestStart())),
    ],
    ['an entry under the number after the next', 2, (lines) => lines.with(second, remake(lines[0] ?? '', { sequence: 2 }, requestStart()))],
    [
      'a raw character outside ASCII under a hash that holds',
      2,
      (lines) => lines.with(second, rehash((lines[second] ?? '').replace('/greet', '/\u009b31m'))),
    ],
    ['a last line that was edited', 5, (lines) => lines.with(-1, (lines.at(-1) ?? '').replace('r4', 'rX'))],
  ];
  for (const [name, line, edit] of edits) {
    test(`finds ${name}, at line ${line}`, async (context) => {
      const { file } = await makeFile(context, 5);
      await writeFile(file, `${edit(await linesOf(file)).join('\n')}\n`, 'latin1');
      const report = await verifyLedger(file);
      assert.deepEqual([report.ok, report.firstBadLine, report.entries], [false, line, line - 1]);
    });
  }
  test('accepts an empty file', async (context) => {
    const file = join(await makeFolder(context), 'empty');
    await writeFile(file, '');
    assert.deepEqual(await verifyLedger(file), { ok: true, entries: 0, files: 1, torn: 0, head: genesis });
  });
  test('does not gather a file without newlines', async (context) => {
    const file = join(await makeFolder(context), 'endless');
    await writeFile(file, 'x'.repeat(1_000_000));
    assert.deepEqual((await verifyLedger(file)).firstBadLine, 1);
  });
  test('refuses a file that is not there', async (context) =>
    assert.rejects(verifyLedger(join(await makeFolder(context), 'no')), unavailable));

  // Without a secret the chain can be made again from the start, or cut at its end: a head that was noted down elsewhere shows both.
  test('cannot see lines cut off at the end by itself, and does with a head noted down', async (context) => {
    const { file, head } = await makeFile(context, 3);
    await writeFile(file, `${(await linesOf(file)).slice(0, 2).join('\n')}\n`);
    assert.equal((await verifyLedger(file)).ok, true);
    assert.deepEqual(
      [(await verifyLedger(file, { anchor: head })).ok, (await verifyLedger(file, { anchor: head })).firstBadLine],
      [false, 3],
    );
  });
  test('cannot see a chain made anew by itself, and does with a head noted down', async (context) => {
    const { head } = await makeFile(context, 3);
    const { file } = await makeFile(context, 4, 'other');
    assert.equal((await verifyLedger(file)).ok, true);
    assert.deepEqual(
      [(await verifyLedger(file, { anchor: head })).ok, (await verifyLedger(file, { anchor: head })).firstBadLine],
      [false, 3],
    );
  });
  test('holds for a head noted down on the way', async (context) => {
    const { file, head } = await makeFile(context, 3);
    await continueOnce(file);
    assert.equal((await verifyLedger(file, { anchor: head })).ok, true);
  });
});
