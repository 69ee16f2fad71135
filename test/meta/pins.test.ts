// What Cloister stands on is pinned, and an engine that is not known to hold is refused. Must never let a range of versions pass.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findArtefacts } from '../../src/wards/artefacts.ts';
import { wardFlags } from '../../src/wards/flags.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
type Versions = Readonly<Record<string, string>>;
const pack = read('package.json') as Readonly<Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Versions>>;
interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}
const lock = read('package-lock.json') as { readonly packages: Readonly<Record<string, Locked>> };

describe('what Cloister depends on', () => {
  test('is one version of each, not a range', () => {
    for (const versions of [pack.dependencies, pack.devDependencies, pack.optionalDependencies])
      for (const [name, version] of Object.entries(versions)) assert.match(version, /^(?:npm:[@\w./-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/, name);
  });
  test('is named by its digest in the lock file', () => {
    for (const [name, one] of Object.entries(lock.packages))
      if (name !== '' && one.link !== true && one.resolved !== undefined) assert.match(one.integrity ?? '', /^sha512-/, name);
  });
  test('has the isolated-vm that no reference leads out of', () => {
    const versions = Object.entries(lock.packages).filter(([name]) => name.endsWith('node_modules/isolated-vm'));
    assert.equal(versions.length, 1);
    const [major = 0, minor = 0, patch = 0] = (versions[0]?.[1].version ?? '').split('.').map(Number);
    assert.ok(major > 7 || (major === 7 && (minor > 0 || patch >= 1)), String(versions[0]?.[1].version));
  });
});

describe('the engine that wards run on', () => {
  const refusedWith = (execPath: string): string => {
    try {
      findArtefacts(execPath);
      return 'taken';
    } catch (error) {
      return String((error as { readonly code?: unknown }).code);
    }
  };
  test('is the one that came with it', () => assert.equal(refusedWith(findArtefacts(undefined).execPath), 'taken'));
  test('is no other than those that were looked at', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cloister-engine-'));
    try {
      for (const [name, said] of [
        ['old', '115'],
        ['newer', '153'],
        ['silent', ''],
        ['strange', '137\\nand more'],
      ] as const) {
        const file = join(folder, name);
        writeFileSync(file, `#!/bin/sh\nprintf '${said}'\n`);
        chmodSync(file, 0o755);
        assert.equal(refusedWith(file), 'ERR_ENGINE_UNSUPPORTED', name);
      }
      assert.equal(refusedWith(join(folder, 'nowhere')), 'ERR_ENGINE_UNSUPPORTED');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  test('has the flags without which loops over arrays cannot be ended', () => {
    for (const flag of ['--no-node-snapshot', '--no-turboshaft-loop-unrolling'])
      assert.ok((wardFlags as readonly string[]).includes(flag), flag);
  });
});
