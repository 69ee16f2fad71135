// How a host side lets extensions hear of what it does. Must never know who listens, or how.
import type { Caller } from './capability.ts';

/** One name, or several by which one thing is known (`items.create`, `orders.items.create`): listeners run in this order, and in a chain it stands once. */
export type HostEventNames = string | readonly [string, ...string[]];

export interface HostEvents {
  /** Whether any listener of the tenant hears one of them: where none does, nothing need be read or copied for it. */
  heard(caller: Caller, channel: 'filter' | 'action', events: HostEventNames): boolean;
  /**
   * Runs the listeners of a filter one after another and gives the payload they leave: the very one it was given, where nobody changed it; else
   * what JSON made of it. Rejects where one of them refuses (in its own words) or breaks down, where the event is in its own chain already, and
   * where the request has ended: what it filters must not be done then.
   */
  filter(caller: Caller, events: HostEventNames, payload: unknown, meta: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Tells the listeners of an action, waits for none and never throws: what is refused is on the ledger. Call it after the commit. */
  action(caller: Caller, events: HostEventNames, meta: Readonly<Record<string, unknown>>): void;
  /** What `run` and all that it awaits fires by the runtime's own `events` is fired on behalf of `caller`, in its chain. */
  within<Result>(caller: Caller, run: () => Result): Result;
}

/** Nobody listens. */
export const silentEvents: HostEvents = {
  heard: () => false,
  filter: (_caller, _events, payload) => Promise.resolve(payload),
  action: () => undefined,
  within: (_caller, run) => run(),
};
