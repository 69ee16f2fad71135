// Takes jobs in and has them run here, so many at once, tenants apart. Must never begin one after stop(), nor settle one that it has lost.
import { CloisterError } from '../errors.ts';
import { jobBounds } from './bounds.ts';
import { decideSettlement, defaultTerms, type RetryTerms } from './decide-settlement.ts';
import { Hold } from './hold.ts';
import { type Claimed, type Job, type JobScope, type JobStats, type JobStore, type Put, type Spend, shareOf, type Verdict } from './job.ts';

/** Who runs them. */
export interface Worker {
  /** Ids of the extensions that are here now. */
  extensions(): readonly string[];
  /** `signal`: it was lost or takes too long, and what it does must end. */
  run(claimed: Claimed, signal: AbortSignal): Promise<Verdict>;
}

export interface QueueEvents {
  /** It is begun for the second time or later, was stopped in the middle and will be, or is put with the dead. */
  onFate(fate: 'again' | 'dead', job: Pick<Job, 'id' | 'extension' | 'tenant'>, reason: string): void;
  /** The store cannot be reached; told once until it can again. */
  onFailure(error: unknown): void;
}

export interface QueueTerms extends RetryTerms {
  readonly running: number;
  readonly runningOfTenant: number;
  readonly beatMs: number;
  readonly holdMs: number;
  readonly runMs: number;
  /** What was told to end has so long before its place is given away. */
  readonly graceMs: number;
}

interface Held {
  readonly claimed: Claimed;
  readonly control: AbortController;
  lost: boolean;
}

const nothing: JobStats = { queued: 0, running: 0, retried: 0, dead: 0, lagMs: 0 };
const statsMs = 2_000;
const settleAgainMs = 500;

export const defaultQueueTerms: QueueTerms = {
  ...defaultTerms,
  running: jobBounds.running.value,
  runningOfTenant: jobBounds.runningOfTenant.value,
  beatMs: jobBounds.beatMs.value,
  holdMs: jobBounds.holdMs.value,
  runMs: jobBounds.runMs.value,
  graceMs: 2_000,
};

export class JobQueue {
  readonly #store: JobStore;
  readonly #events: QueueEvents;
  readonly #terms: QueueTerms;
  readonly #held = new Map<string, Held>();
  readonly #runs = new Set<Promise<void>>();
  #worker: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;
  #pumping = false;
  #pumped: Promise<void> = Promise.resolve();
  #again = false;
  #beating = false;
  #stopped = false;
  #failing = false;
  /** Others may have begun what this host could not say it still runs. */
  readonly #hold: Hold;
  #stats = nothing;
  #statsAt = Number.NEGATIVE_INFINITY;

  constructor(store: JobStore, events: QueueEvents, terms: Partial<QueueTerms> = {}) {
    this.#store = store;
    this.#events = events;
    this.#terms = { ...defaultQueueTerms, ...terms };
    this.#hold = new Hold(store.scope === 'process' ? Number.POSITIVE_INFINITY : this.#terms.holdMs, () => {
      for (const id of this.#held.keys()) this.#lose(id);
    });
  }

  get scope(): JobScope {
    return this.#store.scope;
  }
  /** Of this host. */
  get running(): number {
    return this.#held.size;
  }

  async put(jobs: readonly Job[], spend: Spend | null = null): Promise<Put> {
    for (const { body } of jobs) {
      const bytes = Buffer.byteLength(body);
      const most = jobBounds.jobBytes.value;
      if (bytes > most)
        throw new CloisterError('ERR_ARGUMENT_INVALID', `The event is over the limit jobBytes (${String(most)}).`, {
          limit: 'jobBytes',
          allowed: most,
          used: bytes,
        });
    }
    const put = await this.#store.put(jobs, spend).catch((error: unknown) => {
      if (error instanceof CloisterError && error.code === 'ERR_JOBS_UNAVAILABLE') this.#fail(error);
      throw error;
    });
    if (put.taken > 0) this.wake();
    return put;
  }

  /** From now on this host runs jobs. */
  consume(worker: Worker): void {
    if (this.#worker !== null || this.#stopped) return;
    this.#worker = worker;
    this.#hold.renew(performance.now());
    this.#store.onWork(
      () => this.wake(),
      (job, reason) => this.#events.onFate('dead', job, reason),
    );
    this.#timer = setInterval(() => void this.#beat(), this.#terms.beatMs);
    this.#timer.unref();
    void this.#beat();
  }

  /** There may be work, or somebody new to do it. */
  wake(): void {
    if (this.#pumping) this.#again = true;
    else this.#pumped = this.#pump();
  }

  /** As it was a moment ago. */
  stats(): JobStats {
    if (performance.now() - this.#statsAt > statsMs && this.#worker !== null && !this.#stopped) {
      this.#statsAt = performance.now();
      this.#store.stats().then(
        (stats) => {
          this.#stats = stats;
        },
        () => undefined,
      );
    }
    return this.#stats;
  }

  /** Begins none any more. */
  stop(): void {
    this.#stopped = true;
  }

  /** Waits for what runs, up to `withinMs`; what has not ended then is given to others. */
  async close(withinMs: number = this.#terms.graceMs): Promise<void> {
    this.stop();
    const patience = setTimeout(() => {
      for (const { control } of this.#held.values()) control.abort('the host is shutting down');
    }, withinMs);
    // What it claims yet is given back before this host takes leave.
    await this.#pumped;
    while (this.#runs.size > 0) await Promise.allSettled(this.#runs);
    clearTimeout(patience);
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#hold.stop();
    await this.#store.close();
  }

  #fail(error: unknown): void {
    if (!this.#failing) this.#events.onFailure(error);
    this.#failing = true;
  }

  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    const from = performance.now();
    const anew = this.#hold.isOver;
    try {
      const held = [...this.#held.values()].map(({ claimed }) => claimed);
      for (const id of await this.#store.beat(held, anew)) this.#lose(id);
      // What was given up while it was under way stands in the store as held still: the next one says so.
      if (anew || !this.#hold.isOver) this.#hold.renew(from);
      this.#failing = false;
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#beating = false;
    }
    this.wake();
  }

  #lose(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined || held.lost) return;
    held.lost = true;
    held.control.abort('the job was given to another host');
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      do {
        this.#again = false;
        const claimed = await this.#claim();
        for (const one of claimed)
          if (this.#stopped || this.#hold.isOver) await this.#giveBack(one);
          else this.#begin(one);
        if (claimed.length > 0) this.#again = true;
      } while (this.#again && !this.#stopped);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#pumping = false;
    }
  }

  async #claim(): Promise<readonly Claimed[]> {
    const most = this.#terms.running - this.#held.size;
    if (this.#worker === null || this.#stopped || this.#hold.isOver || most <= 0) return [];
    const extensions = this.#worker.extensions();
    if (extensions.length === 0) return [];
    const running = new Map<string, number>();
    for (const { claimed } of this.#held.values()) {
      const share = shareOf(claimed.job);
      running.set(share, (running.get(share) ?? 0) + 1);
    }
    return await this.#store.claim({ most, mostOfShare: this.#terms.runningOfTenant, running, extensions });
  }

  async #giveBack(claimed: Claimed): Promise<void> {
    await this.#store.settle(claimed, decideSettlement({ kind: 'pass', reason: 'the host is shutting down' }, claimed, this.#terms));
  }

  #begin(claimed: Claimed): void {
    const held: Held = { claimed, control: new AbortController(), lost: false };
    const { id } = claimed.job;
    // It may have come back before this host heard that it had lost it.
    this.#lose(id);
    this.#held.set(id, held);
    const run = this.#run(held).finally(() => {
      if (this.#held.get(id) === held) this.#held.delete(id);
      this.#runs.delete(run);
      this.wake();
    });
    this.#runs.add(run);
  }

  async #run(held: Held): Promise<void> {
    const { claimed } = held;
    if (claimed.attempt > 1) this.#events.onFate('again', claimed.job, `attempt ${String(claimed.attempt)}`);
    const verdict: Verdict =
      claimed.attempt > this.#terms.attempts ? { kind: 'again', reason: 'the host that ran it was lost each time' } : await this.#ask(held);
    if (held.lost) return;
    const settlement = decideSettlement(verdict, claimed, this.#terms);
    if (settlement.kind === 'dead') this.#events.onFate('dead', claimed.job, settlement.reason);
    // It counts as no attempt, so who begins it again would not say so. Of a process nobody does.
    if (verdict.kind === 'pass' && verdict.begun === true && this.scope !== 'process')
      this.#events.onFate('again', claimed.job, `it was stopped in the middle: ${verdict.reason}`);
    // What cannot be said within its hold is given to another, who runs it again.
    for (const until = performance.now() + this.#terms.holdMs; !held.lost; ) {
      try {
        return await this.#store.settle(claimed, settlement);
      } catch (error) {
        this.#fail(error);
        if (performance.now() > until || this.#stopped) return;
        await new Promise((resolve) => setTimeout(resolve, settleAgainMs));
      }
    }
  }

  async #ask({ claimed, control }: Held): Promise<Verdict> {
    const { signal } = control;
    const { promise: late, resolve } = Promise.withResolvers<Verdict>();
    const tooLong = setTimeout(() => control.abort(`it took longer than ${String(this.#terms.runMs)} ms`), this.#terms.runMs);
    let grace: NodeJS.Timeout | undefined;
    const ended = (): Verdict => {
      const reason = String(signal.reason);
      return this.#stopped ? { kind: 'pass', reason, begun: true } : { kind: 'again', reason };
    };
    signal.addEventListener('abort', () => {
      grace = setTimeout(() => resolve(ended()), this.#terms.graceMs);
    });
    try {
      const run = this.#worker?.run(claimed, signal) ?? Promise.resolve<Verdict>({ kind: 'pass', reason: 'nobody runs jobs here' });
      const verdict = await Promise.race([run, late]);
      // What takes too long each time must not come again for ever.
      return verdict.kind === 'pass' && signal.aborted && !this.#stopped ? ended() : verdict;
    } catch (error) {
      return { kind: 'again', reason: error instanceof Error ? error.message : 'unknown cause' };
    } finally {
      clearTimeout(tooLong);
      clearTimeout(grace);
    }
  }
}
