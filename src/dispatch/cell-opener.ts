// The cells of one slot: opens them, one after another's turn, and knows those there are. Must never open one for a slot that was closed meanwhile.
import type { LeaseOrigin } from '../bridge/call-lease.ts';
import type { Cause } from '../bridge/capability.ts';
import type { Ward } from '../wards/ward.ts';
import { Cell, type CellOwner } from './cell.ts';
import type { Extension } from './extension.ts';
import type { Lease } from './lease.ts';

export interface CellOpenerServices {
  place(extension: Extension, tenant: string, alone: boolean): Promise<Ward>;
  nextCellId(): number;
  nextLeaseId(): number;
}

export interface CellOpenerOwner extends CellOwner {
  /** Its next cell boots in a ward of its own. */
  readonly suspect: boolean;
  /** Who waits longest for a cell. */
  readonly first: Lease | undefined;
  onBoot(cell: Cell): void;
  /** There is no ward for it: nothing of the extension has run. */
  onUnplaced(error: unknown): void;
  /** The slot was closed while a place was looked for: who came since needs another. */
  onOutdated(): void;
}

/** null: a client's request, or nobody's. */
const registrationCause = (extension: string, lease: Lease | undefined): Cause | null =>
  lease === undefined || lease.cause.parent === ''
    ? null
    : { ...lease.cause, parent: lease.requestId, chain: [...lease.cause.chain, `register ${extension}`] };

export class CellOpener {
  readonly #extension: Extension;
  readonly #origin: LeaseOrigin;
  readonly #services: CellOpenerServices;
  readonly #owner: CellOpenerOwner;
  readonly #cells = new Set<Cell>();
  readonly #registering = new Set<Cell>();
  #placing = 0;
  #round = 0;

  constructor(extension: Extension, origin: LeaseOrigin, services: CellOpenerServices, owner: CellOpenerOwner) {
    this.#extension = extension;
    this.#origin = origin;
    this.#services = services;
    this.#owner = owner;
  }

  /** On their way: not placed yet, or registering. */
  get opening(): number {
    return this.#placing + this.#registering.size;
  }
  get cells(): ReadonlySet<Cell> {
    return this.#cells;
  }

  open(): void {
    this.#placing += 1;
    const round = this.#round;
    this.#services.place(this.#extension, this.#origin.tenant, this.#owner.suspect).then(
      (ward) => {
        this.#placing -= 1;
        if (round === this.#round) this.#openIn(ward);
        else this.#owner.onOutdated();
      },
      (error: unknown) => {
        this.#placing -= 1;
        if (round === this.#round) this.#owner.onUnplaced(error);
        else this.#owner.onOutdated();
      },
    );
  }

  /** It has registered, or will not. */
  opened(cell: Cell): void {
    this.#registering.delete(cell);
  }

  forget(cell: Cell): void {
    this.#registering.delete(cell);
    this.#cells.delete(cell);
  }

  close(reason: string): void {
    this.#round += 1;
    for (const cell of [...this.#cells]) cell.close(reason);
  }

  #openIn(ward: Ward): void {
    // Registering may emit: what made the cell open is the cause of that.
    const cause = registrationCause(this.#extension.id, this.#owner.first);
    const { nextCellId, nextLeaseId } = this.#services;
    const cell = new Cell(nextCellId(), ward, this.#extension, this.#origin, nextLeaseId(), cause, this.#owner);
    this.#cells.add(cell);
    this.#registering.add(cell);
    this.#owner.onBoot(cell);
    cell.open();
  }
}
