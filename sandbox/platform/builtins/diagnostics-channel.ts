// node:diagnostics_channel with nobody at the other end. Must never hold a subscriber.

type AnyFunction = (...args: unknown[]) => unknown;

class Channel {
  readonly hasSubscribers = false;
  readonly name: string | symbol;
  constructor(name: string | symbol) {
    this.name = name;
  }
  publish(): void {}
  subscribe(): void {}
  unsubscribe(): boolean {
    return false;
  }
  bindStore(): void {}
  unbindStore(): boolean {
    return false;
  }
  runStores(_context: unknown, fn: AnyFunction, self?: unknown, ...args: unknown[]): unknown {
    return fn.apply(self, args);
  }
}

class TracingChannel {
  readonly hasSubscribers = false;
  readonly start: Channel;
  readonly end: Channel;
  readonly asyncStart: Channel;
  readonly asyncEnd: Channel;
  readonly error: Channel;
  constructor(name: string) {
    this.start = new Channel(`tracing:${name}:start`);
    this.end = new Channel(`tracing:${name}:end`);
    this.asyncStart = new Channel(`tracing:${name}:asyncStart`);
    this.asyncEnd = new Channel(`tracing:${name}:asyncEnd`);
    this.error = new Channel(`tracing:${name}:error`);
  }
  subscribe(): void {}
  unsubscribe(): boolean {
    return false;
  }
  traceSync(fn: AnyFunction, _context?: unknown, self?: unknown, ...args: unknown[]): unknown {
    return fn.apply(self, args);
  }
  tracePromise(fn: AnyFunction, _context?: unknown, self?: unknown, ...args: unknown[]): unknown {
    return fn.apply(self, args);
  }
  traceCallback(fn: AnyFunction, _position?: unknown, _context?: unknown, self?: unknown, ...args: unknown[]): unknown {
    return fn.apply(self, args);
  }
}

export const diagnosticsChannel = {
  Channel,
  channel: (name: string | symbol): Channel => new Channel(name),
  tracingChannel: (name: string): TracingChannel => new TracingChannel(name),
  hasSubscribers: (): boolean => false,
  subscribe: (): void => {},
  unsubscribe: (): boolean => false,
};
