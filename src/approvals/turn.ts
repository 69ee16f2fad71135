// One writer at a time, over processes: whoever makes the file has the turn. Must never wait for a process that was killed for longer than a turn takes.
import { open, stat, unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError } from '../errors.ts';
import { approvalBounds } from './bounds.ts';

const isThere = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

const take = async (turn: string): Promise<void> => {
  const { turnMs, turnPollMs } = approvalBounds;
  for (const until = Date.now() + turnMs.value * 2; ; await sleep(turnPollMs.value)) {
    try {
      await (await open(turn, 'wx')).close();
      return;
    } catch (error) {
      if (!isThere(error)) throw error;
    }
    const held = await stat(turn).catch(() => null);
    if (held !== null && Date.now() - held.mtimeMs > turnMs.value) await unlink(turn).catch(() => undefined);
    if (Date.now() > until)
      throw new CloisterError('ERR_LOCK_INVALID', `${turn}: somebody else writes approvals; try again, or remove the file`);
  }
};

/** `file` is what is written; the turn stands beside it. */
export const inTurn = async <Result>(file: string, work: () => Promise<Result>): Promise<Result> => {
  const turn = `${file}.turn`;
  await take(turn);
  try {
    return await work();
  } finally {
    await unlink(turn).catch(() => undefined);
  }
};
