// What an embedder passes to createRuntime, as TypeScript sees it. The schema in config/ is the authority; this must say no more and no less.

import type { IncomingMessage } from 'node:http';
import type { Meter, Tracer } from '@opentelemetry/api';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { OwnListeners } from './bridge/own-listeners.ts';
import type { ServiceDefinition } from './capabilities/services/definition.ts';
import type { HardeningModes, MeasureMode } from './config/hardening.ts';
import type { Identity, Isolation, Mode } from './config/runtime-options.ts';
import type { NatsOption } from './jobs/nats/settings.ts';
import type { LedgerEntry } from './ledger/entry.ts';
import type { LimitName } from './limits/table.ts';
import type { Quotas } from './quotas/quota-table.ts';
import type { ResolveTenant } from './tenants/tenant-book.ts';
import type { ListTenants } from './tenants/tenant-list.ts';

/** Capability → grant, as in the `cloister` key of a package. */
export type Grants = Readonly<Record<string, unknown>>;
export type SomeLimits = Readonly<Partial<Record<LimitName, number>>>;

export interface ApprovalOption {
  readonly capabilities?: 'requested' | Grants;
  readonly limits?: SomeLimits;
  readonly isolation?: Isolation;
  /** `audit`: what is not granted is reported as `would-deny` and goes on, up to the ceiling. */
  readonly mode?: Mode;
  /** Grants that decide nothing and report what they would deny, on the same traffic. */
  readonly candidate?: Grants;
  readonly express?: 4 | 5;
  /** Stands in place of the package's own `cloister` key. */
  readonly manifest?: { readonly capabilities?: Grants; readonly limits?: SomeLimits; readonly express?: 4 | 5 };
}

export interface CloisterOptions {
  /** Folders: each a package, or one that holds packages. */
  readonly extensions?: readonly (
    | string
    | {
        readonly folder: string;
        readonly id?: string;
        readonly isolation?: Isolation;
        readonly mode?: Mode;
        /** `source`: runs what the package is built from, whatever lies there built. */
        readonly entry?: 'built' | 'source';
      }
  )[];
  /** Whose signed archives (`*.cloister`) are read: public Ed25519 keys as `cloister keygen` prints them. */
  readonly trustedKeys?: readonly string[];
  /** A postgres:// URL or your own Knex instance for PostgreSQL. */
  readonly database?: string | Knex | null;
  /** Of the extensions' own roles in it: what their passwords are derived from (the connection's own password where absent), a namespace for several applications in one database, connections of one extension from one host (4). */
  readonly databaseRoles?: { readonly secret?: string; readonly namespace?: string; readonly connections?: number };
  /** What extensions may be granted of your own services, by name; docs/embedding.md. */
  readonly services?: Readonly<Record<string, ServiceDefinition>>;
  /** Values extensions may be granted by name. process.env is never looked at. */
  readonly env?: Readonly<Record<string, unknown>>;
  /** Values that no extension ever sees: each gets a placeholder of the same name in `env`, and a `fetch` grant says in which header to which origin the host puts the value in. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Where `fetch` may go besides the internet, as far as grants go there; and whom to ask for addresses instead of the system. */
  readonly egress?: { readonly internalOrigins?: readonly string[]; readonly dnsServers?: readonly string[] };
  readonly logger?: Logger | null;
  /** Whose request it is. Without it everybody is one tenant. */
  readonly identify?: ((request: IncomingMessage) => Identity | Promise<Identity>) | null;
  /** Your own defaults for all extensions. */
  readonly limits?: SomeLimits;
  /** The most any extension may get, whatever it asks and whoever approves. */
  readonly ceiling?: { readonly capabilities?: Readonly<Record<string, unknown>>; readonly limits?: SomeLimits };
  /** What you approve, by extension id; `requested` approves what is asked. */
  readonly approvals?: 'requested' | Readonly<Record<string, 'requested' | ApprovalOption>>;
  /** The lock file that `cloister approve` writes, or the table `cloister.approvals`. With it, what is neither approved there nor in `approvals` does not run. */
  readonly lock?: string | { readonly file?: string; readonly table?: true; readonly everyHash?: boolean } | null;
  /** Where releases and deployments are kept: a folder for the hosts of one machine, or tables of the option database for many. The host follows it; docs/deployment.md. */
  readonly registry?: { readonly folder: string } | { readonly table: true } | null;
  /** For every extension that has no mode of its own. `audit` needs `ceiling.capabilities`. */
  readonly mode?: Mode;
  /** `file`: one NDJSON file that only grows; at `rotateMb` (64) it is put away as `<name>.<first entry>.<ending>` and the chain goes on in a new one. */
  readonly ledger?: {
    readonly file?: string | null;
    readonly rotateMb?: number | null;
    /** `cloister.ledger` in the option `database`, partitioned by day. `chain` names this host's entries in it; without it, the machine's name does. No two hosts may have one name. */
    readonly table?: { readonly chain?: string } | null;
    readonly ringSize?: number;
    /** A call whose entry cannot be written is refused; `continue` lets it go on, and the next entry that can be kept says how many are missing. */
    readonly onFailure?: 'refuse' | 'continue';
    /** The head of an answer, and a call with an effect, wait until the entries before them are in the file (in the table where there is no file). false: a host that is killed loses its last milliseconds. */
    readonly writeAhead?: boolean;
  };
  /** Gets every entry of the ledger too, in order, some at a time. While it rejects, the same entries come again and calls wait or are refused. */
  readonly onLedgerEntries?: ((entries: readonly LedgerEntry[]) => void | Promise<void>) | null;
  /** Listeners of your own that hear what extensions emit under their grants, after those of extensions; docs/embedding.md. */
  readonly listeners?: OwnListeners | null;
  /** Where schedules and actions are kept until some host has run them; the default is `database` where there is one. `nats`: JetStream, by its client’s packages that you install beside Cloister. docs/jobs.md. */
  readonly jobs?: 'memory' | 'database' | { readonly nats: NatsOption };
  /** Your own SchemaOverview, in Directus's form: `getSchema()` of extensions tells the part of it that their grants of `database` and `services` cover. Without it, the tables of the database. */
  readonly getSchema?: (() => unknown) | null;
  readonly wards?: {
    readonly max?: number;
    readonly perTenant?: number;
    /** Wards of each kind that are up before anybody needs them (1): the first request of a tenant does not wait for a process. */
    readonly spareWards?: number;
    readonly spareCells?: number;
    readonly cellIdleMs?: number;
    /** Resident memory of all wards together; half of what the machine or its cgroup has. docs/density.md. */
    readonly memoryMb?: number;
    /** Boots at once (twice as many as there are processors, at least 4), tenants in turn by their weight. */
    readonly bootsAtOnce?: number;
    /** A ward this old (six hours), or grown by this factor (8), is replaced when its requests are over. */
    readonly maxAgeMs?: number;
    readonly maxGrowthFactor?: number;
    readonly execPath?: string;
    /** V8 without its compilers: most faults of V8 are in them, and extensions compute one and a half to five times slower; docs/performance.md. */
    readonly hardened?: boolean;
    /** What else holds a ward back, each `auto` (where the machine has it), `require` or `off`; docs/hardening.md. */
    readonly hardening?: MeasureMode | Partial<HardeningModes>;
    /** What wards run as where the host is root (65533). */
    readonly user?: { readonly uid: number; readonly gid: number };
  };
  /** Sizes and times of reading packages; see docs/limits.md. */
  readonly packages?: Readonly<Record<string, number>>;
  /** 16 characters or more. Who shows it as `Authorization: Bearer …` may read `/_cloister/metrics` and change what is deployed by `/_cloister/api`; without it neither is there. */
  readonly adminToken?: string | null;
  /** Count requests, calls, limits and lives by extension and tenant, for `runtime.metrics()`. Default: where there is an `adminToken`. */
  readonly metrics?: boolean;
  /** What each tenant may use over time, and each extension in it: `{ tenant: { requests: { most: 1_000, perSeconds: 3_600 } } }`; docs/operations.md. `store: 'database'`: all hosts of the database together. */
  readonly quotas?: Quotas & { readonly store?: 'memory' | 'database' };
  /** Quotas of one tenant in place of those; asked at each request, so it must be quick. */
  readonly quotasOf?: ((tenant: string) => Quotas | null | undefined) | null;
  /** Which extensions a tenant has, and its quotas; asked once in `tenantCacheMs` (60,000) and after `runtime.forgetTenant(tenant)`. docs/embedding.md. */
  readonly resolveTenant?: ResolveTenant | null;
  readonly tenantCacheMs?: number;
  /** Which tenants there are: schedules run for each of them that has the extension, and without it for the tenant `default` alone. Asked as `resolveTenant` is. docs/jobs.md. */
  readonly tenants?: ListTenants | null;
  /** A limiter of rate-limiter-flexible, such as RateLimiterRedis, where hosts agree in place of `quotas.store`. */
  readonly quotaStore?: RateLimiterAbstract | null;
  /** An OpenTelemetry meter of your own that gets the same instruments. */
  readonly meter?: Meter | null;
  /** An OpenTelemetry tracer: it gets a span for each request and each call of a capability. */
  readonly tracer?: Tracer | null;
}
