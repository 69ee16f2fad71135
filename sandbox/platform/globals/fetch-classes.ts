// Request and Response as the fetch standard has them, where the library takes short cuts. Must never keep more of a body than the library does.
import { Request as BaseRequest, Response as BaseResponse, Blob, File, FormData, Headers, ReadableStream } from '@whatwg-node/node-fetch';

export { Blob, File, FormData, Headers, ReadableStream };

interface Init {
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly [name: string]: unknown;
}

const readers = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;
const formType = 'application/x-www-form-urlencoded;charset=UTF-8';

const isSearchParams = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && Object.prototype.toString.call(body) === '[object URLSearchParams]';

/** The library takes parameters for a stream of bytes. */
const spellOut = (body: unknown, init: Init | undefined): readonly [body: unknown, init: Init | undefined] => {
  if (!isSearchParams(body)) return [body, init];
  const headers = new Headers(init?.headers as never);
  if (!headers.has('content-type')) headers.set('content-type', formType);
  return [String(body), { ...init, headers }];
};

interface Body {
  bodyUsed: boolean;
  readonly body: unknown;
}

/** A body is read once: the library forgets that of one it holds in memory. */
const readOnce = (prototype: object): void => {
  const members = prototype as Record<string, (this: Body, ...args: unknown[]) => unknown>;
  for (const name of readers) {
    const read = members[name];
    if (read === undefined) continue;
    Object.defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value: async function (this: Body, ...args: unknown[]): Promise<unknown> {
        if (this.bodyUsed) throw new TypeError('Body is unusable: Body has already been read');
        const reading = read.apply(this, args);
        if (this.body !== null) this.bodyUsed = true;
        return await reading;
      },
    });
  }
};

const refuseUsed = ({ bodyUsed }: Body): void => {
  if (bodyUsed) throw new TypeError('Response.clone: Body has already been consumed.');
};

export class Response extends BaseResponse {
  readonly #given: unknown;
  constructor(body?: unknown, init?: Init) {
    const [given, settings] = spellOut(body, init);
    super(given as never, settings as never);
    this.#given = given;
  }
  override clone(): this {
    refuseUsed(this);
    const { status, statusText, headers, url, redirected, type } = this;
    const copy = new Response(this.#given, { status, statusText, headers: new Headers(headers) });
    for (const [name, value] of Object.entries({ url, redirected, type }))
      Object.defineProperty(copy, name, { value, configurable: true, enumerable: true });
    return copy as this;
  }
  static override json(data: unknown, init?: object): Response {
    const given = init as Init | undefined;
    const headers = new Headers(given?.headers as never);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return new Response(JSON.stringify(data), { ...given, headers });
  }
}

export class Request extends BaseRequest {
  constructor(input: unknown, init?: Init) {
    const [body, settings] = spellOut(init?.body, init);
    super(input as never, (settings === undefined ? undefined : { ...settings, body }) as never);
  }
}

for (const { prototype } of [Response, Request]) readOnce(prototype);
