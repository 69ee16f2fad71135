// What is served now, and how one version takes another's place. Every change is made at once, between two requests. Must never bring a version up.
import { conflict } from '../approvals/twins.ts';
import { extensionIdKey } from '../config/extension-id.ts';
import type { Mount, Mounted } from '../http/mounted.ts';
import type { InstallationServices } from './installation-services.ts';
import { closeCapabilities, type Version } from './version.ts';

export interface ServedCanary {
  readonly version: Version;
  /** Of requests, over 0 and under 1. */
  readonly share: number;
  /** When its trial began. */
  readonly since: string;
}

export interface Served {
  readonly current: Version;
  readonly canary: ServedCanary | null;
  /** null: every tenant. */
  readonly tenants: ReadonlySet<string> | null;
}

interface Owner {
  readonly id: string;
  readonly folder: string;
}

const mountOf = ({ extension, gate }: Version): Mount => ({ extension, ...gate });

export class Serving {
  readonly #services: InstallationServices;
  readonly #served = new Map<string, Served>();
  readonly #mounts = new Map<string, Mounted>();
  readonly #owners = new Map<string, Owner>();
  readonly #retiring = new Set<Promise<void>>();

  constructor(services: InstallationServices) {
    this.#services = services;
  }

  get all(): readonly Served[] {
    return [...this.#served.values()];
  }

  get(id: string): Served | undefined {
    return this.#served.get(extensionIdKey(id));
  }

  mount(name: string): Mounted | undefined {
    return this.#mounts.get(name);
  }

  /** By the registry's word; what came from a folder is every tenant's. */
  hasTenant(id: string, tenant: string): boolean {
    const tenants = this.get(id)?.tenants ?? null;
    return tenants === null || tenants.has(tenant);
  }

  /** Throws ERR_EXTENSION_CONFLICT where another has one of them. */
  checkMounts(id: string, folder: string, mounts: readonly string[]): void {
    for (const mount of mounts) {
      const owner = this.#owners.get(extensionIdKey(mount));
      if (owner !== undefined && owner.id !== extensionIdKey(id)) throw conflict(mount, folder, owner.folder);
    }
  }

  /** It takes everything from now on; what served before finishes what it has begun. A canary beside it is gone too, unless it is the one. */
  take(version: Version, tenants: ReadonlySet<string> | null): void {
    const before = this.get(version.extension.id);
    this.#set(version.extension.id, { current: version, canary: null, tenants });
    for (const old of [before?.current, before?.canary?.version]) if (old !== undefined && old !== version) this.#retire(old);
    this.#services.onInstalled(version.extension);
  }

  /** The same version, seen again: a comment more changes no script, but its lines. */
  refresh(version: Version): void {
    const served = this.get(version.extension.id);
    if (served !== undefined) this.#set(version.extension.id, { ...served, current: version });
  }

  setTenants(id: string, tenants: ReadonlySet<string> | null): void {
    const served = this.get(id);
    if (served === undefined) return;
    this.#set(id, { ...served, tenants });
    this.#services.onTenants();
  }

  setCanary(id: string, canary: ServedCanary | null): void {
    const served = this.get(id);
    if (served === undefined) return;
    this.#set(id, { ...served, canary });
    if (served.canary !== null && served.canary.version !== canary?.version) this.#retire(served.canary.version);
  }

  remove(id: string): void {
    const served = this.get(id);
    if (served === undefined) return;
    this.#clear(served);
    this.#served.delete(extensionIdKey(id));
    this.#services.watch.forget(served.current.extension.id);
    this.#retire(served.current);
    if (served.canary !== null) this.#retire(served.canary.version);
  }

  /** When nothing replaced runs any more. */
  async close(): Promise<void> {
    await Promise.all(this.#retiring);
    const left = this.all.flatMap(({ current, canary }) => (canary === null ? [current] : [current, canary.version]));
    await Promise.all(left.map(({ extension }) => closeCapabilities(extension)));
  }

  #set(id: string, served: Served): void {
    const before = this.get(id);
    if (before !== undefined) this.#clear(before);
    const { current, canary } = served;
    this.#served.set(extensionIdKey(id), served);
    const mounted: Mounted = {
      current: mountOf(current),
      canary: canary === null ? null : { mount: mountOf(canary.version), share: canary.share },
      tenants: served.tenants,
    };
    if (canary === null) this.#services.watch.forget(current.extension.id);
    else
      this.#services.watch.watch({
        extension: current.extension.id,
        currentVersion: current.extension.version,
        canaryVersion: canary.version.extension.version,
        since: canary.since,
      });
    for (const mount of current.mounts) {
      this.#owners.set(extensionIdKey(mount), { id: extensionIdKey(id), folder: current.found.folder });
      this.#mounts.set(mount, mounted);
    }
  }

  #clear({ current: { mounts } }: Served): void {
    for (const mount of mounts) {
      this.#owners.delete(extensionIdKey(mount));
      this.#mounts.delete(mount);
    }
  }

  /** It hears no event any more; its requests in flight finish. */
  #retire({ extension }: Version): void {
    const { dispatcher, onDiscarded } = this.#services;
    onDiscarded(extension);
    const retired = dispatcher.retire(extension).then(() => {
      // A cell that it opened for what was queued may have told its listeners again.
      onDiscarded(extension);
      return closeCapabilities(extension);
    });
    this.#retiring.add(retired);
    void retired.finally(() => this.#retiring.delete(retired));
  }
}
