// Forms of packages: each is found, bundled to one script, and that script gives what the source exports. Must never need a cell.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { LoadedPackage } from '../../src/packages/loaded-package.ts';
import { readPackages } from '../../src/packages/read-packages.ts';
import { asJson, endpointJson, type Files, openTemporaryFolder, type TemporaryFolder } from './package-writer.ts';
import { sampleContracts } from './sample-contracts.ts';
import { call, defaultOf, evaluateScript } from './script-runner.ts';

const handler = 'export default (router) => "registered";';

interface Form {
  readonly name: string;
  readonly files: Files;
  readonly expected: Partial<LoadedPackage>;
  /** Looks at what the script exports; default: a register function. */
  check?(exports: unknown): unknown;
}

const registers = (exports: unknown): unknown => assert.equal(call(defaultOf(exports), {}), 'registered');

const named = (exports: unknown, name: string): unknown =>
  typeof exports === 'object' && exports !== null ? Reflect.get(exports, name) : undefined;

const forms: readonly Form[] = [
  {
    name: 'a built ES module',
    files: { 'package.json': endpointJson(), 'dist/index.js': handler },
    expected: {
      fallbackId: 'sample',
      name: 'sample',
      version: '1.0.0',
      kind: 'endpoint',
      express: 4,
      manifest: null,
      entryFile: 'dist/index.js',
    },
  },
  {
    name: 'a built CommonJS module',
    files: {
      'package.json': endpointJson({ type: 'commonjs' }),
      'dist/index.js': '"use strict"; module.exports = (router) => "registered";',
    },
    expected: { kind: 'endpoint', entryFile: 'dist/index.js' },
  },
  {
    name: 'the path that directus:extension names',
    files: { 'package.json': endpointJson({}, { path: 'build/out.js' }), 'build/out.js': handler, 'dist/index.js': 'export default 1' },
    expected: { entryFile: 'build/out.js' },
  },
  {
    name: 'the API half of an { app, api } path',
    files: {
      'package.json': endpointJson({}, { path: { app: 'dist/app.js', api: 'dist/api.js' } }),
      'dist/api.js': handler,
      'dist/app.js': 'export default 1',
    },
    expected: { entryFile: 'dist/api.js' },
  },
  {
    name: 'the source where the named build is missing',
    files: {
      'package.json': endpointJson({}, { path: 'dist/index.js', source: 'source/main.ts' }),
      'source/main.ts': 'export default (router: unknown): string => "registered";',
    },
    expected: { entryFile: 'source/main.ts' },
  },
  {
    name: 'src/index.js without any path',
    files: { 'package.json': endpointJson(), 'src/index.js': handler },
    expected: { entryFile: 'src/index.js' },
  },
  {
    name: 'src/index.ts with types, enums and a .js import of a .ts file',
    files: {
      'package.json': endpointJson(),
      'src/index.ts':
        'import type { Router } from "express"; import { word } from "./word.js"; enum Kind { One = 1 } export default (router: Router): string => Kind.One === 1 ? word : "";',
      'src/word.ts': 'export const word: string = "registered";',
    },
    expected: { entryFile: 'src/index.ts' },
  },
  {
    name: 'a scoped name loses its scope',
    files: { 'package.json': endpointJson({ name: '@somewhere/greet' }), 'dist/index.js': handler },
    expected: { name: '@somewhere/greet', fallbackId: 'greet' },
  },
  {
    name: 'a cloister key alone, with main and Express 5',
    files: {
      'package.json': asJson({ name: 'own', version: '2.1.0', main: 'lib/entry.js', cloister: { express: 5, limits: { cpuMs: 20 } } }),
      'lib/entry.js': handler,
    },
    expected: {
      kind: 'endpoint',
      express: 5,
      entryFile: 'lib/entry.js',
      version: '2.1.0',
      manifest: { express: 5, limits: { cpuMs: 20 } },
    },
  },
  {
    name: 'both keys: Express 4 by kind, the manifest is kept',
    files: { 'package.json': endpointJson({ cloister: { capabilities: { env: { keys: ['A'] } } } }), 'dist/index.js': handler },
    expected: { express: 4, manifest: { capabilities: { env: { keys: ['A'] } } } },
  },
  {
    name: 'a bare folder with index.js takes the name of the folder',
    files: { 'index.js': 'module.exports = function (router) { return "registered"; };' },
    expected: { kind: 'bare', name: 'case', fallbackId: 'case', version: '0.0.0', express: 5, manifest: null, entryFile: 'index.js' },
  },
  {
    name: 'an old-style package without either key is bare',
    files: {
      'package.json': asJson({ name: 'old-one', version: '0.3.0' }),
      'index.js': 'exports.id = "old"; exports.handler = () => "handled";',
    },
    expected: { kind: 'bare', name: 'old-one', fallbackId: 'old-one' },
    check: (exports) => assert.deepEqual([named(exports, 'id'), call(named(exports, 'handler'))], ['old', 'handled']),
  },
  {
    name: 'the { id, handler } form',
    files: { 'package.json': endpointJson(), 'dist/index.js': 'export default { id: "other", handler: () => "handled" };' },
    expected: { fallbackId: 'sample' },
    check: (exports) =>
      assert.deepEqual([named(defaultOf(exports), 'id'), call(named(defaultOf(exports), 'handler'))], ['other', 'handled']),
  },
  {
    name: 'an async register function',
    files: { 'package.json': endpointJson(), 'dist/index.js': 'export default async (router) => { await null; return "registered"; };' },
    expected: {},
    check: async (exports) => assert.equal(await call(defaultOf(exports), {}), 'registered'),
  },
  {
    name: 'a built bundle with named exports',
    files: {
      'package.json': endpointJson({}, { type: 'bundle', path: { app: 'dist/app.js', api: 'dist/api.js' }, entries: [] }),
      'dist/api.js':
        'const endpoints = [{ name: "one", config: () => 1 }], hooks = [], operations = []; export { endpoints, hooks, operations };',
    },
    expected: { kind: 'bundle', entryFile: 'dist/api.js' },
    check: (exports) => assert.equal(JSON.stringify(exports), '{"endpoints":[{"name":"one"}],"hooks":[],"operations":[]}'),
  },
  {
    name: 'a bundle in source form',
    files: {
      'package.json': endpointJson(
        {},
        {
          type: 'bundle',
          path: { app: 'dist/app.js', api: 'dist/api.js' },
          entries: [
            { type: 'endpoint', name: 'one', source: 'src/one/index.ts' },
            { type: 'hook', name: 'two', source: 'src/two.js' },
            { type: 'panel', name: 'three', source: 'src/three.vue' },
          ],
        },
      ),
      'src/one/index.ts': 'export default { id: "first", handler: (): string => "handled" };',
      'src/two.js': 'export default () => "hooked";',
    },
    expected: { kind: 'bundle', entryFile: 'package.json' },
    check: (exports) =>
      assert.equal(
        JSON.stringify(exports),
        '{"endpoints":[{"name":"one","config":{"id":"first"}}],"hooks":[{"name":"two"}],"operations":[]}',
      ),
  },
];

describe('readPackages takes', () => {
  let folder: TemporaryFolder;
  before(async () => {
    folder = await openTemporaryFolder();
  });
  after(() => folder.remove());

  for (const [index, form] of forms.entries()) {
    test(form.name, async () => {
      const prefix = `${index}/case`;
      await folder.write(Object.fromEntries(Object.entries(form.files).map(([name, text]) => [`${prefix}/${name}`, text])));
      const { packages, refused } = await readPackages([path.join(folder.root, prefix)], sampleContracts);
      assert.deepEqual(
        refused.map(({ error }) => error.message),
        [],
      );
      const [loaded] = packages;
      assert.ok(loaded !== undefined && packages.length === 1);
      for (const [key, value] of Object.entries(form.expected)) assert.deepEqual(Reflect.get(loaded, key), value, key);
      assert.equal(loaded.artifact, createHash('sha256').update(loaded.script).digest('hex'));
      assert.ok(loaded.script.startsWith('__load(function (exports, require, module, __filename, __dirname) {'));
      assert.ok(loaded.script.endsWith('//# sourceURL=/extension/index.js\n'));
      assert.ok(!loaded.script.includes(folder.root) && !loaded.sourceMap.includes(folder.root), 'no path of this machine gets in');
      assert.equal(JSON.parse(loaded.sourceMap).version, 3);
      await (form.check ?? registers)(evaluateScript(loaded.script).exports);
    });
  }
});

describe('a folder of extensions', () => {
  test('gives each subfolder, in order of name, and leaves dot folders, node_modules and files alone', async () => {
    const folder = await openTemporaryFolder();
    await folder.write({
      'in/package.json': asJson({ private: true }),
      'in/demo.sql': '--',
      'in/b/index.js': 'module.exports = () => {}',
      'in/a/package.json': endpointJson({ name: 'a' }),
      'in/a/dist/index.js': handler,
      'in/.hidden/index.js': 'x',
      'in/node_modules/dep/index.js': 'x',
      'in/c/notes.txt': 'no extension',
      'in/d/package.json': '{',
      'in/e': { link: 'b' },
      'in/f': { link: 'demo.sql' },
      'in/g': { link: '../outside' },
      'outside/index.js': 'module.exports = () => {}',
      'in/h': { link: './nowhere' },
    });
    const { packages, refused } = await readPackages(
      [path.join(folder.root, 'in'), path.join(folder.root, 'in/b'), '/nowhere/at/all'],
      sampleContracts,
    );
    assert.deepEqual(
      packages.map(({ fallbackId }) => fallbackId),
      ['a', 'b', 'e', 'b'],
    );
    assert.deepEqual(
      refused.map((one) => [path.basename(one.folder), one.error.code]),
      [
        ['c', 'ERR_PACKAGE_INVALID'],
        ['g', 'ERR_PACKAGE_INVALID'],
        ['h', 'ERR_PACKAGE_INVALID'],
        ['d', 'ERR_PACKAGE_INVALID'],
        ['all', 'ERR_PACKAGE_INVALID'],
      ],
    );
    await folder.remove();
  });

  test('an id given by the operator stands above the name, and is refused for a folder of several', async () => {
    const folder = await openTemporaryFolder();
    await folder.write({ 'many/one/index.js': 'module.exports = () => {}' });
    const { packages, refused } = await readPackages(
      [
        { folder: path.join(folder.root, 'many/one'), id: 'mine' },
        { folder: path.join(folder.root, 'many'), id: 'mine' },
      ],
      sampleContracts,
    );
    assert.deepEqual(
      packages.map(({ fallbackId }) => fallbackId),
      ['mine'],
    );
    assert.deepEqual(
      refused.map(({ error }) => error.code),
      ['ERR_PACKAGE_INVALID'],
    );
    await folder.remove();
  });

  test('the same source gives the same artifact, and another source another', async () => {
    const folder = await openTemporaryFolder();
    await folder.write({
      'a/index.js': 'module.exports = () => 1',
      'b/index.js': 'module.exports = () => 1',
      'c/index.js': 'module.exports = () => 2',
    });
    const { packages } = await readPackages([folder.root], sampleContracts);
    const [a, b, c] = packages.map(({ artifact }) => artifact);
    assert.equal(a, b);
    assert.notEqual(a, c);
    await folder.remove();
  });
});
