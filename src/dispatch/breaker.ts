// Parks what keeps dying. Must never park for longer than maxParkMs, nor forget to try again.

export interface BreakerOptions {
  /** Deaths within the window that park. */
  readonly strikes: number;
  readonly windowMs: number;
  /** First pause; doubled each time it dies again right after. */
  readonly parkMs: number;
  readonly maxParkMs: number;
}

export class Breaker {
  readonly #options: BreakerOptions;
  readonly #now: () => number;
  #strikes: number[] = [];
  #parkedUntil = 0;
  #nextParkMs: number;
  /** Its pause is over and nothing has gone well since. */
  #onProbation = false;

  constructor(options: BreakerOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
    this.#nextParkMs = options.parkMs;
  }

  /** Milliseconds until it may run again; 0 when it may. */
  parkedMs(): number {
    return Math.max(0, this.#parkedUntil - this.#now());
  }

  /** Nothing of the past would decide anything. */
  isClean(): boolean {
    const { windowMs } = this.#options;
    const now = this.#now();
    return !this.#onProbation && this.parkedMs() === 0 && !this.#strikes.some((at) => now - at < windowMs);
  }

  /** A cell died. True when that parks it. */
  strike(): boolean {
    const now = this.#now();
    if (this.parkedMs() > 0) return false;
    this.#strikes = this.#strikes.filter((at) => now - at < this.#options.windowMs);
    this.#strikes.push(now);
    if (!this.#onProbation && this.#strikes.length < this.#options.strikes) return false;
    this.#strikes = [];
    this.#parkedUntil = now + this.#nextParkMs;
    this.#nextParkMs = Math.min(this.#nextParkMs * 2, this.#options.maxParkMs);
    this.#onProbation = true;
    return true;
  }

  /** A request went well. True when that releases it from probation. */
  succeed(): boolean {
    if (!this.#onProbation || this.parkedMs() > 0) return false;
    this.#onProbation = false;
    this.#nextParkMs = this.#options.parkMs;
    return true;
  }
}
