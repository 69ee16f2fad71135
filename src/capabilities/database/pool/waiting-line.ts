// Who waits for a connection, in order; anybody may leave from the middle. Must never keep who has left: a Set would, and every request with it, until the next full collection.
import type { RoleConnection } from './role-connection.ts';

/** How long a connection is wanted: for one statement, or over several calls of the guest (a transaction, a stream). */
export type Use = 'statement' | 'transaction';

export class Waiter {
  /** Who came first is served first. */
  readonly turn: number;
  readonly use: Use;
  readonly resolve: (connection: RoleConnection) => void;
  readonly reject: (error: unknown) => void;
  /** The line's own. */
  before: Waiter | null = null;
  behind: Waiter | null = null;
  isInLine = false;

  constructor(turn: number, use: Use, resolve: (connection: RoleConnection) => void, reject: (error: unknown) => void) {
    this.turn = turn;
    this.use = use;
    this.resolve = resolve;
    this.reject = reject;
  }
}

export class WaitingLine {
  #first: Waiter | null = null;
  #last: Waiter | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }
  get first(): Waiter | undefined {
    return this.#first ?? undefined;
  }

  add(waiter: Waiter): void {
    waiter.before = this.#last;
    if (this.#last === null) this.#first = waiter;
    else this.#last.behind = waiter;
    this.#last = waiter;
    waiter.isInLine = true;
    this.#size += 1;
  }

  delete(waiter: Waiter): void {
    if (!waiter.isInLine) return;
    const { before, behind } = waiter;
    if (before === null) this.#first = behind;
    else before.behind = behind;
    if (behind === null) this.#last = before;
    else behind.before = before;
    waiter.before = null;
    waiter.behind = null;
    waiter.isInLine = false;
    this.#size -= 1;
  }

  /** Everybody, in order; nobody waits after that. */
  drain(): readonly Waiter[] {
    const all: Waiter[] = [];
    for (let next = this.#first; next !== null; next = this.#first) {
      this.delete(next);
      all.push(next);
    }
    return all;
  }
}
