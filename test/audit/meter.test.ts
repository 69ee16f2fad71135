// Metering: sums over a ledger that a real runtime wrote, and spans over one with times of its own.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { auditMeter } from '../../src/audit/library.ts';
import { type MeterSpan, readMeter, spanOf } from '../../src/audit/meter.ts';
import type { LedgerEntry, LedgerRecord } from '../../src/ledger/entry.ts';
import { makeRandom, readSeed } from '../helpers/random.ts';
import { openTestRuntime } from '../helpers/runtime.ts';

const source = `export default (router, { logger }) => {
  router.post('/', (req, res) => res.send(req.body.text.repeat(3)));
  router.get('/loop', () => { for (;;); });
};`;

const subject = { extension: 'one', version: '1', artifact: '', tenant: 'a', request: 'r' };
const end = (time: string, more: object = {}): LedgerEntry =>
  ({
    ...subject,
    kind: 'request.end',
    method: 'GET',
    path: '/',
    status: 200,
    outcome: 'answered',
    cpuMs: 0.1,
    wallMs: 1,
    calls: 0,
    bytesIn: 0,
    bytesOut: 1,
    heapGrowthKb: null,
    logLines: 0,
    logBytes: 0,
    ...more,
    time,
    sequence: 1,
    previous: '',
    hash: '',
  }) as LedgerEntry;

const list = async function* (entries: readonly LedgerEntry[]): AsyncGenerator<LedgerEntry> {
  yield* entries;
};

describe('metering', () => {
  it('gives each extension and tenant what its ledger entries add up to, however requests ended', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cloister-meter-'));
    const file = join(folder, 'ledger.ndjson');
    const runtime = await openTestRuntime({
      extensions: { one: source, two: source },
      options: {
        ledger: { file },
        limits: { cpuMs: 150, wallMs: 30_000, registerMs: 20_000 },
        identify: ({ headers }) => ({ tenant: String(headers['x-tenant'] ?? 'a'), accountability: null }),
      },
    });
    for (const tenant of ['a', 'b', 'a']) await runtime.post('/one', { text: 'abc' }, { 'x-tenant': tenant });
    await runtime.get('/two/loop');
    const seen = (await Promise.all([runtime.ended('/two/loop'), runtime.ended('/one')])).length;
    await runtime.close();
    assert.equal(seen, 2);
    const recorded = runtime.runtime
      .ledger()
      .filter((entry): entry is LedgerEntry & { kind: 'request.end' } => entry.kind === 'request.end');
    const { rows, unreadable } = await auditMeter({ ledger: file, by: 'month', partial: true });
    assert.equal(unreadable, 0);
    assert.deepEqual(
      rows.map(({ extension, tenant, requests, bytesIn, bytesOut, breaches }) => [
        extension,
        tenant,
        requests,
        bytesIn,
        bytesOut,
        breaches,
      ]),
      [
        ['one', 'a', 2, 2 * 14, 2 * 9, 0],
        ['one', 'b', 1, 14, 9, 0],
        ['two', 'a', 1, 0, 0, 1],
      ],
    );
    const cpuUs = (entries: readonly { readonly cpuMs: number }[]): number =>
      entries.reduce((sum, { cpuMs }) => sum + Math.round(cpuMs * 1_000), 0);
    assert.equal(cpuUs(rows), cpuUs(recorded));
    assert.deepEqual((await auditMeter({ ledger: file, by: 'hour', tenant: 'b', partial: true })).rows.length, 1);
    // The month is not over.
    assert.deepEqual((await auditMeter({ ledger: file, by: 'month' })).rows, []);
    await rm(folder, { recursive: true });
  });

  const cases: readonly (readonly [name: string, by: MeterSpan, times: readonly string[], until: string, froms: readonly string[]])[] = [
    [
      'by hour, each time in its own',
      'hour',
      ['2026-01-31T23:59:59.999Z', '2026-02-01T00:00:00.000Z'],
      '2026-02-01T01:00:00Z',
      ['2026-01-31T23:00:00.000Z', '2026-02-01T00:00:00.000Z'],
    ],
    [
      'by hour, without the one that is not over',
      'hour',
      ['2026-01-31T23:59:59.999Z', '2026-02-01T00:00:00.000Z'],
      '2026-02-01T00:59:59Z',
      ['2026-01-31T23:00:00.000Z'],
    ],
    [
      'by day, over a leap day',
      'day',
      ['2028-02-28T12:00:00.000Z', '2028-02-29T12:00:00.000Z'],
      '2028-03-01T00:00:00Z',
      ['2028-02-28T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
    ],
    [
      'by month, over the end of a year',
      'month',
      ['2026-12-31T23:00:00.000Z', '2027-01-01T00:00:00.000Z'],
      '2027-01-31T23:59:59Z',
      ['2026-12-01T00:00:00.000Z'],
    ],
  ];
  for (const [name, by, times, until, froms] of cases)
    it(`goes ${name}`, async () => {
      const rows = await readMeter(list(times.map((time) => end(time))), by, { untilMs: Date.parse(until) });
      assert.deepEqual(
        rows.map(({ from }) => from),
        froms,
      );
      assert.equal(spanOf(times[0] as string, by), froms[0]);
    });

  it('counts the bytes of fetch by its own calls, denied ones not, and repeats of a limit each', async () => {
    const time = '2026-01-01T00:00:00.000Z';
    const record = (fields: object): LedgerEntry => ({ ...(end(time) as LedgerRecord), ...fields }) as LedgerEntry;
    const start = { kind: 'call.start', method: 'request', args: {}, digest: '', decision: 'allow', rule: '' };
    const entries = [
      record({ ...start, call: 1, capability: 'fetch' }),
      record({ ...start, call: 2, capability: 'database' }),
      record({ ...start, call: 3, capability: 'fetch', decision: 'deny' }),
      record({ kind: 'call.end', call: 1, outcome: 'ok', rows: 0, bytes: 100, wallMs: 1 }),
      record({ kind: 'call.end', call: 2, outcome: 'ok', rows: 7, bytes: 1_000, wallMs: 1 }),
      record({ kind: 'limit', limit: 'logLines', allowed: 1, used: 2, repeats: 5 }),
      end(time),
    ];
    const [row] = await readMeter(list(entries), 'hour', { untilMs: Number.POSITIVE_INFINITY });
    assert.deepEqual([row?.requests, row?.calls, row?.rows, row?.fetchBytes, row?.breaches], [1, 2, 7, 100, 5]);
  });

  it('agrees with an independent count of two tenants and two extensions across the borders of hours', async () => {
    const random = makeRandom(readSeed());
    const begin = Date.parse('2026-03-01T22:40:00.000Z');
    const counted = new Map<string, { requests: number; cpuUs: number; calls: number; rows: number; out: number; fetched: number }>();
    const entries: LedgerEntry[] = [];
    for (let n = 0; n < 400; n += 1) {
      const at = new Date(begin + Math.floor((n * 7_300_000) / 400)).toISOString();
      const extension = random() < 0.5 ? 'one' : 'two';
      const tenant = random() < 0.5 ? 'a' : 'b';
      const whose = { ...(end(at) as LedgerRecord), extension, tenant, request: `r${String(n)}` };
      const [cpuUs, rows, out, fetched] = Array.from({ length: 4 }, () => Math.floor(random() * 10_000)) as [
        number,
        number,
        number,
        number,
      ];
      const denied = random() < 0.3;
      const call = (id: number, capability: string, decision: string): object => ({
        ...whose,
        kind: 'call.start',
        call: id,
        capability,
        method: 'go',
        args: {},
        digest: '',
        rule: '',
        decision,
      });
      const ended = (id: number, more: object): object => ({
        ...whose,
        kind: 'call.end',
        call: id,
        outcome: 'ok',
        rows: 0,
        bytes: 0,
        wallMs: 1,
        ...more,
      });
      const mine = [
        call(1, 'database', denied ? 'deny' : 'allow'),
        ...(denied ? [] : [ended(1, { rows, bytes: 77 })]),
        call(2, 'fetch', 'allow'),
        ended(2, { bytes: 5, received: fetched, sent: 0 }),
        { ...whose, cpuMs: cpuUs / 1_000, bytesOut: out },
      ];
      entries.push(...(mine as LedgerEntry[]));
      const key = `${at.slice(0, 13)} ${extension} ${tenant}`;
      const sum = counted.get(key) ?? { requests: 0, cpuUs: 0, calls: 0, rows: 0, out: 0, fetched: 0 };
      counted.set(key, {
        requests: sum.requests + 1,
        cpuUs: sum.cpuUs + cpuUs,
        calls: sum.calls + (denied ? 1 : 2),
        rows: sum.rows + (denied ? 0 : rows),
        out: sum.out + out,
        fetched: sum.fetched + fetched,
      });
    }
    const metered = await readMeter(list(entries), 'hour', { untilMs: Number.POSITIVE_INFINITY });
    const seen = metered.map(({ from, extension, tenant, requests, cpuMs, calls, rows, bytesOut, fetchBytes }) => [
      `${from.slice(0, 13)} ${extension} ${tenant}`,
      { requests, cpuUs: Math.round(cpuMs * 1_000), calls, rows, out: bytesOut, fetched: fetchBytes },
    ]);
    assert.ok(counted.size >= 12, 'four pairs in three hours at least');
    assert.deepEqual(Object.fromEntries(seen), Object.fromEntries(counted));
  });
});
