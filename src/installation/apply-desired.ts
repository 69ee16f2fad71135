// Makes what is served of the registry's extensions what is wanted, one after another. Must never touch what a folder holds, nor take away what works for what does not.
import { createHash } from 'node:crypto';
import { conflict } from '../approvals/twins.ts';
import { extensionIdKey } from '../config/extension-id.ts';
import { CloisterError } from '../errors.ts';
import type { Bundler } from '../packages/bundler.ts';
import type { LoadedPackage } from '../packages/loaded-package.ts';
import { readArchived } from '../packages/read-packages.ts';
import type { FailedVersion, ServedHere } from '../registry/follower.ts';
import { makeMountOwners } from '../registry/mounts.ts';
import type { Desired, DesiredPackage } from './desired.ts';
import type { InstallationServices } from './installation-services.ts';
import { judgeCanary } from './judge-canary.ts';
import { recordCanary, recordLoaded, shortened } from './record-loaded.ts';
import type { Served, Serving } from './serving.ts';
import { bringUp, type Version } from './version.ts';

export interface ApplyParts {
  readonly services: InstallationServices;
  readonly serving: Serving;
  readonly bundler: Bundler;
  wasReturned(extension: string, digest: string, since: string): boolean;
  /** Throws where it may not run. */
  admit(found: LoadedPackage): void;
}

const asError = (error: unknown, extension: string): CloisterError =>
  error instanceof CloisterError
    ? error
    : new CloisterError('ERR_PACKAGE_INVALID', `extension ${extension}: ${error instanceof Error ? error.message : 'unknown cause'}`);

/** What a registry gives is looked at again: what runs is what was deployed. */
const readDesired = async (extension: string, wanted: DesiredPackage, { services, bundler, admit }: ApplyParts): Promise<LoadedPackage> => {
  const bytes = await wanted.archive();
  const where = `${extension}@${shortened(wanted.digest)}`;
  if (createHash('sha256').update(bytes).digest('hex') !== wanted.digest)
    throw new CloisterError('ERR_ARCHIVE_INVALID', `extension ${extension}: ${where}: its SHA-256 is another than the registry says`);
  const { options, registry } = services;
  const found = await readArchived(
    { where, id: extension, bytes },
    registry.map(({ capability }) => capability.contract),
    options.packages,
    { trustedKeys: options.trustedKeys, bundler },
  );
  services.onLife(
    'package.found',
    extension,
    found.artifact,
    `version ${found.version} in ${where}, signed by ${found.signedBy ?? 'nobody'}`,
  );
  admit(found);
  return found;
};

type MountOwner = ReturnType<typeof makeMountOwners>;

/** A package may register other mounts here than where it was tried; those that others were seen with are theirs, also before they are up. */
const keepTheirs = (id: string, folder: string, mounts: readonly string[], ownerOf: MountOwner): void => {
  for (const mount of mounts) {
    const owner = ownerOf(id, mount);
    if (owner !== null) throw conflict(mount, folder, owner);
  }
};

const applyCurrent = async (wanted: Desired, parts: ApplyParts, ownerOf: MountOwner): Promise<void> => {
  const { services, serving } = parts;
  const { extension: id, current } = wanted;
  const served = serving.get(id);
  const tenants = wanted.tenants === null ? null : new Set(wanted.tenants);
  if (served?.current.digest === current.digest) return serving.setTenants(id, tenants);
  // A canary that is promoted serves already.
  let version: Version | undefined = served?.canary?.version.digest === current.digest ? served.canary.version : undefined;
  if (version === undefined) {
    const found = await readDesired(id, current, parts);
    version = await bringUp(found, current.digest, served?.current, services, {
      mounts: (mounts) => {
        keepTheirs(id, found.folder, mounts, ownerOf);
        serving.checkMounts(id, found.folder, mounts);
      },
    });
  }
  serving.take(version, tenants);
  recordLoaded(version, served?.current, services);
};

const applyCanary = async ({ extension: id, current, canary }: Desired, parts: ApplyParts): Promise<void> => {
  const { services, serving } = parts;
  const served = serving.get(id);
  // What the canary would stand beside is not there.
  if (served === undefined || canary === null || served.current.digest !== current.digest) return serving.setCanary(id, null);
  const { share, since } = canary;
  // Other hosts have not heard yet that it was taken back here.
  if (parts.wasReturned(id, canary.digest, since)) return serving.setCanary(id, null);
  const known = served.canary?.version;
  if (known !== undefined && known.digest === canary.digest) return serving.setCanary(id, { version: known, share, since });
  serving.setCanary(id, null);
  const found = await readDesired(id, canary, parts);
  const version = await bringUp(found, canary.digest, served.current, services, judgeCanary(found, served.current, services.registry));
  serving.setCanary(id, { version, share, since });
  recordCanary(version, share, services);
};

const takeOut = (served: Served, reason: string, { serving, services }: ApplyParts): void => {
  const { extension } = served.current;
  serving.remove(extension.id);
  services.onLife('package.removed', extension, extension.artifact, reason);
};

const applyOne = async (wanted: Desired, parts: ApplyParts, ownerOf: MountOwner): Promise<ServedHere> => {
  const { extension, current, canary, enabled } = wanted;
  const { serving, services } = parts;
  const failed: FailedVersion[] = [];
  const attempt = async (role: FailedVersion['role'], digest: string, change: () => Promise<void>): Promise<void> => {
    try {
      await change();
    } catch (error) {
      const refusal = asError(error, extension);
      failed.push({ digest, role, error: refusal });
      services.onLife('package.refused', extension, digest, refusal.message);
    }
  };
  const served = serving.get(extension);
  if (served !== undefined && served.current.digest === null) {
    const { folder } = served.current.found;
    await attempt('current', current.digest, () => Promise.reject(conflict(extension, 'the registry', folder)));
    return { extension, current: null, canary: null, failed };
  }
  if (enabled) {
    await attempt('current', current.digest, () => applyCurrent(wanted, parts, ownerOf));
    await attempt('canary', canary?.digest ?? '', () => applyCanary(wanted, parts));
  } else if (served !== undefined) takeOut(served, 'disabled', parts);
  const now = serving.get(extension);
  return { extension, current: now?.current.digest ?? null, canary: now?.canary?.version.digest ?? null, failed };
};

export const applyDesired = async (desired: readonly Desired[], parts: ApplyParts): Promise<readonly ServedHere[]> => {
  const wanted = new Set(desired.map(({ extension }) => extensionIdKey(extension)));
  for (const served of parts.serving.all) {
    const { extension, digest } = served.current;
    if (digest !== null && !wanted.has(extensionIdKey(extension.id))) takeOut(served, 'no longer deployed', parts);
  }
  const seen = desired.filter(({ enabled }) => enabled).map(({ extension, current }) => ({ extension, mounts: current.mounts ?? [] }));
  const ownerOf = makeMountOwners(seen);
  const applied: ServedHere[] = [];
  for (const one of desired) applied.push(await applyOne(one, parts, ownerOf));
  return applied;
};
