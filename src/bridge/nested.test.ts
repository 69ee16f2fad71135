// Calls that a host side makes for its own call: through every check of the bridge, on record with their cause. Must never need a ward.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Type } from '#typebox';
import { CloisterError, RelayedError } from '../errors.ts';
import type { LedgerRecord } from '../ledger/entry.ts';
import { type Limits, limitTable } from '../limits/table.ts';
import { type CallOrigin, type Granted, makeBridge } from './bridge.ts';
import { CallLease } from './call-lease.ts';
import type { CapabilityInstance, Nested, Policy } from './capability.ts';

class TestLease extends CallLease {
  override get requestId(): string {
    return 'r1';
  }
  override remainingMs(): number {
    return 1_000;
  }
  end(): void {
    this.endCalls();
  }
}

const args = Type.Object({ n: Type.Optional(Type.Integer()) }, { additionalProperties: false });
const fitsArgs = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.entries(value).every(([key, one]) => key === 'n' && Number.isInteger(one));

const grant = (name: string, call: CapabilityInstance['call'], policy: Policy = () => ({ allow: true, rule: name })): Granted => ({
  contract: { name, grant: Type.Object({}), methods: { go: { args, reply: true, effect: () => false, summarize: () => ({}) } } },
  check: (_method, given) => (fitsArgs(given) ? null : 'do not fit'),
  policies: [policy],
  reported: [],
  instance: { call, bootValue: () => null, close: () => Promise.resolve() },
  narrow: () => assert.fail(),
});

interface Outcome {
  readonly ok: boolean;
  readonly value: unknown;
}

const open = (outer: (nested: Nested, lease: TestLease) => Promise<unknown>, given: Partial<Limits> = {}) => {
  const defaults = Object.fromEntries(Object.entries(limitTable).map(([name, row]) => [name, row.default])) as Limits;
  const limits: Limits = { ...defaults, ...given };
  const records: LedgerRecord[] = [];
  const faults: unknown[] = [];
  const ledger = { append: (record: LedgerRecord) => void records.push(record) } as unknown as TestLease['origin']['ledger'];
  const lease = new TestLease(
    { extension: 'x', version: '1', artifact: '', tenant: 't', limits, ledger, prefix: '', onLedgerFailure: assert.fail },
    1,
    null,
    null,
  );
  const capabilities = new Map<string, Granted>([
    [
      'outer',
      grant('outer', async (_method, _args, _caller, nested) => ({
        json: JSON.stringify((await outer(nested ?? assert.fail(), lease)) ?? null),
      })),
    ],
    [
      'inner',
      grant('inner', async (_method, given, _caller, nested) => {
        assert.equal(nested, undefined);
        await null;
        return { json: JSON.stringify({ given }) };
      }),
    ],
    ['shut', grant('shut', assert.fail, () => ({ allow: false, rule: 'shut.rule', reason: 'shut' }))],
    ['large', grant('large', () => ({ json: 'x'.repeat(5_000) }))],
  ]);
  const bridge = makeBridge((error) => faults.push(error));
  const origin: CallOrigin = { extension: 'x', tenant: 't', limits, capabilities, recordStray: assert.fail };
  const call = (text = '["outer","go",{}]'): Promise<Outcome> =>
    new Promise((resolve) => bridge.call(origin, lease, 7, text, null, (ok, json) => resolve({ ok, value: JSON.parse(json) })));
  return { call, records, lease, faults };
};

const codeOf = async (run: () => Promise<unknown>): Promise<string> =>
  run().then(
    () => 'done',
    (error: unknown) => (error instanceof CloisterError ? error.code : String(error)),
  );

describe('a nested call', () => {
  test('is answered, counted, and on record with its cause', async () => {
    const opened = open(async (nested) => JSON.parse((await nested('inner', 'go', { n: 5 })).json));
    assert.deepEqual(await opened.call(), { ok: true, value: { given: { n: 5 } } });
    assert.equal(opened.lease.calls, 2);
    const starts = opened.records.filter((one) => one.kind === 'call.start');
    assert.deepEqual(
      starts.map(({ call, cause, capability }) => [call, cause ?? null, capability]),
      [
        [7, null, 'outer'],
        [0x4000_0001, 7, 'inner'],
      ],
    );
    assert.equal(opened.records.filter((one) => one.kind === 'call.end').length, 2);
  });
  const rows: readonly (readonly [string, string, unknown, string])[] = [
    ['a capability that is not granted', 'none', {}, 'ERR_CAPABILITY_NOT_GRANTED'],
    ['a name that every object has', 'constructor', {}, 'ERR_CAPABILITY_NOT_GRANTED'],
    ['arguments that do not fit', 'inner', { x: 1 }, 'ERR_ARGUMENT_INVALID'],
    ['what a policy denies', 'shut', {}, 'ERR_CAPABILITY_DENIED'],
    ['arguments over callBytes', 'inner', { x: 'x'.repeat(2_000) }, 'ERR_ARGUMENT_INVALID'],
    ['a result over resultBytes', 'large', {}, 'ERR_CALL_FAILED'],
  ];
  for (const [name, capability, given, code] of rows) {
    test(`is refused ${name}, as the guest would be`, async () => {
      const opened = open((nested) => codeOf(() => nested(capability, 'go', given)), { callBytes: 1_024, resultBytes: 1_024 });
      assert.deepEqual(await opened.call(), { ok: true, value: code });
      if (capability !== 'large')
        assert.equal(
          opened.records.some((one) => one.kind === 'call.start' && one.decision === 'deny'),
          true,
        );
    });
  }
  test('is refused over hostCalls', async () => {
    const opened = open(
      async (nested) => {
        const codes: string[] = [];
        for (let n = 0; n < 3; n += 1) codes.push(await codeOf(() => nested('inner', 'go', {})));
        return codes;
      },
      { hostCalls: 3 },
    );
    assert.deepEqual((await opened.call()).value, ['done', 'done', 'ERR_CALLS_EXCEEDED']);
  });
  test('does not need a second place under callsPending', async () => {
    const opened = open((nested) => codeOf(() => nested('inner', 'go', {})), { callsPending: 1 });
    assert.equal((await opened.call()).value, 'done');
    assert.equal(opened.lease.pending, 0);
  });
  test('is refused when the lease has ended', async () => {
    const opened = open((nested, lease) => {
      lease.end();
      return codeOf(() => nested('inner', 'go', {}));
    });
    assert.equal((await opened.call()).value, 'ERR_LEASE_OVER');
  });
  test('is one at a time', async () => {
    const opened = open(async (nested) => {
      const first = nested('inner', 'go', {});
      const second = await codeOf(() => nested('inner', 'go', {}));
      return [await codeOf(() => first), second.startsWith('Error')];
    });
    assert.deepEqual((await opened.call()).value, ['done', true]);
  });
});

describe('an error of a host side', () => {
  test('of a service crosses by its shape', async () => {
    const opened = open(() => Promise.reject(new RelayedError('FORBIDDEN', 403, 'No.', { reason: 'x' })));
    const expected = { name: 'DirectusError', code: 'FORBIDDEN', message: 'No.', status: 403, extensions: { reason: 'x' } };
    assert.deepEqual(await opened.call(), { ok: false, value: expected });
    assert.deepEqual(opened.faults, []);
  });
  test('that nobody made to be told is a fault, and only the host hears what it was', async () => {
    const opened = open(() => Promise.reject(new Error('canary at /host/path.ts')));
    const { ok, value } = await opened.call();
    assert.equal(ok, false);
    assert.equal(JSON.stringify(value).includes('canary'), false);
    assert.equal(opened.faults.length, 1);
  });
  test('is answered also where the host’s log cannot take it', async () => {
    const opened = open(() => Promise.reject(new Error('canary')));
    Object.freeze(opened.faults);
    const { ok, value } = await opened.call();
    assert.deepEqual([ok, (value as { readonly code: string }).code], [false, 'ERR_CALL_FAILED']);
  });
});
