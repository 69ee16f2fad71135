// Requests per second as a token bucket. Must never hold more than one second's worth.

export class RateLimit {
  readonly #now: () => number;
  /** Of a second's worth, how much is there: a rate that is changed makes it no fuller. */
  #share = 1;
  #at: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#at = now();
  }

  take(perSecond: number): boolean {
    const now = this.#now();
    this.#share = Math.min(1, this.#share + (now - this.#at) / 1000);
    this.#at = now;
    // Less than one a billionth short is one: shares are rounded.
    if (this.#share * perSecond < 1 - 1e-9) return false;
    this.#share = Math.max(0, this.#share - 1 / perSecond);
    return true;
  }
}
