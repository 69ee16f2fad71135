// Hosts of one queue of jobs, whatever keeps it, for the table of sentences. Must never look behind the interface.
import type { Claimed, Job, JobStore, Verdict } from '../../src/jobs/job.ts';
import { JobQueue, type QueueTerms, type Worker } from '../../src/jobs/queue.ts';
import { waitUntil } from '../helpers/runtime.ts';

/** Of one kind of store: each `open` is another host of the same jobs. */
export interface Bench {
  /** Whether two stores that are opened have the same jobs. */
  readonly shared: boolean;
  /** Whether all hosts know of the running of a lane's jobs until its host is lost. */
  readonly lanes: boolean;
  readonly openJobs: number;
  open(): JobStore;
  /** Ends its connections as a kill of its host would. */
  cut(store: JobStore): Promise<void>;
  /** Everything that is there, away. */
  clear(): Promise<void>;
}

export interface Host {
  readonly queue: JobQueue;
  readonly store: JobStore;
  readonly ran: Claimed[];
  readonly fates: string[];
}

export type Run = Worker['run'];
export const done: Verdict = { kind: 'done' };
export const terms: Partial<QueueTerms> = { backOffMs: 20, passMs: 100, beatMs: 200, graceMs: 100 };
const patienceMs = 30_000;
export const until = (what: string, holds: () => boolean): Promise<void> => waitUntil(what, holds, patienceMs);

let lastJob = 0;
export const makeJob = (more: Partial<Job> = {}): Job => {
  lastJob += 1;
  return {
    id: `job-${String(lastJob)}`,
    kind: 'action',
    tenant: 'acme',
    extension: 'hears',
    what: 'a.b',
    lane: null,
    body: `{"n":${String(lastJob)}}`,
    ...more,
  };
};
export const many = (count: number, more: Partial<Job> = {}): readonly Job[] => Array.from({ length: count }, () => makeJob(more));

export class Hosts {
  readonly bench: Bench;
  readonly #open: Host[] = [];
  constructor(bench: Bench) {
    this.bench = bench;
  }

  start(run: Run = () => Promise.resolve(done), more: Partial<QueueTerms> = {}, extensions: readonly string[] = ['hears']): Host {
    const store = this.bench.open();
    const fates: string[] = [];
    const ran: Claimed[] = [];
    const events = { onFate: (fate: string, { id }: Job) => void fates.push(`${fate} ${id}`), onFailure: () => undefined };
    const host: Host = { store, ran, fates, queue: new JobQueue(store, events, { ...terms, ...more }) };
    host.queue.consume({
      extensions: () => extensions,
      run: (claimed, signal) => {
        ran.push(claimed);
        return run(claimed, signal);
      },
    });
    this.#open.push(host);
    return host;
  }

  async end(host: Host, withinMs = 2_000): Promise<void> {
    this.#open.splice(this.#open.indexOf(host), 1);
    await host.queue.close(withinMs);
  }

  async clear(): Promise<void> {
    await Promise.all(this.#open.splice(0).map(({ queue }) => queue.close(0)));
    await this.bench.clear();
  }
}

export type Case = readonly [sentence: string, run: (hosts: Hosts) => Promise<void>, only?: 'shared' | 'lanes'];
