// From a request to its slot. Must never let one tenant's request near another's slot.
import type { CallLease, LeaseOrigin, LeaseRecord } from '../bridge/call-lease.ts';
import type { Accountability } from '../bridge/capability.ts';
import { CloisterError } from '../errors.ts';
import type { Ledger, LifeEvent } from '../ledger/entry.ts';
import type { RequestSpan, Tracing } from '../telemetry/tracing.ts';
import type { WardPool } from '../wards/ward-pool.ts';
import type { Answer, Question } from './answer.ts';
import type { BreakerOptions } from './breaker.ts';
import type { Cell } from './cell.ts';
import type { Extension } from './extension.ts';
import { FairShare } from './fair-share.ts';
import { Lease } from './lease.ts';
import { LiveLeases } from './live-leases.ts';
import type { RegisteredParts } from './parse-registered.ts';
import { requestIdOf } from './recorded-lease.ts';
import { Slot } from './slot.ts';
import type { SlotServices } from './slot-services.ts';
import { SlotTable } from './slot-table.ts';
import type { TenantViews } from './tenant-views.ts';

export interface DispatcherOptions {
  readonly pool: WardPool;
  readonly ledger: Ledger;
  readonly breaker: BreakerOptions;
  weightOf(tenant: string): number;
  readonly tracing: Tracing | null;
  /** A cell without requests for this long sleeps: it is ended, and the next request boots another. */
  readonly cellIdleMs: number;
  onCall(cell: Cell, lease: CallLease | null, call: number, text: string, bytes: Uint8Array | null): void;
  onRegistered(extension: Extension, tenant: string, registered: RegisteredParts, record: (note: LeaseRecord) => void): void;
  onLife(event: LifeEvent, extension: Extension, tenant: string, subject: string, reason: string): void;
  onGuestError(extension: string, tenant: string, requestId: string, stack: string): void;
  onLedgerFailure(error: unknown): void;
  refuseQuota: SlotServices['refuseQuota'];
  /** null: every tenant has extensions as they are. */
  readonly views: TenantViews | null;
  /** It was never heard of before. */
  onExtension(extension: Extension): void;
}

const noSlot = (): CloisterError =>
  new CloisterError('ERR_CAPACITY_EXCEEDED', 'The host serves as many extensions and tenants at once as it can.', { retryAfterSeconds: 1 });
const unrecorded = (): CloisterError =>
  new CloisterError('ERR_LEDGER_UNAVAILABLE', 'The host cannot put requests on record now.', { retryAfterSeconds: 1 });

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #services: SlotServices;
  readonly #shares: FairShare;
  readonly #slots = new SlotTable<Slot>({ ...slotTable, wholeOf: (extension) => this.#wholeOf(extension) });
  /** Every lease that is not closed: what the clock looks at, and a graceful stop waits for. */
  readonly #live = new LiveLeases();
  readonly #prefix: string;
  /** Of which somebody was told. */
  readonly #known = new WeakSet<Extension>();
  /** Replaced, and ended. */
  readonly #retired = new WeakSet<Extension>();
  readonly #clock: NodeJS.Timeout;
  #prunedAt = performance.now();
  #lastLease = 0;
  #lastCell = 0;
  #closed = false;

  /** `prefix` makes request ids of this runtime unlike those of another. */
  constructor(options: DispatcherOptions, prefix: string) {
    this.#options = options;
    this.#prefix = prefix;
    this.#clock = setInterval(() => this.#tick(), tickMs);
    this.#clock.unref();
    this.#shares = new FairShare({ weightOf: options.weightOf });
    this.#services = {
      place: (extension, tenant, alone) => options.pool.place(tenant, extension.profile, extension.limits.memoryMb, alone),
      enterBoot: (tenant, waitMs) => options.pool.boots.enter(tenant, waitMs),
      nextLeaseId: () => this.#nextLeaseId(),
      nextCellId: () => {
        this.#lastCell = (this.#lastCell % maxId) + 1;
        return this.#lastCell;
      },
      onCall: options.onCall,
      onRegistered: options.onRegistered,
      onLife: options.onLife,
      onGuestError: ({ extension, tenant, requestId }, stack) => options.onGuestError(extension, tenant, requestId, stack),
      refuseQuota: options.refuseQuota,
      onDone: (lease) => this.#live.delete(lease),
      shares: this.#shares,
      breaker: options.breaker,
      cellIdleMs: options.cellIdleMs,
    };
  }

  /** Of all extensions and tenants: who waits for a place in a cell. */
  get queuedRequests(): number {
    let sum = 0;
    for (const slot of this.#slots.values()) sum += slot.queued;
    return sum;
  }
  get liveRequests(): number {
    return this.#live.size;
  }

  /** Those that are there now. */
  cells(): readonly Cell[] {
    return [...this.#slots.values()].flatMap((slot) => [...slot.cells]);
  }
  /** Pairs of extension and tenant that were asked for of late and have no cell now. */
  get sleeping(): number {
    let sum = 0;
    for (const slot of this.#slots.values()) if (slot.cells.size === 0) sum += 1;
    return sum;
  }

  /** Something else is said of a tenant: cells that were booted by what was said before take no more requests. */
  renew(tenant: string): void {
    for (const slot of this.#slots.ofTenant(tenant)) {
      if (this.#viewOf(slot.extension, tenant).view === slot.extension) continue;
      for (const cell of [...slot.cells]) cell.retire('what its tenant has is different now');
    }
  }

  /** Throws ERR_CAPACITY_EXCEEDED where no more can be kept, ERR_TENANT_UNAVAILABLE where nobody can say what the tenant has. */
  slot(extension: Extension, tenant: string): Slot {
    const { view, refusal } = this.#viewOf(extension, tenant);
    if (refusal !== null) throw refusal;
    const slot = this.#find(view ?? extension, tenant);
    if (slot.kept) return slot.slot;
    throw noSlot();
  }

  /** Not kept: for a request that is refused, and so that strangers do not fill the table. */
  #find(extension: Extension, tenant: string, keep = true): { readonly slot: Slot; readonly kept: boolean } {
    const known = this.#slots.get(extension, tenant);
    if (known !== undefined) return { slot: known, kept: true };
    const whole = this.#wholeOf(extension);
    if (!this.#known.has(whole) && !this.#retired.has(whole)) {
      this.#known.add(whole);
      this.#options.onExtension(whole);
    }
    const origin = this.#origin(extension, tenant);
    this.#live.know(origin, whole);
    const slot = new Slot(extension, origin, this.#services, this.#slots.latest(whole, tenant));
    return { slot, kept: keep && this.#slots.add(slot) };
  }

  /** Ends every cell of an extension and forgets it. */
  forget(extension: Extension): void {
    for (const slot of this.#slots.of(extension)) slot.close();
    this.#slots.forget(extension);
    this.#known.delete(extension);
  }

  /** It is served no more: what it has begun may finish within its replacedMs, what has not by then is ended and told. Who still comes for it is told to try again. */
  async retire(extension: Extension): Promise<void> {
    const { replacedMs } = extension.limits;
    const until = performance.now() + replacedMs;
    if (!this.#closed) await this.#live.untilNone(extension, replacedMs);
    this.#retired.add(extension);
    for (const lease of this.#live.of(extension))
      lease.breach('ERR_EXTENSION_REPLACED', 'replacedMs', replacedMs, Math.round(performance.now() - until) + replacedMs);
    this.forget(extension);
  }

  /** Lets the request run; `answer` hears of it. Returns the lease, so that the caller can abandon it. */
  dispatch(given: Extension, tenant: string, accountability: Accountability, question: Question, answer: Answer): Lease {
    const extension = this.#wholeOf(given);
    const isRetired = this.#retired.has(extension);
    const { view, refusal } = this.#viewOf(extension, tenant);
    const { slot, kept } = this.#find(view ?? extension, tenant, !isRetired && !this.#closed && refusal === null);
    const lease = this.#makeLease(slot, accountability, question, answer);
    if (this.#closed) lease.fail(new CloisterError('ERR_RUNTIME_CLOSED', 'The host is shutting down.'));
    else if (isRetired) {
      const text = `The extension ${extension.id} was replaced by another version.`;
      lease.fail(new CloisterError('ERR_EXTENSION_UNAVAILABLE', text, { retryAfterSeconds: 1 }));
    } else if (refusal !== null) lease.fail(refusal);
    else if (!kept) lease.fail(noSlot());
    else if (!this.#canRecord()) lease.fail(unrecorded());
    else if (this.#recordNotes(lease)) slot.accept(lease);
    return lease;
  }

  /** A request that does nothing but answer is put on record when it ends: too late to refuse it then. */
  #canRecord(): boolean {
    try {
      this.#options.ledger.check();
      return true;
    } catch (error) {
      this.#options.onLedgerFailure(error);
      return false;
    }
  }

  /** Answers and puts on record a request that may not run. */
  refuse(
    extension: Extension,
    tenant: string,
    accountability: Accountability,
    question: Question,
    answer: Answer,
    error: CloisterError,
  ): void {
    this.#makeLease(this.#find(extension, tenant, false).slot, accountability, question, answer).refuse(error);
  }

  /** Takes no more requests, waits for those it has, then ends every cell. */
  async close(drainMs: number): Promise<void> {
    this.#closed = true;
    this.#live.giveUp();
    const until = performance.now() + drainMs;
    while (this.#live.size > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, drainPollMs));
    for (const slot of this.#slots.values()) slot.close();
    for (const lease of this.#live.values()) lease.fail(new CloisterError('ERR_RUNTIME_CLOSED', 'The host is shutting down.'));
    clearInterval(this.#clock);
  }

  /** `view` null: nobody can say what the tenant has. */
  #viewOf(extension: Extension, tenant: string): { readonly view: Extension | null; readonly refusal: CloisterError | null } {
    try {
      return { view: this.#options.views?.of(extension, tenant) ?? extension, refusal: null };
    } catch (error) {
      if (error instanceof CloisterError) return { view: null, refusal: error };
      throw error;
    }
  }

  #wholeOf(extension: Extension): Extension {
    return this.#options.views?.wholeOf(extension) ?? extension;
  }

  #origin(extension: Extension, tenant: string): LeaseOrigin {
    const { id, version, artifact, limits, tenantVars = {} } = extension;
    const { ledger, onLedgerFailure } = this.#options;
    return { extension: id, version, artifact, tenant, tenantVars, limits, ledger, prefix: this.#prefix, onLedgerFailure };
  }

  #makeLease(slot: Slot, accountability: Accountability, question: Question, answer: Answer): Lease {
    const id = this.#nextLeaseId();
    const lease = new Lease(slot.origin, id, accountability, question, answer, slot, this.#beginSpan(slot, id, question));
    this.#live.add(lease);
    return lease;
  }

  #beginSpan({ origin }: Slot, id: number, { method, path, trace, job }: Question): RequestSpan | null {
    const { tracing } = this.#options;
    if (tracing === null) return null;
    const { extension, version, tenant } = origin;
    return tracing.begin(trace, {
      extension,
      version,
      tenant,
      request: job?.requestId ?? requestIdOf(origin, id),
      method,
      path,
      isJob: job !== undefined,
    });
  }

  /** What cannot be recorded does not run. */
  #recordNotes(lease: Lease): boolean {
    try {
      for (const note of lease.question.notes ?? []) lease.recordStrictly(note);
      return true;
    } catch (error) {
      lease.fail(
        error instanceof CloisterError ? error : new CloisterError('ERR_LEDGER_UNAVAILABLE', 'The request could not be recorded.'),
      );
      return false;
    }
  }

  #nextLeaseId(): number {
    this.#lastLease = (this.#lastLease % maxId) + 1;
    return this.#lastLease;
  }

  #tick(): void {
    const now = performance.now();
    for (const lease of this.#live.values()) lease.tick(now);
    this.#shares.tick(now);
    if (now - this.#prunedAt < pruneMs) return;
    this.#prunedAt = now;
    this.#slots.prune();
  }
}

/** Ids cross as 31-bit numbers and start again after that; no lease lives so long. */
const maxId = 0x3fffffff;
const drainPollMs = 10;
const pruneMs = 5_000;
/** Twice as many pairs as one machine is meant to have at work within a minute; each holds about two kilobytes. */
const slotTable = { most: 20_000, idleMs: 60_000, reputationMs: 600_000 };
const tickMs = 20;
