// Whether a version can stand as a canary beside the one that serves. Must never let one in whose grants or mounts change what the other has.
import type { CapabilityEntry } from '../capabilities/registry.ts';
import { extensionIdKey } from '../config/extension-id.ts';
import { CloisterError } from '../errors.ts';
import type { LoadedPackage } from '../packages/loaded-package.ts';
import { outsideDifferences } from './outside.ts';
import type { Judge, Version } from './version.ts';

const refuse = ({ fallbackId: extension, version }: LoadedPackage, cause: string): never => {
  throw new CloisterError('ERR_CANARY_INVALID', `extension ${extension}: version ${version} ${cause}`, { extension });
};

const sorted = (mounts: readonly string[]): readonly string[] => mounts.map(extensionIdKey).toSorted();

export const judgeCanary = (found: LoadedPackage, current: Version, registry: readonly CapabilityEntry[]): Judge => {
  // The ledger, the metrics and whoever reads them tell the two apart by it.
  if (found.version === current.extension.version)
    refuse(found, 'has the version number of the one that serves; give the canary one of its own');
  return {
    effective(effective) {
      const [differs] = outsideDifferences(current.effective, effective, registry);
      if (differs === undefined) return;
      const { name } = differs.capability.contract;
      refuse(found, `has another grant of ${name} than the version that serves, and the two would share one; deploy it without a share`);
    },
    mounts(mounts) {
      if (JSON.stringify(sorted(mounts)) === JSON.stringify(sorted(current.mounts))) return;
      const [wants, has] = [mounts, current.mounts].map((list) => list.map((mount) => `/${mount}`).join(', ') || 'nothing');
      refuse(found, `is mounted at ${wants}, the one that serves at ${has}; a canary has the same mounts: deploy it without a share`);
    },
  };
};
