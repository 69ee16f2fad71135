// The web's Response. Must never take a status or a text that could not stand in a status line.
import { lazyUrl } from '../lazy.ts';
import { Body, cloneBody, type Extracted, extractBody } from './body.ts';
import { fixHeaders, Headers, type HeadersInit } from './headers.ts';

export interface ResponseInit {
  readonly status?: unknown;
  readonly statusText?: unknown;
  readonly headers?: HeadersInit;
}

/** What only an answer that came has. */
interface Facts {
  readonly url: string;
  readonly redirected: boolean;
  readonly type: 'basic' | 'default' | 'error';
  readonly status: number;
}

/** The standard's null body status. */
export const withoutBody: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const reason = /^[\t\x20-\x7e\x80-\xff]*$/;
const facts = new WeakMap<Response, Facts>();

const parseStatus = (given: unknown): number => {
  const status = given === undefined ? 200 : Number(given) & 0xffff;
  if (status < 200 || status > 599) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
  return status;
};

const made = new WeakMap<object, Extracted>();

export class Response extends Body {
  readonly statusText: string;
  readonly headers: Headers;

  constructor(given?: unknown, init: ResponseInit | null = {}) {
    const settings = init ?? {};
    const known = typeof settings === 'object' ? made.get(settings) : undefined;
    const status = known === undefined ? parseStatus(settings.status) : Number(settings.status);
    const statusText = settings.statusText === undefined ? '' : String(settings.statusText);
    if (!reason.test(statusText)) throw new TypeError('Invalid statusText');
    const headers = new Headers(settings.headers);
    const body = known ?? extractBody(given);
    if ((body.source !== null || body.stream !== null) && withoutBody.has(status) && known === undefined)
      throw new TypeError(`Response constructor: Invalid response status code ${status}`);
    super(body);
    this.statusText = statusText;
    this.headers = headers;
    if (body.type !== null && !headers.has('content-type')) headers.set('content-type', body.type);
    facts.set(this, { url: '', redirected: false, type: 'default', status });
  }

  get status(): number {
    return factsOf(this).status;
  }
  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }
  get url(): string {
    return factsOf(this).url;
  }
  get redirected(): boolean {
    return factsOf(this).redirected;
  }
  get type(): string {
    return factsOf(this).type;
  }

  clone(): Response {
    const { statusText, headers } = this;
    return makeResponse({ ...cloneBody(this), type: null }, { statusText, headers: new Headers(headers) }, factsOf(this));
  }

  static error(): Response {
    return makeResponse({ source: null, stream: null, type: null }, {}, { url: '', redirected: false, type: 'error', status: 0 });
  }
  static redirect(url: unknown, status: unknown = 302): Response {
    let location: string;
    try {
      location = (new (lazyUrl().URL)(String(url)) as URL).href;
    } catch (cause) {
      throw new TypeError(`Failed to parse URL from ${String(url)}`, { cause });
    }
    if (!redirects.has(Number(status))) throw new RangeError(`Invalid status code ${String(status)}`);
    return new Response(null, { status, headers: { location } });
  }
  static json(data: unknown, init?: ResponseInit): Response {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError('Value is not JSON serializable');
    const response = new Response(text, { ...init, headers: new Headers(init?.headers ?? {}) });
    if (!new Headers(init?.headers ?? {}).has('content-type')) response.headers.set('content-type', 'application/json');
    return response;
  }

  get [Symbol.toStringTag](): string {
    return 'Response';
  }
}
const factsOf = (response: Response): Facts => {
  const own = facts.get(response);
  if (own === undefined) throw new TypeError('Illegal invocation');
  return own;
};

/** An answer that came, with whatever status it has. */
export const makeResponse = (body: Extracted, { statusText = '', headers }: ResponseInit, given: Facts): Response => {
  const init = { status: given.status, statusText: '', headers };
  made.set(init, body);
  const response = new Response(null, init);
  // A server's own words, which are shown and go nowhere.
  Object.defineProperty(response, 'statusText', { value: statusText, configurable: true, enumerable: true });
  facts.set(response, given);
  return response;
};

export const makeReceived = (body: Extracted, init: ResponseInit, given: Omit<Facts, 'type'>): Response => {
  const response = makeResponse(body, init, { ...given, type: 'basic' });
  fixHeaders(response.headers);
  return response;
};
