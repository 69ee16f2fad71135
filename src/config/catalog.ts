// What config knows of capabilities: their contracts and the baseline, handed in. Must never import a capability.
import { type TObject, type TSchema, Type } from 'typebox';
import type { CapabilityContract } from '../bridge/capability.ts';

export interface CapabilityCatalog {
  readonly contracts: readonly CapabilityContract[];
  /** What every enabled extension has without asking: capability → grant. The ceiling can narrow or remove it. */
  readonly baseline: ReadonlyMap<string, unknown>;
}

const closed = { additionalProperties: false } as const;

/** One optional key per capability, each under its contract's own grant schema. */
export const makeGrantsSchema = (contracts: readonly CapabilityContract[], wrap: (grant: TSchema) => TSchema = (grant) => grant): TObject =>
  Type.Object(Object.fromEntries(contracts.map((contract) => [contract.name, Type.Optional(wrap(contract.grant))])), closed);
