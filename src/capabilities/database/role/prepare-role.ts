// Makes or updates an extension's role in one transaction and says what came of it. Must never run guest text.
import type { Client } from 'pg';
import { CloisterError } from '../../../errors.ts';
import type { ResolvedGrant } from '../grant.ts';
import { defaultSchema, tableLabel } from '../names.ts';
import { type FunctionFacts, type RelationFacts, readFunctions, readRelations, readRole } from './facts.ts';
import { type Finding, readFindings, readShadows, type Shadows } from './findings.ts';
import type { RoleIdentity } from './identity.ts';
import { comparePrivileges, objectOf, type Privilege, planRole, type RoleWish } from './plan.ts';

export interface RoleRequest {
  /** For messages. */
  readonly extension: string;
  readonly identity: RoleIdentity;
  readonly grant: ResolvedGrant;
  readonly connectionLimit: number;
  readonly safeFunctions: ReadonlySet<string>;
}

export interface PreparedRole {
  readonly findings: readonly Finding[];
  readonly shadows: Shadows;
}

/** Hosts that open at once would fail each other with «tuple concurrently updated». The number is «cloister» in ASCII. */
const setUpLock = '7164770434190968178';
const readableKinds = new Set(['r', 'p', 'v', 'm', 'f']);

const unsafe = (extension: string, cause: string, remedy: string, error?: unknown): CloisterError =>
  new CloisterError(
    'ERR_DATABASE_UNSAFE',
    `extension ${extension}: ${cause}; ${remedy}`,
    { extension },
    error === undefined ? {} : { cause: error },
  );

/** Who the admin connection is. */
const readAdmin = async (
  client: Client,
): Promise<{ readonly name: string; readonly superuser: boolean; readonly createRole: boolean; readonly database: string }> => {
  const sql = `select rolname "name", rolsuper "superuser", rolcreaterole "createRole", pg_catalog.current_database() "database"
    from pg_catalog.pg_roles where rolname = current_user`;
  const [admin] = (
    await client.query<{ readonly name: string; readonly superuser: boolean; readonly createRole: boolean; readonly database: string }>(sql)
  ).rows;
  if (admin === undefined) throw new CloisterError('ERR_DATABASE_UNSAFE', 'the database does not say who the connection is');
  return admin;
};

const checkRelations = (extension: string, relations: readonly RelationFacts[]): void => {
  for (const { schema, name, kind } of relations) {
    const label = tableLabel(schema, name);
    if (kind === undefined)
      throw unsafe(extension, `the grant names the table ${label}, which does not exist`, 'create it or take it out of the grant');
    if (!readableKinds.has(kind))
      throw unsafe(extension, `the grant names ${label}, which is neither a table nor a view`, 'take it out of the grant');
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
      throw unsafe(extension, `the grant names the function ${label}, which does not exist`, 'create it or take it out of the grant');
  }
};

/** A GRANT or REVOKE by someone who may not give or take it is a warning to PostgreSQL, so look again. */
const checkOutcome = async (client: Client, wish: RoleWish, admin: string, extension: string): Promise<void> => {
  const { missing, excess } = comparePrivileges(wish, await readRole(client, wish.identity.name));
  const through = 'let the owner of that object do it, or give a connection that may';
  const [kept] = excess;
  if (kept !== undefined)
    throw unsafe(extension, `the database user ${admin} may not take ${kept.privilege} on ${objectOf(kept)} from its role`, through);
  for (const privilege of missing) {
    // What PUBLIC has on schema and database is as good.
    const held =
      privilege.kind === 'schema' || privilege.kind === 'database'
        ? await holdsThroughPublic(client, wish.identity.name, privilege)
        : false;
    if (!held)
      throw unsafe(
        extension,
        `the database user ${admin} may not give ${privilege.privilege} on ${objectOf(privilege)} to its role`,
        through,
      );
  }
};

const holdsThroughPublic = async (client: Client, role: string, { kind, name, privilege }: Privilege): Promise<boolean> => {
  const sql = `select pg_catalog.has_${kind === 'schema' ? 'schema' : 'database'}_privilege($1::pg_catalog.name, $2::text, $3::text) held`;
  return (await client.query<{ readonly held: boolean }>(sql, [role, name, privilege])).rows[0]?.held === true;
};

const prepare = async (client: Client, request: RoleRequest): Promise<PreparedRole> => {
  const { extension, identity, grant } = request;
  const admin = await readAdmin(client);
  if (!admin.superuser && !admin.createRole) {
    throw unsafe(
      extension,
      `the database user ${admin.name} may not create roles, so there would be no second wall`,
      `ALTER ROLE ${admin.name} CREATEROLE, or give a connection that may`,
    );
  }
  const relations = await readRelations(client, [...grant.tables.values()]);
  checkRelations(extension, relations);
  const functions = await readFunctions(client, wishedFunctions(grant));
  checkFunctions(extension, grant, functions);
  const role = await readRole(client, identity.name);
  const [strange] = role?.strange ?? [];
  if (strange !== undefined) throw unsafe(extension, `its role ${identity.name} ${strange}`, `DROP OWNED BY ${identity.name}`);
  const wish = {
    identity,
    database: admin.database,
    grant,
    relations,
    functions,
    connectionLimit: request.connectionLimit,
    superuser: admin.superuser,
  };
  for (const statement of planRole(wish, role)) await client.query(statement);
  await checkOutcome(client, wish, admin.name, extension);
  return { findings: await readFindings(client, identity.name, grant), shadows: await readShadows(client, grant, request.safeFunctions) };
};

const isDenied = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '42501';

/** Idempotent: a narrower grant takes away what a wider one gave before. */
export const prepareRole = async (client: Client, request: RoleRequest): Promise<PreparedRole> => {
  await client.query('begin');
  try {
    await client.query("set local lock_timeout = '10s'");
    await client.query('select pg_catalog.pg_advisory_xact_lock($1)', [setUpLock]);
    const prepared = await prepare(client, request);
    await client.query('commit');
    return prepared;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    if (error instanceof CloisterError || !isDenied(error)) throw error;
    throw unsafe(
      request.extension,
      `the database refused to set up its role: ${error instanceof Error ? error.message : ''}`,
      'give a connection that may grant on these tables',
      error,
    );
  }
};
