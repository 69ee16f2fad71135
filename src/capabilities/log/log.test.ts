// log: what is allowed, refused and cut, and that guest text never leaves its place. Must never fake the logger: lines are pino's own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { pino } from 'pino';
import type { Caller, CapabilityInstance } from '../../bridge/capability.ts';
import { logBounds } from './bounds.ts';
import { type LogGrant, logContract, logGrant, logLevels, writeArgs } from './contract.ts';
import { logCapability } from './host.ts';
import { makeLogPolicy } from './policy.ts';

const ajv = new Ajv({ strict: true });
const fitsGrant = ajv.compile(logGrant);
const fitsWrite = ajv.compile(writeArgs);
const { textChars, dataChars, dataDepth } = logBounds;

const caller = (tenant = 'acme', requestId = 'r1'): Caller => ({
  extension: 'greet',
  version: '1.0.0',
  tenant,
  requestId,
  accountability: null,
  cause: { parent: '', chain: [], tree: { events: 0, mostEvents: 0, turns: 0, mostTurns: 0, mostDepth: 0 } },
  signal: new AbortController().signal,
  remainingMs: () => 1_000,
});

interface Opened {
  readonly instance: CapabilityInstance;
  /** What pino wrote, line by line. */
  readonly lines: readonly string[];
  last(): Readonly<Record<string, unknown>>;
}

const openLog = async (grants: readonly LogGrant[] = [{}], id = 'greet'): Promise<Opened> => {
  const lines: string[] = [];
  const logger = pino({ level: 'trace', base: null, timestamp: false }, { write: (line: string) => void lines.push(line) });
  const instance = await logCapability.open({ id, version: '1.0.0' }, grants, { logger });
  return { instance, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Readonly<Record<string, unknown>> };
};

describe('the grant of log', () => {
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['an empty object: all levels', {}, true],
    ['some levels', { levels: ['error', 'warn'] }, true],
    ['an empty list', { levels: [] }, true],
    ['every level there is', { levels: logLevels }, true],
    ['a level that is none', { levels: ['verbose'] }, false],
    ['a level in capitals', { levels: ['ERROR'] }, false],
    ['the same level twice', { levels: ['error', 'error'] }, false],
    ['silent, which is no level to write at', { levels: ['silent'] }, false],
    ['an unknown key', { level: 'error' }, false],
    ['a list instead of an object', [], false],
    ['null', null, false],
  ];
  for (const [name, grant, fits] of rows) test(`${name} ${fits ? 'fits' : 'is refused'}`, () => assert.equal(fitsGrant(grant), fits));
});

describe('the arguments of log.write', () => {
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['a level and a text', { level: 'info', text: 'hello' }, true],
    ['data as JSON text', { level: 'info', text: '', data: '{}' }, true],
    ['a text at the limit', { level: 'info', text: 'x'.repeat(textChars.value) }, true],
    ['a text one over the limit', { level: 'info', text: 'x'.repeat(textChars.value + 1) }, false],
    ['data at the limit', { level: 'info', text: '', data: 'x'.repeat(dataChars.value) }, true],
    ['data one over the limit', { level: 'info', text: '', data: 'x'.repeat(dataChars.value + 1) }, false],
    ['data as an object', { level: 'info', text: '', data: {} }, false],
    ['a level that is none', { level: 'constructor', text: '' }, false],
    ['the level __proto__', { level: '__proto__', text: '' }, false],
    ['no level', { text: '' }, false],
    ['no text', { level: 'info' }, false],
    ['a number as text', { level: 'info', text: 1 }, false],
    ['an unknown key', { level: 'info', text: '', extension: 'other' }, false],
    ['an own __proto__', JSON.parse('{"level":"info","text":"","__proto__":{}}'), false],
    ['a list', ['info', ''], false],
    ['nothing', undefined, false],
  ];
  for (const [name, args, fits] of rows) test(`${name} ${fits ? 'fit' : 'are refused'}`, () => assert.equal(fitsWrite(args), fits));
  test('leave only names and counts in the ledger', () => {
    const secret = { level: 'info', text: 'secret', data: '{"a":1}' };
    assert.deepEqual(logContract.methods.write?.summarize(secret, 'default'), { level: 'info', textChars: 6, dataChars: 7 });
  });
  test('have no effect that keeps a request from running again', () =>
    assert.equal(logContract.methods.write?.effect({ level: 'info', text: '' }, 'default'), false));
});

describe('the policy of log', () => {
  const rows: readonly (readonly [string, LogGrant, string, boolean])[] = [
    ['no list of levels allows any', {}, 'trace', true],
    ['a listed level is allowed', { levels: ['error'] }, 'error', true],
    ['one that is not listed is denied', { levels: ['error'] }, 'warn', false],
    ['an empty list denies all', { levels: [] }, 'fatal', false],
  ];
  for (const [name, grant, level, allow] of rows)
    test(name, () => assert.equal(makeLogPolicy(grant)('write', { level, text: '' }).allow, allow));
  for (const method of ['read', 'constructor', '__proto__', '']) {
    test(`the method ${JSON.stringify(method)} is denied`, () =>
      assert.equal(makeLogPolicy({})(method, { level: 'info', text: '' }).allow, false));
  }
});

describe('a line on the host', () => {
  test("carries extension, tenant and request as the host knows them, and the guest's data apart", async () => {
    const { instance, last } = await openLog();
    await instance.call('write', { level: 'warn', text: 'hello', data: '{"user":7}' }, caller());
    assert.deepEqual(last(), { level: 40, extension: 'greet', tenant: 'acme', request: 'r1', guest: { user: 7 }, msg: 'hello' });
  });
  test('is stamped for each extension with its own id', async () => {
    const { instance, last } = await openLog([{}], 'other');
    await instance.call('write', { level: 'info', text: '' }, caller('zeta', 'r2'));
    assert.deepEqual(last(), { level: 30, extension: 'other', tenant: 'zeta', request: 'r2', msg: '' });
  });
  test('keeps every host field whatever the data names', async () => {
    const { instance, last } = await openLog();
    const data =
      '{"extension":"x","tenant":"x","request":"x","level":60,"msg":"x","time":0,"pid":1,"guest":"x","__proto__":{"tenant":"x"},"err":{"stack":"x"}}';
    await instance.call('write', { level: 'info', text: 'real', data }, caller());
    const { guest, ...host } = last();
    assert.deepEqual(host, { level: 30, extension: 'greet', tenant: 'acme', request: 'r1', msg: 'real' });
    assert.deepEqual(Object.keys(guest as object), Object.keys(JSON.parse(data) as object));
    assert.equal(Object.getPrototypeOf({}), Object.prototype);
  });
  test('takes placeholders in the text literally', async () => {
    const { instance, last } = await openLog();
    await instance.call('write', { level: 'info', text: '%s %o %j %%', data: '{"a":1}' }, caller());
    assert.equal(last().msg, '%s %o %j %%');
  });
  test('takes data that looks like a node request as data', async () => {
    const { instance, last } = await openLog();
    await instance.call('write', { level: 'info', text: '', data: '{"method":"GET","headers":{},"socket":{}}' }, caller());
    assert.deepEqual(last().guest, { method: 'GET', headers: {}, socket: {} });
  });
  // A sync flush and whoever is woken by the level fatal are not a guest's to cause.
  test('at fatal is written as an error that says it was fatal to the guest', async () => {
    const { instance, last } = await openLog();
    await instance.call('write', { level: 'fatal', text: 'boom' }, caller());
    assert.deepEqual([last().level, last().guestLevel], [50, 'fatal']);
  });
  const hostile: readonly (readonly [string, string, string])[] = [
    ['a newline and a forged line', 'a\n{"level":60}', 'a\\n{"level":60}'],
    ['an ANSI escape', '\u001b[31mred', '\\u001b[31mred'],
    ['a C1 escape', '\u009b31m', '\\u009b31m'],
    ['a carriage return and a NUL', '\r\u0000', '\\u000d\\u0000'],
    ['a bidi override', '\u202e\u2066', '\\u202e\\u2066'],
    ['a line separator', '\u2028', '\\u2028'],
    ['halves of pairs', '\ud800x\udc00', '\\ud800x\\udc00'],
    ['an invisible tag character', '\u{e0041}', '\\u{e0041}'],
    ['words and emoji', 'приветствие नमस्ते 👨‍👩‍👧', 'приветствие नमस्ते 👨‍👩‍👧'],
  ];
  for (const [name, text, shown] of hostile) {
    test(`shows ${name} harmlessly in text, data and keys`, async () => {
      const { instance, lines, last } = await openLog();
      await instance.call('write', { level: 'info', text, data: JSON.stringify({ [text]: [text] }) }, caller());
      assert.deepEqual([lines.length, last().msg, last().guest], [1, shown, { [shown]: [shown] }]);
    });
  }
  for (const data of ['', '{', 'null', '[]', '"text"', '7', '{"a":1}x']) {
    test(`is refused with the data ${JSON.stringify(data)}, which is no object`, async () => {
      const { instance, lines } = await openLog();
      assert.throws(() => void instance.call('write', { level: 'info', text: '', data }, caller()), { code: 'ERR_ARGUMENT_INVALID' });
      assert.equal(lines.length, 0);
    });
  }
  const nest = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  test('keeps data at the deepest level and cuts one below it', async () => {
    const { instance, last } = await openLog();
    await instance.call('write', { level: 'info', text: '', data: nest(dataDepth.value) }, caller());
    assert.ok(!JSON.stringify(last()).includes('[deep]'));
    await instance.call('write', { level: 'info', text: '', data: nest(dataDepth.value + 1) }, caller());
    assert.ok(JSON.stringify(last()).includes('[deep]'));
  });
  test('survives data as deep as its length allows', async () => {
    const { instance, lines } = await openLog();
    const depth = Math.floor((dataChars.value - 6) / 2);
    await instance.call('write', { level: 'info', text: '', data: `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}` }, caller());
    assert.equal(lines.length, 1);
  });
});

describe('what the guest side is told at boot', () => {
  test("the host logger's level and the levels that every grant lists", async () => {
    const { instance } = await openLog([{}, { levels: ['info', 'error', 'warn'] }, { levels: ['error', 'debug', 'info'] }]);
    assert.deepEqual(instance.bootValue('acme'), {
      level: 'trace',
      levels: ['error', 'info'],
      textChars: 4_096,
      dataChars: 4_096,
      dataDepth: 8,
    });
  });
  test('no levels where no grant holds', async () => {
    const { instance } = await openLog([]);
    assert.deepEqual((instance.bootValue('acme') as { readonly levels: unknown }).levels, []);
  });
});
