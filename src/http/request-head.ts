// What of a client's request an extension sees. Must never pass a credential or a header of the host's own that was not granted.
import type { IncomingMessage } from 'node:http';
import type { RequestHead } from '../../sandbox/protocol/kinds.ts';
import type { Accountability } from '../bridge/capability.ts';
import { CloisterError } from '../errors.ts';

/** Headers that say what is asked for and how, and nothing of who asks. Others reach the guest only by the capability `headers`. */
const plainHeaders = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'accept-datetime',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-length',
  'content-type',
  'date',
  'dnt',
  'expect',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'max-forwards',
  'origin',
  'pragma',
  'prefer',
  'priority',
  'range',
  'referer',
  'save-data',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'sec-gpc',
  'traceparent',
  'tracestate',
  'upgrade-insecure-requests',
  'user-agent',
  'x-correlation-id',
  'x-request-id',
  'x-requested-with',
  'access-control-request-headers',
  'access-control-request-method',
]);

/** Longer paths are nobody's. */
const maxUrlLength = 8_192;
const dotSegment = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;
const badEscape = /%(?![0-9a-f]{2})/i;
const neverInPath = /[\\\0]|%00|%5c/i;

export interface Target {
  /** The first segment. */
  readonly mount: string;
  /** From the mount on, as in `/<mount>/a/b`. */
  readonly path: string;
  /** Below the mount: `/a/b`, at least `/`. */
  readonly below: string;
}

/** Cuts the path of a request. null: it is not a path that any extension can have. */
export const parseTarget = (url: string): Target | null => {
  if (!url.startsWith('/') || url.length > maxUrlLength) return null;
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const slash = path.indexOf('/', 1);
  const mount = slash < 0 ? path.slice(1) : path.slice(1, slash);
  if (mount === '') return null;
  return { mount, path, below: slash < 0 ? '/' : path.slice(slash) };
};

/** A path that another program may read otherwise than we do goes to no extension. */
export const checkPath = (path: string): void => {
  if (dotSegment.test(path) || badEscape.test(path) || neverInPath.test(path)) {
    throw new CloisterError('ERR_REQUEST_INVALID', 'The path of the request has dot segments, a backslash or a bad escape.');
  }
};

interface HostRequest extends IncomingMessage {
  // What Express puts on a request; absent on a bare server.
  readonly originalUrl?: string;
  readonly ip?: string;
  readonly ips?: readonly string[];
  readonly protocol?: string;
}

const visibleHeaders = (rawHeaders: readonly string[], granted: ReadonlySet<string>): string[] => {
  const headers: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (plainHeaders.has(name) || granted.has(name)) headers.push(name, rawHeaders[index + 1] ?? '');
  }
  return headers;
};

export const makeRequestHead = (
  request: HostRequest,
  url: string,
  granted: ReadonlySet<string>,
  accountability: Accountability,
): RequestHead => {
  const { originalUrl } = request;
  return {
    method: request.method ?? 'GET',
    url,
    baseUrl:
      originalUrl !== undefined && originalUrl.length > url.length && originalUrl.endsWith(url) ? originalUrl.slice(0, -url.length) : '',
    headers: visibleHeaders(request.rawHeaders, granted),
    ip: request.ip ?? request.socket.remoteAddress ?? '',
    ips: request.ips ?? noIps,
    encrypted: request.protocol === undefined ? 'encrypted' in request.socket : request.protocol === 'https',
    accountability,
  };
};
const noIps: readonly string[] = [];
