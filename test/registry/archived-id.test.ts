// An archive runs under the id it says itself, or not at all: a signature is over that id, and what a registry says is not signed.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { CloisterError } from '../../src/errors.ts';
import { makePackageLimits } from '../../src/limits/package-table.ts';
import { publicLineOf, sealArchive } from '../../src/packages/archive-form.ts';
import { openBundler } from '../../src/packages/bundler.ts';
import { readArchived } from '../../src/packages/read-packages.ts';

test('a signed package is read under its own id, and refused under that of another and where it says none', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const trustedKeys = [publicLineOf(privateKey)];
  const bundler = openBundler();
  const read = async (id: string, head: object): Promise<string> => {
    const files = new Map([
      ['package.json', JSON.stringify({ version: '1.0.0', main: 'index.js', ...head })],
      ['index.js', 'module.exports = () => {};'],
    ]);
    const bytes = Buffer.from(sealArchive(files, privateKey));
    const limits = makePackageLimits();
    return (await readArchived({ where: `${id}@0123456789ab`, id, bytes }, [], limits, { trustedKeys, bundler })).fallbackId;
  };
  const isRefused = (error: unknown): boolean => error instanceof CloisterError;
  try {
    assert.equal(await read('reports', { name: '@acme/reports' }), 'reports');
    await assert.rejects(read('payments', { name: 'reports' }), (error: CloisterError) => error.code === 'ERR_ARCHIVE_INVALID');
    await assert.rejects(read('payments', {}), isRefused);
  } finally {
    await bundler.close();
  }
});
