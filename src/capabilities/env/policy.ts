// Decides which keys of the environment a grant hands over: pure. Must never see a value.
import type { Policy } from '../../bridge/capability.ts';
import type { EnvGrant, ReadArgs } from './contract.ts';

/** `read` is asked for by the host when a cell boots, and again when the cell says that it uses the key. */
export const makeEnvPolicy = (grant: EnvGrant): Policy => {
  const keys: ReadonlySet<string> = new Set(grant.keys);
  return (method, args) => {
    if (method !== 'read') return { allow: false, rule: 'env.method', reason: 'env has the method read only' };
    const { key } = args as ReadArgs;
    if (!keys.has(key))
      return { allow: false, rule: 'env.keys', reason: `the grant does not list the key ${JSON.stringify(key)}; add it to "keys"` };
    return { allow: true, rule: 'env.keys' };
  };
};
