// The bridge fed by a ward in an attacker's hands: frames that no kernel would send. Must never let one past the accounts of its request.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Type } from '#typebox';
import type { LedgerRecord } from '../ledger/entry.ts';
import { type Limits, limitTable } from '../limits/table.ts';
import { type CallOrigin, type Granted, makeBridge } from './bridge.ts';
import { CallLease } from './call-lease.ts';
import type { CallEnd, CallResult } from './capability.ts';

class TestLease extends CallLease {
  override get requestId(): string {
    return 'r1';
  }
  override remainingMs(): number {
    return 1_000;
  }
}

const makeTransfer = (json: string) => {
  let ended: CallEnd | null = null;
  const result: CallResult = {
    json,
    onEnd: (listener) => {
      if (ended !== null) listener(ended);
    },
    giveUp: (outcome) => {
      ended = { outcome, received: json.length, sent: 0 };
    },
  };
  return { result, ended: () => ended };
};

const open = (answer: () => CallResult = () => ({ json: '1', rows: 3 })) => {
  const defaults = Object.fromEntries(Object.entries(limitTable).map(([name, row]) => [name, row.default])) as Limits;
  const limits: Limits = { ...defaults, resultBytes: 1_024 };
  const records: LedgerRecord[] = [];
  const ledger = { append: (record: LedgerRecord) => void records.push(record) } as unknown as TestLease['origin']['ledger'];
  const origin = { extension: 'x', version: '1', artifact: '', tenant: 't', limits, ledger, prefix: '', onLedgerFailure: assert.fail };
  const lease = new TestLease(origin, 1, null, null);
  let done = 0;
  const granted: Granted = {
    contract: {
      name: 'one',
      grant: Type.Object({}),
      methods: { go: { args: Type.Object({}), reply: true, effect: () => false, summarize: () => ({}) } },
    },
    check: () => null,
    policies: [() => ({ allow: true, rule: 'one' })],
    reported: [],
    instance: {
      call: () => {
        done += 1;
        return answer();
      },
      bootValue: () => null,
      close: () => Promise.resolve(),
    },
    narrow: () => assert.fail(),
  };
  const bridge = makeBridge(assert.fail);
  const from: CallOrigin = { extension: 'x', tenant: 't', limits, capabilities: new Map([['one', granted]]), recordStray: assert.fail };
  /** What the ward gets; null: nothing. */
  const send = (call: number): string | null => {
    let got: string | null = null;
    bridge.call(from, lease, call, '["one","go",{}]', null, (ok, json) => {
      got = ok ? 'ok' : String((JSON.parse(json) as { readonly code?: unknown }).code);
    });
    return got;
  };
  const ends = () => records.filter((one) => one.kind === 'call.end');
  const denied = () => records.filter((one) => one.kind === 'call.start' && one.decision === 'deny');
  return { send, done: () => done, ends, denied };
};

describe('a ward in an attacker’s hands', () => {
  test('does nothing by a call without an id where there is an answer: its end would be on no record', () => {
    const { send, done, denied } = open();
    assert.equal(send(0), null);
    assert.deepEqual([done(), denied().length], [0, 1]);
  });
  for (const [what, ids] of [
    ['an id twice', [5, 5]],
    ['an id of before', [5, 6, 5]],
    ['an id of those that nested calls have', [0x4000_0000]],
    ['one above it', [0x4000_0001]],
    ['the highest there is', [0xffff_ffff]],
    ['one far behind, as if all had been used', [5, 0x3000_0000]],
  ] as const)
    test(`does nothing with ${what}`, () => {
      const { send, done, denied } = open();
      const told = ids.map((id) => send(id));
      assert.equal(told.at(-1), 'ERR_ARGUMENT_INVALID');
      assert.deepEqual([done(), denied().length], [ids.length - 1, 1]);
    });
  test('goes on where a kernel would: ids that are left out, and the first after the last', () => {
    const { send, done, ends } = open();
    for (const id of [0x3fff_fff0, 0x3fff_ffff, 1, 2, 70]) assert.equal(send(id), 'ok', String(id));
    assert.deepEqual([done(), ends().length], [5, 5]);
  });
  test('leaves nothing open by a result that is too large, and is charged for it', () => {
    const { result, ended } = makeTransfer('x'.repeat(5_000));
    const { send, ends } = open(() => result);
    assert.equal(send(1), 'ERR_CALL_FAILED');
    assert.deepEqual(ended(), { outcome: 'ERR_CALL_FAILED', received: 5_000, sent: 0 });
    assert.deepEqual(
      ends().map(({ outcome, received }) => [outcome, received]),
      [['ERR_CALL_FAILED', 5_000]],
    );
  });
});
