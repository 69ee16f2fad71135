// Decides which service, method and collection a grant covers: pure. Must never tell what is not granted from what does not exist.
import type { Decision, Policy } from '../../bridge/capability.ts';
import type { CallArgs, ServicesGrant } from './contract.ts';

export const allowCall = ({ service, method }: CallArgs): Decision => ({ allow: true, rule: `services.${service}.${method}` });

/** The one refusal there is: the same for what is not granted, not offered, not there, and not about collections. */
export const denyCall = ({ service, method, collection }: CallArgs): Decision => ({
  allow: false,
  rule: 'services.grant',
  reason: `the grant does not cover ${service}.${method}${collection === undefined ? '' : ` on ${collection}`}`,
});

/** Tells nothing that its own manifest does not name. */
export const allowDescribe: Decision = { allow: true, rule: 'services.describe' };

export const isCall = (method: string): boolean => method === 'read' || method === 'call';

interface Wish {
  readonly methods: ReadonlySet<string> | 'all';
  readonly collections: ReadonlySet<string>;
}

export const makeServicesPolicy = (grant: ServicesGrant): Policy => {
  const wishes = new Map<string, Wish>(
    Object.entries(grant).map(([name, { methods, collections }]) => [
      name,
      { methods: methods === true ? 'all' : new Set(methods), collections: new Set(collections ?? []) },
    ]),
  );
  return (method, args) => {
    if (method === 'describe') return allowDescribe;
    if (!isCall(method)) return { allow: false, rule: 'services.methods', reason: 'services has no such method' };
    const call = args as CallArgs;
    const wish = wishes.get(call.service);
    if (wish === undefined) return denyCall(call);
    if (wish.methods !== 'all' && !wish.methods.has(call.method)) return denyCall(call);
    if (call.collection !== undefined && !wish.collections.has(call.collection)) return denyCall(call);
    return allowCall(call);
  };
};
