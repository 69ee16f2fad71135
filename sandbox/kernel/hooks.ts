// What the kernel gives the platform: timers, entropy, clock, log, environment, zones. Must never give more than the guest may have.
import { watchKeys } from '../../src/capabilities/env/guest.ts';
import { makeRandom } from '../platform/globals/random.ts';
import type { Egress, OwnFiles, PlatformHooks } from '../platform/hooks.ts';
import type { KernelConfig } from '../protocol/kinds.ts';
import type { Calls } from './calls.ts';
import { makeGuestSide } from './context.ts';
import { dateNow, defineProperty, hasOwn, keysOf, toText } from './intrinsics.ts';
import type { Listeners } from './listeners.ts';
import { makeOwnFiles, noOwnFiles } from './own-files.ts';
import type { Timers } from './timers.ts';
import { currentZone, enterZone, runInZone } from './zone.ts';

type Logger = Readonly<Record<string, (...args: readonly unknown[]) => void>>;

export interface KernelHooks {
  readonly platform: PlatformHooks;
  /** The cell has an extension: its seed, its environment, its logger. */
  configure(config: KernelConfig): void;
  /** Its script carries files of its package. */
  carry(config: KernelConfig, json: string): void;
  /** An error nobody caught, from a timer. */
  logUncaught(error: unknown): void;
}

const seedBytes = (hex: string): Uint8Array => {
  const bytes = new Uint8Array(hex.length / 2);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
  return bytes;
};

const notSeeded = (): never => {
  throw new Error('there is no entropy before the cell has an extension');
};

export const makeHooks = (timers: Timers, calls: Calls, listeners: Listeners): KernelHooks => {
  let random: (bytes: Uint8Array) => void = notSeeded;
  let logger: Logger | null = null;
  let egress: () => Egress = notSeeded;
  let files: () => OwnFiles = () => noOwnFiles;
  let makeLogger: (() => Logger) | null = null;
  const log = (level: string, args: readonly unknown[]): void => {
    logger ??= makeLogger?.() ?? null;
    const write = logger?.[level];
    if (write !== undefined) write.call(logger, toText(args[0]));
  };
  const platform: PlatformHooks = {
    setTimer: timers.set,
    clearTimer: timers.clear,
    random: (bytes) => random(bytes),
    now: dateNow,
    log,
    env: {},
    part: () => '',
    egress: () => egress(),
    files: () => files(),
    zone: {
      get: () => currentZone().stores,
      run: (stores, run) => runInZone({ lease: currentZone().lease, stores }, run),
      snapshot: () => {
        const zone = currentZone();
        return (run) => runInZone(zone, run);
      },
      enter: (stores) => enterZone({ lease: currentZone().lease, stores }),
    },
  };
  return {
    platform,
    configure: (config) => {
      random = makeRandom(seedBytes(config.seed));
      const boot = ((hasOwn(config.capabilities, 'env') ? config.capabilities['env'] : undefined) ?? {}) as Readonly<
        Record<string, { readonly text: string }>
      >;
      const used = makeGuestSide(calls, config, listeners, 'env') as Readonly<Record<string, unknown>>;
      // process.env shows what the env capability gave, as text, as a process would, and a look at it counts as one at `env`.
      const texts: Record<string, string> = {};
      for (const key of keysOf(boot))
        defineProperty(texts, key, { value: boot[key]?.text, writable: true, enumerable: true, configurable: true });
      platform.env = watchKeys(texts, keysOf(boot), (key) => void used[key]);
      // Who may fetch most likely will: what it stands on is evaluated now, and not within the first request's budget.
      if (hasOwn(config.capabilities, 'fetch'))
        for (const name of ['Response', 'URL', 'AbortSignal', 'TextDecoder', 'ReadableStream']) void Reflect.get(globalThis, name);
      let made: Egress | null = null;
      egress = () => {
        made ??= makeGuestSide(calls, config, listeners, 'fetch') as Egress;
        return made;
      };
      makeLogger = () => makeGuestSide(calls, config, listeners, 'logger') as Logger;
    },
    carry: (config, json) => {
      if (!hasOwn(config.capabilities, 'files')) return;
      let made: OwnFiles | null = null;
      files = () => {
        made ??= makeOwnFiles(json, makeGuestSide(calls, config, listeners, 'files') as Parameters<typeof makeOwnFiles>[1]);
        return made;
      };
    },
    logUncaught: (error) => log('error', [error]),
  };
};
