// The registry in a folder, for the hosts of one machine. Must never leave half a file, nor take a state that is gone for an empty one.
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { inFileTurn, type TurnTerms } from '../approvals/file-turn.ts';
import { CloisterError } from '../errors.ts';
import { registryBounds } from './bounds.ts';
import { watchFile } from './file-watch.ts';
import type { RegistryState, RegistryStore, Release } from './state.ts';
import { archiveMissing, emptyState, holdToDigest, makeRegistryForm, namedIn, nextState, type RegistryForm, sha256 } from './state-form.ts';

const digestName = /^[0-9a-f]{64}$/;
const readFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);
const othersMayWrite = 0o002;
const hostName = /^[0-9a-f]{32}\.json$/;
const leftoverName = /\.[0-9a-f]{12}(\.new)?$/;

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown cause');
const invalid = (where: string, cause: string): CloisterError => new CloisterError('ERR_REGISTRY_INVALID', `${where}: ${cause}`, { where });

export const turnTerms: TurnTerms = {
  turnMs: registryBounds.turnMs.value,
  pollMs: registryBounds.turnPollMs.value,
  refuse: (turn, cause, error) => new CloisterError('ERR_REGISTRY_UNAVAILABLE', `${turn}: ${cause}`, { place: turn }, { cause: error }),
};

/** Rejects with one line that names the place. */
const onDisk = async <Result>(place: string, doing: string, work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CloisterError) throw error;
    const line = `${place}: cannot be ${doing} (${codeOf(error)}); let this user read and write there, and make room`;
    throw new CloisterError('ERR_REGISTRY_UNAVAILABLE', line, { place }, { cause: error });
  }
};

/** What is not there alone counts as nothing: a place that cannot be looked at says nothing of what it holds. */
const orNothing = async <Value, Nothing>(place: string, nothing: Nothing, look: () => Promise<Value>): Promise<Value | Nothing> =>
  await onDisk(place, 'read', () =>
    look().catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return nothing;
      throw error;
    }),
  );
const statusOf = (place: string): Promise<Stats | null> => orNothing(place, null, () => stat(place));
const namesIn = (folder: string): Promise<readonly string[]> => orNothing(folder, [], () => readdir(folder));
const isThere = async (file: string): Promise<boolean> => (await statusOf(file)) !== null;

/** null: there is none. */
const readWhole = (file: string, maxBytes: number): Promise<Buffer | null> =>
  onDisk(file, 'read', async () => {
    const handle = await orNothing(file, null, () => open(file, readFlags));
    if (handle === null) return null;
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw invalid(file, 'is no regular file; move it away');
      if (status.size > maxBytes) throw invalid(file, `has ${status.size} bytes, more than ${maxBytes}`);
      const bytes = await handle.readFile();
      if (bytes.byteLength > maxBytes) throw invalid(file, `has more than ${maxBytes} bytes`);
      return bytes;
    } finally {
      await handle.close();
    }
  });

/** Written beside its place, synced and moved there: a reader sees the old or the new. `move` rejects where it is not to be moved any more. */
const replace = (file: string, content: string | Uint8Array, move: typeof rename = rename): Promise<void> =>
  onDisk(file, 'written', async () => {
    const fresh = `${file}.${randomBytes(6).toString('hex')}.new`;
    try {
      const handle = await open(fresh, 'w', 0o644);
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await move(fresh, file);
    } catch (error) {
      await unlink(fresh).catch(() => undefined);
      throw error;
    }
  });

/** What was moved into it stays there when the power fails. Not every system can say so. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
};

const removeOld = async (place: string, pattern: RegExp, ageMs: number): Promise<void> => {
  for (const name of await readdir(place).catch(() => [])) {
    if (!pattern.test(name)) continue;
    const file = path.join(place, name);
    const status = await stat(file).catch(() => null);
    if (status !== null && Date.now() - status.mtimeMs > ageMs) await unlink(file).catch(() => undefined);
  }
};

const refuseOpenFolder = async (folder: string): Promise<void> => {
  const status = await statusOf(folder);
  if (status === null) return;
  if (!status.isDirectory()) throw invalid(folder, 'is no folder; name one for the registry');
  if ((status.mode & othersMayWrite) !== 0)
    throw invalid(folder, 'everybody on this machine may write there, and so decide what runs; `chmod o-w` it');
};

/** A form that is given was compiled already. */
export const openFileStore = (folder: string, form: RegistryForm = makeRegistryForm()): RegistryStore => {
  const stateFile = path.join(folder, 'state.json');
  /** The last one that held: also says that there was one. */
  const beforeFile = path.join(folder, 'state.before.json');
  const releaseFolder = path.join(folder, 'releases');
  const hostFolder = path.join(folder, 'hosts');
  const archiveFile = (digest: string): string => {
    if (!digestName.test(digest)) throw new CloisterError('ERR_DEPLOYMENT_UNKNOWN', 'the name of an archive is no SHA-256');
    return path.join(folder, 'archives', `${digest}.cloister`);
  };
  const hostFile = (host: string): string => path.join(hostFolder, `${sha256(Buffer.from(host)).slice(0, 32)}.json`);
  let swept = false;
  const folders = [folder, path.join(folder, 'archives'), releaseFolder, hostFolder];
  const makeFolders = (): Promise<void> =>
    onDisk(folder, 'written', async () => {
      for (const one of folders) await mkdir(one, { recursive: true, mode: 0o755 });
    });

  const hasReleases = async (): Promise<boolean> => (await namesIn(releaseFolder)).some((name) => name.endsWith('.json'));
  /** Before the first release is kept: releases without a state say that it is gone. */
  const begin = async (): Promise<void> => {
    if ((await isThere(stateFile)) || (await isThere(beforeFile)) || (await hasReleases())) return;
    await replace(stateFile, form.formatState(emptyState, stateFile), async (fresh, file) => {
      await link(fresh, file).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error;
      });
      await unlink(fresh);
    });
  };

  const read = async (): Promise<RegistryState> => {
    await refuseOpenFolder(folder);
    const bytes = await readWhole(stateFile, registryBounds.stateBytes.value);
    if (bytes !== null) return form.parseState(bytes.toString('utf8'), stateFile);
    if (!(await isThere(beforeFile)) && !(await hasReleases())) return emptyState;
    // The first one may have been written since.
    const again = await readWhole(stateFile, registryBounds.stateBytes.value);
    if (again !== null) return form.parseState(again.toString('utf8'), stateFile);
    const remedy = `put it back from ${path.basename(beforeFile)} or a backup, or remove that and the folder releases too to begin anew`;
    throw invalid(stateFile, `is gone, and was there; ${remedy}`);
  };

  /** Every file of a folder that reads as it should; what somebody else put there is nobody's. */
  const readAll = async <Value>(place: string, parse: (text: string, where: string) => Value): Promise<readonly Value[]> => {
    const names = (await namesIn(place)).filter((name) => name.endsWith('.json'));
    const values: Value[] = [];
    for (const name of names) {
      const bytes = await readWhole(path.join(place, name), registryBounds.recordBytes.value).catch(() => null);
      if (bytes === null) continue;
      try {
        values.push(parse(bytes.toString('utf8'), name));
      } catch {}
    }
    return values;
  };

  const releases = async (extension?: string): Promise<readonly Release[]> =>
    (await readAll(releaseFolder, form.parseRelease))
      .filter((one) => extension === undefined || one.extension === extension)
      .toSorted((one, other) => (one.at < other.at ? 1 : -1));

  const moveWhile =
    (stillMine: () => Promise<void>): typeof rename =>
    async (fresh, file) => {
      await stillMine();
      await rename(fresh, file);
    };

  const prune = async (state: RegistryState): Promise<void> => {
    const named = namedIn(state);
    const unnamed = (await releases()).filter(({ digest }) => !named.has(digest));
    for (const { digest } of unnamed.slice(registryBounds.releases.value)) {
      await unlink(path.join(releaseFolder, `${digest}.json`)).catch(() => undefined);
      await unlink(archiveFile(digest)).catch(() => undefined);
    }
  };

  return {
    read,
    async archive(digest) {
      const file = archiveFile(digest);
      const bytes = await readWhole(file, registryBounds.archiveBytes.value);
      if (bytes === null) throw archiveMissing(digest, folder);
      return holdToDigest(bytes, digest, file);
    },
    async put(release, archive) {
      holdToDigest(archive, release.digest, folder);
      const said = form.formatRelease(release, folder);
      await refuseOpenFolder(folder);
      await makeFolders();
      await begin();
      await replace(archiveFile(release.digest), archive);
      await replace(path.join(releaseFolder, `${release.digest}.json`), said);
      for (const one of folders) await syncFolder(one);
    },
    releases,
    async update(change) {
      // What is refused, or changes nothing, makes no folder either: one that was moved away is to fit back in its place.
      const seen = await read();
      if (nextState(seen, change) === seen) return seen;
      await makeFolders();
      return await inFileTurn(stateFile, turnTerms, async (stillMine) => {
        const state = await read();
        const next = nextState(state, change);
        if (next === state) return state;
        const text = form.formatState(next, stateFile);
        // Whoever is killed in between leaves a state, or none and no word of one.
        const move = moveWhile(stillMine);
        const before = form.formatState(state, beforeFile);
        if (state.revision > 0) await replace(beforeFile, before, move);
        await replace(stateFile, text, move);
        if (state.revision === 0) await replace(beforeFile, before, move);
        await syncFolder(folder);
        await prune(next);
        // What writers that were killed left beside their files.
        for (const one of folders) await removeOld(one, leftoverName, registryBounds.leftoverMs.value);
        return next;
      });
    },
    watch: (hear) => watchFile(stateFile, async () => (await read()).revision, hear),
    async report(report) {
      // A host makes no registry: not before the first deploy, and not where one was moved away.
      if (!(await isThere(stateFile))) return;
      await replace(hostFile(report.host), form.formatReport(report, hostFolder));
      // Each start of a host has a name of its own.
      if (!swept) await removeOld(hostFolder, hostName, registryBounds.hostsMs.value);
      swept = true;
    },
    async hosts() {
      const since = new Date(Date.now() - registryBounds.hostsMs.value).toISOString();
      const all = await readAll(hostFolder, form.parseReport);
      for (const { host, at } of all) if (at < since) await unlink(hostFile(host)).catch(() => undefined);
      return all
        .filter(({ at }) => at >= since)
        .toSorted((one, other) => (one.at < other.at ? 1 : -1))
        .slice(0, registryBounds.hosts.value)
        .toSorted((one, other) => (one.host < other.host ? -1 : 1));
    },
    close: () => Promise.resolve(),
  };
};
