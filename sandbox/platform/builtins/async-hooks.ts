// node:async_hooks over the kernel's zone. Must never let a store be seen outside the call it was set for.

import type { Zone } from '../hooks.ts';
import { hooks } from '../hooks.ts';

type AnyFunction = (...args: never[]) => unknown;

const currentZone = (): Zone | undefined => hooks().zone.get();

/** The zone with one store set or taken out. */
const withStore = (key: object, store: unknown): Zone => new Map(currentZone() ?? []).set(key, store);

/** A function that runs in the zone of now, whenever it is called. */
const bindZone = <Fn extends AnyFunction>(fn: Fn): ((this: unknown, ...args: Parameters<Fn>) => unknown) => {
  const runIn = hooks().zone.snapshot();
  return function bound(this: unknown, ...args: Parameters<Fn>): unknown {
    return runIn(() => fn.apply(this as never, args));
  };
};

export class AsyncLocalStorage {
  readonly #key = {};
  readonly #default: unknown;
  readonly name: string;

  constructor(options: { readonly defaultValue?: unknown; readonly name?: string } = {}) {
    this.#default = options?.defaultValue;
    this.name = options?.name ?? '';
  }

  getStore(): unknown {
    const zone = currentZone();
    return zone?.has(this.#key) ? zone.get(this.#key) : this.#default;
  }

  run(store: unknown, fn: AnyFunction, ...args: never[]): unknown {
    return hooks().zone.run(withStore(this.#key, store), () => fn(...args));
  }

  exit(fn: AnyFunction, ...args: never[]): unknown {
    return this.run(undefined, fn, ...args);
  }

  enterWith(store: unknown): void {
    const { zone } = hooks();
    if (zone.enter === undefined) throw new Error('AsyncLocalStorage.enterWith is not supported here: use run()');
    zone.enter(withStore(this.#key, store));
  }

  disable(): void {
    hooks().zone.enter?.(withStore(this.#key, undefined));
  }

  static bind(fn: AnyFunction): AnyFunction {
    return bindZone(fn);
  }
  static snapshot(): (fn: AnyFunction, ...args: never[]) => unknown {
    return bindZone((fn: AnyFunction, ...args: never[]) => fn(...args));
  }
}

export class AsyncResource {
  readonly #runIn: <Result>(fn: () => Result) => Result;
  readonly type: string;

  constructor(type: string) {
    this.type = type;
    this.#runIn = hooks().zone.snapshot();
  }

  runInAsyncScope(fn: AnyFunction, self?: unknown, ...args: never[]): unknown {
    return this.#runIn(() => fn.apply(self as never, args));
  }

  bind(fn: AnyFunction): AnyFunction {
    return (...args: never[]) => this.runInAsyncScope(fn, undefined, ...args);
  }
  static bind(fn: AnyFunction): AnyFunction {
    return bindZone(fn);
  }
  emitDestroy(): this {
    return this;
  }
  asyncId(): number {
    return 0;
  }
  triggerAsyncId(): number {
    return 0;
  }
}

export const asyncHooks = {
  AsyncLocalStorage,
  AsyncResource,
  createHook: (): object => ({
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  }),
  executionAsyncId: (): number => 0,
  triggerAsyncId: (): number => 0,
  executionAsyncResource: (): object => ({}),
};
