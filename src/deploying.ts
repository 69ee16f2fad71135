// The registry beside an installation: opens the store, has the host follow it, gives canaries back. Must never keep a host from serving what folders hold because the registry cannot be read while it runs.
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { RegistrySettings } from './config/runtime-options.ts';
import { type Applied, desiredOf, type ReturnedCanary } from './installation/desired.ts';
import type { Installation } from './installation.ts';
import { type Follower, makeFollower } from './registry/follower.ts';
import { openRegistryStore, type StoreDatabase } from './registry/open-store.ts';
import type { RegistryStore } from './registry/state.ts';

export interface DeployingParts {
  /** null: what folders hold is all there is. */
  readonly settings: RegistrySettings | null;
  readonly database: StoreDatabase | undefined;
  readonly logger: Logger;
  installation(): Pick<Installation, 'apply'>;
}

export interface Deploying {
  readonly store: RegistryStore | null;
  /** Serves what is deployed, or rejects; then follows. */
  start(): Promise<void>;
  catchUp(): Promise<readonly Applied[]>;
  onReturned(canary: ReturnedCanary): void;
  close(): Promise<void>;
}

const nothing: Deploying = {
  store: null,
  start: () => Promise.resolve(),
  catchUp: () => Promise.resolve([]),
  onReturned: () => undefined,
  close: () => Promise.resolve(),
};

export const openDeploying = ({ settings, database, logger, installation }: DeployingParts): Deploying => {
  if (settings === null) return nothing;
  const store = openRegistryStore(settings, database);
  const follower: Follower<Applied> = makeFollower({
    store,
    host: `${hostname()} ${String(process.pid)} ${randomBytes(3).toString('hex')}`,
    serve: (state) => installation().apply(desiredOf(state, store)),
    onTrouble: (error) => logger.error({ err: error }, 'the registry cannot be followed; what is served goes on'),
  });
  return { store, start: follower.start, catchUp: follower.catchUp, onReturned: follower.returned, close: follower.close };
};
