// One writer of files at a time, over processes. Must never let two have the turn, nor wait for one that was killed for longer than a turn takes.
import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

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

export interface TurnTerms {
  /** Time one writer has; after that another takes over. */
  readonly turnMs: number;
  /** How often one that waits looks again. */
  readonly pollMs: number;
  /** What is thrown; with `error` where the turn cannot be made at all. */
  refuse(turn: string, cause: string, error?: unknown): unknown;
}

/** By when it was made, or by how long it was seen here: clocks differ, and what was made tomorrow never grows old. */
const makeIsOld = (turnMs: number): ((holder: Holder) => boolean) => {
  let seen = '';
  let since = 0;
  return ({ mark, mtimeMs }) => {
    if (mark !== seen) {
      seen = mark;
      since = performance.now();
    }
    return Date.now() - mtimeMs > turnMs || performance.now() - since > turnMs;
  };
};

const take = async (turn: string, token: string, { turnMs, pollMs, refuse }: TurnTerms): Promise<void> => {
  const isOld = makeIsOld(turnMs);
  for (const until = Date.now() + turnMs * 2; ; await sleep(pollMs)) {
    try {
      const handle = await open(turn, 'wx', 0o644);
      try {
        await handle.writeFile(token);
        return;
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw refuse(turn, `cannot be made (${String(codeOf(error))}); let this user write there`, error);
    }
    const holder = await lookAt(turn);
    if (holder !== null && isOld(holder)) await takeAway(turn, holder);
    if (Date.now() > until) throw refuse(turn, 'somebody else writes there; try again, or remove the file');
  }
};

/** The turn stands beside the file. `stillMine` rejects where another took the turn over, because this one took too long: to be asked last before the one step that others see. */
export const inFileTurn = async <Result>(
  file: string,
  terms: TurnTerms,
  work: (stillMine: () => Promise<void>) => Promise<Result>,
): Promise<Result> => {
  const { refuse } = terms;
  const turn = `${file}.turn`;
  const own = randomBytes(16).toString('hex');
  await take(turn, own, terms);
  const isMine = async (): Promise<boolean> => (await readFile(turn, 'utf8').catch(() => null)) === own;
  try {
    return await work(async () => {
      if (!(await isMine())) throw refuse(turn, 'another writer took over, because this one took too long; try again');
    });
  } finally {
    if (await isMine()) await unlink(turn).catch(() => undefined);
  }
};
