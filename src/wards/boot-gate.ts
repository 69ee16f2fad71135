// Whose boot is next: few at once, tenants in turn by their weight, nobody for ever. Must never let one tenant's burst keep another's boot waiting behind all of it.
import { CloisterError } from '../errors.ts';

export interface BootGateOptions {
  /** Boots at once, of all tenants together. */
  readonly atOnce: number;
  /** That wait, of all tenants and of one. */
  readonly mostWaiting: number;
  readonly mostWaitingOfTenant: number;
  weightOf(tenant: string): number;
  /** Asked once for each look at who waits: says of a tenant whether there is room for its boot now, beside `begun` others that have just begun. */
  look(begun: number): (tenant: string) => boolean;
}

/** One boot, waiting or under way. */
export interface Boot {
  /** True when it may begin, false where it was left before; rejects with ERR_CAPACITY_EXCEEDED where there is no turn for it. */
  readonly turn: Promise<boolean>;
  readonly isWaiting: boolean;
  /** It is over, or nobody wants it any more. */
  leave(): void;
}

interface Entry {
  readonly queue: Queue;
  readonly refuseAt: number;
  readonly resolve: (mine: boolean) => void;
  readonly reject: (error: CloisterError) => void;
  state: 'waiting' | 'booting' | 'over';
}

interface Queue {
  readonly tenant: string;
  readonly waiting: Entry[];
  booting: number;
  /** Boots it had, each divided by its weight: the lowest is next (stride scheduling). */
  pass: number;
}

const lookMs = 20;

const full = (reason: string): CloisterError => new CloisterError('ERR_CAPACITY_EXCEEDED', reason, { retryAfterSeconds: 1 });

export class BootGate {
  readonly #options: BootGateOptions;
  readonly #now: () => number;
  /** Of tenants that have a boot waiting or under way. */
  readonly #queues = new Map<string, Queue>();
  #waiting = 0;
  #booting = 0;
  /** Where the queue was that had the last turn: who comes new begins there, and owes nothing for boots of long ago. */
  #pass = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: BootGateOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
  }

  get waiting(): number {
    return this.#waiting;
  }
  get booting(): number {
    return this.#booting;
  }

  /** `waitMs`: after so long without a turn it is refused. */
  enter(tenant: string, waitMs: number): Boot {
    const queue = this.#queues.get(tenant) ?? { tenant, waiting: [], booting: 0, pass: this.#pass };
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const entry: Entry = { queue, refuseAt: this.#now() + waitMs, resolve, reject, state: 'waiting' };
    const boot: Boot = {
      turn: promise,
      get isWaiting() {
        return entry.state === 'waiting';
      },
      leave: () => this.#leave(entry),
    };
    if (queue.waiting.length >= this.#options.mostWaitingOfTenant || this.#waiting >= this.#options.mostWaiting) {
      entry.state = 'over';
      reject(full('Too much is being started; nothing of this was begun.'));
      return boot;
    }
    if (queue.waiting.length === 0) queue.pass = Math.max(queue.pass, this.#pass);
    this.#queues.set(tenant, queue);
    queue.waiting.push(entry);
    this.#waiting += 1;
    this.serve();
    return boot;
  }

  /** Room may have come about. */
  serve(): void {
    for (let begun = 0; this.#waiting > 0 && this.#booting < this.#options.atOnce; begun += 1) {
      const next = this.#next(this.#options.look(begun));
      if (next === null) break;
      this.#begin(next);
    }
    this.#keepLooking();
  }

  /** Nobody gets a turn any more. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const queue of [...this.#queues.values()])
      for (const entry of [...queue.waiting]) this.#refuse(entry, 'The host is shutting down.');
  }

  #next(hasRoom: (tenant: string) => boolean): Queue | null {
    // One tenant never has all turns: its registrations may take as long as registerMs lets them.
    const most = Math.max(1, this.#options.atOnce - 1);
    let next: Queue | null = null;
    for (const queue of this.#queues.values()) {
      if (queue.waiting.length === 0 || queue.booting >= most || (next !== null && queue.pass >= next.pass)) continue;
      if (hasRoom(queue.tenant)) next = queue;
    }
    return next;
  }

  #begin(queue: Queue): void {
    const entry = queue.waiting.shift();
    if (entry === undefined) return;
    entry.state = 'booting';
    this.#waiting -= 1;
    this.#booting += 1;
    queue.booting += 1;
    this.#pass = queue.pass;
    queue.pass += 1 / this.#options.weightOf(queue.tenant);
    entry.resolve(true);
  }

  #leave(entry: Entry): void {
    const { queue, state } = entry;
    if (state === 'over') return;
    entry.state = 'over';
    if (state === 'waiting') {
      queue.waiting.splice(queue.waiting.indexOf(entry), 1);
      this.#waiting -= 1;
      // Does nothing where it was refused.
      entry.resolve(false);
    } else {
      queue.booting -= 1;
      this.#booting -= 1;
    }
    if (queue.waiting.length === 0 && queue.booting === 0) this.#queues.delete(queue.tenant);
    if (state === 'booting') this.serve();
  }

  #refuse(entry: Entry, reason: string): void {
    entry.reject(full(reason));
    this.#leave(entry);
  }

  /** Memory comes free without anybody saying so, and patience ends. */
  #keepLooking(): void {
    if (this.#waiting === 0) {
      if (this.#timer !== null) clearInterval(this.#timer);
      this.#timer = null;
      return;
    }
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => {
      const now = this.#now();
      for (const queue of [...this.#queues.values()])
        for (const entry of [...queue.waiting])
          if (now >= entry.refuseAt) this.#refuse(entry, 'There was no room to start the extension in: everything that is awake is busy.');
      this.serve();
    }, lookMs);
    this.#timer.unref();
  }
}
