// What an extension may know of the host's environment: named keys. Must never hand over a value on a call: values are there when a cell boots, and a call only says that one is used.
import { type Static, Type } from '#typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import { envBounds } from './bounds.ts';

/** Whole names only. `__proto__` is the one name that assigning to means something else. */
const key = Type.String({ pattern: '^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$', maxLength: envBounds.keyChars.value });

export const envGrant = Type.Object(
  { keys: Type.Array(key, { uniqueItems: true, maxItems: envBounds.keys.value }) },
  { additionalProperties: false },
);
export type EnvGrant = Static<typeof envGrant>;

/** JSON. */
export type EnvValue = string | number | boolean | null | readonly EnvValue[] | { readonly [key: string]: EnvValue };
/** What a guest side gets at boot: the granted keys that are set, each typed for `env` and as text for `process.env`. */
export type EnvBoot = Readonly<Record<string, { readonly value: EnvValue; readonly text: string }>>;

export const readArgs = Type.Object({ key }, { additionalProperties: false });
export type ReadArgs = Static<typeof readArgs>;

export const envContract: CapabilityContract = {
  name: 'env',
  grant: envGrant,
  methods: {
    read: { args: readArgs, reply: false, note: true, effect: () => false, summarize: (args) => ({ key: (args as ReadArgs).key }) },
  },
};
