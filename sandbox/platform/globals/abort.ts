// AbortController and AbortSignal. Must never fire twice, nor keep a signal alive for its timer alone.
import { DOMException } from './dom-exception.ts';
import { defineHandler, Event, EventTarget } from './event-target.ts';
import { setTimeout } from './timers.ts';

const key = Symbol('abort');

interface SignalState {
  aborted: boolean;
  reason: unknown;
}

const makeAbortError = (): DOMException => new DOMException('This operation was aborted', 'AbortError');

export class AbortSignal extends EventTarget {
  readonly #state: SignalState;
  declare onabort: ((event: Event) => unknown) | null;

  constructor(secret: unknown, state: SignalState) {
    if (secret !== key) throw new TypeError('Illegal constructor');
    super();
    this.#state = state;
  }

  get aborted(): boolean {
    return this.#state.aborted;
  }
  get reason(): unknown {
    return this.#state.reason;
  }

  throwIfAborted(): void {
    if (this.#state.aborted) throw this.#state.reason;
  }

  static abort(reason: unknown = makeAbortError()): AbortSignal {
    return new AbortSignal(key, { aborted: true, reason });
  }

  static timeout(ms: number): AbortSignal {
    const state: SignalState = { aborted: false, reason: undefined };
    const signal = new AbortSignal(key, state);
    setTimeout(() => fire(signal, state, new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms).unref();
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const sources = [...signals];
    const state: SignalState = { aborted: false, reason: undefined };
    const signal = new AbortSignal(key, state);
    const first = sources.find((source) => source.aborted);
    if (first !== undefined) {
      state.aborted = true;
      state.reason = first.reason;
      return signal;
    }
    for (const source of sources) source.addEventListener('abort', () => fire(signal, state, source.reason), { once: true });
    return signal;
  }

  override get [Symbol.toStringTag](): string {
    return 'AbortSignal';
  }
}
defineHandler(AbortSignal.prototype, 'abort');

const fire = (signal: AbortSignal, state: SignalState, reason: unknown): void => {
  if (state.aborted) return;
  state.aborted = true;
  state.reason = reason;
  signal.dispatchEvent(new Event('abort'));
};

export class AbortController {
  readonly #state: SignalState = { aborted: false, reason: undefined };
  readonly #signal = new AbortSignal(key, this.#state);

  get signal(): AbortSignal {
    return this.#signal;
  }
  abort(reason: unknown = makeAbortError()): void {
    fire(this.#signal, this.#state, reason);
  }
  get [Symbol.toStringTag](): string {
    return 'AbortController';
  }
}
