// Approvals in cloister.lock.json, scripts in .cloister/artifacts beside it. Must never leave half a file, nor lose what somebody else wrote at the same time.
import { lstat, mkdir, open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { CloisterError } from '../errors.ts';
import { approvalBounds } from './bounds.ts';
import { formatLock, type Lock, type LockEntry, type LockForm } from './lock.ts';
import { onDisk, readBounded } from './read-bounded.ts';
import { type ApprovalStore, sha256 } from './store.ts';
import { inTurn } from './turn.ts';

const digestName = /^[0-9a-f]{64}$/;

/** Written beside its place, synced and moved there: a reader sees the old or the new. */
const replace = (place: string, fresh: string, text: string): Promise<void> =>
  onDisk(place, 'written', async () => {
    try {
      const handle = await open(fresh, 'w', 0o644);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(fresh, place);
    } catch (error) {
      await unlink(fresh).catch(() => undefined);
      throw error;
    }
  });

/** Where a link leads, so that a lock which is one stays one. */
const followLink = (file: string): Promise<string> =>
  onDisk(file, 'read', async () => {
    const status = await lstat(file).catch(() => null);
    return status === null ? file : await realpath(file);
  });

const again = 'put back the one that was committed, or remove it and approve again';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return true;
  } catch {
    return false;
  }
};

export interface FileStoreOptions {
  readonly file: string;
  /** false: reading one that is not there is an error, for the operator has named it. */
  readonly mayBeMissing: boolean;
}

export const openFileStore = ({ file, mayBeMissing }: FileStoreOptions, form: LockForm): ApprovalStore => {
  const folder = path.join(path.dirname(file), '.cloister', 'artifacts');
  const placeOf = (artifact: string): string => {
    if (!digestName.test(artifact)) throw new CloisterError('ERR_ARTIFACT_INVALID', 'the name of a kept script is no SHA-256');
    return path.join(folder, `${artifact}.js`);
  };

  const readLock = async (real: string): Promise<Lock> => {
    const text = await readBounded(real, approvalBounds.lockBytes.value, 'ERR_LOCK_INVALID');
    if (text === null) return new Map();
    if (!isJson(text)) {
      const cause = text.trim() === '' ? 'is empty' : 'is not JSON, or was cut off';
      throw new CloisterError('ERR_LOCK_INVALID', `${file}: ${cause}; ${again}`, { where: file, pointer: '' });
    }
    return form.parse(text, file);
  };

  /** Those that the lock names, and the latest of the others: who goes back to an older lock finds its scripts. */
  const prune = async (lock: Lock): Promise<void> => {
    const named = new Set([...lock.values()].map(({ artifact }) => `${artifact}.js`));
    const names = (await readdir(folder).catch(() => [])).filter((name) => !named.has(name) && digestName.test(name.slice(0, -3)));
    const aged = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(path.join(folder, name)).catch(() => null))?.mtimeMs ?? 0 })),
    );
    const old = aged.sort((one, other) => other.at - one.at).slice(approvalBounds.artifacts.value);
    for (const { name } of old) await unlink(path.join(folder, name)).catch(() => undefined);
  };

  return {
    where: file,
    async read() {
      if (!mayBeMissing && (await stat(file).catch(() => null)) === null)
        throw new CloisterError('ERR_LOCK_INVALID', `${file}: there is no such file; make it with \`cloister approve\`, or name another`);
      return await readLock(await followLink(file));
    },
    async put(id, entry) {
      const real = await followLink(file);
      return await onDisk(file, 'written', () =>
        inTurn(real, async (stillMine) => {
          const lock = new Map<string, LockEntry>(await readLock(real));
          const before = lock.get(id) ?? null;
          if (entry === null) lock.delete(id);
          else lock.set(id, entry);
          await stillMine();
          await replace(real, `${real}.new`, formatLock(lock));
          await prune(lock);
          return before;
        }),
      );
    },
    async keep(artifact, script) {
      const place = placeOf(artifact);
      await onDisk(folder, 'written', () => mkdir(folder, { recursive: true }));
      // Whatever else lies there is replaced.
      const there = await readBounded(place, approvalBounds.artifactBytes.value, 'ERR_ARTIFACT_INVALID').catch(() => null);
      if (there !== null && sha256(there) === artifact) return;
      await replace(place, `${place}.${process.pid}.new`, script);
    },
    load: (artifact) => readBounded(placeOf(artifact), approvalBounds.artifactBytes.value, 'ERR_ARTIFACT_INVALID'),
  };
};
