// Which slots there are: found by extension and tenant, forgotten when nothing in them would be missed. Must never hold more than a client could make it hold.
import type { Extension } from './extension.ts';

/** What the table looks at. */
export interface KeptSlot {
  readonly extension: Extension;
  readonly tenant: string;
  readonly usedAt: number;
  readonly isEmpty: boolean;
  readonly isInnocent: boolean;
}

export interface SlotTableOptions {
  /** Slots at once. */
  readonly most: number;
  /** Without use for so long, a slot may be forgotten. */
  readonly idleMs: number;
  /** What an extension has earned in a tenant is worth keeping for so long. */
  readonly reputationMs: number;
  /** Of which extension one is what a tenant has; itself where nobody narrowed it. */
  wholeOf(extension: Extension): Extension;
}

/** A full table is not searched more often than this, however many ask. */
const searchMs = 100;

export class SlotTable<Slot extends KeptSlot> {
  readonly #options: SlotTableOptions;
  /** By whole extension and tenant; what a tenant has of one may have changed, then there are several, the newest last. */
  readonly #slots = new Map<Extension, Map<string, readonly Slot[]>>();
  readonly #now: () => number;
  #size = 0;
  #searchedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SlotTableOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
  }

  get size(): number {
    return this.#size;
  }

  get(extension: Extension, tenant: string): Slot | undefined {
    return this.#find(extension, tenant).find((slot) => slot.extension === extension);
  }

  /** The newest, whatever the tenant had of it then. */
  latest(extension: Extension, tenant: string): Slot | undefined {
    return this.#find(extension, tenant).at(-1);
  }

  /** False: there is no room for one more. */
  add(slot: Slot): boolean {
    if (this.#size >= this.#options.most && !this.#makeRoom()) return false;
    const whole = this.#options.wholeOf(slot.extension);
    const tenants = this.#slots.get(whole) ?? new Map<string, readonly Slot[]>();
    this.#slots.set(whole, tenants);
    const others = this.#find(whole, slot.tenant).filter(({ extension }) => extension !== slot.extension);
    this.#size += 1 + others.length - this.#find(whole, slot.tenant).length;
    tenants.set(slot.tenant, [...others, slot]);
    return true;
  }

  *values(): Generator<Slot> {
    for (const tenants of this.#slots.values()) for (const slots of tenants.values()) yield* slots;
  }

  /** Those of one extension, whatever tenants have of it. */
  *of(extension: Extension): Generator<Slot> {
    for (const slots of this.#slots.get(this.#options.wholeOf(extension))?.values() ?? []) yield* slots;
  }

  /** Those of one tenant. */
  *ofTenant(tenant: string): Generator<Slot> {
    for (const tenants of this.#slots.values()) yield* tenants.get(tenant) ?? [];
  }

  /** All of one extension. */
  forget(extension: Extension): void {
    const whole = this.#options.wholeOf(extension);
    for (const slots of this.#slots.get(whole)?.values() ?? []) this.#size -= slots.length;
    this.#slots.delete(whole);
  }

  /** Forgets what was not used for a while and would not be missed. */
  prune(idleMs = this.#options.idleMs): void {
    const now = this.#now();
    const isMissed = (slot: Slot): boolean => {
      const unusedMs = now - slot.usedAt;
      return unusedMs < idleMs || !slot.isEmpty || !(slot.isInnocent || unusedMs >= this.#options.reputationMs);
    };
    for (const [whole, tenants] of this.#slots) {
      for (const [tenant, slots] of tenants) {
        const missed = slots.filter(isMissed);
        if (missed.length === slots.length) continue;
        this.#size -= slots.length - missed.length;
        if (missed.length > 0) tenants.set(tenant, missed);
        else tenants.delete(tenant);
      }
      if (tenants.size === 0) this.#slots.delete(whole);
    }
  }

  #find(extension: Extension, tenant: string): readonly Slot[] {
    return this.#slots.get(this.#options.wholeOf(extension))?.get(tenant) ?? [];
  }

  #makeRoom(): boolean {
    const now = this.#now();
    if (now - this.#searchedAt < searchMs) return false;
    this.#searchedAt = now;
    // A second holds all that a rate may have left: what is empty for longer is as good as new.
    this.prune(Math.min(this.#options.idleMs, 1_000));
    return this.#size < this.#options.most;
  }
}
