// What ItemsService says when it refuses, in the shape of Directus's own errors. Must never tell whether what was asked for exists.
import { RelayedError } from '../../../errors.ts';

const withReason = (code: string, status: number, message: string, reason?: string): RelayedError =>
  new RelayedError(code, status, message, reason === undefined ? {} : { reason });

/** Missing and not granted are one. */
export const forbidden = (): RelayedError => withReason('FORBIDDEN', 403, "You don't have permission to access this.");

export const forbiddenField = (field: string, collection: string): RelayedError => {
  const reason = `You don't have permission to access field "${field.slice(0, 100)}" in collection "${collection}" or it does not exist.`;
  return withReason('FORBIDDEN', 403, reason, reason);
};

export const forbiddenCollection = (collection: string): RelayedError => {
  const reason = `You don't have permission to access collection "${collection.slice(0, 100)}" or it does not exist.`;
  return withReason('FORBIDDEN', 403, reason, reason);
};

export const invalidQuery = (reason: string): RelayedError => withReason('INVALID_QUERY', 400, `Invalid query. ${reason}.`, reason);

export const invalidPayload = (reason: string): RelayedError => withReason('INVALID_PAYLOAD', 400, `Invalid payload. ${reason}.`, reason);
