// Asks each capability whether one of its grants holds all of another. Must never say yes for a capability that does not say.
import { isDeepStrictEqual } from 'node:util';
import type { CapabilityEntry } from '../capabilities/registry.ts';
import type { Covers } from './compare.ts';

export const makeCovers = (registry: readonly CapabilityEntry[]): Covers => {
  const capabilities = new Map(registry.map(({ capability }) => [capability.contract.name, capability]));
  return (name, wide, narrow) => isDeepStrictEqual(wide, narrow) || capabilities.get(name)?.covers?.(wide, narrow) === true;
};
