// Puts each due time of hooks' schedules as one job, and runs those that this host is given. Must never run one beside itself, nor make up for times at which no host was there.
import type { Extension } from '../dispatch/extension.ts';
import { jobBounds } from '../jobs/bounds.ts';
import type { Claimed, Job, JobScope, Put, Verdict } from '../jobs/job.ts';
import type { LifeEvent } from '../ledger/entry.ts';
import { jobIdOf } from './carried-actions.ts';
import { type CronPattern, parseCron } from './cron.ts';
import { decideVerdict } from './decide-verdict.ts';
import type { Listener } from './facts.ts';
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
  /** For whom schedules run. */
  readonly tenant: string;
  put(jobs: readonly Job[]): Promise<Put>;
  run(extension: Extension, listener: Listener, requestId: string, signal: AbortSignal): Promise<CarriedOutcome>;
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

const readKey = (body: string): string | null => {
  try {
    const { key } = JSON.parse(body) as { readonly key?: unknown };
    return typeof key === 'string' ? key : null;
  } catch {
    return null;
  }
};

export class Schedules {
  readonly #services: ScheduleServices;
  #entries: Entry[] = [];
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
    const key = readKey(job.body);
    if (key === null) return { kind: 'dead', reason: 'it cannot be read; another version of Cloister may have written it' };
    const life = (event: LifeEvent, reason: string): Verdict => {
      this.#services.onLife(event, job.extension, '', job.what, reason);
      return { kind: 'done' };
    };
    if (overlaps) return life('schedule.overlap', 'the run before it has not ended');
    if (ageMs > (attempt === 1 ? jobBounds.lateMs : jobBounds.lateAgainMs).value)
      return life('schedule.missed', 'no host began it in time; what was missed is not made up for');
    const entry = this.#entries.find((one) => one.key === key);
    if (entry === undefined) return { kind: 'pass', reason: 'this host has no such schedule' };
    return decideVerdict(await this.#services.run(entry.extension, entry.listener, job.id, signal));
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
    const { extension, listener, key } = entry;
    const job: Job = {
      id: jobIdOf('schedule', key, due.toISOString()),
      kind: 'schedule',
      tenant: this.#services.tenant,
      extension: extension.id,
      what: listener.event,
      lane: { name: key, rank: due.getTime() },
      body: JSON.stringify({ key, due }),
    };
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
