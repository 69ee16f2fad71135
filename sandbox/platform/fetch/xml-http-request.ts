// XMLHttpRequest over fetch, for bundles that were made for browsers. Must never be synchronous: nothing in a cell can wait.
import { Buffer } from '../globals/buffer.ts';
import { DOMException } from '../globals/dom-exception.ts';
import { defineHandler, Event, EventTarget } from '../globals/event-target.ts';
import { fetch } from '../globals/fetch.ts';
import { lazyAbort, lazyEncoding, lazyUrl } from '../lazy.ts';
import { Blob } from './blob.ts';
import { Headers } from './headers.ts';

class ProgressEvent extends Event {
  readonly lengthComputable: boolean;
  readonly loaded: number;
  readonly total: number;
  constructor(type: string, { loaded, total }: { readonly loaded: number; readonly total: number }) {
    super(type);
    this.lengthComputable = total > 0;
    this.loaded = loaded;
    this.total = total;
  }
}

type Ending = InstanceType<ReturnType<typeof lazyAbort>['AbortController']>;

class XMLHttpRequestEventTarget extends EventTarget {}
for (const type of ['loadstart', 'progress', 'abort', 'error', 'load', 'timeout', 'loadend'])
  defineHandler(XMLHttpRequestEventTarget.prototype, type);
class XMLHttpRequestUpload extends XMLHttpRequestEventTarget {}

const states = { UNSENT: 0, OPENED: 1, HEADERS_RECEIVED: 2, LOADING: 3, DONE: 4 } as const;
type ResponseType = '' | 'text' | 'json' | 'arraybuffer' | 'blob' | 'document';

const invalidState = (): DOMException => new DOMException('The object is in an invalid state.', 'InvalidStateError');
const sizeOf = (body: unknown): number => {
  if (typeof body === 'string') return Buffer.byteLength(body);
  const { byteLength, size } = (body ?? {}) as { readonly byteLength?: number; readonly size?: number };
  return byteLength ?? size ?? 0;
};

class XMLHttpRequest extends XMLHttpRequestEventTarget {
  readonly upload = new XMLHttpRequestUpload();
  readyState = 0;
  status = 0;
  statusText = '';
  responseURL = '';
  responseXML = null;
  response: unknown = '';
  timeout = 0;
  withCredentials = false;
  responseType: ResponseType = '';
  #method = 'GET';
  #url = '';
  #sent = new Headers();
  #received: Headers | null = null;
  #ending = new (lazyAbort().AbortController)();
  #text = '';
  #isSent = false;

  open(method: unknown, url: unknown, isAsync: unknown = true): void {
    if (isAsync === false) throw new DOMException('A synchronous request would stop the cell.', 'InvalidAccessError');
    this.#ending.abort();
    this.#ending = new (lazyAbort().AbortController)();
    this.#method = String(method).toUpperCase();
    this.#url = (new (lazyUrl().URL)(String(url)) as URL).href;
    this.#sent = new Headers();
    this.#received = null;
    this.status = 0;
    this.statusText = '';
    this.response = '';
    this.#text = '';
    this.#isSent = false;
    this.#become(states.OPENED);
  }
  setRequestHeader(name: unknown, value: unknown): void {
    if (this.readyState !== states.OPENED) throw invalidState();
    this.#sent.append(name, value);
  }
  overrideMimeType(): void {}
  getResponseHeader(name: unknown): string | null {
    return this.#received?.get(name) ?? null;
  }
  getAllResponseHeaders(): string {
    return [...(this.#received ?? [])].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }
  get responseText(): string {
    if (this.responseType !== '' && this.responseType !== 'text') throw invalidState();
    return this.#text;
  }

  send(body: unknown = null): void {
    if (this.readyState !== states.OPENED || this.#isSent) throw invalidState();
    this.#isSent = true;
    const ending = this.#ending;
    void this.#run(body, ending).catch(() => {
      if (this.#ending === ending && this.readyState !== states.UNSENT) this.#fail('error');
    });
  }

  async #run(given: unknown, ending: Ending): Promise<void> {
    const body = this.#method === 'GET' || this.#method === 'HEAD' ? null : given;
    const timer = this.timeout > 0 ? setTimeout(() => this.#expire(ending), this.timeout) : undefined;
    try {
      const total = sizeOf(body);
      this.#tell(this, 'loadstart', 0, 0);
      if (body !== null) this.#tell(this.upload, 'loadstart', 0, total);
      const answer = await fetch(this.#url, { method: this.#method, headers: this.#sent, body, signal: ending.signal, duplex: 'half' });
      if (ending.signal.aborted) return;
      if (body !== null) for (const type of ['progress', 'load', 'loadend']) this.#tell(this.upload, type, total, total);
      this.#received = answer.headers;
      this.status = answer.status;
      this.statusText = answer.statusText;
      this.responseURL = answer.url;
      this.#become(states.HEADERS_RECEIVED);
      const bytes = await answer.bytes();
      if (ending.signal.aborted) return;
      this.#become(states.LOADING);
      this.#tell(this, 'progress', bytes.length, bytes.length);
      this.#keep(bytes);
      this.#become(states.DONE);
      for (const type of ['load', 'loadend']) this.#tell(this, type, bytes.length, bytes.length);
    } finally {
      clearTimeout(timer);
    }
  }

  #keep(bytes: Uint8Array): void {
    const text = (): string => new (lazyEncoding().TextDecoder)().decode(bytes as never);
    if (this.responseType === 'arraybuffer') this.response = bytes.slice().buffer;
    else if (this.responseType === 'blob') this.response = new Blob([bytes], { type: this.getResponseHeader('content-type') ?? '' });
    else if (this.responseType === 'json') this.response = parseJson(text());
    else this.response = this.#text = text();
  }

  #expire(ending: Ending): void {
    if (this.#ending !== ending || this.readyState === states.DONE) return;
    ending.abort();
    this.#fail('timeout');
  }
  abort(): void {
    this.#ending.abort();
    if (this.#isSent && this.readyState !== states.DONE) this.#fail('abort');
    this.readyState = states.UNSENT;
  }
  #fail(type: 'error' | 'timeout' | 'abort'): void {
    this.status = 0;
    this.response = '';
    this.#received = null;
    this.#become(states.DONE);
    this.#tell(this, type, 0, 0);
    this.#tell(this, 'loadend', 0, 0);
  }
  #become(state: number): void {
    this.readyState = state;
    this.dispatchEvent(new Event('readystatechange'));
  }
  #tell(target: EventTarget, type: string, loaded: number, total: number): void {
    target.dispatchEvent(new ProgressEvent(type, { loaded, total }));
  }
  override get [Symbol.toStringTag](): string {
    return 'XMLHttpRequest';
  }
}
defineHandler(XMLHttpRequest.prototype, 'readystatechange');
for (const owner of [XMLHttpRequest, XMLHttpRequest.prototype])
  for (const [name, value] of Object.entries(states)) Object.defineProperty(owner, name, { value, enumerable: true });

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};

export { XMLHttpRequest };
