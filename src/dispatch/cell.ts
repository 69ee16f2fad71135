// The host's view of one cell: which requests are in it, and what becomes of them when it ends. Must never give a request to a cell that is not ready.
import { randomBytes } from 'node:crypto';
import { IdTable } from '../../sandbox/protocol/id-table.ts';
import { type CellEnd, type CellHead, toWard } from '../../sandbox/protocol/kinds.ts';
import type { CallLease, LeaseOrigin, LeaseRecord } from '../bridge/call-lease.ts';
import type { Cause } from '../bridge/capability.ts';
import type { CellPeer, Ward } from '../wards/ward.ts';
import type { Extension } from './extension.ts';
import type { Lease } from './lease.ts';
import { Registration } from './registration.ts';

/** How a cell was lost: its heap was full, it had to be ended, or its process went under it. */
export interface Loss {
  readonly how: 'memory' | 'cell' | 'crash';
  readonly reason: string;
  /** Whose fault it was: this cell's own, that of another cell of the ward, or nobody knows. */
  readonly blame: 'own' | 'other' | 'unknown';
  /** The request that did it; null where it was none, as a timer after an answer. */
  readonly guilty: Lease | null;
  /** Whose requests were in it and have no answer yet. */
  readonly leases: readonly Lease[];
}

export interface CellOwner {
  onReady(cell: Cell, registered: string): void;
  /** It could not be opened: what its registration, or its end, said. */
  onRefused(cell: Cell, message: string): void;
  /** It went under while it registered, by another's fault as far as anybody knows. */
  onDisturbed(cell: Cell, reason: string): void;
  onCall(cell: Cell, lease: CallLease | null, call: number, text: string, bytes: Uint8Array | null): void;
  onLost(cell: Cell, loss: Loss): void;
  /** It takes no more requests. */
  onRetired(cell: Cell, reason: string): void;
  /** It has ended for good, the planned way. */
  onClosed(cell: Cell, reason: string): void;
}

/** A debugger that is joined to a cell. */
export interface CellInspector {
  onMessage(message: string): void;
  onEnd(): void;
}

export class Cell implements CellPeer {
  readonly id: number;
  readonly ward: Ward;
  readonly extension: Extension;
  readonly tenant: string;
  /** Requests whose entries may still run, by lease id. */
  readonly leases = new IdTable<Lease>();
  readonly #owner: CellOwner;
  readonly #registration: Registration;
  /** Requests in a row that had no answer in time. */
  missed = 0;
  /** It counts against its extension already: an entry that had to be terminated and the ward that went with it are one death. */
  struck = false;
  /** null on every host but an author's own. */
  inspector: CellInspector | null = null;
  #state: 'opening' | 'ready' | 'retired' | 'ended' = 'opening';
  #usedAt = performance.now();

  constructor(id: number, ward: Ward, extension: Extension, origin: LeaseOrigin, leaseId: number, cause: Cause | null, owner: CellOwner) {
    this.id = id;
    this.ward = ward;
    this.extension = extension;
    this.tenant = origin.tenant;
    this.#owner = owner;
    this.#registration = new Registration(
      origin,
      leaseId,
      id,
      cause,
      (reason) => this.#refuse(reason),
      () => ward.process.kill('a registration did not stop'),
    );
  }

  get wardRssMb(): number {
    return this.extension.limits.wardRssMb;
  }
  get idleSince(): number | null {
    return this.#state === 'ready' && this.leases.size === 0 ? this.#usedAt : null;
  }
  get state(): 'opening' | 'ready' | 'retired' | 'ended' {
    return this.#state;
  }

  open(): void {
    const { extension, ward } = this;
    const { limits } = extension;
    const capabilities = Object.fromEntries(
      [...extension.capabilities].map(([name, { instance }]) => [name, instance.bootValue(this.tenant) ?? null]),
    );
    const head: CellHead = {
      extension: extension.id,
      memoryMb: limits.memoryMb,
      cpuMs: limits.cpuMs,
      kernel: {
        kind: extension.kind,
        fallbackId: extension.id,
        directusApi: extension.directusApi,
        seed: randomBytes(32).toString('hex'),
        capabilities,
        limits,
      },
    };
    ward.place(this.id, this);
    ward.leases.set(this.#registration.id, this.#registration);
    ward.process.write(toWard.open, this.id, this.#registration.id, limits.registerMs, JSON.stringify(head), extension.script);
  }

  /** Of its registration. Throws where nothing can be recorded. */
  record(note: LeaseRecord): void {
    this.#registration.recordStrictly(note);
  }

  run(lease: Lease): void {
    this.leases.set(lease.id, lease);
    lease.run(this);
  }

  /** Nothing of a request runs any more; a retired cell goes with the last one. */
  settled(lease: Lease): void {
    this.leases.delete(lease.id);
    this.#usedAt = performance.now();
    if (this.#state === 'retired' && this.leases.size === 0) this.close('retired');
  }

  retire(reason: string): void {
    if (this.#state !== 'ready') return;
    this.#state = 'retired';
    this.#owner.onRetired(this, reason);
    if (this.leases.size === 0) this.close(reason);
  }

  close(reason: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.ward.remove(this.id);
    this.#forget();
    this.#owner.onClosed(this, reason);
  }

  onOpened(registered: string): void {
    if (this.#state !== 'opening' || this.#registration.afterHeld(() => this.onOpened(registered))) return;
    this.#state = 'ready';
    this.#registration.finish();
    this.#owner.onReady(this, registered);
    if (this.ward.retiring !== null) this.retire(this.ward.retiring);
  }

  onOpenFailed(text: string): void {
    if (this.#state === 'opening') this.#refuse(readMessage(text));
  }

  onCall(lease: number, call: number, text: string, bytes: Uint8Array | null): void {
    const owner = lease === this.#registration.id ? this.#registration : (this.leases.get(lease) ?? null);
    this.#owner.onCall(this, owner, call, text, bytes);
  }

  /** `step`: one of `inspectSteps`. A ward that was not started for it does nothing. */
  inspect(step: number, message: string): void {
    if (this.#state !== 'ended') this.ward.process.write(toWard.inspect, this.id, step, 0, message, null);
  }

  onInspected(message: string): void {
    this.inspector?.onMessage(message);
  }

  onEnded(end: CellEnd, guilty: number): void {
    if (end === 'memory') this.#lose('memory', 'it went over memoryMb', 'own', guilty);
    else this.#lose('cell', `its cell ended (${end})`, 'own', guilty);
  }

  onWardExit(reason: string, guiltyCell: number, guiltyLease: number): void {
    this.#lose('crash', reason, guiltyCell === 0 ? 'unknown' : guiltyCell === this.id ? 'own' : 'other', guiltyLease);
  }

  #refuse(message: string): void {
    this.close('registration failed');
    this.#owner.onRefused(this, message);
  }

  #lose(how: Loss['how'], reason: string, blame: Loss['blame'], guiltyId: number): void {
    if (this.#state === 'ended') return;
    const opening = this.#state === 'opening';
    this.#state = 'ended';
    const guilty = this.leases.get(guiltyId) ?? null;
    const leases = byAge(this.leases.values()).filter((lease) => !lease.isOver);
    this.#forget();
    if (opening && blame === 'own') this.#owner.onRefused(this, `while registering, ${reason}`);
    else if (opening) this.#owner.onDisturbed(this, reason);
    else this.#owner.onLost(this, { how, reason, guilty, blame, leases });
  }

  #forget(): void {
    this.inspector?.onEnd();
    for (const lease of byAge(this.leases.values())) {
      this.ward.leases.delete(lease.id);
      lease.lose();
    }
    this.ward.leases.delete(this.#registration.id);
    this.#registration.finish();
  }
}

/** Who came first is told, and runs again, first. */
const byAge = (leases: readonly Lease[]): readonly Lease[] => leases.toSorted((a, b) => a.id - b.id);

const readMessage = (text: string): string => {
  try {
    return String((JSON.parse(text) as { readonly message?: unknown }).message).slice(0, 1_000);
  } catch {
    return 'it failed without a message';
  }
};
