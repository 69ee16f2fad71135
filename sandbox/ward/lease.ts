// What the ward keeps of one request: its CPU account and whether it is over. Must never decide for the host: it only measures and stops.
import type { Breach } from '../protocol/kinds.ts';

/** An entry's timer counts wall time, a budget counts CPU: on a busy machine the one runs ahead of the other. Twice the CPU left lets a preempted guest finish. */
const contentionFactor = 2;

/** Milliseconds of wall time a lease may run at once, and which bound that is. */
export interface Allowance {
  readonly timeoutMs: number;
  readonly bound: Breach;
}

export class WardLease {
  readonly id: number;
  readonly #cpuMs: number;
  #deadlineAt: number;
  #cpuUs = 0;
  /** Entries queued or running. */
  entries = 0;
  /** The guest has given its whole answer, or the host has ended the lease. */
  over = false;
  /** Its breach has been told. */
  stopped = false;
  #streamingSince: number | null = null;

  constructor(id: number, cpuMs: number, deadlineAt: number) {
    this.id = id;
    this.#cpuMs = cpuMs;
    this.#deadlineAt = deadlineAt;
  }

  get cpuUs(): number {
    return this.#cpuUs;
  }

  /** A stream may flow longer than the deadline: the host watches its idle time instead. */
  beginStream(now: number): void {
    this.#deadlineAt = Number.POSITIVE_INFINITY;
    this.#streamingSince = now;
  }

  extend(deadlineAt: number): void {
    this.#deadlineAt = Math.max(this.#deadlineAt, deadlineAt);
  }

  /** It stood still for so long. */
  postpone(ms: number): void {
    this.#deadlineAt += ms;
  }

  /** Microseconds of CPU the lease may use in all. A stream earns its budget anew each second it lives. */
  budgetUs(now: number): number {
    const seconds = this.#streamingSince === null ? 0 : Math.floor((now - this.#streamingSince) / 1000);
    return this.#cpuMs * 1000 * (1 + seconds);
  }

  charge(us: number): void {
    this.#cpuUs += us;
  }

  allowance(now: number): Allowance {
    const cpuMs = Math.max(1, Math.ceil(((this.budgetUs(now) - this.#cpuUs) / 1000) * contentionFactor));
    const wallMs = Math.max(1, Math.ceil(this.#deadlineAt - now));
    return cpuMs <= wallMs ? { timeoutMs: cpuMs, bound: 'cpu-terminated' } : { timeoutMs: wallMs, bound: 'wall-terminated' };
  }
}
