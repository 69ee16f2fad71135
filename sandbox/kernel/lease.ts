// What the guest's side keeps of one request: its own counts, so that a breach is a clean error. Must never be relied on by the host.
import type { KernelLimits } from '../protocol/kinds.ts';

export interface Lease {
  readonly id: number;
  calls: number;
  pending: number;
  logLines: number;
  logBytes: number;
  bytesOut: number;
  /** Bytes the host still wants of a streamed answer. */
  window: number;
  over: boolean;
  /** Calls that wait for one of the pending ones to come back. */
  readonly waiting: (() => void)[];
}

export const makeLease = (id: number): Lease => ({
  id,
  calls: 0,
  pending: 0,
  logLines: 0,
  logBytes: 0,
  bytesOut: 0,
  window: 256 * 1024,
  over: false,
  waiting: [],
});

/** Generous until the host has said what holds; nothing of an extension runs before that. */
export const bootLimits: KernelLimits = {
  hostCalls: 0,
  callsPending: 1,
  callBytes: 0,
  bodyOutBytes: 0,
  headerBytes: 0,
  logLines: 0,
  logBytes: 0,
  timers: 0,
  listeners: 0,
  eventBytes: 0,
};
