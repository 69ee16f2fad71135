// Counts of one version within the last while. Must never grow: as many buckets as it began with.
import type { Tally } from './decide-canary.ts';

type Counts = { -readonly [Name in keyof Tally]: number };

const buckets = 10;
const empty = (): Counts => ({ requests: 0, errors: 0, limits: 0, crashes: 0 });

export class SlidingTally {
  readonly #bucketMs: number;
  readonly #counts: Counts[] = Array.from({ length: buckets }, empty);
  #latest = 0;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / buckets;
  }

  add(now: number, more: Partial<Tally>): void {
    this.#move(now);
    const counts = this.#counts[this.#latest % buckets];
    if (counts === undefined) return;
    for (const name of Object.keys(more) as (keyof Tally)[]) counts[name] += more[name] ?? 0;
  }

  sum(now: number): Tally {
    this.#move(now);
    const sum = empty();
    for (const counts of this.#counts) for (const name of Object.keys(sum) as (keyof Tally)[]) sum[name] += counts[name];
    return sum;
  }

  #move(now: number): void {
    const bucket = Math.floor(now / this.#bucketMs);
    if (bucket <= this.#latest) return;
    for (let gone = Math.max(this.#latest + 1, bucket - buckets + 1); gone <= bucket; gone += 1) this.#counts[gone % buckets] = empty();
    this.#latest = bucket;
  }
}
