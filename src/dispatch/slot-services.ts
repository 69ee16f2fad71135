// What a slot is given by the dispatcher. Must never grow a member that one slot alone needs.
import type { CallLease, LeaseRecord } from '../bridge/call-lease.ts';
import type { CloisterError } from '../errors.ts';
import type { BreakerOptions } from './breaker.ts';
import type { Cell } from './cell.ts';
import type { CellOpenerServices } from './cell-opener.ts';
import type { Extension } from './extension.ts';
import type { FairShare } from './fair-share.ts';
import type { Lease } from './lease.ts';
import type { RegisteredParts } from './parse-registered.ts';
import type { ReputationEvent } from './reputation.ts';

export type SlotEvent = 'cell.boot' | 'cell.end' | ReputationEvent;

export interface SlotServices extends CellOpenerServices {
  onCall(cell: Cell, lease: CallLease | null, call: number, text: string, bytes: Uint8Array | null): void;
  onLife(event: SlotEvent, extension: Extension, tenant: string, subject: string, reason: string): void;
  /** What a cell listens for, each time one has registered. Throws where it may not. */
  onRegistered(extension: Extension, tenant: string, registered: RegisteredParts, record: (note: LeaseRecord) => void): void;
  onGuestError(lease: Lease, stack: string): void;
  onDone(lease: Lease): void;
  /** null: no quota is used up. */
  refuseQuota(extension: string, tenant: string, isJob: boolean): CloisterError | null;
  readonly shares: FairShare;
  readonly breaker: BreakerOptions;
  readonly cellIdleMs: number;
}
