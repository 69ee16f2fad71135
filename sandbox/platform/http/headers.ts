// Header names and values: which are well-formed, and how repeated ones are joined, as node does. Must never let a line break or a non-token through.
import { makeArgumentError, makeNodeError } from './node-error.ts';

const token = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/;
const badContent = /[^\t\x20-\x7e\x80-\xff]/;

/** Lower case of the names nearly every response has: a lookup is several times cheaper than toLowerCase and the token check. */
const known = new Map(
  [
    'Content-Type',
    'Content-Length',
    'Content-Encoding',
    'Content-Disposition',
    'Content-Language',
    'Content-Range',
    'Cache-Control',
    'Connection',
    'Date',
    'ETag',
    'Expires',
    'Last-Modified',
    'Link',
    'Location',
    'Retry-After',
    'Set-Cookie',
    'Transfer-Encoding',
    'Vary',
    'X-Powered-By',
    'X-Content-Type-Options',
    'Access-Control-Allow-Origin',
    'Allow',
  ].flatMap(
    (name) =>
      [
        [name, name.toLowerCase()],
        [name.toLowerCase(), name.toLowerCase()],
      ] as const,
  ),
);

export const lowerName = (name: string): string => known.get(name) ?? name.toLowerCase();

/** The lower-case key of a name a guest reads by. */
export const parseHeaderKey = (name: unknown): string => {
  if (typeof name !== 'string') throw makeArgumentError('name', 'of type string', name);
  return lowerName(name);
};

export const checkHeaderName = (name: unknown, label = 'Header name'): string => {
  const key = known.get(name as string);
  if (key !== undefined) return key;
  if (typeof name !== 'string' || !token.test(name))
    throw makeNodeError(TypeError, 'ERR_INVALID_HTTP_TOKEN', `${label} must be a valid HTTP token ["${String(name)}"]`);
  return name.toLowerCase();
};

export const checkHeaderValue = (name: unknown, value: unknown): void => {
  if (value === undefined)
    throw makeNodeError(TypeError, 'ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "undefined" for header "${String(name)}"`);
  if (badContent.test(value as string))
    throw makeNodeError(TypeError, 'ERR_INVALID_CHAR', `Invalid character in header content ["${String(name)}"]`);
};

export const checkStatusMessage = (message: string): void => {
  if (badContent.test(message)) throw makeNodeError(TypeError, 'ERR_INVALID_CHAR', 'Invalid character in statusMessage');
};

export type RequestHeaders = Record<string, string | string[]>;

/** Of these node keeps the first and drops the rest. */
const single = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

const joinRepeated = (headers: RequestHeaders, name: string, value: string): void => {
  const before = headers[name];
  if (Array.isArray(before)) before.push(value);
  else if (!single.has(name)) headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
};

/** req.headers of a flat list of lower-case names and values. */
export const makeRequestHeaders = (flat: readonly string[]): RequestHeaders => {
  const headers: RequestHeaders = {};
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = flat[index] as string;
    const value = flat[index + 1] as string;
    if (Object.hasOwn(headers, name)) joinRepeated(headers, name, value);
    else headers[name] = name === 'set-cookie' ? [value] : value;
  }
  return headers;
};

/** req.headersDistinct: every value of every name. */
export const makeDistinctHeaders = (flat: readonly string[]): Record<string, string[]> => {
  const headers: Record<string, string[]> = Object.create(null);
  for (let index = 0; index + 1 < flat.length; index += 2) (headers[flat[index] as string] ??= []).push(flat[index + 1] as string);
  return headers;
};
