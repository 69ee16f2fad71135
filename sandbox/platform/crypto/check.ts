// Arguments of node:crypto as node checks them. Must never let a number through that is none.
import { type CodedError, describeReceived, makeArgumentError, makeNodeError } from '../http/node-error.ts';

const longest = 2 ** 31 - 1;

export const makeRangeError = (name: string, expected: string, value: unknown): CodedError =>
  makeNodeError(
    RangeError,
    'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${expected}. Received ${String(value)}`,
  );

/** A property of the options, not an argument. */
export const makePropertyError = (name: string, expected: string, value: unknown): CodedError =>
  makeNodeError(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" property must be ${expected}.${describeReceived(value)}`);

export const makeValueError = (name: string, value: unknown, reason = 'is invalid'): CodedError => {
  const shown = typeof value === 'string' ? `'${value}'` : String(value);
  return makeNodeError(
    TypeError,
    'ERR_INVALID_ARG_VALUE',
    `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${shown}`,
  );
};

export const parseInteger = (value: unknown, name: string, low = 0, high = longest): number => {
  if (typeof value !== 'number') throw makeArgumentError(name, 'of type number', value);
  if (!Number.isInteger(value)) throw makeRangeError(name, 'an integer', value);
  if (value < low || value > high) throw makeRangeError(name, `>= ${low} && <= ${high}`, value);
  return value;
};

export const parseText = (value: unknown, name: string): string => {
  if (typeof value !== 'string') throw makeArgumentError(name, 'of type string', value);
  return value;
};

export const parseFunction = (value: unknown, name = 'callback'): ((...args: unknown[]) => void) => {
  if (typeof value !== 'function') throw makeArgumentError(name, 'of type function', value);
  return value as (...args: unknown[]) => void;
};

/** An error as OpenSSL's end up in node: its code, library and reason. */
export const makeOpenSslError = (code: string, number: string, library: string, reason: string): CodedError => {
  const error = Object.assign(new Error(`error:${number}:${library}::${reason}`), {
    library: library.replace(/ routines$/, ''),
    reason,
    code,
  });
  return error;
};
