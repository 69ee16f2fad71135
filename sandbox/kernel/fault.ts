// Turns whatever an extension threw into a public error. Must never let a stack, a cause or a getter of the thrown value reach the client.
import type { GuestFault } from '../protocol/kinds.ts';
import { isArray, parseJson, slice, stringifyJson, toText } from './intrinsics.ts';

const maxMessage = 2_000;
const maxStack = 8_000;
const maxExtensions = 16_384;

/** What the bridge answered and the extension did not catch. Clients hear that there was a refusal, not of what. */
const refusalCodes = [
  'ERR_CAPABILITY_DENIED',
  'ERR_CAPABILITY_NOT_GRANTED',
  'ERR_CALLS_EXCEEDED',
  'ERR_ARGUMENT_INVALID',
  'ERR_LEASE_OVER',
  'ERR_DATABASE_UNAVAILABLE',
  'ERR_EVENT_LOOP',
] as const;

const read = (value: unknown, key: string): unknown => {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
};

const textOf = (value: unknown, most: number): string => {
  try {
    return slice(toText(value), 0, most);
  } catch {
    return '';
  }
};

const plain = (value: unknown): Readonly<Record<string, unknown>> => {
  try {
    const text = stringifyJson(value) ?? '{}';
    if (text.length > maxExtensions) return {};
    const copy: unknown = parseJson(text);
    return typeof copy === 'object' && copy !== null ? (copy as Record<string, unknown>) : {};
  } catch {
    return {};
  }
};

const isStatus = (value: unknown): value is number => typeof value === 'number' && value >= 400 && value <= 599 && value % 1 === 0;

/** Directus knows its errors by name, not by class: an extension carries its own copy of the class. */
const isDirectusError = (error: unknown): boolean => read(error, 'name') === 'DirectusError' && typeof read(error, 'code') === 'string';

/** Directus throws a list where several fields are wrong: the first stands for all. */
const firstOf = (thrown: unknown): unknown => {
  if (!isArray(thrown)) return thrown;
  const first = read(thrown, '0');
  return isDirectusError(first) ? first : thrown;
};

/** What the client is told. Only errors that were made to be told say more than that the extension failed. */
export const makeFault = (thrown: unknown): GuestFault => {
  const error = firstOf(thrown);
  const stack = textOf(read(error, 'stack') ?? error, maxStack);
  const status = [read(error, 'status'), read(error, 'statusCode')].find(isStatus);
  const message = textOf(read(error, 'message') ?? '', maxMessage);
  if (isDirectusError(error) || isLegacyException(error)) {
    return { status: status ?? 500, code: textOf(read(error, 'code'), 100), message, extensions: plain(read(error, 'extensions')), stack };
  }
  const refused = refusalCodes.find((code) => code === read(error, 'code'));
  // A chain of events is the author's to see, wherever it comes to light.
  if (refused === 'ERR_EVENT_LOOP') return { status: 508, code: refused, message, stack };
  if (refused === 'ERR_DATABASE_UNAVAILABLE')
    return { status: 503, code: refused, message: 'The database cannot be had now; the same request may succeed later.', stack };
  if (refused !== undefined)
    return { status: status ?? 403, code: refused, message: 'The extension was refused something it needs for this request.', stack };
  // As Express and http-errors have it: a client error may be told, a server error may not.
  if (status !== undefined && status < 500) return { status, code: 'ERR_GUEST_FAILED', message, stack };
  return { status: status ?? 500, code: 'ERR_GUEST_FAILED', message: 'The extension failed to answer this request.', stack };
};

/** Directus 9 and 10: `exceptions.ForbiddenException` and its siblings. */
const isLegacyException = (error: unknown): boolean => {
  const name = read(error, 'name');
  return (
    typeof name === 'string' &&
    slice(name, -9) === 'Exception' &&
    typeof read(error, 'code') === 'string' &&
    isStatus(read(error, 'status'))
  );
};
