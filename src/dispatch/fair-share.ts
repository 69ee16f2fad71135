// Who may begin a request while there is not enough processor for all: each tenant its share, by weight. Must never hold anybody where there is room, nor what a running request waits for.
import { availableParallelism } from 'node:os';
import { decideShares } from './decide-shares.ts';
import { makeLoadReader } from './machine-load.ts';

export interface FairShareOptions {
  weightOf(tenant: string): number;
  /** How busy the processors, or the host's own thread, were since it was asked last: 1 is all of the time. */
  readonly readLoad?: (ownMs: number, sinceMs: number) => number;
  readonly processors?: number;
  /** Processor time of the host's own, in milliseconds so far. */
  readonly readHostMs?: () => number;
}

/** What waits to be pumped. */
export interface Held {
  readonly tenant: string;
  pump(): void;
}

interface Account {
  readonly tenant: string;
  /** Milliseconds of processor time it may still use before it is held. */
  creditMs: number;
  /** What one of its requests takes, as far as is known: charged when it begins, set right when it ends. */
  usualMs: number;
  /** Since the last look. */
  spentMs: number;
  /** A share of one processor, over about a second. */
  rate: number;
  running: number;
  /** How many ran at once, summed up over time: since the last look, and until when. */
  ranMs: number;
  ranUntil: number;
  /** The same on average, over about a second. */
  width: number;
  usedAt: number;
  readonly held: Set<Held>;
}

const lookMs = 100;
/** So many looks without a bottleneck end it: let go at once, all that was held would come in at once. */
const calmLooks = 10;
/** From here on the processors are taken to be the bottleneck. */
const saturated = 0.9;
/** A tenant may be ahead of its share by so much, and comes to owe no more than that: a burst is not paid back for ever. */
const mostCreditMs = 100;
const mostDebtMs = 1_000;
const forgivenMs = 20;
/** What they could use a moment ago they are taken to be able to use again: held tenants use less than they could. */
const capacityMs = 10_000;
/** Of the processors: others on the machine may take the rest. */
const leastShare = 0.25;
const forgetMs = 10_000;
/** A little more is handed out than was used: where there is more to be had, it is found. */
const probe = 1.2;
/** Below it a load says little about what there is. */
const leastLoad = 0.25;

const hostMsSoFar = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

const count = (account: Account, now: number): void => {
  account.ranMs += account.running * Math.max(0, now - account.ranUntil);
  account.ranUntil = now;
};

export class FairShare {
  readonly #options: FairShareOptions;
  readonly #readLoad: (ownMs: number, sinceMs: number) => number;
  readonly #readHostMs: () => number;
  readonly #processors: number;
  readonly #accounts = new Map<string, Account>();
  /** What each request that runs was charged. */
  readonly #charged = new Map<number, number>();
  #lookedAt = 0;
  #hostMs: number;
  #ended = 0;
  /** What the host itself spends on one request. */
  #hostMsEach = 0;
  /** Processors that all tenants together use, over about a second; and what they are taken to be able to use. */
  #recent = 0;
  #capacity = 0;
  /** There is not enough for all, and more than one tenant wants it. */
  #tight = false;
  #calm = calmLooks;

  constructor(options: FairShareOptions) {
    this.#options = options;
    this.#readLoad = options.readLoad ?? makeLoadReader();
    this.#readHostMs = options.readHostMs ?? hostMsSoFar;
    this.#hostMs = this.#readHostMs();
    this.#processors = options.processors ?? availableParallelism();
  }

  /** True: it must wait, and is pumped when its tenant's turn comes. */
  holds(slot: Held): boolean {
    if (!this.#tight) return false;
    const account = this.#account(slot.tenant);
    if (account.creditMs > 0) return false;
    account.held.add(slot);
    return true;
  }

  /** A request begins. */
  begin(tenant: string, lease: number, now = performance.now()): void {
    if (this.#charged.has(lease)) return;
    const account = this.#account(tenant);
    count(account, now);
    account.usedAt = now;
    account.running += 1;
    account.creditMs -= account.usualMs;
    this.#charged.set(lease, account.usualMs);
  }

  /** Nothing of it runs any more. */
  end(tenant: string, lease: number, cpuMs: number, now = performance.now()): void {
    const charged = this.#charged.get(lease);
    if (charged === undefined) return;
    this.#charged.delete(lease);
    const account = this.#account(tenant);
    const costMs = cpuMs + this.#hostMsEach;
    count(account, now);
    account.usedAt = now;
    account.running -= 1;
    account.creditMs += charged - costMs;
    account.usualMs += (costMs - account.usualMs) / 8;
    account.spentMs += costMs;
    this.#ended += 1;
  }

  /** Some dozens of times a second. */
  tick(now: number): void {
    const sinceMs = now - this.#lookedAt;
    if (sinceMs < lookMs) return;
    this.#lookedAt = now;
    this.#measure(now, sinceMs);
    for (const account of this.#accounts.values())
      if (!this.#tight || account.creditMs > 0) {
        const held = [...account.held];
        account.held.clear();
        for (const slot of held) slot.pump();
      }
  }

  #measure(now: number, sinceMs: number): void {
    const hostMs = this.#readHostMs();
    const ownHostMs = hostMs - this.#hostMs;
    this.#hostMs = hostMs;
    if (this.#ended > 0) this.#hostMsEach += (ownHostMs / this.#ended - this.#hostMsEach) / 8;
    this.#ended = 0;
    const keep = Math.exp(-sinceMs / 1_000);
    let spentMs = 0;
    for (const [tenant, account] of this.#accounts) {
      spentMs += account.spentMs;
      account.rate = account.rate * keep + (account.spentMs / sinceMs) * (1 - keep);
      account.spentMs = 0;
      count(account, now);
      account.width = account.width * keep + (account.ranMs / sinceMs) * (1 - keep);
      account.ranMs = 0;
      if (account.running === 0 && account.held.size === 0 && now - account.usedAt > forgetMs) this.#accounts.delete(tenant);
    }
    this.#recent = this.#recent * keep + (spentMs / sinceMs) * (1 - keep);
    this.#capacity = Math.min(
      this.#processors,
      Math.max(this.#recent, this.#capacity * Math.exp(-sinceMs / capacityMs), leastShare * this.#processors),
    );
    const active = [...this.#accounts.values()].filter(({ running, held, usedAt }) => running > 0 || held.size > 0 || now - usedAt < 1_000);
    const load = this.#readLoad(spentMs + ownHostMs, sinceMs);
    this.#calm = load >= saturated ? 0 : this.#calm + 1;
    this.#tight = this.#calm < calmLooks && active.length > 1;
    if (!this.#tight) {
      for (const account of this.#accounts.values()) account.creditMs = mostCreditMs;
      return;
    }
    const shares = decideShares(
      // What nobody used is to be had as well.
      (this.#capacity * probe) / Math.min(1, Math.max(load, leastLoad)),
      active.map(({ tenant, creditMs, held, rate, width }) => ({
        weight: this.#options.weightOf(tenant),
        // Who is crowded out uses little and wants more: as many processors as it has requests. Where these only wait for something, the load sinks and others get more.
        wants: creditMs <= 0 || held.size > 0 ? Number.POSITIVE_INFINITY : Math.max(rate, width),
      })),
    );
    for (const [index, account] of active.entries()) {
      const more = (shares[index] ?? 0) * sinceMs;
      account.creditMs = Math.max(-mostDebtMs, Math.min(mostCreditMs + more, account.creditMs + more));
    }
    if (load < saturated) this.#forgive(active.filter(({ held }) => held.size > 0));
  }

  /** Nobody is to wait for an idle machine: where all who wait are in debt, so much is let off all of them, by weight, that the first may go on. */
  #forgive(waiting: readonly Account[]): void {
    const debts = waiting.map((account) => ({ account, weight: this.#options.weightOf(account.tenant) }));
    const least = Math.min(...debts.map(({ account, weight }) => -account.creditMs / weight));
    if (!Number.isFinite(least) || least < 0) return;
    for (const { account, weight } of debts) account.creditMs += (least + forgivenMs) * weight;
  }

  #account(tenant: string): Account {
    const known = this.#accounts.get(tenant);
    if (known !== undefined) return known;
    const account = {
      tenant,
      creditMs: mostCreditMs,
      usualMs: 5,
      spentMs: 0,
      rate: 0,
      running: 0,
      ranMs: 0,
      ranUntil: 0,
      width: 0,
      usedAt: 0,
      held: new Set<Held>(),
    };
    this.#accounts.set(tenant, account);
    return account;
  }
}
