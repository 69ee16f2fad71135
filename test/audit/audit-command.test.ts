// `cloister audit`: a ledger of real requests, read at the command line. Must never assert on a ledger that no runtime wrote.
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { csvColumns } from '../../src/audit/csv.ts';
import { parseSince } from '../../src/audit/filter.ts';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import { readLedger } from '../../src/ledger/read-ledger.ts';
import { endCommands, type Outcome, openWarmCommands, runCommand, startCommand } from '../helpers/commands.ts';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const patienceMs = 120_000;
const warm = openWarmCommands();
const audit = (...args: readonly string[]): Promise<Outcome> => warm.run(['audit', ...args]);

const talking = `export default (router, { logger, env }) => {
  router.get('/', (req, res) => { logger.info('hello'); res.send('hi'); });
  router.get('/refused', async (req, res) => { for (let i = 0; i < 200; i += 1) logger.info('line'); res.send('ok'); });
}`;

let folder: string;
let file: string;
let runtime: TestRuntime;
let request: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloister-audit-'));
  file = join(folder, 'ledger.ndjson');
  runtime = await openTestRuntime({ extensions: { talking, other: talking }, options: { ledger: { file } } });
  request = (await runtime.measure('/talking')).end.request;
  for (const path of ['/talking/refused', '/talking/%1b%5b31m', '/other']) await runtime.measure(path);
  // The file is a moment behind the ledger.
  const last = runtime.runtime.ledger().at(-1);
  assert.ok(last !== undefined);
  for (const until = performance.now() + patienceMs; (await entriesOf()).at(-1)?.hash !== last.hash; await sleep(20))
    assert.ok(performance.now() < until, 'the ledger file has every entry');
});
after(async () => {
  endCommands();
  await warm.close();
  await runtime.close();
  await rm(folder, { recursive: true, force: true });
});

const entriesOf = async (): Promise<readonly LedgerEntry[]> => {
  const entries: LedgerEntry[] = [];
  for await (const entry of readLedger(file)) entries.push(entry);
  return entries;
};
const lines = (text: string): readonly string[] => text.split('\n').slice(0, -1);

describe('cloister audit', () => {
  test('verify says how many entries hold', async () => {
    const { code, out } = await runCommand(['audit', 'verify', file]);
    const report = JSON.parse(out) as { readonly ok: boolean; readonly entries: number };
    assert.deepEqual([code, report.ok, report.entries], [0, true, (await entriesOf()).length]);
  });
  test('tail shows the latest entries, a line each', async () => {
    const { code, out } = await audit('tail', '--ledger', file, '--lines', '3');
    assert.equal(code, 0);
    assert.equal(lines(out).length, 3);
    assert.match(out, /other .*request\.end {2}GET \/other {2}answered 200/);
  });
  test('show tells one request, call by call, in order', async () => {
    const { code, out } = await audit('show', request, '--ledger', file);
    assert.equal(code, 0);
    const [head = '', ...rest] = lines(out);
    assert.ok(head.includes(request) && head.includes('talking 1.0.0') && head.includes('tenant default'));
    assert.deepEqual(
      rest.map((line) => /ms {2}(\S+)/.exec(line)?.[1]),
      ['request.start', 'call.start', 'request.end'],
    );
    assert.match(out, /log\.write .*allow by /);
  });
  test('show of a request that is not there says so', async () => {
    const { code, err } = await audit('show', 'nobody', '--ledger', file);
    assert.deepEqual([code, /has nothing of such a request/.test(err)], [2, true]);
  });
  test('export as ndjson gives the ledger back byte for byte', async () => {
    const { out } = await audit('export', '--ledger', file);
    assert.equal(out, await readFile(file, 'latin1'));
  });
  test('export as csv has a row an entry and the same cells in each', async () => {
    const { out } = await audit('export', '--ledger', file, '--format', 'csv');
    assert.equal(lines(out).length, (await entriesOf()).length + 1);
    assert.equal(lines(out)[0], csvColumns.join(','));
  });
  test('the columns of the csv are all that entries have', async () => {
    const keys = new Set((await entriesOf()).flatMap((entry) => Object.keys(entry)));
    assert.deepEqual(
      [...keys].filter((key) => !csvColumns.some((column) => column === key)),
      [],
    );
  });
  for (const [name, args, fits] of [
    ['--extension', ['--extension', 'other'], (entry: LedgerEntry) => entry.extension === 'other'],
    ['--kind', ['--kind', 'limit'], (entry: LedgerEntry) => entry.kind === 'limit'],
    ['--tenant', ['--tenant', 'default'], (entry: LedgerEntry) => entry.tenant === 'default'],
    ['--since', ['--since', '2099-01-01'], () => false],
  ] as const)
    test(`${name} leaves the others out`, async () => {
      const { out } = await audit('export', '--ledger', file, ...args);
      assert.equal(lines(out).length, (await entriesOf()).filter(fits).length);
    });
  test('nothing of a guest moves the cursor', async () => {
    for (const args of [
      ['tail', '--lines', '1000'],
      ['tail', '--lines', '1000', '--json'],
      ['export'],
      ['export', '--format', 'csv'],
    ] as const)
      assert.doesNotMatch((await audit(...args, '--ledger', file)).out, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  });
  for (const [name, args] of [
    ['a word that is none', ['tell']],
    ['no word', []],
    ['a file that is not there', ['tail', '--ledger', '/nowhere.ndjson']],
    ['a format that is none', ['export', '--format', 'xml']],
    ['a time that is none', ['tail', '--since', 'yesterday']],
    ['lines that are no number', ['tail', '--lines', 'many']],
    ['an unknown flag', ['tail', '--tail', '3']],
    ['show without a request', ['show']],
  ] as const)
    test(`${name} is refused in one line`, async () => {
      const { code, err } = await audit(...args);
      assert.deepEqual([code, lines(err).length], [2, 1], err);
    });
  test('tail --follow shows what is written from then on', async () => {
    const { child, outcome, said } = startCommand(['audit', 'tail', '--ledger', file, '--follow', '--lines', '0']);
    for (const until = performance.now() + patienceMs; !/GET \/other/.test(said()) && performance.now() < until; await sleep(50))
      await runtime.get('/other');
    assert.match(said(), /GET \/other/);
    child.kill('SIGINT');
    assert.equal((await outcome).code, 0);
  });
});

test('a line that is no entry is left out and told of', async () => {
  const copy = join(folder, 'copy.ndjson');
  await appendFile(copy, (await readFile(file, 'latin1')).replace('"tenant":"', '"tenant":"x'));
  const { code, err, out } = await audit('export', '--ledger', copy);
  assert.deepEqual([code, /1 lines are no entries, the first at .*copy\.ndjson:\d+/.test(err)], [1, true]);
  assert.ok(lines(out).length > 0);
});

describe('--since', () => {
  const nowMs = Date.parse('2026-01-10T00:00:00Z');
  for (const [text, at] of [
    ['30m', '2026-01-09T23:30:00.000Z'],
    ['12h', '2026-01-09T12:00:00.000Z'],
    ['7d', '2026-01-03T00:00:00.000Z'],
    ['45s', '2026-01-09T23:59:15.000Z'],
    ['2026-01-01', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T06:00:00+02:00', '2026-01-01T04:00:00.000Z'],
  ] as const)
    test(`${text} is ${at}`, () => assert.equal(new Date(parseSince(text, nowMs)).toISOString(), at));
  for (const text of ['', '1', '5w', 'now', '-1h', '1e3h', '2026-99-01'])
    test(`${JSON.stringify(text)} is refused`, () => assert.throws(() => parseSince(text, nowMs), { code: 'ERR_OPTIONS_INVALID' }));
});
