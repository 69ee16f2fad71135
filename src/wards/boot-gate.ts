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
  /** It was refused because it had no turn for as long as it may wait. */
  readonly outOfPatience: boolean;
  /** Begins without a turn: somebody who has one waits for it. */
  hurry(): void;
  /** It is over, or nobody wants it any more. */
  leave(): void;
}

interface Entry {
  readonly queue: Queue;
  readonly refuseAt: number;
  readonly resolve: (mine: boolean) => void;
  readonly reject: (error: CloisterError) => void;
  /** `slow`: it still boots, and takes no turn from others any more. */
  state: 'waiting' | 'booting' | 'slow' | 'over';
  begunAt: number;
  outOfPatience: boolean;
}

interface Queue {
  readonly tenant: string;
  readonly waiting: Entry[];
  /** Slow ones included. */
  booting: number;
  /** Boots it had and the time they took, divided by its weight: the lowest is next (stride scheduling). */
  pass: number;
}

const lookMs = 20;
/** What a boot may take as one turn: whoever takes longer is most likely asleep, and pays for more turns. */
const turnMs = 250;
/** Boots under way, slow ones included, to those that have turns. */
const slowFactor = 4;

const full = (reason: string): CloisterError => new CloisterError('ERR_CAPACITY_EXCEEDED', reason, { retryAfterSeconds: 1 });

export class BootGate {
  readonly #options: BootGateOptions;
  readonly #now: () => number;
  /** Of tenants that have a boot waiting or under way. */
  readonly #queues = new Map<string, Queue>();
  #waiting = 0;
  /** Under way, longest first. */
  readonly #booting = new Set<Entry>();
  #slow = 0;
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
    return this.#booting.size;
  }

  /** `waitMs`: after so long without a turn it is refused. */
  enter(tenant: string, waitMs: number): Boot {
    const queue = this.#queues.get(tenant) ?? { tenant, waiting: [], booting: 0, pass: this.#pass };
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const entry: Entry = { queue, refuseAt: this.#now() + waitMs, resolve, reject, state: 'waiting', begunAt: 0, outOfPatience: false };
    const boot: Boot = {
      turn: promise,
      get isWaiting() {
        return entry.state === 'waiting';
      },
      get outOfPatience() {
        return entry.outOfPatience;
      },
      hurry: () => this.#hurry(entry),
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
    const { atOnce } = this.#options;
    this.#markSlow();
    for (let begun = 0; this.#waiting > 0 && this.#booting.size - this.#slow < atOnce; begun += 1) {
      if (this.#booting.size >= slowFactor * atOnce) break;
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
    // One tenant never has all turns, slow boots of its own included: its registrations may take as long as registerMs lets them.
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
    entry.begunAt = this.#now();
    this.#booting.add(entry);
    queue.booting += 1;
    this.#pass = queue.pass;
    queue.pass += 1 / this.#options.weightOf(queue.tenant);
    entry.resolve(true);
  }

  /** A registration that sleeps needs no processor: others may have its turn meanwhile. */
  #markSlow(): void {
    const before = this.#now() - turnMs;
    for (const entry of this.#booting) {
      if (entry.begunAt > before) return;
      if (entry.state === 'slow') continue;
      entry.state = 'slow';
      this.#slow += 1;
    }
  }

  #hurry(entry: Entry): void {
    if (entry.state !== 'waiting') return;
    // Before it is left, which would say that nobody wants it.
    entry.resolve(true);
    this.#leave(entry);
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
      this.#booting.delete(entry);
      if (state === 'slow') this.#slow -= 1;
      queue.pass += Math.max(0, (this.#now() - entry.begunAt) / turnMs - 1) / this.#options.weightOf(queue.tenant);
    }
    if (queue.waiting.length === 0 && queue.booting === 0) this.#queues.delete(queue.tenant);
    if (state !== 'waiting') this.serve();
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
          if (now >= entry.refuseAt) {
            entry.outOfPatience = true;
            this.#refuse(entry, 'There was no room to start the extension in: everything that is awake is busy.');
          }
      this.serve();
    }, lookMs);
    this.#timer.unref();
  }
}
