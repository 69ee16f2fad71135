// What all wards hold together, and who is to sleep when it is too much. Must never name a ward that somebody is in.
import type { CellPeer, Ward } from './ward.ts';

/** Reading costs a system call or three each: who is asleep in memory cannot grow fast. */
const idleReadsPerLook = 4;
/** Of the limit: as long as something has to sleep, so much is made free that the next boot need not ask again. */
const lowWater = 0.9;
/** What a fresh ward with one small cell holds for itself, until one was measured. */
const usualFreshMb = 40;
/** What one may count with: what an extension takes while it registers is its own, and must not shut others out by the estimate. */
const mostFreshMb = 2 * usualFreshMb;

/** Cells that are put to sleep at once in wards that go on: what they held shows at the next look. */
const cellsToSleep = 8;
const cellSteadyMs = 1_000;

/** Longest unused first. */
export const idleCells = (wards: ReadonlySet<Ward>): readonly CellPeer[] => {
  const before = performance.now() - cellSteadyMs;
  return [...wards]
    .flatMap(({ cells }) => [...cells.values()])
    .flatMap((cell) => (cell.idleSince !== null && cell.idleSince < before ? [{ cell, since: cell.idleSince }] : []))
    .sort((one, other) => one.since - other.since)
    .slice(0, cellsToSleep)
    .map(({ cell }) => cell);
};

export class WardMemory {
  readonly limitMb: number;
  #freshMb = usualFreshMb;
  #dyingMb = 0;
  #turn = 0;

  constructor(limitMb: number) {
    this.limitMb = limitMb;
  }

  get lowMb(): number {
    return this.limitMb * lowWater;
  }
  /** What one more ward is expected to need. */
  get freshMb(): number {
    return this.#freshMb;
  }
  /** Of wards that were killed and are not gone yet: the kernel takes its time with large ones. */
  get dyingMb(): number {
    return this.#dyingMb;
  }

  /** Looks at each ward that somebody is in, and at some of the others in turn. */
  read(wards: ReadonlySet<Ward>): readonly Ward[] {
    const busy = [...wards].filter((ward) => ward.leases.size > 0);
    const idle = [...wards].filter((ward) => ward.leases.size === 0);
    const some = idle.length <= idleReadsPerLook ? idle : Array.from({ length: idleReadsPerLook }, () => this.#next(idle));
    const read = [...busy, ...some];
    for (const ward of read) this.#measure(ward);
    return read;
  }

  /** Of all of them: what each has for itself, and once what they share (the program's own pages). */
  awakeMb(wards: ReadonlySet<Ward>): number {
    let own = 0;
    let shared = 0;
    for (const ward of wards) {
      // One that still boots will be as large as the others.
      own += ward.freshMb > 0 ? ward.ownMb : Math.max(ward.ownMb, this.#freshMb);
      shared = Math.max(shared, ward.sharedMb);
    }
    return own + shared;
  }

  /** Those that may sleep so that there is room for `moreMb`, longest unused first. */
  sleepers(wards: ReadonlySet<Ward>, mayBe: (ward: Ward) => boolean, moreMb: number): readonly Ward[] {
    let overMb = this.awakeMb(wards) + moreMb - this.limitMb;
    if (overMb <= 0) return [];
    overMb += this.limitMb - this.lowMb;
    const idle = [...wards].filter(mayBe).sort((one, other) => one.usedAt - other.usedAt);
    const found: Ward[] = [];
    for (const ward of idle) {
      if (overMb <= 0) break;
      found.push(ward);
      overMb -= ward.ownMb;
    }
    return found;
  }

  /** It was killed: its memory comes back when it is gone. */
  died({ ownMb, process }: Ward): void {
    this.#dyingMb += ownMb;
    void process.gone.then(() => {
      this.#dyingMb -= ownMb;
    });
  }

  #next(idle: readonly Ward[]): Ward {
    this.#turn = (this.#turn + 1) % idle.length;
    return idle[this.#turn] as Ward;
  }

  #measure(ward: Ward): void {
    const { residentMb, sharedMb } = ward.process.memory();
    if (residentMb === 0) return;
    ward.residentMb = residentMb;
    ward.sharedMb = sharedMb;
    ward.ownMb = residentMb - sharedMb;
    if (!ward.hasOpened || ward.freshMb > 0) return;
    ward.freshMb = Math.min(ward.ownMb, mostFreshMb);
    this.#freshMb += (ward.freshMb - this.#freshMb) / 8;
  }
}
