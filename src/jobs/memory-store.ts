// Jobs of one process. Must never outlive it: what it held is gone with it.
import { jobBounds } from './bounds.ts';
import { makeLoopError, makeRoomError } from './errors.ts';
import {
  type Claimed,
  type Counted,
  type Job,
  type JobStore,
  type ListedJob,
  type OnDead,
  type Spend,
  shareOf,
  unclaimed,
  type Want,
} from './job.ts';
import { OpenIndex } from './open-index.ts';

interface Kept {
  readonly job: Job;
  readonly tree: string | null;
  readonly bytes: number;
  putAt: number;
  state: 'queued' | 'running' | 'done' | 'dead';
  attempts: number;
  dueAt: number;
  begunAt: number;
  reason: string;
}

const mostTrees = 10_000;
/** To look for what is over costs a look at all. */
const pruneMs = 200;

export interface MemoryTerms {
  readonly openJobs: number;
  readonly deadOfTenant: number;
  readonly unclaimedMs: number;
}

export class MemoryStore implements JobStore {
  readonly scope = 'process' as const;
  readonly #terms: MemoryTerms;
  readonly #jobs = new Map<string, Kept>();
  readonly #trees = new Map<string, Counted>();
  readonly #open = new OpenIndex<Kept>();
  #prunedAt = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => undefined;
  #onDead: OnDead = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When it rings; what is due earlier sets it earlier. */
  #ringsAt = Number.POSITIVE_INFINITY;

  constructor(terms: Partial<MemoryTerms> = {}) {
    const { openJobs, deadOfTenant, unclaimedMs } = jobBounds;
    this.#terms = { openJobs: openJobs.value, deadOfTenant: deadOfTenant.value, unclaimedMs: unclaimedMs.value, ...terms };
  }

  put(jobs: readonly Job[], spend: Spend | null): ReturnType<JobStore['put']> {
    return Promise.resolve().then(() => {
      if (performance.now() - this.#prunedAt > pruneMs) this.#prune();
      const fresh = jobs.filter(({ id }) => !this.#jobs.has(id));
      const [first] = fresh;
      if (first === undefined) return { taken: 0, counted: null };
      const open = this.#open.of(first);
      const bytes = open.bytes + fresh.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
      if (open.jobs + fresh.length > this.#terms.openJobs || bytes > jobBounds.openBytes.value) throw makeRoomError();
      const counted = spend === null ? null : this.#spend(spend);
      const now = performance.now();
      for (const job of fresh) {
        const kept: Kept = {
          job,
          tree: spend?.tree ?? null,
          bytes: Buffer.byteLength(job.body),
          putAt: now,
          state: 'queued',
          attempts: 0,
          dueAt: now,
          begunAt: 0,
          reason: '',
        };
        this.#jobs.set(job.id, kept);
        this.#open.add(kept);
      }
      return { taken: fresh.length, counted };
    });
  }

  claim({ most, mostOfShare, running, extensions }: Want): Promise<readonly Claimed[]> {
    const now = performance.now();
    const claimed: Claimed[] = [];
    const served: string[] = [];
    for (const [share, jobs] of this.#open.inTurn()) {
      if (claimed.length >= most) break;
      const room = Math.min(Math.max(1, Math.ceil(most / 4)), mostOfShare - (running.get(share) ?? 0), most - claimed.length);
      const begun = claimed.length;
      for (const kept of jobs) {
        if (claimed.length - begun >= room) break;
        if (kept.state !== 'queued' || kept.dueAt > now || !extensions.includes(kept.job.extension)) continue;
        if (this.#isFree(kept) || this.#overlaps(kept)) claimed.push(this.#begin(kept, now));
      }
      if (claimed.length > begun) served.push(share);
    }
    for (const share of served) this.#open.serve(share);
    return Promise.resolve(claimed);
  }

  beat(): Promise<readonly string[]> {
    this.#prune();
    return Promise.resolve([]);
  }

  settle({ job }: Claimed, settlement: Parameters<JobStore['settle']>[1]): Promise<void> {
    const kept = this.#jobs.get(job.id);
    if (kept?.state !== 'running') return Promise.resolve();
    if (settlement.kind === 'again') {
      kept.state = 'queued';
      kept.dueAt = performance.now() + settlement.delayMs;
      if (!settlement.counts) kept.attempts -= 1;
      this.#ring(kept.dueAt);
    } else this.#end(kept, settlement.kind);
    if (settlement.kind !== 'done') kept.reason = settlement.reason;
    kept.begunAt = performance.now();
    if (settlement.kind === 'done' && settlement.spend !== null) this.#add(settlement.spend);
    return Promise.resolve();
  }

  onWork(wake: () => void, onDead: OnDead): void {
    this.#wake = wake;
    this.#onDead = onDead;
  }

  stats(): ReturnType<JobStore['stats']> {
    const all = [...this.#jobs.values()];
    const count = (...states: readonly Kept['state'][]): number => all.filter(({ state }) => states.includes(state)).length;
    const now = performance.now();
    return Promise.resolve({
      queued: count('queued'),
      running: count('running'),
      retried: all.filter(({ state, attempts }) => (state === 'queued' && attempts > 0) || (state === 'running' && attempts > 1)).length,
      dead: count('dead'),
      lagMs: Math.round(all.reduce((most, { state, dueAt }) => (state === 'queued' ? Math.max(most, now - dueAt) : most), 0)),
    });
  }

  list(most: number): Promise<readonly ListedJob[]> {
    const ago = (at: number): string => new Date(Date.now() - (performance.now() - at)).toISOString();
    const listed = [...this.#jobs.values()].flatMap(({ job, state, attempts, reason, putAt }): readonly ListedJob[] => {
      const { id, kind, tenant, extension, what } = job;
      return state === 'done' ? [] : [{ id, kind, tenant, extension, what, state, attempts, reason, since: ago(putAt) }];
    });
    return Promise.resolve(listed.slice(0, most));
  }

  retry(id: string): Promise<boolean> {
    const kept = this.#jobs.get(id);
    if (kept?.state !== 'dead') return Promise.resolve(false);
    const now = performance.now();
    Object.assign(kept, { state: 'queued', attempts: 0, dueAt: now, putAt: now });
    this.#open.add(kept);
    this.#wake();
    return Promise.resolve(true);
  }

  drop(id: string): Promise<boolean> {
    const kept = this.#jobs.get(id);
    if (kept?.state !== 'dead' && kept?.state !== 'queued') return Promise.resolve(false);
    kept.begunAt = performance.now();
    this.#end(kept, 'done');
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#jobs.clear();
    this.#open.clear();
    return Promise.resolve();
  }

  #ring(dueAt: number): void {
    if (dueAt >= this.#ringsAt) return;
    clearTimeout(this.#timer);
    this.#ringsAt = dueAt;
    this.#timer = setTimeout(() => {
      this.#ringsAt = Number.POSITIVE_INFINITY;
      const now = performance.now();
      for (const kept of this.#jobs.values()) if (kept.state === 'queued' && kept.dueAt > now) this.#ring(kept.dueAt);
      this.#wake();
    }, dueAt - performance.now());
    this.#timer.unref();
  }

  #begin(kept: Kept, now: number): Claimed {
    const overlaps = this.#overlaps(kept);
    kept.state = 'running';
    kept.attempts += 1;
    kept.begunAt = now;
    const counted = kept.tree === null ? null : (this.#trees.get(kept.tree) ?? null);
    return { job: kept.job, attempt: kept.attempts, ageMs: now - kept.putAt, overlaps, counted };
  }

  #before({ job: { lane } }: Kept): readonly Kept[] {
    if (lane === null) return [];
    return [...this.#open.lane(lane.name)].filter(({ job }) => (job.lane?.rank ?? lane.rank) < lane.rank);
  }

  #end(kept: Kept, state: 'done' | 'dead'): void {
    kept.state = state;
    this.#open.delete(kept);
  }

  #isFree(kept: Kept): boolean {
    return this.#before(kept).length === 0;
  }
  #overlaps(kept: Kept): boolean {
    return this.#before(kept).some(({ state, attempts, begunAt }) => state === 'running' && attempts === 1 && begunAt <= kept.putAt);
  }

  #spend(spend: Spend): Counted {
    const { events, turns } = this.#trees.get(spend.tree) ?? { events: 0, turns: 0 };
    if (events + spend.events > spend.mostEvents) throw makeLoopError('eventsPerRequest', spend.mostEvents);
    if (turns + spend.turns > spend.mostTurns) throw makeLoopError('listenersPerRequest', spend.mostTurns);
    return this.#add(spend);
  }

  #add({ tree, events, turns }: Pick<Spend, 'tree' | 'events' | 'turns'>): Counted {
    const before = this.#trees.get(tree) ?? { events: 0, turns: 0 };
    const counted = { events: before.events + events, turns: before.turns + turns };
    this.#trees.delete(tree);
    this.#trees.set(tree, counted);
    const [oldest] = this.#trees.keys();
    if (this.#trees.size > mostTrees && oldest !== undefined) this.#trees.delete(oldest);
    return counted;
  }

  #bury(kept: Kept, now: number): void {
    Object.assign(kept, { begunAt: now, reason: unclaimed });
    this.#end(kept, 'dead');
    this.#onDead(kept.job, unclaimed);
  }

  #prune(): void {
    const now = performance.now();
    this.#prunedAt = now;
    const { keptMs, deadMs } = jobBounds;
    const { deadOfTenant, unclaimedMs } = this.#terms;
    for (const [id, kept] of this.#jobs) {
      if (kept.state === 'queued' && kept.putAt < now - unclaimedMs) this.#bury(kept, now);
      if (kept.begunAt < now - (kept.state === 'done' ? keptMs : deadMs).value && !isOpen(kept.state)) this.#jobs.delete(id);
    }
    const dead = Map.groupBy(
      [...this.#jobs.values()].filter(({ state }) => state === 'dead'),
      ({ job }) => shareOf(job),
    );
    for (const ofShare of dead.values())
      for (const { job } of ofShare.toSorted((one, other) => other.begunAt - one.begunAt).slice(deadOfTenant)) this.#jobs.delete(job.id);
  }
}

const isOpen = (state: Kept['state']): boolean => state === 'queued' || state === 'running';
