// The capabilities there are, one entry each. Explicit on purpose: a folder must not grant power by existing.
import type { Logger } from 'pino';
import type { Capability, Learning } from '../bridge/capability.ts';
import type { Limits } from '../limits/table.ts';
import { makeDatabaseCapability } from './database/capability.ts';
import type { DatabaseResource } from './database/resource.ts';
import { type EventBus, emitterCapability } from './emitter/host.ts';
import { envCapability } from './env/host.ts';
import { type FetchResources, fetchCapability } from './fetch/host.ts';
import { filesCapability } from './files/host.ts';
import { headersCapability } from './headers/host.ts';
import { kvCapability } from './kv/host.ts';
import { logCapability } from './log/host.ts';
import { routerCapability } from './router/host.ts';
import { schemaCapability } from './schema/host.ts';
import { servicesCapability } from './services/host.ts';
import type { Offered } from './services/offered.ts';

/** What the embedder gave, and the limits of the extension a capability is opened for. */
export interface HostResources {
  readonly logger: Logger;
  readonly env: ReadonlyMap<string, unknown>;
  readonly database: DatabaseResource | undefined;
  readonly events: EventBus;
  readonly services: Offered;
  /** A SchemaOverview of the embedder's; null: that of the database is told. */
  readonly ownSchema: (() => unknown) | null;
  readonly egress: FetchResources;
  readonly limits: Limits;
}

export interface CapabilityEntry {
  readonly capability: Capability<unknown>;
  /** What of the host's resources this capability gets, and nothing else. */
  resourcesOf(host: HostResources): unknown;
  /** The embedder gave nothing it could stand on. */
  isMissing?(host: HostResources): boolean;
}

const entry = <Resources, Grant>(
  capability: Capability<Resources, Grant>,
  resourcesOf: (host: HostResources) => Resources,
  isMissing: (host: HostResources) => boolean = () => false,
): CapabilityEntry => ({
  // The grant was checked by the capability's own schema before anything here sees it.
  capability: capability as Capability<unknown>,
  resourcesOf,
  isMissing,
});

export const makeRegistry = (): readonly CapabilityEntry[] => [
  entry(routerCapability, () => ({})),
  entry(headersCapability, () => ({})),
  entry(logCapability, ({ logger }) => ({ logger })),
  entry(envCapability, ({ env }) => ({ env })),
  entry(
    makeDatabaseCapability(),
    ({ database, limits }) => ({ database, limits }),
    ({ database }) => database === undefined,
  ),
  entry(schemaCapability, ({ ownSchema }) => ({ ownSchema })),
  entry(emitterCapability, ({ events, limits }) => ({ events, limits })),
  entry(
    servicesCapability,
    ({ services, limits, logger }) => ({ services, limits, logger }),
    ({ services }) => services.size === 0,
  ),
  entry(filesCapability, () => ({})),
  entry(fetchCapability, ({ egress, limits }) => ({ ...egress, resultBytes: limits.resultBytes })),
  entry(
    kvCapability,
    ({ database }) => ({ database }),
    ({ database }) => database === undefined,
  ),
];

/** How each capability learns from what a ledger has of it. */
export const learningsOf = (registry: readonly CapabilityEntry[]): ReadonlyMap<string, Learning> =>
  new Map(
    registry.flatMap(({ capability: { contract, learning } }) => (learning === undefined ? [] : [[contract.name, learning] as const])),
  );

/** What every extension that an operator puts in has without asking: routes below its own mount, and its own log lines. A ceiling can take either away. */
export const makeBaseline = (): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    ['router', {}],
    ['log', {}],
  ]);
