// What config knows of capabilities: their contracts and the baseline, handed in. Must never import a capability.
import { type TObject, type TSchema, Type } from '#typebox';
import type { CapabilityContract } from '../bridge/capability.ts';

export interface CapabilityCatalog {
  readonly contracts: readonly CapabilityContract[];
  /** What every enabled extension has without asking: capability → grant. The ceiling can narrow or remove it. */
  readonly baseline: ReadonlyMap<string, unknown>;
}

const closed = { additionalProperties: false } as const;

/** What stands for a capability's grant in a schema: the grant's own schema, or a reference to it. */
export type GrantOf = (contract: CapabilityContract) => TSchema;

const inPlace: GrantOf = ({ grant }) => grant;

/** For schemas that hold grants in several places: each is compiled once. They need {@link makeGrantDefinitions} at their root. */
export const byReference: GrantOf = ({ name }) => Type.Unsafe<unknown>({ $ref: `#/definitions/grant-${name}` });

export const makeGrantDefinitions = (
  contracts: readonly CapabilityContract[],
): { readonly definitions: Readonly<Record<string, TSchema>> } => ({
  definitions: Object.fromEntries(contracts.map(({ name, grant }) => [`grant-${name}`, grant])),
});

/** One optional key per capability, each under its contract's own grant schema. */
export const makeGrantsSchema = (
  contracts: readonly CapabilityContract[],
  grantOf: GrantOf = inPlace,
  wrap: (grant: TSchema) => TSchema = (grant) => grant,
): TObject => Type.Object(Object.fromEntries(contracts.map((contract) => [contract.name, Type.Optional(wrap(grantOf(contract)))])), closed);
