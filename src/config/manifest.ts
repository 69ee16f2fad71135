// The manifest: what an extension asks for, under `cloister` in its package.json. Must never grant anything.
import { type TObject, Type } from '#typebox';
import type { CapabilityContract } from '../bridge/capability.ts';
import { type Limits, limitTable } from '../limits/table.ts';
import { type GrantOf, makeGrantsSchema } from './catalog.ts';
import { makeCheck } from './check.ts';
import { freezeDeep } from './freeze.ts';
import { makeLimitsSchema } from './limits-schema.ts';

export type ExpressMajor = 4 | 5;

/** A function of Directus's `directus:api`. */
export type DirectusScope = 'log' | 'sleep' | 'request';

export interface Manifest {
  readonly capabilities?: Readonly<Record<string, unknown>>;
  readonly limits?: Partial<Limits>;
  readonly express?: ExpressMajor;
  /** Its code is written for Directus's own sandbox, which hands out these functions. They grant nothing by themselves. */
  readonly directusApi?: readonly DirectusScope[];
}

/** Asked values are checked against the contracts that are registered: an unknown capability is an error, not a wish. */
export const makeManifestSchema = (contracts: readonly CapabilityContract[], grantOf?: GrantOf): TObject =>
  Type.Object(
    {
      capabilities: Type.Optional(makeGrantsSchema(contracts, grantOf)),
      limits: Type.Optional(makeLimitsSchema(limitTable)),
      express: Type.Optional(Type.Enum([4, 5])),
      directusApi: Type.Optional(
        Type.Array(Type.Enum(['log', 'sleep', 'request']), {
          uniqueItems: true,
          maxItems: 3,
          description: "The functions of directus:api that it uses; its register function is then called as in Directus's sandbox.",
        }),
      ),
    },
    { additionalProperties: false },
  );

export type ManifestParser = (value: unknown, where: string) => Manifest;

/** Compiles the schema once, for many packages. */
export const makeManifestParser = (contracts: readonly CapabilityContract[]): ManifestParser => {
  const check = makeCheck(makeManifestSchema(contracts), 'ERR_MANIFEST_INVALID');
  return (value, where) => {
    check(value, where);
    return freezeDeep(structuredClone(value) as Manifest);
  };
};

/** `where` names the file and the place of the manifest in it: `greet/package.json#/cloister`. */
export const parseManifest = (value: unknown, where: string, contracts: readonly CapabilityContract[]): Manifest =>
  makeManifestParser(contracts)(value, where);

/** The schema as a file for editors and for checks in other languages. */
export const manifestSchemaJson = (contracts: readonly CapabilityContract[]): string => {
  const heading = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Cloister manifest',
    description: 'The value of the key "cloister" in the package.json of an extension.',
  };
  return `${JSON.stringify({ ...heading, ...makeManifestSchema(contracts) }, null, 2)}\n`;
};
