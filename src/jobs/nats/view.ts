// What the log of jobs says, as far as this host has read it: an order of writes that is the same for every host. Must never decide what only the server can: who wins is said by the sequence a write expects.
import { jobBounds } from '../bounds.ts';
import { type Job, type JobStats, type ListedJob, shareOf } from '../job.ts';
import type { HostRecord, LogRecord, PutRecord, StateRecord } from './records.ts';

/** Where a body is. */
export interface Place {
  readonly seq: number;
  readonly token: string;
  readonly parts: number;
  readonly from: number;
  readonly bytes: number;
}

export interface Entry {
  readonly job: Omit<Job, 'body'>;
  readonly place: Place;
  readonly tree: string | null;
  state: 'queued' | 'running' | 'dead';
  /** Of its newest state; 0: nobody has begun it yet. */
  seq: number;
  attempts: number;
  host: string | null;
  /** Milliseconds of the server's clock. */
  putAt: number;
  since: number | null;
  dueAt: number;
  begunAt: number;
  endedAt: number;
  reason: string;
}

export interface Share {
  open: number;
  bytes: number;
  readonly waiting: Set<Entry>;
  /** By this host, on its own clock. */
  servedAt: number;
}

export interface Mark {
  readonly token: string;
  readonly parts: number;
  readonly ids: readonly string[];
  readonly at: number;
}

export interface Seen {
  readonly beatAt: number;
  readonly gone: boolean;
}

/** How many ids of jobs that are done a host has in mind: the server knows of more. */
const mostEnded = 100_000;

export class JobView {
  readonly entries = new Map<string, Entry>();
  /** Oldest first. */
  readonly ended = new Map<string, number>();
  readonly marks = new Map<number, Mark>();
  /** Of these, the messages that may still be there. */
  readonly present = new Set<number>();
  readonly shares = new Map<string, Share>();
  readonly lanes = new Map<string, Set<Entry>>();
  readonly running = new Set<Entry>();
  readonly dead = new Set<Entry>();
  readonly hosts = new Map<string, Seen>();
  /** The newest that was read, and when it was written. */
  lastSeq = 0;
  lastAt = 0;
  /** The first record that could not be read: what it put is another version's to take away. */
  firstUnread = Number.POSITIVE_INFINITY;
  #clock = Number.NEGATIVE_INFINITY;

  /** The server's clock, as far as this host can tell. */
  now(): number {
    return performance.now() + (Number.isFinite(this.#clock) ? this.#clock : Date.now() - performance.now());
  }

  /** A new connection: another server may have another clock. */
  forgetClock(): void {
    this.#clock = Number.NEGATIVE_INFINITY;
  }

  /** What was read before is not what is there now. */
  reset(): void {
    for (const all of [this.entries, this.ended, this.marks, this.present, this.shares, this.lanes, this.running, this.dead, this.hosts])
      all.clear();
    this.lastSeq = 0;
    this.lastAt = 0;
    this.firstUnread = Number.POSITIVE_INFINITY;
    this.forgetClock();
  }

  knows(id: string): boolean {
    return this.entries.has(id) || this.ended.has(id);
  }

  open(share: string): Pick<Share, 'open' | 'bytes'> {
    return this.shares.get(share) ?? { open: 0, bytes: 0 };
  }

  /** The next of the log. */
  read(record: LogRecord | null, seq: number, at: number): void {
    if (seq <= this.lastSeq) return;
    this.lastSeq = seq;
    this.lastAt = at;
    this.#clock = Math.max(this.#clock, at - performance.now());
    if (record === null) this.firstUnread = Math.min(this.firstUnread, seq);
    else this.apply(record, seq, at);
  }

  /** What this host wrote itself, before it reads it. */
  apply(record: LogRecord, seq: number, at: number): void {
    if (record.record === 'put') this.#applyPut(record, seq, at);
    else if (record.record === 'state') this.#applyState(record, seq, at);
    else this.#applyHost(record, at);
  }

  /** Names of hosts that were heard of, in an order that is the same for all. */
  living(now: number): readonly string[] {
    const since = now - jobBounds.holdMs.value;
    return [...this.hosts].flatMap(([name, { gone, beatAt }]) => (gone || beatAt < since ? [] : [name])).sort();
  }

  heldBy(host: string): readonly Entry[] {
    return [...this.running].filter((entry) => entry.host === host);
  }

  before({ job: { lane } }: Entry): readonly Entry[] {
    if (lane === null) return [];
    return [...(this.lanes.get(lane.name) ?? [])].filter(({ job }) => (job.lane?.rank ?? 0) < lane.rank);
  }

  /** What runs a first attempt, ran when this one was put, and whose host has been heard of since. */
  overlaps(entry: Entry): boolean {
    return this.before(entry).some(
      ({ state, attempts, begunAt, host }) =>
        state === 'running' && attempts === 1 && begunAt <= entry.putAt && (this.hosts.get(host ?? '')?.beatAt ?? 0) > entry.putAt,
    );
  }

  stats(): JobStats {
    const now = this.now();
    const waiting = [...this.shares.values()].flatMap((share) => [...share.waiting]);
    return {
      queued: waiting.length,
      running: this.running.size,
      retried: waiting.filter(({ attempts }) => attempts > 0).length + [...this.running].filter(({ attempts }) => attempts > 1).length,
      dead: this.dead.size,
      lagMs: Math.round(waiting.reduce((most, { dueAt }) => Math.max(most, now - dueAt), 0)),
    };
  }

  list(most: number): readonly ListedJob[] {
    const order = (entry: Entry): number => (entry.state === 'dead' ? 0 : 1);
    return [...this.entries.values()]
      .sort((one, other) => order(one) - order(other) || one.putAt - other.putAt)
      .slice(0, most)
      .map(({ job: { id, kind, tenant, extension, what }, state, attempts, putAt, reason }) => {
        return { id, kind, tenant, extension, what, state, attempts, reason, since: new Date(putAt).toISOString() };
      });
  }

  /** Nobody needs to know of it any more. */
  forget(id: string): void {
    this.ended.delete(id);
  }

  #applyPut({ kind, tenant, tree, token, parts, jobs }: PutRecord, seq: number, at: number): void {
    const mark = this.marks.get(seq);
    if (mark === undefined) this.present.add(seq);
    this.marks.set(seq, { token, parts, at, ids: mark?.ids ?? jobs.map(({ id }) => id) });
    let from = 0;
    for (const { id, extension, what, lane, bytes } of jobs) {
      const place: Place = { seq, token, parts, from, bytes };
      from += bytes;
      const known = this.entries.get(id);
      if (known !== undefined && known.place.seq === seq && known.seq === 0) {
        // Written by this host: now it is known when, by the server's clock.
        known.putAt = at;
        known.dueAt = at;
      }
      if (this.knows(id)) continue;
      this.#enter({
        job: { id, kind, tenant, extension, what, lane },
        place,
        tree,
        state: 'queued',
        seq: 0,
        attempts: 0,
        host: null,
        putAt: at,
        since: null,
        dueAt: at,
        begunAt: 0,
        endedAt: 0,
        reason: '',
      });
    }
  }

  #applyState({ id, state, attempts, host, delayMs, since, reason }: StateRecord, seq: number, at: number): void {
    const entry = this.entries.get(id);
    if (entry === undefined) {
      if (state === 'done' && !this.ended.has(id)) this.#end(id, at);
      return;
    }
    if (seq < entry.seq) return;
    this.#leave(entry);
    if (state === 'done') {
      this.#end(id, at);
      return;
    }
    Object.assign(entry, { state, seq, attempts, host, reason, since, dueAt: at + delayMs, putAt: since ?? entry.putAt });
    if (state === 'running') entry.begunAt = at;
    if (state === 'dead') entry.endedAt = at;
    this.#enter(entry);
  }

  #applyHost({ name, gone }: HostRecord, at: number): void {
    if ((this.hosts.get(name)?.beatAt ?? 0) > at) return;
    this.hosts.set(name, { beatAt: at, gone });
  }

  #end(id: string, at: number): void {
    this.ended.set(id, at);
    const [oldest] = this.ended.keys();
    if (this.ended.size > mostEnded && oldest !== undefined) this.ended.delete(oldest);
  }

  #enter(entry: Entry): void {
    const { job, state, place } = entry;
    this.entries.set(job.id, entry);
    if (state === 'dead') {
      this.dead.add(entry);
      return;
    }
    const share = this.shares.get(shareOf(job)) ?? { open: 0, bytes: 0, waiting: new Set(), servedAt: Number.NEGATIVE_INFINITY };
    this.shares.set(shareOf(job), share);
    share.open += 1;
    share.bytes += place.bytes;
    if (state === 'running') this.running.add(entry);
    else share.waiting.add(entry);
    if (job.lane === null) return;
    const lane = this.lanes.get(job.lane.name) ?? new Set();
    this.lanes.set(job.lane.name, lane.add(entry));
  }

  #leave(entry: Entry): void {
    const { job, state, place } = entry;
    this.entries.delete(job.id);
    this.dead.delete(entry);
    this.running.delete(entry);
    if (state === 'dead') return;
    const share = this.shares.get(shareOf(job));
    if (share !== undefined) {
      share.open -= 1;
      share.bytes -= place.bytes;
      share.waiting.delete(entry);
      if (share.open === 0) this.shares.delete(shareOf(job));
    }
    const lane = job.lane === null ? undefined : this.lanes.get(job.lane.name);
    lane?.delete(entry);
    if (job.lane !== null && lane?.size === 0) this.lanes.delete(job.lane.name);
  }
}
