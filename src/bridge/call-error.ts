// What a guest is told of a call that failed. Must never pass on an error that nobody made to be told.
import { CloisterError, RelayedError } from '../errors.ts';
import type { Limits } from '../limits/table.ts';

export type TellableError = CloisterError | RelayedError;
export const isTellable = (error: unknown): error is TellableError => error instanceof CloisterError || error instanceof RelayedError;

export const errorJson = (error: TellableError): string =>
  JSON.stringify({
    ...(error instanceof RelayedError ? { name: error.name } : {}),
    code: error.code,
    message: error.message,
    status: error.status,
    extensions: error.details,
  });

/** What the guest is told of a fault of ours: nothing but that there was one. */
export const asPublic = (error: unknown): TellableError =>
  isTellable(error) ? error : new CloisterError('ERR_CALL_FAILED', 'The capability failed on the host.');

/** What the ledger says of it: codes of ours, and never a word of an extension's or a service's own. */
export const outcomeOf = (error: unknown): string =>
  error instanceof CloisterError ? error.code : error instanceof RelayedError ? 'relayed' : 'ERR_CALL_FAILED';

export const exceededResult = (limits: Limits): CloisterError =>
  new CloisterError('ERR_CALL_FAILED', `The result is over the limit resultBytes (${limits.resultBytes}).`, { limit: 'resultBytes' });
