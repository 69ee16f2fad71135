// One due time of a schedule for every tenant that has the extension: a job of its own for each, put little by little. Must never put one for a tenant that does not have it, nor one a second time.
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError } from '../errors.ts';
import { jobBounds } from '../jobs/bounds.ts';
import type { Verdict } from '../jobs/job.ts';

export interface RoundServices {
  /** Which tenants there are. */
  names(): Promise<readonly string[]>;
  /** Whether it is this tenant's to run, as far as is known: it is asked again when it runs. */
  isFor(tenant: string): Promise<boolean>;
  /** Resolves when the next may be put. */
  inTime(): Promise<void>;
  put(tenant: string): Promise<unknown>;
  onMissed(tenant: string, reason: string): void;
}

/** Of one round: who waits for an embedder or a database waits beside the others. */
const atOnce = 16;
const putAgainMs = 1_000;
const askedAtOnce = 200;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown cause');
const isAway = (error: unknown): boolean => !(error instanceof CloisterError) || error.code === 'ERR_JOBS_UNAVAILABLE';

/** So many a second, whoever asks. */
export const makePace = (perSecond: number): (() => Promise<void>) => {
  let nextAt = 0;
  return async () => {
    const now = performance.now();
    const at = Math.max(now, nextAt);
    nextAt = at + 1_000 / perSecond;
    // A timer is late by about as much: shorter waits are made up for by the next.
    if (at - now > 1) await sleep(at - now);
  };
};

/** `dueAt`: milliseconds since 1970. Beside it stands how long ids of done jobs are remembered: what is put again within that is known. */
export const runRound = async (dueAt: number, services: RoundServices, signal: AbortSignal): Promise<Verdict> => {
  const until = dueAt + jobBounds.roundMs.value;
  let names: readonly string[];
  try {
    names = await services.names();
  } catch (error) {
    return { kind: 'wait', reason: reasonOf(error) };
  }
  const left = names.values();
  let asked = 0;
  let late = 0;

  const put = async (tenant: string): Promise<void> => {
    for (;;) {
      try {
        await services.put(tenant);
        return;
      } catch (error) {
        if (!isAway(error)) return services.onMissed(tenant, reasonOf(error));
        if (signal.aborted) return;
        if (Date.now() + putAgainMs > until) return void (late += 1);
        await sleep(putAgainMs);
      }
    }
  };
  const work = async (): Promise<void> => {
    for (const tenant of left) {
      asked += 1;
      // Where all that is asked is known, the host's other work has its turn all the same.
      if (asked % askedAtOnce === 0) await sleep(1);
      if (signal.aborted) return;
      if (Date.now() > until) late += 1;
      else if (await services.isFor(tenant)) {
        await services.inTime();
        await put(tenant);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (signal.aborted) return { kind: 'pass', reason: 'its host was told to end it', begun: true };
  if (late > 0) services.onMissed('', `for ${String(late)} tenants: they could not be told in time`);
  return { kind: 'done' };
};
