// From the options to the book of quotas. Must never open a store that nobody asked for.
import type { Client } from 'pg';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { CloisterError } from '../errors.ts';
import { findFault } from './check-quotas.ts';
import { QuotaBook } from './quota-book.ts';
import type { Quotas } from './quota-table.ts';

export interface QuotaSettings {
  readonly quotas: Quotas & { readonly store: 'memory' | 'database' };
  readonly quotasOf: ((tenant: string) => Quotas | null | undefined) | null;
  readonly quotaStore: RateLimiterAbstract | null;
  /** Says more of a tenant than `quotasOf` does; null: nobody does. */
  readonly tenants: { quotas(tenant: string): Quotas | undefined } | null;
}

/** What it needs of the host's database. */
interface Database {
  openAdmin(applicationName: string): Promise<Client>;
}

const openStore = async ({ quotas, quotaStore }: QuotaSettings, database: Database | undefined) => {
  if (quotaStore === null && quotas.store === 'memory') return null;
  // Only here: the library it stands on is 37 modules.
  const { makeLimiterStore, openDatabaseStore } = await import('./quota-store.ts');
  if (quotaStore !== null) return makeLimiterStore(quotaStore);
  if (database === undefined)
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      'options#/quotas/store: "database" needs the option database; give one, or leave store out',
    );
  return await openDatabaseStore(() => database.openAdmin('cloister:quotas'));
};

/** null: nobody has a quota. */
export const openQuotas = async (
  settings: QuotaSettings,
  database: Database | undefined,
  onStoreFailure: (error: unknown) => void,
  onQuotasFailure: (tenant: string, error: unknown) => void,
): Promise<QuotaBook | null> => {
  const { quotas, quotasOf, tenants } = settings;
  if (quotasOf === null && tenants === null && quotas.tenant === undefined && quotas.extension === undefined) return null;
  const store = await openStore(settings, database);
  /** Where it gives no quotas, those of the option hold: never none at all. */
  const ask = (tenant: string): Quotas => {
    const given = quotasOf?.(tenant);
    if (given === undefined || given === null) return quotas;
    const fault = findFault(given);
    if (fault !== null) throw new CloisterError('ERR_TENANT_UNAVAILABLE', `quotasOf: ${fault}`);
    return given;
  };
  return new QuotaBook({ quotasOf: (tenant) => tenants?.quotas(tenant) ?? ask(tenant), store, onStoreFailure, onQuotasFailure });
};
