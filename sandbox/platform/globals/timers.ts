// setTimeout and its kin over the kernel's timers, with node's Timeout objects. Must never let a delay through that is not a positive integer.
import { hooks } from '../hooks.ts';
import { makeArgumentError } from '../http/node-error.ts';

type Callback = (...args: unknown[]) => unknown;

const longestMs = 2_147_483_647;
const parseDelay = (value: unknown): number => {
  const ms = Math.trunc(Number(value));
  return ms >= 1 && ms <= longestMs ? ms : 1;
};

/** By the number a Timeout becomes as a primitive: clearTimeout takes that too. */
const active = new Map<number, Timeout>();

export class Timeout {
  #id = 0;
  #referenced = true;
  readonly #callback: Callback;
  readonly #args: readonly unknown[];
  readonly #ms: number;
  readonly #repeat: boolean;

  constructor(callback: unknown, ms: number, repeat: boolean, args: readonly unknown[]) {
    if (typeof callback !== 'function') throw makeArgumentError('callback', 'of type function', callback);
    this.#callback = callback as Callback;
    this.#args = args;
    this.#ms = ms;
    this.#repeat = repeat;
    this.#start();
  }

  #start(): void {
    this.#id = hooks().setTimer(() => this.#fire(), this.#ms, this.#repeat);
    active.set(this.#id, this);
  }

  #fire(): void {
    if (!this.#repeat) {
      active.delete(this.#id);
      this.#id = 0;
    }
    this.#callback(...this.#args);
  }

  ref(): this {
    this.#referenced = true;
    return this;
  }
  unref(): this {
    this.#referenced = false;
    return this;
  }
  hasRef(): boolean {
    return this.#referenced;
  }
  refresh(): this {
    if (this.#id === 0 && this.#repeat) return this;
    this.close();
    this.#start();
    return this;
  }
  close(): this {
    if (this.#id === 0) return this;
    hooks().clearTimer(this.#id);
    active.delete(this.#id);
    this.#id = 0;
    return this;
  }
  [Symbol.toPrimitive](): number {
    return this.#id;
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

export const setTimeout = (callback: unknown, ms?: unknown, ...args: unknown[]): Timeout =>
  new Timeout(callback, parseDelay(ms), false, args);
export const setInterval = (callback: unknown, ms?: unknown, ...args: unknown[]): Timeout =>
  new Timeout(callback, parseDelay(ms), true, args);
/** A turn of its own: the kernel lets other messages in before it. */
export const setImmediate = (callback: unknown, ...args: unknown[]): Timeout => new Timeout(callback, 0, false, args);

export const clearTimeout = (timer: unknown): void => {
  if (timer instanceof Timeout) timer.close();
  else if (typeof timer === 'number' || typeof timer === 'string') active.get(Number(timer))?.close();
};

export const queueMicrotask = (callback: unknown): void => {
  if (typeof callback !== 'function') throw makeArgumentError('callback', 'of type function', callback);
  // Looked up now, not captured: the kernel follows promises by its own `then`.
  Promise.resolve().then(() => {
    (callback as Callback)();
  });
};

/** For Express and its libraries, which only want to leave the stack: no trip to the host for that. */
export const setImmediateSoon = (callback: Callback, ...args: unknown[]): void => {
  Promise.resolve().then(() => {
    callback(...args);
  });
};
