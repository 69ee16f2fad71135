// Runs hooks' schedules in time, each once over all hosts. Must never run one beside itself, nor make up for a run that was missed.
import type { Extension } from '../dispatch/extension.ts';
import type { LifeEvent } from '../ledger/entry.ts';
import { type CronPattern, parseCron } from './cron.ts';
import type { Listener } from './facts.ts';
import type { ScheduleLock } from './schedule-lock.ts';

export interface NextRun {
  readonly extension: string;
  readonly cron: string;
  /** null: never again. */
  readonly next: Date | null;
  /** once over all hosts that share the database, or only in this process. */
  readonly once: 'database' | 'process';
}

export interface ScheduleServices {
  readonly lock: ScheduleLock;
  run(extension: Extension, listener: Listener): Promise<unknown>;
  onLife(event: LifeEvent, extension: string, tenant: string, subject: string, reason: string): void;
}

interface Entry {
  readonly extension: Extension;
  readonly listener: Listener;
  readonly pattern: CronPattern;
  readonly key: string;
  next: Date | null;
  timer: NodeJS.Timeout | null;
  running: boolean;
}

/** setTimeout() takes no more. */
const maxWaitMs = 0x7fffffff;

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
      const entry: Entry = {
        extension,
        listener,
        pattern: parseCron(listener.event),
        key: JSON.stringify([extension.id, listener.event, nth]),
        next: null,
        timer: null,
        running: false,
      };
      this.#entries.push(entry);
      this.#arm(entry, new Date());
    }
  }

  remove(extension: Extension): void {
    for (const { timer } of this.#entries.filter((entry) => entry.extension === extension)) if (timer !== null) clearTimeout(timer);
    this.#entries = this.#entries.filter((entry) => entry.extension !== extension);
  }

  nextRuns(): readonly NextRun[] {
    const once = this.#services.lock.shared ? 'database' : 'process';
    return this.#entries.map(({ extension, listener, next }) => ({ extension: extension.id, cron: listener.event, next, once }));
  }

  /** No run begins any more. */
  stop(): void {
    this.#closed = true;
    for (const { timer } of this.#entries) if (timer !== null) clearTimeout(timer);
  }

  /** Lets another host take over. Only when no run goes on any more: two would run at once. */
  async close(): Promise<void> {
    this.stop();
    await this.#services.lock.close();
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
    const following = entry.pattern.next(due);
    if (following !== null && following <= now)
      this.#life('schedule.missed', entry, 'the host was busy or asleep; what was missed is not made up for');
    this.#arm(entry, now);
    void this.#run(entry);
  }

  async #run(entry: Entry): Promise<void> {
    if (entry.running) return this.#life('schedule.overlap', entry, 'the run before it has not ended');
    entry.running = true;
    try {
      if (await this.#services.lock.isMine(entry.key)) await this.#services.run(entry.extension, entry.listener);
    } catch (error) {
      this.#life('schedule.missed', entry, error instanceof Error ? error.message : 'unknown cause');
    } finally {
      entry.running = false;
    }
  }

  #life(event: LifeEvent, { extension, listener }: Entry, reason: string): void {
    this.#services.onLife(event, extension.id, '', listener.event, reason);
  }
}
