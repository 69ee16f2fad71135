// Hands an extension the granted part of the environment. Must never hand over, name or log any other part of it.
import type { Capability, CapabilityInstance } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { coversNames } from '../../policy/covers.ts';
import { type EnvBoot, type EnvGrant, envContract } from './contract.ts';
import { envLearning } from './learn.ts';
import { parseEnvText } from './parse-text.ts';
import { makeEnvPolicy } from './policy.ts';

export interface EnvResources {
  /** The embedder's own. process.env is never looked at. */
  readonly env: ReadonlyMap<string, unknown>;
}

export interface EnvInstance extends CapabilityInstance {
  bootValue(tenant: string): EnvBoot;
}

type Entry = EnvBoot[string];

const isText = (value: unknown): value is string => typeof value === 'string';

/** Text is read as Directus reads a variable; what the embedder gave a type keeps it. null: it is nothing that can be handed over. */
const makeEntry = (given: unknown): Entry | null => {
  if (isText(given)) {
    const { value, text } = parseEnvText(given);
    return value === undefined ? null : { value, text };
  }
  if (typeof given === 'boolean' || (typeof given === 'number' && Number.isFinite(given))) return { value: given, text: String(given) };
  return Array.isArray(given) && given.every(isText) ? { value: [...given], text: given.join() } : null;
};

/** Keys that every grant lists. No grant hands over nothing, though every() of nothing is true. */
const keysUnder = (grants: readonly EnvGrant[]): readonly string[] => {
  const [first, ...rest] = grants;
  const policies = rest.map(makeEnvPolicy);
  return (first?.keys ?? []).filter((key) => policies.every((policy) => policy('read', { key }).allow));
};

const readKeys = (env: ReadonlyMap<string, unknown>, keys: readonly string[]): EnvBoot => {
  const values = Object.create(null) as Record<string, Entry>;
  for (const key of keys) {
    const value = env.get(key);
    // Not set, or set from a variable of process.env that is not.
    if (value === undefined) continue;
    const entry = makeEntry(value);
    if (entry === null) {
      const message = `env.${key}: its value is no string, number, boolean or list of strings, or is not what its prefix (number:, json:) says; change it in the option "env"`;
      throw new CloisterError('ERR_OPTIONS_INVALID', message, { key });
    }
    values[key] = entry;
  }
  return Object.freeze(values);
};

const keepKeys = (values: EnvBoot, grant: EnvGrant): EnvBoot => {
  const policy = makeEnvPolicy(grant);
  const kept = Object.entries(values).filter(([key]) => policy('read', { key }).allow);
  return Object.freeze(Object.assign(Object.create(null) as Record<string, Entry>, Object.fromEntries(kept)));
};

const makeInstance = (values: EnvBoot): EnvInstance => ({
  // Being on record is all it does: the value is in the cell already.
  call: () => ({ json: 'null' }),
  bootValue: () => values,
  narrowed: (grant) => makeInstance(keepKeys(values, grant as EnvGrant)),
  close: () => Promise.resolve(),
});

export const envCapability: Capability<EnvResources, EnvGrant> = {
  contract: envContract,
  learning: envLearning,
  makePolicy: makeEnvPolicy,
  covers: (wide, narrow) => coversNames(wide.keys, narrow.keys),
  // Read once, when the extension is loaded: every cell of it boots with the same values.
  open: (_extension, grants, { env }) => new Promise((resolve) => resolve(makeInstance(readKeys(env, keysUnder(grants))))),
};
