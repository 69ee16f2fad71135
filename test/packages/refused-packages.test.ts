// Bad packages: each is refused in one line that names extension, file and cause, and the good one beside it is read. Must never hang.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CloisterError } from '../../src/errors.ts';
import { makePackageLimits } from '../../src/limits/package-table.ts';
import { type ReadPackages, readPackages } from '../../src/packages/read-packages.ts';
import { badManifests } from './bad-manifests.ts';
import { outside, source } from './bad-package.ts';
import { badSources } from './bad-sources.ts';
import { endpointJson, type Files, openTemporaryFolder, type TemporaryFolder } from './package-writer.ts';
import { sampleContracts } from './sample-contracts.ts';

const bad = [...badManifests, ...badSources].map((one, index) => ({ ...one, folder: `bad-${index}` }));

describe('readPackages refuses', { timeout: 120_000 }, () => {
  let folder: TemporaryFolder;
  let read: ReadPackages;
  const refusalsOf = (name: string): readonly CloisterError[] =>
    read.refused.filter((one) => path.basename(one.folder) === name).map(({ error }) => error);
  before(async () => {
    folder = await openTemporaryFolder();
    // The last to be read: whatever the others do, it must come through.
    await folder.write({ ...outside, 'all/zz-good/index.js': 'module.exports = () => {}' });
    for (const one of bad)
      await folder.write(Object.fromEntries(Object.entries(one.files).map(([file, text]) => [`all/${one.folder}/${file}`, text])));
    read = await readPackages([path.join(folder.root, 'all')], sampleContracts);
  });
  after(() => folder.remove());

  test('none of the good ones', () => {
    assert.deepEqual(
      read.packages.map(({ fallbackId }) => fallbackId),
      ['zz-good'],
    );
  });

  for (const { name, folder: base, code, says } of bad) {
    test(name, () => {
      const [error, ...more] = refusalsOf(base);
      assert.ok(error !== undefined && more.length === 0);
      assert.equal(error.code, code, error.message);
      assert.ok(error.message.startsWith(`extension ${base}: `), error.message);
      for (const part of says) assert.ok(error.message.includes(part), `"${part}" in: ${error.message}`);
      assert.doesNotMatch(error.message, /[\p{C}\p{Zl}\p{Zp}]|secret"/u, 'one line, nothing read from outside');
    });
  }

  test('a named pipe in place of a file, without waiting on it', async () => {
    const name = path.join(folder.root, 'pipe');
    await mkdir(path.join(name, 'src'), { recursive: true });
    await folder.write({ 'pipe/package.json': endpointJson() });
    execFileSync('mkfifo', [path.join(name, 'src/index.js')]);
    const { refused } = await readPackages([name], sampleContracts);
    assert.deepEqual(
      refused.map(({ error }) => error.code),
      ['ERR_PACKAGE_INVALID'],
    );
  });

  const overLimits = [
    {
      name: 'more bytes of source than sourceBytes',
      limits: { sourceBytes: 1_024 },
      text: `import "./a.js"; /* ${'x'.repeat(600)} */`,
      more: { 'src/a.js': `/* ${'x'.repeat(600)} */` },
      says: 'sourceBytes',
    },
    {
      name: 'one file over sourceBytes',
      limits: { sourceBytes: 1_024 },
      text: `/* ${'x'.repeat(1_100)} */`,
      more: {},
      says: 'over the limit of 1024',
    },
    {
      name: 'more files than sourceFiles',
      limits: { sourceFiles: 1 },
      text: 'import "./a.js"',
      more: { 'src/a.js': '' },
      says: 'sourceFiles',
    },
    {
      name: 'a script over scriptBytes',
      limits: { scriptBytes: 1_024 },
      text: `export default "${'x'.repeat(1_100)}"`,
      more: {},
      says: 'scriptBytes',
    },
  ] as const;

  for (const [index, over] of overLimits.entries()) {
    test(over.name, async () => {
      const name = `over-${index}`;
      const files: Files = source(over.text, over.more);
      await folder.write(Object.fromEntries(Object.entries(files).map(([file, text]) => [`${name}/${file}`, text])));
      const { refused } = await readPackages([path.join(folder.root, name)], sampleContracts, makePackageLimits(over.limits));
      assert.deepEqual(
        refused.map(({ error }) => [error.code, error.message.includes(over.says)]),
        [['ERR_PACKAGE_BUNDLE', true]],
        refused[0]?.error.message,
      );
    });
  }
});
