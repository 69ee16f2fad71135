// Errors with the codes and messages node gives them, so that guests which test err.code find what they expect. Must never carry anything of the host.

import { needs } from '../builtins/needs.ts';

export interface CodedError extends Error {
  code: string;
}

/** Makes an error of node's shape: `code` is an own, writable property; the stack begins with it. */
export const makeNodeError = (Kind: new (message: string) => Error, code: string, message: string): CodedError => {
  const error = new Kind(message);
  const coded = Object.assign(error, { code });
  const name = error.name;
  Object.defineProperty(error, 'name', { value: `${name} [${code}]`, configurable: true, writable: true, enumerable: false });
  // Reading the stack writes it out under the name it has now; the name itself goes back to the plain one.
  void error.stack;
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true, enumerable: false });
  return coded;
};

/** What an extension gets where node would reach outside the isolate: `what` begins with the name of the built-in. */
export const makeNotGranted = (what: string): CodedError => {
  const need = needs.get(what.split(/[./]/, 1)[0] ?? '') ?? 'it runs in an isolate with nothing but what Cloister grants it';
  return makeNodeError(Error, 'ERR_CAPABILITY_NOT_GRANTED', `${what} is not available to an extension: ${need}`);
};

export const noFileSystem = (what: string): CodedError =>
  makeNodeError(Error, 'ERR_CAPABILITY_NOT_GRANTED', `${what} needs a file system, and an extension has no file system`);

/** How node names a received value in ERR_INVALID_ARG_TYPE messages. */
export const describeReceived = (value: unknown): string => {
  if (value === null || value === undefined) return ` Received ${String(value)}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object')
    return value.constructor?.name ? ` Received an instance of ${value.constructor.name}` : ' Received an object';
  const shown = typeof value === 'string' ? `'${value.length > 28 ? `${value.slice(0, 25)}...` : value}'` : String(value);
  return ` Received type ${typeof value} (${shown})`;
};

/** ERR_INVALID_ARG_TYPE. */
export const makeArgumentError = (name: string, expected: string, value: unknown): CodedError =>
  makeNodeError(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${expected}.${describeReceived(value)}`);
