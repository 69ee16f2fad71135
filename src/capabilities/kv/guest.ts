// `kv` as an extension knows it. Runs in the isolate; must never hold authority, nor keep a value: another cell may have changed it.
import type { GuestBridge } from '../../../sandbox/kernel/guest-capability.ts';

export interface KvEntry {
  readonly key: string;
  readonly value?: unknown;
  readonly version: number;
  /** Milliseconds since 1970; null: it does not expire. */
  readonly expiresAt: number | null;
}

/** `ifVersion`: only where the entry has this version; null: only where there is none. */
export interface KvCondition {
  readonly ifVersion?: number | null;
}

export interface GuestKv {
  /** undefined where there is none. */
  get(key: string): Promise<unknown>;
  entry(key: string): Promise<KvEntry | undefined>;
  /** The new version; null where `ifVersion` did not hold. */
  set(key: string, value: unknown, options?: KvCondition & { readonly ttlMs?: number }): Promise<number | null>;
  /** false where there was none, or `ifVersion` did not hold. */
  delete(key: string, options?: KvCondition): Promise<boolean>;
  list(options?: {
    readonly prefix?: string;
    readonly limit?: number;
    readonly cursor?: string | null;
    readonly values?: boolean;
  }): Promise<{ readonly entries: readonly KvEntry[]; readonly cursor: string | null }>;
}

// Held from before the extension runs.
const { stringify } = JSON;
const pageSize = 100;

const failure = (message: string): Error =>
  Object.assign(new Error(message), { code: 'ERR_ARGUMENT_INVALID', status: 400, extensions: {} });

const toText = (value: unknown): string => {
  let text: string | undefined;
  try {
    text = stringify(value);
  } catch (error) {
    throw failure(`kv.set: the value is not JSON (${error instanceof Error ? error.message : 'unknown cause'})`);
  }
  if (text === undefined) throw failure('kv.set: the value is not JSON; to take a key away use delete');
  return text;
};

const condition = ({ ifVersion }: KvCondition): object => (ifVersion === undefined ? {} : { ifVersion: ifVersion ?? 0 });

export const makeGuest = (bridge: GuestBridge): GuestKv => {
  const entry = async (key: string): Promise<KvEntry | undefined> => ((await bridge.call('get', { key })) as KvEntry | null) ?? undefined;
  return {
    entry,
    get: async (key) => (await entry(key))?.value,
    set: async (key, value, options = {}) =>
      (await bridge.call('set', {
        key,
        value: toText(value),
        ...condition(options),
        ...(options.ttlMs === undefined ? {} : { ttlMs: options.ttlMs }),
      })) as number | null,
    delete: async (key, options = {}) => (await bridge.call('delete', { key, ...condition(options) })) as boolean,
    list: async ({ prefix = '', limit = pageSize, cursor = null, values = false } = {}) =>
      (await bridge.call('list', { prefix, limit, after: cursor ?? '', values })) as Awaited<ReturnType<GuestKv['list']>>,
  };
};
