// Decides which keys of the environment a grant hands over: pure. Must never see a value.
import type { Policy } from '../../bridge/capability.ts';
import type { EnvGrant } from './contract.ts';

/** `read` is asked for by the host when a cell boots; a guest has no way to call it. */
export const makeEnvPolicy = (grant: EnvGrant): Policy => {
  const keys: ReadonlySet<string> = new Set(grant.keys);
  return (method, args) => {
    if (method !== 'read')
      return { allow: false, rule: 'env.method', reason: 'env has no methods; its values are there when the cell boots' };
    const { key } = args as { readonly key: string };
    if (!keys.has(key))
      return { allow: false, rule: 'env.keys', reason: `the grant does not list the key ${JSON.stringify(key)}; add it to "keys"` };
    return { allow: true, rule: 'env.keys' };
  };
};
