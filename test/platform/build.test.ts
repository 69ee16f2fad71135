// What may go into a guest bundle, and that what is put off or replaced still answers as the real thing.
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildGuest, checkGuestInputs, patchSource } from '../../sandbox/build.ts';
import { usualContentTypes, usualTypes } from '../../sandbox/platform/trim/mime-types.ts';
import { usualTypes as usualTypes4 } from '../../sandbox/platform/trim/send.ts';
import { keepsMediaType } from '../../sandbox/platform/trim/trims.ts';
import { type Guest, openGuest } from './guest.ts';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '../..');
const metafile = (inputs: readonly string[], imports: readonly string[] = []): Parameters<typeof checkGuestInputs>[0] => ({
  inputs: Object.fromEntries(inputs.map((input) => [input, { bytes: 0, imports: [] }])),
  outputs: {
    'out.js': { bytes: 0, inputs: {}, imports: imports.map((path) => ({ path, kind: 'require-call', external: true })), exports: [] },
  },
});

describe('a guest bundle holds no host file and no node built-in', () => {
  for (const input of [
    'src/errors.ts',
    'src/bridge/bridge.ts',
    'src/capabilities/database/host.ts',
    'src/capabilities/guest.ts',
    'sandbox/ward/main.ts',
    'sandbox/build.ts',
    'bench/main.ts',
    'sandbox/platform/zlib/engine.ts',
    'node_modules/pako/dist/pako.mjs',
  ]) {
    test(`${input} is refused`, () => assert.throws(() => checkGuestInputs(metafile([input])), new RegExp(input)));
  }
  for (const input of [
    'src/capabilities/log/guest.ts',
    'src/capabilities/log/guest/part.ts',
    'sandbox/kernel/main.ts',
    'sandbox/platform/platform.ts',
    'sandbox/protocol/kinds.ts',
    'node_modules/express/index.js',
    'cloister:debug#default',
  ]) {
    test(`${input} is taken`, () => checkGuestInputs(metafile([input])));
  }
  test('an import that is left over is refused', () => assert.throws(() => checkGuestInputs(metafile([], ['node:fs'])), /node:fs/));

  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(root, 'sandbox/platform/testing/tmp-'));
  });
  after(() => rm(folder, { recursive: true }));
  const buildOf = async (source: string): Promise<string> => {
    const entry = join(folder, 'entry.ts');
    const outfile = join(folder, 'out.js');
    await writeFile(entry, source);
    await buildGuest({ express: 5, knex: false, entry, outfile });
    return readFile(outfile, 'utf8');
  };
  test('a real build with a host file in it fails', async () => {
    await assert.rejects(
      buildOf(
        `import { errorTable } from '${relative(folder, join(root, 'src/errors.ts'))}'; (globalThis as { x?: unknown }).x = errorTable;`,
      ),
      /src\/errors\.ts/,
    );
  });
  test('every node built-in that is asked for is the platform’s own', async () => {
    const output = await buildOf(
      `import fs from 'node:fs'; import net from 'net'; import zlib from 'zlib'; import http2 from 'node:http2'; (globalThis as { x?: unknown }).x = [fs, net, zlib, http2];`,
    );
    assert.doesNotMatch(output, /require\(["'](node:)?(fs|net|zlib|http2)/);
  });
  test('async functions are lowered, so that the kernel sees every continuation', async () => {
    const output = await buildOf(
      '(globalThis as { x?: unknown }).x = async () => { for await (const y of (async function* () { yield 1 })()) await y; };',
    );
    assert.doesNotMatch(output, /\basync\b|\bawait\b/);
  });
});

describe('what is patched', () => {
  const application = join(root, 'node_modules/express/lib/application.js');
  test('is patched', async () => assert.match(patchSource(application, await readFile(application, 'utf8')), /set\('etag', false\)/));
  test('fails the build when the package changed', () => assert.throws(() => patchSource(application, 'another text'), /trims\.ts/));
});

describe('what is put off answers as the real thing', () => {
  // As Express itself finds them: they are its dependencies, not ours.
  const find = (version: string, name: string): unknown => createRequire(require.resolve(`${version}/package.json`))(name);
  const real5 = find('express', 'mime-types') as { lookup(path: string): unknown; contentType(text: string): unknown };
  const real4 = find('express4', 'mime') as { lookup(path: string): unknown };
  for (const [extension, type] of usualTypes) test(`${extension} is ${type}`, () => assert.equal(real5.lookup(extension), type));
  for (const [given, type] of usualContentTypes)
    test(`the content type of ${given} is ${type}`, () => assert.equal(real5.contentType(given), type));
  for (const [extension, type] of usualTypes4)
    test(`${extension} is ${type} in Express 4`, () => assert.equal(real4.lookup(extension), type));
  for (const type of [
    'application/json',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'text/calendar',
    'image/avif',
    'font/woff2',
    'application/rss+xml',
  ])
    test(`${type} is kept`, () => assert.ok(keepsMediaType(type)));
});

describe('in a guest', () => {
  let guest: Guest;
  before(async () => {
    guest = await openGuest(5);
  });
  after(() => guest.close());

  test('a request has exactly the members of a stream before it is one', async () => {
    // npm's events has no captureRejectionSymbol, so readable-stream defines that member under the name undefined.
    const own = `['undefined', 'constructor', 'on', 'addListener', 'removeListener', 'off', 'removeAllListeners', 'Symbol(nodejs.rejection)']`;
    const [listed, real] = (await guest.run(
      `const before = __streamMembers.map(String).sort(); return [before, Reflect.ownKeys(require('stream').Readable.prototype).map(String).filter((name) => !${own}.includes(name)).sort()]`,
    )) as [string[], string[]];
    assert.deepEqual(listed, real);
  });

  test('the random stream is ChaCha20 with fast key erasure', async () => {
    const given = (await guest.run(
      `const fill = __platform.makeRandom(new Uint8Array(32).fill(9)); const parts = [1, 31, 1000, 3000].map((size) => { const part = new Uint8Array(size); fill(part); return part }); return Buffer.concat(parts).toString('hex')`,
    )) as string;
    const expected: Buffer[] = [];
    let key: Buffer = Buffer.alloc(32, 9);
    for (let block = 0; block < 4; block += 1) {
      const stream = createCipheriv('chacha20', key, Buffer.alloc(16)).update(Buffer.alloc(32 + 1024));
      key = stream.subarray(0, 32);
      expected.push(stream.subarray(32));
    }
    assert.equal(given, Buffer.concat(expected).subarray(0, 4032).toString('hex'));
  });

  test('a seed of another length is refused', async () => {
    await assert.rejects(guest.run('__platform.makeRandom(new Uint8Array(16))'), { name: 'RangeError' });
  });

  test('globalNames lists what installGlobals defines', async () => {
    assert.equal(await guest.run('return __platform.globalNames.every((name) => Object.hasOwn(globalThis, name))'), true);
  });

  test('two cells from one snapshot do not share what they change', async () => {
    const other = await openGuest(5);
    try {
      await guest.run('globalThis.mark = 1; Buffer.mark = 1');
      assert.deepEqual(await other.run('return [typeof mark, typeof Buffer.mark]'), ['undefined', 'undefined']);
    } finally {
      await other.close();
    }
  });
});
