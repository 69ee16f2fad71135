// How much of each quota is used: counted here at once, and agreed on with other hosts a moment later. Must never let a store that is away stop requests, nor forget what was used meanwhile.
import { LRUCache } from 'lru-cache';
import type { LedgerRecord } from '../ledger/entry.ts';
import { FetchEnds } from '../ledger/fetch-ends.ts';
import { type QuotaName, type QuotaRule, type Quotas, quotaNames } from './quota-table.ts';

/** Where hosts agree. `add` gives what all have used in the window, and how long it lasts yet. */
export interface QuotaStore {
  add(key: string, rule: QuotaRule, points: number): Promise<{ readonly used: number; readonly leftMs: number }>;
  close(): Promise<void>;
}

/** Why a request may not run. */
export interface QuotaRefusal {
  readonly quota: QuotaName;
  readonly scope: 'tenant' | 'extension';
  readonly allowed: number;
  readonly retryAfterSeconds: number;
}

export interface QuotaBookOptions {
  /** Throws where nobody can say: then no request of the tenant is let in. */
  quotasOf(tenant: string): Quotas;
  /** What ran is charged by what was said last. Told once, until somebody can say again. */
  onQuotasFailure(tenant: string, error: unknown): void;
  /** null: this host alone. */
  readonly store: QuotaStore | null;
  onStoreFailure(error: unknown): void;
  readonly now?: () => number;
}

/** One window as this host sees it. */
interface View {
  readonly rule: QuotaRule;
  used: number;
  /** Of `used`: what the store does not know yet. */
  unsent: number;
  endsAt: number;
}

/** What was said of a tenant last, and whether asking fails since. */
interface Said {
  readonly quotas: Quotas | null;
  readonly fails: boolean;
}

const settleMs = 500;
const maxTenants = 50_000;
const bytesPerKb = 1024;

export class QuotaBook {
  readonly #options: QuotaBookOptions;
  readonly #views = new Map<string, View>();
  readonly #fetches = new FetchEnds();
  readonly #said = new LRUCache<string, Said>({ max: maxTenants });
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #settling: Promise<void> | null = null;
  #storeFailed = false;

  constructor(options: QuotaBookOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#timer = setInterval(() => void this.settle(), settleMs);
    this.#timer.unref();
  }

  /** Counts a client's request, or says why it may not run; a job is not counted, and may not run where a quota is used up that it would go on using. */
  refuse(extension: string, tenant: string, isJob: boolean): QuotaRefusal | null {
    const now = this.#now();
    const scopes = scopesOf(this.#ask(tenant), extension, tenant);
    for (const [scope, prefix, rules] of scopes)
      for (const quota of quotaNames) {
        const rule = rules[quota];
        if (rule === undefined || (isJob && quota === 'requests')) continue;
        const view = this.#find(keyOf(prefix, quota), rule, now);
        const used = (view?.used ?? 0) + (quota === 'requests' ? 1 : 0);
        // What is told only afterwards may have gone over: the next one waits.
        const isOver = quota === 'requests' ? used > rule.most : used >= rule.most;
        if (!isOver) continue;
        const retryAfterSeconds = Math.max(1, Math.ceil(((view?.endsAt ?? now) - now) / 1_000));
        return { quota, scope, allowed: rule.most, retryAfterSeconds };
      }
    if (!isJob) this.#charge(extension, tenant, 'requests', 1);
    return null;
  }

  /** What ran is charged when the ledger takes its record. */
  take(record: LedgerRecord): void {
    const { extension, tenant } = record;
    const fetched = this.#fetches.take(record);
    if (fetched > 0) this.#charge(extension, tenant, 'fetchKb', fetched / bytesPerKb);
    if (record.kind === 'call.end' && record.rows > 0) this.#charge(extension, tenant, 'rows', record.rows);
    if (record.kind !== 'request.end') return;
    this.#charge(extension, tenant, 'cpuMs', record.cpuMs);
    this.#charge(extension, tenant, 'bodyKb', record.bytesOut / bytesPerKb);
  }

  /** Tells the store what it does not know and hears what others have used. */
  settle(): Promise<void> {
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = null;
    });
    return this.#settling;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.settle();
    await this.#options.store?.close();
  }

  async #settle(): Promise<void> {
    const now = this.#now();
    const { store, onStoreFailure } = this.#options;
    for (const [key, view] of this.#views) {
      if (view.endsAt <= now) this.#views.delete(key);
      const points = Math.floor(view.unsent);
      if (store === null || points === 0) continue;
      view.unsent -= points;
      try {
        const { used, leftMs } = await store.add(key, view.rule, points);
        view.used = used + view.unsent;
        view.endsAt = this.#now() + leftMs;
        this.#storeFailed = false;
      } catch (error) {
        view.unsent += points;
        if (!this.#storeFailed) onStoreFailure(error);
        this.#storeFailed = true;
        return;
      }
    }
  }

  #charge(extension: string, tenant: string, quota: QuotaName, points: number): void {
    if (points === 0) return;
    const now = this.#now();
    for (const [, prefix, rules] of scopesOf(this.#saidOf(tenant), extension, tenant)) {
      const rule = rules[quota];
      if (rule === undefined) continue;
      const key = keyOf(prefix, quota);
      const view = this.#find(key, rule, now) ?? { rule, used: 0, unsent: 0, endsAt: now + rule.perSeconds * 1_000 };
      this.#views.set(key, view);
      view.used += points;
      view.unsent += points;
    }
  }

  /** A window that is over, or of another rule, counts for nothing. */
  #find(key: string, rule: QuotaRule, now: number): View | undefined {
    const view = this.#views.get(key);
    return view !== undefined && view.endsAt > now && view.rule.perSeconds === rule.perSeconds ? view : undefined;
  }

  #ask(tenant: string): Quotas {
    const before = this.#said.get(tenant);
    try {
      const quotas = this.#options.quotasOf(tenant);
      this.#said.set(tenant, { quotas, fails: false });
      return quotas;
    } catch (error) {
      this.#said.set(tenant, { quotas: before?.quotas ?? null, fails: true });
      if (before?.fails !== true) this.#options.onQuotasFailure(tenant, error);
      throw error;
    }
  }

  /** For what has run already: a ledger must not fail because an embedder's function does. */
  #saidOf(tenant: string): Quotas {
    try {
      return this.#ask(tenant);
    } catch {
      return this.#said.get(tenant)?.quotas ?? nothing;
    }
  }
}

const nothing: Quotas = {};

const scopesOf = (
  quotas: Quotas,
  extension: string,
  tenant: string,
): readonly (readonly ['tenant' | 'extension', readonly string[], NonNullable<Quotas['tenant']>])[] => [
  ...(quotas.tenant === undefined ? [] : [['tenant', [tenant], quotas.tenant] as const]),
  ...(quotas.extension === undefined ? [] : [['extension', [tenant, extension], quotas.extension] as const]),
];

const keyOf = (prefix: readonly string[], quota: QuotaName): string => JSON.stringify([...prefix, quota]);
