// MessageChannel and MessagePort between two parts of one extension. Must never reach another isolate.
import { defineHandler, Event, type EventInit, EventTarget } from './event-target.ts';
import { structuredClone } from './structured-clone.ts';
import { setImmediate } from './timers.ts';

const key = Symbol('port');

export class MessageEvent extends Event {
  readonly data: unknown;
  readonly origin = '';
  readonly lastEventId = '';
  readonly source = null;
  readonly ports: readonly unknown[] = [];

  constructor(type: string, init: EventInit & { readonly data?: unknown } = {}) {
    super(type, init);
    this.data = init?.data ?? null;
  }
}

export class MessagePort extends EventTarget {
  #other: MessagePort | null = null;
  #isStarted = false;
  readonly #waiting: unknown[] = [];
  declare onmessage: ((event: Event) => unknown) | null;
  declare onmessageerror: ((event: Event) => unknown) | null;

  constructor(secret: unknown) {
    if (secret !== key) throw new TypeError('Illegal constructor');
    super();
  }

  static connect(one: MessagePort, other: MessagePort): void {
    one.#other = other;
    other.#other = one;
  }

  postMessage(message: unknown, transfer: { readonly transfer?: Iterable<object> } | Iterable<object> = []): void {
    const options = Symbol.iterator in transfer ? { transfer } : transfer;
    const copy = structuredClone(message, options);
    const other = this.#other;
    if (other === null) return;
    other.#waiting.push(copy);
    if (other.#isStarted) setImmediate(() => other.#deliver());
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    if (this.#waiting.length > 0) setImmediate(() => this.#deliver());
  }

  close(): void {
    const other = this.#other;
    this.#other = null;
    if (other === null) return;
    other.#other = null;
    for (const port of [this, other]) setImmediate(() => port.dispatchEvent(new Event('close')));
  }

  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    super.addEventListener(...args);
    // As in node, where a listener is enough; the web wants start() besides, or onmessage.
    if (args[0] === 'message') this.start();
  }

  #deliver(): void {
    for (const data of this.#waiting.splice(0)) this.dispatchEvent(new MessageEvent('message', { data }));
  }

  override get [Symbol.toStringTag](): string {
    return 'MessagePort';
  }
}
defineHandler(MessagePort.prototype, 'message');
defineHandler(MessagePort.prototype, 'messageerror');

export class MessageChannel {
  readonly port1 = new MessagePort(key);
  readonly port2 = new MessagePort(key);

  constructor() {
    MessagePort.connect(this.port1, this.port2);
  }
}
