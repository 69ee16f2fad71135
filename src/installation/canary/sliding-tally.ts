// Counts of one version within the last while. Must never grow: as many buckets as it began with, and in each as many clients as may be told apart.
import { canaryBounds } from './bounds.ts';
import type { Tally } from './decide-canary.ts';

type Counts = { -readonly [Name in keyof Tally]: number };

interface Bucket {
  readonly counts: Counts;
  /** Bad requests of each client. */
  readonly bad: Map<string, number>;
  /** Bad requests of which nobody knows whose they are. */
  strangers: number;
}

const buckets = 10;
const noCounts = (): Counts => ({ requests: 0, errors: 0, limits: 0, crashes: 0 });
const empty = (): Bucket => ({ counts: noCounts(), bad: new Map(), strangers: 0 });
const most = canaryBounds.badPerClient.value;

export class SlidingTally {
  readonly #bucketMs: number;
  readonly #buckets: Bucket[] = Array.from({ length: buckets }, empty);
  #latest = 0;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / buckets;
  }

  /** `client` null: nobody knows whose it is. Of one client's bad requests no more than badPerClient count, but for the crashes. */
  add(now: number, more: Partial<Tally>, client: string | null = null): void {
    this.#move(now);
    const bucket = this.#buckets[this.#latest % buckets];
    if (bucket === undefined) return;
    const { errors = 0, limits = 0, crashes = 0 } = more;
    if (errors + limits + crashes === 0 || this.#isCounted(bucket, client))
      for (const name of Object.keys(more) as (keyof Tally)[]) bucket.counts[name] += more[name] ?? 0;
    else bucket.counts.crashes += crashes;
  }

  sum(now: number): Tally {
    this.#move(now);
    const sum = noCounts();
    for (const { counts } of this.#buckets) for (const name of Object.keys(sum) as (keyof Tally)[]) sum[name] += counts[name];
    return sum;
  }

  /** How many fared badly. */
  badClients(now: number): number {
    this.#move(now);
    const known = new Set(this.#buckets.flatMap(({ bad }) => [...bad.keys()]));
    return this.#buckets.reduce((sum, { strangers }) => sum + strangers, known.size);
  }

  #isCounted(bucket: Bucket, client: string | null): boolean {
    const before = client === null ? undefined : bucket.bad.get(client);
    if (client === null || (before === undefined && bucket.bad.size >= canaryBounds.knownClients.value)) {
      bucket.strangers += 1;
      return true;
    }
    if (this.#buckets.reduce((sum, { bad }) => sum + (bad.get(client) ?? 0), 0) >= most) return false;
    bucket.bad.set(client, (before ?? 0) + 1);
    return true;
  }

  #move(now: number): void {
    const bucket = Math.floor(now / this.#bucketMs);
    if (bucket <= this.#latest) return;
    for (let gone = Math.max(this.#latest + 1, bucket - buckets + 1); gone <= bucket; gone += 1) this.#buckets[gone % buckets] = empty();
    this.#latest = bucket;
  }
}
