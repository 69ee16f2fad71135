// `env` as an extension knows it: a plain object of its own with the granted keys. Runs in the isolate; must never hold anything else.
import type { GuestBridge } from '../../../sandbox/kernel/guest-capability.ts';
import type { EnvBoot, EnvValue } from './contract.ts';

type Env = Record<string, EnvValue>;

const define = (env: Env, key: string, value: unknown, enumerable: boolean): void => {
  Object.defineProperty(env, key, { value, writable: true, configurable: true, enumerable });
};

/** Without a prototype, so that what was not granted is undefined whatever its name; with hasOwnProperty, because extensions ask by it. */
export const makeGuest = (bridge: GuestBridge): Env => {
  const env = Object.create(null) as Env;
  define(env, 'hasOwnProperty', (key: PropertyKey): boolean => Object.hasOwn(env, key), false);
  for (const [key, value] of Object.entries((bridge.boot ?? {}) as EnvBoot)) define(env, key, value, true);
  return env;
};
