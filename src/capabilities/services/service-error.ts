// What an extension hears of a service that failed: a Directus error by its shape, and of anything else nothing. Must never pass on a stack, a cause or a stranger's getter.
import { isNativeError } from 'node:util/types';
import { RelayedError } from '../../errors.ts';
import { toBoundedJson } from './bounded-json.ts';
import { servicesBounds } from './bounds.ts';

const maxCodeChars = 100;
const { errorChars, errorExtensionChars } = servicesBounds;

const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => isHolder(value) && !Array.isArray(value);

const readExtensions = (value: unknown): Readonly<Record<string, unknown>> => {
  try {
    const copy: unknown = JSON.parse(toBoundedJson(value, errorExtensionChars.value));
    return isObject(copy) ? copy : {};
  } catch {
    return {};
  }
};

const isStatus = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599;

/** By name and code, as Directus itself knows its errors: there are many copies of the class. */
const relay = (error: unknown): RelayedError | null => {
  if (!isHolder(error)) return null;
  const { name, code, status, message, extensions } = error as Readonly<Record<string, unknown>>;
  if (name !== 'DirectusError' || typeof code !== 'string') return null;
  return new RelayedError(
    code.slice(0, maxCodeChars),
    isStatus(status) ? status : 500,
    typeof message === 'string' ? message.slice(0, errorChars.value) : '',
    readExtensions(extensions),
  );
};

/** Directus throws a list where several fields are wrong: the first stands for all. */
const relayFirst = (error: unknown): RelayedError | null => relay(Array.isArray(error) ? error[0] : error);

const textOf = (read: () => unknown): string => {
  try {
    return String(read());
  } catch {
    return 'what cannot be read';
  }
};

/** For the host's log: the error's own words as plain text, since a log that reads a stranger's getters can fail itself. */
const explain = (error: unknown): Error => {
  if (!isNativeError(error)) return new Error(`it threw no error but ${textOf(() => typeof error)}`);
  const copy = new Error(textOf(() => error.message));
  copy.name = textOf(() => error.name);
  copy.stack = textOf(() => error.stack);
  return copy;
};

/** `ours`: errors of nested calls, which were made to be told. */
export const toTellable = (error: unknown, service: string, ours: WeakSet<object>): unknown => {
  if (isHolder(error) && ours.has(error)) return error;
  try {
    const relayed = relayFirst(error);
    if (relayed !== null) return relayed;
  } catch {
    // It does not let itself be read.
  }
  // None of ours, even where it is of our class.
  return new Error(`the service ${service} failed`, { cause: explain(error) });
};
