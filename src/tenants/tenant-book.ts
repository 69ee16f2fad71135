// What an embedder says of each tenant: which extensions it has, its quotas and its weight. Must never serve a tenant more because its answer could not be had.
import { LRUCache } from 'lru-cache';
import { CloisterError } from '../errors.ts';
import type { Quotas } from '../quotas/quota-table.ts';
import { checkSettings } from './check-settings.ts';

export interface TenantSettings {
  /** Ids of the extensions it has; all where absent. What it has not is not there for it, and hears none of its events. */
  readonly extensions?: readonly string[];
  /** In place of the option `quotas`. */
  readonly quotas?: Quotas;
  /** Its share where tenants wait for the same thing: with 2, twice that of one with 1. From 0.01 to 1,000; 1 where absent. */
  readonly weight?: number;
}

export type ResolveTenant = (tenant: string) => TenantSettings | Promise<TenantSettings>;

export interface TenantBookOptions {
  readonly resolve: ResolveTenant;
  /** An answer is asked for anew after so long. */
  readonly cacheMs: number;
  /** A tenant of which nobody was asked yet has everything: the host's own. */
  readonly hostTenant: string;
  onChange(): void;
  onFailure(tenant: string, error: unknown): void;
  readonly now?: () => number;
}

interface Known {
  readonly settings: TenantSettings;
  readonly extensions: ReadonlySet<string> | null;
  readonly until: number;
}

const maxTenants = 50_000;
const defaultWeight = 1;

export class TenantBook {
  readonly #options: TenantBookOptions;
  readonly #known = new LRUCache<string, Known>({ max: maxTenants });
  readonly #asking = new Map<string, Promise<TenantSettings>>();
  readonly #now: () => number;
  /** The latest question about each; answers to an earlier one are not kept. */
  readonly #latest = new Map<string, symbol>();

  constructor(options: TenantBookOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Rejects with ERR_TENANT_UNAVAILABLE where nobody says, and nobody has said before. */
  settings(tenant: string): TenantSettings | Promise<TenantSettings> {
    const known = this.#known.get(tenant);
    if (known !== undefined && known.until > this.#now()) return known.settings;
    const asked = this.#asking.get(tenant);
    if (asked !== undefined) return asked;
    const asking = this.#ask(tenant).finally(() => {
      if (this.#asking.get(tenant) === asking) this.#asking.delete(tenant);
    });
    this.#asking.set(tenant, asking);
    return asking;
  }

  /** By what was said last. */
  serves(tenant: string, extension: string): boolean {
    const known = this.#known.get(tenant);
    if (known === undefined) return tenant === this.#options.hostTenant;
    return known.extensions === null || known.extensions.has(extension);
  }

  quotas(tenant: string): Quotas | undefined {
    return this.#known.get(tenant)?.settings.quotas;
  }

  /** By what was said last. */
  weight(tenant: string): number {
    return this.#known.get(tenant)?.settings.weight ?? defaultWeight;
  }

  /** The next request asks anew; without a name, for all. What was said last stands until somebody says otherwise. */
  forget(tenant?: string): void {
    const names = tenant === undefined ? new Set([...this.#known.keys(), ...this.#asking.keys()]) : [tenant];
    for (const name of names) {
      this.#asking.delete(name);
      this.#latest.delete(name);
      const known = this.#known.get(name);
      if (known !== undefined) this.#known.set(name, { ...known, until: Number.NEGATIVE_INFINITY });
    }
  }

  async #ask(tenant: string): Promise<TenantSettings> {
    const mine = Symbol(tenant);
    this.#latest.set(tenant, mine);
    try {
      const settings = checkSettings(tenant, await this.#options.resolve(tenant));
      if (this.#latest.get(tenant) === mine) {
        const extensions = settings.extensions === undefined ? null : new Set(settings.extensions);
        this.#known.set(tenant, { settings, extensions, until: this.#now() + this.#options.cacheMs });
        this.#options.onChange();
      }
      return settings;
    } catch (error) {
      this.#options.onFailure(tenant, error);
      const known = this.#known.get(tenant);
      // It goes on as it was for a while: an embedder's database that is away must not take every tenant with it.
      if (known !== undefined) {
        this.#known.set(tenant, { ...known, until: this.#now() + Math.min(this.#options.cacheMs, retryMs) });
        return known.settings;
      }
      throw new CloisterError('ERR_TENANT_UNAVAILABLE', 'The host does not know now what this tenant has.', { retryAfterSeconds: 1 });
    } finally {
      if (this.#latest.get(tenant) === mine) this.#latest.delete(tenant);
    }
  }
}

const retryMs = 1_000;

/** null: the embedder says nothing of tenants. */
export const openTenants = (
  { resolveTenant, tenantCacheMs }: { readonly resolveTenant: ResolveTenant | null; readonly tenantCacheMs: number },
  events: Pick<TenantBookOptions, 'hostTenant' | 'onChange' | 'onFailure'>,
): TenantBook | null => (resolveTenant === null ? null : new TenantBook({ resolve: resolveTenant, cacheMs: tenantCacheMs, ...events }));
