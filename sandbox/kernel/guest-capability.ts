// What the guest side of a capability is given and gives back. Runs in the isolate; must never hold authority: the host checks again.

import type { Listeners } from './listeners.ts';

export interface GuestBridge {
  /** One call for the lease of the code that runs now. Resolves with the parsed JSON result; rejects with an Error that carries `code`, `status`, `extensions`. */
  call(method: string, args: unknown): Promise<unknown>;
  /** For calls that go on after their result: all of them belong to the request that is served now, whoever makes them. */
  session(): BridgeSession;
  /** A call without an answer, for methods whose contract says `reply: false`. */
  send(method: string, args: unknown): void;
  /** Says that something the cell was handed is used: for methods whose contract says `note`. Costs no budget; each thing is said once. */
  note(method: string, args: unknown): void;
  /** What the host's `bootValue()` said for this capability; undefined where it is not granted. */
  readonly boot: unknown;
  /** false where the extension was not granted this capability: calls would be refused by the host. */
  readonly granted: boolean;
}

/** A result that bytes came with resolves as [value, bytes]. */
export interface BridgeSession {
  /** `sent` is called when it has left: it may have to wait its turn. */
  call(method: string, args: unknown, sent?: () => void): Promise<unknown>;
  /** For methods whose contract says `step`: it waits for no other call, and counts as none. */
  step(method: string, args: unknown, bytes?: Uint8Array | null): Promise<unknown>;
}

/** Makes the value an extension sees under the capability's key of the register context. `listeners` is the cell's own table. */
export type GuestCapability = (bridge: GuestBridge, listeners: Listeners) => unknown;
