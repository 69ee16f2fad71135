// A package's own files: what is granted, what is there, and nothing besides. Real wards; packages in real folders.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { openTestRuntime, type TestRuntime } from '../../../test/helpers/runtime.ts';
import { filesBounds } from './bounds.ts';
import { filesGrant } from './contract.ts';
import { makeFilesPolicy } from './policy.ts';

const source = `
import fs, { createReadStream, existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
const here = path.dirname(fileURLToPath(import.meta.url));
const atLoad = readFileSync(path.join(here, '../templates/hello.txt'), 'utf8');
export default (router) => {
  router.get('/', async (req, res) => {
    const run = new Function('fs', 'path', 'here', 'readFile', 'atLoad', 'return (async () => {' + req.query.code + '})()');
    try { res.json({ value: await run(fs, path, here, readFile, atLoad) }); } catch (error) { res.json({ error: error.code, message: error.message }); }
  });
  void [createReadStream, existsSync, readdirSync, statSync];
};`;

const paths = ['templates/*', 'data.json', 'dist/inner.txt'];
const packageOf = (asked: readonly string[], more: Readonly<Record<string, string>> = {}) => ({
  'package.json': JSON.stringify({
    version: '1.0.0',
    type: 'module',
    'directus:extension': { type: 'endpoint', path: 'dist/index.js', host: '^11.0.0' },
    cloister: { capabilities: { files: { paths: asked } }, limits: { cpuMs: 2_000 } },
  }),
  'dist/index.js': source,
  'dist/inner.txt': 'inner',
  'templates/hello.txt': 'hällo',
  'templates/b.txt': 'b',
  'templates/deep/c.txt': 'c',
  'data.json': '{"a":1}',
  'private.txt': 'private',
  ...more,
});

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      reader: packageOf(paths),
      large: packageOf([...paths, 'big.txt'], { 'big.txt': 'x'.repeat(filesBounds.bytes.value + 1) }),
    },
    options: { ceiling: { capabilities: { router: {}, log: {}, files: { paths: ['templates/*', 'dist/inner.txt'] } } } },
  });
});
after(() => runtime.close());
const run = async (code: string): Promise<unknown> => (await runtime.get(`/reader?code=${encodeURIComponent(code)}`)).json();

describe('own files', () => {
  const rows: readonly (readonly [string, string, unknown])[] = [
    ['are read while the package loads', 'return atLoad', 'hällo'],
    [
      'are found from the package, and from the entry',
      `return [fs.readFileSync('/extension/templates/b.txt', 'utf8'), fs.readFileSync(here + '/inner.txt', 'utf8'), fs.readFileSync(here + '/../templates/b.txt').length]`,
      ['b', 'inner', 1],
    ],
    [
      'are read by promise, callback, stream and URL',
      `return [await readFile(new URL('../templates/b.txt', 'file://' + here + '/x'), 'utf8'), await new Promise((done) => fs.readFile('/extension/templates/b.txt', 'utf8', (e, text) => done(text))), await new Promise((done) => { let t = ''; fs.createReadStream('/extension/templates/b.txt', 'utf8').on('data', (d) => { t += d; }).on('end', () => done(t)); })]`,
      ['b', 'b', 'b'],
    ],
    [
      'can be listed and looked at',
      `return [fs.readdirSync('/extension/templates'), fs.existsSync('/extension/templates/b.txt'), fs.statSync('/extension/templates/hello.txt').size, fs.statSync('/extension/templates').isDirectory(), fs.existsSync('/extension/nothing')]`,
      [['b.txt', 'hello.txt'], true, 6, true, false],
    ],
  ];
  for (const [name, code, value] of rows) test(name, async () => assert.deepEqual(await run(code), { value }));
  const missing: readonly (readonly [string, string])[] = [
    ['what was not asked for', `fs.readFileSync('/extension/private.txt')`],
    ['what lies deeper than a star', `fs.readFileSync('/extension/templates/deep/c.txt')`],
    ['what the ceiling does not cover', `fs.readFileSync('/extension/data.json')`],
    ['the machine', `fs.readFileSync('/etc/passwd')`],
  ];
  for (const [name, code] of missing)
    test(`${name} is not there`, async () => assert.equal(((await run(code)) as { error: string }).error, 'ENOENT'));
  test('nothing can be written', async () =>
    assert.equal(
      ((await run(`fs.writeFileSync('/extension/templates/b.txt', 'x')`)) as { error: string }).error,
      'ERR_CAPABILITY_NOT_GRANTED',
    ));
  test('the first look is on the ledger', async () => {
    await runtime.entry('call.start', (entry) => entry.capability === 'files' && entry.args['path'] === 'templates/b.txt');
  });
  test('one byte more than the limit is refused, and named', () => {
    const [refused] = runtime.runtime.refused();
    assert.equal(refused?.error.code, 'ERR_PACKAGE_INVALID');
    assert.match(refused?.error.message ?? '', /big\.txt/);
  });
});

describe('a grant of files', () => {
  const fits = new Ajv({ strict: true }).compile(filesGrant);
  const rows: readonly (readonly [string, readonly string[], boolean])[] = [
    ['a path and a star', ['a/b.txt', 'c/*'], true],
    ['none', [], true],
    ['as many as the limit', Array.from({ length: filesBounds.paths.value }, (_, at) => `f${at}`), true],
    ['one more', Array.from({ length: filesBounds.paths.value + 1 }, (_, at) => `f${at}`), false],
    ['the way out', ['../x'], false],
    ['the way out further on', ['a/../../x'], false],
    ['an absolute path', ['/etc/passwd'], false],
    ['a star in the middle', ['a/*/b'], false],
    ['a backslash', ['a\\b'], false],
  ];
  for (const [name, asked, good] of rows)
    test(`${name}: ${good ? 'fits' : 'is refused'}`, () => assert.equal(fits({ paths: asked }), good));
  test('covers what lies directly in a folder', () => {
    const policy = makeFilesPolicy({ paths: ['a/*', 'b'] });
    assert.deepEqual(
      ['a/x', 'a/x/y', 'a/', 'b', 'c'].map((path) => policy('read', { path }).allow),
      [true, false, false, true, false],
    );
    assert.equal(policy('write', { path: 'b' }).allow, false);
  });
});
