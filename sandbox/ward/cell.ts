// One cell: an isolate that belongs to one extension × tenant, its entries in order, its CPU accounts. Must never let one cell speak for another's lease.
import { type Breach, type CellEnd, type CellHead, toGuest } from '../protocol/kinds.ts';
import type { Isolate } from './engine.ts';
import { WardLease } from './lease.ts';

/** What a cell tells the ward. */
export interface CellEvents {
  onBreach(lease: number, breach: Breach, cpuMs: number): void;
  onSettled(lease: number, cpuUs: number, heapGrowthKb: number | null): void;
  /** 0: what ran for a while has ended. */
  onBusy(lease: number): void;
  onEnded(reason: CellEnd, guilty: number): void;
  /** dispose() did not stop it: only the end of the process will. */
  onStuck(lease: number): void;
}

interface Entry {
  readonly lease: WardLease;
  readonly timeoutMs: number;
  readonly bound: Breach;
  startedAt: number;
}

/** After its timeout an entry has this long to stop, before its isolate is disposed; */
const disposeAfterMs = 250;
/** and its isolate this long, before the ward ends itself. */
const killAfterMs = 500;
const answerAfterMs = 25;
const busyAfterMs = 15;
/** What a guest gets to clean up in when its request was cancelled. */
const farewellMs = 100;
/** Heap is sampled at most this often: a sample is an entry of its own. */
const heapSampleMs = 50;

export class Cell {
  readonly id: number;
  readonly head: CellHead;
  readonly isolate: Isolate;
  readonly leases = new Map<number, WardLease>();
  readonly #events: CellEvents;
  readonly #background: WardLease;
  readonly #entries: Entry[] = [];
  #chargedNs: bigint;
  #reportedBusy = false;
  #disposedAt = 0;
  #ended = false;
  #pausedAt: number | null = null;
  #heapKb = 0;
  #heapSampledAt = 0;
  #backgroundSecond = 0;

  constructor(id: number, head: CellHead, isolate: Isolate, events: CellEvents) {
    this.id = id;
    this.head = head;
    this.isolate = isolate;
    this.#events = events;
    this.#background = new WardLease(0, head.cpuMs, Number.POSITIVE_INFINITY);
    this.#chargedNs = isolate.cpuNs();
  }

  get ended(): boolean {
    return this.#ended;
  }
  get running(): boolean {
    return this.#entries.length > 0;
  }

  addLease(id: number, cpuMs: number, wallMs: number): WardLease {
    const lease = new WardLease(id, cpuMs, performance.now() + wallMs);
    this.leases.set(id, lease);
    return lease;
  }

  /** The lease a message is for. What belongs to no live request runs on the cell's own account: cpuMs a second. */
  leaseOrBackground(id: number): WardLease {
    const lease = this.leases.get(id);
    // One that is over only waits for what runs: a timer that overlaps itself must not keep it for ever.
    if (lease !== undefined && !lease.over) return lease;
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#backgroundSecond) {
      this.#backgroundSecond = second;
      this.#background.charge(-this.#background.cpuUs);
    }
    return this.#background;
  }

  backgroundSpent(): boolean {
    const background = this.leaseOrBackground(0);
    return background.cpuUs >= background.budgetUs(0);
  }

  /** Queues one message into the guest, charged to `lease` and timed by what is left of it. */
  enter(lease: WardLease, kind: number, id: number, text: string, raw: Uint8Array | string | null): void {
    if (this.#ended || lease.stopped) return;
    const entry = this.#begin(lease);
    this.isolate.enter(kind, lease.id, id, text, raw, entry.timeoutMs).then(
      () => this.#settle(entry, false),
      () => this.#settle(entry, true),
    );
  }

  /** Evaluates the extension's script: an entry like others. */
  async load(lease: WardLease, script: string): Promise<void> {
    const entry = this.#begin(lease);
    try {
      await this.isolate.load(script, entry.timeoutMs);
    } catch (error) {
      this.#settle(entry, true);
      throw error;
    }
    this.#settle(entry, false);
  }

  #begin(lease: WardLease): Entry {
    const now = performance.now();
    const entry: Entry = { lease, ...lease.allowance(now), startedAt: this.#entries.length === 0 ? now : Number.POSITIVE_INFINITY };
    this.#entries.push(entry);
    lease.entries += 1;
    return entry;
  }

  /** The host ended a lease: the guest is told, and it settles once nothing of it runs. */
  cancel(id: number): void {
    const lease = this.leases.get(id);
    if (lease === undefined) return;
    lease.over = true;
    lease.extend(performance.now() + farewellMs);
    this.enter(lease, toGuest.cancel, 0, '', null);
    if (lease.entries === 0) this.#settleLease(lease);
  }

  /** The guest gave its whole answer. */
  finish(lease: WardLease): void {
    lease.over = true;
    if (lease.entries === 0) this.#settleLease(lease);
  }

  /** Looks whether an entry runs over its time; called a few dozen times a second. */
  watch(now: number): void {
    const entry = this.#entries[0];
    if (entry === undefined) return;
    if (this.#pausedAt !== null && !this.#ended) return;
    if (this.#ended) {
      if (now - this.#disposedAt > killAfterMs) this.#events.onStuck(entry.lease.id);
      return;
    }
    const ranMs = now - entry.startedAt;
    if (ranMs > busyAfterMs && !this.#reportedBusy) {
      this.#reportedBusy = true;
      this.#events.onBusy(entry.lease.id);
    }
    // Its timer has fired and it runs on: its client need not wait for the end of the ladder.
    if (ranMs > entry.timeoutMs + answerAfterMs) this.#breach(entry.lease, entry.bound, entry.lease.cpuUs / 1000 + ranMs);
    if (ranMs < entry.timeoutMs + disposeAfterMs) return;
    if (this.#disposedAt === 0) {
      this.#disposedAt = now;
      this.isolate.dispose();
    } else if (now - this.#disposedAt > killAfterMs) {
      this.#events.onStuck(entry.lease.id);
    }
  }

  /** A debugger holds it: no clock of ours runs. */
  pause(): void {
    this.#pausedAt ??= performance.now();
  }

  resume(): void {
    if (this.#pausedAt === null) return;
    const pausedMs = performance.now() - this.#pausedAt;
    this.#pausedAt = null;
    const entry = this.#entries[0];
    if (entry !== undefined) entry.startedAt += pausedMs;
    for (const lease of this.leases.values()) lease.postpone(pausedMs);
  }

  /** Which lease runs right now; 0 for none. */
  runningLease(): number {
    return this.#entries[0]?.lease.id ?? 0;
  }

  end(reason: CellEnd, guilty: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onEnded(reason, guilty);
    this.#disposedAt ||= performance.now();
    this.isolate.dispose();
  }

  #settle(entry: Entry, failed: boolean): void {
    const now = performance.now();
    const { lease } = entry;
    const ranMs = now - entry.startedAt;
    this.#entries.shift();
    const next = this.#entries[0];
    if (next !== undefined && next.startedAt > now) next.startedAt = now;
    if (this.#reportedBusy && !this.#ended) this.#events.onBusy(0);
    this.#reportedBusy = false;
    lease.entries -= 1;
    this.#charge(lease);
    if (this.#ended) return;
    if (this.isolate.isGone()) {
      // Not by us: the engine ends an isolate only for memory. By us: the entry outran its timeout.
      this.end(this.#disposedAt === 0 ? 'memory' : 'disposed', lease.id);
      return;
    }
    // A rejection proves nothing, a guest can forge any: what counts is that the time was up.
    const isOverBudget = lease.cpuUs > lease.budgetUs(now);
    if (failed && ranMs >= entry.timeoutMs - 1) this.#breach(lease, entry.bound, lease.cpuUs / 1000);
    // An entry that began before we noticed ran longer than we saw: in doubt it was terminated.
    else if (isOverBudget) this.#breach(lease, failed ? 'cpu-terminated' : 'cpu', lease.cpuUs / 1000);
    if (lease.over && lease.entries === 0) this.#settleLease(lease);
  }

  #charge(lease: WardLease): void {
    const cpuNs = this.isolate.cpuNs();
    if (cpuNs > this.#chargedNs) lease.charge(Number(cpuNs - this.#chargedNs) / 1000);
    if (cpuNs !== 0n) this.#chargedNs = cpuNs;
  }

  /** `cpuMs`: how much processor it used. How long it took in all the host knows better. */
  #breach(lease: WardLease, breach: Breach, cpuMs: number): void {
    if (lease === this.#background) {
      // Nobody to answer to. A terminated isolate is not trusted on; a merely costly one waits for its next second.
      if (breach !== 'cpu' && this.#entries.length === 0) this.end('disposed', 0);
      return;
    }
    if (lease.stopped) return;
    lease.stopped = true;
    lease.over = true;
    this.#events.onBreach(lease.id, breach, cpuMs);
  }

  #settleLease(lease: WardLease): void {
    if (!this.leases.delete(lease.id)) return;
    const now = performance.now();
    if (this.#entries.length > 0 || now - this.#heapSampledAt < heapSampleMs) {
      this.#events.onSettled(lease.id, lease.cpuUs, null);
      return;
    }
    this.#heapSampledAt = now;
    void this.isolate.heapBytes().then((bytes) => {
      const heapKb = bytes === null ? this.#heapKb : Math.round(bytes / 1024);
      this.#events.onSettled(lease.id, lease.cpuUs, bytes === null ? null : Math.max(0, heapKb - this.#heapKb));
      this.#heapKb = heapKb;
      // The sample ran on the guest's thread but on our account.
      this.#chargedNs = this.isolate.cpuNs();
    });
  }
}
