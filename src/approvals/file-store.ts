// Approvals in cloister.lock.json, scripts in .cloister/artifacts beside it. Must never leave half a file, nor lose what somebody else wrote at the same time.
import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { CloisterError } from '../errors.ts';
import { approvalBounds } from './bounds.ts';
import { formatLock, type Lock, type LockEntry, type LockForm } from './lock.ts';
import { type ApprovalStore, sha256 } from './store.ts';
import { inTurn } from './turn.ts';

const isCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code;
const digestName = /^[0-9a-f]{64}$/;

/** Written beside its place, synced and moved there: a reader sees the old or the new. */
const writeSynced = async (file: string, text: string): Promise<void> => {
  const handle = await open(file, 'w', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const readText = async (file: string, maxBytes: number): Promise<string | null> => {
  try {
    const { size } = await stat(file);
    if (size > maxBytes) throw new CloisterError('ERR_LOCK_INVALID', `${file}: has ${size} bytes, more than ${maxBytes}`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
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

  const readLock = async (): Promise<Lock> => {
    const text = await readText(file, approvalBounds.lockBytes.value);
    return text === null ? new Map() : form.parse(text, file);
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
      return await readLock();
    },
    put: (id, entry) =>
      inTurn(file, async () => {
        const lock = new Map<string, LockEntry>(await readLock());
        const before = lock.get(id) ?? null;
        if (entry === null) lock.delete(id);
        else lock.set(id, entry);
        await writeSynced(`${file}.new`, formatLock(lock));
        await rename(`${file}.new`, file);
        await prune(lock);
        return before;
      }),
    async keep(artifact, script) {
      const place = placeOf(artifact);
      await mkdir(folder, { recursive: true });
      const there = await readText(place, Number.MAX_SAFE_INTEGER);
      if (there !== null && sha256(there) === artifact) return;
      const fresh = `${place}.${process.pid}.new`;
      await writeSynced(fresh, script);
      await rename(fresh, place);
    },
    load: (artifact) => readText(placeOf(artifact), approvalBounds.artifactBytes.value),
  };
};
