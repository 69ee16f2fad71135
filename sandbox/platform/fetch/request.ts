// The web's Request, as node has it: without a page's modes. Must never let a method through that the standard forbids.
import { lazyAbort, lazyUrl } from '../lazy.ts';
import { Body, cloneBody, type Extracted, extractBody, moveBody } from './body.ts';
import { Headers, type HeadersInit } from './headers.ts';

type Signal = InstanceType<ReturnType<typeof lazyAbort>['AbortSignal']>;

export interface RequestInit {
  readonly method?: unknown;
  readonly headers?: HeadersInit;
  readonly body?: unknown;
  readonly redirect?: unknown;
  readonly signal?: Signal | null;
  readonly duplex?: unknown;
  readonly [name: string]: unknown;
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const normalized: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);
const forbidden: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** Members that say nothing here, with what each may be; the first is the default. */
const modes = {
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
  credentials: ['same-origin', 'omit', 'include'],
  mode: ['cors', 'same-origin', 'no-cors', 'navigate'],
  redirect: ['follow', 'error', 'manual'],
  referrerPolicy: [
    '',
    'no-referrer',
    'no-referrer-when-downgrade',
    'same-origin',
    'origin',
    'strict-origin',
    'origin-when-cross-origin',
    'strict-origin-when-cross-origin',
    'unsafe-url',
  ],
} as const;
type Mode = keyof typeof modes;

const parseMethod = (given: unknown): string => {
  const method = String(given);
  const upper = method.toUpperCase();
  if (!token.test(method) || forbidden.has(upper)) throw new TypeError(`'${method}' is not a valid HTTP method.`);
  return normalized.has(upper) ? upper : method;
};

const parseUrl = (input: unknown): string => {
  let url: URL;
  try {
    url = new (lazyUrl().URL)(String(input)) as URL;
  } catch (cause) {
    throw new TypeError(`Failed to parse URL from ${String(input)}`, { cause });
  }
  if (url.username !== '' || url.password !== '')
    throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${url.href}`);
  return url.href;
};

const settings = new WeakMap<
  Request,
  { readonly given: Readonly<Record<Mode, string>>; signal: Signal | null; readonly follows: readonly Signal[] }
>();

/** Bodies of clones, by what the clone is made from. */
const made = new WeakMap<object, Extracted>();

const bodyOf = (base: Request | null, init: RequestInit, method: string): Extracted => {
  const given = init.body ?? null;
  if ((given !== null || (base !== null && init.body === undefined && base.body !== null)) && (method === 'GET' || method === 'HEAD'))
    throw new TypeError('Request with GET/HEAD method cannot have body.');
  if (given !== null) {
    const extracted = extractBody(given);
    if (extracted.source === null && extracted.stream !== null && init.duplex === undefined)
      throw new TypeError('RequestInit: duplex option is required when sending a body.');
    return extracted;
  }
  return base === null || init.body === null ? { source: null, stream: null, type: null } : { ...moveBody(base), type: null };
};

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the accessors are defined below.
export class Request extends Body {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly integrity: string;
  readonly keepalive: boolean;
  readonly referrer: string = 'about:client';
  readonly destination: string = '';
  readonly duplex = 'half';

  constructor(input: unknown, given?: RequestInit | null) {
    const init = given ?? {};
    if (typeof init !== 'object' && typeof init !== 'function') throw new TypeError('Request: the second argument must be an object');
    const base = input instanceof Request ? input : null;
    const url = base === null ? parseUrl(input) : base.url;
    const method = init.method === undefined ? (base?.method ?? 'GET') : parseMethod(init.method);
    const follows = init.signal === undefined ? (base === null ? [] : [base.signal]) : init.signal === null ? [] : [init.signal];
    for (const signal of follows)
      if (typeof signal?.addEventListener !== 'function')
        throw new TypeError('RequestInit: Expected signal to be an instance of AbortSignal.');
    const chosen = Object.fromEntries(
      (Object.keys(modes) as Mode[]).map((name) => {
        const value = init[name] === undefined ? (base?.[name] ?? modes[name][0]) : String(init[name]);
        if (!(modes[name] as readonly string[]).includes(value) || (name === 'mode' && value === 'navigate'))
          throw new TypeError(`Request: '${value}' is no value of ${name}`);
        return [name, value];
      }),
    ) as Record<Mode, string>;
    const headers = new Headers(init.headers ?? base?.headers);
    const body = made.get(init) ?? bodyOf(base, init, method);
    super(body);
    this.url = url;
    this.method = method;
    this.headers = headers;
    this.integrity = init['integrity'] === undefined ? (base?.integrity ?? '') : String(init['integrity']);
    this.keepalive = init['keepalive'] === undefined ? (base?.keepalive ?? false) : Boolean(init['keepalive']);
    if (body.type !== null && !headers.has('content-type')) headers.set('content-type', body.type);
    settings.set(this, { given: chosen, signal: null, follows });
  }

  /** Made when somebody asks: most requests are never given up. */
  get signal(): Signal {
    const own = settings.get(this);
    if (own === undefined) throw new TypeError('Illegal invocation');
    own.signal ??= lazyAbort().AbortSignal.any(own.follows);
    return own.signal;
  }

  clone(): Request {
    const init = { ...settings.get(this)?.given, method: this.method, headers: this.headers, signal: this.signal };
    made.set(init, { ...cloneBody(this), type: null });
    return new Request(this.url, init);
  }

  get [Symbol.toStringTag](): string {
    return 'Request';
  }
}
export interface Request extends Readonly<Record<Mode, string>> {}

for (const name of Object.keys(modes) as Mode[])
  Object.defineProperty(Request.prototype, name, {
    configurable: true,
    enumerable: true,
    get(this: Request) {
      const own = settings.get(this);
      if (own === undefined) throw new TypeError('Illegal invocation');
      return own.given[name];
    },
  });

/** Whether anybody could give it up. */
export const followed = (request: Request): Signal | null => {
  const own = settings.get(request);
  return own === undefined || (own.signal === null && own.follows.length === 0) ? null : request.signal;
};
