// Guards scripts/prepare.mjs: it installs what is missing, leaves alone what fits, and two at once do not tread on each other.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const build =
  "import { mkdirSync, writeFileSync } from 'node:fs';\nmkdirSync('dist/sandbox', { recursive: true });\nwriteFileSync('dist/sandbox/guest.js', String(Math.random()));\n";

/** A project whose one dependency is a folder beside it: npm needs no registry for it. */
const makeProject = (folder: string): void => {
  const files: Readonly<Record<string, string>> = {
    'package.json': JSON.stringify({ name: 'project', version: '1.0.0', dependencies: { neighbour: 'file:neighbour' } }),
    'neighbour/package.json': JSON.stringify({ name: 'neighbour', version: '1.0.0' }),
    'sandbox/build.ts': build,
    'src/capabilities/registry.ts': '',
  };
  for (const name of ['neighbour', 'sandbox', 'scripts', 'src/capabilities']) mkdirSync(join(folder, name), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  cpSync(join(root, 'scripts', 'prepare.mjs'), join(folder, 'scripts', 'prepare.mjs'));
  spawnSync('npm', ['install', '--package-lock-only', '--offline', '--no-audit', '--no-fund'], { cwd: folder });
};

const prepare = (folder: string) => promisify(execFile)(process.execPath, ['scripts/prepare.mjs'], { cwd: folder });

describe('prepare', () => {
  let folder = '';
  const bundle = (): string => readFileSync(join(folder, 'dist', 'sandbox', 'guest.js'), 'utf8');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cloister-prepare-'));
    makeProject(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('installs and builds in a fresh checkout, and says each in one line', async () => {
    const { stdout } = await prepare(folder);
    assert.deepEqual(stdout.trim().split('\n'), ['installing dependencies…', 'building the sandbox bundles…']);
    assert.ok(existsSync(join(folder, 'node_modules', 'neighbour')));
    assert.deepEqual(readdirSync(join(folder, '.cloister')), []);
  });

  test('does nothing and says nothing the second time', async () => {
    await prepare(folder);
    const before = [bundle(), statSync(join(folder, 'node_modules', '.package-lock.json')).mtimeMs];
    assert.equal((await prepare(folder)).stdout, '');
    assert.deepEqual([bundle(), statSync(join(folder, 'node_modules', '.package-lock.json')).mtimeMs], before);
  });

  test('leaves the tree alone when the lockfile is only newer', async () => {
    await prepare(folder);
    const soon = Date.now() / 1000 + 60;
    utimesSync(join(folder, 'package-lock.json'), soon, soon);
    assert.deepEqual((await prepare(folder)).stdout.trim(), 'building the sandbox bundles…');
  });

  test('installs again when the tree lacks what the lockfile names', async () => {
    await prepare(folder);
    const file = join(folder, 'node_modules', '.package-lock.json');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('neighbour', 'stranger'));
    assert.match((await prepare(folder)).stdout, /^installing/);
  });

  test('builds again when a source of the bundles is newer', async () => {
    await prepare(folder);
    const before = bundle();
    mkdirSync(join(folder, 'src', 'capabilities', 'log'), { recursive: true });
    writeFileSync(join(folder, 'src', 'capabilities', 'log', 'guest.ts'), '');
    assert.equal((await prepare(folder)).stdout.trim(), 'building the sandbox bundles…');
    assert.notEqual(bundle(), before);
  });

  test('fails with the output of a build that fails, and tries again next time', async () => {
    writeFileSync(join(folder, 'sandbox', 'build.ts'), "throw new Error('no such luck');");
    for (const _ of [1, 2])
      await assert.rejects(
        prepare(folder),
        (error: Error & { readonly stderr?: string }) => error.stderr?.includes('no such luck') === true,
      );
  });

  test('run twice at once installs once', async () => {
    const outputs = await Promise.all([prepare(folder), prepare(folder), prepare(folder)]);
    assert.equal(outputs.filter(({ stdout }) => stdout.includes('installing')).length, 1);
  });

  test('takes the lock of a process that was killed', async () => {
    mkdirSync(join(folder, '.cloister'));
    writeFileSync(join(folder, '.cloister', 'prepare.lock'), String(2 ** 22 + 1));
    assert.match((await prepare(folder)).stdout, /^installing/);
  });
});
