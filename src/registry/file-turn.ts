// One writer of a registry in files at a time, over processes. Must never let two have the turn, nor wait for one that was killed for longer than a turn takes.
import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError } from '../errors.ts';
import { registryBounds } from './bounds.ts';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

interface Holder {
  /** Differs between any two turns: a file system gives a freed inode to the next file, so that alone would not. */
  readonly mark: string;
  readonly mtimeMs: number;
}

/** null: nobody has the turn. */
const lookAt = async (file: string): Promise<Holder | null> => {
  try {
    const { ino, mtimeMs } = await stat(file);
    return { mark: `${String(ino)} ${String(mtimeMs)} ${await readFile(file, 'utf8')}`, mtimeMs };
  } catch {
    return null;
  }
};

/** Moved away first, and looked at again: two that see the same old turn must not take the new one of the other. */
const takeAway = async (turn: string, old: Holder): Promise<void> => {
  const aside = `${turn}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(turn, aside);
  } catch {
    return;
  }
  if ((await lookAt(aside))?.mark !== old.mark) await link(aside, turn).catch(() => undefined);
  await unlink(aside).catch(() => undefined);
};

const unavailable = (turn: string, cause: string, error?: unknown): CloisterError =>
  new CloisterError('ERR_REGISTRY_UNAVAILABLE', `${turn}: ${cause}`, { place: turn }, { cause: error });

/** By when it was made, or by how long it was seen here: clocks differ, and what was made tomorrow never grows old. */
const makeIsOld = (): ((holder: Holder) => boolean) => {
  let seen = '';
  let since = 0;
  return ({ mark, mtimeMs }) => {
    if (mark !== seen) {
      seen = mark;
      since = performance.now();
    }
    const { value } = registryBounds.turnMs;
    return Date.now() - mtimeMs > value || performance.now() - since > value;
  };
};

const take = async (turn: string, token: string): Promise<void> => {
  const { turnMs, turnPollMs } = registryBounds;
  const isOld = makeIsOld();
  for (const until = Date.now() + turnMs.value * 2; ; await sleep(turnPollMs.value)) {
    try {
      const handle = await open(turn, 'wx', 0o644);
      try {
        await handle.writeFile(token);
        return;
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (codeOf(error) !== 'EEXIST')
        throw unavailable(turn, `cannot be made (${String(codeOf(error))}); let this user write there`, error);
    }
    const holder = await lookAt(turn);
    if (holder !== null && isOld(holder)) await takeAway(turn, holder);
    if (Date.now() > until) throw unavailable(turn, 'somebody else writes to the registry; try again, or remove the file');
  }
};

/** `stillMine` rejects where another took the turn over, because this one took too long: to be asked last before the one step that others see. */
export const inFileTurn = async <Result>(file: string, work: (stillMine: () => Promise<void>) => Promise<Result>): Promise<Result> => {
  const turn = `${file}.turn`;
  const own = randomBytes(16).toString('hex');
  await take(turn, own);
  const isMine = async (): Promise<boolean> => (await readFile(turn, 'utf8').catch(() => null)) === own;
  try {
    return await work(async () => {
      if (!(await isMine())) throw unavailable(turn, 'another writer took over, because this one took too long; try again');
    });
  } finally {
    if (await isMine()) await unlink(turn).catch(() => undefined);
  }
};
