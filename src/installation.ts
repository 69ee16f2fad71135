// From packages to mounted extensions: grants decided, capabilities opened, registered once, mounted. Must never let one extension's fault keep another from being served.

import { makeCovers } from './approvals/covers.ts';
import type { Lock } from './approvals/lock.ts';
import { type Plan, planEach, settle } from './approvals/settle.ts';
import type { ApprovalStore } from './approvals/store.ts';
import { conflict, settleTwins, type TwinOptions } from './approvals/twins.ts';
import { describeGrants } from './audit/granted.ts';
import { openGranted } from './bridge/open-granted.ts';
import { makeSafeText } from './capabilities/log/safe-text.ts';
import { type CapabilityEntry, type HostResources, learningsOf } from './capabilities/registry.ts';
import { decideEffective, type Effective } from './config/effective.ts';
import { extensionIdKey, parseExtensionId } from './config/extension-id.ts';
import type { RuntimeOptions } from './config/runtime-options.ts';
import type { Dispatcher } from './dispatch/dispatcher.ts';
import type { Extension } from './dispatch/extension.ts';
import type { RegisteredParts } from './dispatch/parse-registered.ts';
import { CloisterError } from './errors.ts';
import { makeGate } from './http/gate.ts';
import { defaultTenant, type Mount } from './http/handler.ts';
import type { LifeEvent } from './ledger/entry.ts';
import type { Refusal } from './packages/find-packages.ts';
import type { LoadedPackage } from './packages/loaded-package.ts';
import { readPackages } from './packages/read-packages.ts';

/** What became of one package. */
export interface InstalledExtension {
  readonly id: string;
  readonly version: string;
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

export interface InstallationServices {
  /** Approvals of the lock are among the options' by now. */
  readonly options: RuntimeOptions;
  readonly lock: { readonly entries: Lock; readonly store: ApprovalStore } | null;
  readonly registry: readonly CapabilityEntry[];
  readonly baseline: ReadonlyMap<string, unknown>;
  readonly resources: Omit<HostResources, 'limits'>;
  readonly dispatcher: Dispatcher;
  /** It is served from now on: it hears events, and its schedules run. */
  onInstalled(extension: Extension): void;
  onDiscarded(extension: Extension): void;
  onLife(event: LifeEvent, extension: string, subject: string, reason: string): void;
}

const parallelLoads = 2;
const maxMounts = 64;

export class Installation {
  readonly #services: InstallationServices;
  readonly #mounts = new Map<string, Mount>();
  readonly #taken = new Map<string, string>();
  readonly #opened: Extension[] = [];
  readonly installed: InstalledExtension[] = [];
  readonly refused: RefusedExtension[] = [];

  constructor(services: InstallationServices) {
    this.#services = services;
  }

  mount(id: string): Mount | undefined {
    return this.#mounts.get(id);
  }

  /** Reads, checks and registers every package. What cannot be served is in `refused`. */
  async load(): Promise<void> {
    const { options, registry } = this.#services;
    const { packages, refused } = await readPackages(
      options.extensions,
      registry.map((entry) => entry.capability.contract),
      options.packages,
    );
    for (const { folder, error } of refused) this.#refuse('', folder, error);
    const { packages: found, unread, refused: twins } = settleTwins(packages, refused, this.#approvals());
    for (const { id, folder, error } of twins) this.#refuse(id, folder, error);
    for (const { fallbackId, artifact, version, folder } of found)
      this.#services.onLife('package.found', fallbackId, artifact, `version ${version} in ${folder}`);
    const queue = [...this.#plan(found, unread)];
    await Promise.all(
      Array.from({ length: parallelLoads }, async () => {
        for (let one = queue.shift(); one !== undefined; one = queue.shift()) await this.#carryOut(one);
      }),
    );
  }

  async close(): Promise<void> {
    const instances = this.#opened.flatMap((extension) => [...extension.capabilities.values()].map((granted) => granted.instance));
    await Promise.all(instances.map((instance) => instance.close()));
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
    let extension: Extension | null = null;
    try {
      const effective = this.#decide(found);
      const grants = describeGrants(found.folder, effective, learningsOf(this.#services.registry));
      extension = await this.#open(found, effective);
      const mounts = await this.#register(extension, found);
      this.#opened.push(extension);
      this.#services.onInstalled(extension);
      this.installed.push({
        id: extension.id,
        version: extension.version,
        folder: found.folder,
        mounts,
        capabilities: [...extension.capabilities.keys()],
      });
      this.#services.onLife(
        'package.loaded',
        extension.id,
        extension.artifact,
        mounts.length === 0 ? 'without a mount' : `mounted at ${mounts.map((mount) => `/${mount}`).join(', ')}`,
      );
      for (const [event, subject, reason] of grants) this.#services.onLife(event, extension.id, subject, reason);
      return true;
    } catch (error) {
      this.#refuse(found.fallbackId, found.folder, asRefusal(found, error));
      if (extension !== null) await this.#discard(extension);
      return false;
    }
  }

  /** What is refused keeps neither a cell nor a connection. */
  async #discard(extension: Extension): Promise<void> {
    this.#services.dispatcher.forget(extension);
    this.#services.onDiscarded(extension);
    await Promise.allSettled([...extension.capabilities.values()].map(({ instance }) => instance.close()));
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
      script: Buffer.from(found.script),
      profile: { express: effective.express, knex: capabilities.has('database') },
      limits,
      isolation: effective.isolation,
      directusApi: effective.directusApi,
      capabilities,
    };
  }

  /** Registers it once, which says where it wants to be mounted and whether it works at all. */
  async #register(extension: Extension, found: LoadedPackage): Promise<readonly string[]> {
    const { dispatcher, options } = this.#services;
    const slot = dispatcher.slot(extension, defaultTenant);
    const registered = await slot.warm();
    const mounts = parseMounts(registered, found);
    for (const mount of mounts) {
      const owner = this.#taken.get(extensionIdKey(mount));
      if (owner !== undefined) throw conflict(mount, found.folder, owner);
    }
    const gate = makeGate(extension.capabilities);
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

const parseMounts = ({ mounts: list, hooks }: RegisteredParts, found: LoadedPackage): readonly string[] => {
  if (list.length > maxMounts)
    throw new CloisterError('ERR_REGISTER_FAILED', `it registers ${list.length} endpoints, more than ${maxMounts}`);
  if (list.length === 0 && hooks === 0) throw new CloisterError('ERR_REGISTER_FAILED', 'it registers neither an endpoint nor a hook');
  const mounts = list.map((mount) => parseExtensionId(mount, `${found.entryFile}: the id it exports`));
  if (new Set(mounts.map(extensionIdKey)).size < mounts.length)
    throw new CloisterError('ERR_EXTENSION_CONFLICT', 'two of its endpoints have the same id');
  return mounts;
};

const asRefusal = (found: LoadedPackage, error: unknown): CloisterError => {
  const known = error instanceof CloisterError;
  // What an extension threw is its own words: they must not move an operator's cursor.
  const cause = makeSafeText(error instanceof Error ? error.message : String(error));
  const start = `extension ${found.fallbackId}`;
  const message = cause.startsWith(start) ? cause : `${start}: ${found.entryFile}: ${cause}`;
  return new CloisterError(known ? error.code : 'ERR_REGISTER_FAILED', message, { extension: found.fallbackId }, { cause: error });
};
