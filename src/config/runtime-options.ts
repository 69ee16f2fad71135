// The types of checked options. Must never hold a value or a function.

import type { IncomingMessage } from 'node:http';
import type { Meter, Tracer } from '@opentelemetry/api';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Accountability } from '../bridge/capability.ts';
import type { OwnListeners } from '../bridge/own-listeners.ts';
import type { RegisteredService } from '../capabilities/services/registered.ts';
import type { JobsSetting } from '../jobs/open-jobs.ts';
import type { OnEntries } from '../ledger/entries-target.ts';
import type { PackageLimits } from '../limits/package-table.ts';
import type { Limits } from '../limits/table.ts';
import type { Quotas } from '../quotas/quota-table.ts';
import type { ResolveTenant } from '../tenants/tenant-book.ts';
import type { ListTenants } from '../tenants/tenant-list.ts';
import type { HardeningModes, WardUser } from './hardening.ts';
import type { ExpressMajor, Manifest } from './manifest.ts';

export type Isolation = 'shared' | 'request';

/** What a denial of the asked or approved grant means: an error in the guest, or `would-deny` on the ledger and the call goes on, up to the ceiling. */
export type Mode = 'enforce' | 'audit';

export interface Identity {
  readonly tenant: string;
  readonly accountability: Accountability;
}

export type Identify = (request: IncomingMessage) => Identity | Promise<Identity>;

export interface ExtensionOption {
  readonly folder: string;
  readonly id?: string;
  readonly isolation?: Isolation;
  readonly mode?: Mode;
  readonly entry?: 'built' | 'source';
}

export interface Approval {
  readonly capabilities?: 'requested' | Readonly<Record<string, unknown>>;
  readonly limits?: Partial<Limits>;
  readonly isolation?: Isolation;
  readonly mode?: Mode;
  /** Grants that decide nothing and report what they would deny: all of them, so that a capability that is not here is denied. */
  readonly candidate?: Readonly<Record<string, unknown>>;
  readonly express?: ExpressMajor;
  /** Stands in place of the package's own manifest. */
  readonly manifest?: Manifest;
}

export type Approvals = 'requested' | ReadonlyMap<string, 'requested' | Approval>;

export interface Ceiling {
  /** null: every capability may be granted. A map: only its keys, each under its grant; false: never. */
  readonly capabilities: ReadonlyMap<string, unknown> | null;
  readonly limits: Partial<Limits>;
}

export interface WardOptions {
  /** Wards at once, spares included: idle ones make room, and who finds none free gets 503. */
  readonly max: number;
  readonly perTenant: number;
  /** Of each boot profile, up before anybody needs them. */
  readonly spareWards: number;
  readonly spareCells: number;
  readonly cellIdleMs: number;
  /** Resident memory of all wards together: over it the longest unused sleep, and boots wait. */
  readonly memoryMb: number;
  /** Cells, with or without a ward of their own, that boot at once. */
  readonly bootsAtOnce: number;
  /** A ward older than this takes no new cells, and ends with those it has. */
  readonly maxAgeMs: number;
  /** So does one that holds this many times what it held when it was fresh. */
  readonly maxGrowthFactor: number;
  /** null: the host's own Node. */
  readonly execPath: string | null;
  /** V8 without compilers: slower, and without the part in which most of its faults are found. */
  readonly hardened: boolean;
  readonly hardening: HardeningModes;
  /** What wards run as where the host is root. */
  readonly user: WardUser;
}

export type EnvValue = string | number | boolean | readonly string[];

export interface LedgerSettings {
  readonly file: string | null;
  /** Size at which the file is put away and the next one begun; null: never. */
  readonly rotateMb: number | null;
  /** The table `cloister.ledger` of the option database; `chain` names this host's entries in it; absent: the machine's name. */
  readonly table: { readonly chain?: string } | null;
  readonly ringSize: number;
  /** What becomes of a call whose entry cannot be written. */
  readonly onFailure: 'refuse' | 'continue';
  /** Answers and calls with an effect wait for their entries. */
  readonly writeAhead: boolean;
}

/** How extensions' own roles in the database are made; see docs/database.md. */
export interface DatabaseRoles {
  /** Where absent: the password of the host's own connection. */
  readonly secret?: string;
  readonly namespace?: string;
  readonly connections?: number;
}

export interface EgressSettings {
  /** Their addresses need not be public. */
  readonly internalOrigins: readonly string[];
  /** Empty: as the operating system is set up. */
  readonly dnsServers: readonly string[];
}

/** Where approvals are kept that `cloister approve` writes. */
export interface LockSettings {
  /** Absolute; null: the table `cloister.approvals` of the option database. */
  readonly file: string | null;
  /** Also a package with the same or fewer wishes, but another script, waits for approval. */
  readonly everyHash: boolean;
}

/** Where releases and deployments are kept. */
export interface RegistrySettings {
  /** Absolute; null: tables of the option database. */
  readonly folder: string | null;
}

export interface RuntimeOptions {
  /** Public keys whose archives are read. */
  readonly trustedKeys: readonly string[];
  readonly extensions: readonly ExtensionOption[];
  readonly database: Knex | string | null;
  readonly services: ReadonlyMap<string, RegisteredService>;
  readonly env: ReadonlyMap<string, EnvValue>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly egress: EgressSettings;
  readonly logger: Logger | null;
  readonly identify: Identify | null;
  readonly limits: Partial<Limits>;
  readonly ceiling: Ceiling;
  readonly approvals: Approvals;
  /** null: approvals stand in the option alone. */
  readonly lock: LockSettings | null;
  /** null: what folders hold is all there is. */
  readonly registry: RegistrySettings | null;
  readonly mode: Mode;
  readonly databaseRoles: DatabaseRoles;
  readonly ledger: LedgerSettings;
  /** Gets every entry of the ledger too, in order. */
  readonly onLedgerEntries: OnEntries | null;
  /** What of the embedder's own hears what extensions emit. */
  readonly listeners: OwnListeners | null;
  readonly getSchema: (() => unknown) | null;
  readonly wards: WardOptions;
  /** Where schedules and actions are kept until they have run; null: in the database where there is one. */
  readonly jobs: JobsSetting | null;
  readonly packages: PackageLimits;
  /** Whoever shows it may read metrics; null: nobody. */
  readonly adminToken: string | null;
  /** Count requests, calls and limits. */
  readonly metrics: boolean;
  /** For tenants of which `quotasOf` says nothing. */
  readonly quotas: Quotas & { readonly store: 'memory' | 'database' };
  readonly quotasOf: ((tenant: string) => Quotas | null | undefined) | null;
  readonly resolveTenant: ResolveTenant | null;
  readonly tenantCacheMs: number;
  /** Which tenants there are; null: nobody says. */
  readonly tenants: ListTenants | null;
  /** In place of `quotas.store`. */
  readonly quotaStore: RateLimiterAbstract | null;
  /** Gets the same instruments. */
  readonly meter: Meter | null;
  /** Gets a span for each request and call. */
  readonly tracer: Tracer | null;
}
