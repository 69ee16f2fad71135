// Errors of node:zlib with node's codes and errno. Must never say more than zlib itself does.
import { type CodedError, describeReceived, makeArgumentError, makeNodeError } from '../http/node-error.ts';

const codes: ReadonlyMap<number, string> = new Map([
  [2, 'Z_NEED_DICT'],
  [-2, 'Z_STREAM_ERROR'],
  [-3, 'Z_DATA_ERROR'],
  [-4, 'Z_MEM_ERROR'],
  [-5, 'Z_BUF_ERROR'],
]);

export const makeZlibError = (message: string, errno: number): CodedError =>
  Object.assign(new Error(message), { errno, code: codes.get(errno) ?? 'Z_ERRNO' });

export const makeTooLarge = (bytes: number): CodedError =>
  makeNodeError(RangeError, 'ERR_BUFFER_TOO_LARGE', `Cannot create a Buffer larger than ${bytes} bytes`);

export const makeGarbageError = (): CodedError =>
  makeNodeError(TypeError, 'ERR_TRAILING_JUNK_AFTER_STREAM_END', 'Trailing junk found after the end of the compressed stream');

const makeRangeError = (name: string, low: number, high: number, value: unknown): CodedError =>
  makeNodeError(
    RangeError,
    'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be >= ${low} and <= ${high}. Received ${String(value)}`,
  );

/** A number option as node checks it: absent is the default, anything but a number in range is refused. */
export const parseNumber = (options: object, key: string, low: number, high: number, fallback: number): number => {
  const value = (options as Record<string, unknown>)[key];
  if (value === undefined || Number.isNaN(value)) return fallback;
  if (typeof value !== 'number')
    throw makeNodeError(
      TypeError,
      'ERR_INVALID_ARG_TYPE',
      `The "options.${key}" property must be of type number.${describeReceived(value)}`,
    );
  if (value < low || value > high || !Number.isFinite(value)) throw makeRangeError(`options.${key}`, low, high, value);
  return value;
};

export const parseInput = (name: string, data: unknown, encode: (text: string) => Uint8Array): Uint8Array => {
  if (typeof data === 'string') return encode(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw makeArgumentError(name, 'of type string or an instance of Buffer, TypedArray, DataView, or ArrayBuffer', data);
};
