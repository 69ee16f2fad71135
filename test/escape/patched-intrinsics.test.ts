// An extension that patches what everything stands on changes no decision, no neighbour and no next cell. Each poison is drunk in a cell of its own (isolation: request).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const canary = 'canary-77a0';
const everything = (owner: string, what: string): string =>
  `for (const key of Reflect.ownKeys(${owner})) { const d = Reflect.getOwnPropertyDescriptor(${owner}, key); if (d && d.configurable && typeof d.value === 'function' && key !== 'constructor') Reflect.defineProperty(${owner}, key, { __proto__: null, ...d, value: ${what} }); }`;
const lying = 'function () { return true; }';
const throwing = `function () { throw new Error('poison'); }`;

/** answers: what the kernel does by itself, it does all the same. broken: Express or Knex cannot go on, so its request ends; either way nothing is let through. */
const poisons: Readonly<Record<string, readonly [source: string, expects: 'answers' | 'broken' | 'either']>> = {
  nothing: ['', 'answers'],
  'toJSON of everything': [
    `for (const of of [Object, Array, String, Number, Boolean]) Object.defineProperty(of.prototype, 'toJSON', { value: () => ['database', 'query', { sql: 'select * from hidden', bindings: [] }], configurable: true });`,
    'either',
  ],
  'then of everything': [
    `Object.defineProperty(Object.prototype, 'then', { value: function (done) { done('stolen'); }, configurable: true, writable: true });`,
    'either',
  ],
  'setters of names that decide': [
    `for (const key of ['allow', 'decision', 'granted', 'capability', 'method', 'args', 'lease', 'calls', 'pending', 'logLines', 'over', 'window']) Object.defineProperty(Object.prototype, key, { get: () => 0, set() {}, configurable: true });`,
    'answers',
  ],
  'getters that say yes': [
    `for (const key of ['allow', 'read', 'tables', 'hidden']) Object.defineProperty(Object.prototype, key, { get: () => true, set() {}, configurable: true });`,
    'either',
  ],
  'Array.prototype': [everything('Array.prototype', lying), 'either'],
  'Map.prototype': [everything('Map.prototype', lying), 'either'],
  'Set.prototype': [everything('Set.prototype', lying), 'either'],
  'String.prototype': [everything('String.prototype', throwing), 'either'],
  'RegExp.prototype': [everything('RegExp.prototype', lying), 'either'],
  'Function.prototype': [everything('Function.prototype', lying), 'either'],
  'Promise.prototype': [everything('Promise.prototype', lying), 'either'],
  'Promise itself': [everything('Promise', lying), 'either'],
  Reflect: [everything('Reflect', lying), 'answers'],
  'Object itself': [everything('Object', lying), 'either'],
  'Symbol.species of promises': [
    'Object.defineProperty(Promise, Symbol.species, { get: () => function (executor) { executor(() => undefined, () => undefined); } });',
    'either',
  ],
  'the constructor of promises': [
    'Promise.prototype.constructor = function (executor) { executor(() => undefined, () => undefined); };',
    'answers',
  ],
  'Symbol.iterator of lists': [`Array.prototype[Symbol.iterator] = function* () { yield 'database'; yield 'query'; };`, 'either'],
  'next of list iterators': ['Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true });', 'either'],
  'exec of expressions': [`RegExp.prototype.exec = () => ['a', 'b', 'c'];`, 'either'],
  'hasInstance of functions': ['Object.defineProperty(Function.prototype, Symbol.hasInstance, { value: () => true });', 'either'],
  'JSON that lies': [
    `JSON.stringify = () => '["database","query",{"sql":"select * from hidden","bindings":[]}]'; JSON.parse = () => ({ allow: true, rows: [] });`,
    'answers',
  ],
  'JSON as globalThis.JSON': ['globalThis.JSON = { parse: () => 1, stringify: () => "2" };', 'answers'],
  'a clock that stands': ['Date.now = () => 0; globalThis.Date = function () { return { getTime: () => 0 }; };', 'answers'],
  'a random that is none': ['Math.random = () => 0;', 'answers'],
  'stacks that lie': [
    `Error.prepareStackTrace = () => 'no stack'; Error.captureStackTrace = (error) => { error.stack = 'none'; }; Error.stackTraceLimit = 0;`,
    'answers',
  ],
  'no globals at all': [
    `for (const key of Reflect.ownKeys(globalThis)) if (key !== 'Reflect') Reflect.deleteProperty(globalThis, key);`,
    'either',
  ],
  'a proxy under globalThis': ['Object.setPrototypeOf(globalThis, new Proxy({}, { has: () => true, get: () => undefined }));', 'either'],
  'a proxy under lists': [
    `Object.setPrototypeOf(Array.prototype, new Proxy({}, { get: () => 'x', has: () => true, set: () => true }));`,
    'either',
  ],
  'frozen prototypes': [
    'for (const of of [Object, Array, Function, Promise, Map, String, RegExp]) { Object.freeze(of); Object.freeze(of.prototype); }',
    'answers',
  ],
  'a sealed global': ['Object.preventExtensions(globalThis); Object.freeze(globalThis);', 'answers'],
  'typed arrays': [everything('Object.getPrototypeOf(Uint8Array.prototype)', lying), 'answers'],
  'constructors of buffers': [
    'globalThis.Uint8Array = globalThis.ArrayBuffer = function () { return { byteLength: 1e12, length: 1e12 }; };',
    'answers',
  ],
  'valueOf of numbers': [everything('Number.prototype', throwing), 'answers'],
  'the generator under every await': [
    `const G = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())); ${everything('G', throwing)}`,
    'either',
  ],
};

const source = `
const attempt = async (run) => { try { return { got: await run() }; } catch (error) { return { refused: String(error?.code ?? error) }; } };
export default (router, { database, env, emitter, logger }) => {
  const hidden = () => database('hidden').select('*');
  router.post('/drink', async (req, res) => {
    const { poison } = req.body;
    new Function(poison)();
    const outcomes = [
      await attempt(hidden),
      await attempt(() => database('things').insert({ id: 9 })),
      await attempt(() => database.raw('select * from hidden')),
      await attempt(() => emitter.emitFilter('items.create', {}, {})),
      await attempt(() => env.SECRET),
      await attempt(() => database('things').select('*')),
    ];
    logger.info('drunk');
    try { res.end(outcomes.map((one) => one.refused ?? 'fine').join(' ')); } catch { res.end(); }
  });
  router.get('/', async (req, res) => res.json((await database('things').select('*')).length));
};`;

let database: TestDatabase;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase(
    `create table things (id int, text text); insert into things values (1, 'one'); create table hidden (id int, text text); insert into hidden values (1, '${canary}')`,
  );
  const capabilities = { database: { tables: { things: { read: true } } }, emitter: { emit: ['drinker.*'] }, env: { keys: ['GIVEN'] } };
  runtime = await openTestRuntime({
    extensions: { drinker: extension(source, { capabilities }), by: extension(source, { capabilities }) },
    options: {
      database: database.url,
      env: { GIVEN: 'given', SECRET: canary },
      approvals: {
        drinker: { capabilities: 'requested', isolation: 'request', limits: { cpuMs: 1_000, wallMs: 2_500 } },
        by: { capabilities: 'requested', limits: { cpuMs: 5_000, wallMs: 20_000 } },
      },
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  await database.close();
});

describe('a poison that is drunk', () => {
  for (const [name, [poison, expects]] of Object.entries(poisons)) {
    test(`${name}: lets nothing through`, async (context) => {
      const reply = await runtime.post('/drinker/drink', { poison });
      context.diagnostic(`${reply.status} ${reply.text.slice(0, 160)}`);
      assert.doesNotMatch(reply.text, /canary/);
      // What it broke is its own: an answer, a failure, or one of its own limits, by time or by memory.
      assert.ok([200, 500, 502, 504, 507].includes(reply.status), `${reply.status} ${reply.text}`);
      if (expects === 'answers') {
        assert.deepEqual(
          [reply.status, reply.text],
          [200, 'ERR_CAPABILITY_DENIED ERR_CAPABILITY_DENIED ERR_CAPABILITY_DENIED ERR_CAPABILITY_DENIED fine fine'],
        );
      }
      const beside = await runtime.get('/by');
      assert.deepEqual([beside.status, beside.json()], [200, 1]);
    });
  }
  test('and nothing but what is granted was allowed', () => {
    const allowed = runtime.entries('call.start').filter((one) => one.decision !== 'deny');
    for (const one of allowed) {
      assert.ok(['database', 'log'].includes(one.capability), JSON.stringify(one));
      assert.doesNotMatch(JSON.stringify(one.args), /hidden|insert/i);
    }
    assert.ok(allowed.length > 10);
  });
  test('nor did anything change the host', () => {
    assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).length, 12);
    assert.equal((Object.prototype as unknown as Readonly<Record<string, unknown>>)['then'], undefined);
  });
});
