// How a host side lets extensions hear of what it does. Must never know who listens, or how.
import type { Caller } from './capability.ts';

export interface HostEvents {
  /** Runs the listeners of a filter one after another and gives the payload they leave. Rejects where one of them refuses. */
  filter(caller: Caller, event: string, payload: unknown, meta: Record<string, unknown>): Promise<unknown>;
  /** Tells the listeners of an action, and waits for none. */
  action(caller: Caller, event: string, meta: Record<string, unknown>): void;
}

/** Nobody listens. */
export const silentEvents: HostEvents = {
  filter: (_caller, _event, payload) => Promise.resolve(payload),
  action: () => undefined,
};
