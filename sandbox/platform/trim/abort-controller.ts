// Stands in for the abort-controller package under readable-stream: the platform has the real thing, made at first use. Must never make one while it loads.
import { lazyAbort } from '../lazy.ts';

export class AbortController {
  constructor() {
    // biome-ignore lint/correctness/noConstructorReturn: `new` must give the platform's own kind.
    return new (lazyAbort().AbortController)();
  }
}

export class AbortSignal {
  static [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof lazyAbort().AbortSignal;
  }
}
