// What the registry wants served on every host, and what became of it on this one. Must never hold a package: each is read when it is needed.
import { mountsOf } from '../registry/mounts.ts';
import type { RegistryState, RegistryStore } from '../registry/state.ts';

/** An archive by its digest. */
export interface DesiredPackage {
  /** SHA-256 of the archive's bytes, in hex. */
  readonly digest: string;
  archive(): Promise<Uint8Array>;
  /** What its trial saw registered; left out: nobody looked. */
  readonly mounts?: readonly string[];
}

/** Beside the one that serves, on trial. */
export interface DesiredCanary extends DesiredPackage {
  /** Of requests: over 0 and under 1. */
  readonly share: number;
  /** When the trial began, as the registry says: the same package may be tried again. */
  readonly since: string;
}

export interface Desired {
  readonly extension: string;
  readonly current: DesiredPackage;
  readonly canary: DesiredCanary | null;
  readonly enabled: boolean;
  /** null: every tenant. */
  readonly tenants: readonly string[] | null;
}

/** A canary that this host has taken back. */
export interface ReturnedCanary {
  readonly extension: string;
  readonly digest: string;
  readonly reason: string;
}

export const desiredOf = ({ deployments }: RegistryState, store: Pick<RegistryStore, 'archive'>): readonly Desired[] => {
  return [...deployments.values()].map((deployment) => {
    const { extension, current, canary, enabled, tenants } = deployment;
    const packageOf = (digest: string): DesiredPackage => {
      const mounts = mountsOf(deployment, digest);
      return { digest, archive: () => store.archive(digest), ...(mounts === undefined ? {} : { mounts }) };
    };
    return {
      extension,
      current: packageOf(current),
      canary: canary === null ? null : { ...packageOf(canary.digest), share: canary.share, since: canary.since },
      enabled,
      tenants,
    };
  });
};
