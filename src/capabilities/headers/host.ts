// Says which header names all grants of an extension list. Must never do anything by itself: src/http filters by it before the guest runs.
import type { Capability, CapabilityInstance } from '../../bridge/capability.ts';
import { coversNames } from '../../policy/covers.ts';
import { type HeadersGrant, headersContract } from './contract.ts';
import { headersLearning } from './learn.ts';
import { makeHeadersPolicy } from './policy.ts';

/** Names that every grant lists. No grant lets nothing through. */
export const headersUnder = (grants: readonly HeadersGrant[]): ReadonlySet<string> => {
  const [first, ...rest] = grants;
  const policies = rest.map(makeHeadersPolicy);
  return new Set((first?.names ?? []).filter((name) => policies.every((policy) => policy('read', { name }).allow)));
};

const makeInstance = (grants: readonly HeadersGrant[]): CapabilityInstance => ({
  // `read` tells of a use, and everything about it was done when it was put on record.
  call: () => ({ json: 'null' }),
  // The names, so that the host can ask once when the extension is mounted; they are no secret to the guest.
  bootValue: () => [...headersUnder(grants)],
  narrowed: (grant) => makeInstance([...grants, grant as HeadersGrant]),
  close: () => Promise.resolve(),
});

export const headersCapability: Capability<object, HeadersGrant> = {
  contract: headersContract,
  learning: headersLearning,
  makePolicy: makeHeadersPolicy,
  covers: (wide, narrow) => coversNames(wide.names, narrow.names),
  open: (_extension, grants) => Promise.resolve(makeInstance(grants)),
};
