// What one tenant has of a pool, and who of it waits. Must never say yes to one connection more than its share.
import type { RoleConnection } from './role-connection.ts';

/** How long a connection is wanted: for one statement, or over several calls of the guest (a transaction, a stream). */
export type Use = 'statement' | 'transaction';

export interface Waiter {
  /** Who came first is served first. */
  readonly turn: number;
  readonly use: Use;
  readonly resolve: (connection: RoleConnection) => void;
  readonly reject: (error: unknown) => void;
}

export class TenantShare {
  readonly tenant: string;
  /** Sets, because waiters leave from the middle when their lease ends. */
  readonly #waiting: Readonly<Record<Use, Set<Waiter>>> = { statement: new Set(), transaction: new Set() };
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
    const [statement] = may('statement') ? this.#waiting.statement : [];
    const [transaction] = may('transaction') ? this.#waiting.transaction : [];
    if (statement === undefined || transaction === undefined) return statement ?? transaction;
    return statement.turn < transaction.turn ? statement : transaction;
  }

  /** Everybody who waits; nobody does after that. */
  drain(): readonly Waiter[] {
    const all = [...this.#waiting.statement, ...this.#waiting.transaction];
    this.#waiting.statement.clear();
    this.#waiting.transaction.clear();
    return all;
  }
}
