// From packages to mounted extensions: grants decided, capabilities opened, registered once, mounted. Must never let one extension's fault keep another from being served.

import { makeCovers } from './approvals/covers.ts';
import { digestOf, selfOf } from './approvals/lock.ts';
import { type Plan, planEach, settle } from './approvals/settle.ts';
import { conflict, settleTwins, type TwinOptions } from './approvals/twins.ts';
import { describeGrants } from './audit/granted.ts';
import { openGranted } from './bridge/open-granted.ts';
import { learningsOf } from './capabilities/registry.ts';
import { decideEffective, type Effective } from './config/effective.ts';
import { extensionIdKey } from './config/extension-id.ts';
import type { Extension } from './dispatch/extension.ts';
import { CloisterError } from './errors.ts';
import { makeGate } from './http/gate.ts';
import { defaultTenant, type Mount } from './http/handler.ts';
import type { InstallationServices } from './installation/installation-services.ts';
import { asRefusal, parseMounts, withMap } from './installation/registered-mounts.ts';
import { type Bundler, openBundler } from './packages/bundler.ts';
import type { Refusal } from './packages/find-packages.ts';
import type { LoadedPackage } from './packages/loaded-package.ts';
import { readPackages } from './packages/read-packages.ts';

/** What became of one package. */
export interface InstalledExtension {
  readonly id: string;
  readonly version: string;
  /** SHA-256 of the script that runs. */
  readonly artifact: string;
  readonly folder: string;
  /** Where its routes are: `/<mount>`. */
  readonly mounts: readonly string[];
  readonly capabilities: readonly string[];
}

export interface RefusedExtension {
  readonly folder: string;
  /** One line: extension, file, cause, remedy. */
  readonly error: CloisterError;
}

const parallelLoads = 2;
/** Requests in flight on a version that was replaced have this long: a stream may go on for ever. */
const replacedMs = 30_000;

/** One that is served, and what it was made of. */
interface Running {
  readonly extension: Extension;
  readonly found: LoadedPackage;
  readonly mounts: readonly string[];
}

export class Installation {
  readonly #services: InstallationServices;
  readonly #mounts = new Map<string, Mount>();
  readonly #taken = new Map<string, string>();
  readonly #running = new Map<string, Running>();
  readonly #retiring = new Set<Promise<void>>();
  #bundler: Bundler | null = null;
  #reloading: Promise<void> = Promise.resolve();
  #closed = false;
  readonly refused: RefusedExtension[] = [];

  constructor(services: InstallationServices) {
    this.#services = services;
  }

  mount(id: string): Mount | undefined {
    return this.#mounts.get(id);
  }

  get installed(): readonly InstalledExtension[] {
    return [...this.#running.values()].map(({ extension, found, mounts }) => ({
      id: extension.id,
      version: extension.version,
      artifact: extension.artifact,
      folder: found.folder,
      mounts,
      capabilities: [...extension.capabilities.keys()],
    }));
  }

  /** Where each line of the script that runs came from, as JSON; null: nobody knows. */
  sourceMap(id: string): string | null {
    return this.#running.get(extensionIdKey(id))?.found.sourceMap || null;
  }

  /** Looks at the packages again, one reload after the other. What changed is served from a new cell beside the old one once it has registered; what cannot be served is in `refused`, and its old version goes on. What is gone stays. */
  reload(): Promise<void> {
    // A bundler that stays makes the next save quick.
    this.#bundler ??= openBundler();
    const reloaded = this.#reloading.then(async () => {
      if (this.#closed) throw new CloisterError('ERR_RUNTIME_CLOSED', 'The host is shutting down.');
      this.refused.length = 0;
      await this.load();
    });
    this.#reloading = reloaded.catch(() => undefined);
    return reloaded;
  }

  /** Reads, checks and registers every package. What cannot be served is in `refused`. */
  async load(): Promise<void> {
    const { options, registry } = this.#services;
    const { packages, refused } = await readPackages(
      options.extensions,
      registry.map((entry) => entry.capability.contract),
      options.packages,
      { trustedKeys: options.trustedKeys, ...(this.#bundler === null ? {} : { bundler: this.#bundler }) },
    );
    for (const { folder, error } of refused) this.#refuse('', folder, error);
    const { packages: found, unread, refused: twins } = settleTwins(packages, refused, this.#approvals());
    for (const { id, folder, error } of twins) this.#refuse(id, folder, error);
    for (const { fallbackId, artifact, version, folder, signedBy } of found) {
      const signed = signedBy === null ? '' : `, signed by ${signedBy}`;
      this.#services.onLife('package.found', fallbackId, artifact, `version ${version} in ${folder}${signed}`);
    }
    const queue = [...this.#plan(found, unread)];
    await Promise.all(
      Array.from({ length: parallelLoads }, async () => {
        for (let one = queue.shift(); one !== undefined; one = queue.shift()) await this.#carryOut(one);
      }),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#reloading;
    await this.#bundler?.close();
    await Promise.all(this.#retiring);
    await Promise.all([...this.#running.values()].map(({ extension }) => closeCapabilities(extension)));
  }

  #approvals(): TwinOptions {
    const { lock, options, registry, baseline } = this.#services;
    const approvedIds = options.approvals === 'requested' ? [] : options.approvals.keys();
    return { lock: lock?.entries ?? null, approvedIds, covers: makeCovers(registry), baseline };
  }

  #plan(found: readonly LoadedPackage[], unread: readonly Refusal[]): readonly Plan[] {
    const { lock, options, registry, baseline, onLife } = this.#services;
    if (lock === null) return planEach(found);
    const { plans, parked, events } = settle(found, unread, {
      lock: lock.entries,
      store: lock.store,
      everyHash: options.lock?.everyHash === true,
      covers: makeCovers(registry),
      baseline,
      runsWithoutEntry: ({ fallbackId, source }) => {
        const mode = options.extensions.find((entry) => entry === source)?.mode ?? options.mode;
        return mode === 'audit' || (options.approvals !== 'requested' && options.approvals.has(fallbackId));
      },
    });
    for (const { event, extension, subject, reason } of events) onLife(event, extension, subject, reason);
    for (const { folder, error } of parked) this.refused.push({ folder, error });
    return plans;
  }

  /** The first that can be served is. */
  async #carryOut({ id, folder, tries }: Plan): Promise<void> {
    for (const load of tries) {
      let one: LoadedPackage;
      try {
        one = await load();
      } catch (error) {
        this.#refuse(
          id,
          folder,
          error instanceof CloisterError ? error : new CloisterError('ERR_ARTIFACT_INVALID', `extension ${id}: ${String(error)}`),
        );
        continue;
      }
      if (await this.#install(one)) return;
    }
  }

  /** false: it was refused. */
  async #install(found: LoadedPackage): Promise<boolean> {
    const before = this.#running.get(extensionIdKey(found.fallbackId));
    if (before !== undefined && digestOf(selfOf(before.found)) === digestOf(selfOf(found))) {
      // A comment more changes no script, but its lines.
      this.#running.set(extensionIdKey(found.fallbackId), { ...before, found });
      return true;
    }
    let extension: Extension | null = null;
    try {
      const effective = this.#decide(found);
      const grants = describeGrants(found.folder, effective, learningsOf(this.#services.registry));
      extension = await this.#open(found, effective);
      const mounts = await this.#register(extension, found, before);
      this.#running.set(extensionIdKey(extension.id), { extension, found, mounts });
      if (before !== undefined) this.#retire(before.extension);
      this.#services.onInstalled(extension);
      const where = mounts.length === 0 ? 'without a mount' : `mounted at ${mounts.map((mount) => `/${mount}`).join(', ')}`;
      const instead = before === undefined ? '' : ` in the place of ${before.extension.artifact.slice(0, 12)}`;
      this.#services.onLife('package.loaded', extension.id, extension.artifact, where + instead);
      for (const [event, subject, reason] of grants) this.#services.onLife(event, extension.id, subject, reason);
      return true;
    } catch (error) {
      this.#refuse(found.fallbackId, found.folder, asRefusal(found, error));
      if (extension !== null) await this.#discard(extension);
      return false;
    }
  }

  /** It hears no event any more; its requests in flight finish. */
  #retire(extension: Extension): void {
    const { dispatcher, onDiscarded } = this.#services;
    onDiscarded(extension);
    const retired = dispatcher.retire(extension, replacedMs).then(() => {
      // A cell that it opened for what was queued may have told its listeners again.
      onDiscarded(extension);
      return closeCapabilities(extension);
    });
    this.#retiring.add(retired);
    void retired.finally(() => this.#retiring.delete(retired));
  }

  /** What is refused keeps neither a cell nor a connection. */
  async #discard(extension: Extension): Promise<void> {
    this.#services.dispatcher.forget(extension);
    this.#services.onDiscarded(extension);
    await closeCapabilities(extension);
  }

  #decide(found: LoadedPackage): Effective {
    const { options, baseline } = this.#services;
    const { isolation, mode } = options.extensions.find((entry) => entry === found.source) ?? {};
    return decideEffective({
      id: found.fallbackId,
      manifest: found.manifest,
      expressDefault: found.express,
      ...(isolation === undefined ? {} : { isolation }),
      ...(mode === undefined ? {} : { mode }),
      defaultMode: options.mode,
      approvals: options.approvals,
      ceiling: options.ceiling,
      limits: options.limits,
      baseline,
    });
  }

  async #open(found: LoadedPackage, effective: Effective): Promise<Extension> {
    const { registry, resources } = this.#services;
    const { limits } = effective;
    const identity = { id: found.fallbackId, version: found.version };
    const capabilities = await openGranted(registry, effective, identity, { ...resources, limits });
    return {
      ...identity,
      kind: found.kind === 'hook' ? 'hook' : 'endpoint',
      artifact: found.artifact,
      script: Buffer.from(this.#services.inlineMaps ? withMap(found) : found.script),
      profile: { express: effective.express, knex: capabilities.has('database') },
      limits,
      isolation: effective.isolation,
      directusApi: effective.directusApi,
      capabilities,
    };
  }

  /** Registers it once, which says where it wants to be mounted and whether it works at all. */
  async #register(extension: Extension, found: LoadedPackage, before: Running | undefined): Promise<readonly string[]> {
    const { dispatcher, options } = this.#services;
    const slot = dispatcher.slot(extension, defaultTenant);
    const registered = await slot.warm();
    const mounts = parseMounts(registered, found);
    for (const mount of mounts) {
      const owner = this.#taken.get(extensionIdKey(mount));
      const isOwn = before?.mounts.some((own) => extensionIdKey(own) === extensionIdKey(mount)) === true;
      if (owner !== undefined && !isOwn) throw conflict(mount, found.folder, owner);
    }
    const gate = makeGate(extension.capabilities);
    for (const mount of before?.mounts ?? []) {
      this.#taken.delete(extensionIdKey(mount));
      this.#mounts.delete(mount);
    }
    for (const mount of mounts) {
      this.#taken.set(extensionIdKey(mount), found.folder);
      this.#mounts.set(mount, { extension, ...gate });
    }
    // Whose cell it was is nobody's once an embedder says who the tenants are.
    if (options.identify !== null) slot.close();
    return mounts;
  }

  #refuse(extension: string, folder: string, error: CloisterError): void {
    this.refused.push({ folder, error });
    this.#services.onLife('package.refused', extension, folder, error.message);
  }
}

const closeCapabilities = async ({ capabilities }: Extension): Promise<void> => {
  await Promise.allSettled([...capabilities.values()].map(({ instance }) => instance.close()));
};
