// Leases that are not closed, and how many of them each extension has. Must never be searched by whoever waits for an extension's last.
import { IdTable } from '../../sandbox/protocol/id-table.ts';
import type { LeaseOrigin } from '../bridge/call-lease.ts';
import type { Extension } from './extension.ts';
import type { Lease } from './lease.ts';

/** Of one extension, whatever tenants have of it. */
interface Count {
  running: number;
  readonly waiting: Set<() => void>;
}

export class LiveLeases {
  readonly #leases = new IdTable<Lease>();
  readonly #ofExtension = new WeakMap<Extension, Count>();
  readonly #ofOrigin = new WeakMap<LeaseOrigin, Count>();
  readonly #waiting = new Set<() => void>();

  get size(): number {
    return this.#leases.size;
  }
  values(): readonly Lease[] {
    return this.#leases.values();
  }
  /** In a search of all. */
  of(extension: Extension): readonly Lease[] {
    const count = this.#countOf(extension);
    return this.#leases.values().filter(({ origin }) => this.#ofOrigin.get(origin) === count);
  }

  /** Leases of this origin are `extension`'s. */
  know(origin: LeaseOrigin, extension: Extension): void {
    this.#ofOrigin.set(origin, this.#countOf(extension));
  }

  add(lease: Lease): void {
    this.#leases.set(lease.id, lease);
    const count = this.#ofOrigin.get(lease.origin);
    if (count !== undefined) count.running += 1;
  }

  delete(lease: Lease): void {
    if (!this.#leases.delete(lease.id)) return;
    const count = this.#ofOrigin.get(lease.origin);
    if (count === undefined) return;
    count.running -= 1;
    if (count.running === 0) for (const wake of count.waiting) wake();
  }

  /** Resolves once the extension has none, after so long, or when nobody is to wait any more. */
  async untilNone(extension: Extension, withinMs: number): Promise<void> {
    const count = this.#countOf(extension);
    if (count.running === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    const timer = setTimeout(wake, withinMs);
    count.waiting.add(wake);
    this.#waiting.add(wake);
    await promise;
    clearTimeout(timer);
    count.waiting.delete(wake);
    this.#waiting.delete(wake);
  }

  giveUp(): void {
    for (const wake of this.#waiting) wake();
  }

  #countOf(extension: Extension): Count {
    const known = this.#ofExtension.get(extension);
    if (known !== undefined) return known;
    const count: Count = { running: 0, waiting: new Set() };
    this.#ofExtension.set(extension, count);
    return count;
  }
}
