// Decides which request headers a grant lets through: pure. Must never see a value.
import type { Policy } from '../../bridge/capability.ts';
import type { HeadersGrant } from './contract.ts';

/** `read` is asked for by the host for each name; a guest has no way to call it. */
export const makeHeadersPolicy = (grant: HeadersGrant): Policy => {
  const names: ReadonlySet<string> = new Set(grant.names);
  return (method, args) => {
    if (method !== 'read')
      return { allow: false, rule: 'headers.method', reason: 'headers has no methods; what is granted is in req.headers' };
    const { name } = args as { readonly name: string };
    if (names.has(name)) return { allow: true, rule: 'headers.names' };
    return { allow: false, rule: 'headers.names', reason: `the grant does not list the header ${JSON.stringify(name)}; add it to "names"` };
  };
};
