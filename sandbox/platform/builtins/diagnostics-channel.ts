// node:diagnostics_channel within one extension: nobody else publishes or hears. Must never let a subscriber's error reach the publisher.

type AnyFunction = (...args: unknown[]) => unknown;
type Subscriber = (message: unknown, name: string | symbol) => unknown;
interface Store {
  run(value: unknown, fn: () => unknown): unknown;
}

class Channel {
  readonly name: string | symbol;
  readonly #subscribers: Subscriber[] = [];
  readonly #stores = new Map<Store, (message: unknown) => unknown>();

  constructor(name: string | symbol) {
    this.name = name;
  }
  get hasSubscribers(): boolean {
    return this.#subscribers.length > 0 || this.#stores.size > 0;
  }
  publish(message: unknown): void {
    for (const subscriber of [...this.#subscribers]) {
      try {
        subscriber(message, this.name);
      } catch (error) {
        // An unhandled rejection: the kernel reports those.
        Promise.reject(error);
      }
    }
  }
  subscribe(subscriber: Subscriber): void {
    if (typeof subscriber !== 'function') throw new TypeError('The "subscription" argument must be of type function.');
    this.#subscribers.push(subscriber);
  }
  unsubscribe(subscriber: Subscriber): boolean {
    const index = this.#subscribers.indexOf(subscriber);
    if (index === -1) return false;
    this.#subscribers.splice(index, 1);
    return true;
  }
  bindStore(store: Store, transform: (message: unknown) => unknown = (message) => message): void {
    this.#stores.set(store, transform);
  }
  unbindStore(store: Store): boolean {
    return this.#stores.delete(store);
  }
  runStores(message: unknown, fn: AnyFunction, self?: unknown, ...args: unknown[]): unknown {
    let run = (): unknown => {
      this.publish(message);
      return fn.apply(self, args);
    };
    for (const [store, transform] of this.#stores) {
      const inner = run;
      run = () => store.run(transform(message), inner);
    }
    return run();
  }
}

/** By name, so that publisher and subscriber meet. */
const channels = new Map<string | symbol, Channel>();
const channel = (name: string | symbol): Channel => {
  const known = channels.get(name) ?? new Channel(name);
  channels.set(name, known);
  return known;
};

const moments = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;
type Handlers = { readonly [Moment in (typeof moments)[number]]?: Subscriber };
type Context = Record<string, unknown>;

class TracingChannel {
  declare readonly start: Channel;
  declare readonly end: Channel;
  declare readonly asyncStart: Channel;
  declare readonly asyncEnd: Channel;
  declare readonly error: Channel;

  constructor(name: string) {
    for (const moment of moments) Object.defineProperty(this, moment, { value: channel(`tracing:${name}:${moment}`), enumerable: true });
  }
  get hasSubscribers(): boolean {
    return moments.some((moment) => this[moment].hasSubscribers);
  }
  subscribe(handlers: Handlers): void {
    for (const moment of moments) if (handlers[moment] !== undefined) this[moment].subscribe(handlers[moment]);
  }
  unsubscribe(handlers: Handlers): boolean {
    return moments.every((moment) => handlers[moment] === undefined || this[moment].unsubscribe(handlers[moment]));
  }
  traceSync(fn: AnyFunction, context: Context = {}, self?: unknown, ...args: unknown[]): unknown {
    return this.start.runStores(context, () => {
      try {
        context['result'] = fn.apply(self, args);
        return context['result'];
      } catch (error) {
        context['error'] = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }
  tracePromise(fn: AnyFunction, context: Context = {}, self?: unknown, ...args: unknown[]): unknown {
    const settle = (key: 'result' | 'error', value: unknown): void => {
      context[key] = value;
      if (key === 'error') this.error.publish(context);
      this.asyncStart.publish(context);
      this.asyncEnd.publish(context);
    };
    return this.start.runStores(context, () => {
      try {
        return Promise.resolve(fn.apply(self, args)).then(
          (value) => {
            settle('result', value);
            return value;
          },
          (error: unknown) => {
            settle('error', error);
            throw error;
          },
        );
      } finally {
        this.end.publish(context);
      }
    });
  }
  traceCallback(fn: AnyFunction, _position?: unknown, context: Context = {}, self?: unknown, ...args: unknown[]): unknown {
    return this.traceSync(fn, context, self, ...args);
  }
}

export const diagnosticsChannel = {
  Channel,
  channel,
  tracingChannel: (name: string): TracingChannel => new TracingChannel(name),
  hasSubscribers: (name: string | symbol): boolean => channels.get(name)?.hasSubscribers ?? false,
  subscribe: (name: string | symbol, subscriber: Subscriber): void => channel(name).subscribe(subscriber),
  unsubscribe: (name: string | symbol, subscriber: Subscriber): boolean => channel(name).unsubscribe(subscriber),
};
