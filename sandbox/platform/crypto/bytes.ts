// Bytes in and out of node:crypto: what it takes as data, how it writes results. Must never alias bytes a caller may change later where they are a key.
import { Buffer, type Buffer as GuestBuffer } from '../globals/buffer.ts';
import { makeArgumentError } from '../http/node-error.ts';

export const viewExpected = 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView';

/** A view of the caller's bytes; undefined for what are none. */
export const viewOf = (data: unknown): Uint8Array | undefined => {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Object.prototype.toString.call(data) === '[object ArrayBuffer]' ? new Uint8Array(data as ArrayBuffer) : undefined;
};

export const textToBytes = (text: string, encoding?: unknown): Uint8Array =>
  Buffer.from(text, encoding === undefined || encoding === null || encoding === 'buffer' ? 'utf8' : encoding);

/** Text or bytes; anything else is refused under `name`. */
export const parseBytes = (data: unknown, name: string, encoding?: unknown, expected: string = viewExpected): Uint8Array => {
  if (typeof data === 'string') return textToBytes(data, encoding);
  const view = viewOf(data);
  if (view === undefined) throw makeArgumentError(name, expected, data);
  return view;
};

/** As the chunks of a hash or cipher: an ArrayBuffer is none. */
export const parseChunk = (data: unknown, encoding: unknown, name = 'data'): Uint8Array => {
  if (typeof data === 'string') return textToBytes(data, encoding);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw makeArgumentError(name, 'of type string or an instance of Buffer, TypedArray, or DataView', data);
};

export const asBuffer = (bytes: Uint8Array): GuestBuffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const encode = (bytes: Uint8Array, encoding: unknown): GuestBuffer | string => {
  const buffer = asBuffer(bytes);
  return encoding === undefined || encoding === null || encoding === 'buffer' ? buffer : buffer.toString(encoding as string);
};

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** Takes the same time wherever they differ. */
export const isEqual = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) difference |= (a[index] as number) ^ (b[index] as number);
  return difference === 0;
};

export const toHex = (bytes: Uint8Array): string => asBuffer(bytes).toString('hex');
export const toBase64Url = (bytes: Uint8Array): string => asBuffer(bytes).toString('base64url');
export const fromBase64Url = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));
