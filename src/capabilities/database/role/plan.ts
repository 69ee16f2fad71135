// The SQL that makes a role exactly what a wish says, from what it is now. Pure; must never leave it more than the wish.
import { escapeIdentifier, escapeLiteral } from 'pg';
import { databaseBounds } from '../bounds.ts';
import type { ResolvedGrant } from '../grant.ts';
import { defaultSchema, type Operation, tableKey } from '../names.ts';
import type { FunctionFacts, HeldPrivilege, RelationFacts, RoleFacts } from './facts.ts';
import type { RoleIdentity } from './identity.ts';

export interface RoleWish {
  readonly identity: RoleIdentity;
  readonly database: string;
  readonly grant: ResolvedGrant;
  readonly relations: readonly RelationFacts[];
  readonly functions: readonly FunctionFacts[];
  readonly connectionLimit: number;
  /** The admin connection is a superuser: some settings need one. */
  readonly superuser: boolean;
}

const privilegeOf: Readonly<Record<Operation, string>> = { read: 'SELECT', create: 'INSERT', update: 'UPDATE', delete: 'DELETE' };

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
    ...(wish.superuser ? [['temp_file_limit', String(databaseBounds.tempFileKb.value)] as const] : []),
  ]);

const attributesOf = (wish: RoleWish, role: RoleFacts | undefined): readonly string[] => {
  const name = escapeIdentifier(wish.identity.name);
  const password = wish.identity.verifier === undefined ? 'PASSWORD NULL' : `PASSWORD ${escapeLiteral(wish.identity.verifier)}`;
  const limit = `CONNECTION LIMIT ${String(wish.connectionLimit)}`;
  if (role === undefined)
    return [`CREATE ROLE ${name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS ${limit} ${password}`];
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
    password,
  ];
  return [
    `ALTER ROLE ${name} ${changes.filter((change) => change !== '').join(' ')}`,
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
    ...[...present.keys()].filter((key) => !wanted.has(key)).map((key) => `${inDatabase} RESET ${escapeIdentifier(key)}`),
    ...[...wanted]
      .filter(([key, value]) => present.get(key) !== value)
      .map(([key, value]) => `${inDatabase} SET ${key} = ${settingValue(key, value)}`),
  ];
};

export type Privilege = Omit<HeldPrivilege, 'grantable'>;

const wantedPrivileges = (wish: RoleWish): readonly Privilege[] => {
  const wanted: Privilege[] = [{ kind: 'database', schema: '', name: wish.database, privilege: 'CONNECT' }];
  const schemas = new Set<string>();
  const facts = new Map(wish.relations.map((relation) => [tableKey(relation.schema, relation.name), relation]));
  for (const [key, { schema, name, operations }] of wish.grant.tables) {
    if (operations.size === 0) continue;
    schemas.add(schema);
    for (const operation of operations.keys()) wanted.push({ kind: 'table', schema, name, privilege: privilegeOf[operation] });
    if (!operations.has('create')) continue;
    for (const sequence of facts.get(key)?.sequences ?? []) {
      schemas.add(sequence.schema);
      wanted.push({ kind: 'sequence', schema: sequence.schema, name: sequence.name, privilege: 'USAGE' });
    }
  }
  for (const { schema, signature } of wish.functions) {
    if (schema === 'pg_catalog') continue;
    schemas.add(schema);
    wanted.push({ kind: 'function', schema: '', name: signature, privilege: 'EXECUTE' });
  }
  for (const schema of schemas) wanted.push({ kind: 'schema', schema: '', name: schema, privilege: 'USAGE' });
  return wanted;
};

const keyOf = (privilege: Privilege): string => JSON.stringify([privilege.kind, privilege.schema, privilege.name, privilege.privilege]);

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
    missing: wanted.filter((privilege) => !heldKeys.has(keyOf(privilege))),
  };
};

const planPrivileges = (wish: RoleWish, role: RoleFacts | undefined): readonly string[] => {
  const grantee = escapeIdentifier(wish.identity.name);
  const { wanted, excess } = comparePrivileges(wish, role);
  const held = role?.held ?? [];
  // Revoking a table's privilege takes the same privilege on its columns along, so what is wanted of it is granted again below.
  const revoked = new Set(excess.map(objectOf));
  const kept = new Set(held.filter((privilege) => !revoked.has(objectOf(privilege))).map(keyOf));
  return [
    ...[...revoked].map((object) => `REVOKE ALL PRIVILEGES ON ${object} FROM ${grantee}`),
    ...wanted
      .filter((privilege) => !kept.has(keyOf(privilege)))
      .map((privilege) => `GRANT ${privilege.privilege} ON ${objectOf(privilege)} TO ${grantee}`),
  ];
};

/** In this order, in one transaction. */
export const planRole = (wish: RoleWish, role: RoleFacts | undefined): readonly string[] => [
  ...attributesOf(wish, role),
  ...planSettings(wish, role),
  ...planPrivileges(wish, role),
];
