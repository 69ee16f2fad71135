// A registry in files against what happens to files: killed writers, links, a state that is gone, a folder that is open to everybody.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { inFileTurn } from '../../src/approvals/file-turn.ts';
import { registryBounds } from '../../src/registry/bounds.ts';
import { decideDisable } from '../../src/registry/decide.ts';
import { openFileStore, turnTerms } from '../../src/registry/file-store.ts';
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

describe('the turn of a writer in files', () => {
  let parent = '';
  before(async () => {
    parent = await mkdtemp(path.join(tmpdir(), 'cloister-turns-'));
  });
  after(() => rm(parent, { recursive: true, force: true }));
  const makeOwnFolder = (): Promise<string> => mkdtemp(path.join(parent, 'registry-'));
  test('that was taken over is lost, also where the file system uses its number again', async () => {
    const file = path.join(await makeOwnFolder(), 'state.json');
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let later: Promise<void> | null = null;
    await inFileTurn(file, turnTerms, async (stillMine) => {
      const long = new Date(Date.now() - registryBounds.turnMs.value - 1_000);
      await utimes(`${file}.turn`, long, long);
      later = inFileTurn(file, turnTerms, async (isMineToo) => {
        begin();
        await assert.rejects(stillMine(), isRefusal('ERR_REGISTRY_UNAVAILABLE'));
        await isMineToo();
      });
      await begun;
    });
    await later;
  });
  test('that was made tomorrow grows old too', async (context) => {
    const folder = await makeOwnFolder();
    const file = path.join(folder, 'state.json');
    await writeFile(`${file}.turn`, 'a writer that was killed');
    const tomorrow = new Date(Date.now() + 86_400_000);
    await utimes(`${file}.turn`, tomorrow, tomorrow);
    const real = performance.now.bind(performance);
    context.mock.method(performance, 'now', () => real() * 100);
    let had = false;
    await inFileTurn(file, turnTerms, async (stillMine) => {
      await stillMine();
      had = true;
    });
    assert.ok(had);
    assert.deepEqual(await readdir(folder), []);
  });
  test('ends with what killed writers left long ago removed, and nothing else', async () => {
    const folder = await makeOwnFolder();
    const store = openFileStore(folder, form);
    await deploy(store, 'shop', 'first');
    const long = new Date(Date.now() - registryBounds.leftoverMs.value - 1_000);
    for (const [name, at] of [
      ['state.json.0123456789ab.new', long],
      ['archives/a.cloister.0123456789ab.new', long],
      ['state.json.ba9876543210.new', new Date()],
      ['notes.new', long],
    ] as const) {
      await writeFile(path.join(folder, name), '{');
      await utimes(path.join(folder, name), at, at);
    }
    await deploy(store, 'mail', 'first');
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.new'));
    assert.deepEqual(names.toSorted(), ['notes.new', 'state.json.ba9876543210.new']);
  });
});
