// One writer of approvals at a time, over processes. Must never let two have the turn.
import { CloisterError } from '../errors.ts';
import { approvalBounds } from './bounds.ts';
import { inFileTurn, type TurnTerms } from './file-turn.ts';

const terms: TurnTerms = {
  turnMs: approvalBounds.turnMs.value,
  pollMs: approvalBounds.turnPollMs.value,
  // What a disk says is said by whoever writes to it.
  refuse: (turn, cause, error) => error ?? new CloisterError('ERR_LOCK_INVALID', `${turn}: ${cause}`),
};

/** `file` is what is written; `stillMine` is to be asked last before that. */
export const inTurn = <Result>(file: string, work: (stillMine: () => Promise<void>) => Promise<Result>): Promise<Result> =>
  inFileTurn(file, terms, work);
