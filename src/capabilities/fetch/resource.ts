// What of the host the capability needs: the network as the operator sets it up, and the secrets. Must never be shared with another runtime.
import type { FetchResources } from './host.ts';
import { makeResolve } from './resolver.ts';
import { makeSecrets } from './secrets.ts';

export interface EgressOptions {
  readonly internalOrigins: readonly string[];
  readonly dnsServers: readonly string[];
}

export const makeFetchResources = (
  { internalOrigins, dnsServers }: EgressOptions,
  secrets: ReadonlyMap<string, string>,
): FetchResources => ({
  network: { resolve: makeResolve(dnsServers), internalOrigins: new Set(internalOrigins.map((origin) => new URL(origin).origin)) },
  secrets: makeSecrets(secrets),
});

/** The operator's values, and for each secret what stands for it: an extension that is granted the key finds the placeholder there. */
export const withPlaceholders = (env: ReadonlyMap<string, unknown>, { secrets }: FetchResources): ReadonlyMap<string, unknown> =>
  new Map([...env, ...[...secrets].map(([name, { placeholder }]) => [name, placeholder] as const)]);
