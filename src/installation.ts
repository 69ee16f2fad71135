// From packages to mounted extensions: what is found, what of it may run, what takes whose place. Must never let one extension's fault keep another from being served.

import { makeCovers } from './approvals/covers.ts';
import { digestOf, selfOf } from './approvals/lock.ts';
import { type Plan, planEach, settle } from './approvals/settle.ts';
import { conflict, settleTwins, type TwinOptions } from './approvals/twins.ts';
import { extensionIdKey } from './config/extension-id.ts';
import { IdleTimer } from './dispatch/idle-timer.ts';
import { CloisterError } from './errors.ts';
import type { Mounted } from './http/mounted.ts';
import { type ApplyParts, applyDesired } from './installation/apply-desired.ts';
import type { Desired } from './installation/desired.ts';
import type { InstallationServices } from './installation/installation-services.ts';
import { recordLoaded } from './installation/record-loaded.ts';
import { type Served, Serving } from './installation/serving.ts';
import { type Tried, tryOut } from './installation/try-out.ts';
import { bringUp, turnAway, type Version } from './installation/version.ts';
import { type Bundler, openBundler } from './packages/bundler.ts';
import type { Refusal } from './packages/find-packages.ts';
import type { LoadedPackage } from './packages/loaded-package.ts';
import { readPackages } from './packages/read-packages.ts';
import type { ServedHere } from './registry/follower.ts';

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
/** After a deployment, its bundler is there for so long in case another comes. */
const bundlerIdleMs = 30_000;

export class Installation {
  readonly #services: InstallationServices;
  readonly #serving: Serving;
  #bundler: Bundler | null = null;
  /** A reload means that more will come; a deployment comes now and then. */
  #keepsBundler = false;
  readonly #idle = new IdleTimer(bundlerIdleMs, () => {
    if (!this.#keepsBundler) void this.#bundler?.close();
  });
  /** One change after the other. */
  #changing: Promise<unknown> = Promise.resolve();
  #closed = false;
  readonly refused: RefusedExtension[] = [];
  /** The last trial of each extension that ended here. */
  readonly #returned = new Map<string, string>();

  constructor(services: InstallationServices) {
    this.#services = services;
    this.#serving = new Serving(services);
  }

  get served(): readonly Served[] {
    return this.#serving.all;
  }

  mount(name: string): Mounted | undefined {
    return this.#serving.mount(name);
  }

  /** By what the registry says of it. */
  hasTenant(id: string, tenant: string): boolean {
    return this.#serving.hasTenant(id, tenant);
  }

  get installed(): readonly InstalledExtension[] {
    return this.#serving.all.map(({ current: { extension, found, mounts } }) => ({
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
    return this.#serving.get(id)?.current.found.sourceMap || null;
  }

  /** Looks at the packages again, one reload after the other. What changed is served from a new cell beside the old one once it has registered; what cannot be served is in `refused`, and its old version goes on. What is gone stays. */
  reload(): Promise<void> {
    // A bundler that stays makes the next save quick.
    this.#bundler ??= openBundler();
    this.#keepsBundler = true;
    return this.#change(async () => {
      this.refused.length = 0;
      await this.load();
    });
  }

  /** Makes what is served of the registry's extensions what is wanted: brings in, swaps, takes out. What cannot be served leaves what was served as it was. What folders hold is left alone. */
  apply(desired: readonly Desired[]): Promise<readonly ServedHere[]> {
    return this.#deploying((parts) => applyDesired(desired, parts));
  }

  /** The canary of an extension goes at once; what it has begun finishes. */
  returnCanary(id: string, reason: string): void {
    const canary = this.#serving.get(id)?.canary ?? null;
    if (canary === null) return;
    const { extension, digest } = canary.version;
    this.#returned.set(extensionIdKey(id), `${digest} ${canary.since}`);
    this.#serving.setCanary(id, null);
    this.#services.onLife('canary.return', extension, extension.artifact, reason);
    if (digest !== null) this.#services.onReturned({ extension: extension.id, digest, reason });
  }

  /** Brings an archive up beside what serves, as a deployment would, and takes it down again. Throws why it cannot be served. */
  tryOut(archive: Uint8Array, asCanary: boolean): Promise<Tried> {
    return this.#deploying((parts) => tryOut(archive, asCanary, parts));
  }

  #deploying<Result>(deploy: (parts: ApplyParts) => Promise<Result>): Promise<Result> {
    return this.#change(async () => {
      this.#idle.stop();
      this.#bundler ??= openBundler();
      try {
        const services = { ...this.#services, ...(await this.#services.readApprovals()) };
        return await deploy({
          services,
          serving: this.#serving,
          bundler: this.#bundler,
          admit: (found) => this.#admit(found, services),
          wasReturned: (id, digest, since) => this.#returned.get(extensionIdKey(id)) === `${digest} ${since}`,
        });
      } finally {
        this.#idle.start();
      }
    });
  }

  #change<Result>(change: () => Promise<Result>): Promise<Result> {
    const changed = this.#changing.then(async () => {
      if (this.#closed) throw new CloisterError('ERR_RUNTIME_CLOSED', 'The host is shutting down.');
      return await change();
    });
    this.#changing = changed.catch(() => undefined);
    return changed;
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
    this.#idle.stop();
    await this.#changing;
    await this.#bundler?.close();
    await this.#serving.close();
  }

  #approvals(): TwinOptions {
    const { lock, options, registry, baseline } = this.#services;
    const approvedIds = options.approvals === 'requested' ? [] : options.approvals.keys();
    return { lock: lock?.entries ?? null, approvedIds, covers: makeCovers(registry), baseline };
  }

  #plan(found: readonly LoadedPackage[], unread: readonly Refusal[]): readonly Plan[] {
    const { plans, parked } = this.#settle(found, unread);
    for (const { folder, error } of parked) this.refused.push({ folder, error });
    return plans;
  }

  #settle(
    found: readonly LoadedPackage[],
    unread: readonly Refusal[],
    { lock, options, registry, baseline, onLife }: InstallationServices = this.#services,
  ): Pick<ReturnType<typeof settle>, 'plans' | 'parked'> {
    if (lock === null) return { plans: planEach(found), parked: [] };
    const { events, ...settled } = settle(found, unread, {
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
    return settled;
  }

  /** Under a lock, what is not approved does not run because somebody deployed it. */
  #admit(found: LoadedPackage, services: InstallationServices): void {
    const [parked] = this.#settle([found], [], services).parked;
    if (parked !== undefined) throw parked.error;
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
    const id = found.fallbackId;
    const before = this.#serving.get(id);
    if (before !== undefined && before.current.digest === null && digestOf(selfOf(before.current.found)) === digestOf(selfOf(found))) {
      this.#serving.refresh({ ...before.current, found });
      return true;
    }
    try {
      if (before !== undefined && before.current.digest !== null) throw conflict(id, found.folder, 'the registry');
      const version: Version = await bringUp(found, null, before?.current, this.#services, {
        mounts: (mounts) => this.#serving.checkMounts(id, found.folder, mounts),
      });
      // Another that came up at the same moment may have the mount by now.
      try {
        this.#serving.checkMounts(id, found.folder, version.mounts);
      } catch (error) {
        await turnAway(version, before?.current, this.#services, error);
      }
      this.#serving.take(version, null);
      recordLoaded(version, before?.current, this.#services);
      return true;
    } catch (error) {
      this.#refuse(id, found.folder, error as CloisterError);
      return false;
    }
  }

  #refuse(extension: string, folder: string, error: CloisterError): void {
    this.refused.push({ folder, error });
    this.#services.onLife('package.refused', extension, folder, error.message);
  }
}
