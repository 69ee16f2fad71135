// The errors of all stores of jobs, in the same words. Must never hold what a job is about.
import { CloisterError } from '../errors.ts';

export const makeRoomError = (): CloisterError =>
  new CloisterError('ERR_CAPACITY_EXCEEDED', 'Too many jobs of this tenant wait to be run; none was taken.', {
    limit: 'openJobs',
    retryAfterSeconds: 5,
  });

export const makeLoopError = (limit: 'eventsPerRequest' | 'listenersPerRequest', most: number): CloisterError =>
  new CloisterError('ERR_EVENT_LOOP', `the request and what it caused are over the limit ${limit} (${String(most)})`, { limit });

/** Nothing was begun, as far as anybody knows: a write whose answer was lost may have been made all the same. A guest reads it, so the cause, which names servers, is for the host's log alone. */
export const makeUnavailableError = (cause: unknown): CloisterError =>
  new CloisterError(
    'ERR_JOBS_UNAVAILABLE',
    'The job could not be written down, so it is refused; try again later.',
    { retryAfterSeconds: 1 },
    { cause },
  );
