// Checks the options of createRuntime and fills in every default. Must never pass on a value that nobody checked.
import path from 'node:path';
import { CloisterError } from '../errors.ts';
import { type NatsOption, parseNats } from '../jobs/nats/settings.ts';
import { makePackageLimits, type PackageLimits } from '../limits/package-table.ts';
import type { Limits } from '../limits/table.ts';
import type { Quotas } from '../quotas/quota-table.ts';
import type { CapabilityCatalog } from './catalog.ts';
import { makeCheck } from './check.ts';
import { refuseContradictions } from './contradictions.ts';
import { makeDefaultWards } from './default-wards.ts';
import { freezeDeep } from './freeze.ts';
import { fillHardening, type HardeningModes, type MeasureMode, type WardUser } from './hardening.ts';
import { parseHostMembers } from './host-members.ts';
import { makeOptionsSchema } from './options-schema.ts';
import type {
  Approval,
  DatabaseRoles,
  EnvValue,
  ExtensionOption,
  LockSettings,
  Mode,
  RegistrySettings,
  RuntimeOptions,
} from './runtime-options.ts';
import { showText, showValue } from './show.ts';

type LockOption = string | { readonly file?: string; readonly table?: true; readonly everyHash?: boolean } | null;

/** What the checked JSON part holds; the schema is its authority, this is its type. */
interface JsonOptions {
  readonly extensions?: readonly (string | ExtensionOption)[];
  readonly trustedKeys?: readonly string[];
  readonly env?: Readonly<Record<string, EnvValue>>;
  readonly limits?: Partial<Limits>;
  readonly ceiling?: { readonly capabilities?: Readonly<Record<string, unknown>>; readonly limits?: Partial<Limits> };
  readonly approvals?: 'requested' | Readonly<Record<string, 'requested' | Approval>>;
  readonly lock?: LockOption;
  readonly registry?: { readonly folder?: string; readonly table?: true } | null;
  readonly mode?: Mode;
  readonly databaseRoles?: DatabaseRoles;
  readonly ledger?: {
    readonly file?: string | null;
    readonly rotateMb?: number | null;
    readonly table?: { readonly chain?: string } | null;
    readonly ringSize?: number;
    readonly onFailure?: 'refuse' | 'continue';
    readonly writeAhead?: boolean;
  };
  readonly egress?: { readonly internalOrigins?: readonly string[]; readonly dnsServers?: readonly string[] };
  readonly wards?: {
    readonly max?: number;
    readonly perTenant?: number;
    readonly spareWards?: number;
    readonly spareCells?: number;
    readonly cellIdleMs?: number;
    readonly memoryMb?: number;
    readonly bootsAtOnce?: number;
    readonly maxAgeMs?: number;
    readonly maxGrowthFactor?: number;
    readonly execPath?: string;
    readonly hardened?: boolean;
    readonly hardening?: MeasureMode | Partial<HardeningModes>;
    readonly user?: WardUser;
  };
  readonly jobs?: 'memory' | 'database' | { readonly nats: NatsOption };
  readonly packages?: Partial<PackageLimits>;
  readonly metrics?: boolean;
  readonly tenantCacheMs?: number;
  readonly quotas?: Quotas & { readonly store?: 'memory' | 'database' };
}

const where = 'options';
const defaultLedger = { file: null, rotateMb: 64, table: null, ringSize: 1_000, onFailure: 'refuse', writeAhead: true } as const;

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A key that stands there with undefined counts as left out, as everywhere in JavaScript. */
const defined = (value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined));

const toMap = <Value>(record: Readonly<Record<string, Value>> = {}): ReadonlyMap<string, Value> => new Map(Object.entries(record));

const parseLock = (lock: LockOption | undefined): LockSettings | null => {
  if (lock === undefined || lock === null) return null;
  const { file, everyHash = false } = typeof lock === 'string' ? { file: lock } : lock;
  return { file: file === undefined ? null : path.resolve(file), everyHash };
};

const parseRegistry = (registry: JsonOptions['registry']): RegistrySettings | null =>
  registry === undefined || registry === null ? null : { folder: registry.folder === undefined ? null : path.resolve(registry.folder) };

/** A copy that the embedder's later changes do not reach. */
const detach = (checked: unknown): unknown => {
  try {
    return freezeDeep(structuredClone(checked));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      `${where}: expected plain data beside database, services, logger and identify, found ${showText(cause)}`,
      { where },
    );
  }
};

/** Takes what an embedder passed to createRuntime; throws ERR_OPTIONS_INVALID for anything unknown, wrong or contradictory. */
export const parseOptions = (value: unknown, catalog: CapabilityCatalog): RuntimeOptions => {
  if (!isPlain(value)) throw new CloisterError('ERR_OPTIONS_INVALID', `${where}: expected an object, found ${showValue(value)}`, { where });
  const { members, rest } = parseHostMembers(defined(value), where);
  makeCheck(makeOptionsSchema(catalog), 'ERR_OPTIONS_INVALID')(rest, where);
  const json = detach(rest) as JsonOptions;
  const options: RuntimeOptions = {
    ...members,
    extensions: (json.extensions ?? []).map((entry) => (typeof entry === 'string' ? { folder: entry } : entry)),
    trustedKeys: json.trustedKeys ?? [],
    env: toMap(json.env),
    limits: json.limits ?? {},
    ceiling: {
      capabilities: json.ceiling?.capabilities === undefined ? null : toMap(json.ceiling.capabilities),
      limits: json.ceiling?.limits ?? {},
    },
    approvals: json.approvals === 'requested' ? 'requested' : toMap(json.approvals),
    lock: parseLock(json.lock),
    registry: parseRegistry(json.registry),
    mode: json.mode ?? 'enforce',
    databaseRoles: json.databaseRoles ?? {},
    ledger: { ...defaultLedger, ...json.ledger },
    egress: { internalOrigins: [], dnsServers: [], ...json.egress },
    wards: { ...makeDefaultWards(), ...json.wards, hardening: fillHardening(json.wards?.hardening) },
    jobs: typeof json.jobs === 'object' ? { nats: parseNats(json.jobs.nats) } : (json.jobs ?? null),
    packages: makePackageLimits(json.packages),
    tenantCacheMs: json.tenantCacheMs ?? 60_000,
    quotas: { store: 'memory', ...json.quotas },
    metrics: json.metrics ?? members.adminToken !== null,
  };
  refuseContradictions(options, catalog, where);
  return Object.freeze(options);
};
