// A ward with what the host placed in it. Must never let a ward speak for a cell or lease that is not there: that ends the ward.
import type { Frame } from '../../sandbox/protocol/frames.ts';
import { IdTable } from '../../sandbox/protocol/id-table.ts';
import { type Breach, breaches, type CellEnd, cellEnds, toHost, toWard } from '../../sandbox/protocol/kinds.ts';
import type { Profile } from './profile.ts';
import type { WardProcess } from './ward-process.ts';

/** What a ward may say of a cell. */
export interface CellPeer {
  /** The limit of its extension. */
  readonly wardRssMb: number;
  /** When a request was last in it; null where one is now, or it is not ready for any. */
  readonly idleSince: number | null;
  /** It takes no more requests, and ends with those it has. */
  retire(reason: string): void;
  onOpened(registered: string, cpuUs: number): void;
  onOpenFailed(text: string): void;
  /** `lease` is 0 where the call belongs to no live request; `call` is 0 where no answer is wanted. */
  onCall(lease: number, call: number, text: string, bytes: Uint8Array | null): void;
  /** A message to its debugger. */
  onInspected(message: string): void;
  onEnded(end: CellEnd, guilty: number): void;
  /** Which cell and lease brought the ward down; cell 0 when that is not known, -1 when it was none of its cells, lease 0 when it was no live request. */
  onWardExit(reason: string, guiltyCell: number, guiltyLease: number): void;
}

/** What a ward may say of a lease. */
export interface LeasePeer {
  readonly cell: number;
  onRespond(head: string, body: Uint8Array | null): void;
  onHead(head: string): void;
  onChunk(bytes: Uint8Array): void;
  onEnd(): void;
  onNext(): void;
  /** A job gave its result. */
  onJobDone(result: string): void;
  onFault(text: string): void;
  onBreach(breach: Breach, usedCpuMs: number): void;
  onTaken(bytes: number): void;
  onSettled(cpuUs: number, heapGrowthKb: number | null): void;
}

/** A ward that had no cell for this long is ended. */
const idleMs = 60_000;

const nobodyKnows = [0, 0] as const;
const noneOfThem = [-1, 0] as const;

export class Ward {
  readonly process: WardProcess;
  readonly profile: Profile;
  readonly cells = new Map<number, CellPeer>();
  readonly leases = new IdTable<LeasePeer>();
  /** null until a tenant has it; then it is never another's. */
  tenant: string | null = null;
  /** Resident memory it may have: the most that any extension in it may. */
  rssLimitMb = 0;
  /** What it had when it was killed for that; 0 where it was not. */
  overRssMb = 0;
  /** The engine gave up on the heap of a cell and took the process with it. */
  heapFailed = false;
  /** Holds one suspect cell and takes no other. */
  alone = false;
  /** When the last of its requests was over. */
  usedAt = performance.now();
  /** When it became its tenant's. */
  bornAt = 0;
  readonly luck = Math.random();
  /** As it was last looked at: all of it, what it has for itself, and pages of files. */
  residentMb = 0;
  ownMb = 0;
  sharedMb = 0;
  /** What it had for itself when its first cell was there, within what is usual; 0 before. */
  freshMb = 0;
  /** A cell has registered in it. */
  hasOpened = false;
  /** Why it takes no new cells and ends with those it has; null: it goes on. */
  retiring: string | null = null;
  readonly #busy = new Map<number, number>();
  readonly #ended = new Map<number, number>();
  readonly #onExit: (ward: Ward, reason: string) => void;
  #idleTimer: NodeJS.Timeout | null = null;

  constructor(process: WardProcess, profile: Profile, onExit: (ward: Ward, reason: string) => void) {
    this.process = process;
    this.profile = profile;
    this.#onExit = onExit;
    process.listen({ onFrame: (frame) => this.#receive(frame), onExit: (reason, blameless) => this.#exit(reason, blameless) });
  }

  place(cell: number, peer: CellPeer): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#idleTimer = null;
    this.cells.set(cell, peer);
    this.rssLimitMb = Math.max(this.rssLimitMb, peer.wardRssMb);
  }

  /** The host is done with a cell; the ward is told to end it. */
  remove(cell: number): void {
    if (!this.cells.delete(cell)) return;
    this.#busy.delete(cell);
    this.process.write(toWard.close, cell, 0, 0, '', null);
    this.#afterCell();
  }

  /** One cell less: with the last, its own end is near. */
  #afterCell(): void {
    if (this.cells.size > 0) return;
    if (this.retiring !== null) this.process.kill(this.retiring);
    else if (this.alone) this.process.kill('its suspect cell is over');
    else this.#waitForCell();
  }

  /** From now on it is one tenant's. */
  give(tenant: string, alone: boolean): void {
    this.tenant = tenant;
    this.alone = alone;
    this.usedAt = performance.now();
    this.bornAt = this.usedAt;
    // Whoever wanted it may be gone before there is a cell.
    this.#waitForCell();
  }

  /** Its cells finish what they have, in others begins what comes. */
  retire(reason: string): void {
    if (this.retiring !== null) return;
    this.retiring = reason;
    for (const cell of [...this.cells.values()]) cell.retire(reason);
    if (this.cells.size === 0 && this.leases.size === 0) this.process.kill(reason);
  }

  /** Kills it for what one request did: the others in it are not suspected. */
  killFor(cell: number, lease: number, reason: string): void {
    this.#ended.clear();
    this.#ended.set(cell, lease);
    this.process.kill(reason);
  }

  #waitForCell(): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.process.kill('idle'), idleMs);
    this.#idleTimer.unref();
  }

  #receive(frame: Frame): void {
    if (frame.kind === toHost.call || frame.kind === toHost.send) return this.#call(frame);
    const lease = this.leases.get(frame.id);
    switch (frame.kind) {
      case toHost.opened:
        this.hasOpened ||= this.cells.has(frame.id);
        return this.cells.get(frame.id)?.onOpened(frame.text, frame.a);
      case toHost.openFailed:
        return this.cells.get(frame.id)?.onOpenFailed(frame.text);
      case toHost.ended:
        return this.#cellEnded(frame);
      case toHost.inspected:
        return this.cells.get(frame.id)?.onInspected(frame.text);
      case toHost.busy:
        if (frame.a === 0) this.#busy.delete(frame.id);
        else if (this.leases.get(frame.a)?.cell === frame.id) this.#busy.set(frame.id, frame.a);
        return;
      // What a lease's frames say of a lease that is over is late, not false: the host may have ended it meanwhile.
      case toHost.respond:
        lease?.onRespond(frame.text, frame.raw);
        return frame.a === 0 ? undefined : this.#settled(frame.id, lease, frame.a - 1, frame.b);
      case toHost.head:
        return lease?.onHead(frame.text);
      case toHost.chunk:
        return frame.raw === null ? undefined : lease?.onChunk(frame.raw);
      case toHost.end:
        return lease?.onEnd();
      case toHost.next:
        return lease?.onNext();
      case toHost.done:
        return lease?.onJobDone(frame.text);
      case toHost.fault:
        return lease?.onFault(frame.text);
      case toHost.breach:
        return lease?.onBreach(breaches[frame.a] ?? 'cpu', frame.b);
      case toHost.taken:
        return lease?.onTaken(frame.a);
      case toHost.settled:
        return this.#settled(frame.id, lease, frame.a, frame.b);
      default:
        return this.process.kill(`protocol: a frame of unknown kind ${frame.kind}`);
    }
  }

  #call(frame: Frame): void {
    const cell = this.cells.get(frame.b);
    if (cell === undefined) return;
    const lease = this.leases.get(frame.a);
    if (lease !== undefined && lease.cell !== frame.b) return this.process.kill('protocol: a call for the lease of another cell');
    cell.onCall(lease === undefined ? 0 : frame.a, frame.kind === toHost.call ? frame.id : 0, frame.text, frame.raw);
  }

  #cellEnded(frame: Frame): void {
    const end = cellEnds[frame.b] ?? 'fault';
    // The ward is about to end itself: its exit, with this as the cause, tells every cell at once.
    if (end === 'catastrophe' || end === 'stuck') {
      this.#ended.set(frame.id, frame.a);
      this.heapFailed ||= end === 'catastrophe';
      if (end === 'stuck') this.process.kill('a cell could not be stopped');
      return;
    }
    const cell = this.cells.get(frame.id);
    this.cells.delete(frame.id);
    this.#busy.delete(frame.id);
    if (cell === undefined) return;
    // Its owner may place another here at once.
    cell.onEnded(end, frame.a);
    this.#afterCell();
  }

  #settled(id: number, lease: LeasePeer | undefined, cpuUs: number, heapGrowth: number): void {
    // Of a lease that is there: to say so of any would keep a ward awake.
    if (lease === undefined) return;
    this.usedAt = performance.now();
    this.leases.delete(id);
    if (this.#busy.get(lease.cell) === id) this.#busy.delete(lease.cell);
    lease.onSettled(cpuUs, heapGrowth === 0 ? null : heapGrowth - 1);
  }

  /** Who was running tells who looped. It does not tell who holds memory: a cell may have taken it in a request that is long over. */
  #suspects(): ReadonlyMap<number, number> {
    return this.overRssMb > 0 && this.cells.size > 1 ? new Map() : this.#busy;
  }

  #exit(reason: string, blameless: boolean): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    const told = this.#ended.size > 0 ? this.#ended : this.#suspects();
    const guilty = told.size === 1 ? ([...told][0] ?? nobodyKnows) : nobodyKnows;
    const [guiltyCell, guiltyLease] = blameless ? noneOfThem : guilty;
    const cells = [...this.cells.values()];
    this.cells.clear();
    for (const cell of cells) cell.onWardExit(reason, guiltyCell, guiltyLease);
    this.leases.clear();
    this.#onExit(this, reason);
  }
}
