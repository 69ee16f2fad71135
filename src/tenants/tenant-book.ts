// What an embedder says of each tenant: which extensions it has and how much of them, its quotas and its weight. Must never serve a tenant more because its answer could not be had or read.
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { CloisterError } from '../errors.ts';
import type { Limits } from '../limits/table.ts';
import type { Quotas } from '../quotas/quota-table.ts';
import { type CheckGrant, checkSettings } from './check-settings.ts';

export interface TenantSettings {
  /** Ids of the extensions it has; all where absent. What it has not is not there for it, and hears none of its events. */
  readonly extensions?: readonly string[];
  /** In place of the option `quotas`. */
  readonly quotas?: Quotas;
  /** Its share where tenants wait for the same thing: with 2, twice that of one with 1. From 0.01 to 1,000; 1 where absent. */
  readonly weight?: number;
  /** Id of an extension, or `*` for all → capability → one more grant that has to allow, or false. It can take away and never give. */
  readonly grants?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Id of an extension, or `*` for all → limits. What is over the extension's own counts as that. */
  readonly limits?: Readonly<Record<string, Readonly<Partial<Limits>>>>;
  /** What row rules know as `$tenant.<name>`, held by both walls. */
  readonly vars?: Readonly<Record<string, string | number | boolean>>;
}

export type ResolveTenant = (tenant: string) => TenantSettings | Promise<TenantSettings>;

export interface TenantBookOptions {
  readonly resolve: ResolveTenant;
  /** An answer is asked for anew after so long. */
  readonly cacheMs: number;
  /** A tenant of which nobody was asked yet has everything: the host's own. */
  readonly hostTenant: string;
  readonly checkGrant: CheckGrant;
  /** What is said of it may be different from now on. */
  onChange(tenant: string): void;
  onFailure(tenant: string, error: unknown): void;
  readonly now?: () => number;
}

interface Known {
  /** null: the last answer could not be read. */
  readonly settings: TenantSettings | null;
  /** Of the same as text: what is said again in the same words changes nothing. */
  readonly digest: string;
  readonly extensions: ReadonlySet<string> | null;
  readonly until: number;
}

const maxTenants = 50_000;
const defaultWeight = 1;
const retryMs = 1_000;
const answerMs = 10_000;

const unavailable = (): CloisterError =>
  new CloisterError('ERR_TENANT_UNAVAILABLE', 'The host does not know now what this tenant has.', { retryAfterSeconds: 1 });

const withDeadline = async <Value>(work: Value | Promise<Value>): Promise<Value> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`resolveTenant gave no answer within ${String(answerMs)} ms`)), answerMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

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

  /** Rejects with ERR_TENANT_UNAVAILABLE where nobody says, and nobody has said before, or where what was said cannot be read. */
  settings(tenant: string): TenantSettings | Promise<TenantSettings> {
    const known = this.#known.get(tenant);
    if (known !== undefined && known.until > this.#now()) return known.settings ?? Promise.reject(unavailable());
    const asked = this.#asking.get(tenant);
    if (asked !== undefined) return asked;
    const asking = this.#ask(tenant).finally(() => {
      if (this.#asking.get(tenant) === asking) this.#asking.delete(tenant);
    });
    this.#asking.set(tenant, asking);
    return asking;
  }

  /** By what was said last; what is too old is asked for anew meanwhile. null: it has everything. Throws ERR_TENANT_UNAVAILABLE. */
  latest(tenant: string): TenantSettings | null {
    const known = this.#known.get(tenant);
    if (known === undefined) {
      if (tenant === this.#options.hostTenant) return null;
      throw unavailable();
    }
    if (known.until <= this.#now()) this.#askAhead(tenant);
    if (known.settings === null) throw unavailable();
    return known.settings;
  }

  /** By what was said last. */
  serves(tenant: string, extension: string): boolean {
    const known = this.#known.get(tenant);
    if (known === undefined) return tenant === this.#options.hostTenant;
    return known.settings !== null && (known.extensions === null || known.extensions.has(extension));
  }

  quotas(tenant: string): Quotas | undefined {
    return this.#known.get(tenant)?.settings?.quotas;
  }

  /** By what was said last. */
  weight(tenant: string): number {
    return this.#known.get(tenant)?.settings?.weight ?? defaultWeight;
  }

  /** Asks anew; without a name, of each when it next comes. What was said last stands until somebody says otherwise. */
  forget(tenant?: string): void {
    const names = tenant === undefined ? new Set([...this.#known.keys(), ...this.#asking.keys()]) : [tenant];
    for (const name of names) {
      this.#asking.delete(name);
      this.#latest.delete(name);
      const known = this.#known.get(name);
      if (known !== undefined) this.#known.set(name, { ...known, until: Number.NEGATIVE_INFINITY });
    }
    // Its cells run on by what was said last: they need not wait for its next client.
    if (tenant !== undefined && this.#known.has(tenant)) this.#askAhead(tenant);
  }

  #askAhead(tenant: string): void {
    if (!this.#asking.has(tenant)) Promise.resolve(this.settings(tenant)).catch(() => undefined);
  }

  async #ask(tenant: string): Promise<TenantSettings> {
    const mine = Symbol(tenant);
    this.#latest.set(tenant, mine);
    let answer: unknown;
    try {
      answer = await withDeadline(this.#options.resolve(tenant));
    } catch (error) {
      return this.#goOn(tenant, mine, error);
    }
    // Somebody has said since that it is different: who waits gets the newer answer.
    if (this.#latest.get(tenant) !== mine) return await this.settings(tenant);
    this.#latest.delete(tenant);
    try {
      const until = this.#now() + this.#options.cacheMs;
      const settings = checkSettings(tenant, answer, this.#options.checkGrant);
      const digest = hash('sha256', JSON.stringify(settings));
      this.#keep(tenant, { settings, digest, extensions: settings.extensions === undefined ? null : new Set(settings.extensions), until });
      return settings;
    } catch (error) {
      // Whoever wrote it may have meant to take something away: what held before must not go on.
      this.#options.onFailure(tenant, error);
      this.#keep(tenant, { settings: null, digest: '', extensions: null, until: this.#retryAt() });
      throw unavailable();
    }
  }

  /** As it was, for a while: an embedder's database that is away must not take every tenant with it. */
  #goOn(tenant: string, mine: symbol, error: unknown): TenantSettings {
    this.#options.onFailure(tenant, error);
    if (this.#latest.get(tenant) === mine) this.#latest.delete(tenant);
    const known = this.#known.get(tenant);
    if (known === undefined) throw unavailable();
    this.#known.set(tenant, { ...known, until: this.#retryAt() });
    if (known.settings === null) throw unavailable();
    return known.settings;
  }

  #retryAt(): number {
    return this.#now() + Math.min(this.#options.cacheMs, retryMs);
  }

  #keep(tenant: string, known: Known): void {
    const before = this.#known.get(tenant);
    this.#known.set(tenant, known);
    if (before?.digest !== known.digest) this.#options.onChange(tenant);
  }
}

/** null: the embedder says nothing of tenants. */
export const openTenants = (
  { resolveTenant, tenantCacheMs }: { readonly resolveTenant: ResolveTenant | null; readonly tenantCacheMs: number },
  parts: Pick<TenantBookOptions, 'hostTenant' | 'checkGrant' | 'onChange' | 'onFailure'>,
): TenantBook | null => (resolveTenant === null ? null : new TenantBook({ resolve: resolveTenant, cacheMs: tenantCacheMs, ...parts }));
