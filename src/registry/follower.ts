// Keeps a host at what the registry says: hears of a revision, has it served, reports. Must never take away what serves because the registry cannot be read, is gone or went back.
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError } from '../errors.ts';
import { registryBounds } from './bounds.ts';
import { decideReturn } from './decide.ts';
import { decideFollow, type Followed, followedOf } from './decide-follow.ts';
import type { HostReport, RegistryState, RegistryStore } from './state.ts';

export interface FailedVersion {
  readonly digest: string;
  readonly role: 'current' | 'canary';
  readonly error: CloisterError;
}

/** What is served of one extension of a state on this host, whether or not it is what was wanted. */
export interface ServedHere {
  readonly extension: string;
  /** Digest of the archive; null: nothing of it is served. */
  readonly current: string | null;
  readonly canary: string | null;
  /** What was wanted and cannot be served here. */
  readonly failed: readonly FailedVersion[];
}

export interface FollowerParts {
  readonly store: RegistryStore;
  /** Names this host in `status`. */
  readonly host: string;
  /** Makes what is served what the state says. */
  serve(state: RegistryState): Promise<readonly ServedHere[]>;
  /** Each said once, until it changes or is over. */
  onTrouble(error: unknown): void;
}

export interface Follower {
  /** Serves what the registry says now, or rejects; from then on it follows. */
  start(): Promise<void>;
  /** Reads and serves what the registry says now. */
  catchUp(): Promise<readonly ServedHere[]>;
  /** This host took a canary back: all are to. */
  returned(canary: { readonly extension: string; readonly digest: string; readonly reason: string }): void;
  /** What this host said last. */
  report(): HostReport;
  close(): Promise<void>;
}

type Source = 'follow' | 'watch' | 'report' | `return ${string}`;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 2_000);

export const makeFollower = (parts: FollowerParts): Follower => {
  const { store, host, serve } = parts;
  const stop = new AbortController();
  const returns = new Set<Promise<void>>();
  let watch: { close(): Promise<void> } | null = null;
  let running: Promise<unknown> = Promise.resolve();
  let said: HostReport = { host, revision: 0, at: new Date().toISOString(), serving: {}, failed: {} };
  let served: readonly ServedHere[] = [];
  let applied: Followed | null = null;
  /** By where it was met: one that goes on hides no other. */
  const troubles = new Map<Source, string>();
  let isReporting = false;
  let isUntold = false;
  let retry: NodeJS.Timeout | null = null;
  let waitMs: number = registryBounds.retryMs.value;

  const onTrouble = (source: Source, error: unknown): void => {
    const words = reasonOf(error);
    const isKnown = [...troubles.values()].includes(words);
    troubles.set(source, words);
    if (!isKnown && !stop.signal.aborted) parts.onTrouble(error);
  };
  const onFollowTrouble = (error: unknown): void => onTrouble('follow', error);
  const reportOnce = async (): Promise<void> => {
    said = { ...said, at: new Date().toISOString() };
    try {
      await store.report(said);
      troubles.delete('report');
    } catch (error) {
      onTrouble('report', error);
    }
  };
  /** One at a time, and what changed meanwhile after it. */
  const report = async (): Promise<void> => {
    isUntold = true;
    if (isReporting) return;
    isReporting = true;
    while (isUntold && !stop.signal.aborted) {
      isUntold = false;
      await reportOnce();
    }
    isReporting = false;
  };
  /** What could not be served is tried again: an archive may be put right without a new revision. */
  const tryLater = (): void => {
    if (retry !== null || stop.signal.aborted) return;
    retry = setTimeout(() => {
      retry = null;
      void catchUp().catch(onFollowTrouble);
    }, waitMs);
    retry.unref();
    waitMs = Math.min(waitMs * 2, registryBounds.maxServeRetryMs.value);
  };

  const pull = async (): Promise<readonly ServedHere[]> => {
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
    troubles.delete('follow');
    const failed = served.filter((one) => one.failed.length > 0);
    const serving = served.flatMap(({ extension, current }): [string, string][] => (current === null ? [] : [[extension, current]]));
    // All of them together have to fit into a report.
    const chars = Math.floor(registryBounds.recordBytes.value / 16 / Math.max(1, failed.length));
    const why = failed.map(({ extension, failed: [first] }): [string, string] => [extension, reasonOf(first?.error).slice(0, chars)]);
    said = { ...said, revision: state.revision, serving: Object.fromEntries(serving), failed: Object.fromEntries(why) };
    if (failed.length > 0) tryLater();
    else waitMs = registryBounds.retryMs.value;
    void report();
    return served;
  };

  /** One after the other: the later one reads the later state. */
  const inTurn = (work: () => Promise<readonly ServedHere[]>): Promise<readonly ServedHere[]> => {
    const done = running.then(() => {
      if (stop.signal.aborted) throw new CloisterError('ERR_RUNTIME_CLOSED', 'The host is shutting down.');
      return work();
    });
    running = done.catch(() => undefined);
    return done;
  };
  const catchUp = (): Promise<readonly ServedHere[]> => inTurn(pull);
  /** A revision that another catching up brought already is not served twice. */
  const onRevision = (revision: number): void => {
    void inTurn(() => (revision === applied?.revision && applied.doubt === 'none' ? Promise.resolve(served) : pull())).catch(
      onFollowTrouble,
    );
  };

  const giveBack = async (extension: string, digest: string, reason: string): Promise<void> => {
    const source: Source = `return ${extension}`;
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
        onTrouble(source, error);
        await sleep(pause, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
  };

  const timer = setInterval(() => void report(), registryBounds.reportMs.value);
  timer.unref();
  return {
    async start() {
      await catchUp();
      watch = store.watch({
        onRevision,
        onTrouble: (error) => onTrouble('watch', error),
        onAnswer: () => troubles.delete('watch'),
      });
    },
    catchUp,
    returned({ extension, digest, reason }) {
      if (returns.size >= registryBounds.returns.value) return;
      const one = giveBack(extension, digest, reason).finally(() => {
        returns.delete(one);
        troubles.delete(`return ${extension}`);
      });
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
