// Which request the code that runs now belongs to. Promise continuations and timers carry it. Must never be taken for authority: the host checks each lease by the cell it came from.
//
// Guest code is compiled with its async functions lowered to generators and Promise.then, so one patched `then` sees every continuation
// (the way zone.js does it). What is compiled inside the guest by `new Function` keeps native await; it runs in the zone of the entry that resumed it.
import { defineProperty, isPromise, nativeResolve, nativeThen, reflectApply } from './intrinsics.ts';
import type { Lease } from './lease.ts';

export interface Zone {
  readonly lease: Lease;
  /** AsyncLocalStorage values, by storage. Never mutated: run() makes a new map. */
  readonly stores: ReadonlyMap<object, unknown> | undefined;
}

let current: Zone;

export const currentZone = (): Zone => current;

/** The zone of everything until the next entry into the isolate. */
export const enterZone = (zone: Zone): void => {
  current = zone;
};

export const runInZone = <Result>(zone: Zone, run: () => Result): Result => {
  const outer = current;
  current = zone;
  try {
    return run();
  } finally {
    current = outer;
  }
};

type Then = (onFulfilled: unknown, onRejected: unknown) => unknown;
let patchedThen: unknown;

/** The engine calls `then` of what only looks like a promise in a microtask of its own, outside any zone: Knex's builders are such. So it gets a stand-in that enters the zone first. */
const adopt = (zone: Zone, value: unknown): unknown => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return value;
  const { then } = value as { readonly then?: unknown };
  if (then === patchedThen || typeof then !== 'function' || isPromise(value)) return value;
  return {
    // biome-ignore lint/suspicious/noThenProperty: it stands in for a thenable.
    then: (onFulfilled: unknown, onRejected: unknown) =>
      runInZone(zone, () => reflectApply(then as Then, value, [onFulfilled, onRejected])),
  };
};

type Continuation = ((value: never) => unknown) | null | undefined;

const carry = (zone: Zone, continuation: Continuation): Continuation => {
  if (typeof continuation !== 'function') return continuation;
  return (value: never) => {
    const outer = current;
    current = zone;
    try {
      return adopt(zone, continuation(value));
    } finally {
      current = outer;
    }
  };
};

export const patchThen = (): void => {
  const patched = {
    // A method, so that it has no prototype and cannot be constructed, as the built-in.
    // biome-ignore lint/suspicious/noThenProperty: this is the then of Promise.prototype itself.
    then(this: Promise<unknown>, onFulfilled?: Continuation, onRejected?: Continuation): unknown {
      const zone = current;
      return reflectApply(nativeThen, this, [carry(zone, onFulfilled), carry(zone, onRejected)]);
    },
  };
  patchedThen = patched.then;
  defineProperty(Promise.prototype, 'then', { value: patched.then, writable: true, enumerable: false, configurable: true });
  // What a lowered await, Promise.all and their like go through first.
  const { resolve } = {
    resolve(this: unknown, value?: unknown): unknown {
      return reflectApply(nativeResolve, this, [adopt(current, value)]);
    },
  };
  defineProperty(Promise, 'resolve', { value: resolve, writable: true, enumerable: false, configurable: true });
};
