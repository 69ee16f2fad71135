// The SQL that makes a role exactly what a wish says, from what it is now. Pure; must never leave it more than the wish.
import { escapeIdentifier, escapeLiteral } from 'pg';
import { databaseBounds } from '../bounds.ts';
import { insertedColumns, type ResolvedGrant, selectedColumns, type TableWish } from '../grant.ts';
import { defaultSchema, tableKey } from '../names.ts';
import { callerSchema, roleFunctions } from './caller-schema.ts';
import type { FunctionFacts, HeldPrivilege, RoleFacts } from './facts.ts';
import type { RoleIdentity } from './identity.ts';
import type { RelationFacts } from './relation-facts.ts';
import { dependsOnCaller } from './row-policies.ts';

export interface RoleWish {
  readonly identity: RoleIdentity;
  readonly database: string;
  readonly grant: ResolvedGrant;
  readonly relations: readonly RelationFacts[];
  readonly functions: readonly FunctionFacts[];
  readonly connectionLimit: number;
  /** The admin connection is a superuser: some settings need one. */
  readonly superuser: boolean;
  /** Where it may make tables of its own; undefined: nowhere. */
  readonly ownSchema: string | undefined;
  /** The same for tenants: those that were made already. */
  readonly tenantSchemas: readonly string[];
  /** The role has this password already. */
  readonly passwordHolds: boolean;
  /** false: no word about its password; a new role has none. */
  readonly setsPassword: boolean;
  /** `schema public USAGE`: what everybody has and the role need not have itself. */
  readonly heldByPublic: ReadonlySet<string>;
}

/**
 * What every session of the role starts with. The guest has no way to change them: admission refuses SET and set_config.
 * pg_temp stands last so that a temporary table never hides a real one; parallel workers and JIT would let one statement take more than its share.
 */
const settingsOf = (wish: RoleWish): ReadonlyMap<string, string> =>
  new Map([
    ['search_path', `pg_catalog, ${defaultSchema}, pg_temp`],
    ['statement_timeout', String(wish.grant.statementMs)],
    ['idle_in_transaction_session_timeout', String(wish.grant.statementMs)],
    ['lock_timeout', String(Math.min(databaseBounds.lockMs.value, wish.grant.statementMs))],
    ['standard_conforming_strings', 'on'],
    ['row_security', 'on'],
    ['max_parallel_workers_per_gather', '0'],
    ['jit', 'off'],
    ...(wish.superuser ? [[superuserSetting, String(databaseBounds.tempFileKb.value)] as const] : []),
  ]);

/** Who may not set it leaves it as a superuser did. */
const superuserSetting = 'temp_file_limit';

const passwordClause = ({ verifier }: RoleIdentity): string =>
  verifier === undefined ? 'PASSWORD NULL' : `PASSWORD ${escapeLiteral(verifier)}`;

/** What nobody can log in with, but with which a guess at the secret could be tried. */
export const planPassword = (identity: RoleIdentity): string => `ALTER ROLE ${escapeIdentifier(identity.name)} ${passwordClause(identity)}`;

const attributesOf = (wish: RoleWish, role: RoleFacts | undefined): readonly string[] => {
  const name = escapeIdentifier(wish.identity.name);
  const password = passwordClause(wish.identity);
  const limit = `CONNECTION LIMIT ${String(wish.connectionLimit)}`;
  if (role === undefined) {
    const create = `CREATE ROLE ${name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS ${limit}${wish.setsPassword ? ` ${password}` : ''}`;
    // So that the same text can be run twice.
    return [
      `DO $cloister$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${escapeLiteral(wish.identity.name)}) THEN\n  ${create};\nEND IF; END $cloister$`,
    ];
  }
  // Only what differs: naming some of these takes a superuser even where nothing would change.
  const changes = [
    role.canLogin ? '' : 'LOGIN',
    role.superuser ? 'NOSUPERUSER' : '',
    role.createDb ? 'NOCREATEDB' : '',
    role.createRole ? 'NOCREATEROLE' : '',
    role.inherit ? 'NOINHERIT' : '',
    role.replication ? 'NOREPLICATION' : '',
    role.bypassRls ? 'NOBYPASSRLS' : '',
    role.connectionLimit === wish.connectionLimit ? '' : limit,
    wish.passwordHolds || !wish.setsPassword ? '' : password,
  ].filter((change) => change !== '');
  return [
    ...(changes.length === 0 ? [] : [`ALTER ROLE ${name} ${changes.join(' ')}`]),
    ...role.memberships.map((group) => `REVOKE ${escapeIdentifier(group)} FROM ${name}`),
  ];
};

/** search_path is a list of names; everything else is one literal. */
const settingValue = (name: string, value: string): string => (name === 'search_path' ? value : escapeLiteral(value));

const planSettings = (wish: RoleWish, role: RoleFacts | undefined): readonly string[] => {
  const name = escapeIdentifier(wish.identity.name);
  const inDatabase = `ALTER ROLE ${name} IN DATABASE ${escapeIdentifier(wish.database)}`;
  const wanted = settingsOf(wish);
  const present = new Map((role?.settings ?? []).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  return [
    ...(role?.settingsEverywhere === true ? [`ALTER ROLE ${name} RESET ALL`] : []),
    ...[...present.keys()]
      .filter((key) => !wanted.has(key) && key !== superuserSetting)
      .map((key) => `${inDatabase} RESET ${escapeIdentifier(key)}`),
    ...[...wanted]
      .filter(([key, value]) => present.get(key) !== value)
      .map(([key, value]) => `${inDatabase} SET ${key} = ${settingValue(key, value)}`),
  ];
};

export type Privilege = Omit<HeldPrivilege, 'grantable'>;

type ColumnSet = ReadonlySet<string> | 'all';

/** What each privilege covers; empty where it is not wanted. Beyond what the guest may name are the columns that admission's own text names. */
export const wantedColumns = (table: TableWish): Readonly<Record<'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE', ColumnSet>> => ({
  SELECT: selectedColumns(table),
  INSERT: insertedColumns(table),
  UPDATE: table.operations.get('update')?.columns ?? new Set(),
  DELETE: table.operations.has('delete') ? 'all' : new Set(),
});

const tablePrivileges = (table: TableWish): readonly Privilege[] =>
  Object.entries(wantedColumns(table)).flatMap(([privilege, columns]): readonly Privilege[] => {
    const { schema, name } = table;
    if (columns === 'all') return [{ kind: 'table', schema, name, column: '', privilege }];
    return [...columns].map((column) => ({ kind: 'column', schema, name, column, privilege }));
  });

const wantedPrivileges = (wish: RoleWish): readonly Privilege[] => {
  const wanted: Privilege[] = [{ kind: 'database', schema: '', name: wish.database, column: '', privilege: 'CONNECT' }];
  const schemas = new Set<string>();
  const facts = new Map(wish.relations.map((relation) => [tableKey(relation.schema, relation.name), relation]));
  for (const [key, table] of wish.grant.tables) {
    if (table.operations.size === 0) continue;
    schemas.add(table.schema);
    wanted.push(...tablePrivileges(table));
    if (!table.operations.has('create')) continue;
    for (const sequence of facts.get(key)?.sequences ?? []) {
      schemas.add(sequence.schema);
      wanted.push({ kind: 'sequence', schema: sequence.schema, name: sequence.name, column: '', privilege: 'USAGE' });
    }
  }
  for (const { schema, signature } of wish.functions) {
    if (schema === 'pg_catalog') continue;
    schemas.add(schema);
    wanted.push({ kind: 'function', schema: '', name: signature, column: '', privilege: 'EXECUTE' });
  }
  if (dependsOnCaller(wish.grant)) {
    schemas.add(callerSchema);
    for (const signature of roleFunctions)
      wanted.push({
        kind: 'function',
        schema: '',
        name: `${callerSchema}.${signature.replaceAll(' ', '')}`,
        column: '',
        privilege: 'EXECUTE',
      });
  }
  for (const name of wish.ownSchema === undefined ? [] : [wish.ownSchema, ...wish.tenantSchemas]) {
    schemas.add(name);
    wanted.push({ kind: 'schema', schema: '', name, column: '', privilege: 'CREATE' });
  }
  for (const schema of schemas) wanted.push({ kind: 'schema', schema: '', name: schema, column: '', privilege: 'USAGE' });
  return wanted;
};

const keyOf = (privilege: Privilege): string =>
  JSON.stringify([privilege.kind, privilege.schema, privilege.name, privilege.column, privilege.privilege]);

export const objectOf = ({ kind, schema, name }: Privilege): string => {
  switch (kind) {
    case 'table':
    case 'column':
      return `TABLE ${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
    case 'sequence':
      return `SEQUENCE ${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
    case 'schema':
      return `SCHEMA ${escapeIdentifier(name)}`;
    case 'database':
      return `DATABASE ${escapeIdentifier(name)}`;
    // A signature comes from the server, quoted by it.
    case 'function':
      return `ROUTINE ${name}`;
    default:
      return kind satisfies never;
  }
};

/** What the role holds and should not, and what it should hold and does not. */
export const comparePrivileges = (
  wish: RoleWish,
  role: RoleFacts | undefined,
): { readonly wanted: readonly Privilege[]; readonly excess: readonly Privilege[]; readonly missing: readonly Privilege[] } => {
  const wanted = wantedPrivileges(wish);
  const wantedKeys = new Set(wanted.map(keyOf));
  const held = role?.held ?? [];
  const heldKeys = new Set(held.map(keyOf));
  return {
    wanted,
    excess: held.filter((privilege) => privilege.grantable || !wantedKeys.has(keyOf(privilege))),
    missing: wanted.filter(
      (privilege) =>
        !heldKeys.has(keyOf(privilege)) && !wish.heldByPublic.has(`${privilege.kind} ${privilege.name} ${privilege.privilege}`),
    ),
  };
};

const privilegeText = ({ privilege, column }: Privilege): string =>
  column === '' ? privilege : `${privilege} (${escapeIdentifier(column)})`;

const planPrivileges = (wish: RoleWish, role: RoleFacts | undefined): readonly string[] => {
  const grantee = escapeIdentifier(wish.identity.name);
  const { wanted, excess, missing } = comparePrivileges(wish, role);
  const held = role?.held ?? [];
  // Revoking a table's privilege takes the same privilege on its columns along, so what is wanted of it is granted again below.
  const revoked = new Set(excess.map(objectOf));
  const lost = new Set(held.filter((privilege) => revoked.has(objectOf(privilege))).map(keyOf));
  const lacking = new Set([...missing.map(keyOf), ...lost]);
  return [
    ...[...revoked].map((object) => `REVOKE ALL PRIVILEGES ON ${object} FROM ${grantee}`),
    ...wanted
      .filter((privilege) => lacking.has(keyOf(privilege)))
      .map((privilege) => `GRANT ${privilegeText(privilege)} ON ${objectOf(privilege)} TO ${grantee}`),
  ];
};

const planOwnSchema = ({ identity, ownSchema }: RoleWish, exists: boolean): readonly string[] => {
  if (ownSchema === undefined || exists) return [];
  const name = escapeIdentifier(ownSchema);
  // It stays the administrator's: a role that owned it could give it away.
  return [`CREATE SCHEMA IF NOT EXISTS ${name}`, `COMMENT ON SCHEMA ${name} IS ${escapeLiteral(ownSchemaMark(identity))}`];
};

/** Tells a schema made for this role from one that was there. */
export const ownSchemaMark = (identity: RoleIdentity): string => `for ${identity.name}`;

/** In this order, in one transaction. */
export const planRole = (wish: RoleWish, role: RoleFacts | undefined, ownSchemaExists = false): readonly string[] => [
  ...attributesOf(wish, role),
  ...planSettings(wish, role),
  ...planOwnSchema(wish, ownSchemaExists),
  ...planPrivileges(wish, role),
];
