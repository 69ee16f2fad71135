// What a host serves, as the operator's API shows it. Must never change anything.
import type { Static } from '#typebox';
import type { components } from './http/api/schemas.ts';
import type { CanaryWatch } from './installation/canary/canary-watch.ts';
import type { Served } from './installation/serving.ts';

type ExtensionView = Static<(typeof components)['Extension']>;

const nothing = { requests: 0, errors: 0, limits: 0, crashes: 0 };

export const showServed = ({ current, canary, tenants }: Served, watch: Pick<CanaryWatch, 'tallies'>): ExtensionView => {
  const { extension, found, mounts, digest } = current;
  const tallies = canary === null ? null : watch.tallies(extension.id);
  return {
    id: extension.id,
    version: extension.version,
    artifact: extension.artifact,
    digest,
    from: found.folder,
    mounts: [...mounts],
    capabilities: [...extension.capabilities.keys()],
    tenants: tenants === null ? null : [...tenants],
    canary:
      canary === null
        ? null
        : {
            version: canary.version.extension.version,
            artifact: canary.version.extension.artifact,
            digest: canary.version.digest,
            share: canary.share,
            since: canary.since,
            did: tallies?.canary ?? nothing,
            besideDid: tallies?.current ?? nothing,
          },
  };
};
