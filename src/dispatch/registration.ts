// The lease of an extension's register function: it may call, it answers nobody. Must never outlive registerMs.
import type { Breach } from '../../sandbox/protocol/kinds.ts';
import { CallLease, type LeaseOrigin } from '../bridge/call-lease.ts';
import type { Cause } from '../bridge/capability.ts';
import type { LeasePeer } from '../wards/ward.ts';

/** Stands in the request id of each. */
export const registering = '-register-';

/** After registerMs the ward has this long to end the cell by itself. */
const graceMs = 1_000;

export class Registration extends CallLease implements LeasePeer {
  readonly cell: number;
  readonly #deadlineAt: number;
  readonly #onLate: (reason: string) => void;
  readonly #deadline: NodeJS.Timeout;
  readonly #kill: NodeJS.Timeout;

  /** `onLate`: it took too long and is over. `onStuck`: even so it did not end. */
  constructor(origin: LeaseOrigin, id: number, cell: number, cause: Cause | null, onLate: (reason: string) => void, onStuck: () => void) {
    super(origin, id, null, cause);
    this.cell = cell;
    this.#onLate = onLate;
    const { registerMs } = origin.limits;
    this.#deadlineAt = performance.now() + registerMs;
    this.#deadline = setTimeout(() => this.#late(), registerMs);
    this.#kill = setTimeout(onStuck, registerMs + graceMs);
  }

  get requestId(): string {
    return `${this.origin.prefix}${registering}${this.id}`;
  }
  remainingMs(): number {
    return Math.max(0, this.#deadlineAt - performance.now());
  }

  finish(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#kill);
    if (!this.isOver) this.endCalls();
    this.recordRepeats();
  }

  onBreach(_breach: Breach): void {
    this.#late();
  }

  #late(): void {
    if (this.isOver) return;
    const { registerMs } = this.limits;
    this.record({
      kind: 'limit',
      limit: 'registerMs',
      allowed: registerMs,
      used: Math.round(registerMs + Math.max(0, performance.now() - this.#deadlineAt)),
    });
    this.finish();
    this.#onLate(`its register function ran over registerMs (${registerMs})`);
  }

  // A registration answers nobody: the ward ends a cell that tries.
  onRespond(): void {}
  onHead(): void {}
  onChunk(): void {}
  onEnd(): void {}
  onNext(): void {}
  onJobDone(): void {}
  onFault(): void {}
  onTaken(): void {}
  onSettled(): void {}
}
