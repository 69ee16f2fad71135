// The guest's logger in a bare realm: call forms as pino's, and nothing an extension passes makes it throw or send a long line. Must never run with host globals in reach.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { Ajv } from 'ajv';
import { build } from 'esbuild';
import { logBounds } from './bounds.ts';
import { type LogBoot, logLevels, writeArgs } from './contract.ts';

const bundle = await build({
  entryPoints: [join(import.meta.dirname, 'guest.ts')],
  bundle: true,
  write: false,
  format: 'iife',
  globalName: 'guest',
  target: 'es2024',
});
const source = bundle.outputFiles[0]?.text ?? '';
const fitsWrite = new Ajv({ strict: true }).compile(writeArgs);
const boot: LogBoot = {
  level: 'trace',
  levels: logLevels,
  textChars: logBounds.textChars.value,
  dataChars: logBounds.dataChars.value,
  dataDepth: logBounds.dataDepth.value,
};

interface Sent {
  readonly level: string;
  readonly text: string;
  readonly data?: unknown;
}

/** Runs extension code with `logger` in scope and gives what it sent; every call must fit the schema the host checks. */
const run = (code: string, given: Partial<LogBoot> | null = {}): readonly Sent[] => {
  const sent: Sent[] = [];
  const context = createContext({
    send(method: string, text: string) {
      assert.equal(method, 'write');
      const args = JSON.parse(text) as { readonly level: string; readonly text: string; readonly data?: string };
      assert.ok(fitsWrite(args), JSON.stringify(fitsWrite.errors));
      sent.push(args.data === undefined ? { level: args.level, text: args.text } : { ...args, data: JSON.parse(args.data) as unknown });
    },
  });
  runInContext(source, context);
  const boots = given === null ? 'undefined' : JSON.stringify({ ...boot, ...given });
  const bridge = `{ granted: ${given !== null}, boot: ${boots}, send: (post => (method, args) => post(method, stringify(args)))(send) }`;
  runInContext(`const { stringify } = JSON; var logger = guest.makeGuest(${bridge});`, context);
  runInContext(`'use strict'; { ${code} }`, context);
  return sent;
};
const only = (code: string, given: Partial<LogBoot> = {}): Sent => {
  const [line, ...more] = run(code, given);
  assert.ok(line);
  assert.deepEqual(more, []);
  return line;
};

describe("the call forms are pino's", () => {
  const forms: readonly (readonly [string, Omit<Sent, 'level'>])[] = [
    ["logger.info('hello')", { text: 'hello' }],
    ["logger.info('%s is %d', 'a', 4.5)", { text: 'a is 4.5' }],
    ["logger.info('%i of %f', 4.9, '5')", { text: '4 of 5' }],
    ["logger.info('%o %O %j', { a: 1 }, [1], 'x')", { text: '{"a":1} [1] \'x\'' }],
    ["logger.info('100%% of %s', 'it')", { text: '100% of it' }],
    ["logger.info('100%% alone')", { text: '100%% alone' }],
    ["logger.info('%s and %s', 'one')", { text: 'one and %s' }],
    ["logger.info('%d', null)", { text: '%d' }],
    ["logger.info('none', 'dropped', 1)", { text: 'none' }],
    ["logger.info({ user: 7 }, 'hello')", { text: 'hello', data: { user: 7 } }],
    ["logger.info({ user: 7 }, 'hello %s', 'you')", { text: 'hello you', data: { user: 7 } }],
    ['logger.info({ user: 7 })', { text: '', data: { user: 7 } }],
    ['logger.info({})', { text: '' }],
    ['logger.info()', { text: '' }],
    ['logger.info(null)', { text: '' }],
    ["logger.info(null, 'hello')", { text: 'hello' }],
    ["logger.info(undefined, 'hello')", { text: 'hello' }],
    ['logger.info(42)', { text: '42' }],
    ['logger.info(true)', { text: 'true' }],
    ['logger.info(10n)', { text: '10' }],
    ["logger.info(Symbol('s'))", { text: 'Symbol(s)' }],
    ['logger.info({ a: 1 }, { b: 2 })', { text: '{"b":2}', data: { a: 1 } }],
    ['logger.info([1, 2])', { text: '', data: { 0: 1, 1: 2 } }],
  ];
  for (const [code, expected] of forms) test(code, () => assert.deepEqual(only(code), { level: 'info', ...expected }));

  test('an error becomes err, and its message the text', () => {
    const { text, data } = only("logger.error(new TypeError('bad'))");
    const { err } = data as { readonly err: Readonly<Record<string, unknown>> };
    assert.deepEqual([text, err.type, err.message, String(err.stack).startsWith('TypeError: bad\n')], ['bad', 'TypeError', 'bad', true]);
  });
  test('an error with a message of its own keeps both', () => {
    const { text, data } = only("logger.error(new Error('bad'), 'while saving %s', 'it')");
    assert.deepEqual([text, (data as { readonly err: { readonly message: string } }).err.message], ['while saving it', 'bad']);
  });
  test('an error under err gives its message too', () => assert.equal(only("logger.error({ err: new Error('bad'), a: 1 })").text, 'bad'));
  test('causes, codes and the errors of an AggregateError come along', () => {
    const { data } = only(
      "const e = new AggregateError([new Error('one')], 'all', { cause: new RangeError('why') }); e.code = 'E1'; e.stack = ''; logger.error(e)",
    );
    const { err } = data as {
      readonly err: {
        readonly code: string;
        readonly cause: { readonly type: string };
        readonly errors: readonly { readonly message: string }[];
      };
    };
    assert.deepEqual([err.code, err.cause.type, err.errors[0]?.message], ['E1', 'RangeError', 'one']);
  });
});

describe('levels', () => {
  for (const level of logLevels) test(`${level} is sent as ${level}`, () => assert.equal(only(`logger.${level}('x')`).level, level));
  const rows: readonly (readonly [string, string, Partial<LogBoot> | null, readonly string[]])[] = [
    ["the host's level is where it starts", "for (const l of ['error','info','debug']) logger[l](l)", { level: 'info' }, ['error', 'info']],
    ['a level that is set lets more through', "logger.level = 'debug'; logger.debug('x')", { level: 'info' }, ['x']],
    ['silent lets nothing through', "logger.level = 'silent'; logger.fatal('x'); logger.silent('x')", {}, []],
    ['a level the grant does not list is off', "logger.debug('x'); logger.error('y')", { levels: ['error'] }, ['y']],
    [
      'isLevelEnabled says so',
      "logger.error(String([logger.isLevelEnabled('debug'), logger.isLevelEnabled('error'), logger.isLevelEnabled('constructor')]))",
      { levels: ['error'] },
      ['false,true,false'],
    ],
    [
      'an unknown level cannot be set',
      "try { logger.level = '__proto__' } catch (e) { logger.info(e.message) }",
      {},
      ['unknown level __proto__'],
    ],
    ["a level of the host's own making counts as info", "logger.debug('x'); logger.info('y')", { level: 'verbose' }, ['y']],
    [
      'level, levelVal and levels read as in pino',
      'logger.info([logger.level, logger.levelVal, logger.levels.values.warn, logger.levels.labels[40]].join())',
      { level: 'info' },
      ['info,30,40,warn'],
    ],
    ['without the grant nothing is sent and nothing throws', "logger.fatal('x'); logger.child({}).error('x'); logger.flush()", null, []],
  ];
  for (const [name, code, given, texts] of rows)
    test(name, () =>
      assert.deepEqual(
        run(code, given).map(({ text }) => text),
        texts,
      ),
    );
});

describe('children', () => {
  const rows: readonly (readonly [string, string, readonly Omit<Sent, 'level'>[]])[] = [
    [
      'carry their bindings in each line',
      "logger.child({ a: 1 }).child({ b: 2 }).info({ c: 3 }, 'x')",
      [{ text: 'x', data: { a: 1, b: 2, c: 3 } }],
    ],
    [
      'let a line override a binding, once',
      "const c = logger.child({ a: 1 }); c.info({ a: 2 }, 'x'); c.info('y')",
      [
        { text: 'x', data: { a: 2 } },
        { text: 'y', data: { a: 1 } },
      ],
    ],
    ['have a level of their own', "const c = logger.child({}, { level: 'error' }); c.info('no'); logger.info('yes')", [{ text: 'yes' }]],
    ['keep the level they were born with', "const c = logger.child({}); logger.level = 'error'; c.info('yes')", [{ text: 'yes' }]],
    [
      'put their prefix before each text',
      "logger.child({}, { msgPrefix: '[a] ' }).child({}, { msgPrefix: '[b] ' }).info('x')",
      [{ text: '[a] [b] x' }],
    ],
    ['can be made of nothing', "logger.child().info('x')", [{ text: 'x' }]],
    [
      'tell and take bindings',
      'const c = logger.child({ a: 1 }); c.setBindings({ b: 2 }); c.info(JSON.stringify(c.bindings()))',
      [{ text: '{"a":1,"b":2}', data: { a: 1, b: 2 } }],
    ],
    ['work with methods taken off them', "const { info } = logger.child({ a: 1 }); info('x')", [{ text: 'x', data: { a: 1 } }]],
  ];
  for (const [name, code, expected] of rows)
    test(name, () =>
      assert.deepEqual(
        run(code).map(({ level: _, ...line }) => line),
        expected,
      ),
    );
});

describe('whatever is passed costs one bounded line and never throws', () => {
  const rows: readonly (readonly [string, string, unknown])[] = [
    ['a cycle', 'const a = { b: 1 }; a.self = a; logger.info(a)', { b: 1, self: { b: 1, self: '[circular]' } }],
    ['a cycle below', 'const a = { b: 1 }; a.self = a; logger.info({ a })', { a: { b: 1, self: '[circular]' } }],
    ['the same object twice', 'const a = { b: 1 }; logger.info({ a, c: a })', { a: { b: 1 }, c: { b: 1 } }],
    ['a bigint', 'logger.info({ n: 10n })', { n: '10' }],
    ['NaN and infinity', 'logger.info({ n: NaN, i: -Infinity })', { n: null, i: null }],
    [
      'symbols, functions and undefined',
      "logger.info({ s: Symbol('x'), f() {}, u: undefined, [Symbol('k')]: 1, a: [undefined, () => 1] })",
      { s: 'Symbol(x)', a: [null, null] },
    ],
    ['a getter that throws', "logger.info({ get a() { throw new Error('no') }, b: 1 })", { a: '[thrown]', b: 1 }],
    ['a toJSON', 'logger.info({ d: new Date(0) })', { d: '1970-01-01T00:00:00.000Z' }],
    ['a toJSON that throws', 'logger.info({ a: { toJSON() { throw 1 } }, b: 1 })', { a: '[thrown]', b: 1 }],
    ['a toJSON that gives itself', 'const a = { toJSON() { return a }, b: 1 }; logger.info({ a })', { a: { b: 1 } }],
    [
      'own keys with reserved names',
      'logger.info(JSON.parse(\'{"__proto__":{"x":1},"constructor":2,"toString":3}\'))',
      JSON.parse('{"__proto__":{"x":1},"constructor":2,"toString":3}'),
    ],
    ['a key that is no identifier', String.raw`logger.info({ 'a"\n': 1 })`, { 'a"\n': 1 }],
    ['a Map and a Set', 'logger.info({ m: new Map([[1, 2]]), s: new Set([1]) })', { m: {}, s: {} }],
    ['an object without a prototype', 'logger.info(Object.assign(Object.create(null), { a: 1 }))', { a: 1 }],
    [
      'an error whose message throws',
      "const e = new Error('x'); Object.defineProperty(e, 'message', { get() { throw 1 } }); e.stack = 's'; logger.info({ e })",
      { e: { type: 'Error', message: '[thrown]', stack: 's' } },
    ],
    [
      'an error without a constructor',
      "const e = new Error('x'); e.constructor = undefined; e.stack = 's'; logger.info({ e })",
      { e: { type: '[thrown]', message: 'x', stack: 's' } },
    ],
    [
      'an error that causes itself',
      "const e = new Error('x'); e.stack = 's'; e.cause = e; logger.info({ e })",
      { e: { type: 'Error', message: 'x', stack: 's', cause: '[circular]' } },
    ],
    [
      'a Proxy below that refuses everything',
      'logger.info({ p: new Proxy({}, { get() { throw 1 }, ownKeys() { throw 1 }, getPrototypeOf() { throw 1 } }), b: 1 })',
      { p: '[thrown]', b: 1 },
    ],
    ['halves of pairs', String.raw`logger.info({ a: '\ud800' })`, { a: '\ud800' }],
  ];
  for (const [name, code, data] of rows) test(name, () => assert.deepEqual(only(code).data, data));

  const odd: readonly (readonly [string, string])[] = [
    [
      'a Proxy that refuses everything',
      'logger.info(new Proxy({}, { get() { throw 1 }, ownKeys() { throw 1 }, getPrototypeOf() { throw 1 }, has() { throw 1 } }))',
    ],
    ['an argument of %s that throws', "logger.info('%s', { toString() { throw 1 } })"],
    ['an argument of %d that throws', "logger.info('%d', Symbol('x'))"],
    ['an object without toString as %s', "logger.info('%s', Object.create(null))"],
    ['bindings that throw', 'logger.child(new Proxy({}, { ownKeys() { throw 1 } })).info(1)'],
    [
      'patched intrinsics',
      "JSON.stringify = () => { throw 1 }; Array.prototype.push = () => { throw 1 }; Object.keys = () => logger.info('again'); logger.info({ a: [1] })",
    ],
    ['a patched Array.prototype.includes', 'Array.prototype.includes = () => true; const a = {}; logger.info({ a })'],
  ];
  for (const [name, code] of odd) test(name, () => assert.ok(run(code).length <= 1));

  const { textChars, dataChars, dataDepth } = logBounds;
  const big: readonly (readonly [string, string])[] = [
    ['a text of megabytes', "logger.info('x'.repeat(5e6))"],
    ['a text of newlines, which JSON doubles', String.raw`logger.info('\n'.repeat(5e6))`],
    ['placeholders that multiply', "logger.info('%s'.repeat(1000), ...Array(1000).fill('x'.repeat(1000)))"],
    ['data of one long text', "logger.info({ a: 'x'.repeat(5e6) })"],
    ['data of one text that JSON makes six times as long', String.raw`logger.info({ a: '\u0001'.repeat(5e5) })`],
    ['a long key', "logger.info({ ['k'.repeat(1e6)]: 1 })"],
    ['many keys', "logger.info(Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => ['k' + i, i])))"],
    ['a long list of short items', 'logger.info({ a: Array(1e6).fill(1) })'],
    ['a list of a length that is none', 'logger.info({ a: Array(2 ** 32 - 1) })'],
    ['a tree that is deep', 'let a = { z: 1 }; for (let i = 0; i < 1e4; i += 1) a = { a }; logger.info(a)'],
    ['a tree that is deep and wide', 'let a = 1; for (let i = 0; i < 7; i += 1) a = { a, b: [a, a], c: { a } }; logger.info({ a })'],
    [
      'lists in lists, full to the last character at each level',
      "let a = 'x'.repeat(500); for (let i = 0; i < 7; i += 1) a = [a, 'x'.repeat(450), 1e300]; logger.info({ a })",
    ],
    ['an error with a stack of megabytes', "const e = new Error('x'); e.stack = 's'.repeat(5e6); logger.info(e)"],
    ['a long prefix', "logger.child({}, { msgPrefix: 'p'.repeat(1e5) }).info('x')"],
    ['many bindings', "let l = logger; for (let i = 0; i < 200; i += 1) l = l.child({ ['k' + i]: 'x'.repeat(100) }); l.info('x')"],
  ];
  // run() has checked each line against the host's schema: here it is enough that there is one.
  for (const [name, code] of big) test(name, () => assert.equal(run(code).length, 1));
  test('a text at the limit goes as it is', () =>
    assert.equal(only(`logger.info('x'.repeat(${textChars.value}))`).text, 'x'.repeat(textChars.value)));
  test('a text one over it is cut and says how long it was', () =>
    assert.ok(only(`logger.info('x'.repeat(${textChars.value + 1}))`).text.endsWith(`x… ${textChars.value + 1} characters`)));
  test('data is cut where it is full, and what came before is kept', () => {
    const data = only(`logger.info({ a: 1, b: 'x'.repeat(${dataChars.value}), c: 1 })`).data as Readonly<Record<string, unknown>>;
    assert.deepEqual([data.a, String(data.b).startsWith('xxxx'), data.c, data['~']], [1, true, undefined, '[cut]']);
  });
  const nest = (levels: number): string => `${'{a:'.repeat(levels)}1${'}'.repeat(levels)}`;
  test('the deepest level is kept and one below it is not', () => {
    assert.ok(!JSON.stringify(only(`logger.info(${nest(dataDepth.value)})`).data).includes('[deep]'));
    assert.ok(JSON.stringify(only(`logger.info(${nest(dataDepth.value + 1)})`).data).includes('[deep]'));
  });
});
