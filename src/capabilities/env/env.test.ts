// env: which keys cross, and that nothing else of the environment does. Must never read the real process.env.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { Ajv } from 'ajv';
import { build } from 'esbuild';
import type { Caller } from '../../bridge/capability.ts';
import { envBounds } from './bounds.ts';
import { type EnvGrant, type EnvValue, envContract, envGrant } from './contract.ts';
import { type EnvInstance, envCapability } from './host.ts';
import { makeEnvPolicy } from './policy.ts';

const fitsGrant = new Ajv({ strict: true }).compile(envGrant);
const env: Readonly<Record<string, EnvValue>> = {
  PUBLIC_URL: 'http://here',
  PORT: 8055,
  CACHE: false,
  ORIGINS: ['a', 'b'],
  EMPTY: '',
  SECRET: 'canary',
};

const openEnv = (grants: readonly EnvGrant[], given: Readonly<Record<string, unknown>> = env, id = 'greet'): Promise<EnvInstance> =>
  envCapability.open({ id, version: '1.0.0' }, grants, { env: new Map(Object.entries(given)) }) as Promise<EnvInstance>;
const bootOf = async (
  grants: readonly EnvGrant[],
  given?: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> => ({
  ...valuesOf(await openEnv(grants, given)),
});
const valuesOf = (instance: EnvInstance): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(instance.bootValue('acme')).map(([key, { value }]) => [key, value]));

describe('the grant of env', () => {
  const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `K${index}`);
  const { keys, keyChars } = envBounds;
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['some keys', { keys: ['PUBLIC_URL', '_x9'] }, true],
    ['an empty list', { keys: [] }, true],
    ['as many keys as the limit', { keys: names(keys.value) }, true],
    ['one key more than the limit', { keys: names(keys.value + 1) }, false],
    ['a name as long as the limit', { keys: ['K'.repeat(keyChars.value)] }, true],
    ['a name one longer than the limit', { keys: ['K'.repeat(keyChars.value + 1)] }, false],
    ['the name constructor, which is a name', { keys: ['constructor'] }, true],
    ['the name __proto__', { keys: ['__proto__'] }, false],
    ['no keys', {}, false],
    ['a wildcard', { keys: ['*'] }, false],
    ['a prefix with a wildcard', { keys: ['PUBLIC_*'] }, false],
    ['an empty name', { keys: [''] }, false],
    ['a name with a dot', { keys: ['a.b'] }, false],
    ['a name that starts with a digit', { keys: ['1A'] }, false],
    ['a name with a newline at its end', { keys: ['A\n'] }, false],
    ['the same name twice', { keys: ['A', 'A'] }, false],
    ['a name that is no string', { keys: [1] }, false],
    ['an unknown key', { keys: [], all: true }, false],
    ['null', null, false],
  ];
  for (const [name, grant, fits] of rows) test(`${name} ${fits ? 'fits' : 'is refused'}`, () => assert.equal(fitsGrant(grant), fits));
});

describe('the policy of env', () => {
  const policy = makeEnvPolicy({ keys: ['PUBLIC_URL'] });
  const rows: readonly (readonly [string, string, string, boolean])[] = [
    ['a listed key is allowed', 'read', 'PUBLIC_URL', true],
    ['another is denied', 'read', 'SECRET', false],
    ['the same in small letters is denied', 'read', 'public_url', false],
    ['a longer name that begins with it is denied', 'read', 'PUBLIC_URL_2', false],
    ['constructor is denied', 'read', 'constructor', false],
    ['__proto__ is denied', 'read', '__proto__', false],
    ['another method is denied', 'write', 'PUBLIC_URL', false],
    ['the method constructor is denied', 'constructor', 'PUBLIC_URL', false],
  ];
  for (const [name, method, key, allow] of rows) test(name, () => assert.equal(policy(method, { key }).allow, allow));
  test('an empty list denies all', () => assert.equal(makeEnvPolicy({ keys: [] })('read', { key: 'PUBLIC_URL' }).allow, false));
});

describe('what an extension gets at boot', () => {
  const rows: readonly (readonly [string, readonly EnvGrant[], Readonly<Record<string, unknown>>])[] = [
    [
      'the granted keys, each as it is',
      [{ keys: ['PUBLIC_URL', 'PORT', 'CACHE', 'ORIGINS', 'EMPTY'] }],
      { PUBLIC_URL: 'http://here', PORT: 8055, CACHE: false, ORIGINS: ['a', 'b'], EMPTY: '' },
    ],
    ['nothing for an empty list', [{ keys: [] }], {}],
    ['nothing where no grant holds', [], {}],
    [
      'only what all grants list',
      [{ keys: ['PORT', 'CACHE', 'SECRET'] }, { keys: ['PORT', 'CACHE'] }, { keys: ['SECRET', 'PORT'] }],
      { PORT: 8055 },
    ],
    ['nothing where one grant lists nothing', [{ keys: ['PORT'] }, { keys: [] }], {}],
    ['nothing for a key that is not set', [{ keys: ['MISSING'] }], {}],
    ['nothing for names every object has', [{ keys: ['constructor', 'toString', 'hasOwnProperty', '__proto__'] }], {}],
  ];
  for (const [name, grants, expected] of rows) test(name, async () => assert.deepEqual(await bootOf(grants), expected));
  test('a key named like a member of every object, where the embedder sets it', async () => {
    assert.deepEqual(await bootOf([{ keys: ['constructor'] }], { constructor: 'x' }), { constructor: 'x' });
  });
  test("another extension's grant gives it nothing", async () => {
    await openEnv([{ keys: ['SECRET'] }], env, 'trusted');
    assert.deepEqual(valuesOf(await openEnv([{ keys: ['PORT'] }], env, 'greet')), { PORT: 8055 });
  });
  test("a list of its own: the embedder's cannot be changed through it", async () => {
    const { ORIGINS } = await bootOf([{ keys: ['ORIGINS'] }]);
    assert.notEqual(ORIGINS, env.ORIGINS);
  });
  test('undefined values are left out', async () => assert.deepEqual(await bootOf([{ keys: ['A'] }], { A: undefined }), {}));
  for (const [name, value] of [
    ['an object', { a: 1 }],
    ['null', null],
    ['a function', () => 'x'],
    ['NaN', Number.NaN],
    ['a bigint', 1n],
    ['a list of numbers', [1]],
    ['a text that says number: and is none', 'number:five'],
    ['a text that says number: and is empty', 'number:'],
    ['a text that says json: and is none', 'json:{'],
  ] as const) {
    test(`${name} as a granted value is refused, by its name only`, async () => {
      await assert.rejects(openEnv([{ keys: ['BAD'] }], { BAD: value }), { code: 'ERR_OPTIONS_INVALID' });
      assert.deepEqual(await bootOf([{ keys: ['PORT'] }], { ...env, BAD: value }), { PORT: 8055 });
    });
  }
  test('a call says that a key is used, and gives nothing', async () => {
    const instance = await openEnv([{ keys: ['PORT'] }]);
    const caller = { extension: 'greet' } as Caller;
    assert.deepEqual(Object.keys(envContract.methods), ['read']);
    assert.deepEqual(instance.call('read', { key: 'PORT' }, caller), { json: 'null' });
  });
});

describe('a value given as text is what Directus makes of it', () => {
  const rows: readonly (readonly [string, unknown, string?])[] = [
    ['https://example.com:8055/a', 'https://example.com:8055/a'],
    ['', ''],
    ['true', true],
    ['false', false],
    ['True', 'True'],
    ['null', null],
    ['3306', 3306],
    ['0', 0],
    ['-1.5', -1.5],
    ['007', '007'],
    ['1e5', '1e5'],
    ['0x10', '0x10'],
    [' 5', ' 5'],
    ['Infinity', 'Infinity'],
    ['12345678901234567890', '12345678901234567890'],
    ['9007199254740991', 9007199254740991],
    ['s3,local,example', ['s3', 'local', 'example']],
    ['a,', ['a']],
    ['{"a":{"b":[1,null]}}', { a: { b: [1, null] } }],
    ['[1,"two"]', [1, 'two']],
    ['{"a":', '{"a":'],
    ['{a,b}', ['{a', 'b}']],
    ['{"__proto__":{"admin":true}}', JSON.parse('{"__proto__":{"admin":true}}')],
    ['string:22', '22', '22'],
    ['string:a,b', 'a,b', 'a,b'],
    ['string:string:x', 'string:x', 'string:x'],
    ['number:007', 7, '007'],
    ['number:1e3', 1000, '1e3'],
    ['boolean:1', true, '1'],
    ['boolean:no', false, 'no'],
    ['array:one', ['one'], 'one'],
    ['json:"quoted"', 'quoted', '"quoted"'],
    ['json:{"a":1}', { a: 1 }, '{"a":1}'],
    ['regex:^a+$', 'regex:^a+$'],
    ['constructor:x', 'constructor:x'],
  ];
  for (const [given, value, text = given] of rows)
    test(JSON.stringify(given), async () => {
      const boot = (await openEnv([{ keys: ['A'] }], { A: given })).bootValue('acme');
      assert.deepEqual({ ...boot }, { A: { value, text } });
    });
  test('what the embedder gave a type keeps it', async () => {
    const boot = (await openEnv([{ keys: ['A', 'B', 'C'] }], { A: 5, B: ['1', 'true'], C: false })).bootValue('acme');
    assert.deepEqual(
      { ...boot },
      { A: { value: 5, text: '5' }, B: { value: ['1', 'true'], text: '1,true' }, C: { value: false, text: 'false' } },
    );
  });
});

describe("the guest's env", async () => {
  const bundle = await build({
    entryPoints: [join(import.meta.dirname, 'guest.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'guest',
  });
  const source = bundle.outputFiles[0]?.text ?? '';
  /** Evaluates an expression over `env` in a bare realm. */
  const evaluate = (boot: string, expression: string): unknown => {
    const context = createContext();
    runInContext(source, context);
    runInContext(
      `var notes = []; var env = guest.makeGuest({ boot: ${boot}, granted: true, note: (method, args) => notes.push(args.key) });`,
      context,
    );
    return JSON.parse(String(runInContext(`JSON.stringify(${expression})`, context))) as unknown;
  };
  const boot = '{ URL: { value: "x" }, PORT: { value: 8055 }, ON: { value: true }, LIST: { value: ["a", "b"] } }';
  const values = { URL: 'x', PORT: 8055, ON: true, LIST: ['a', 'b'] };
  const inherited = "['constructor', 'toString', '__proto__', 'valueOf', '__defineGetter__']";
  const rows: readonly (readonly [string, string, string, unknown])[] = [
    ['has the granted keys as they are', boot, 'env', values],
    ['gives undefined for what was not granted', boot, 'env.SECRET === undefined', true],
    ['gives undefined for names every object has', boot, `${inherited}.every((key) => env[key] === undefined)`, true],
    ['answers hasOwnProperty', boot, "[env.hasOwnProperty('PORT'), env.hasOwnProperty('SECRET')]", [true, false]],
    ['enumerates the granted keys only', boot, '[Object.keys(env), { ...env }]', [Object.keys(values), values]],
    [
      'keeps an own __proto__ as a key and takes no prototype from it',
      'JSON.parse(\'{"__proto__":{"value":{"SECRET":1}}}\')',
      '[env.SECRET === undefined, Object.keys(env)]',
      [true, ['__proto__']],
    ],
    [
      'lets a granted key named hasOwnProperty win',
      '{ hasOwnProperty: { value: "mine" } }',
      '[env.hasOwnProperty, Object.keys(env)]',
      ['mine', ['hasOwnProperty']],
    ],
    ['is empty where nothing was granted', 'undefined', 'env', {}],
    ['says of each key once that it is used', boot, '(env.URL, env.URL, env.SECRET, env.PORT, notes)', ['URL', 'PORT']],
    ['counts asking whether a key is there as a use', boot, "('URL' in env, env.hasOwnProperty('PORT'), notes)", ['URL', 'PORT']],
    ['does not count a key that is written', boot, "(env.URL = 'mine', notes)", []],
    ["can be written: it is the cell's own", boot, "(env.NEW = 'y', delete env.PORT, Object.keys(env))", ['URL', 'ON', 'LIST', 'NEW']],
  ];
  for (const [name, given, expression, expected] of rows) test(name, () => assert.deepEqual(evaluate(given, expression), expected));
});
