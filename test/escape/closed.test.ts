// What an extension can reach by any property, prototype, error, stack or patched built-in is its own realm's, and no more than the list of permitted globals says.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { permittedBuiltins, permittedPlatform } from '../../sandbox/kernel/permitted.ts';
import { findArtefacts } from '../../src/wards/artefacts.ts';
import { wardFlags } from '../../src/wards/flags.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const read = (name: string): string => readFileSync(new URL(`../fixtures/guest/${name}.js`, import.meta.url), 'utf8');
/** As a classic script. */
const walkScript = read('walk').replace(/^export /gm, '');
const capabilities = {
  database: { tables: { things: { read: true } } },
  env: { keys: ['GIVEN'] },
  schema: {},
  emitter: { emit: ['walker.*'], listen: ['walker.*'] },
};
const limits = {
  cpuMs: 50_000,
  wallMs: 50_000,
  registerMs: 20_000,
  memoryMb: 1_024,
  wardRssMb: 2_048,
  bodyOutBytes: 100_000_000,
  hostCalls: 1_000,
  logLines: 10_000,
};
const canary = `canary-${process.pid}-${String(Math.random()).slice(2)}`;
const names = permittedBuiltins.filter((name) => name !== 'globalThis');

interface Walked {
  readonly counts: Readonly<Record<string, number>>;
  /** path, name, length, whether it has a prototype */
  readonly natives: readonly (readonly [string, string, number, boolean])[];
  readonly strangers: readonly string[];
  readonly strings: readonly (readonly [text: string, path: string])[];
  readonly frames: readonly string[];
}

let database: TestDatabase;
let runtime: TestRuntime;
let walked: Walked;
before(async () => {
  process.env['CLOISTER_TEST_CANARY'] = canary;
  database = await openTestDatabase(
    `create table things (id int, text text); insert into things values (1, 'one'); create table hidden (id int, text text); insert into hidden values (1, '${canary}')`,
  );
  runtime = await openTestRuntime({
    extensions: { walker: { ...extension(read('walker'), { capabilities, limits }), 'walk.js': read('walk'), 'spies.js': read('spies') } },
    options: { database: database.url, env: { GIVEN: 'given', SECRET: canary } },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
  const gathered = await runtime.request('/walker/gather', {
    headers: { authorization: `Bearer ${canary}`, cookie: `session=${canary}`, 'x-internal': canary },
  });
  assert.equal(gathered.status, 200, gathered.text);
  await runtime.get('/walker/fault');
  const reply = await runtime.post('/walker/walk', { names });
  assert.equal(reply.status, 200, reply.text.slice(0, 500));
  walked = reply.json() as Walked;
});
after(async () => {
  await runtime.close();
  await database.close();
});

describe('what an extension finds', () => {
  test('are the permitted globals, each of them and no other', async () => {
    const found = (await runtime.get('/walker/globals')).json() as readonly string[];
    assert.deepEqual([...found].sort(), [...permittedBuiltins, ...permittedPlatform].sort());
  });
  test('has nothing on its list that no limit counts, or that tells of other threads, of collections, of the engine', () => {
    const never = [
      'WebAssembly',
      'SharedArrayBuffer',
      'Atomics',
      'FinalizationRegistry',
      'WeakRef',
      'ShadowRealm',
      'gc',
      'd8',
      'Deno',
      'Bun',
    ];
    const builtins: readonly string[] = permittedBuiltins;
    assert.deepEqual(
      builtins.filter((name) => never.includes(name)),
      [],
    );
    // These two there are, of the platform's own making: they hold what they are given, and call nothing.
    const own: readonly string[] = permittedPlatform;
    assert.deepEqual(
      own.filter((name) => never.includes(name)),
      ['FinalizationRegistry', 'WeakRef'],
    );
  });
  test('of the engine is what a bare context of the same engine has, less what was taken away', async () => {
    const bare = spawnSync(
      findArtefacts(undefined).execPath,
      [
        ...wardFlags,
        '-p',
        `const vm = require('node:vm'); vm.runInContext(process.argv[1], vm.createContext(), { microtaskMode: undefined })`,
        `${walkScript}; const found = []; walkIntrinsics(${JSON.stringify(names)}).forEach((value, path) => found.push(path + ' ' + (typeof value === 'object' ? 'object' : isNative(value) ? 'native' : 'function'))); JSON.stringify(found)`,
      ],
      { encoding: 'utf8', env: {}, maxBuffer: 100_000_000 },
    );
    assert.equal(bare.status, 0, bare.stderr);
    const expected = new Set(JSON.parse(bare.stdout) as readonly string[]);
    const found = (await runtime.post('/walker/intrinsics', { names })).json() as readonly (readonly [string, string])[];
    assert.ok(found.length > 700, `only ${found.length}`);
    const additions = found.map(([path, kind]) => `${path} ${kind}`).filter((one) => !expected.has(one));
    // The kernel's own: a buffer without a second argument, promises that carry their request, the prototype by which async iterators are found.
    assert.deepEqual(additions, [
      'ArrayBuffer function',
      'ArrayBuffer[Symbol.species](get) function',
      'Promise.resolve function',
      'Array.__proto__.prototype(get) function',
      'Array.__proto__.prototype(set) function',
      'Array.__proto__.prototype object',
      'Promise.prototype.then function',
      'Array.__proto__.prototype.__proto__ object',
      'Array.__proto__.prototype.__proto__[Symbol.asyncIterator] function',
    ]);
  });
  test('was looked at: thousands of objects, in every position', () => {
    const { counts } = walked;
    assert.ok(
      (counts['objects'] ?? 0) > 5_000 && (counts['functions'] ?? 0) > 1_000 && (counts['spied'] ?? 0) > 100,
      JSON.stringify(counts),
    );
  });
  test('is no native function but the engine’s own: so no host object and no handle of isolated-vm', () => {
    const unknown = walked.natives.filter(
      ([path, name, length, constructs]) =>
        // What a stack trace is made of, seen through Error.prepareStackTrace.
        !/\.sites\.\d+\.__proto__\./.test(path) &&
        // bind() of a guest's own function; a promise's resolve and reject.
        !(name.startsWith('bound ') && !constructs) &&
        !(name === '' && length === 1 && !constructs && /\.then\.1\.[01]$|_resolver?$|_rejecter$|_reject$/.test(path)),
    );
    assert.deepEqual(unknown, []);
  });
  test('has the prototypes of its own realm', () => assert.deepEqual(walked.strangers, []));
  test('holds no function, receiver or argument of the kernel’s by way of a stack', () => assert.deepEqual(walked.frames, []));
  test('holds no text of the host: no path, no secret, no header that was not granted', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const needles = [canary, root, process.execPath, runtime.folder, database.url, 'node_modules/', 'postgres://', 'file:///', 'sandbox/'];
    for (const [text, path] of walked.strings) {
      for (const needle of needles) {
        // The one file URL is the base that node:url's pathToFileURL starts from.
        if (needle === 'file:///' && /pathToFileURL/.test(path)) continue;
        assert.ok(!text.includes(needle), `${path} has ${JSON.stringify(needle)}: ${text.slice(0, 300)}`);
      }
    }
    assert.ok(
      walked.strings.some(([text]) => text === 'given') && walked.strings.some(([text]) => text === 'one'),
      'what was granted is there',
    );
  });
  test('names no place in a stack but its own script and the kernel’s one token', () => {
    const places = new Set<string>();
    for (const [text, path] of walked.strings)
      if (/^plain stack|: stack$/.test(path)) for (const [, place] of text.matchAll(/\(?([^\s()]+):\d+:\d+\)?$/gm)) places.add(place ?? '');
    assert.ok(places.size > 0);
    for (const place of places) assert.match(place, /^(?:\/extension\/index\.js|cloister:guest|<anonymous>|extension\.js)$/);
  });
});

describe('the walk would see', () => {
  const rows = ['a Callback', 'a Reference to a function', 'a Reference to an object', 'an ExternalCopy', 'the module itself'] as const;
  const look = (leak: string): readonly string[] => {
    const program = fileURLToPath(new URL('programs/leaking-isolate.ts', import.meta.url));
    const { stdout, stderr } = spawnSync(findArtefacts(undefined).execPath, ['--no-node-snapshot', program, leak, walkScript], {
      encoding: 'utf8',
    });
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout) as readonly string[];
  };
  test('nothing where there is nothing', () => assert.deepEqual(look('nothing'), []));
  for (const leak of rows) test(leak, () => assert.notDeepEqual(look(leak), []));
});
