// Which ward a cell is placed in: one tenant's never with another's, a suspect alone, a booted spare at hand. Must never reuse a ward for a second tenant.
import { toWard } from '../../sandbox/protocol/kinds.ts';
import { CloisterError } from '../errors.ts';
import { BootGate } from './boot-gate.ts';
import type { WardPoolOptions } from './pool-options.ts';
import { type Profile, profileKey } from './profile.ts';
import { decideRecycle } from './recycling.ts';
import { Spawner } from './spawning/spawner.ts';
import type { Started } from './spawning/started.ts';
import { Ward } from './ward.ts';
import { idleCells, WardMemory } from './ward-memory.ts';
import { WardProcess } from './ward-process.ts';
import { yieldToOthers } from './yield-to-others.ts';

const watchMs = 30;
/** Once in so many looks at memory: whose time is over, and cells in wards that somebody else is in. */
const looksToTidy = 16;
/** Boots that wait for their turn. */
const waitingBoots = { mostWaiting: 4_096, mostWaitingOfTenant: 256 };
/** Who was served less than this ago is not idle. */
const steadyMs = 100;

export class WardPool {
  readonly #options: WardPoolOptions;
  readonly #wards = new Set<Ward>();
  readonly #spares = new Map<string, Ward[]>();
  readonly #sparesStarting = new Map<string, number>();
  readonly #asking = new Map<string, Promise<void>>();
  /** Wards that were given out a moment ago, and have no lease yet: whoever makes room must not take them for idle. */
  readonly #given = new Map<Ward, number>();
  /** One for each process there is or will be in a moment, those included that were killed and are not gone yet. */
  readonly #processes = new Set<Promise<unknown>>();
  readonly #watch: NodeJS.Timeout;
  readonly #memory: WardMemory;
  readonly #spawner: Spawner;
  /** Wards that are being started, and have no process yet. */
  #coming = 0;
  /** Who may boot: whoever opens a cell asks it for a turn before it asks for a place. */
  readonly boots: BootGate;
  #looks = 0;
  #closed = false;

  constructor(options: WardPoolOptions) {
    this.#options = options;
    this.#memory = new WardMemory(options.memoryMb);
    this.#spawner = new Spawner(options.onNoSpawner);
    const { bootsAtOnce: atOnce, weightOf } = options;
    this.boots = new BootGate({ atOnce, ...waitingBoots, weightOf, look: (begun) => this.#look(begun) });
    this.#watch = setInterval(() => this.#watchMemory(), watchMs);
    this.#watch.unref();
  }

  get wards(): ReadonlySet<Ward> {
    return this.#wards;
  }

  get #count(): number {
    return this.#wards.size + this.#coming;
  }

  /** Resident memory of all of them, as it was last looked at; what they share counts once. */
  rssBytes(): number {
    return Math.round((this.#memory.awakeMb(this.#wards) + this.#memory.dyingMb) * 1024 * 1024);
  }
  get memoryMb(): number {
    return this.#memory.limitMb;
  }

  /** Has spare wards booted for a profile before anyone asks. */
  async prepare(profile: Profile, memoryMb: number): Promise<void> {
    await this.#keepSpare(profile, memoryMb);
  }

  /** A ward for one more cell of the tenant. */
  async place(tenant: string, profile: Profile, memoryMb: number, alone: boolean): Promise<Ward> {
    const ward = alone ? await this.#acquire(tenant, profile, memoryMb, true) : await this.#shared(tenant, profile, memoryMb);
    this.#wantSpareCells(ward, memoryMb);
    // By then its cell has been opened, and holds it by a lease of its own.
    setImmediate(() => this.#give(ward, -1));
    return ward;
  }

  #give(ward: Ward, by: 1 | -1): Ward {
    const given = (this.#given.get(ward) ?? 0) + by;
    if (given > 0) this.#given.set(ward, given);
    else this.#given.delete(ward);
    return ward;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    this.boots.close();
    for (const ward of this.#wards) ward.process.kill('the runtime closes');
    while (this.#processes.size > 0) await Promise.allSettled(this.#processes);
    await this.#spawner.close();
  }

  /** Cells that ask at the same time must not each get a ward of their own: they ask one after the other. */
  async #shared(tenant: string, profile: Profile, memoryMb: number): Promise<Ward> {
    const key = `${profileKey(profile)} ${tenant}`;
    const before = this.#asking.get(key) ?? Promise.resolve();
    const answer = before.then(() => {
      const ward = this.#roomiest(tenant, profile);
      return ward === undefined ? this.#acquire(tenant, profile, memoryMb, false) : this.#give(ward, 1);
    });
    const settled = answer.then(
      () => undefined,
      () => undefined,
    );
    this.#asking.set(key, settled);
    void settled.then(() => {
      if (this.#asking.get(key) === settled) this.#asking.delete(key);
    });
    return await answer;
  }

  #roomiest(tenant: string, profile: Profile): Ward | undefined {
    const { perTenant, cellsPerWard } = this.#options;
    const own = [...this.#wards].filter(
      (ward) =>
        ward.tenant === tenant &&
        !ward.alone &&
        ward.retiring === null &&
        !ward.process.exited &&
        profileKey(ward.profile) === profileKey(profile),
    );
    const fullest = own.filter((ward) => ward.cells.size < cellsPerWard).sort((one, other) => one.cells.size - other.cells.size)[0];
    // Spread over the tenant's wards while there are fewer than it may have, and memory for one more.
    return fullest !== undefined && (fullest.cells.size === 0 || own.length >= perTenant || this.#isShort()) ? fullest : undefined;
  }

  async #acquire(tenant: string, profile: Profile, memoryMb: number, alone: boolean): Promise<Ward> {
    const ward = this.#spares.get(profileKey(profile))?.pop() ?? (await this.#start(profile));
    ward.give(tenant, alone);
    this.#give(ward, 1);
    // In a burst it would only be one more process that boots.
    if (this.boots.waiting === 0) void this.#keepSpare(profile, memoryMb).catch(() => undefined);
    try {
      await ward.process.ready;
    } catch (error) {
      this.#give(ward, -1);
      throw error;
    }
    if (alone) yieldToOthers(ward.process.pid);
    return ward;
  }

  async #start(profile: Profile): Promise<Ward> {
    const { program, images, maxTextBytes, maxRawBytes, bootMs, onLife } = this.#options;
    this.#makeRoom();
    this.#coming += 1;
    let starting: Promise<Started> | null = null;
    let child: WardProcess;
    try {
      const start = await images.start(profile);
      if (this.#closed) throw new CloisterError('ERR_RUNTIME_CLOSED', 'The host is shutting down.');
      starting = this.#spawner.start(program);
      this.#processes.add(starting);
      child = new WardProcess({ started: await starting, start, maxTextBytes, maxRawBytes, bootMs });
    } finally {
      this.#coming -= 1;
      if (starting !== null) this.#processes.delete(starting);
    }
    const ward = new Ward(child, profile, (gone, reason) => {
      this.#wards.delete(gone);
      const spares = this.#spares.get(profileKey(profile));
      const index = spares?.indexOf(gone) ?? -1;
      if (index >= 0) spares?.splice(index, 1);
      onLife('ward.exit', gone.process.pid, gone.tenant ?? '', reason);
    });
    this.#wards.add(ward);
    this.#processes.add(child.gone);
    void child.gone.then(() => this.#processes.delete(child.gone));
    onLife('ward.start', child.pid, '', profileKey(profile));
    if (this.#closed) child.kill('the runtime closes');
    return ward;
  }

  /** A client may be able to choose among tenants: how many wards there are must not be theirs to decide. */
  #makeRoom(): void {
    if (this.#count < this.#options.max) return;
    const [idle] = [...this.#wards].filter((ward) => this.#maySleep(ward)).sort((one, other) => one.usedAt - other.usedAt);
    if (idle === undefined) {
      throw new CloisterError('ERR_CAPACITY_EXCEEDED', `All ${this.#options.max} wards (wards.max) are busy.`, { retryAfterSeconds: 1 });
    }
    this.#sleep(idle, 'idle, and another needs its place');
  }

  /** A tenant that asks steadily keeps its ward: those that asked once, however many they are, make room first. */
  #maySleep(ward: Ward): boolean {
    return ward.tenant !== null && ward.leases.size === 0 && ward.usedAt < performance.now() - steadyMs && !this.#given.has(ward);
  }

  #sleep(ward: Ward, reason: string): void {
    this.#wards.delete(ward);
    this.#memory.died(ward);
    this.#options.onLife('ward.sleep', ward.process.pid, ward.tenant ?? '', reason);
    ward.process.kill(reason);
  }

  /** False: even with all that may sleep asleep there is no room for so much more now. */
  #relieve(moreMb: number): boolean {
    const { limitMb } = this.#memory;
    const reason = `idle, and all wards together are over wards.memoryMb (${limitMb})`;
    for (const ward of this.#memory.sleepers(this.#wards, (one) => this.#maySleep(one), moreMb)) this.#sleep(ward, reason);
    // One may always boot where nobody is awake: a limit below one ward's size must not shut everybody out.
    if (![...this.#wards].some(({ tenant }) => tenant !== null)) return true;
    return this.#memory.awakeMb(this.#wards) + this.#memory.dyingMb + moreMb <= limitMb;
  }

  #isShort(): boolean {
    return this.#memory.awakeMb(this.#wards) + this.#memory.freshMb > this.#memory.lowMb;
  }

  #look(begun: number): (tenant: string) => boolean {
    const { cellsPerWard, perTenant, max } = this.#options;
    const spares = [...this.#spares.values()].reduce((sum, { length }) => sum + length, 0);
    const roomy = new Map<string, number>();
    for (const { tenant, alone, retiring, cells } of this.#wards)
      if (tenant !== null && !alone && retiring === null && cells.size < cellsPerWard) roomy.set(tenant, (roomy.get(tenant) ?? 0) + 1);
    let room: boolean | null = null;
    return (tenant) => {
      const own = roomy.get(tenant) ?? 0;
      if (own >= perTenant || (own > 0 && this.#isShort())) return true;
      room ??=
        this.#relieve(Math.max(0, begun + this.#coming + 1 - spares) * this.#memory.freshMb) &&
        (spares > begun || this.#count + begun < max || [...this.#wards].some((ward) => this.#maySleep(ward)));
      return room;
    };
  }

  async #keepSpare(profile: Profile, memoryMb: number): Promise<void> {
    const key = profileKey(profile);
    const spares = this.#spares.get(key) ?? [];
    this.#spares.set(key, spares);
    const starting = this.#sparesStarting.get(key) ?? 0;
    if (this.#closed || spares.length + starting >= this.#options.spareWards || this.#count >= this.#options.max) return;
    if (this.#wards.size > 0 && this.#isShort()) return;
    this.#sparesStarting.set(key, starting + 1);
    const ward = await this.#start(profile).finally(() => this.#sparesStarting.set(key, (this.#sparesStarting.get(key) ?? 1) - 1));
    spares.push(ward);
    await ward.process.ready;
    this.#wantSpareCells(ward, memoryMb);
  }

  readonly #wanted = new WeakMap<Ward, Set<number>>();
  #wantSpareCells(ward: Ward, memoryMb: number): void {
    const wanted = this.#wanted.get(ward) ?? new Set();
    if (wanted.has(memoryMb)) return;
    wanted.add(memoryMb);
    this.#wanted.set(ward, wanted);
    ward.process.write(toWard.spares, this.#options.spareCells, memoryMb, 0, '', null);
  }

  #watchMemory(): void {
    for (const ward of this.#memory.read(this.#wards)) {
      // A spare holds nobody's code yet.
      if (ward.rssLimitMb === 0) continue;
      const usedMb = Math.round(ward.residentMb);
      if (usedMb <= ward.rssLimitMb) continue;
      ward.overRssMb = usedMb;
      const reason = `its resident memory (${usedMb} MB) is over wardRssMb (${ward.rssLimitMb})`;
      this.#options.onLife('ward.kill', ward.process.pid, ward.tenant ?? '', reason);
      this.#memory.died(ward);
      ward.process.kill(reason);
    }
    this.#relieve(0);
    this.#looks += 1;
    if (this.#looks % looksToTidy !== 0) return;
    this.#recycle();
    this.#sleepCells();
  }

  #recycle(): void {
    const now = performance.now();
    for (const ward of this.#wards) {
      const { bornAt, luck, ownMb, freshMb, cells, retiring } = ward;
      if (retiring !== null || !ward.hasOpened || this.#given.has(ward)) continue;
      const reason = decideRecycle(this.#options, { ageMs: now - bornAt, luck, ownMb, freshMb, cells: cells.size });
      if (reason === null) continue;
      this.#options.onLife('ward.recycle', ward.process.pid, ward.tenant ?? '', reason);
      ward.retire(reason);
    }
  }

  /** Where no ward may sleep any more: cells that nobody is in, of those that somebody else is in. */
  #sleepCells(): void {
    if (this.#memory.awakeMb(this.#wards) <= this.#memory.limitMb) return;
    for (const cell of idleCells(this.#wards))
      cell.retire(`idle, and all wards together are over wards.memoryMb (${this.#memory.limitMb})`);
  }
}
