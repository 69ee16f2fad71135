// The options of ItemsService's methods: data, and few of them. Must never take what it would not heed for heeded.
import { forbidden, invalidPayload, invalidQuery } from './errors.ts';
import { isObject } from './parse-filter.ts';

export interface Options {
  readonly emitEvents: boolean;
}

/** What nothing here is for: there is no cache, no sequence to reset and no defaults to overwrite. */
const withoutMeaning = new Set(['autoPurgeCache', 'autoPurgeSystemCache', 'bypassAutoIncrementSequenceReset']);
/** Past limits and past the record: an extension's call is never that. */
const privileged = new Set(['skipTracking', 'bypassLimits']);
const functions = new Set([
  'onItemCreate',
  'onRevisionCreate',
  'bypassEmitAction',
  'mutationTracker',
  'preMutationError',
  'onRequireUserIntegrityCheck',
]);

const emitEventsOf = (value: unknown): boolean => {
  if (value !== undefined && value !== null && typeof value !== 'boolean') throw invalidPayload('"emitEvents" has to be a boolean');
  return value !== false;
};

export const parseMutationOptions = (value: unknown): Options => {
  if (value === undefined || value === null) return { emitEvents: true };
  if (!isObject(value)) throw invalidPayload('The options have to be an object');
  for (const [key, option] of Object.entries(value)) {
    if (key === 'emitEvents' || withoutMeaning.has(key)) continue;
    if (functions.has(key))
      throw invalidPayload(`The option "${key}" is a function or an object, which cannot be passed to a service of the host`);
    if (!privileged.has(key)) throw invalidPayload(`There is no option "${key.slice(0, 50)}" here`);
    if (option === true) throw forbidden();
  }
  return { emitEvents: emitEventsOf(value['emitEvents']) };
};

/** Reading fires no events here, and always answers what was asked for. */
const queryOptions = new Set(['emitEvents', 'stripNonRequested', 'key']);

export const checkQueryOptions = (value: unknown): void => {
  if (value === undefined || value === null) return;
  if (!isObject(value)) throw invalidQuery('The options have to be an object');
  for (const [key, option] of Object.entries(value)) {
    if (queryOptions.has(key)) continue;
    if (key !== 'permissionsAction') throw invalidQuery(`There is no option "${key.slice(0, 50)}" here`);
    if (option !== 'read' && option !== null) throw forbidden();
  }
};
