// Quantiles of millions of numbers in a few kilobytes: counts by logarithmic buckets. Must never hold the numbers themselves, nor grow with how many there are.

/** Each bucket is 2 % wide, so a quantile is off by 1 % at most; least and greatest are exact. */
const logOfRatio = Math.log(1.02);
/** Everything from nothing to this is one bucket: below a microsecond, a millisecond's figures have no meaning. */
const floor = 0.001;

export class Sketch {
  readonly #buckets = new Map<number, number>();
  count = 0;
  max = 0;

  add(value: number): void {
    if (!Number.isFinite(value) || value < 0) return;
    const bucket = value <= floor ? 0 : Math.ceil(Math.log(value / floor) / logOfRatio);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    this.count += 1;
    if (value > this.max) this.max = value;
  }

  /** `part` of 1: 0.5 is the median. 0 where nothing was added. */
  quantile(part: number): number {
    const wanted = Math.max(1, Math.ceil(this.count * part));
    let seen = 0;
    for (const bucket of [...this.#buckets.keys()].toSorted((left, right) => left - right)) {
      seen += this.#buckets.get(bucket) ?? 0;
      if (seen < wanted) continue;
      return bucket === 0 ? 0 : Math.min(this.max, floor * Math.exp(bucket * logOfRatio));
    }
    return this.max;
  }
}
