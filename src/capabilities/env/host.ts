// Hands an extension the granted part of the environment. Must never hand over, name or log any other part of it.
import type { Capability, CapabilityInstance } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { type EnvBoot, type EnvGrant, type EnvValue, envContract } from './contract.ts';
import { envLearning } from './learn.ts';
import { makeEnvPolicy } from './policy.ts';

export interface EnvResources {
  /** The embedder's own. process.env is never looked at. */
  readonly env: ReadonlyMap<string, unknown>;
}

export interface EnvInstance extends CapabilityInstance {
  bootValue(tenant: string): EnvBoot;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isEnvValue = (value: unknown): value is EnvValue =>
  isText(value) || typeof value === 'boolean' || Number.isFinite(value) || (Array.isArray(value) && value.every(isText));

/** Keys that every grant lists. No grant hands over nothing, though every() of nothing is true. */
const keysUnder = (grants: readonly EnvGrant[]): readonly string[] => {
  const [first, ...rest] = grants;
  const policies = rest.map(makeEnvPolicy);
  return (first?.keys ?? []).filter((key) => policies.every((policy) => policy('read', { key }).allow));
};

const readKeys = (env: ReadonlyMap<string, unknown>, keys: readonly string[]): EnvBoot => {
  const values = Object.create(null) as Record<string, EnvValue>;
  for (const key of keys) {
    const value = env.get(key);
    // Not set, or set from a variable of process.env that is not.
    if (value === undefined) continue;
    if (!isEnvValue(value)) {
      const message = `env.${key}: its value is no string, number, boolean or list of strings; change it in the option "env"`;
      throw new CloisterError('ERR_OPTIONS_INVALID', message, { key });
    }
    values[key] = typeof value === 'object' ? [...value] : value;
  }
  return Object.freeze(values);
};

const makeInstance = (values: EnvBoot): EnvInstance => ({
  // Being on record is all it does: the value is in the cell already.
  call: () => ({ json: 'null' }),
  bootValue: () => values,
  close: () => Promise.resolve(),
});

export const envCapability: Capability<EnvResources, EnvGrant> = {
  contract: envContract,
  learning: envLearning,
  makePolicy: makeEnvPolicy,
  // Read once, when the extension is loaded: every cell of it boots with the same values.
  open: (_extension, grants, { env }) => new Promise((resolve) => resolve(makeInstance(readKeys(env, keysUnder(grants))))),
};
