// What one tenant has of a pool, and who of it waits. Must never say yes to one connection more than its share.
import { type Use, type Waiter, WaitingLine } from './waiting-line.ts';

export class TenantShare {
  readonly tenant: string;
  readonly #waiting: Readonly<Record<Use, WaitingLine>> = { statement: new WaitingLine(), transaction: new WaitingLine() };
  inUse = 0;
  /** Of those in use, how many are held over several calls. */
  held = 0;
  /** Milliseconds. */
  seenAt = 0;

  constructor(tenant: string) {
    this.tenant = tenant;
  }

  get waiting(): number {
    return this.#waiting.statement.size + this.#waiting.transaction.size;
  }

  waits(use: Use): number {
    return this.#waiting[use].size;
  }

  add(waiter: Waiter): void {
    this.#waiting[waiter.use].add(waiter);
  }

  delete(waiter: Waiter): void {
    this.#waiting[waiter.use].delete(waiter);
  }

  /** The first in line of those that may have a connection now. */
  first(may: (use: Use) => boolean): Waiter | undefined {
    const statement = may('statement') ? this.#waiting.statement.first : undefined;
    const transaction = may('transaction') ? this.#waiting.transaction.first : undefined;
    if (statement === undefined || transaction === undefined) return statement ?? transaction;
    return statement.turn < transaction.turn ? statement : transaction;
  }

  /** Everybody who waits; nobody does after that. */
  drain(): readonly Waiter[] {
    return [...this.#waiting.statement.drain(), ...this.#waiting.transaction.drain()];
  }
}
