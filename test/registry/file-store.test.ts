// A registry in files against what happens to files: killed writers, links, a state that is gone, a folder that is open to everybody.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { registryBounds } from '../../src/registry/bounds.ts';
import { decideDisable } from '../../src/registry/decide.ts';
import { openFileStore } from '../../src/registry/file-store.ts';
import type { RegistryStore } from '../../src/registry/state.ts';
import { by, deploy, form, isRefusal, release } from './releases.ts';

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
  test('says that it cannot be looked at where a file stands in the place of its folders, and begins nothing anew', () =>
    inOwnFolder(async (folder, store) => {
      await deploy(store, 'shop', 'first');
      await rename(path.join(folder, 'releases'), path.join(folder, 'elsewhere'));
      await writeFile(path.join(folder, 'releases'), '');
      await rm(path.join(folder, 'state.json'));
      await rm(path.join(folder, 'state.before.json'));
      await assert.rejects(store.read(), isRefusal('ERR_REGISTRY_UNAVAILABLE'));
      await assert.rejects(store.releases(), isRefusal('ERR_REGISTRY_UNAVAILABLE'));
      await assert.rejects(openFileStore(path.join(folder, 'releases', 'registry'), form).read(), isRefusal('ERR_REGISTRY_UNAVAILABLE'));
    }));
  test('remembers of too many hosts those that were heard of last', () =>
    inOwnFolder(async (folder, store) => {
      await deploy(store, 'shop', 'first');
      const most = registryBounds.hosts.value;
      const now = Date.now();
      const nameOf = (index: number): string => `host ${String(index).padStart(5, '0')}`;
      for (let index = 0; index < most + 3; index += 1) {
        const report = { host: nameOf(index), revision: 1, at: new Date(now - 300_000 + index).toISOString(), serving: {}, failed: {} };
        await writeFile(path.join(folder, 'hosts', `${String(index)}.json`), form.formatReport(report, 'test'));
      }
      const hosts = (await store.hosts()).map(({ host }) => host);
      assert.deepEqual([hosts.length, hosts[0], hosts.at(-1)], [most, nameOf(3), nameOf(most + 2)]);
    }));
  test('forgets with a host’s first word the hosts of long ago', () =>
    inOwnFolder(async (folder, store) => {
      await deploy(store, 'shop', 'first');
      const old = path.join(folder, 'hosts', `${'0'.repeat(32)}.json`);
      await writeFile(old, '{}');
      const long = new Date(Date.now() - registryBounds.hostsMs.value - 1_000);
      await utimes(old, long, long);
      await store.report({ host: 'one', revision: 1, at: new Date().toISOString(), serving: {}, failed: {} });
      assert.equal((await readdir(path.join(folder, 'hosts'))).length, 1);
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
