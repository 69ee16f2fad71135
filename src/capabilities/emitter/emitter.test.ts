// The emitter capability by itself: which names a pattern covers, what a grant allows, what the host side refuses. The road through wards is in test/flow/events*.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { covers, parsePattern } from '../../../sandbox/protocol/event-patterns.ts';
import type { Caller } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { type Limits, limitTable } from '../../limits/table.ts';
import { emitterBounds } from './bounds.ts';
import { type EmitterGrant, emitterContract, emitterGrant } from './contract.ts';
import { type EventBus, emitterCapability } from './host.ts';
import { isCoreName } from './names.ts';
import { makeEmitterPolicy } from './policy.ts';

const ajv = new Ajv({ strict: true, strictTypes: false });
const limits = Object.fromEntries(Object.entries(limitTable).map(([name, row]) => [name, row.default])) as Limits;

describe('a pattern', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['orders.paid', 'orders.paid', true],
    ['orders.paid', 'orders.lost', false],
    ['orders.*', 'orders.paid', true],
    ['orders.*', 'orders', false],
    ['orders.*', 'orders.paid.late', false],
    ['orders.**', 'orders', true],
    ['orders.**', 'orders.paid.late', true],
    ['**', 'a.b.c', true],
    ['*', 'a', true],
    ['*', 'a.b', false],
    ['*.items.create', 'orders.items.create', true],
    ['*.items.create', 'items.create', false],
    ['**.items.create', 'items.create', true],
    ['a.**.z', 'a.z', true],
    ['a.**.z', 'a.b.c.z', true],
    ['a.**.z', 'a.b.c', false],
    ['orders.*', 'orders.*', true],
    ['orders.*', 'orders.**', false],
    ['orders.**', 'orders.*', true],
    ['*.*', '**', false],
    ['**', '**', true],
    ['*.**', '**.*', true],
    ['orders.paid', 'orders.*', false],
    ['__proto__', '__proto__', true],
    ['*', 'constructor', true],
    ['hasOwnProperty', 'toString', false],
    [Array(16).fill('**').join('.'), Array(16).fill('x').join('.'), true],
    [`${Array(15).fill('**').join('.')}.y`, Array(16).fill('x').join('.'), false],
  ];
  for (const [outer, inner, expected] of rows)
    test(`${outer} ${expected ? 'covers' : 'does not cover'} ${inner}`, () =>
      assert.equal(covers(parsePattern(outer), parsePattern(inner)), expected));
});

describe('the host’s own names', () => {
  for (const name of ['items.create', 'orders.items.read', 'auth.login', 'authenticate', 'app.after', 'routes.custom.before', 'response'])
    test(`${name} is one`, () => assert.equal(isCoreName(name), true));
  for (const name of ['orders.paid', 'items', 'items.paid', 'my.app.after', 'response.sent'])
    test(`${name} is none`, () => assert.equal(isCoreName(name), false));
});

describe('a grant', () => {
  const rows: readonly (readonly [EmitterGrant, string, object, string | null])[] = [
    [{ emit: ['orders.*'] }, 'emitAction', { event: 'orders.paid' }, null],
    [{ emit: ['orders.*'] }, 'emitFilter', { event: 'bills.paid' }, 'emitter.emit'],
    [{ listen: ['orders.*'] }, 'emitInit', { event: 'orders.paid' }, 'emitter.emit'],
    [{}, 'emitAction', { event: 'orders.paid' }, 'emitter.emit'],
    [{ emit: [] }, 'emitAction', { event: 'orders.paid' }, 'emitter.emit'],
    [{ emit: ['**'] }, 'emitAction', { event: 'items.create' }, 'emitter.core'],
    [{ emit: ['items.*'] }, 'emitAction', { event: 'items.create' }, 'emitter.core'],
    [{ emit: ['*.items.create'] }, 'emitAction', { event: 'orders.items.create' }, 'emitter.core'],
    [{ emit: ['items.create'] }, 'emitAction', { event: 'items.create' }, null],
    [{ listen: ['items.*'] }, 'listen', { channel: 'filter', event: 'items.create' }, null],
    [{ listen: ['items.*'] }, 'listen', { channel: 'action', event: '**' }, 'emitter.listen'],
    [{ emit: ['items.*'] }, 'listen', { channel: 'action', event: 'items.create' }, 'emitter.listen'],
    [{ schedule: true }, 'listen', { channel: 'schedule', event: '* * * * *' }, null],
    [{ listen: ['**'] }, 'listen', { channel: 'schedule', event: '* * * * *' }, 'emitter.schedule'],
    [{ schedule: false }, 'listen', { channel: 'schedule', event: '* * * * *' }, 'emitter.schedule'],
    [{}, 'unlisten', { listener: 1 }, null],
    [{ emit: ['**'], listen: ['**'] }, 'somethingElse', {}, 'emitter.method'],
  ];
  for (const [grant, method, args, rule] of rows)
    test(`${JSON.stringify(grant)} ${rule === null ? 'allows' : 'denies'} ${method} ${JSON.stringify(args)}`, () => {
      const decision = makeEmitterPolicy(grant)(method, args);
      assert.equal(decision.allow ? null : decision.rule, rule);
    });
});

describe('the schema', () => {
  const { eventChars, patterns } = emitterBounds;
  const fitsGrant = ajv.compile(emitterGrant);
  const fitsEmit = ajv.compile(emitterContract.methods['emitAction']?.args ?? false);
  const grants: readonly (readonly [string, unknown, boolean])[] = [
    ['a pattern', { emit: ['orders.*'] }, true],
    ['an empty part', { emit: ['orders..paid'] }, false],
    ['a part with a star in it', { emit: ['orders.p*'] }, false],
    ['three stars', { listen: ['***'] }, false],
    ['the longest name', { emit: ['a'.repeat(eventChars.value)] }, true],
    ['a longer name', { emit: ['a'.repeat(eventChars.value + 1)] }, false],
    ['as many as may be', { emit: Array.from({ length: patterns.value }, (_, index) => `e${index}`) }, true],
    ['one more', { emit: Array.from({ length: patterns.value + 1 }, (_, index) => `e${index}`) }, false],
    ['a line break', { emit: ['a\nb'] }, false],
    ['a text for a list', { emit: 'orders' }, false],
  ];
  for (const [name, grant, fits] of grants) test(`${fits ? 'takes' : 'refuses'} ${name}`, () => assert.equal(fitsGrant(grant), fits));
  const events: readonly (readonly [string, boolean])[] = [
    ['orders.paid', true],
    ['__proto__', true],
    ['größe.geändert', true],
    ['my-ext:thing', true],
    ['orders.*', false],
    ['', false],
    ['.', false],
    ['a b', false],
    ['a\u202eb', false],
  ];
  for (const [event, fits] of events)
    test(`${fits ? 'takes' : 'refuses'} the event ${JSON.stringify(event)}`, () => assert.equal(fitsEmit({ event, meta: '{}' }), fits));
});

describe('the host side', () => {
  const caller = { tenant: 'acme' } as unknown as Caller;
  const heard: unknown[] = [];
  const events = {
    emitFilter: (...args: readonly unknown[]) => Promise.resolve(heard.push(args) === 0 ? '' : '{"changed":true}'),
    emitAction: (...args: readonly unknown[]) => void heard.push(args),
  } as unknown as EventBus;
  const call = async (method: string, args: object): Promise<string> => {
    const instance = await emitterCapability.open({ id: 'x', version: '1' }, [{}], { events, limits: { ...limits, eventBytes: 1_024 } });
    return (await instance.call(method, args, caller)).json;
  };
  test('gives a changed payload as a list of one', async () =>
    assert.equal(await call('emitFilter', { event: 'a', payload: '1', meta: '{}' }), '[{"changed":true}]'));
  const bad: readonly (readonly [string, object])[] = [
    ['a payload that is no JSON', { payload: '{', meta: '{}' }],
    ['a meta that is no JSON', { payload: '1', meta: '{' }],
    ['a meta that is no object', { payload: '1', meta: '[]' }],
    ['a meta that closes early', { payload: '1', meta: '{},"listener":2,"x":{}' }],
    ['one character more than eventBytes', { payload: JSON.stringify('a'.repeat(1_021)), meta: '{}' }],
  ];
  for (const [name, args] of bad)
    test(`refuses ${name}`, async () => {
      const before = heard.length;
      await assert.rejects(
        call('emitFilter', { event: 'a', ...args }),
        (error) => error instanceof CloisterError && error.code === 'ERR_ARGUMENT_INVALID',
      );
      assert.equal(heard.length, before);
    });
  test('holds a tenant to what it has of eventBytes', async () => {
    const instance = await emitterCapability.open({ id: 'x', version: '1' }, [{}], { events, limits });
    const args = { event: 'a', payload: JSON.stringify('a'.repeat(2_000)), meta: '{}' };
    const less = { ...caller, limits: { ...limits, eventBytes: 1_024 } };
    await assert.rejects(
      async () => await instance.call('emitFilter', args, less),
      (error) => error instanceof CloisterError && error.details['allowed'] === 1_024,
    );
    await instance.call('emitFilter', args, caller);
  });
  test('takes as much as eventBytes', async () => {
    await call('emitFilter', { event: 'a', payload: JSON.stringify('a'.repeat(1_020)), meta: '{}' });
  });
});
