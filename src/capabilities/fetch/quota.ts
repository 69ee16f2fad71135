// How often an extension may call out: per request, per minute and at once. Must never be counted by the guest.
import { LRUCache } from 'lru-cache';
import type { Caller } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { fetchBounds } from './bounds.ts';

export interface Quota {
  /** One more; throws where that is one too many. The function it gives ends it. */
  take(caller: Caller, now: number): () => void;
}

export interface QuotaSizes {
  readonly callsPerRequest: number;
  readonly callsPerMinute: number;
}

const minuteMs = 60_000;
/** Tenants whose minute is remembered; whoever falls out of it begins a new one. */
const rememberedTenants = 10_000;

const exceeded = (limit: string, allowed: number): CloisterError =>
  new CloisterError('ERR_CALLS_EXCEEDED', `More requests to the outside than ${limit} (${String(allowed)}).`, { limit, allowed });

/** What was counted of one extension: several quotas may stand on it. */
export interface QuotaCounters {
  readonly byRequest: WeakMap<Caller, number>;
  readonly byTenant: LRUCache<string, { readonly startedAt: number; calls: number }>;
  /** Requests under way, over all tenants. */
  under: number;
}

export const makeCounters = (): QuotaCounters => ({
  byRequest: new WeakMap(),
  byTenant: new LRUCache({ max: rememberedTenants }),
  under: 0,
});

export const makeQuota = ({ callsPerRequest, callsPerMinute }: QuotaSizes, counters: QuotaCounters = makeCounters()): Quota => {
  const { byRequest, byTenant } = counters;
  const { value: concurrent } = fetchBounds.concurrent;
  return {
    take(caller, now) {
      const calls = (byRequest.get(caller) ?? 0) + 1;
      byRequest.set(caller, calls);
      if (calls > callsPerRequest) throw exceeded('callsPerRequest', callsPerRequest);
      const known = byTenant.get(caller.tenant);
      const minute = known !== undefined && now - known.startedAt < minuteMs ? known : { startedAt: now, calls: 0 };
      byTenant.set(caller.tenant, minute);
      if (minute.calls >= callsPerMinute) throw exceeded('callsPerMinute', callsPerMinute);
      if (counters.under >= concurrent) throw exceeded('concurrent', concurrent);
      minute.calls += 1;
      counters.under += 1;
      return () => {
        counters.under -= 1;
      };
    },
  };
};
