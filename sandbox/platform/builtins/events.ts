// node:events: npm's events and the statics it lacks. Must never keep an emitter alive for an iterator nobody reads.
import { EventEmitter } from 'events/';
import { makeNodeError } from '../http/node-error.ts';

type Listener = (...args: unknown[]) => void;
interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options: object): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

interface EventTargetLike {
  addEventListener(type: string, listener: Listener): void;
  removeEventListener(type: string, listener: Listener): void;
}

/** Async iterator over an event: each value is the array of the event's arguments. */
const on = (
  emitter: EventEmitter,
  event: string | symbol,
  options: { readonly signal?: AbortSignalLike; readonly close?: readonly string[] } = {},
): AsyncIterableIterator<unknown[]> => {
  const { signal, close = [] } = options;
  const values: unknown[][] = [];
  const waiting: { resolve(result: IteratorResult<unknown[]>): void; reject(error: unknown): void }[] = [];
  let failure: { readonly error: unknown } | undefined;
  let done = false;

  const push: Listener = (...args) => {
    const next = waiting.shift();
    if (next === undefined) values.push(args);
    else next.resolve({ value: args, done: false });
  };
  const fail: Listener = (error) => {
    const next = waiting.shift();
    if (next === undefined) failure = { error };
    else next.reject(error);
    finish();
  };
  const abort = (): void => fail(signal === undefined ? undefined : makeAbortError(signal));
  const finish = (): void => {
    if (done) return;
    done = true;
    emitter.off(event, push).off('error', fail);
    for (const name of close) emitter.off(name, finish);
    signal?.removeEventListener('abort', abort);
    for (const next of waiting.splice(0)) next.resolve({ value: undefined, done: true });
  };

  if (signal?.aborted) throw makeAbortError(signal);
  emitter.on(event, push);
  if (event !== 'error') emitter.on('error', fail);
  for (const name of close) emitter.on(name, finish);
  signal?.addEventListener('abort', abort, { once: true });

  const iterator: AsyncIterableIterator<unknown[]> = {
    next: () => {
      const value = values.shift();
      if (value !== undefined) return Promise.resolve({ value, done: false });
      if (failure !== undefined) {
        const { error } = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      if (done) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return: () => {
      finish();
      return Promise.resolve({ value: undefined, done: true });
    },
    throw: (error) => {
      fail(error);
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
};

const makeAbortError = (signal: AbortSignalLike): Error =>
  Object.assign(makeNodeError(Error, 'ABORT_ERR', 'The operation was aborted'), { name: 'AbortError', cause: signal.reason });

/** Resolves with the arguments of the next such event; an 'error' before it rejects. Works for event targets as well. */
const once = (
  emitter: EventEmitter | EventTargetLike,
  event: string | symbol,
  { signal }: { readonly signal?: AbortSignalLike } = {},
): Promise<unknown[]> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(makeAbortError(signal));
    const isTarget = 'addEventListener' in emitter;
    const hear: Listener = (...args) => {
      finish();
      resolve(args);
    };
    const fail: Listener = (error) => {
      finish();
      reject(error);
    };
    const abort = (): void => fail(signal === undefined ? undefined : makeAbortError(signal));
    const finish = (): void => {
      signal?.removeEventListener('abort', abort);
      if (isTarget) emitter.removeEventListener(String(event), hear);
      else emitter.off(event, hear).off('error', fail);
    };
    if (isTarget) emitter.addEventListener(String(event), hear);
    else {
      emitter.once(event, hear);
      if (event !== 'error') emitter.once('error', fail);
    }
    signal?.addEventListener('abort', abort, { once: true });
  });

export const events = Object.assign(EventEmitter, {
  on,
  once,
  EventEmitter,
  errorMonitor: Symbol('events.errorMonitor'),
  captureRejectionSymbol: Symbol.for('nodejs.rejection'),
  captureRejections: false,
  getEventListeners: (emitter: EventEmitter, event: string | symbol): unknown[] => emitter.listeners(event),
  getMaxListeners: (emitter: EventEmitter & { getMaxListeners(): number }): number => emitter.getMaxListeners(),
  setMaxListeners: (count: number, ...emitters: Partial<EventEmitter>[]): void => {
    if (emitters.length === 0) EventEmitter.defaultMaxListeners = count;
    for (const emitter of emitters) emitter.setMaxListeners?.(count);
  },
  addAbortListener: (signal: AbortSignalLike, listener: () => void): object => {
    signal.addEventListener('abort', listener, { once: true });
    return { [Symbol.dispose]: () => signal.removeEventListener('abort', listener) };
  },
});
