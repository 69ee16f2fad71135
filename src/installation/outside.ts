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

/** Opened once more as it was: that is what makes it so. */
export const restoreOutside = async (
  { extension, effective }: Version,
  tried: Effective,
  { registry, resources, onLife }: InstallationServices,
): Promise<void> => {
  const changed = outsideDifferences(effective, tried, registry);
  if (changed.length === 0) return;
  try {
    const opened = await openGranted(changed, effective, extension, { ...resources, limits: extension.limits });
    await Promise.allSettled([...opened.values()].map(({ instance }) => instance.close()));
  } catch (error) {
    const cause = error instanceof Error ? error.message : 'unknown cause';
    onLife('package.refused', extension.id, extension.artifact, `what its grants hold outside could not be made as it was: ${cause}`);
  }
};
