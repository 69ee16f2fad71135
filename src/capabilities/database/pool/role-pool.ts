// The connections of one extension's role: few, made when needed, ended when idle. Must never hand out one that is in use, in a transaction or ended.
import type { RoleConnection } from './role-connection.ts';

export interface RolePoolOptions {
  readonly maxConnections: number;
  readonly idleMs: number;
  readonly maxWaiting: number;
  /** Opens one more; the given function is to be called when it ends, however it ends. */
  connect(onEnd: (connection: RoleConnection) => void): Promise<RoleConnection>;
}

/** The pool's queue is full. */
export class PoolBusyError extends Error {}
export class PoolClosedError extends Error {}

interface Waiter {
  readonly resolve: (connection: RoleConnection) => void;
  readonly reject: (error: unknown) => void;
}

export class RolePool {
  readonly #options: RolePoolOptions;
  /** The latest used last: the others get old and end. */
  readonly #idle: RoleConnection[] = [];
  /** A set, because waiters leave from its middle when their lease ends. */
  readonly #waiting = new Set<Waiter>();
  readonly #open = new Set<RoleConnection>();
  #opening = 0;
  #closed = false;
  #reaper: NodeJS.Timeout | undefined;
  #onDrained: (() => void) | undefined;

  constructor(options: RolePoolOptions) {
    this.#options = options;
  }

  /** An idle connection, where there is one. */
  take(): RoleConnection | undefined {
    return this.#waiting.size === 0 ? this.#idle.pop() : undefined;
  }

  /** A connection, as soon as there is one. Rejects when the signal fires first. */
  wait(signal: AbortSignal): Promise<RoleConnection> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new PoolClosedError());
      if (this.#waiting.size >= this.#options.maxWaiting) return reject(new PoolBusyError());
      const leave = (): void => {
        this.#waiting.delete(waiter);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        resolve(connection) {
          signal.removeEventListener('abort', leave);
          resolve(connection);
        },
        reject(error) {
          signal.removeEventListener('abort', leave);
          reject(error);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(waiter);
      this.#grow();
    });
  }

  /** Takes a connection back. */
  release(connection: RoleConnection): void {
    if (connection.ended) return;
    if (this.#closed || !connection.settled) {
      connection.destroy(new PoolClosedError());
      return;
    }
    this.#give(connection);
  }

  #give(connection: RoleConnection): void {
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      next.resolve(connection);
      return;
    }
    connection.idleSince = performance.now();
    this.#idle.push(connection);
    this.#reaper ??= setTimeout(() => this.#reap(), this.#options.idleMs).unref();
  }

  #grow(): void {
    if (this.#closed || this.#open.size + this.#opening >= this.#options.maxConnections || this.#opening >= this.#waiting.size) return;
    this.#opening += 1;
    this.#options
      .connect((ended) => this.#forget(ended))
      .then(
        (connection) => {
          this.#opening -= 1;
          if (connection.ended) return;
          this.#open.add(connection);
          if (this.#closed) connection.destroy(new PoolClosedError());
          else this.#give(connection);
        },
        (error: unknown) => {
          this.#opening -= 1;
          // Whoever waits would wait for ever: without a connection at all each is told, else one.
          const waiters = this.#open.size === 0 ? [...this.#waiting] : [...this.#waiting].slice(0, 1);
          for (const waiter of waiters) {
            this.#waiting.delete(waiter);
            waiter.reject(error);
          }
        },
      )
      .finally(() => this.#drained());
  }

  #forget(connection: RoleConnection): void {
    this.#open.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    if (this.#waiting.size > 0) this.#grow();
    this.#drained();
  }

  #reap(): void {
    this.#reaper = undefined;
    const now = performance.now();
    while (this.#idle[0] !== undefined && now - this.#idle[0].idleSince >= this.#options.idleMs) void this.#idle.shift()?.close();
    if (this.#idle.length > 0) this.#reaper = setTimeout(() => this.#reap(), this.#options.idleMs).unref();
  }

  #drained(): void {
    if (this.#closed && this.#open.size === 0 && this.#opening === 0) this.#onDrained?.();
  }

  /** Idle connections end now, busy ones when their statement does; after `graceMs` that is cancelled. */
  async close(graceMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#reaper);
    for (const waiter of this.#waiting) waiter.reject(new PoolClosedError());
    this.#waiting.clear();
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()));
    if (this.#open.size === 0 && this.#opening === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        void Promise.all([...this.#open].map((connection) => connection.cancel())).then(() => resolve());
      }, graceMs);
      this.#onDrained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
