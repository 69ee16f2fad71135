// Keeps a host at what the registry says: hears of a revision, has it served, reports. Must never take away what serves because the registry cannot be read, is gone or went back.
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError } from '../errors.ts';
import { registryBounds } from './bounds.ts';
import { decideReturn } from './decide.ts';
import { decideFollow, type Followed, followedOf } from './decide-follow.ts';
import type { HostReport, RegistryState, RegistryStore } from './state.ts';

/** What became of one extension of a state on this host. */
export interface ServedHere {
  readonly extension: string;
  /** Digest; null: nothing of it is served. */
  readonly current: string | null;
  readonly canary: string | null;
  readonly failed: readonly { readonly digest: string; readonly role: 'current' | 'canary'; readonly error: CloisterError }[];
}

export interface FollowerParts<Served extends ServedHere> {
  readonly store: RegistryStore;
  /** Names this host in `status`. */
  readonly host: string;
  /** Makes what is served what the state says. */
  serve(state: RegistryState): Promise<readonly Served[]>;
  /** Said once, until it changes or is over. */
  onTrouble(error: unknown): void;
}

export interface Follower<Served extends ServedHere> {
  /** Serves what the registry says now, or rejects; from then on it follows. */
  start(): Promise<void>;
  /** Reads and serves what the registry says now. */
  catchUp(): Promise<readonly Served[]>;
  /** This host took a canary back: all are to. */
  returned(canary: { readonly extension: string; readonly digest: string; readonly reason: string }): void;
  /** What this host said last. */
  report(): HostReport;
  close(): Promise<void>;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 2_000);

export const makeFollower = <Served extends ServedHere>(parts: FollowerParts<Served>): Follower<Served> => {
  const { store, host, serve } = parts;
  const stop = new AbortController();
  const returns = new Set<Promise<void>>();
  let watch: { close(): Promise<void> } | null = null;
  let running: Promise<unknown> = Promise.resolve();
  let said: HostReport = { host, revision: 0, at: new Date().toISOString(), serving: {}, failed: {} };
  let served: readonly Served[] = [];
  let applied: Followed | null = null;
  let trouble = '';
  let retry: NodeJS.Timeout | null = null;
  let waitMs: number = registryBounds.retryMs.value;

  const onTrouble = (error: unknown): void => {
    const words = reasonOf(error);
    if (words === trouble || stop.signal.aborted) return;
    trouble = words;
    parts.onTrouble(error);
  };
  const report = async (): Promise<void> => {
    said = { ...said, at: new Date().toISOString() };
    await store.report(said).catch(onTrouble);
  };
  /** What could not be served is tried again: an archive may be put right without a new revision. */
  const tryLater = (): void => {
    if (retry !== null || stop.signal.aborted) return;
    retry = setTimeout(() => {
      retry = null;
      void catchUp().catch(onTrouble);
    }, waitMs);
    retry.unref();
    waitMs = Math.min(waitMs * 2, registryBounds.maxServeRetryMs.value);
  };

  const pull = async (): Promise<readonly Served[]> => {
    let state: RegistryState;
    try {
      state = await store.read();
    } catch (error) {
      // What is refused may be put back with the same number.
      if (applied?.doubt === 'none') applied = { ...applied, doubt: 'gone' };
      tryLater();
      throw error;
    }
    const strayed = decideFollow(state, applied);
    if (applied !== null && strayed !== null) {
      applied = { ...applied, doubt: strayed.doubt };
      tryLater();
      throw strayed.error;
    }
    if (state.revision !== applied?.revision) waitMs = registryBounds.retryMs.value;
    try {
      served = await serve(state);
    } catch (error) {
      // The watch has told this revision, and will not again.
      tryLater();
      throw error;
    }
    applied = followedOf(state);
    trouble = '';
    const failed = served.filter((one) => one.failed.length > 0);
    const serving = served.flatMap(({ extension, current }): [string, string][] => (current === null ? [] : [[extension, current]]));
    const why = failed.map(({ extension, failed: [first] }): [string, string] => [extension, reasonOf(first?.error)]);
    said = { ...said, revision: state.revision, serving: Object.fromEntries(serving), failed: Object.fromEntries(why) };
    if (failed.length > 0) tryLater();
    else waitMs = registryBounds.retryMs.value;
    void report();
    return served;
  };

  /** One after the other: the later one reads the later state. */
  const inTurn = (work: () => Promise<readonly Served[]>): Promise<readonly Served[]> => {
    const done = running.then(() => {
      if (stop.signal.aborted) throw new CloisterError('ERR_RUNTIME_CLOSED', 'The host is shutting down.');
      return work();
    });
    running = done.catch(() => undefined);
    return done;
  };
  const catchUp = (): Promise<readonly Served[]> => inTurn(pull);
  /** A revision that another catching up brought already is not served twice. */
  const onRevision = (revision: number): void => {
    void inTurn(() => (revision === applied?.revision && applied.doubt === 'none' ? Promise.resolve(served) : pull())).catch(onTrouble);
  };

  const giveBack = async (extension: string, digest: string, reason: string): Promise<void> => {
    for (
      let pause: number = registryBounds.retryMs.value;
      !stop.signal.aborted;
      pause = Math.min(pause * 2, registryBounds.maxRetryMs.value)
    ) {
      try {
        const at = new Date().toISOString();
        await store.update((state) => decideReturn(state, extension, { by: host, at, digest, reason: reason.slice(0, 2_000) }));
        return;
      } catch (error) {
        // Another host was first, or somebody decided otherwise.
        if (error instanceof CloisterError && error.code !== 'ERR_REGISTRY_UNAVAILABLE' && error.code !== 'ERR_REGISTRY_INVALID') return;
        onTrouble(error);
        await sleep(pause, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
  };

  const timer = setInterval(() => void report(), registryBounds.reportMs.value);
  timer.unref();
  return {
    async start() {
      await catchUp();
      watch = store.watch({ onRevision, onTrouble });
    },
    catchUp,
    returned({ extension, digest, reason }) {
      if (returns.size >= registryBounds.returns.value) return;
      const one = giveBack(extension, digest, reason).finally(() => returns.delete(one));
      returns.add(one);
    },
    report: () => said,
    async close() {
      stop.abort();
      clearInterval(timer);
      if (retry !== null) clearTimeout(retry);
      await watch?.close();
      await running;
      await Promise.all(returns);
      await store.close();
    },
  };
};
