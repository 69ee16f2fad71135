// One writer of a registry in files at a time, over processes. Must never let two have the turn, nor wait for one that was killed for longer than a turn takes.
import { randomBytes } from 'node:crypto';
import { link, open, rename, stat, unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError } from '../errors.ts';
import { registryBounds } from './bounds.ts';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

const isOld = async (file: string): Promise<boolean> => {
  const status = await stat(file).catch(() => null);
  return status !== null && Date.now() - status.mtimeMs > registryBounds.turnMs.value;
};

/** Moved away first, and looked at again: two that see the same old turn must not take the new one of the other. */
const takeAway = async (turn: string): Promise<void> => {
  const aside = `${turn}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(turn, aside);
  } catch {
    return;
  }
  if (!(await isOld(aside))) await link(aside, turn).catch(() => undefined);
  await unlink(aside).catch(() => undefined);
};

const unavailable = (turn: string, cause: string, error?: unknown): CloisterError =>
  new CloisterError('ERR_REGISTRY_UNAVAILABLE', `${turn}: ${cause}`, { place: turn }, { cause: error });

/** The number by which the file system knows it. */
const take = async (turn: string): Promise<number> => {
  const { turnMs, turnPollMs } = registryBounds;
  for (const until = Date.now() + turnMs.value * 2; ; await sleep(turnPollMs.value)) {
    try {
      const handle = await open(turn, 'wx', 0o644);
      try {
        return (await handle.stat()).ino;
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (codeOf(error) !== 'EEXIST')
        throw unavailable(turn, `cannot be made (${String(codeOf(error))}); let this user write there`, error);
    }
    if (await isOld(turn)) await takeAway(turn);
    if (Date.now() > until) throw unavailable(turn, 'somebody else writes to the registry; try again, or remove the file');
  }
};

/** `stillMine` rejects where another took the turn over, because this one took too long. */
export const inFileTurn = async <Result>(file: string, work: (stillMine: () => Promise<void>) => Promise<Result>): Promise<Result> => {
  const turn = `${file}.turn`;
  const own = await take(turn);
  const isMine = async (): Promise<boolean> => (await stat(turn).catch(() => null))?.ino === own;
  try {
    return await work(async () => {
      if (!(await isMine())) throw unavailable(turn, 'another writer took over, because this one took too long; try again');
    });
  } finally {
    if (await isMine()) await unlink(turn).catch(() => undefined);
  }
};
