// Sums over what is put on the ledger, by extension and tenant. Must never grow with what a guest or a client says: names of theirs are counted under one.
import type { LedgerRecord } from '../ledger/entry.ts';

/** One series: its labels' values, and the sum so far. */
export interface Series {
  readonly labels: readonly string[];
  value: number;
}

/** Pairs of extension and tenant that are counted by name; those that come later are counted together. */
export const maxPairs = 1_000;
/** Different labels below one pair: outcomes, limits, capabilities and decisions are of the host's own making, so there are few. */
const maxPerPair = 200;
const others = '(others)';

/** Sums of one kind by their labels. */
export class Sums {
  readonly #byPair = new Map<string, Map<string, Series>>();

  add(pair: Pair, labels: readonly string[], value: number): void {
    if (value === 0) return;
    const sums = this.#byPair.get(pair.key) ?? new Map<string, Series>();
    this.#byPair.set(pair.key, sums);
    const named = labels.join('\n');
    const key = sums.has(named) || sums.size < maxPerPair ? named : others;
    const known = sums.get(key);
    if (known === undefined) sums.set(key, { labels: [...pair.labels, ...(key === others ? labels.map(() => others) : labels)], value });
    else known.value += value;
  }

  *[Symbol.iterator](): Generator<Series> {
    for (const sums of this.#byPair.values()) yield* sums.values();
  }
}

interface Pair {
  readonly key: string;
  readonly labels: readonly [extension: string, tenant: string];
}

const otherPair: Pair = { key: others, labels: [others, others] };

/** What is counted; labels are named in the metric that shows it. */
export class Usage {
  /** By outcome. */
  readonly requests = new Sums();
  readonly cpuMs = new Sums();
  /** By direction `in | out`. */
  readonly bytes = new Sums();
  /** By capability and decision. */
  readonly calls = new Sums();
  readonly rows = new Sums();
  /** By name of the limit. */
  readonly limits = new Sums();
  /** By event. */
  readonly life = new Sums();
  readonly #pairs = new Map<string, Map<string, Pair>>();
  #pairCount = 0;

  take(record: LedgerRecord): void {
    const pair = this.#pair(record.extension, record.tenant);
    switch (record.kind) {
      case 'request.end':
        this.requests.add(pair, [record.outcome], 1);
        this.cpuMs.add(pair, [], record.cpuMs);
        this.bytes.add(pair, ['in'], record.bytesIn);
        this.bytes.add(pair, ['out'], record.bytesOut);
        break;
      case 'call.start':
        this.calls.add(
          pair,
          [record.rule === 'ERR_CAPABILITY_NOT_GRANTED' ? others : record.capability, record.decision],
          record.repeats ?? 1,
        );
        break;
      case 'call.end':
        this.rows.add(pair, [], record.rows);
        break;
      case 'limit':
        this.limits.add(pair, [record.limit], record.repeats ?? 1);
        break;
      case 'life':
        this.life.add(pair, [record.event], record.repeats ?? 1);
        break;
      case 'request.start':
        break;
    }
  }

  #pair(extension: string, tenant: string): Pair {
    const tenants = this.#pairs.get(extension);
    const known = tenants?.get(tenant);
    if (known !== undefined) return known;
    if (this.#pairCount >= maxPairs) return otherPair;
    this.#pairCount += 1;
    const pair: Pair = { key: `${extension}\n${tenant}`, labels: [extension, tenant] };
    if (tenants === undefined) this.#pairs.set(extension, new Map([[tenant, pair]]));
    else tenants.set(tenant, pair);
    return pair;
  }
}
