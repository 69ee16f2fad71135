// `cloister build` and `cloister init` as functions: what is written, what it hashes to, what is refused. Must never write outside its own folder.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type BuiltPackage, buildPackage } from '../../src/author/build.ts';
import { initPackage } from '../../src/author/init.ts';
import { CloisterError } from '../../src/errors.ts';
import { type Bundler, openBundler } from '../../src/packages/bundler.ts';
import { readPackages } from '../../src/packages/read-packages.ts';
import { type Files, openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';
import { realCatalog } from '../packages/real-catalog.ts';

let folder: TemporaryFolder;
let bundler: Bundler;
before(async () => {
  bundler = openBundler();
  folder = await openTemporaryFolder();
});
after(async () => {
  await bundler.close();
  await folder.remove();
});

const build = (at: string): Promise<BuiltPackage> => buildPackage(at, bundler);

const make = async (name: string, files: Files): Promise<string> => {
  await folder.write(Object.fromEntries(Object.entries(files).map(([file, text]) => [`${name}/${file}`, text])));
  return join(folder.root, name);
};
const json = (more: object = {}): string => JSON.stringify({ name: 'sample', version: '1.0.0', type: 'module', cloister: {}, ...more });
const codeOf = (code: string, says: RegExp) => (error: unknown) =>
  error instanceof CloisterError && error.code === code && says.test(error.message);

const typescript: Files = {
  'package.json': json(),
  'src/index.ts': `import { defineEndpoint, type Context } from 'cloister/sdk';
import { greet } from './greet.ts';
import EventEmitter from 'node:events';

export default defineEndpoint((router, { logger }: Context) => {
  router.get('/', (_request, response) => response.send(greet(String(typeof EventEmitter + typeof logger))));
});
`,
  'src/greet.ts': `interface Greeting { readonly to: string }
export const greet = (to: string): string => {
  const greeting: Greeting = { to };
  return 'Hello, ' + greeting.to;
};
`,
};
const commonjs: Files = {
  'package.json': json({ type: 'commonjs', main: 'built/main.js' }),
  'src/index.js': `const { join } = require('path');\nmodule.exports = { id: 'old', handler: (router) => router.get('/', (req, res) => res.send(join('a', 'b'))) };\n`,
};
const directus: Files = {
  'package.json': json({
    cloister: undefined,
    'directus:extension': { type: 'endpoint', path: 'out/api.js', source: 'lib/entry.js', host: '*' },
  }),
  'lib/entry.js': `import { defineEndpoint } from '@directus/extensions-sdk';\nexport default defineEndpoint((router) => router.get('/', async (req, res) => res.json(await import('node:os').then((os) => typeof os.EOL))));\n`,
};

describe('build writes what is served', () => {
  const rows: readonly (readonly [string, Files, string])[] = [
    ['TypeScript', typescript, 'dist/index.js'],
    ['CommonJS', commonjs, 'built/main.js'],
    ["Directus's form", directus, 'out/api.js'],
  ];
  for (const [name, files, output] of rows)
    test(`${name}, the same from another folder`, async () => {
      const [one, other] = await Promise.all([make(`${output.length}-one`, files), make(`${output.length}-other`, files)]);
      const built = await build(one);
      assert.equal(built.file, join(one, output));
      const { packages } = await readPackages([one], realCatalog.contracts, undefined, { bundler });
      assert.equal(packages[0]?.artifact, built.artifact);
      const again = await build(other);
      assert.equal(again.artifact, built.artifact);
      const [text, map] = await Promise.all([readFile(built.file, 'utf8'), readFile(`${built.file}.map`, 'utf8')]);
      assert.equal(await readFile(again.file, 'utf8'), text);
      assert.equal(await readFile(`${again.file}.map`, 'utf8'), map);
      assert.doesNotMatch(text + map, /cloister-packages-/, 'no folder of this machine');
      assert.equal((await build(one)).artifact, built.artifact, 'again, over what was built');
    });

  test('its source map leads to the lines of the sources', async () => {
    const { file } = await build(await make('mapped', typescript));
    const lines = (await readFile(file, 'utf8')).split('\n');
    const line = lines.findIndex((text) => text.includes('"Hello, "'));
    const map = new SourceMap(JSON.parse(await readFile(`${file}.map`, 'utf8')) as never);
    const found = map.findEntry(line, (lines[line] ?? '').indexOf('"Hello, "')) as {
      readonly originalSource: string;
      readonly originalLine: number;
    };
    assert.deepEqual([found.originalSource, found.originalLine + 1], ['../src/greet.ts', 4]);
  });
});

describe('build refuses', () => {
  const rows: readonly (readonly [string, Files, string, RegExp])[] = [
    [
      'a source that does not parse, with its line',
      { 'package.json': json(), 'src/index.js': 'export default (router) => {\n  router.get(;\n};\n' },
      'ERR_PACKAGE_BUNDLE',
      /src\/index\.js:2:14: /,
    ],
    [
      'an import that is not there, with its line',
      { 'package.json': json(), 'src/index.js': `\nimport 'left-pad';\nexport default () => {};\n` },
      'ERR_PACKAGE_BUNDLE',
      /src\/index\.js:2:8: cannot find "left-pad"/,
    ],
    [
      'a main that is the source',
      { 'package.json': json({ main: 'src/index.js' }), 'src/index.js': 'export default () => {};' },
      'ERR_PACKAGE_INVALID',
      /is the source/,
    ],
    [
      'a main outside',
      { 'package.json': json({ main: '../index.js' }), 'src/index.js': 'export default () => {};' },
      'ERR_PACKAGE_INVALID',
      /outside/,
    ],
    ['a folder without package.json', { 'index.js': 'export default () => {};' }, 'ERR_PACKAGE_INVALID', /there is none in/],
    [
      'a package that asks for nothing',
      { 'package.json': '{}', 'index.js': 'export default () => {};' },
      'ERR_PACKAGE_INVALID',
      /add "cloister": \{\}/,
    ],
    [
      'a manifest that no runtime would take',
      { 'package.json': json({ cloister: { capabilites: {} } }), 'src/index.js': 'export default () => {};' },
      'ERR_MANIFEST_INVALID',
      /capabilities/,
    ],
  ];
  for (const [index, [name, files, code, says]] of rows.entries())
    test(name, async () => {
      await assert.rejects(build(await make(`refused-${index}`, files)), codeOf(code, says));
    });
});

describe('init', () => {
  const options = { typescript: false, version: '1.2.3' };
  for (const typescript of [false, true])
    test(`writes a package that builds, ${typescript ? 'in TypeScript' : 'in JavaScript'}`, async () => {
      const name = typescript ? 'made-ts' : 'made-js';
      const files = await initPackage(name, { ...options, typescript, parent: folder.root });
      const there = (await readdir(join(folder.root, name), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
      assert.equal(files.length, there.length);
      for (const entry of there) assert.doesNotMatch(await readFile(join(entry.parentPath, entry.name), 'utf8'), /NAME|CLOISTER_VERSION/);
      assert.equal((await build(join(folder.root, name))).id, name);
    });
  test('never writes over what is there', async () => {
    await make('there', { 'mine.txt': 'mine' });
    await assert.rejects(initPackage('there', { ...options, parent: folder.root }), codeOf('ERR_OPTIONS_INVALID', /is there already/));
    assert.deepEqual(await readdir(join(folder.root, 'there')), ['mine.txt']);
  });
  for (const name of ['../up', 'a/b', 'Upper', '.dot', '', '_cloister', 'a'.repeat(65), 'with space'])
    test(`refuses the name "${name.slice(0, 12)}"`, async () => {
      await assert.rejects(initPackage(name, { ...options, parent: folder.root }), CloisterError);
    });
});
