// A registry in files against what happens to files: killed writers, links, a state that is gone, a folder that is open to everybody.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { CloisterError, type ErrorCode } from '../../src/errors.ts';
import { registryBounds } from '../../src/registry/bounds.ts';
import { decideDeploy, decideDisable } from '../../src/registry/decide.ts';
import { openFileStore } from '../../src/registry/file-store.ts';
import type { RegistryStore, Release } from '../../src/registry/state.ts';
import { makeRegistryForm, sha256 } from '../../src/registry/state-form.ts';

const form = makeRegistryForm();
const by = { by: 'operator', at: '2030-01-01T00:00:00.000Z' };
const archive = (text: string): Uint8Array => Buffer.from(text);
const release = (extension: string, text: string): Release => ({
  extension,
  version: '1.0.0',
  digest: sha256(archive(text)),
  artifact: 'f'.repeat(64),
  bytes: archive(text).byteLength,
  ...by,
  signedBy: null,
});
const deploy = async (store: RegistryStore, extension: string, text: string): Promise<void> => {
  const one = release(extension, text);
  await store.put(one, archive(text));
  await store.update((state) => decideDeploy(state, one, by));
};
const isRefusal = (code: ErrorCode) => (error: unknown) => {
  assert.ok(error instanceof CloisterError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

describe('a registry in a folder', () => {
  const inOwnFolder = async (holds: (folder: string, store: RegistryStore) => Promise<void>): Promise<void> => {
    const parent = await mkdtemp(path.join(tmpdir(), 'cloister-registry-'));
    try {
      await holds(path.join(parent, 'registry'), openFileStore(path.join(parent, 'registry'), form));
    } finally {
      await rm(parent, { recursive: true, force: true });
    }
  };
  test('takes a state that is gone for no empty one, and has the one before beside it', () =>
    inOwnFolder(async (folder, store) => {
      await deploy(store, 'shop', 'first');
      await deploy(store, 'shop', 'second');
      await rm(path.join(folder, 'state.json'));
      await assert.rejects(store.read(), isRefusal('ERR_REGISTRY_INVALID'));
      await assert.rejects(deploy(store, 'shop', 'third'), isRefusal('ERR_REGISTRY_INVALID'));
      await rename(path.join(folder, 'state.before.json'), path.join(folder, 'state.json'));
      assert.equal((await store.read()).deployments.get('shop')?.current, release('shop', 'first').digest);
    }));
  test('is refused where everybody may write into it', () =>
    inOwnFolder(async (folder, store) => {
      await deploy(store, 'shop', 'first');
      await chmod(folder, 0o777);
      await assert.rejects(store.read(), isRefusal('ERR_REGISTRY_INVALID'));
      await chmod(folder, 0o755);
      await store.read();
    }));
  test('follows no link in the place of an archive', () =>
    inOwnFolder(async (folder, store) => {
      await deploy(store, 'shop', 'first');
      const file = path.join(folder, 'archives', `${release('shop', 'first').digest}.cloister`);
      await rename(file, path.join(folder, 'elsewhere'));
      await symlink(path.join(folder, 'elsewhere'), file);
      await assert.rejects(store.archive(release('shop', 'first').digest), isRefusal('ERR_REGISTRY_UNAVAILABLE'));
    }));
  test('takes over from a writer that was killed', () =>
    inOwnFolder(async (folder, store) => {
      await deploy(store, 'shop', 'first');
      const turn = path.join(folder, 'state.json.turn');
      await writeFile(turn, '');
      const long = new Date(Date.now() - registryBounds.turnMs.value - 1_000);
      await utimes(turn, long, long);
      await store.update((state) => decideDisable(state, 'shop', by));
      assert.equal((await store.read()).revision, 2);
    }));
});
