// What an extension may know of the host's environment: named keys. Must never have a method: values are handed over when a cell boots.
import { type Static, Type } from 'typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import { envBounds } from './bounds.ts';

/** Whole names only. `__proto__` is the one name that assigning to means something else. */
const key = Type.String({ pattern: '^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$', maxLength: envBounds.keyChars.value });

export const envGrant = Type.Object(
  { keys: Type.Array(key, { uniqueItems: true, maxItems: envBounds.keys.value }) },
  { additionalProperties: false },
);
export type EnvGrant = Static<typeof envGrant>;

export type EnvValue = string | number | boolean | readonly string[];
/** What a guest side gets at boot: the granted keys that are set. */
export type EnvBoot = Readonly<Record<string, EnvValue>>;

export const envContract: CapabilityContract = { name: 'env', grant: envGrant, methods: {} };
