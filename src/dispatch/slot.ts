// One extension × tenant: its cell, who waits for it, its reputation. Must never give a cell more than the limits allow.
import type { CallLease, LeaseOrigin } from '../bridge/call-lease.ts';
import { CloisterError } from '../errors.ts';
import { afterLoss } from './after-loss.ts';
import type { AnswerHead } from './answer.ts';
import type { Cell, Loss } from './cell.ts';
import { CellOpener, type CellOpenerOwner } from './cell-opener.ts';
import { terminated } from './ending.ts';
import type { Extension } from './extension.ts';
import { IdleTimer } from './idle-timer.ts';
import type { Lease, LeaseEvents } from './lease.ts';
import { parseRegistered, type RegisteredParts } from './parse-registered.ts';
import { makeHeadParser } from './parse-response.ts';
import { RateLimit } from './rate.ts';
import { Reputation } from './reputation.ts';
import type { SlotEvent, SlotServices } from './slot-services.ts';
import { Waiting } from './waiting.ts';

/** Requests in a row without an answer in time, after which a cell is replaced. */
const missesToRetire = 4;

export class Slot implements CellOpenerOwner, LeaseEvents {
  readonly extension: Extension;
  readonly tenant: string;
  readonly origin: LeaseOrigin;
  readonly parseHead: (text: string) => AnswerHead;
  readonly #services: SlotServices;
  readonly #reputation: Reputation;
  readonly #rate: RateLimit;
  readonly #waiting: Waiting;
  readonly #opener: CellOpener;
  #current: Cell | null = null;
  readonly #idle: IdleTimer;
  #usedAt = performance.now();
  readonly #waiters: { resolve(registered: RegisteredParts): void; reject(error: Error): void }[] = [];

  /** `before`: what the tenant had of the same extension until now. What it has earned and asked so far counts on. */
  constructor(extension: Extension, origin: LeaseOrigin, services: SlotServices, before?: Slot) {
    this.extension = extension;
    this.origin = origin;
    this.parseHead = makeHeadParser(extension.limits);
    this.tenant = origin.tenant;
    this.#services = services;
    this.#idle = new IdleTimer(services.cellIdleMs, () => {
      if (this.#waiting.running === 0) this.#current?.retire('idle');
    });
    this.#reputation =
      before === undefined
        ? new Reputation(services.breaker, (event, subject, reason) => services.onLife(event, extension, origin.tenant, subject, reason))
        : before.#reputation;
    this.#rate = before === undefined ? new RateLimit() : before.#rate;
    this.#waiting = new Waiting(extension.limits);
    this.#opener = new CellOpener(extension, origin, services, this);
  }

  get queued(): number {
    return this.#waiting.length;
  }
  get cells(): ReadonlySet<Cell> {
    return this.#opener.cells;
  }
  /** When somebody last asked something of it. */
  get usedAt(): number {
    return this.#usedAt;
  }
  /** Nobody is in it, waits for it or is on the way. */
  get isEmpty(): boolean {
    return this.#opener.cells.size === 0 && this.#opener.opening === 0 && this.#waiting.length === 0 && this.#waiters.length === 0;
  }
  /** Nothing stands against it. */
  get isInnocent(): boolean {
    return this.#reputation.isClean;
  }
  get suspect(): boolean {
    return this.#reputation.suspect;
  }
  get first(): Lease | undefined {
    return this.#waiting.first;
  }
  get jobs(): readonly Lease[] {
    return this.#waiting.jobs;
  }

  /** Opens the cell ahead of any request; resolves with what its registration has done, rejects with why it cannot be served. */
  warm(): Promise<RegisteredParts> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#opener.open(true);
    });
  }

  /** Takes a request in, or refuses it at once. */
  accept(lease: Lease): void {
    this.#usedAt = performance.now();
    const { limits } = this.extension;
    const { parkedMs } = this.#reputation;
    if (parkedMs > 0) {
      return lease.fail(
        new CloisterError('ERR_EXTENSION_PARKED', `The extension ${this.extension.id} kept failing and is parked.`, {
          retryAfterSeconds: Math.ceil(parkedMs / 1000),
        }),
      );
    }
    // Events have limits of their own: they must not use up what a tenant's clients may ask.
    if (lease.question.job === undefined && !this.#rate.take(limits.ratePerSecond))
      return lease.breach('ERR_RATE_EXCEEDED', 'ratePerSecond', limits.ratePerSecond, limits.ratePerSecond + 1);
    const refusal = this.#services.refuseQuota(this.extension.id, this.tenant, lease.question.job !== undefined);
    if (refusal !== null) return lease.fail(refusal);
    const over = this.#waiting.add(lease);
    if (over !== null) return lease.breach('ERR_CAPACITY_EXCEEDED', over.limit, limits[over.limit], over.used);
    this.pump();
  }

  /** Gives waiting requests to a cell, opens one where there is none. */
  pump(): void {
    if (this.#waiting.length === 0) return;
    const held = this.#services.shares.holds(this);
    if (this.extension.isolation === 'request') {
      for (let missing = this.#waiting.ready(held) - this.#opener.opening; missing > 0; missing -= 1) this.#opener.open();
      return this.#opener.hurry();
    }
    if (this.#current === null) {
      if (this.#opener.opening === 0) this.#opener.open();
      return this.#opener.hurry();
    }
    for (let ran = true; ran && this.#current !== null; ) ran = this.#runNext(this.#current, held || this.#services.shares.holds(this));
  }

  onOver(lease: Lease): void {
    const cell = lease.home;
    if (cell === null) {
      this.#waiting.remove(lease);
      const wanted = this.extension.isolation === 'request' ? this.#waiting.ready() : Math.min(1, this.#waiting.length);
      return this.#opener.trim(Math.max(wanted, Math.min(1, this.#waiters.length)));
    }
    this.#waiting.leave(lease);
    if (this.#waiting.running === 0) this.#idle.start();
    this.#judge(cell, lease);
    if (this.extension.isolation === 'request') cell.retire('its request is over');
    this.pump();
  }

  /** A cell that no longer answers anything is as good as dead: its extension has patched what it stands on, or waits for what never comes. */
  #judge(cell: Cell, lease: Lease): void {
    if (lease.answered) {
      cell.missed = 0;
      // It behaved: its next cell may live beside others again.
      if (this.#reputation.succeed()) this.#current?.retire('no longer suspect');
      return;
    }
    if (!lease.missedDeadline) return;
    cell.missed += 1;
    if (cell.missed !== missesToRetire) return;
    cell.retire(`${missesToRetire} requests in a row had no answer in time`);
    this.#reputation.strikeFor(cell, 'it stopped answering');
  }

  onGuestError(lease: Lease, stack: string): void {
    this.#services.onGuestError(lease, stack);
  }

  onDone(lease: Lease, cpuMs: number): void {
    this.#services.shares.end(this.tenant, lease.id, cpuMs);
    this.#services.onDone(lease);
  }

  onReady(cell: Cell, text: string): void {
    let registered: RegisteredParts;
    try {
      registered = parseRegistered(text);
      this.#services.onRegistered(this.extension, this.tenant, registered, (note) => cell.record(note));
    } catch (error) {
      cell.close('what it registers is refused');
      return this.onRefused(cell, error instanceof Error ? error.message : String(error));
    }
    this.#opener.opened(cell);
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(registered);
    if (this.extension.isolation === 'request') {
      // Whom somebody waits for goes first; a cell that is there is used all the same.
      if (!this.#runNext(cell, this.#services.shares.holds(this)) && !this.#runNext(cell)) cell.retire('nobody waits for it');
    } else {
      this.#current = cell;
      this.#idle.start();
    }
    this.pump();
  }

  onRefused(cell: Cell, message: string): void {
    this.#opener.forget(cell);
    this.#refuse(message);
  }

  onDisturbed(cell: Cell, reason: string): void {
    // Alone it had nobody else to go down by.
    if (cell.ward.alone) return this.onRefused(cell, `while registering, ${reason}`);
    this.#opener.forget(cell);
    this.#life('cell.end', cell, reason);
    this.#reputation.doubt();
    this.#opener.open();
  }

  onBoot(cell: Cell): void {
    this.#life('cell.boot', cell, `ward ${cell.ward.process.pid}`);
  }

  onUnplaced(error: unknown, outOfPatience: boolean): void {
    if (outOfPatience && this.#waiters.length === 0) {
      for (const lease of this.#waiting.drainImpatient()) lease.fail(error instanceof CloisterError ? error : this.#unavailable());
      return this.pump();
    }
    // No fault of the extension's own, so no strike.
    const message = error instanceof Error ? error.message : String(error);
    this.#fail(message, error instanceof CloisterError && error.code === 'ERR_CAPACITY_EXCEEDED' ? error : this.#unavailable());
  }

  onOutdated(): void {
    if (this.#waiters.length > 0 && this.#opener.opening === 0) this.#opener.open(true);
    this.pump();
  }

  onCall(cell: Cell, lease: CallLease | null, call: number, text: string, bytes: Uint8Array | null): void {
    this.#services.onCall(cell, lease, call, text, bytes);
  }

  onLost(cell: Cell, loss: Loss): void {
    const { guilty, blame, leases, how, reason } = loss;
    this.#opener.forget(cell);
    if (this.#current === cell) this.#current = null;
    for (const lease of leases) this.#waiting.leave(lease);
    this.#life('cell.end', cell, reason);
    // Where nobody knows whose fault it was, everybody is suspect and runs again alone; who then goes down alone was it.
    const unknown = blame === 'unknown' && leases.length > 0;
    if (blame === 'own' || unknown) this.#reputation.distrust(cell, how, reason);
    for (const lease of leases) afterLoss(lease, lease === guilty || (unknown && cell.ward.alone), loss, cell, this.#waiting);
    this.pump();
  }

  onRetired(cell: Cell, reason: string): void {
    if (this.#current === cell) this.#current = null;
    if (reason === terminated) this.#reputation.strikeFor(cell, reason);
    this.pump();
  }

  onClosed(cell: Cell, reason: string): void {
    this.#opener.forget(cell);
    if (this.#current === cell) this.#current = null;
    this.#life('cell.end', cell, reason);
  }

  close(): void {
    this.#idle.stop();
    const closed = new CloisterError('ERR_RUNTIME_CLOSED', 'The host is shutting down.');
    for (const lease of this.#waiting.drain()) lease.fail(closed);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(closed);
    this.#opener.close('the runtime closes');
  }

  /** `held`: none of its own accord, only what a running request waits for. */
  #runNext(cell: Cell, held = false): boolean {
    const lease = this.#waiting.take(held);
    if (lease === undefined) return false;
    this.#services.shares.begin(this.tenant, lease.id);
    cell.run(lease);
    return true;
  }

  #unavailable(): CloisterError {
    return new CloisterError('ERR_EXTENSION_UNAVAILABLE', `The extension ${this.extension.id} could not be started.`, {
      retryAfterSeconds: 1,
    });
  }

  #refuse(message: string): void {
    this.#reputation.strike(message);
    this.#fail(message, this.#unavailable());
  }

  #fail(message: string, error: CloisterError): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new CloisterError('ERR_REGISTER_FAILED', message));
    // With a cell per request only one request waited for this one; with a shared cell, or no room for any, all of them.
    const one = this.extension.isolation === 'request' && error.code !== 'ERR_CAPACITY_EXCEEDED';
    for (const lease of this.#waiting.drain(one ? 1 : undefined)) lease.fail(error);
  }

  #life(event: SlotEvent, cell: Cell, reason: string): void {
    this.#services.onLife(event, this.extension, this.tenant, `cell ${cell.id}`, reason);
  }
}
