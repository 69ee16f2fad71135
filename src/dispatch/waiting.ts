// Who waits for a cell of one slot, and how many run. Must never let events take the places of requests, nor the other way round.
import type { LimitName, Limits } from '../limits/table.ts';
import type { Lease } from './lease.ts';
import { patienceLeftMs } from './patience.ts';

/** Clocks are read one after the other: so little is nothing left. */
const leastMs = 1;

/** Requests and jobs have places of their own: a flood of events must not answer a client with 503, nor may requests that wait for their listeners keep these from running. */
export class Waiting {
  readonly #limits: Limits;
  #requests: Lease[] = [];
  #jobs: Lease[] = [];
  #runningRequests = 0;
  #runningJobs = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#runningRequests + this.#runningJobs;
  }
  get length(): number {
    return this.#requests.length + this.#jobs.length;
  }
  /** The one that a cell is opened for. */
  get first(): Lease | undefined {
    return this.#requests[0] ?? this.#jobs[0];
  }

  get jobs(): readonly Lease[] {
    return this.#jobs;
  }

  /** Takes it in, or names the limit it would go over and by how much. */
  add(lease: Lease): { readonly limit: LimitName; readonly used: number } | null {
    const { concurrentRequests, queuedRequests, concurrentJobs, queuedJobs } = this.#limits;
    if (lease.question.job === undefined) {
      if (this.#requests.length >= queuedRequests + Math.max(0, concurrentRequests - this.#runningRequests))
        return { limit: 'queuedRequests', used: this.#requests.length + 1 };
      this.#requests.push(lease);
      return null;
    }
    if (this.#jobs.length >= queuedJobs + Math.max(0, concurrentJobs - this.#runningJobs))
      return { limit: 'queuedJobs', used: this.#jobs.length + 1 };
    this.#jobs.push(lease);
    return null;
  }

  /** Puts back what ran and is to run again. */
  addAgain(lease: Lease): void {
    if (lease.question.job === undefined) this.#requests.unshift(lease);
    else this.#jobs.unshift(lease);
  }

  /** How many could run now. `awaited`: of those that somebody's running request waits for. */
  ready(awaited = false): number {
    const requests = awaited ? 0 : Math.min(this.#requests.length, Math.max(0, this.#limits.concurrentRequests - this.#runningRequests));
    let jobs = 0;
    for (const lease of this.#jobs) if ((!awaited || lease.question.job?.awaited === true) && this.#mayRun(lease, jobs)) jobs += 1;
    return requests + jobs;
  }

  /** The next that may run, counted as running from now on. `awaited`: only of those that somebody's running request waits for. */
  take(awaited = false): Lease | undefined {
    if (!awaited && this.#requests.length > 0 && this.#runningRequests < this.#limits.concurrentRequests) {
      this.#runningRequests += 1;
      return this.#requests.shift();
    }
    const index = this.#jobs.findIndex((lease) => this.#mayRun(lease, 0) && (!awaited || lease.question.job?.awaited === true));
    if (index < 0) return undefined;
    this.#runningJobs += 1;
    return this.#jobs.splice(index, 1)[0];
  }

  /** It runs no more. */
  leave(lease: Lease): void {
    if (lease.question.job === undefined) this.#runningRequests -= 1;
    else this.#runningJobs -= 1;
  }

  /** It is over before it ran. */
  remove(lease: Lease): void {
    const list = lease.question.job === undefined ? this.#requests : this.#jobs;
    const index = list.indexOf(lease);
    if (index >= 0) list.splice(index, 1);
  }

  /** Gives up the longest waiting, or all. */
  drain(most = Number.POSITIVE_INFINITY): readonly Lease[] {
    const all = [...this.#requests, ...this.#jobs];
    const drained = all.slice(0, most);
    this.#requests = this.#requests.slice(drained.length);
    this.#jobs = all.slice(drained.length).filter((lease) => lease.question.job !== undefined);
    return drained;
  }

  /** Gives up those that have waited as long as they may; who came later waits on. */
  drainImpatient(): readonly Lease[] {
    const drained = [...this.#requests, ...this.#jobs].filter((lease) => patienceLeftMs(lease) < leastMs);
    for (const lease of drained) this.remove(lease);
    return drained;
  }

  /** What somebody waits for may not wait behind what nobody waits for: a listener that emits to its own extension would wait for itself. */
  #mayRun(lease: Lease, more: number): boolean {
    const { concurrentJobs, concurrentRequests } = this.#limits;
    const most = lease.question.job?.awaited === true ? Math.max(concurrentJobs, concurrentRequests) : concurrentJobs;
    return this.#runningJobs + more < most;
  }
}
