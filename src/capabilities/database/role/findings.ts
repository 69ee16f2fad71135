// What the role can do beyond its wish because PUBLIC can, and what could stand in front of an admitted name. Reads only; must never revoke from PUBLIC: that is the host's.
import type { Client } from 'pg';
import type { ResolvedGrant } from '../grant.ts';
import { tableKey, tableLabel } from '../names.ts';
import { wantedColumns } from './plan.ts';

/** Where the second wall is thinner than the grant. Admission stands in front of all of them. */
export interface Finding {
  /** data: the role alone reaches data it was not granted; use: it could take resources, nothing more; closed: the extension gets less than its grant. */
  readonly severity: 'data' | 'use' | 'closed';
  readonly what: string;
  readonly remedy: string;
}

/** Names admission would let through that mean something else in this database. */
export interface Shadows {
  /** Functions of the database's own under a safe name that are SECURITY DEFINER or volatile. */
  readonly functions: ReadonlySet<string>;
  /** Functions that `row.name` would call. */
  readonly attributes: ReadonlySet<string>;
}

const isOwn = "n.nspname not in ('pg_catalog', 'information_schema', 'cloister') and n.nspname !~ '^pg_'";

/** What it owns, in its own schema, is its own. */
const reachableSql = `select n.nspname "schema", c.relname "name", p.privilege, pg_catalog.has_table_privilege($1::pg_catalog.name, c.oid, p.privilege) whole,
  case when p.privilege in ('SELECT', 'INSERT', 'UPDATE') then
    array(select a.attname::text from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      and pg_catalog.has_column_privilege($1::pg_catalog.name, c.oid, a.attnum, p.privilege)) else '{}' end "columns"
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace,
  pg_catalog.unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p(privilege)
where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${isOwn} and pg_catalog.has_schema_privilege($1::pg_catalog.name, n.oid, 'USAGE')
  and pg_catalog.pg_get_userbyid(c.relowner) <> $1
  and (pg_catalog.has_table_privilege($1::pg_catalog.name, c.oid, p.privilege)
    or (p.privilege in ('SELECT', 'INSERT', 'UPDATE') and pg_catalog.has_any_column_privilege($1::pg_catalog.name, c.oid, p.privilege)))`;

const definerSql = `select p.oid::pg_catalog.regprocedure::text signature, n.nspname "schema", p.proname "name"
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.prosecdef and ${isOwn} and pg_catalog.has_schema_privilege($1::pg_catalog.name, n.oid, 'USAGE')
  and pg_catalog.has_function_privilege($1::pg_catalog.name, p.oid, 'EXECUTE')`;

const useSql = `select pg_catalog.has_database_privilege($1::pg_catalog.name, pg_catalog.current_database(), 'TEMP') temp,
  array(select n.nspname::text from pg_catalog.pg_namespace n where ${isOwn} and pg_catalog.has_schema_privilege($1::pg_catalog.name, n.oid, 'CREATE')) schemas`;

/** `row.name` passes the row as the one argument, so only functions that can take a row count. */
const shadowSql = `select p.proname "name", n.nspname = 'pg_catalog' builtin, (p.prosecdef or p.provolatile = 'v') "notPure",
  p.pronargs >= 1 and p.pronargs - p.pronargdefaults <= 1 and (t.typtype = 'c'
    or t.oid::pg_catalog.regtype::text in ('record', 'anyelement', 'anynonarray', 'anycompatible', 'anycompatiblenonarray', '"any"')) "takesRow"
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
left join pg_catalog.pg_type t on t.oid = p.proargtypes[0]
where n.nspname in ('pg_catalog', 'public')`;

export const readFindings = async (client: Client, role: string, grant: ResolvedGrant): Promise<readonly Finding[]> => {
  const findings: Finding[] = [];
  const reachable = await client.query<{
    readonly schema: string;
    readonly name: string;
    readonly privilege: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';
    readonly whole: boolean;
    readonly columns: readonly string[];
  }>(reachableSql, [role]);
  for (const { schema, name, privilege, whole, columns } of reachable.rows) {
    const table = grant.tables.get(tableKey(schema, name));
    const wanted = table === undefined || privilege === 'TRUNCATE' ? new Set<string>() : wantedColumns(table)[privilege];
    if (wanted === 'all' || (!whole && columns.every((column) => wanted.has(column)))) continue;
    const label = tableLabel(schema, name);
    findings.push({
      severity: 'data',
      what: `PUBLIC holds ${privilege} on the table ${label}`,
      remedy: `REVOKE ${privilege} ON ${label} FROM PUBLIC`,
    });
  }
  const definers = await client.query<{ readonly signature: string; readonly schema: string; readonly name: string }>(definerSql, [role]);
  for (const { signature, schema, name } of definers.rows) {
    if (grant.functions.has(name) || grant.functions.has(`${schema}.${name}`)) continue;
    findings.push({
      severity: 'data',
      what: `PUBLIC may execute ${signature}, which runs as its owner`,
      remedy: `REVOKE EXECUTE ON FUNCTION ${signature} FROM PUBLIC`,
    });
  }
  const use = await client.query<{ readonly temp: boolean; readonly schemas: readonly string[] }>(useSql, [role]);
  for (const schema of use.rows[0]?.schemas ?? []) {
    findings.push({
      severity: 'use',
      what: `PUBLIC may create objects in the schema ${schema}`,
      remedy: `REVOKE CREATE ON SCHEMA ${schema} FROM PUBLIC`,
    });
  }
  if (use.rows[0]?.temp === true) {
    findings.push({
      severity: 'use',
      what: 'PUBLIC may create temporary tables in this database',
      remedy: 'REVOKE TEMPORARY ON DATABASE … FROM PUBLIC',
    });
  }
  return findings;
};

export const readShadows = async (client: Client, grant: ResolvedGrant, safeFunctions: ReadonlySet<string>): Promise<Shadows> => {
  const found = await client.query<{
    readonly name: string;
    readonly builtin: boolean;
    readonly notPure: boolean;
    readonly takesRow: boolean;
  }>(shadowSql);
  const functions = new Set<string>();
  const attributes = new Set<string>();
  for (const { name, builtin, notPure, takesRow } of found.rows) {
    if (grant.functions.has(name) || (!builtin && grant.functions.has(`public.${name}`))) continue;
    if (!builtin && notPure && safeFunctions.has(name)) functions.add(name);
    if (takesRow && !(builtin && safeFunctions.has(name))) attributes.add(name);
  }
  return { functions, attributes };
};
