// An extension as one tenant has it: narrowed by what `resolveTenant` says and with its vars, or as it is. Must never show one wider than the extension itself.
import { LRUCache } from 'lru-cache';
import type { Granted } from '../bridge/bridge.ts';
import { decideAll } from '../bridge/verdict.ts';
import { CloisterError } from '../errors.ts';
import type { LimitName, Limits } from '../limits/table.ts';
import { openTenants, type TenantBook, type TenantSettings } from '../tenants/tenant-book.ts';
import type { Extension } from './extension.ts';

type Capabilities = ReadonlyMap<string, Granted>;

/** The part of what is said of a tenant that is about one extension. */
interface Narrowing {
  readonly grants: readonly Readonly<Record<string, unknown>>[];
  readonly limits: readonly Readonly<Partial<Limits>>[];
  readonly vars: Readonly<Record<string, string>>;
}

interface Kept {
  /** Whose answer it was last made for. */
  settings: TenantSettings;
  readonly key: string;
  readonly view: Extension;
}

/** Of one extension. */
interface Views {
  readonly byTenant: LRUCache<string, Kept>;
  /** Tenants of one plan share what was narrowed for it: it may hold caches of statements. */
  readonly byGrants: LRUCache<string, Capabilities | CloisterError>;
}

const maxTenants = 10_000;
const maxPlans = 200;
const forAll = '*';

const of = <Value>(table: Readonly<Record<string, Value>> | undefined, id: string): readonly Value[] =>
  [forAll, id].flatMap((key) => (table !== undefined && Object.hasOwn(table, key) ? [table[key] as Value] : []));

const narrowingOf = ({ grants, limits, vars = {} }: TenantSettings, id: string): Narrowing => ({
  grants: of(grants, id),
  limits: of(limits, id),
  vars: Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)])),
});

const narrowCapabilities = (capabilities: Capabilities, grants: Narrowing['grants']): Capabilities => {
  const narrowed = new Map(capabilities);
  for (const [name, granted] of capabilities) {
    const mine = grants.flatMap((one) => (Object.hasOwn(one, name) ? [one[name]] : []));
    if (mine.includes(false)) narrowed.delete(name);
    else
      narrowed.set(
        name,
        mine.reduce<Granted>((less, grant) => less.narrow(grant), granted),
      );
  }
  return narrowed;
};

const narrowLimits = (limits: Limits, given: Narrowing['limits']): Limits => {
  const least = (name: LimitName): number => Math.min(limits[name], ...given.flatMap((one) => one[name] ?? []));
  const narrowed = Object.fromEntries((Object.keys(limits) as LimitName[]).map((name) => [name, least(name)])) as Limits;
  // No cell could use more than its ward may have.
  return { ...narrowed, memoryMb: Math.min(narrowed.memoryMb, narrowed.wardRssMb) };
};

const without: Capabilities = new Map();

export class TenantViews {
  readonly #book: TenantBook;
  readonly #views = new WeakMap<Extension, Views>();
  /** What a view was narrowed from. */
  readonly #whole = new WeakMap<Extension, Extension>();
  /** What calls of a view may still do, since what is said of its tenant has changed. */
  readonly #meets = new WeakMap<Extension, { readonly newer: Extension; readonly capabilities: Capabilities }>();

  readonly #onFailure: (tenant: string, error: unknown) => void;

  constructor(book: TenantBook, onFailure: (tenant: string, error: unknown) => void) {
    this.#book = book;
    this.#onFailure = onFailure;
  }

  /** null: the tenant does not have it. Rejects with ERR_TENANT_UNAVAILABLE. */
  async find(extension: Extension, tenant: string): Promise<Extension | null> {
    // By this very answer: it may have been taken back meanwhile.
    const { extensions } = await this.#book.settings(tenant);
    return extensions === undefined || extensions.includes(extension.id) ? this.of(extension, tenant) : null;
  }

  /** Throws ERR_TENANT_UNAVAILABLE where nobody knows, or where what was said cannot hold. */
  of(extension: Extension, tenant: string): Extension {
    const settings = this.#book.latest(tenant);
    const whole = this.wholeOf(extension);
    if (settings === null || (settings.grants ?? settings.limits ?? settings.vars) === undefined) return whole;
    const views = this.#viewsOf(whole);
    const kept = views.byTenant.get(tenant);
    if (kept?.settings === settings) return kept.view;
    const narrowing = narrowingOf(settings, whole.id);
    if (narrowing.grants.length + narrowing.limits.length + Object.keys(narrowing.vars).length === 0) return whole;
    const key = JSON.stringify(narrowing);
    // What was said again in the same words changes nothing, and cells stay.
    if (kept?.key === key) {
      kept.settings = settings;
      return kept.view;
    }
    const view = {
      ...whole,
      capabilities: this.#capabilities(whole, views, narrowing.grants, tenant),
      limits: narrowLimits(whole.limits, narrowing.limits),
      tenantVars: narrowing.vars,
    };
    this.#whole.set(view, whole);
    views.byTenant.set(tenant, { settings, key, view });
    return view;
  }

  wholeOf(extension: Extension): Extension {
    return this.#whole.get(extension) ?? extension;
  }

  /** What a request that began under `view` may do now: what both it and the latest word allow. */
  capabilitiesNow(view: Extension, tenant: string): Capabilities {
    const whole = this.wholeOf(view);
    if (!this.#book.serves(tenant, whole.id)) return without;
    let newer: Extension;
    try {
      newer = this.of(whole, tenant);
    } catch {
      return without;
    }
    if (newer === view) return view.capabilities;
    const known = this.#meets.get(view);
    if (known?.newer === newer) return known.capabilities;
    const capabilities = new Map(
      [...view.capabilities].flatMap(([name, granted]) => {
        const other = newer.capabilities.get(name);
        return other === undefined ? [] : [[name, { ...granted, policies: [...granted.policies, ...other.policies] }] as const];
      }),
    );
    this.#meets.set(view, { newer, capabilities });
    return capabilities;
  }

  /** Where nobody knows what the tenant has, its turns are refused whatever these say. */
  limitsOf(extension: Extension, tenant: string): Limits {
    try {
      return this.of(extension, tenant).limits;
    } catch {
      return extension.limits;
    }
  }

  /** Whether a listener that stands for all tenants is one this tenant's grants allow. */
  hears(
    extension: Extension,
    tenant: string,
    listener: { readonly id: number; readonly channel: string; readonly event: string },
  ): boolean {
    let view: Extension;
    try {
      view = this.of(extension, tenant);
    } catch {
      return false;
    }
    if (view === this.wholeOf(extension)) return true;
    const { id, channel, event } = listener;
    return decideAll(view.capabilities.get('emitter')?.policies ?? [], 'listen', { listener: id, channel, event }).allow;
  }

  #capabilities(whole: Extension, { byGrants }: Views, grants: Narrowing['grants'], tenant: string): Capabilities {
    if (grants.length === 0) return whole.capabilities;
    const key = JSON.stringify(grants);
    const known = byGrants.get(key);
    const capabilities = known ?? this.#narrow(whole, grants, tenant);
    byGrants.set(key, capabilities);
    if (capabilities instanceof CloisterError) throw capabilities;
    return capabilities;
  }

  /** Grants that cannot hold together, or that this database cannot hold, are told once. */
  #narrow(whole: Extension, grants: Narrowing['grants'], tenant: string): Capabilities | CloisterError {
    try {
      return narrowCapabilities(whole.capabilities, grants);
    } catch (error) {
      this.#onFailure(tenant, error);
      return new CloisterError('ERR_TENANT_UNAVAILABLE', 'The host does not know now what this tenant has.', { retryAfterSeconds: 1 });
    }
  }

  #viewsOf(whole: Extension): Views {
    const known = this.#views.get(whole);
    if (known !== undefined) return known;
    const views: Views = { byTenant: new LRUCache({ max: maxTenants }), byGrants: new LRUCache({ max: maxPlans }) };
    this.#views.set(whole, views);
    return views;
  }
}

/** Both null: the embedder says nothing of tenants. */
export const openTenancy = (
  ...[options, parts]: Parameters<typeof openTenants>
): { readonly tenants: TenantBook | null; readonly views: TenantViews | null } => {
  const tenants = openTenants(options, parts);
  return { tenants, views: tenants === null ? null : new TenantViews(tenants, parts.onFailure) };
};
