// Which jobs of one process wait or run, by whose they are and by lane, so that nobody has to look through all. Must never hold one that is over.
import { type Job, shareOf } from './job.ts';

interface Indexed {
  readonly job: Job;
  readonly bytes: number;
}

interface Share<Kept> {
  readonly jobs: Set<Kept>;
  bytes: number;
}

const nothing: ReadonlySet<never> = new Set();

export class OpenIndex<Kept extends Indexed> {
  /** Those that were not served since they had something, in the order they came; then those that were, the one served longest ago first. */
  readonly #fresh = new Map<string, Share<Kept>>();
  readonly #served = new Map<string, Share<Kept>>();
  readonly #lanes = new Map<string, Set<Kept>>();

  add(kept: Kept): void {
    const name = shareOf(kept.job);
    let share = this.#find(name);
    if (share === undefined) {
      share = { jobs: new Set(), bytes: 0 };
      this.#fresh.set(name, share);
    }
    if (share.jobs.has(kept)) return;
    share.jobs.add(kept);
    share.bytes += kept.bytes;
    const { lane } = kept.job;
    if (lane === null) return;
    const inLane = this.#lanes.get(lane.name) ?? new Set();
    this.#lanes.set(lane.name, inLane.add(kept));
  }

  delete(kept: Kept): void {
    const name = shareOf(kept.job);
    const share = this.#find(name);
    if (share?.jobs.delete(kept) !== true) return;
    share.bytes -= kept.bytes;
    if (share.jobs.size === 0) {
      this.#fresh.delete(name);
      this.#served.delete(name);
    }
    const lane = kept.job.lane?.name ?? '';
    const inLane = this.#lanes.get(lane);
    inLane?.delete(kept);
    if (inLane?.size === 0) this.#lanes.delete(lane);
  }

  /** What a share holds. */
  of(job: Job): { readonly jobs: number; readonly bytes: number } {
    const share = this.#find(shareOf(job));
    return { jobs: share?.jobs.size ?? 0, bytes: share?.bytes ?? 0 };
  }

  lane(name: string): ReadonlySet<Kept> {
    return this.#lanes.get(name) ?? nothing;
  }

  /** Every share with its jobs, whose turn it is first. Nothing may be added or taken away meanwhile. */
  *inTurn(): Iterable<readonly [share: string, jobs: ReadonlySet<Kept>]> {
    for (const shares of [this.#fresh, this.#served]) for (const [name, { jobs }] of shares) yield [name, jobs];
  }

  /** It goes to the end of the line. */
  serve(name: string): void {
    const share = this.#find(name);
    if (share === undefined) return;
    this.#fresh.delete(name);
    this.#served.delete(name);
    this.#served.set(name, share);
  }

  clear(): void {
    this.#fresh.clear();
    this.#served.clear();
    this.#lanes.clear();
  }

  #find(name: string): Share<Kept> | undefined {
    return this.#fresh.get(name) ?? this.#served.get(name);
  }
}
