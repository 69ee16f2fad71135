// Capabilities that make something outside the host what a grant says, one for all versions of an extension: a role in the database. Must never leave there what a version that was refused made of it.
import { stableText } from '../approvals/stable-text.ts';
import { openGranted } from '../bridge/open-granted.ts';
import type { CapabilityEntry } from '../capabilities/registry.ts';
import type { Effective } from '../config/effective.ts';
import type { InstallationServices } from './installation-services.ts';
import type { Version } from './version.ts';

const grantsText = ({ grants, reported }: Effective, name: string): string =>
  stableText({ grants: grants.get(name) ?? null, reported: reported.get(name) ?? null });

/** Those for which the two cannot stand beside each other. */
export const outsideDifferences = (one: Effective, other: Effective, registry: readonly CapabilityEntry[]): readonly CapabilityEntry[] =>
  registry.filter(({ capability }) => {
    const { name } = capability.contract;
    return capability.outside === true && grantsText(one, name) !== grantsText(other, name);
  });

/** Where the registry wants another by now, other hosts may serve that: what it needs outside is not this host's to take away. */
export const mayRestore = async (
  digest: string | null,
  wanted: () => Promise<string | null | undefined>,
  isTrial: boolean,
): Promise<boolean> => {
  // What a folder holds no registry has.
  if (digest === null) return true;
  try {
    const now = await wanted();
    return now === undefined || now === digest;
  } catch {
    // Nobody was told of a trial. What was deployed other hosts may have by now.
    return isTrial;
  }
};

/** Opened once more as it was: that is what makes it so. */
export const restoreOutside = async (
  { extension, effective, digest }: Version,
  tried: Effective,
  { registry, resources, onLife, wantedDigest }: InstallationServices,
  isTrial: boolean,
): Promise<void> => {
  const changed = outsideDifferences(effective, tried, registry);
  if (changed.length === 0) return;
  if (!(await mayRestore(digest, () => wantedDigest(extension.id), isTrial))) {
    const why = 'what its grants hold outside stays as the version needs it that the registry wants served';
    return onLife('package.refused', extension.id, extension.artifact, why);
  }
  try {
    const opened = await openGranted(changed, effective, extension, { ...resources, limits: extension.limits });
    await Promise.allSettled([...opened.values()].map(({ instance }) => instance.close()));
  } catch (error) {
    const cause = error instanceof Error ? error.message : 'unknown cause';
    onLife('package.refused', extension.id, extension.artifact, `what its grants hold outside could not be made as it was: ${cause}`);
  }
};
