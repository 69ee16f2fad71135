// The second argument of register(): services, database, getSchema, env, logger, emitter, kv. Must never throw for a key that is merely looked at.
import type { KernelConfig } from '../protocol/kinds.ts';
import type { Calls } from './calls.ts';
import { guestCapabilities, guestGlobals } from './capabilities.ts';
import { exceptions } from './exceptions.ts';
import { hasOwn, ownKeys } from './intrinsics.ts';
import type { Listeners } from './listeners.ts';

/** Makes the guest side of one capability from what the host handed over for it. */
export const makeGuestSide = (calls: Calls, config: KernelConfig, listeners: Listeners, key: string): unknown => {
  const entry = hasOwn(guestCapabilities, key) ? guestCapabilities[key] : hasOwn(guestGlobals, key) ? guestGlobals[key] : undefined;
  if (entry === undefined) return undefined;
  const granted = hasOwn(config.capabilities, entry.capability);
  return entry.make(calls.bridgeFor(entry.capability, granted ? config.capabilities[entry.capability] : undefined, granted), listeners);
};

export const makeContext = (calls: Calls, config: KernelConfig, listeners: Listeners): object => {
  const context: Record<string, unknown> = { exceptions: { ...exceptions } };
  // Made when it is first looked at: Knex costs milliseconds that an extension without database need not pay.
  for (const key of ownKeys(guestCapabilities) as string[]) {
    let made: unknown;
    let isMade = false;
    Object.defineProperty(context, key, {
      enumerable: true,
      configurable: true,
      get: () => {
        if (!isMade) made = makeGuestSide(calls, config, listeners, key);
        isMade = true;
        return made;
      },
    });
  }
  return context;
};
