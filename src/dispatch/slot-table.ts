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
}

/** A full table is not searched more often than this, however many ask. */
const searchMs = 100;

export class SlotTable<Slot extends KeptSlot> {
  readonly #options: SlotTableOptions;
  readonly #slots = new Map<Extension, Map<string, Slot>>();
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
    return this.#slots.get(extension)?.get(tenant);
  }

  /** False: there is no room for one more. */
  add(slot: Slot): boolean {
    if (this.#size >= this.#options.most && !this.#makeRoom()) return false;
    const tenants = this.#slots.get(slot.extension) ?? new Map<string, Slot>();
    this.#slots.set(slot.extension, tenants);
    if (!tenants.has(slot.tenant)) this.#size += 1;
    tenants.set(slot.tenant, slot);
    return true;
  }

  *values(): Generator<Slot> {
    for (const tenants of this.#slots.values()) yield* tenants.values();
  }

  /** Those of one extension. */
  of(extension: Extension): readonly Slot[] {
    return [...(this.#slots.get(extension)?.values() ?? [])];
  }

  /** All of one extension. */
  forget(extension: Extension): void {
    this.#size -= this.#slots.get(extension)?.size ?? 0;
    this.#slots.delete(extension);
  }

  /** Forgets what was not used for a while and would not be missed. */
  prune(idleMs = this.#options.idleMs): void {
    const now = this.#now();
    for (const [extension, tenants] of this.#slots) {
      for (const [tenant, slot] of tenants) {
        const unusedMs = now - slot.usedAt;
        if (unusedMs < idleMs || !slot.isEmpty) continue;
        if (slot.isInnocent || unusedMs >= this.#options.reputationMs) this.#size -= tenants.delete(tenant) ? 1 : 0;
      }
      if (tenants.size === 0) this.#slots.delete(extension);
    }
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
