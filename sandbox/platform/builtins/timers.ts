// node:timers and node:timers/promises. Must never leave a timer behind a signal that fired.
import { clearTimeout, setImmediate, setInterval, setTimeout } from '../globals/timers.ts';
import { makeNodeError } from '../http/node-error.ts';

interface WaitOptions {
  readonly signal?: {
    readonly aborted: boolean;
    readonly reason: unknown;
    addEventListener(type: 'abort', listener: () => void, options: object): void;
    removeEventListener(type: 'abort', listener: () => void): void;
  };
}

const makeAbortError = (reason: unknown): Error => {
  const error = makeNodeError(Error, 'ABORT_ERR', 'The operation was aborted');
  error.name = 'AbortError';
  error.cause = reason;
  return error;
};

const wait = <Value>(start: (done: () => void) => unknown, value: Value, { signal }: WaitOptions = {}): Promise<Value> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(makeAbortError(signal.reason));
      return;
    }
    const abort = (): void => {
      clearTimeout(timer);
      reject(makeAbortError(signal?.reason));
    };
    const timer = start(() => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    });
    signal?.addEventListener('abort', abort, { once: true });
  });

const delay = <Value>(ms?: number, value?: Value, options?: WaitOptions): Promise<Value | undefined> =>
  wait((done) => setTimeout(done, ms), value, options);
const immediate = <Value>(value?: Value, options?: WaitOptions): Promise<Value | undefined> =>
  wait((done) => setImmediate(done), value, options);

async function* interval<Value>(ms?: number, value?: Value, options?: WaitOptions): AsyncGenerator<Value | undefined> {
  for (;;) yield await delay(ms, value, options);
}

export const timersPromises = {
  setTimeout: delay,
  setImmediate: immediate,
  setInterval: interval,
  scheduler: {
    wait: (ms?: number, options?: WaitOptions): Promise<unknown> => delay(ms, undefined, options),
    yield: (): Promise<unknown> => immediate(),
  },
};

export const timers = {
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval: clearTimeout,
  clearImmediate: clearTimeout,
  promises: timersPromises,
};
