// Turns what a ward says of an answer into something that may leave the host, or refuses. Must never pass a framing, hop-by-hop or reserved header.
import { LRUCache } from 'lru-cache';
import { CloisterError, type ErrorCode, type PublicError } from '../errors.ts';
import type { Limits } from '../limits/table.ts';
import type { AnswerHead } from './answer.ts';

/** The host frames the message and owns the connection, whatever the guest says. */
const droppedHeaders = new Set([
  'connection',
  'content-length',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'alt-svc',
  'clear-site-data',
  // What proxies and browsers take as orders from whoever owns the whole origin.
  'nel',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'x-accel-redirect',
  'x-lighttpd-send-file',
  'x-sendfile',
  'date',
  'public-key-pins',
  'server',
  'strict-transport-security',
  'x-content-type-options',
]);
const namePattern = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** As node:http: no control characters but tab, nothing above Latin-1. */
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;

const refuse = (reason: string): never => {
  throw new CloisterError('ERR_RESPONSE_INVALID', `The extension's answer may not leave the host: ${reason}.`);
};

const checkValue = (name: string, value: unknown): string => {
  if (typeof value !== 'string' || !valuePattern.test(value)) refuse(`the value of header ${name} has characters a header may not have`);
  return value as string;
};

/** Most answers of a route have the same head: what was checked once need not be checked again. One per extension, since limits differ. */
export const makeHeadParser = (limits: Limits): ((text: string) => AnswerHead) => {
  const known = new LRUCache<string, AnswerHead>({ max: cachedHeads });
  return (text) => {
    const cached = known.get(text);
    if (cached !== undefined) return cached;
    const head = parseHead(text, limits);
    if (text.length <= cachedHeadChars) known.set(text, head);
    return head;
  };
};
const cachedHeads = 64;
const cachedHeadChars = 1_024;

const tooMuch = (limit: 'headerCount' | 'headerBytes', allowed: number, used: number): CloisterError =>
  new CloisterError('ERR_RESPONSE_TOO_LARGE', `The request went over the limit ${limit} (${allowed}).`, { limit, allowed, used });

/** Reads a ResponseHead: `[status, name, value(s), …]`. */
export const parseHead = (text: string, limits: Limits): AnswerHead => {
  // Escapes at most double what may pass: anything longer is not even parsed.
  const mostChars = 2 * limits.headerBytes + 16 * limits.headerCount + 64;
  if (text.length > mostChars) throw tooMuch('headerBytes', limits.headerBytes, text.length);
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) return refuse('its head is not a list');
  const [status] = list as readonly unknown[];
  // 1xx are interim or switch protocols: never a guest's to send.
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599)
    return refuse(`status ${String(status).slice(0, 20)} is not between 200 and 599`);
  const headers: (string | readonly string[])[] = [];
  let bytes = 0;
  let contentLength: string | null = null;
  let count = 0;
  for (let index = 1; index + 1 < list.length; index += 2) {
    const name = String(list[index]).toLowerCase();
    const value: unknown = list[index + 1];
    // A list is sent as one header per value.
    count += Array.isArray(value) ? value.length : 1;
    if (count > limits.headerCount) throw tooMuch('headerCount', limits.headerCount, count);
    if (!namePattern.test(name)) refuse('a header name is not a token');
    const checked = Array.isArray(value) ? value.map((part) => checkValue(name, part)) : checkValue(name, value);
    bytes += typeof checked === 'string' ? name.length + checked.length : checked.reduce((sum, part) => sum + name.length + part.length, 0);
    if (bytes > limits.headerBytes) throw tooMuch('headerBytes', limits.headerBytes, bytes);
    if (name === 'content-length' && typeof checked === 'string' && /^\d{1,15}$/.test(checked)) contentLength = checked;
    if (!droppedHeaders.has(name)) headers.push(name, checked);
  }
  return { status, headers, contentLength };
};

export interface ParsedFault {
  readonly error: PublicError;
  /** What the ledger says of it. */
  readonly outcome: ErrorCode;
  readonly stack: string;
}

/** Codes the kernel itself gives a fault. Any other is the extension's own word, and not for the ledger. */
const kernelCodes: readonly ErrorCode[] = [
  'ERR_BODY_MALFORMED',
  'ERR_CAPABILITY_DENIED',
  'ERR_CAPABILITY_NOT_GRANTED',
  'ERR_CALLS_EXCEEDED',
  'ERR_ARGUMENT_INVALID',
  'ERR_LEASE_OVER',
  'ERR_DATABASE_UNAVAILABLE',
  'ERR_EVENT_LOOP',
];

const text = (value: unknown, most: number): string => (typeof value === 'string' ? value.slice(0, most) : '');

/** The kernel keeps faults far below this. */
const faultChars = 128 * 1024;

/** Reads a GuestFault. Its code is the extension's own word for it, its status is held to 400–599. */
export const parseFault = (json: string): ParsedFault => {
  if (json.length > faultChars) throw new CloisterError('ERR_GUEST_FAILED', 'The extension failed to answer this request.');
  const fault = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const { status, extensions } = fault;
  const details =
    typeof extensions === 'object' && extensions !== null && !Array.isArray(extensions)
      ? (extensions as Readonly<Record<string, unknown>>)
      : {};
  return {
    error: {
      status: typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599 ? status : 500,
      code: text(fault['code'], 100) || 'ERR_GUEST_FAILED',
      message: text(fault['message'], 4_000),
      details,
    },
    outcome: kernelCodes.find((code) => code === fault['code']) ?? 'ERR_GUEST_FAILED',
    stack: text(fault['stack'], 16_000),
  };
};
