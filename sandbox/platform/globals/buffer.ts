// Buffer for guests: feross/buffer with quick UTF-8 and what newer Node has (base64url, isUtf8 and so on). Must never share memory the guest did not ask to share.

import { utf8fromStringLoose, utf8toStringLoose } from '@exodus/bytes/utf8.js';
import type { Buffer as BaseBuffer } from 'buffer/';
import { Buffer as Base } from 'buffer/';

export type Buffer = BaseBuffer;

const nonAscii = /[^\x00-\x7f]/;

const isUtf8Name = (encoding: unknown): boolean =>
  encoding === undefined || encoding === 'utf8' || encoding === 'utf-8' || (typeof encoding === 'string' && /^utf-?8$/i.test(encoding));
const isBase64Url = (encoding: unknown): boolean => typeof encoding === 'string' && encoding.toLowerCase() === 'base64url';

/** Bytes of the text in UTF-8 without making them. */
const utf8Length = (text: string): number => {
  if (!nonAscii.test(text)) return text.length;
  let length = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x80) continue;
    if (code < 0x800) length += 1;
    else length += 2;
    // The two halves of a pair make four bytes, where two lone halves would make six.
    if (code >= 0xd800 && code < 0xdc00) {
      const next = text.charCodeAt(index + 1);
      if (next >= 0xdc00 && next < 0xe000) {
        index += 1;
      }
    }
  }
  return length;
};

const adopt = (bytes: Uint8Array): BaseBuffer => Object.setPrototypeOf(bytes, Base.prototype) as BaseBuffer;
const fromBase64Url = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/');

const baseFrom = Base.from;
const baseByteLength = Base.byteLength;
const baseIsEncoding = Base.isEncoding;
const baseToString = Base.prototype.toString;
const baseWrite = Base.prototype.write;
const baseFill = Base.prototype.fill;

Base.from = (value: unknown, encodingOrOffset?: unknown, length?: number): BaseBuffer => {
  if (typeof value !== 'string') return baseFrom(value, encodingOrOffset, length);
  if (isUtf8Name(encodingOrOffset)) return adopt(utf8fromStringLoose(value));
  return isBase64Url(encodingOrOffset) ? baseFrom(fromBase64Url(value), 'base64') : baseFrom(value, encodingOrOffset, length);
};

Base.byteLength = (value: unknown, encoding?: string): number => {
  if (typeof value !== 'string') return baseByteLength(value, encoding);
  if (isUtf8Name(encoding)) return utf8Length(value);
  return isBase64Url(encoding) ? baseByteLength(fromBase64Url(value), 'base64') : baseByteLength(value, encoding);
};

Base.isEncoding = (encoding: unknown): boolean => isBase64Url(encoding) || baseIsEncoding(encoding);

Base.prototype.toString = function toString(this: BaseBuffer, encoding?: string, start = 0, end: number = this.length): string {
  if (isUtf8Name(encoding)) {
    // As plain bytes: cutting a Buffer makes Buffers, which costs more than the decoding.
    const bytes = new Uint8Array(this.buffer, this.byteOffset, this.length);
    if (start === 0 && end >= this.length) return utf8toStringLoose(bytes);
    return utf8toStringLoose(bytes.subarray(Math.max(0, Math.trunc(start) || 0), Math.max(0, Math.trunc(end) || 0)));
  }
  if (isBase64Url(encoding))
    return baseToString.call(this, 'base64', start, end).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return baseToString.call(this, encoding, start, end);
};

Base.prototype.write = function write(
  this: BaseBuffer,
  text: string,
  offset?: number | string,
  length?: number | string,
  encoding?: string,
): number {
  const named = [offset, length, encoding].find((argument) => typeof argument === 'string');
  if (!isBase64Url(named)) return baseWrite.call(this, text, offset, length, encoding);
  const plain = (argument: number | string | undefined): number | undefined => (typeof argument === 'number' ? argument : undefined);
  return baseWrite.call(this, fromBase64Url(text), plain(offset) ?? 0, plain(length) ?? this.length, 'base64');
};

Base.prototype.fill = function fill(this: BaseBuffer, value: unknown, offset?: unknown, end?: unknown, encoding?: unknown): BaseBuffer {
  const named = [offset, end, encoding].find((argument) => typeof argument === 'string');
  if (typeof value !== 'string' || !isBase64Url(named)) return baseFill.call(this, value, offset, end, encoding);
  return baseFill.call(
    this,
    Base.from(value, 'base64url'),
    typeof offset === 'number' ? offset : 0,
    typeof end === 'number' ? end : this.length,
  );
};

// util.inspect shows it with how many bytes more there are; this package's own way does not.
Reflect.deleteProperty(Base.prototype, Symbol.for('nodejs.util.inspect.custom'));

Object.defineProperties(Base, {
  copyBytesFrom: {
    configurable: true,
    writable: true,
    value: (
      view: ArrayBufferView & { slice?: (start: number, end?: number) => ArrayBufferView },
      offset = 0,
      length?: number,
    ): BaseBuffer => {
      const part = view.slice?.(offset, length === undefined ? undefined : offset + length) ?? view;
      return Base.from(new Uint8Array(part.buffer, part.byteOffset, part.byteLength).slice());
    },
  },
  poolSize: { configurable: true, writable: true, value: 0 },
});

/** Node's shortcuts, which parsers such as busboy call by these names. */
for (const [name, encoding] of Object.entries({
  ascii: 'ascii',
  base64: 'base64',
  base64url: 'base64url',
  hex: 'hex',
  latin1: 'latin1',
  ucs2: 'utf16le',
  utf8: 'utf8',
})) {
  Object.defineProperties(Base.prototype, {
    [`${name}Slice`]: {
      configurable: true,
      writable: true,
      value(this: BaseBuffer, start?: number, end?: number): string {
        return this.toString(encoding, start, end);
      },
    },
    [`${name}Write`]: {
      configurable: true,
      writable: true,
      value(this: BaseBuffer, text: string, offset?: number, length?: number): number {
        return this.write(text, offset ?? 0, length ?? this.length - (offset ?? 0), encoding);
      },
    },
  });
}

export const Buffer = Base;
