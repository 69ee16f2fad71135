// One version of an extension brought up: grants decided, capabilities opened, registered once. Must never serve a request: whoever asked for it says when.
import { describeGrants, type GrantRecord } from '../audit/granted.ts';
import { openGranted } from '../bridge/open-granted.ts';
import { learningsOf } from '../capabilities/registry.ts';
import { decideEffective, type Effective } from '../config/effective.ts';
import type { Extension } from '../dispatch/extension.ts';
import { type Gate, makeGate } from '../http/gate.ts';
import { defaultTenant } from '../http/handler.ts';
import type { LoadedPackage } from '../packages/loaded-package.ts';
import type { InstallationServices } from './installation-services.ts';
import { restoreOutside } from './outside.ts';
import { asRefusal, parseMounts, withMap } from './registered-mounts.ts';

/** One that is served or may be, and what it was made of. */
export interface Version {
  readonly extension: Extension;
  readonly found: LoadedPackage;
  readonly effective: Effective;
  /** What it was granted, for the ledger. */
  readonly grants: readonly GrantRecord[];
  readonly mounts: readonly string[];
  readonly gate: Gate;
  /** SHA-256 of the archive in the registry; null: it came from a folder. */
  readonly digest: string | null;
}

export const closeCapabilities = async ({ capabilities }: Extension): Promise<void> => {
  await Promise.allSettled([...capabilities.values()].map(({ instance }) => instance.close()));
};

/** What is refused keeps neither a cell nor a connection. */
export const discard = async (extension: Extension, { dispatcher, onDiscarded }: InstallationServices): Promise<void> => {
  dispatcher.forget(extension);
  onDiscarded(extension);
  await closeCapabilities(extension);
};

const decideVersion = (found: LoadedPackage, { options, baseline }: InstallationServices): Effective => {
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
};

const openExtension = async (found: LoadedPackage, effective: Effective, services: InstallationServices): Promise<Extension> => {
  const { registry, resources, inlineMaps } = services;
  const { limits } = effective;
  const identity = { id: found.fallbackId, version: found.version };
  const capabilities = await openGranted(registry, effective, identity, { ...resources, limits });
  return {
    ...identity,
    kind: found.kind === 'hook' ? 'hook' : 'endpoint',
    artifact: found.artifact,
    script: Buffer.from(inlineMaps ? withMap(found) : found.script),
    profile: { express: effective.express, knex: capabilities.has('database') },
    limits,
    isolation: effective.isolation,
    directusApi: effective.directusApi,
    capabilities,
  };
};

/** May refuse a version on its way; throws then. */
export interface Judge {
  /** Before anything is opened. */
  effective?(effective: Effective): void;
  mounts(mounts: readonly string[]): void;
}

/** Registers it once, which says where it wants to be mounted and whether it works at all. Throws a CloisterError, and leaves nothing behind: what is one for all versions is `before`'s again. */
export const bringUp = async (
  found: LoadedPackage,
  digest: string | null,
  before: Version | undefined,
  services: InstallationServices,
  judge: Judge,
): Promise<Version> => {
  let extension: Extension | null = null;
  let effective: Effective | null = null;
  try {
    effective = decideVersion(found, services);
    judge.effective?.(effective);
    const grants = describeGrants(found.folder, effective, learningsOf(services.registry));
    extension = await openExtension(found, effective, services);
    const slot = services.dispatcher.slot(extension, defaultTenant);
    const mounts = parseMounts(await slot.warm(), found);
    judge.mounts(mounts);
    // Whose cell it was is nobody's once an embedder says who the tenants are.
    if (services.options.identify !== null) slot.close();
    return { extension, found, effective, grants, mounts, gate: makeGate(extension.capabilities), digest };
  } catch (error) {
    if (extension !== null) await discard(extension, services);
    if (before !== undefined && effective !== null) await restoreOutside(before, effective, services, digest === null);
    throw asRefusal(found, error);
  }
};

/** One that came up, and may not be served after all: throws why, and leaves nothing behind. */
export const turnAway = async (
  version: Version,
  before: Version | undefined,
  services: InstallationServices,
  why: unknown,
): Promise<never> => {
  await discard(version.extension, services);
  if (before !== undefined) await restoreOutside(before, version.effective, services, version.digest === null);
  throw asRefusal(version.found, why);
};
