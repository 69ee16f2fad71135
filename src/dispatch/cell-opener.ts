// The cells of one slot: opens them, one after another's turn, and knows those there are. Must never open one for a slot that was closed meanwhile.
import type { LeaseOrigin } from '../bridge/call-lease.ts';
import type { Cause } from '../bridge/capability.ts';
import type { Boot } from '../wards/boot-gate.ts';
import type { Ward } from '../wards/ward.ts';
import { Cell, type CellOwner } from './cell.ts';
import type { Extension } from './extension.ts';
import type { Lease } from './lease.ts';
import { patienceLeftMs } from './patience.ts';
import { registering } from './registration.ts';

export interface CellOpenerServices {
  /** A turn to boot, asked for before a place. */
  enterBoot(tenant: string, waitMs: number): Boot;
  place(extension: Extension, tenant: string, alone: boolean): Promise<Ward>;
  nextCellId(): number;
  nextLeaseId(): number;
}

export interface CellOpenerOwner extends CellOwner {
  /** Its next cell boots in a ward of its own. */
  readonly suspect: boolean;
  /** Who waits longest for a cell. */
  readonly first: Lease | undefined;
  /** Events that wait for a cell. */
  readonly jobs: readonly Lease[];
  onBoot(cell: Cell): void;
  /** There is no ward for it: nothing of the extension has run. `outOfPatience`: it waited for a turn for as long as who wanted it could. */
  onUnplaced(error: unknown, outOfPatience: boolean): void;
  /** The slot was closed while a place was looked for: who came since needs another. */
  onOutdated(): void;
}

/** null: a client's request, or nobody's. */
const registrationCause = (extension: string, lease: Lease | undefined): Cause | null =>
  lease === undefined || lease.cause.parent === ''
    ? null
    : { ...lease.cause, parent: lease.requestId, chain: [...lease.cause.chain, `register ${extension}`] };

/** A registration waits for it that has a turn itself: it must not wait behind that. */
const isNested = (lease: Lease): boolean =>
  lease.question.job?.awaited === true &&
  (lease.cause.parent.includes(registering) || lease.cause.chain.some((step) => step.startsWith('register ')));

const noTurn: Boot = {
  turn: Promise.resolve(true),
  isWaiting: false,
  outOfPatience: false,
  hurry: () => undefined,
  leave: () => undefined,
};

export class CellOpener {
  readonly #extension: Extension;
  readonly #origin: LeaseOrigin;
  readonly #services: CellOpenerServices;
  readonly #owner: CellOpenerOwner;
  readonly #cells = new Set<Cell>();
  readonly #registering = new Map<Cell, Boot>();
  /** That wait for their turn, or for a place. */
  readonly #placing = new Set<Boot>();
  #round = 0;

  constructor(extension: Extension, origin: LeaseOrigin, services: CellOpenerServices, owner: CellOpenerOwner) {
    this.#extension = extension;
    this.#origin = origin;
    this.#services = services;
    this.#owner = owner;
  }

  /** On their way: not placed yet, or registering. */
  get opening(): number {
    return this.#placing.size + this.#registering.size;
  }
  get cells(): ReadonlySet<Cell> {
    return this.#cells;
  }

  /** `ahead`: nobody's request waits for it. */
  open(ahead = false): void {
    const { tenant, limits } = this.#origin;
    const { first } = this.#owner;
    const waitMs = ahead || first === undefined ? limits.registerMs * 10 : patienceLeftMs(first);
    const boot = this.#begun() < this.#nested().length ? { ...noTurn } : this.#services.enterBoot(tenant, waitMs);
    this.#placing.add(boot);
    const round = this.#round;
    this.#place(boot).then(
      (ward) => {
        this.#placing.delete(boot);
        if (ward === null) return;
        if (round === this.#round) return this.#openIn(ward, boot);
        boot.leave();
        this.#owner.onOutdated();
      },
      (error: unknown) => {
        this.#placing.delete(boot);
        boot.leave();
        if (round === this.#round) this.#owner.onUnplaced(error, boot.outOfPatience);
        else this.#owner.onOutdated();
      },
    );
  }

  /** Lets go on without a turn what a registration, which has one, has come to wait for meanwhile. */
  hurry(): void {
    let missing = this.#nested().length - this.#begun();
    for (const boot of this.#placing) {
      if (missing <= 0) return;
      if (!boot.isWaiting) continue;
      boot.hurry();
      missing -= 1;
    }
  }

  /** Of those that wait for their turn, gives up what is more than `wanted`: whoever wanted them is gone. */
  trim(wanted: number): void {
    for (const boot of this.#placing) {
      if (this.opening <= wanted) return;
      if (!boot.isWaiting) continue;
      this.#placing.delete(boot);
      boot.leave();
    }
  }

  /** It has registered, or will not. */
  opened(cell: Cell): void {
    this.#registering.get(cell)?.leave();
    this.#registering.delete(cell);
  }

  forget(cell: Cell): void {
    this.opened(cell);
    this.#cells.delete(cell);
  }

  close(reason: string): void {
    this.#round += 1;
    this.trim(0);
    for (const cell of [...this.#cells]) cell.close(reason);
  }

  #nested(): readonly Lease[] {
    return this.#owner.jobs.filter(isNested);
  }

  /** On their way, and waiting for no turn. */
  #begun(): number {
    let begun = this.#registering.size;
    for (const boot of this.#placing) if (!boot.isWaiting) begun += 1;
    return begun;
  }

  /** null: nobody wants it any more. */
  async #place(boot: Boot): Promise<Ward | null> {
    if (!(await boot.turn)) return null;
    return await this.#services.place(this.#extension, this.#origin.tenant, this.#owner.suspect);
  }

  #openIn(ward: Ward, boot: Boot): void {
    // Registering may emit: what made the cell open is the cause of that.
    const cause = registrationCause(this.#extension.id, this.#nested()[0] ?? this.#owner.first);
    const { nextCellId, nextLeaseId } = this.#services;
    const cell = new Cell(nextCellId(), ward, this.#extension, this.#origin, nextLeaseId(), cause, this.#owner);
    this.#cells.add(cell);
    this.#registering.set(cell, boot);
    this.#owner.onBoot(cell);
    cell.open();
  }
}
