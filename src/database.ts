// `cloister database` as library calls: what the approved extensions need of the database, applied or checked. Must never start a ward, nor run a line of an extension.

import { wishesUnder } from './approvals/compare.ts';
import { makeCovers } from './approvals/covers.ts';
import type { Lock } from './approvals/lock.ts';
import { openLock } from './approvals/open-lock.ts';
import { waivedGrants } from './bridge/open-granted.ts';
import type { DatabaseGrant } from './capabilities/database/contract.ts';
import { type DatabaseResource, openDatabaseResource } from './capabilities/database/resource.ts';
import type { RoleRequest } from './capabilities/database/role/read-plan.ts';
import { makeRoleRequest } from './capabilities/database/role/role-request.ts';
import { type AppliedRole, applyRoles } from './capabilities/database/setup/apply-roles.ts';
import { type CheckedRoles, checkRoles } from './capabilities/database/setup/check-roles.ts';
import { readConnectionName } from './capabilities/database/setup/host-login.ts';
import { type PlannedRole, planRoles } from './capabilities/database/setup/plan-roles.ts';
import { type DatabaseProblem, problemOf } from './capabilities/database/setup/problem.ts';
import { writePlan } from './capabilities/database/setup/write-plan.ts';
import { kvBounds } from './capabilities/kv/bounds.ts';
import { makeBaseline, makeRegistry } from './capabilities/registry.ts';
import { decideEffective } from './config/effective.ts';
import { parseOptions } from './config/options.ts';
import type { RuntimeOptions } from './config/runtime-options.ts';
import { CloisterError } from './errors.ts';
import type { CloisterOptions } from './options.ts';
import { readPackageHeads } from './packages/read-packages.ts';

export interface DatabasePlan {
  readonly database: string;
  /** Whom hosts connect as. */
  readonly login: string;
  readonly roles: readonly PlannedRole[];
  /** Extensions whose grant the database cannot hold, or that cannot be read. */
  readonly problems: readonly DatabaseProblem[];
  /** The whole as one text for a DBA; nothing but comments where nothing is missing. */
  readonly sql: string;
}

export interface DatabaseApplied {
  readonly database: string;
  readonly login: string;
  readonly roles: readonly AppliedRole[];
  readonly problems: readonly DatabaseProblem[];
}

export interface DatabaseCheck extends CheckedRoles {
  /** Nothing is refused and nothing missing. */
  readonly ok: boolean;
  readonly database: string;
  readonly login: string;
  /** Extension → its role. */
  readonly roles: Readonly<Record<string, string>>;
}

/** What the options of createRuntime say of roles. */
export const databaseOptionsOf = ({ databaseRoles }: RuntimeOptions): Parameters<typeof openDatabaseResource>[1] => ({
  ...(databaseRoles.secret === undefined ? {} : { roleSecret: databaseRoles.secret }),
  ...(databaseRoles.namespace === undefined ? {} : { namespace: databaseRoles.namespace }),
  ...(databaseRoles.connections === undefined ? {} : { maxConnections: databaseRoles.connections }),
});

interface Asked {
  readonly resource: DatabaseResource;
  readonly login: string;
  readonly requests: readonly RoleRequest[];
  readonly problems: readonly DatabaseProblem[];
  /** Extensions that are granted `kv`. */
  readonly stores: number;
}

const readRequests = async (
  options: RuntimeOptions,
  resource: DatabaseResource,
  lock: Lock | null,
): Promise<Omit<Asked, 'resource' | 'login'>> => {
  const registry = makeRegistry();
  const comparing = { covers: makeCovers(registry), baseline: makeBaseline() };
  const { packages, refused } = await readPackageHeads(
    options.extensions,
    registry.map(({ capability }) => capability.contract),
    options.packages,
    options.trustedKeys,
  );
  const problems: DatabaseProblem[] = refused.map(({ error }) => ({
    severity: 'refused',
    extension: null,
    what: error.message,
    remedy: 'see docs/errors.md',
  }));
  const requests: RoleRequest[] = [];
  const stores = new Set<string>();
  for (const { fallbackId: id, manifest: found, express, source } of packages) {
    const { isolation, mode } = options.extensions.find((entry) => entry === source) ?? {};
    const { approvals, ceiling, limits } = options;
    const entry = lock?.get(id);
    // Under a lock, what is neither approved nor to be tried in audit does not run.
    if (lock !== null && entry === undefined && (mode ?? options.mode) !== 'audit' && (approvals === 'requested' || !approvals.has(id)))
      continue;
    const manifest = entry === undefined ? found : wishesUnder(entry, found, options.lock?.everyHash === true, comparing);
    try {
      const effective = decideEffective({
        id,
        manifest,
        expressDefault: express,
        ...(isolation === undefined ? {} : { isolation }),
        ...(mode === undefined ? {} : { mode }),
        defaultMode: options.mode,
        approvals,
        ceiling,
        limits,
        baseline: makeBaseline(),
      });
      if (effective.grants.has('kv')) stores.add(id);
      // The manifest's and the operator's schemas have checked it.
      const grants = effective.grants.get('database') as readonly DatabaseGrant[] | undefined;
      if (grants === undefined || requests.some(({ extension }) => extension === id)) continue;
      const waived = waivedGrants(effective.reported.get('database') ?? []) as readonly DatabaseGrant[];
      requests.push(makeRoleRequest(id, grants, resource, waived));
    } catch (error) {
      if (!(error instanceof CloisterError)) throw error;
      problems.push(problemOf(id, error));
    }
  }
  return { requests, problems, stores: stores.size };
};

const withAsked = async <Result>(given: CloisterOptions, use: (asked: Asked) => Promise<Result>): Promise<Result> => {
  const catalog = { contracts: makeRegistry().map(({ capability }) => capability.contract), baseline: makeBaseline() };
  const parsed = parseOptions(given, catalog);
  if (parsed.database === null)
    throw new CloisterError('ERR_OPTIONS_INVALID', 'there is no database to look at; give the option database, or --database-url');
  const resource = await openDatabaseResource(parsed.database, databaseOptionsOf(parsed));
  try {
    const login = await resource.withAdmin(readConnectionName);
    const { options, lock } = await openLock(parsed, catalog, () => resource.openAdmin('cloister:approvals'));
    return await use({ resource, login, ...(await readRequests(options, resource, lock?.entries ?? null)) });
  } finally {
    await resource.close();
  }
};

/** What the roles of the approved extensions lack, read over the host's own connection. Changes nothing. `passwords`: with them as PostgreSQL stores them. */
export const planDatabase = (
  options: CloisterOptions,
  { passwords = false }: { readonly passwords?: boolean } = {},
): Promise<DatabasePlan> =>
  withAsked(options, async ({ resource, login, requests, problems }) => {
    const { roles, refused } = await resource.withAdmin((client) => planRoles(client, requests, passwords));
    const { database } = resource;
    return {
      database,
      login,
      roles,
      problems: [...problems, ...refused.map(({ extension, error }) => problemOf(extension, error))],
      sql: writePlan({ database, login, roles }),
    };
  });

/** Makes it so, in one transaction, over `admin` (a URL or a Knex instance) where the host's own login may not. */
export const applyDatabase = (
  options: CloisterOptions,
  { admin }: { readonly admin?: CloisterOptions['database'] } = {},
): Promise<DatabaseApplied> =>
  withAsked(options, async ({ resource, login, requests, problems }) => {
    const { database } = resource;
    const named = requests.map((request) => ({ ...request, login }));
    if (admin === undefined || admin === null)
      return { database, login, roles: await resource.withAdmin((client) => applyRoles(client, named)), problems };
    const other = await openDatabaseResource(admin);
    try {
      if (other.database !== database)
        throw new CloisterError(
          'ERR_OPTIONS_INVALID',
          `the administrator's connection leads to the database ${other.database}, the host's to ${database}; give one to the same`,
        );
      return { database, login, roles: await other.withAdmin((client) => applyRoles(client, named)), problems };
    } finally {
      await other.close();
    }
  });

/** Whether the live database is as the grants need it, and whether a login as each role is what it should be. Changes nothing. */
export const checkDatabase = (options: CloisterOptions): Promise<DatabaseCheck> =>
  withAsked(options, async ({ resource, login, requests, problems: before, stores }) => {
    const ofStores = stores * kvBounds.connections.value;
    const { problems, connections } = await resource.withAdmin((client) => checkRoles(client, requests, resource, ofStores));
    const all = [...before, ...problems];
    return {
      ok: all.every(({ severity }) => severity === 'warning'),
      database: resource.database,
      login,
      roles: Object.fromEntries(requests.map(({ extension, identity }) => [extension, identity.name])),
      problems: all,
      connections,
    };
  });
