// Under whose rights a service of the embedder's works. Must never give more than the lease has, whatever the guest said.
import type { Caller } from '../../bridge/capability.ts';
import type { LoweredRight } from './offered.ts';

/** Nobody. Not null: to Directus's services null means that nothing is checked. */
const anonymous = { user: null, role: null, roles: [], admin: false, app: false, ip: null } as const;

/** A copy, so that a service which writes into it changes no other call's. */
export const accountabilityOf = ({ accountability }: Caller, lower: readonly LoweredRight[]): Record<string, unknown> => {
  const own = JSON.parse(JSON.stringify(accountability ?? anonymous)) as Record<string, unknown>;
  for (const right of lower) if (Object.hasOwn(own, right)) own[right] = false;
  return own;
};
