// What stands at a mount for one tenant. Must never show what the tenant does not have.
import type { Extension } from '../dispatch/extension.ts';
import type { TenantViews } from '../dispatch/tenant-views.ts';
import { makeGate } from './gate.ts';
import type { Mount } from './mounted.ts';

/** null: it is not there for it. */
export type MountFor = (mount: Mount | null, tenant: string) => Promise<Mount | null>;

/** `views` null: every tenant has every extension as it is. */
export const makeTenantMounts = (views: TenantViews | null): MountFor => {
  const narrowed = new WeakMap<Extension, Mount>();
  return async (mount, tenant) => {
    if (views === null || mount === null) return mount;
    const extension = await views.find(mount.extension, tenant);
    if (extension === null || extension === mount.extension) return extension === null ? null : mount;
    const known = narrowed.get(extension) ?? { extension, ...makeGate(extension.capabilities) };
    narrowed.set(extension, known);
    return known;
  };
};
