// A tally over far more than it keeps: what it holds stays bounded, and what it says stays true. Must never need a ledger on disk.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTallies } from '../../src/audit/read-tallies.ts';
import { makeReport } from '../../src/audit/report.ts';
import type { ExtensionTally } from '../../src/audit/tally.ts';
import { learningsOf, makeRegistry } from '../../src/capabilities/registry.ts';
import type { LedgerEntry, LedgerRecord } from '../../src/ledger/entry.ts';

const learnings = learningsOf(makeRegistry());
const who = { extension: 'x', version: '1.0.0', artifact: 'a', tenant: 't', request: 'r' };

const entry = (record: LedgerRecord, sequence: number): LedgerEntry => ({
  ...record,
  sequence,
  time: new Date(sequence).toISOString(),
  previous: '',
  hash: '',
});

const requestTo = (path: string, outcome = 'answered'): LedgerRecord => ({
  kind: 'request.end',
  ...who,
  method: 'GET',
  path,
  status: 200,
  outcome,
  cpuMs: 1,
  wallMs: 2,
  calls: 0,
  bytesIn: 0,
  bytesOut: 10,
  heapGrowthKb: null,
  logLines: 0,
  logBytes: 0,
});

const read = (key: string, decision: 'allow' | 'would-deny' | 'deny' = 'allow'): LedgerRecord => ({
  kind: 'call.start',
  ...who,
  call: 0,
  capability: 'env',
  method: 'read',
  args: { key },
  digest: 'd',
  decision,
  rule: `rule ${key}`,
});

const tallyOf = async (records: Iterable<LedgerRecord>, filter = {}): Promise<ExtensionTally> => {
  const entries = async function* (): AsyncGenerator<LedgerEntry> {
    let sequence = 0;
    for (const record of records) yield entry(record, (sequence += 1));
  };
  return (await readTallies(entries(), learnings, filter)).get('x') ?? assert.fail();
};

const repeat = function* (count: number, make: (index: number) => LedgerRecord): Generator<LedgerRecord> {
  for (let index = 0; index < count; index += 1) yield make(index);
};

test('paths without end fold into patterns, and each request is counted', async () => {
  const tally = await tallyOf(repeat(30_000, (index) => requestTo(`/x/by/name-${index.toString(36)}z`)));
  const { capabilities, requests } = makeReport('x', tally, learnings);
  const router = capabilities.find(({ name }) => name === 'router');
  assert.equal(requests, 30_000);
  assert.ok((tally.capabilities.get('router')?.lines.size ?? 0) <= 4_000);
  assert.deepEqual(
    router?.used.map(({ line, count }) => [line.join(' '), count]),
    [
      ['methods GET', 30_000],
      ['paths /by/*', 30_000],
    ],
  );
});

test('what cannot be folded is left out above the bound, and told', async () => {
  const tally = await tallyOf(repeat(6_000, (index) => read(`KEY_${index}`)));
  assert.deepEqual([tally.capabilities.get('env')?.lines.size, tally.uncounted], [4_000, 2_000]);
});

test('denials and capabilities that nobody has are bounded too', async () => {
  const tally = await tallyOf(
    repeat(
      5_000,
      (index) => ({ ...read(`KEY_${index}`, 'deny'), ...(index % 2 === 0 ? {} : { capability: `made-up-${index}` }) }) as LedgerRecord,
    ),
  );
  assert.equal(tally.capabilities.get('env')?.denials.size, 200);
  assert.equal(tally.capabilities.get('env')?.denied, 2_500);
  assert.ok(tally.capabilities.size <= 102);
});

test('what no route answered teaches nothing', async () => {
  const tally = await tallyOf([requestTo('/x/wp-admin', 'passed on'), requestTo('/x/denied', 'ERR_CAPABILITY_DENIED')]);
  assert.equal(tally.capabilities.get('router'), undefined);
  assert.equal(tally.requests, 2);
});

test('since leaves out what was before, but not what was granted', async () => {
  const granted: LedgerRecord = {
    kind: 'life',
    event: 'package.granted',
    ...who,
    tenant: '',
    request: '',
    subject: 'env',
    reason: '[["keys","OLD"],["keys","NEW"]]',
  };
  const tally = await tallyOf([granted, read('OLD'), read('NEW', 'would-deny')], { sinceMs: 3 });
  const [env] = makeReport('x', tally, learnings).capabilities;
  assert.deepEqual(
    [env?.granted, env?.used.map(({ line }) => line[1]), env?.unused.map((line) => line[1]), env?.wouldDeny],
    [true, ['NEW'], ['OLD'], 1],
  );
});
