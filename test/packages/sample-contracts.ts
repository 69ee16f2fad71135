// Contracts with the common shapes of grants, so that tests of config stand apart from the capabilities. Must never reach a runtime.
import { type TSchema, Type } from '#typebox';
import type { CapabilityContract } from '../../src/bridge/capability.ts';
import type { CapabilityCatalog } from '../../src/config/catalog.ts';

const closed = { additionalProperties: false } as const;
const makeContract = (name: string, grant: TSchema): CapabilityContract => ({ name, grant, methods: {} });
const columns = Type.Union([Type.Literal('*'), Type.Array(Type.String({ pattern: '^[a-z_]+$', description: 'a column name' }))]);

export const sampleContracts: readonly CapabilityContract[] = [
  makeContract('router', Type.Object({ methods: Type.Optional(Type.Array(Type.Enum(['GET', 'POST']))) }, closed)),
  makeContract('log', Type.Object({}, closed)),
  makeContract('env', Type.Object({ keys: Type.Array(Type.String({ minLength: 1 }), { uniqueItems: true }) }, closed)),
  makeContract(
    'database',
    Type.Object({ tables: Type.Record(Type.String(), Type.Object({ read: Type.Optional(columns) }, closed)) }, closed),
  ),
];

export const sampleCatalog: CapabilityCatalog = {
  contracts: sampleContracts,
  baseline: new Map([
    ['router', {}],
    ['log', {}],
  ]),
};
