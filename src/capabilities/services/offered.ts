// A service as the host offers it, whoever wrote it: a closed list of methods and one way to call them. Must never hold what the guest could name otherwise.
import type { Caller, Nested } from '../../bridge/capability.ts';
import type { ArgumentCheck } from './argument-check.ts';
import type { loweredRights } from './contract.ts';

export type LoweredRight = (typeof loweredRights)[number];

export interface OfferedMethod {
  readonly effect: boolean;
  readonly check: ArgumentCheck;
}

/** A call that was admitted, with its arguments checked. */
export interface Invocation {
  readonly method: string;
  readonly collection: string | null;
  readonly args: readonly unknown[];
  readonly caller: Caller;
  readonly nested: Nested;
  /** The database capability's number for a transaction of this lease. */
  readonly transaction: number | null;
  readonly lower: readonly LoweredRight[];
  readonly emitEvents: boolean;
}

export interface OfferedService {
  /** It is made for a collection. */
  readonly collection: boolean;
  /** The one collection it is about, where it is about one. */
  readonly about: string | null;
  readonly methods: ReadonlyMap<string, OfferedMethod>;
  call(invocation: Invocation): Promise<unknown>;
}

export type Offered = ReadonlyMap<string, OfferedService>;
