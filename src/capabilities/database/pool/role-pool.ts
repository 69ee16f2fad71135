// The connections of one extension's role: few, made when needed, ended when idle, shared fairly among tenants. Must never hand out one that is in use, in a transaction or ended.
import type { RoleConnection } from './role-connection.ts';
import { TenantShare } from './tenant-share.ts';
import { type Use, Waiter } from './waiting-line.ts';

export interface RolePoolOptions {
  readonly maxConnections: number;
  readonly idleMs: number;
  /** Of all tenants together, and of one. */
  readonly maxWaiting: number;
  readonly maxTenantWaiting: number;
  /** Longest wait for a connection. */
  readonly waitMs: number;
  /** The server said nothing to one of them when it had to. */
  onSilence?(): void;
  /** Opens one more; the given function is to be called when it ends, however it ends. */
  connect(onEnd: (connection: RoleConnection) => void): Promise<RoleConnection>;
}

/** The pool's queue is full. */
export class PoolBusyError extends Error {}
/** Nothing became free in time. */
export class PoolSlowError extends Error {}
export class PoolClosedError extends Error {}

interface Loan {
  readonly share: TenantShare;
  readonly use: Use;
}

export class RolePool {
  readonly #options: RolePoolOptions;
  /** The latest used last: the others get old and end. */
  readonly #idle: RoleConnection[] = [];
  readonly #open = new Set<RoleConnection>();
  readonly #lent = new Map<RoleConnection, Loan>();
  /** Tenants of late, the one whose turn is next first. */
  readonly #tenants = new Map<string, TenantShare>();
  #waiting = 0;
  #held = 0;
  #turn = 0;
  #opening = 0;
  #closed = false;
  #reaper: NodeJS.Timeout | undefined;
  #onDrained: (() => void) | undefined;

  constructor(options: RolePoolOptions) {
    this.#options = options;
  }

  /** An idle connection, where there is one and the tenant may have it. */
  take(tenant: string, use: Use): RoleConnection | undefined {
    const share = this.#shareOf(tenant);
    if (this.#idle.length === 0 || share.waits(use) > 0 || !this.#mayHave(share, use)) return undefined;
    const connection = this.#idle.pop();
    if (connection !== undefined) this.#lend(connection, share, use);
    return connection;
  }

  /** A connection, as soon as there is one. Rejects when the signal fires first. */
  wait(tenant: string, use: Use, signal: AbortSignal): Promise<RoleConnection> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new PoolClosedError());
      const share = this.#shareOf(tenant);
      const { maxWaiting, maxTenantWaiting } = this.#options;
      if (this.#waiting >= maxWaiting || share.waiting >= maxTenantWaiting) return reject(new PoolBusyError());
      const leave = (): void => {
        this.#remove(share, waiter);
        waiter.reject(signal.reason);
      };
      const timer = setTimeout(() => {
        this.#remove(share, waiter);
        waiter.reject(new PoolSlowError());
      }, this.#options.waitMs);
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
      };
      this.#turn += 1;
      const waiter = new Waiter(
        this.#turn,
        use,
        (connection) => {
          settle();
          resolve(connection);
        },
        (error) => {
          settle();
          reject(error);
        },
      );
      signal.addEventListener('abort', leave, { once: true });
      share.add(waiter);
      this.#waiting += 1;
      this.#serve();
    });
  }

  /** Takes a connection back. */
  release(connection: RoleConnection): void {
    if (connection.ended) return;
    if (this.#closed || !connection.settled) {
      connection.destroy(new PoolClosedError());
      return;
    }
    this.#endLoan(connection);
    this.#give(connection);
  }

  /** Connections in use; for tests and for the operator's figures. */
  get inUse(): number {
    return this.#lent.size;
  }

  #shareOf(tenant: string): TenantShare {
    let share = this.#tenants.get(tenant);
    if (share === undefined) {
      share = new TenantShare(tenant);
      this.#tenants.set(tenant, share);
      this.#reapLater();
    }
    share.seenAt = performance.now();
    return share;
  }

  /** Where there are several tenants, one connection is left to the others; and of its share a tenant may hold all but one, so that its statements go on. */
  #mayHave(share: TenantShare, use: Use): boolean {
    const { maxConnections } = this.#options;
    const most = this.#tenants.size > 1 ? Math.max(1, maxConnections - 1) : maxConnections;
    if (share.inUse >= most) return false;
    if (use === 'statement') return true;
    return share.held < Math.max(1, most - 1) && this.#held < Math.max(1, maxConnections - 1);
  }

  #lend(connection: RoleConnection, share: TenantShare, use: Use): void {
    this.#lent.set(connection, { share, use });
    share.inUse += 1;
    if (use === 'transaction') {
      share.held += 1;
      this.#held += 1;
    }
  }

  #endLoan(connection: RoleConnection): void {
    const loan = this.#lent.get(connection);
    if (loan === undefined) return;
    this.#lent.delete(connection);
    loan.share.inUse -= 1;
    if (loan.use === 'transaction') {
      loan.share.held -= 1;
      this.#held -= 1;
    }
  }

  #remove(share: TenantShare, waiter: Waiter): void {
    share.delete(waiter);
    this.#waiting -= 1;
  }

  #give(connection: RoleConnection): void {
    connection.idleSince = performance.now();
    this.#idle.push(connection);
    this.#reapLater();
    if (this.#waiting > 0) this.#serve();
  }

  /** Whose turn it is: one waiter of each tenant after another. */
  #next(): { readonly share: TenantShare; readonly waiter: Waiter } | undefined {
    for (const share of this.#tenants.values()) {
      const waiter = share.waiting === 0 ? undefined : share.first((use) => this.#mayHave(share, use));
      if (waiter !== undefined) return { share, waiter };
    }
    return undefined;
  }

  #serve(): void {
    while (this.#waiting > 0) {
      const next = this.#next();
      if (next === undefined) return;
      const connection = this.#idle.pop();
      if (connection === undefined) return this.#grow();
      const { share, waiter } = next;
      this.#remove(share, waiter);
      this.#lend(connection, share, waiter.use);
      this.#tenants.delete(share.tenant);
      this.#tenants.set(share.tenant, share);
      waiter.resolve(connection);
    }
  }

  #grow(): void {
    if (this.#closed || this.#open.size + this.#opening >= this.#options.maxConnections || this.#opening >= this.#waiting) return;
    this.#opening += 1;
    this.#options
      .connect((ended) => this.#forget(ended))
      .then(
        (connection) => {
          this.#opening -= 1;
          if (connection.ended) return this.#serve();
          this.#open.add(connection);
          connection.onSilence = () => this.#options.onSilence?.();
          if (this.#closed) connection.destroy(new PoolClosedError());
          else this.#give(connection);
        },
        (error: unknown) => {
          this.#opening -= 1;
          this.#failWaiting(error);
        },
      )
      .finally(() => this.#drained());
  }

  /** Whoever waits would wait for ever: without a connection at all each is told, else one. */
  #failWaiting(error: unknown): void {
    if (this.#open.size === 0) return this.#rejectAll(error);
    const next = this.#next();
    if (next === undefined) return;
    this.#remove(next.share, next.waiter);
    next.waiter.reject(error);
  }

  #rejectAll(error: unknown): void {
    this.#waiting = 0;
    for (const share of this.#tenants.values()) for (const waiter of share.drain()) waiter.reject(error);
  }

  #forget(connection: RoleConnection): void {
    this.#open.delete(connection);
    this.#endLoan(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    if (this.#waiting > 0) this.#serve();
    this.#drained();
  }

  /** Each idle connection would cost one more request its time. */
  distrust(): void {
    for (const idle of this.#idle.splice(0)) idle.destroy(new PoolClosedError());
  }

  #reapLater(): void {
    this.#reaper ??= setTimeout(() => this.#reap(), this.#options.idleMs).unref();
  }

  #reap(): void {
    this.#reaper = undefined;
    const old = performance.now() - this.#options.idleMs;
    while (this.#idle[0] !== undefined && this.#idle[0].idleSince <= old) void this.#idle.shift()?.close();
    for (const [tenant, share] of this.#tenants)
      if (share.inUse === 0 && share.waiting === 0 && share.seenAt <= old) this.#tenants.delete(tenant);
    // A share that grew because a tenant left may let somebody in.
    if (this.#waiting > 0) this.#serve();
    if (this.#idle.length > 0 || this.#tenants.size > 0) this.#reapLater();
  }

  #drained(): void {
    if (this.#closed && this.#open.size === 0 && this.#opening === 0) this.#onDrained?.();
  }

  /** Idle connections end now, busy ones when their statement does; after `graceMs` that is cancelled. */
  async close(graceMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#reaper);
    this.#rejectAll(new PoolClosedError());
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
