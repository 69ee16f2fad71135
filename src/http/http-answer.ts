// Writes an answer to the client: the host's own framing and safety headers around what the guest gave. Must never send a header that parseHead has not seen.
import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer, AnswerHead } from '../dispatch/answer.ts';
import { CloisterError, makeErrorBody, type PublicError } from '../errors.ts';
import type { Unsent } from './unsent.ts';

export interface AnswerPolicy {
  /** Path of the extension: cookies of the guest are held below it. */
  readonly mount: string;
  /** Content-Security-Policy put on every HTML answer; null: none. */
  readonly htmlPolicy: string | null;
  /** null: what is sent is the host's own. */
  readonly unsent: Unsent | null;
}

/** Above this a copy costs more than a second buffer in the write. */
const joinBytes = 16 * 1024;
const listHeaders = ['set-cookie', 'vary', 'content-security-policy'] as const;
/** What no browser runs or renders as a page. Everything else gets the policy, types nobody has thought of as well. */
const inertType =
  /^\s*(?:application\/(?:json|octet-stream|pdf|javascript|x-ndjson|zip|gzip|x-www-form-urlencoded|[\w.-]+\+json)|text\/(?:plain|csv|css|javascript|event-stream)|image\/(?!svg)[\w.+-]+|(?:audio|video|font)\/[\w.+-]+)\s*(?:;|$)/i;
/** What tells a browser whom to let in: where the host has said it, the host's word stands, whatever the guest says. */
const hostsOwn = new Set([
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'access-control-max-age',
  'cross-origin-embedder-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'origin-agent-cluster',
  'permissions-policy',
  'referrer-policy',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
]);
const statusesWithoutBody = new Set([204, 205, 304]);

/** A cookie of an extension is for its own paths on this host only. Of two paths a browser takes the last, and one without a value for the folder of the request: so none of the guest's own is left. */
const confineCookie = (cookie: string, mount: string): string => {
  const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim());
  const kept = attributes.filter((attribute) => !/^(?:domain|path)\s*(?:=|$)/i.test(attribute));
  const path = attributes
    .map((attribute) => /^path\s*=\s*(.*)$/i.exec(attribute)?.[1] ?? '')
    .find((value) => value === mount || value.startsWith(`${mount}/`));
  return [pair, `Path=${path ?? mount}`, ...kept].join('; ');
};

const asList = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);

export class HttpAnswer implements Answer {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #policy: AnswerPolicy;
  readonly #next: (() => void) | undefined;
  #kept: () => Promise<void> | null = () => null;
  /** It has an answer that had to wait, whether or not that has left by now. */
  #begun = false;
  /** What follows a head that may not leave yet, in order: no more than the guest's window of a stream. */
  #held: (() => void)[] | null = null;

  constructor(request: IncomingMessage, response: ServerResponse, policy: AnswerPolicy, next: (() => void) | undefined) {
    this.#request = request;
    this.#response = response;
    this.#policy = policy;
    this.#next = next;
  }

  get begun(): boolean {
    return this.#begun || this.#response.headersSent;
  }

  holdFor(kept: () => Promise<void> | null): void {
    this.#kept = kept;
  }

  respond(head: AnswerHead, body: Uint8Array | null): number {
    const response = this.#response;
    if (this.begun || response.destroyed) return head.status;
    const headers = this.#headers(head);
    const isHead = this.#request.method === 'HEAD';
    if (statusesWithoutBody.has(head.status)) {
      // A reset has an empty body, the others have none.
      if (head.status === 205) headers.push('content-length', '0');
      return this.#send(head.status, headers, null);
    }
    const etag =
      head.status === 200 && body !== null && (isHead || this.#request.method === 'GET') && !head.headers.includes('etag')
        ? makeEtag(body)
        : null;
    if (etag !== null) {
      headers.push('etag', etag);
      if (matches(this.#request.headers['if-none-match'], etag)) {
        const without = headers.filter((_, index) => headers[index - (index % 2)] !== 'content-type');
        return this.#send(304, without, null);
      }
    }
    // Of a HEAD answer only the guest knows what GET would send.
    const length = isHead && body === null ? head.contentLength : String(body?.length ?? 0);
    if (length !== null) headers.push('content-length', length);
    if (!isHead && body !== null && body.length > joinBytes) this.#policy.unsent?.hold(body.length);
    return this.#send(head.status, headers, isHead ? null : body);
  }

  begin(head: AnswerHead): void {
    if (this.begun || this.#response.destroyed) return;
    const headers = this.#headers(head);
    this.#whenKept(() => {
      this.#response.writeHead(head.status, headers);
      this.#response.flushHeaders();
    });
  }

  chunk(bytes: Uint8Array, onTaken: () => void): void {
    // Whoever ended it did not have to wait for the extension: a write after that would end the host.
    if (this.#response.destroyed || this.#response.writableEnded) return;
    const { unsent } = this.#policy;
    unsent?.hold(bytes.length);
    this.#inTurn(() =>
      this.#response.write(bytes, () => {
        unsent?.release(bytes.length);
        onTaken();
      }),
    );
  }

  end(): void {
    this.#inTurn(() => this.#response.end());
  }

  fail(error: PublicError): number {
    // A head that is held has not left: the error takes its place.
    if (this.#held !== null) this.#held = [() => writeError(this.#response, error)];
    // Half an answer must not look like a whole one.
    else if (this.begun) this.#response.destroy();
    else this.#whenKept(() => writeError(this.#response, error));
    return error.status;
  }

  next(): void {
    this.#whenKept(() => {
      if (this.#next !== undefined) return this.#next();
      writeError(this.#response, routeNotFound);
    });
  }

  #send(status: number, headers: string[], body: Uint8Array | null): number {
    this.#whenKept(() => {
      const response = this.#response;
      response.writeHead(status, headers);
      if (body === null) response.end();
      else if (body.length > joinBytes) response.end(body);
      // Latin-1 maps bytes to characters one to one, and node joins head and body that come as text into one write.
      else response.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'), 'latin1');
    });
    return status;
  }

  /** Begins the answer once the ledger has what came before it. */
  #whenKept(begin: () => void): void {
    const kept = this.#kept();
    if (kept === null) return begin();
    this.#begun = true;
    this.#held = [begin];
    kept.then(() => this.#letGo()).catch((error: unknown) => this.#refuse(error));
  }

  #inTurn(step: () => void): void {
    if (this.#held === null) step();
    else this.#held.push(step);
  }

  #letGo(): void {
    const steps = this.#held ?? [];
    this.#held = null;
    // A host that gives up waiting answers by itself.
    if (this.#response.destroyed || this.#response.headersSent) return;
    for (const step of steps) step();
  }

  /** What happened cannot be kept on record, or not be written: nobody is told of it. */
  #refuse(error: unknown): void {
    this.#held = null;
    if (this.#response.headersSent) this.#response.destroy();
    else writeError(this.#response, error instanceof CloisterError ? error : notWritten);
  }

  #headers(head: AnswerHead): string[] {
    const headers = ['x-content-type-options', 'nosniff'];
    let typed = false;
    let mayRun = false;
    // What the host has set already stands beside the guest's, where a header is a list: its session must not be lost.
    for (const name of listHeaders) {
      const own = this.#response.getHeader(name);
      if (own !== undefined) for (const one of asList(typeof own === 'number' ? String(own) : own)) headers.push(name, one);
    }
    for (let index = 0; index + 1 < head.headers.length; index += 2) {
      const name = head.headers[index] as string;
      const value = head.headers[index + 1] ?? '';
      if (hostsOwn.has(name) && this.#response.hasHeader(name)) continue;
      // Of two types one client takes the first, another the last.
      if (name === 'content-type') {
        typed = true;
        mayRun ||= !inertType.test(String(value));
      }
      for (const one of asList(value)) headers.push(name, name === 'set-cookie' ? confineCookie(one, this.#policy.mount) : one);
    }
    if ((mayRun || !typed) && this.#policy.htmlPolicy !== null) headers.push('content-security-policy', this.#policy.htmlPolicy);
    return headers;
  }
}

const notWritten = new CloisterError('ERR_RESPONSE_INVALID', 'The answer could not be written.');
const routeNotFound: PublicError = { status: 404, code: 'ERR_ROUTE_NOT_FOUND', message: 'There is no such route.', details: {} };

/** As the `etag` package makes weak tags for Express: length and SHA-1 of the body. */
const makeEtag = (body: Uint8Array): string => `W/"${body.length.toString(16)}-${hash('sha1', body, 'base64').slice(0, 27)}"`;

const matches = (wanted: string | undefined, etag: string): boolean => {
  if (wanted === undefined) return false;
  if (wanted.trim() === '*') return true;
  const bare = etag.replace(/^W\//, '');
  return wanted.split(',').some((one) => one.trim().replace(/^W\//, '') === bare);
};

/** Details nested deeper than the host can write are left out. */
const errorText = (error: PublicError): string => {
  try {
    return JSON.stringify(makeErrorBody(error));
  } catch {
    return JSON.stringify(makeErrorBody({ ...error, details: {} }));
  }
};

/** An error as JSON, in the shape Directus clients know. */
export const writeError = (response: ServerResponse, error: PublicError): void => {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(errorText(error));
  const { retryAfterSeconds } = error.details;
  response.writeHead(error.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(typeof retryAfterSeconds === 'number' ? { 'retry-after': String(retryAfterSeconds) } : {}),
  });
  response.end(body);
};
