// Sorts frames to cells and posts to frames. Must never pass on a post for a lease that is not of the cell it came from.
import { type Frame, frameHeaderBytes } from '../protocol/frames.ts';
import { bodyModes, breaches, type CellHead, cellEnds, fromGuest, toGuest, toHost, toWard } from '../protocol/kinds.ts';
import { Backlog } from './backlog.ts';
import { Cell } from './cell.ts';
import type { Post } from './engine.ts';
import { HeldAnswers } from './held-answers.ts';
import { Inspections } from './inspections.ts';
import type { WardLease } from './lease.ts';
import { SparePool } from './spares.ts';

export interface WardIo {
  write(kind: number, id: number, a: number, b: number, text: string, raw: Uint8Array | string | null): void;
  /** Bytes on their way to the host. */
  backlogBytes(): number;
  die(): void;
}

/** More than this unread by the host, and the cell that posts is ended: the kernel's own caps lie far below. */
const maxBacklogBytes = 96 * 1024 * 1024;
/** Beside calls and heads a guest says nothing long. Both are judged again on the host; this keeps what is far over from crossing at all. */
const maxTextChars = ({ kernel: { limits } }: CellHead): number => Math.max(limits.callBytes, 2 * limits.headerBytes) + 128 * 1024;
const decoder = new TextDecoder();

export class Ward {
  readonly #io: WardIo;
  readonly #cells = new Map<number, Cell>();
  readonly #cellOfLease = new Map<number, Cell>();
  /** Ended cells of which something still runs. */
  readonly #lingering = new Set<Cell>();
  readonly #answers: HeldAnswers;
  readonly #backlog = new Backlog<Cell>(maxBacklogBytes, (cell) => cell.end('fault', cell.runningLease()));
  readonly #inspections: Inspections;
  #spares: SparePool | null = null;

  constructor(io: WardIo, inspectable: boolean) {
    this.#io = io;
    this.#inspections = new Inspections(inspectable, (cell, message) => io.write(toHost.inspected, cell, 0, 0, message, null));
    this.#answers = new HeldAnswers((...frame) => io.write(...frame));
  }

  watch(now: number): void {
    for (const cell of this.#cells.values()) cell.watch(now);
    for (const cell of this.#lingering) {
      if (cell.running) cell.watch(now);
      else this.#lingering.delete(cell);
    }
  }

  receive(frame: Frame): void {
    switch (frame.kind) {
      case toWard.image:
        this.#spares = new SparePool(
          new Uint8Array(frame.raw ?? []),
          new Map(Object.entries(JSON.parse(frame.text) as object)),
          this.#inspections.enabled,
          () => this.#io.die(),
        );
        return;
      case toWard.spares:
        this.#spares?.want(frame.a, frame.id);
        return;
      case toWard.open:
        void this.#open(frame.id, frame.a, frame.b, JSON.parse(frame.text) as CellHead, decoder.decode(frame.raw ?? new Uint8Array()));
        return;
      case toWard.close:
        this.#cells.get(frame.id)?.end('closed', 0);
        return;
      case toWard.request:
        return this.#request(frame);
      case toWard.job:
        return this.#job(frame);
      case toWard.inspect:
        return this.#inspections.receive(this.#cells.get(frame.id), frame.a, frame.text);
      default:
        return this.#forward(frame);
    }
  }

  #request(frame: Frame): void {
    const mode = frame.b & 3;
    const body = mode === bodyModes.text && frame.raw !== null ? decoder.decode(frame.raw) : frame.raw;
    this.#begin(frame, frame.b >>> 2, toGuest.request, mode, body);
  }

  #job(frame: Frame): void {
    this.#begin(frame, frame.b, toGuest.job, 0, null);
  }

  #begin(frame: Frame, wallMs: number, kind: number, mode: number, body: Uint8Array | string | null): void {
    const cell = this.#cells.get(frame.a);
    if (cell === undefined) return this.#io.write(toHost.settled, frame.id, 0, 0, '', null);
    const lease = cell.addLease(frame.id, cell.head.cpuMs, wallMs);
    this.#cellOfLease.set(frame.id, cell);
    cell.enter(lease, kind, mode, frame.text, body);
  }

  #forward(frame: Frame): void {
    const leaseId = frame.kind === toWard.result ? frame.a : frame.id;
    const cell = frame.kind === toWard.result ? this.#cells.get(frame.b >>> 1) : this.#cellOfLease.get(leaseId);
    if (cell === undefined) return;
    if (frame.kind === toWard.cancel) return cell.cancel(leaseId);
    const lease = cell.leaseOrBackground(leaseId);
    if (frame.kind === toWard.result) cell.enter(lease, toGuest.result, frame.id * 2 + (frame.b & 1), frame.text, frame.raw);
    else if (frame.kind === toWard.body) cell.enter(lease, toGuest.body, 0, '', frame.raw);
    else if (frame.kind === toWard.bodyEnd) cell.enter(lease, toGuest.bodyEnd, frame.a, '', null);
    else if (frame.kind === toWard.credit) cell.enter(lease, toGuest.credit, frame.a, '', null);
  }

  async #open(id: number, leaseId: number, registerMs: number, head: CellHead, script: string): Promise<void> {
    try {
      if (this.#spares === null) throw new Error('the ward has no image');
      const spare = await this.#spares.take(head.memoryMb);
      const cell: Cell = new Cell(id, head, spare.isolate, {
        onBreach: (lease, breach, cpuMs) => {
          this.#answers.flush();
          this.#io.write(toHost.breach, lease, breaches.indexOf(breach), Math.round(cpuMs), '', null);
        },
        onSettled: (lease, cpuUs, heapKb) => {
          this.#cellOfLease.delete(lease);
          this.#answers.settle(lease, Math.round(cpuUs), heapKb === null ? 0 : heapKb + 1);
        },
        onBusy: (lease) => this.#io.write(toHost.busy, id, lease, 0, '', null),
        onEnded: (reason, guilty) => {
          this.#cells.delete(id);
          this.#inspections.forget(cell);
          if (cell.running) this.#lingering.add(cell);
          for (const lease of cell.leases.keys()) this.#cellOfLease.delete(lease);
          clearTimeout(this.#timers.get(cell));
          this.#answers.flush();
          this.#io.write(toHost.ended, id, guilty, cellEnds.indexOf(reason), '', null);
        },
        onStuck: (lease) => {
          this.#answers.flush();
          this.#io.write(toHost.ended, id, lease, cellEnds.indexOf('stuck'), '', null);
          this.#io.die();
        },
      });
      this.#cells.set(id, cell);
      spare.own(this.#receiver(cell), () => {
        this.#answers.flush();
        this.#io.write(toHost.ended, id, cell.runningLease(), cellEnds.indexOf('catastrophe'), '', null);
        this.#io.die();
      });
      // Registration is bounded by its wall time: evaluating a large bundle is legitimate work.
      const lease = cell.addLease(leaseId, registerMs, registerMs);
      this.#cellOfLease.set(leaseId, cell);
      cell.enter(lease, toGuest.configure, 0, JSON.stringify(head.kernel), null);
      await cell.load(lease, script);
      cell.enter(lease, toGuest.register, 0, '', null);
    } catch (error) {
      this.#io.write(toHost.openFailed, id, 0, 0, JSON.stringify({ message: String(error).slice(0, 500) }), null);
      this.#cells.get(id)?.end('fault', leaseId);
    }
  }

  /** What the guest of one cell may say. Everything is checked: kind, types, and that the lease is its own. */
  #receiver(cell: Cell): Post {
    return (kind, anyLease, id, text, raw) => {
      if (cell.ended || typeof kind !== 'number' || typeof anyLease !== 'number' || typeof id !== 'number' || typeof text !== 'string')
        return;
      // A number that no frame can hold would throw where nobody catches.
      const leaseId = anyLease >>> 0;
      if (text.length > maxTextChars(cell.head)) return cell.end('fault', leaseId);
      const part = typeof raw === 'string' || raw instanceof Uint8Array ? raw : null;
      const bytes = frameHeaderBytes + Buffer.byteLength(text) + (part === null ? 0 : Buffer.byteLength(part));
      if (this.#backlog.isOver(cell, bytes, this.#io.backlogBytes() + this.#answers.bytes)) return cell.end('fault', leaseId);
      const lease = cell.leases.get(leaseId);
      if (kind === fromGuest.call || kind === fromGuest.send) return this.#ask(cell, kind, leaseId, id, text, part);
      if (kind === fromGuest.arm) return this.#arm(cell, leaseId, id);
      if (lease === undefined || lease.over) return;
      this.#answer(cell, lease, kind, id, text, part);
    };
  }

  #ask(cell: Cell, kind: number, leaseId: number, id: number, text: string, part: string | Uint8Array | null): void {
    const lease = cell.leases.get(leaseId);
    if (part !== null && part.length > maxTextChars(cell.head)) return cell.end('fault', leaseId);
    // What comes after an answer must find its lease over.
    if (lease?.over === true) this.#answers.flush();
    const [to, bytes] = kind === fromGuest.call ? [toHost.call, part] : [toHost.send, null];
    this.#io.write(to, id >>> 0, lease === undefined ? 0 : leaseId, cell.id, text, bytes);
  }

  #answer(cell: Cell, lease: WardLease, kind: number, id: number, text: string, part: string | Uint8Array | null): void {
    switch (kind) {
      case fromGuest.respond:
        this.#answers.hold(lease.id, text, part);
        return cell.finish(lease);
      case fromGuest.head:
        lease.beginStream(performance.now());
        return this.#io.write(toHost.head, lease.id, 0, 0, text, null);
      case fromGuest.chunk:
        return this.#io.write(toHost.chunk, lease.id, 0, 0, '', part);
      case fromGuest.taken:
        return this.#io.write(toHost.taken, lease.id, id >>> 0, 0, '', null);
      case fromGuest.end:
        this.#io.write(toHost.end, lease.id, 0, 0, '', null);
        return cell.finish(lease);
      case fromGuest.next:
        this.#io.write(toHost.next, lease.id, 0, 0, '', null);
        return cell.finish(lease);
      case fromGuest.done:
        this.#io.write(toHost.done, lease.id, 0, 0, text, null);
        return cell.finish(lease);
      case fromGuest.fault:
        this.#io.write(toHost.fault, lease.id, 0, 0, text, null);
        return cell.finish(lease);
      case fromGuest.registered:
        this.#io.write(toHost.opened, cell.id, Math.round(lease.cpuUs), 0, text, null);
        return cell.finish(lease);
      case fromGuest.registerFailed:
        this.#io.write(toHost.openFailed, cell.id, 0, 0, text, null);
        return cell.end('fault', lease.id);
      default:
        return cell.end('fault', lease.id);
    }
  }

  /** Wakes the guest for its earliest timer. One host timer a cell: the guest keeps the others. */
  readonly #timers = new WeakMap<Cell, NodeJS.Timeout>();
  #arm(cell: Cell, leaseId: number, delayMs: number): void {
    clearTimeout(this.#timers.get(cell));
    if (delayMs < 0) return;
    const fire = (): void => {
      const lease = cell.leaseOrBackground(leaseId);
      if (lease.id === 0 && cell.backgroundSpent()) {
        this.#timers.set(cell, setTimeout(fire, 1000));
        return;
      }
      cell.enter(lease, toGuest.timer, leaseId, '', null);
    };
    this.#timers.set(cell, setTimeout(fire, Math.min(delayMs, 0x7fffffff)));
  }
}
