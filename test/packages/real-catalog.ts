// The contracts that ship, for samples in docs and for the examples. Must never open a capability.
import { makeBaseline, makeRegistry } from '../../src/capabilities/registry.ts';
import type { CapabilityCatalog } from '../../src/config/catalog.ts';

export const realCatalog: CapabilityCatalog = {
  contracts: makeRegistry().map(({ capability }) => capability.contract),
  baseline: makeBaseline(),
};
