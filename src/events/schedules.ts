// Puts each due time of hooks' schedules as one job, and runs those that this host is given. Must never run one beside itself, nor make up for times at which no host was there.
import type { Extension } from '../dispatch/extension.ts';
import { jobBounds } from '../jobs/bounds.ts';
import type { Claimed, Job, JobScope, Put, Verdict } from '../jobs/job.ts';
import type { LifeEvent } from '../ledger/entry.ts';
import { jobIdOf } from './carried-actions.ts';
import { type CronPattern, parseCron } from './cron.ts';
import { decideVerdict } from './decide-verdict.ts';
import type { Listener, Target } from './facts.ts';
import { makePace, runRound } from './rounds.ts';
import type { CarriedOutcome } from './turn.ts';

export interface NextRun {
  readonly extension: string;
  readonly cron: string;
  /** null: never again. */
  readonly next: Date | null;
  /** once over all hosts that share the database, or only in this process. */
  readonly once: JobScope;
}

export interface ScheduleServices {
  readonly scope: JobScope;
  /** For whom schedules run where nobody says which tenants there are. */
  readonly tenant: string;
  /** Which tenants there are; null: nobody says. */
  readonly tenants: (() => Promise<readonly string[]>) | null;
  /** Whether the tenant has it and lets it run. Rejects where nobody knows. */
  isFor(tenant: string, target: Target): Promise<boolean>;
  put(jobs: readonly Job[]): Promise<Put>;
  run(target: Target, tenant: string, requestId: string, signal: AbortSignal): Promise<CarriedOutcome>;
  onLife(event: LifeEvent, extension: string, tenant: string, subject: string, reason: string): void;
}

interface Entry {
  readonly extension: Extension;
  readonly listener: Listener;
  readonly pattern: CronPattern;
  readonly key: string;
  next: Date | null;
  timer: NodeJS.Timeout | null;
}

/** setTimeout() takes no more. */
const maxWaitMs = 0x7fffffff;
const putAgainMs = 1_000;
/** Due times that a host which was busy puts late, at once. */
const mostLate = 60;

const keyOf = (extension: string, cron: string, nth: number): string => JSON.stringify([extension, cron, nth]);

/** `all`: its run is to put those of all tenants; `one`: it is one of these. Absent: it is the host's own tenant's. */
type Whose = 'all' | 'one';

interface Body {
  readonly key: string;
  readonly due: Date;
  readonly whose?: Whose;
}

const readBody = (text: string): Body | null => {
  try {
    const { key, due, whose } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof key !== 'string' || typeof due !== 'string' || Number.isNaN(Date.parse(due))) return null;
    return { key, due: new Date(due), ...(whose === 'all' || whose === 'one' ? { whose } : {}) };
  } catch {
    return null;
  }
};

/** One after the other, also where the next one is due meanwhile. */
const lateMsOf = ({ due, whose }: Body, entry: Entry | undefined, attempt: number): number => {
  const { lateMs, lateAgainMs, tenantLateMs, roundMs } = jobBounds;
  if (whose === 'all') return roundMs.value;
  const least = attempt === 1 ? lateMs.value : lateAgainMs.value;
  if (whose !== 'one' || entry === undefined) return least;
  const next = entry.pattern.next(due);
  return Math.max(least, Math.min(tenantLateMs.value, (next?.getTime() ?? Number.POSITIVE_INFINITY) - due.getTime()));
};

export class Schedules {
  readonly #services: ScheduleServices;
  #entries: Entry[] = [];
  /** Rounds that this host runs, by extension. */
  readonly #rounds = new Map<string, number>();
  readonly #inTime = makePace(jobBounds.roundPerSecond.value);
  #closed = false;

  constructor(services: ScheduleServices) {
    this.#services = services;
  }

  get length(): number {
    return this.#entries.length;
  }

  add(extension: Extension, listeners: readonly Listener[]): void {
    const seen = new Map<string, number>();
    for (const listener of listeners) {
      // Two with the same pattern are two: told apart by their order.
      const nth = seen.get(listener.event) ?? 0;
      seen.set(listener.event, nth + 1);
      const key = keyOf(extension.id, listener.event, nth);
      const entry: Entry = { extension, listener, pattern: parseCron(listener.event), key, next: null, timer: null };
      this.#entries.push(entry);
      this.#arm(entry, new Date());
    }
  }

  remove(extension: Extension): void {
    for (const { timer } of this.#entries.filter((entry) => entry.extension === extension)) if (timer !== null) clearTimeout(timer);
    this.#entries = this.#entries.filter((entry) => entry.extension !== extension);
  }

  nextRuns(): readonly NextRun[] {
    const once = this.#services.scope;
    return this.#entries.map(({ extension, listener, next }) => ({ extension: extension.id, cron: listener.event, next, once }));
  }

  /** No run is put any more. */
  stop(): void {
    this.#closed = true;
    for (const { timer } of this.#entries) if (timer !== null) clearTimeout(timer);
  }

  async run({ job, attempt, ageMs, overlaps }: Claimed, signal: AbortSignal): Promise<Verdict> {
    const body = readBody(job.body);
    if (body === null) return { kind: 'dead', reason: 'it cannot be read; another version of Cloister may have written it' };
    const life = (event: LifeEvent, reason: string): Verdict => {
      this.#services.onLife(event, job.extension, body.whose === 'one' ? job.tenant : '', job.what, reason);
      return { kind: 'done' };
    };
    if (overlaps)
      return life(
        'schedule.overlap',
        body.whose === 'all' ? 'the runs of the due time before it have not all been put' : 'the run before it has not ended',
      );
    const entry = this.#entries.find((one) => one.key === body.key);
    if (ageMs > lateMsOf(body, entry, attempt))
      return life('schedule.missed', 'no host began it in time; what was missed is not made up for');
    if (entry === undefined) return { kind: 'pass', reason: 'this host has no such schedule' };
    if (body.whose === 'all') return await this.#runRound(entry, body.due, signal);
    if (body.whose === 'one') {
      try {
        if (!(await this.#services.isFor(job.tenant, entry))) return life('schedule.missed', 'the tenant has it no more');
      } catch (error) {
        return { kind: 'wait', reason: error instanceof Error ? error.message : 'the tenant could not be resolved' };
      }
    }
    return decideVerdict(await this.#services.run(entry, job.tenant, job.id, signal));
  }

  async #runRound(entry: Entry, due: Date, signal: AbortSignal): Promise<Verdict> {
    const { tenants, isFor, put } = this.#services;
    if (tenants === null) return { kind: 'pass', reason: 'this host does not say which tenants there are' };
    const { id } = entry.extension;
    const beside = this.#rounds.get(id) ?? 0;
    // An extension with many patterns leaves room for the rounds of others.
    if (beside >= jobBounds.roundsOfExtension.value) return { kind: 'wait', reason: 'other rounds of the extension are under way' };
    this.#rounds.set(id, beside + 1);
    try {
      return await runRound(
        due.getTime(),
        {
          names: tenants,
          // Where nobody knows now, whoever runs it asks again.
          isFor: (tenant) => isFor(tenant, entry).catch(() => true),
          inTime: this.#inTime,
          put: (tenant) => put([this.#jobOf(entry, due, tenant, 'one')]),
          onMissed: (tenant, reason) => this.#services.onLife('schedule.missed', id, tenant, entry.listener.event, reason),
        },
        signal,
      );
    } finally {
      const left = (this.#rounds.get(id) ?? 1) - 1;
      if (left > 0) this.#rounds.set(id, left);
      else this.#rounds.delete(id);
    }
  }

  #jobOf({ extension, listener, key }: Entry, due: Date, tenant: string, whose: Whose | undefined): Job {
    const lane = whose === 'one' ? JSON.stringify([key, tenant]) : key;
    return {
      id: jobIdOf('schedule', lane, due.toISOString(), ...(whose === undefined ? [] : [whose])),
      kind: 'schedule',
      tenant,
      extension: extension.id,
      what: listener.event,
      lane: { name: lane, rank: due.getTime() },
      body: JSON.stringify({ key, due, whose }),
    };
  }

  #arm(entry: Entry, after: Date): void {
    entry.next = entry.pattern.next(after);
    this.#wait(entry);
  }

  #wait(entry: Entry): void {
    const { next } = entry;
    if (next === null || this.#closed) return;
    entry.timer = setTimeout(() => this.#wake(entry, next), Math.min(Math.max(0, next.getTime() - Date.now()), maxWaitMs));
    entry.timer.unref();
  }

  #wake(entry: Entry, due: Date): void {
    const now = new Date();
    if (now < due) return this.#wait(entry);
    const passed: Date[] = [];
    // One by one and no more than so many: a machine that slept for a year has many behind it.
    for (let next = entry.pattern.next(due); next !== null && next <= now && passed.length < mostLate; next = entry.pattern.next(next))
      passed.push(next);
    this.#arm(entry, now);
    // Another host may have put them; alone in its process nobody has.
    if (passed.length > 0 && this.#services.scope === 'process')
      this.#life('schedule.missed', entry, 'the host was busy or asleep; what was missed is not made up for');
    for (const one of this.#services.scope === 'process' ? [due] : [due, ...passed]) void this.#put(entry, one);
  }

  /** Until it is known that it is written down, by whichever host. */
  async #put(entry: Entry, due: Date): Promise<void> {
    const { tenant, tenants } = this.#services;
    const job = this.#jobOf(entry, due, tenant, tenants === null ? undefined : 'all');
    let reason = 'the host was busy or asleep; what was missed is not made up for';
    while (!this.#closed && Date.now() - due.getTime() <= jobBounds.lateMs.value) {
      try {
        await this.#services.put([job]);
        return;
      } catch (error) {
        reason = error instanceof Error ? error.message : 'unknown cause';
        await new Promise((resolve) => setTimeout(resolve, putAgainMs));
      }
    }
    if (!this.#closed) this.#life('schedule.missed', entry, reason);
  }

  #life(event: LifeEvent, { extension, listener }: Entry, reason: string): void {
    this.#services.onLife(event, extension.id, '', listener.event, reason);
  }
}
