// The registry beside an installation: opens the store, has the host follow it, gives canaries back. Must never keep a host from serving what folders hold because the registry cannot be read while it runs.
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { CapabilityContract } from './bridge/capability.ts';
import type { RuntimeOptions } from './config/runtime-options.ts';
import { desiredOf, type ReturnedCanary } from './installation/desired.ts';
import type { Installation } from './installation.ts';
import { type Follower, makeFollower } from './registry/follower.ts';
import { openRegistryStore, type StoreDatabase } from './registry/open-store.ts';
import { makeRegistryCalls, type Registry, type TriedRelease } from './registry/registry.ts';
import type { RegistryStore } from './registry/state.ts';

export interface DeployingParts {
  /** Without a registry what folders hold is all there is. */
  readonly options: Pick<RuntimeOptions, 'registry' | 'packages'>;
  readonly contracts: readonly CapabilityContract[];
  readonly database: StoreDatabase | undefined;
  readonly logger: Logger;
  installation(): Pick<Installation, 'apply' | 'tryOut'>;
}

export interface Deploying {
  readonly calls: Registry | null;
  tryOut(archive: Uint8Array, asCanary: boolean): Promise<TriedRelease>;
  /** Serves what is deployed, or rejects; then follows. */
  start(): Promise<void>;
  onReturned(canary: ReturnedCanary): void;
  /** undefined: there is no registry. */
  wantedDigest(extension: string): Promise<string | null | undefined>;
  close(): Promise<void>;
}

const nothing: Omit<Deploying, 'tryOut'> = {
  calls: null,
  start: () => Promise.resolve(),
  onReturned: () => undefined,
  wantedDigest: () => Promise.resolve(undefined),
  close: () => Promise.resolve(),
};

/** null: none is to be served. */
export const wantedDigestOf = async (store: Pick<RegistryStore, 'read'>, extension: string): Promise<string | null> => {
  const deployment = (await store.read()).deployments.get(extension);
  return deployment?.enabled === true ? deployment.current : null;
};

export const openDeploying = ({ options, contracts, database, logger, installation }: DeployingParts): Deploying => {
  const tryOut = async (archive: Uint8Array, asCanary: boolean): Promise<TriedRelease> => {
    const { found, mounts } = await installation().tryOut(archive, asCanary);
    const { fallbackId: id, version, artifact, signedBy } = found;
    return { id, version, artifact, signedBy, mounts };
  };
  if (options.registry === null) return { ...nothing, tryOut };
  const store = openRegistryStore(options.registry, database);
  const follower: Follower = makeFollower({
    store,
    host: `${hostname()} ${String(process.pid)} ${randomBytes(3).toString('hex')}`,
    serve: (state) => installation().apply(desiredOf(state, store)),
    onTrouble: (error) => logger.error({ err: error }, 'the registry cannot be followed; what is served goes on'),
  });
  const { start, catchUp, close, returned: onReturned } = follower;
  const calls = makeRegistryCalls({ store, limits: options.packages, contracts, tryOut, catchUp });
  return { calls, tryOut, start, onReturned, wantedDigest: (extension) => wantedDigestOf(store, extension), close };
};
