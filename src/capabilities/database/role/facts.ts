// What the server holds about a role and the objects of a wish, read by the admin connection. Must never change anything.
import type { Client } from 'pg';

/** One privilege the role holds itself; what it has through PUBLIC is not here. */
export interface HeldPrivilege {
  readonly kind: 'table' | 'column' | 'sequence' | 'schema' | 'function' | 'database';
  readonly schema: string;
  /** A name, or for a function its signature as this session writes it. */
  readonly name: string;
  /** Of a column's privilege; else empty. */
  readonly column: string;
  readonly privilege: string;
  readonly grantable: boolean;
}

export interface RoleFacts {
  readonly canLogin: boolean;
  readonly superuser: boolean;
  readonly createDb: boolean;
  readonly createRole: boolean;
  readonly inherit: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  readonly connectionLimit: number;
  /** What is stored of its password; null: none, or not for this connection to see. */
  readonly verifier: string | null;
  /** Roles it is a member of. */
  readonly memberships: readonly string[];
  /** `name=value` for this database. */
  readonly settings: readonly string[];
  /** It has settings that hold in every database. */
  readonly settingsEverywhere: boolean;
  readonly held: readonly HeldPrivilege[];
  /** What it owns, or holds on kinds of objects that are never granted. */
  readonly strange: readonly string[];
}

export interface FunctionFacts {
  readonly schema: string;
  readonly name: string;
  readonly signature: string;
}

/** Only a superuser sees what is stored of a password. */
const verifierSql = `select rolpassword "verifier" from pg_catalog.pg_authid where oid = $1`;
const seesVerifierSql = "select pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT') sees";

const roleSql = `select r.oid, r.rolcanlogin "canLogin", r.rolsuper "superuser", r.rolcreatedb "createDb", r.rolcreaterole "createRole",
  r.rolinherit "inherit", r.rolreplication "replication", r.rolbypassrls "bypassRls", r.rolconnlimit "connectionLimit",
  array(select m.rolname::text from pg_catalog.pg_auth_members a join pg_catalog.pg_roles m on m.oid = a.roleid where a.member = r.oid order by 1) "memberships",
  coalesce((select s.setconfig from pg_catalog.pg_db_role_setting s join pg_catalog.pg_database d on d.oid = s.setdatabase
    where s.setrole = r.oid and d.datname = pg_catalog.current_database()), '{}') "settings",
  exists (select from pg_catalog.pg_db_role_setting s where s.setrole = r.oid and s.setdatabase = 0) "settingsEverywhere"
from pg_catalog.pg_roles r where r.rolname = $1`;

const heldSql = `select 'table' kind, n.nspname "schema", c.relname "name", '' "column", a.privilege_type privilege, a.is_grantable grantable
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace, pg_catalog.aclexplode(c.relacl) a
  where a.grantee = $1 and c.relkind <> 'S' and c.relowner <> $1
union all select 'sequence', n.nspname, c.relname, '', a.privilege_type, a.is_grantable
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace, pg_catalog.aclexplode(c.relacl) a
  where a.grantee = $1 and c.relkind = 'S' and c.relowner <> $1
union all select 'column', n.nspname, c.relname, t.attname, a.privilege_type, a.is_grantable
  from pg_catalog.pg_attribute t join pg_catalog.pg_class c on c.oid = t.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace,
    pg_catalog.aclexplode(t.attacl) a where a.grantee = $1 and c.relowner <> $1
union all select 'schema', '', n.nspname, '', a.privilege_type, a.is_grantable
  from pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a where a.grantee = $1
union all select 'function', '', p.oid::pg_catalog.regprocedure::text, '', a.privilege_type, a.is_grantable
  from pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) a where a.grantee = $1 and p.proowner <> $1
union all select 'database', '', d.datname, '', a.privilege_type, a.is_grantable
  from pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a where a.grantee = $1 and d.datname = pg_catalog.current_database()`;

/** What it made in its own schema is its own. */
const strangeSql = `select case s.deptype when 'o' then 'owns ' else 'holds privileges on ' end
    || pg_catalog.pg_describe_object(s.classid, s.objid, s.objsubid) what
  from pg_catalog.pg_shdepend s left join pg_catalog.pg_database d on d.oid = s.dbid
  where s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass and s.refobjid = $1 and (s.dbid = 0 or d.datname = pg_catalog.current_database())
    and (s.deptype = 'o' or (s.deptype = 'a' and s.classid not in ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_namespace'::pg_catalog.regclass,
      'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_database'::pg_catalog.regclass)))
    and not exists (select from pg_catalog.pg_identify_object(s.classid, s.objid, s.objsubid) i join pg_catalog.pg_namespace n on pg_catalog.quote_ident(n.nspname) = i.schema
      where pg_catalog.obj_description(n.oid, 'pg_namespace') = 'for ' || pg_catalog.pg_get_userbyid($1))
  order by 1 limit 5`;

const functionSql = `select n.nspname "schema", p.proname "name", p.oid::pg_catalog.regprocedure::text signature
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where (n.nspname, p.proname) in (select * from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) w(a, b))`;

/** undefined: there is no such role yet. In schemas that were made for it, it may own what it likes. */
export const readRole = async (client: Client, name: string): Promise<RoleFacts | undefined> => {
  const roles = await client.query<Omit<RoleFacts, 'held' | 'strange' | 'verifier'> & { readonly oid: number }>(roleSql, [name]);
  const [role] = roles.rows;
  if (role === undefined) return undefined;
  const { rows } = await client.query<{ readonly sees: boolean }>(seesVerifierSql);
  const seen = rows[0]?.sees === true ? await client.query<{ readonly verifier: string | null }>(verifierSql, [role.oid]) : undefined;
  const held = await client.query<HeldPrivilege>(heldSql, [role.oid]);
  const strange = await client.query<{ readonly what: string }>(strangeSql, [role.oid]);
  return { ...role, verifier: seen?.rows[0]?.verifier ?? null, held: held.rows, strange: strange.rows.map((row) => row.what) };
};

export const readFunctions = async (
  client: Client,
  wished: readonly { readonly schema: string; readonly name: string }[],
): Promise<readonly FunctionFacts[]> =>
  (await client.query<FunctionFacts>(functionSql, [wished.map((one) => one.schema), wished.map((one) => one.name)])).rows;
