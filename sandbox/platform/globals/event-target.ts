// Event, CustomEvent and EventTarget without a tree: what AbortSignal and server code need of the DOM's. Must never let one listener's error keep the others from hearing.

type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

interface Registration {
  readonly listener: Listener;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  removed: boolean;
}

export interface EventInit {
  readonly bubbles?: boolean;
  readonly cancelable?: boolean;
  readonly composed?: boolean;
}

interface ListenerOptions {
  readonly capture?: boolean;
  readonly once?: boolean;
  readonly passive?: boolean;
  readonly signal?: EventTarget & { readonly aborted: boolean };
}

interface Dispatch {
  target: EventTarget | null;
  phase: 0 | 2;
  stopped: boolean;
  passive: boolean;
}

/** Who dispatches what: kept from guests, who could otherwise replay an event as trusted. */
const dispatches = new WeakMap<Event, Dispatch>();
const dispatchOf = (event: Event): Dispatch => dispatches.get(event) as Dispatch;

export class Event {
  readonly type: string;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly timeStamp = 0;
  readonly isTrusted = false;
  defaultPrevented = false;
  cancelBubble = false;

  constructor(type: string, init: EventInit = {}) {
    if (arguments.length === 0) throw new TypeError('The "type" argument must be specified');
    this.type = String(type);
    this.bubbles = Boolean(init?.bubbles);
    this.cancelable = Boolean(init?.cancelable);
    this.composed = Boolean(init?.composed);
    dispatches.set(this, { target: null, phase: 0, stopped: false, passive: false });
  }

  get target(): EventTarget | null {
    return dispatchOf(this).target;
  }
  get currentTarget(): EventTarget | null {
    return dispatchOf(this).phase === 0 ? null : this.target;
  }
  get srcElement(): EventTarget | null {
    return this.target;
  }
  get eventPhase(): number {
    return dispatchOf(this).phase;
  }
  get returnValue(): boolean {
    return !this.defaultPrevented;
  }

  composedPath(): EventTarget[] {
    return this.currentTarget === null ? [] : [this.currentTarget];
  }
  stopPropagation(): void {
    this.cancelBubble = true;
  }
  stopImmediatePropagation(): void {
    this.cancelBubble = true;
    dispatchOf(this).stopped = true;
  }
  preventDefault(): void {
    if (this.cancelable && !dispatchOf(this).passive) this.defaultPrevented = true;
  }
  get [Symbol.toStringTag](): string {
    return 'Event';
  }
}

export class CustomEvent extends Event {
  readonly detail: unknown;

  constructor(type: string, init: EventInit & { readonly detail?: unknown } = {}) {
    super(type, init);
    this.detail = init?.detail ?? null;
  }
}

const parseOptions = (options: unknown): ListenerOptions =>
  typeof options === 'object' && options !== null ? (options as ListenerOptions) : { capture: Boolean(options) };

export class EventTarget {
  readonly #registrations = new Map<string, Registration[]>();

  addEventListener(type: string, listener: Listener | null, options?: unknown): void {
    if (listener === null || listener === undefined) return;
    const { capture = false, once = false, passive = false, signal } = parseOptions(options);
    if (signal?.aborted) return;
    const list = this.#registrations.get(String(type)) ?? [];
    if (list.some((other) => other.listener === listener && other.capture === Boolean(capture))) return;
    this.#registrations.set(String(type), [
      ...list,
      { listener, capture: Boolean(capture), once: Boolean(once), passive: Boolean(passive), removed: false },
    ]);
    signal?.addEventListener('abort', () => this.removeEventListener(type, listener, options), { once: true });
  }

  removeEventListener(type: string, listener: Listener | null, options?: unknown): void {
    const { capture = false } = parseOptions(options);
    const list = this.#registrations.get(String(type));
    const found = list?.find((other) => other.listener === listener && other.capture === Boolean(capture));
    if (list === undefined || found === undefined) return;
    found.removed = true;
    this.#registrations.set(
      String(type),
      list.filter((other) => other !== found),
    );
  }

  dispatchEvent(event: Event): boolean {
    const dispatch = dispatches.get(event);
    if (dispatch === undefined) throw new TypeError('The "event" argument must be an instance of Event');
    dispatch.target = this;
    dispatch.phase = 2;
    dispatch.stopped = false;
    for (const registration of this.#registrations.get(event.type) ?? []) {
      if (dispatch.stopped) break;
      if (registration.removed) continue;
      if (registration.once) this.removeEventListener(event.type, registration.listener, registration.capture);
      dispatch.passive = registration.passive;
      this.#call(registration.listener, event);
    }
    dispatch.phase = 0;
    dispatch.passive = false;
    return !event.defaultPrevented;
  }

  #call(listener: Listener, event: Event): void {
    try {
      if (typeof listener === 'function') listener.call(this, event);
      else listener.handleEvent(event);
    } catch (error) {
      // An unhandled rejection: the kernel reports those, and the next listener still runs.
      Promise.reject(error);
    }
  }

  get [Symbol.toStringTag](): string {
    return 'EventTarget';
  }
}

/** Makes `on<type>` work as an attribute: one listener, replaced by assignment. */
export const defineHandler = (prototype: EventTarget, type: string): void => {
  const handlers = new WeakMap<EventTarget, { value: Listener | null; readonly forward: (event: Event) => unknown }>();
  Object.defineProperty(prototype, `on${type}`, {
    configurable: true,
    enumerable: true,
    get(this: EventTarget): Listener | null {
      return handlers.get(this)?.value ?? null;
    },
    set(this: EventTarget, value: unknown) {
      const listener = typeof value === 'function' || (typeof value === 'object' && value !== null) ? (value as Listener) : null;
      const known = handlers.get(this);
      if (known !== undefined) {
        known.value = listener;
        return;
      }
      const handler = {
        value: listener,
        forward: (event: Event): unknown =>
          typeof handler.value === 'function' ? handler.value.call(this, event) : handler.value?.handleEvent(event),
      };
      handlers.set(this, handler);
      this.addEventListener(type, handler.forward);
    },
  });
};
