// What bundling makes of a source: one classic script that behaves as the modules would. Must never need a cell.
import assert from 'node:assert/strict';
import { SourceMap } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { LoadedPackage } from '../../src/packages/loaded-package.ts';
import { readPackages } from '../../src/packages/read-packages.ts';
import { asJson, endpointJson, type Files, openTemporaryFolder, type TemporaryFolder } from './package-writer.ts';
import { sampleContracts } from './sample-contracts.ts';
import { call, defaultOf, evaluateScript } from './script-runner.ts';

interface Source {
  readonly name: string;
  readonly files: Files;
  /** What calling the default export gives; its text is compared. */
  readonly gives: unknown;
  readonly required?: readonly string[];
}

const provided: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['fs', { readFileSync: 'stub' }],
  ['node:path', { sep: '/' }],
  ['fs/promises', { open: 1 }],
  ['express', () => 'express'],
  ['directus:api', { log: 'log' }],
]);

const sources: readonly Source[] = [
  {
    name: 'leaves Node built-ins, express and directus:api as requires',
    files: {
      'src/index.js':
        'import { readFileSync } from "fs"; import path from "node:path"; import "fs/promises"; import express from "express"; import { log } from "directus:api"; export default () => [readFileSync, path.sep, express(), log];',
    },
    gives: ['stub', '/', 'express', 'log'],
    required: ['fs', 'node:path', 'fs/promises', 'express', 'directus:api'],
  },
  {
    name: 'gives identity functions for an SDK that is not brought along',
    files: {
      'src/index.ts':
        'import { defineEndpoint, defineHook } from "@directus/extensions-sdk"; export default defineEndpoint((): unknown => [defineHook("same")]);',
    },
    gives: ['same'],
    required: [],
  },
  {
    name: 'prefers the SDK that is brought along',
    files: {
      'src/index.js': 'import { defineEndpoint } from "@directus/extensions-sdk"; export default defineEndpoint(() => 1);',
      'node_modules/@directus/extensions-sdk/index.js': 'exports.defineEndpoint = () => () => "own";',
    },
    gives: 'own',
    required: [],
  },
  {
    name: 'lets a missing module in a try block be caught',
    files: {
      'src/index.js':
        'let native = "absent"; try { native = require("bufferutil"); } catch (error) { native = error.code; } export default () => native;',
    },
    gives: 'MODULE_NOT_FOUND',
    required: ['bufferutil'],
  },
  {
    name: 'inlines JSON, static and dynamic imports, and requires',
    files: {
      'src/index.js':
        'import data from "./data.json"; import { word } from "./a.js"; const b = require("./b"); export default () => [data.n, word, b, typeof import("./c.js").then];',
      'src/data.json': '{"n": 7}',
      'src/a.js': 'export const word = "a";',
      'src/b.js': 'module.exports = "b";',
      'src/c.js': 'export const c = 1;',
    },
    gives: [7, 'a', 'b', 'function'],
    required: [],
  },
  {
    name: 'gives the same virtual place to every way of asking for it',
    files: { 'src/index.js': 'export default () => [import.meta.url, import.meta.filename, import.meta.dirname, __filename, __dirname];' },
    gives: ['file:///extension/index.js', '/extension/index.js', '/extension', '/extension/index.js', '/extension'],
  },
  {
    name: 'lets a module declare __dirname, require, module and exports itself',
    files: {
      'src/index.js':
        'const __dirname = "d", __filename = "f", require = "r", module = "m", exports = "e"; export default () => [__dirname, __filename, require, module, exports];',
    },
    gives: ['d', 'f', 'r', 'm', 'e'],
  },
  {
    name: 'keeps ES modules strict',
    files: { 'src/index.js': 'export default () => { try { undeclared = 1; return "sloppy"; } catch (error) { return error.name; } };' },
    gives: 'ReferenceError',
  },
  {
    name: 'keeps CommonJS sloppy',
    files: {
      'index.js': 'module.exports = function () { undeclaredHere = 1; with ({ inside: 2 }) return inside; };',
      'package.json': asJson({ name: 'sample' }),
    },
    gives: 2,
  },
  {
    name: 'drops a first line that is for a shell',
    files: { 'src/index.js': '#!/usr/bin/env node\nexport default () => 1;' },
    gives: 1,
  },
  {
    name: 'takes modules that import each other and themselves',
    files: {
      'src/index.js':
        'import * as me from "./index.js"; import { other } from "./other.js"; export const here = "here"; export default () => [other(), Object.keys(me)];',
      'src/other.js': 'import { here } from "./index.js"; export const other = () => here;',
    },
    gives: ['here', ['default', 'here']],
  },
  {
    name: 'takes CommonJS files that require each other',
    files: {
      'index.js': 'exports.early = 1; const b = require("./b.js"); module.exports.default = () => [b.seen, b.late()];',
      'b.js': 'const a = require("./index.js"); exports.seen = a.early; exports.late = () => typeof a.default;',
      'package.json': asJson({ name: 'sample' }),
    },
    gives: [1, 'function'],
  },
  {
    name: 'finds dependencies in node_modules by exports, conditions, patterns and main',
    files: {
      'src/index.js':
        'import a from "dep-a"; import sub from "dep-a/sub/x"; import b from "@s/dep-b/lib/y.js"; const c = require("dep-a"); import d from "dep-d"; export default () => [a, sub, b, c, d];',
      'node_modules/dep-a/package.json': asJson({
        exports: { '.': { import: './esm.mjs', require: './cjs.cjs' }, './sub/*': { browser: './none.js', node: './lib/*.js' } },
      }),
      'node_modules/dep-a/esm.mjs': 'export default "esm";',
      'node_modules/dep-a/cjs.cjs': 'module.exports = "cjs";',
      'node_modules/dep-a/lib/x.js': 'module.exports = "x";',
      'node_modules/@s/dep-b/lib/y.js': 'import z from "dep-z"; export default "y" + z;',
      'node_modules/@s/dep-b/node_modules/dep-z/index.js': 'module.exports = "z";',
      'node_modules/dep-d/package.json': asJson({ main: 'lib' }),
      'node_modules/dep-d/lib/index.js': 'module.exports = "d";',
    },
    gives: ['esm', 'x', 'yz', 'cjs', 'd'],
    required: [],
  },
  {
    name: 'finds the imports map and the package by its own name',
    files: {
      'package.json': endpointJson({ imports: { '#word': './src/word.js', '#dep': 'dep' }, exports: { './more': './src/more.js' } }),
      'src/index.js':
        'import word from "#word"; import dep from "#dep"; import more from "sample/more"; export default () => [word, dep, more];',
      'src/word.js': 'export default "word";',
      'src/more.js': 'export default "more";',
      'node_modules/dep/index.js': 'module.exports = "dep";',
    },
    gives: ['word', 'dep', 'more'],
  },
  {
    name: 'follows links that stay inside, and loads one file once',
    files: {
      'src/index.js':
        'import { bag } from "./bag.js"; import { bag as again } from "./link.js"; import dep from "dep"; export default () => [bag === again, dep];',
      'src/bag.js': 'export const bag = {};',
      'src/link.js': { link: 'bag.js' },
      'node_modules/dep': { link: '.store/dep' },
      'node_modules/.store/dep/index.js': 'module.exports = "stored";',
    },
    gives: [true, 'stored'],
  },
  {
    name: 'does not take text for the end of the wrapper',
    files: {
      'src/index.js':
        'export default () => "}); globalThis.escaped = 1; __load(function(){" + `\u2028` + typeof escaped; //# sourceURL=elsewhere.js\n//# sourceMappingURL=http://127.0.0.1/x.map',
    },
    gives: '}); globalThis.escaped = 1; __load(function(){\u2028undefined',
  },
  {
    name: 'leaves computed imports to the cell, which knows built-ins only',
    files: {
      'src/index.js': `const f = "\u2028é"; const name = "fs"; const up = "../../";\r\nconst tries = [() => require("./" + f), () => require(up + f), () => require(\`../\${f}.js\`)]
        const sync = tries.map((go) => { try { return go() } catch (error) { return error.code } })
        let lazy = import("../" + f).catch((error) => error.code), more = import(name)
        export default () => [sync, typeof lazy.then, require(name).readFileSync, typeof more.then, (function (require) { return require("./" + f) })(String)]`,
    },
    gives: [['MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'], 'function', 'stub', 'function', './\u2028é'],
  },
  {
    name: 'loads TypeScript decorators, enums, namespaces and parameter properties',
    files: {
      'src/index.ts':
        'namespace N { export const n = 1 } class A { constructor(readonly x: number) {} } export default (): unknown => [N.n, new A(2).x];',
    },
    gives: [1, 2],
  },
];

describe('the bundled script', () => {
  let folder: TemporaryFolder;
  before(async () => {
    folder = await openTemporaryFolder();
  });
  after(() => folder.remove());

  const load = async (name: string, files: Files): Promise<LoadedPackage> => {
    const all: Files = { 'package.json': endpointJson(), ...files };
    await folder.write(Object.fromEntries(Object.entries(all).map(([file, text]) => [`${name}/${file}`, text])));
    const { packages, refused } = await readPackages([path.join(folder.root, name)], sampleContracts);
    const [loaded] = packages;
    assert.ok(loaded !== undefined, refused[0]?.error.message);
    return loaded;
  };

  for (const [index, source] of sources.entries()) {
    test(source.name, async () => {
      const { script } = await load(`source-${index}`, source.files);
      const { exports, required, context } = evaluateScript(script, (name) => provided.get(name));
      // Values of another realm: compared as JSON.
      assert.equal(JSON.stringify(call(defaultOf(exports), {})), JSON.stringify(source.gives));
      if (source.required !== undefined) assert.deepEqual(required, source.required);
      assert.equal(context['escaped'], undefined);
      assert.doesNotMatch(script, /sourceMappingURL|elsewhere\.js\n/);
      assert.equal(script.match(/sourceURL/g)?.length, 1);
    });
  }

  test('holds no native async function, await, async generator or dynamic import', async () => {
    const { script } = await load('lowered', {
      'src/index.js': `const later = async (x) => { await x; for await (const y of x) later(y); };
        async function* many() { yield* many(); yield await 1; }
        export default { async method() { return import("./" + later); }, many, arrow: async () => {} };
        export class A { static async #p() { await 1 } async *[Symbol.asyncIterator]() {} static run() { return A.#p(); } }`,
    });
    assert.doesNotMatch(script.replaceAll(/\/\/.*/g, ''), /\basync\b|\bawait\b|\bimport\(/);
    assert.match(script, /yield/);
  });

  test('awaits through Promise.prototype.then, so that the kernel can follow it', async () => {
    const { script } = await load('thens', { 'src/index.js': 'export default async () => { await null; await 1; return "done"; };' });
    const run = defaultOf(evaluateScript(script).exports);
    const prototype: unknown = Object.getPrototypeOf(call(run));
    assert.ok(typeof prototype === 'object' && prototype !== null);
    const then: unknown = Reflect.get(prototype, 'then');
    let thens = 0;
    Reflect.set(prototype, 'then', function (this: unknown, ...args: readonly unknown[]) {
      thens += 1;
      assert.ok(typeof then === 'function');
      return Reflect.apply(then, this, args);
    });
    assert.equal(await call(run), 'done');
    assert.ok(thens >= 2, `${thens} calls of then`);
  });

  test('never lets esbuild look for the files that a computed import could mean', async () => {
    const climbing = Array.from(
      { length: 30 },
      (_, depth) => `() => import("./${'../'.repeat(depth)}" + x), () => require(\`${'../'.repeat(depth + 1)}\${x}\`)`,
    );
    const started = performance.now();
    const { script } = await load('computed', {
      'src/index.ts': `enum Up { one = "../" } export default (x: string): unknown => [() => import(Up.one + x), ${climbing.join(',\n')}];`,
      'src/other.js': '',
    });
    assert.ok(performance.now() - started < 5_000, 'no folder was walked');
    assert.doesNotMatch(script, /__glob|[^_]\bimport\(/);
    assert.equal(script.match(/__cloister_import\(/g)?.length, 31);
  });

  test('has a source map that leads back to file and line', async () => {
    const { script, sourceMap } = await load('mapped', {
      'src/index.ts': 'import { fail } from "./fail.js";\n\nexport default (): void => fail();\n',
      'src/fail.ts': '// one\n// two\nexport const fail = (): never => { throw new Error("here"); };\n',
    });
    const lines = script.split('\n');
    const line = lines.findIndex((text) => text.includes('throw new Error'));
    const found = new SourceMap(JSON.parse(sourceMap)).findEntry(line, lines[line]?.indexOf('throw') ?? 0);
    assert.ok('originalLine' in found);
    assert.equal(found.originalLine, 2);
    assert.match(found.originalSource, /src\/fail\.ts$/);
  });
});
