// Keeps what was found out about texts, each tenant's apart. Must never let one tenant find what another's texts left, or push it out.
import { LRUCache } from 'lru-cache';

export interface TenantMemoBounds {
  /** Characters of text, of all tenants together. */
  readonly maxChars: number;
  /** The same of one. */
  readonly maxTenantChars: number;
  /** What each text counts for beside its length: short ones are not free. */
  readonly entryChars: number;
  /** A tenant that asked for nothing that long is forgotten. */
  readonly idleMs: number;
}

interface Kept<Value extends object> {
  readonly texts: LRUCache<string, Value>;
  /** Since the last look at who is idle. */
  used: boolean;
}

export class TenantMemo<Value extends object> {
  readonly #bounds: TenantMemoBounds;
  readonly #tenants = new Map<string, Kept<Value>>();
  #chars = 0;
  #lookedAt = performance.now();
  /** Who had most when somebody looked. */
  #heaviest: readonly [tenant: string, kept: Kept<Value>] | undefined;

  constructor(bounds: TenantMemoBounds) {
    this.#bounds = bounds;
  }

  get chars(): number {
    return this.#chars;
  }

  get(tenant: string, text: string): Value | undefined {
    const kept = this.#tenants.get(tenant);
    if (kept === undefined) return undefined;
    kept.used = true;
    return kept.texts.get(text);
  }

  set(tenant: string, text: string, value: Value): void {
    this.#forgetIdle();
    const kept = this.#keptOf(tenant);
    const before = kept.texts.calculatedSize;
    kept.texts.set(text, value);
    this.#chars += kept.texts.calculatedSize - before;
    while (this.#chars > this.#bounds.maxChars) this.#dropOne();
  }

  #keptOf(tenant: string): Kept<Value> {
    const known = this.#tenants.get(tenant);
    if (known !== undefined) return known;
    const { maxTenantChars, entryChars } = this.#bounds;
    // No `max` beside it: room for that many would be taken for each tenant at once.
    const texts = new LRUCache<string, Value>({ maxSize: maxTenantChars, sizeCalculation: (_value, text) => text.length + entryChars });
    const kept = { texts, used: true };
    this.#tenants.set(tenant, kept);
    return kept;
  }

  /** Who has more than an equal share gives; so nobody loses to others what is within their own. */
  #dropOne(): void {
    const share = this.#bounds.maxChars / this.#tenants.size;
    if (this.#heaviest === undefined || this.#heaviest[1].texts.calculatedSize <= share) this.#heaviest = this.#findHeaviest();
    if (this.#heaviest === undefined) return;
    const [tenant, { texts }] = this.#heaviest;
    const before = texts.calculatedSize;
    texts.pop();
    this.#chars -= before - texts.calculatedSize;
    if (texts.size === 0) this.#forget(tenant);
  }

  #findHeaviest(): readonly [string, Kept<Value>] | undefined {
    let heaviest: readonly [string, Kept<Value>] | undefined;
    for (const entry of this.#tenants)
      if (heaviest === undefined || entry[1].texts.calculatedSize > heaviest[1].texts.calculatedSize) heaviest = entry;
    return heaviest;
  }

  #forgetIdle(): void {
    const now = performance.now();
    if (now - this.#lookedAt < this.#bounds.idleMs) return;
    this.#lookedAt = now;
    for (const [tenant, kept] of this.#tenants) {
      if (kept.used) kept.used = false;
      else this.#forget(tenant);
    }
  }

  #forget(tenant: string): void {
    this.#chars -= this.#tenants.get(tenant)?.texts.calculatedSize ?? 0;
    this.#tenants.delete(tenant);
    if (this.#heaviest?.[0] === tenant) this.#heaviest = undefined;
  }
}
