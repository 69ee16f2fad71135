// The host's own events as its services fire them: payload replaced, two names for one thing, chains carried, refusals told or on record. The wards are left out: a turn is answered by the test.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JobHead } from '../../sandbox/protocol/kinds.ts';
import { beginTree } from '../bridge/call-lease.ts';
import type { Caller, Cause } from '../bridge/capability.ts';
import { emitterContract } from '../capabilities/emitter/contract.ts';
import { makeEmitterPolicy } from '../capabilities/emitter/policy.ts';
import type { Extension } from '../dispatch/extension.ts';
import { CloisterError, RelayedError } from '../errors.ts';
import { type Limits, limitTable } from '../limits/table.ts';
import { Bus } from './bus.ts';
import { makeHostEvents } from './host-events.ts';

const defaults = Object.fromEntries(Object.entries(limitTable).map(([name, row]) => [name, row.default])) as Limits;

type Turn = (head: JobHead, cause: Cause) => unknown;
interface Told {
  readonly event: string;
  readonly subject: string;
}

const open = (listeners: readonly (readonly ['filter' | 'action', string, Turn])[], limits: Partial<Limits> = {}) => {
  const told: Told[] = [];
  const turns: { readonly head: JobHead; readonly cause: Cause }[] = [];
  const extension: Extension = {
    id: 'x',
    kind: 'hook',
    version: '1',
    artifact: '',
    script: new Uint8Array(),
    profile: { express: 4, knex: false },
    limits: { ...defaults, ...limits },
    isolation: 'shared',
    directusApi: null,
    capabilities: new Map([
      [
        'emitter',
        {
          contract: emitterContract,
          check: () => null,
          policies: [makeEmitterPolicy({ listen: ['**'] })],
          reported: [],
          instance: { call: () => assert.fail(), bootValue: () => null, close: () => Promise.resolve() },
          narrow: () => assert.fail(),
        },
      ],
    ]),
  };
  const bus = new Bus({
    serves: () => true,
    dispatch: (_extension, _tenant, _accountability, question, answer) => {
      const head = JSON.parse(question.head) as JobHead;
      const cause = question.job?.cause ?? assert.fail();
      turns.push({ head, cause });
      const run = listeners[head.listener - 1]?.[2] ?? assert.fail();
      void (async () => {
        try {
          const given = await run(head, cause);
          question.job?.onResult(given === undefined ? '' : JSON.stringify(given));
        } catch (error) {
          answer.fail(error as RelayedError);
        }
      })();
      return { home: null, abandon: () => undefined };
    },
    onLife: (event, _extension, _tenant, subject) => void told.push({ event, subject }),
  });
  bus.facts.registered(
    extension,
    't',
    listeners.map(([channel, event], index) => [index + 1, channel, event]),
    // What stands is noted; test/flow/audit-mode.test.ts looks at it.
    () => undefined,
  );
  bus.facts.activate(extension);
  const ending = new AbortController();
  const caller: Caller = {
    extension: 'x',
    version: '1',
    tenant: 't',
    requestId: 'r1',
    accountability: { user: 'u1' },
    cause: { parent: '', chain: [], tree: beginTree(extension.limits) },
    signal: ending.signal,
    remainingMs: () => 1_000,
  };
  /** As a listener in `cause` would call. */
  const inside = (cause: Cause): Caller => ({ ...caller, requestId: 'r2', cause });
  return { events: makeHostEvents(bus), caller, inside, told, turns, end: () => ending.abort() };
};

const creates = ['items.create', 'orders.items.create'] as const;
const meta = { collection: 'orders' };
const add =
  (word: string): Turn =>
  (head) => ({ ...(head.payload as object), [word]: head.event });

describe('a filter of the host', () => {
  test('gives the very payload back where nobody hears it, or nobody changes it', async () => {
    const payload = { title: 'a', at: new Date(0) };
    const none = open([]);
    assert.equal(none.events.heard(none.caller, 'filter', creates), false);
    assert.equal(await none.events.filter(none.caller, creates, payload, meta), payload);
    assert.equal(none.caller.cause.tree.events, 0);
    const quiet = open([['filter', 'items.create', () => undefined]]);
    assert.equal(quiet.events.heard(quiet.caller, 'filter', creates), true);
    assert.equal(await quiet.events.filter(quiet.caller, creates, payload, meta), payload);
  });
  test('runs the listeners of both names one after another, each on what the one before left', async () => {
    const opened = open([
      ['filter', 'orders.items.create', add('second')],
      ['filter', 'items.create', add('first')],
      ['filter', '*.items.*', add('third')],
      ['filter', 'bills.items.create', () => assert.fail()],
    ]);
    const got = await opened.events.filter(opened.caller, creates, { title: 'a' }, meta);
    assert.deepEqual(got, { title: 'a', first: 'items.create', second: 'orders.items.create', third: 'orders.items.create' });
    assert.deepEqual(opened.turns[0]?.head.meta, meta);
    assert.deepEqual(opened.turns[0]?.head.accountability, { user: 'u1' });
    // One thing happened, by whatever names.
    assert.equal(opened.caller.cause.tree.events, 1);
    assert.equal(opened.caller.cause.tree.turns, 3);
  });
  test('may give null, a list or a scalar', async () => {
    for (const value of [null, [1], 'text', 0, false]) {
      const opened = open([['filter', 'items.query', () => value]]);
      assert.deepEqual(await opened.events.filter(opened.caller, 'items.query', { limit: 1 }, meta), value);
    }
  });
  test('rejects in a listener’s own words where it refuses', async () => {
    const opened = open([
      [
        'filter',
        'items.create',
        () => {
          throw new RelayedError('TOO_DEAR', 400, 'too dear', { most: 5 });
        },
      ],
      ['filter', 'items.create', () => assert.fail('the next one must not run')],
    ]);
    await assert.rejects(
      opened.events.filter(opened.caller, creates, {}, meta),
      (error) => error instanceof RelayedError && error.code === 'TOO_DEAR' && error.status === 400 && error.details['most'] === 5,
    );
  });
  test('rejects where a listener breaks down: what it checks must not fail open', async () => {
    const opened = open([
      [
        'filter',
        'items.create',
        () => {
          throw new CloisterError('ERR_CPU_EXCEEDED', 'over');
        },
      ],
    ]);
    await assert.rejects(opened.events.filter(opened.caller, creates, {}, meta), { code: 'ERR_CALL_FAILED' });
  });
  test('rejects where the request has ended', async () => {
    const opened = open([['filter', 'items.create', () => ({})]]);
    opened.end();
    await assert.rejects(opened.events.filter(opened.caller, creates, {}, meta), { code: 'ERR_LEASE_OVER' });
  });
  test('keeps what JSON cannot hold out of meta and still tells', async () => {
    const opened = open([['filter', 'items.create', add('heard')]]);
    assert.deepEqual(await opened.events.filter(opened.caller, creates, {}, { ...meta, key: 5, nothing: undefined }), {
      heard: 'items.create',
    });
    assert.deepEqual(opened.turns[0]?.head.meta, { ...meta, key: 5 });
  });
});

describe('a chain through the host’s services', () => {
  test('holds the collection’s own name, by whichever name it is heard', async () => {
    const opened = open([['filter', 'items.create', () => undefined]]);
    await opened.events.filter(opened.caller, creates, {}, meta);
    assert.deepEqual(opened.turns[0]?.cause.chain, ['orders.items.create']);
    assert.equal(opened.turns[0]?.cause.parent, 'r1');
  });
  test('is refused where a listener does the same to the same collection, and allowed on another one', async () => {
    const opened = open([['filter', 'items.create', () => undefined]]);
    await opened.events.filter(opened.caller, creates, {}, meta);
    const inner = opened.inside(opened.turns[0]?.cause ?? assert.fail());
    await assert.rejects(opened.events.filter(inner, creates, {}, meta), (error) => {
      assert.ok(error instanceof CloisterError && error.code === 'ERR_EVENT_LOOP');
      assert.match(error.message, /^orders\.items\.create → orders\.items\.create: /);
      return true;
    });
    assert.deepEqual(await opened.events.filter(inner, ['items.create', 'bills.items.create'], { a: 1 }, { collection: 'bills' }), {
      a: 1,
    });
    assert.deepEqual(opened.turns.at(-1)?.cause.chain, ['orders.items.create', 'bills.items.create']);
    assert.deepEqual(opened.told, [{ event: 'event.refused', subject: 'orders.items.create → orders.items.create' }]);
  });
  test('is refused even where nobody hears the repeat: the operation is the loop', async () => {
    const opened = open([['action', 'orders.items.create', () => undefined]]);
    opened.events.action(opened.caller, creates, meta);
    await settled();
    const inner = opened.inside(opened.turns[0]?.cause ?? assert.fail());
    await assert.rejects(opened.events.filter(inner, creates, {}, meta), { code: 'ERR_EVENT_LOOP' });
  });
});

/** Actions start in a turn of the event loop of their own. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('an action of the host', () => {
  test('is told to the listeners of both names after the caller has gone on', async () => {
    const opened = open([
      ['action', 'items.create', () => undefined],
      ['action', 'orders.items.create', () => undefined],
    ]);
    opened.events.action(opened.caller, creates, { ...meta, key: 7 });
    assert.equal(opened.turns.length, 0);
    await settled();
    assert.deepEqual(
      opened.turns.map(({ head }) => [head.event, head.meta]),
      [
        ['items.create', { ...meta, key: 7 }],
        ['orders.items.create', { ...meta, key: 7 }],
      ],
    );
  });
  test('never throws: a repeat is on the ledger', () => {
    const opened = open([['action', 'items.create', () => undefined]]);
    const inner = opened.inside({ ...opened.caller.cause, chain: ['orders.items.create'] });
    opened.events.action(inner, creates, meta);
    assert.deepEqual(opened.told, [{ event: 'event.refused', subject: 'orders.items.create → orders.items.create' }]);
  });
  test('never throws for what is no JSON: that is on the ledger too', () => {
    const opened = open([['action', 'items.create', () => undefined]]);
    opened.events.action(opened.caller, creates, { ...meta, key: 1n });
    assert.equal(opened.told[0]?.event, 'event.refused');
  });
  test('is heard though the request has ended: what happened, happened', async () => {
    const opened = open([['action', 'items.create', () => undefined]]);
    opened.end();
    opened.events.action(opened.caller, creates, meta);
    await settled();
    assert.equal(opened.turns.length, 1);
  });
});
