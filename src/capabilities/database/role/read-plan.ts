// From a grant and what the server holds to the SQL that is still missing, or a refusal. Reads only; must never run what it plans.
import type { Client } from 'pg';
import { CloisterError } from '../../../errors.ts';
import type { ResolvedGrant, TableWish } from '../grant.ts';
import { defaultSchema, ownSchemaOf, tableKey, tableLabel } from '../names.ts';
import { ruleColumns } from '../rule.ts';
import { findHoles } from './beside-rules.ts';
import { planCallerSchema } from './caller-schema.ts';
import { type FunctionFacts, type RoleFacts, readFunctions, readRole } from './facts.ts';
import type { RoleIdentity } from './identity.ts';
import { ownSchemaMark, planRole } from './plan.ts';
import { findTablesWithPolicy, type RelationFacts, readRelations } from './relation-facts.ts';
import { dependsOnCaller, planPolicies, policyPrefix } from './row-policies.ts';

export interface RoleRequest {
  /** For messages, and for the name of the schema it may define tables in. */
  readonly extension: string;
  readonly identity: RoleIdentity;
  readonly grant: ResolvedGrant;
  readonly connectionLimit: number;
  /** Whom the runtime connects as; undefined: as this connection does. */
  readonly login?: string | undefined;
  /** false: its password is left as it is, for a text that other people read. */
  readonly setsPassword?: boolean | undefined;
  /** Tables on which other roles of the same plan have row rules: row security stays on there. */
  readonly ruledByOthers?: ReadonlySet<string> | undefined;
  /** Whether the role can log in with its password, for where the server does not show what it stores. */
  logsIn(): Promise<boolean>;
}

export interface Admin {
  readonly name: string;
  readonly superuser: boolean;
  readonly createRole: boolean;
  readonly database: string;
}

export interface RolePlan {
  readonly admin: Admin;
  readonly relations: readonly RelationFacts[];
  readonly exists: boolean;
  /** It has the password this host derives, as far as this connection can know. */
  readonly passwordHolds: boolean;
  /** In this order, in one transaction. None: the role is as it should be. */
  readonly statements: readonly string[];
}

const readableKinds = new Set(['r', 'p', 'v', 'm', 'f']);

export const makeUnsafe = (extension: string, cause: string, remedy: string, error?: unknown): CloisterError =>
  new CloisterError(
    'ERR_DATABASE_UNSAFE',
    `extension ${extension}: ${cause}; ${remedy}`,
    { extension },
    error === undefined ? {} : { cause: error },
  );

const readAdmin = async (client: Client): Promise<Admin> => {
  const sql = `select rolname "name", rolsuper "superuser", rolcreaterole "createRole", pg_catalog.current_database() "database"
    from pg_catalog.pg_roles where rolname = current_user`;
  const [admin] = (await client.query<Admin>(sql)).rows;
  if (admin === undefined) throw new CloisterError('ERR_DATABASE_UNSAFE', 'the database does not say who the connection is');
  return admin;
};

const columnsNamed = ({ operations }: TableWish): ReadonlySet<string> =>
  new Set(
    [...operations.values()].flatMap(({ columns, rows, defaults }) => [
      ...(columns === 'all' ? [] : columns),
      ...ruleColumns(rows),
      ...defaults.keys(),
    ]),
  );

const checkRelations = (extension: string, grant: ResolvedGrant, relations: ReadonlyMap<string, RelationFacts>): void => {
  for (const [key, table] of grant.tables) {
    const label = tableLabel(table.schema, table.name);
    const facts = relations.get(key);
    if (facts?.kind === undefined)
      throw makeUnsafe(extension, `the grant names the table ${label}, which does not exist`, 'create it or take it out of the grant');
    if (!readableKinds.has(facts.kind))
      throw makeUnsafe(extension, `the grant names ${label}, which is neither a table nor a view`, 'take it out of the grant');
    const there = new Set(facts.columns.map(({ name }) => name));
    for (const column of columnsNamed(table)) {
      if (!there.has(column))
        throw makeUnsafe(extension, `the grant names the column ${label}.${column}, which does not exist`, 'take it out of the grant');
    }
  }
};

/** `name` stands for what the search path finds, `schema.name` for itself. */
const wishedFunctions = (grant: ResolvedGrant): readonly { readonly schema: string; readonly name: string }[] =>
  [...grant.functions].flatMap((label) => {
    const dot = label.indexOf('.');
    const name = label.slice(dot + 1);
    return dot < 0 ? ['pg_catalog', defaultSchema].map((schema) => ({ schema, name })) : [{ schema: label.slice(0, dot), name }];
  });

const checkFunctions = (extension: string, grant: ResolvedGrant, found: readonly FunctionFacts[]): void => {
  const names = new Set(found.flatMap(({ schema, name }) => [name, `${schema}.${name}`]));
  for (const label of grant.functions) {
    if (!names.has(label))
      throw makeUnsafe(extension, `the grant names the function ${label}, which does not exist`, 'create it or take it out of the grant');
  }
};

const ownSchemaSql = `select pg_catalog.obj_description(oid, 'pg_namespace') mark from pg_catalog.pg_namespace where nspname = $1`;

const tenantSchemasSql = `select nspname::text "name" from pg_catalog.pg_namespace
  where pg_catalog.obj_description(oid, 'pg_namespace') = $1 and nspname <> $2 order by 1`;

const readTenantSchemas = async (client: Client, identity: RoleIdentity, ownSchema: string): Promise<readonly string[]> =>
  (await client.query<{ readonly name: string }>(tenantSchemasSql, [ownSchemaMark(identity), ownSchema])).rows.map(({ name }) => name);

/** Whether it is there. Refuses one that somebody else made: what lies in it is not the extension's. */
const checkOwnSchema = async (client: Client, { extension, identity }: RoleRequest, schema: string): Promise<boolean> => {
  const [found] = (await client.query<{ readonly mark: string | null }>(ownSchemaSql, [schema])).rows;
  if (found !== undefined && found.mark !== ownSchemaMark(identity))
    throw makeUnsafe(extension, `the schema ${schema} is there already and not made for it`, 'rename that schema, or grant no ddl');
  return found !== undefined;
};

/** Only where this connection has no other way to know, it is tried. */
const passwordHolds = async ({ identity, logsIn }: RoleRequest, role: RoleFacts | undefined, admin: Admin): Promise<boolean> => {
  if (role === undefined) return false;
  if (admin.superuser) return role.verifier === (identity.verifier ?? null);
  return identity.verifier === undefined || (await logsIn());
};

/** In a transaction, whose search_path is pg_catalog from here on: so the server writes every other name out in full. `lenient`: what PUBLIC has on schemas and the database is as good. */
export const readPlan = async (client: Client, request: RoleRequest, lenient: boolean): Promise<RolePlan> => {
  const { extension, identity, grant } = request;
  await client.query('set local search_path = pg_catalog');
  const admin = await readAdmin(client);
  const granted = await readRelations(client, [...grant.tables.values()]);
  const byKey = new Map(granted.map((relation) => [tableKey(relation.schema, relation.name), relation]));
  checkRelations(extension, grant, byKey);
  const [hole] = await findHoles(client, grant, granted);
  if (hole !== undefined) throw makeUnsafe(extension, hole.cause, hole.remedy);
  const functions = await readFunctions(client, wishedFunctions(grant));
  checkFunctions(extension, grant, functions);
  const left = (await findTablesWithPolicy(client, policyPrefix(identity))).filter(
    ({ schema, name }) => !byKey.has(tableKey(schema, name)),
  );
  const relations = [...granted, ...(await readRelations(client, left))];
  const ownSchema = ownSchemaOf(extension);
  const ownSchemaExists = grant.ddl && (await checkOwnSchema(client, request, ownSchema));
  const role = await readRole(client, identity.name);
  const [strange] = role?.strange ?? [];
  // Not DROP OWNED for what it owns: that would drop somebody's table.
  if (strange !== undefined)
    throw makeUnsafe(
      extension,
      `its role ${identity.name} ${strange}`,
      strange.startsWith('owns ') ? `REASSIGN OWNED BY ${identity.name} TO …` : `DROP OWNED BY ${identity.name}`,
    );
  const holds = await passwordHolds(request, role, admin);
  const wish = {
    identity,
    database: admin.database,
    grant,
    relations: granted,
    functions,
    connectionLimit: request.connectionLimit,
    superuser: admin.superuser,
    ownSchema: grant.ddl ? ownSchema : undefined,
    tenantSchemas: grant.ddl ? await readTenantSchemas(client, identity, ownSchema) : [],
    setsPassword: request.setsPassword ?? true,
    passwordHolds: holds,
    heldByPublic: lenient ? await readHeldByPublic(client) : new Set<string>(),
  };
  const statements = [
    ...(dependsOnCaller(grant) ? await planCallerSchema(client, request.login ?? admin.name) : []),
    ...planRole(wish, role, ownSchemaExists),
    ...planPolicies(identity, grant, relations, request.ruledByOthers),
  ];
  return { admin, relations: granted, exists: role !== undefined, passwordHolds: holds, statements };
};

const heldByPublicSql = `select 'schema ' || n.nspname || ' ' || a.privilege_type held from pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a where a.grantee = 0
union all select 'database ' || d.datname || ' ' || a.privilege_type
  from pg_catalog.pg_database d, pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a where a.grantee = 0 and d.datname = pg_catalog.current_database()`;

const readHeldByPublic = async (client: Client): Promise<ReadonlySet<string>> =>
  new Set((await client.query<{ readonly held: string }>(heldByPublicSql)).rows.map(({ held }) => held));
