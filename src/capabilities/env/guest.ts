// `env` as an extension knows it: an object of its own with the granted keys, which says when one is first used. Runs in the isolate; must never hold anything else.
import type { GuestBridge } from '../../../sandbox/kernel/guest-capability.ts';
import type { EnvBoot, EnvValue } from './contract.ts';

type Env = Record<string, EnvValue>;

// Captured before any extension runs: what an extension patches must not keep a use off the ledger.
const { get, set, has, getOwnPropertyDescriptor } = Reflect;
const NativeProxy = Proxy;

const define = (env: object, key: string, value: unknown, enumerable: boolean): void => {
  Object.defineProperty(env, key, { value, writable: true, configurable: true, enumerable });
};

/** Says of each key once that it is used; that it is there is a use too. */
export const watchKeys = <Watched extends object>(values: Watched, keys: readonly string[], onUse: (key: string) => void): Watched => {
  const unused = Object.create(null) as Record<string, true>;
  for (const key of keys) define(unused, key, true, true);
  const use = (key: PropertyKey): void => {
    if (typeof key !== 'string' || unused[key] === undefined) return;
    delete unused[key];
    onUse(key);
  };
  return new NativeProxy(values, {
    get(target, key, receiver) {
      use(key);
      return get(target, key, receiver) as unknown;
    },
    // On the target itself: through the receiver it would look at the key, which is no use of it.
    set: (target, key, value) => set(target, key, value),
    has(target, key) {
      use(key);
      return has(target, key);
    },
    getOwnPropertyDescriptor(target, key) {
      use(key);
      return getOwnPropertyDescriptor(target, key);
    },
  });
};

/** Without a prototype, so that what was not granted is undefined whatever its name; with hasOwnProperty, because extensions ask by it. */
export const makeGuest = (bridge: GuestBridge): Env => {
  const values = Object.create(null) as Env;
  const boot = (bridge.boot ?? {}) as EnvBoot;
  define(values, 'hasOwnProperty', (key: PropertyKey): boolean => Object.hasOwn(env, key), false);
  for (const [key, { value }] of Object.entries(boot)) define(values, key, value, true);
  const env = watchKeys(values, Object.keys(boot), (key) => bridge.note('read', { key }));
  return env;
};
