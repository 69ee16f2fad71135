// The schema `cloister`: where the server keeps on whose behalf each role's connection works. Must never let a session say that of itself without the key of its connection.
import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { escapeIdentifier } from 'pg';

export const callerSchema = 'cloister';

/** What may be called by whom: the host's own login registers, roles enter and read. */
export const hostFunctions = ['register(integer, name, bytea)'] as const;
export const roleFunctions = [
  'enter(text, text, text, text, text)',
  'tenant()',
  'accountability_user()',
  'accountability_role()',
  'tenant_var(text)',
] as const;

const table = `${callerSchema}.caller`;
/** Whatever the caller's session has for a search path: nothing of a schema that others may write is looked at. */
const fixed = 'SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp';

/** A row is found by what the session cannot change: its backend and whom it logged in as. */
const reader = (name: string, column: string): readonly [string, string] => [
  `${name}()`,
  `FUNCTION ${callerSchema}.${name}() RETURNS text LANGUAGE plpgsql STABLE ${fixed} AS $$
BEGIN
  RETURN (SELECT c.${column} FROM ${table} c WHERE c.pid = pg_backend_pid() AND c.login = session_user);
END $$`,
];

const functions: ReadonlyMap<string, string> = new Map([
  [
    'register(integer, name, bytea)',
    `FUNCTION ${callerSchema}.register(backend integer, whose name, digest bytea) RETURNS void LANGUAGE plpgsql VOLATILE ${fixed} AS $$
BEGIN
  DELETE FROM ${table} c WHERE NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = c.pid AND a.usename = c.login);
  INSERT INTO ${table} (pid, login, key) VALUES (backend, whose, digest)
    ON CONFLICT (pid) DO UPDATE SET login = excluded.login, key = excluded.key, registered = excluded.registered,
      tenant = NULL, accountability_user = NULL, accountability_role = NULL, vars = NULL;
END $$`,
  ],
  [
    'enter(text, text, text, text, text)',
    `FUNCTION ${callerSchema}.enter(secret text, for_tenant text, for_user text, for_role text, for_vars text DEFAULT NULL) RETURNS void LANGUAGE plpgsql VOLATILE ${fixed} AS $$
BEGIN
  UPDATE ${table} c SET tenant = for_tenant, accountability_user = for_user, accountability_role = for_role, vars = for_vars::jsonb
    WHERE c.pid = pg_backend_pid() AND c.login = session_user AND c.key = sha256(convert_to(secret, 'UTF8'));
  IF NOT FOUND THEN RAISE EXCEPTION 'this session may not say on whose behalf it works' USING ERRCODE = '42501'; END IF;
END $$`,
  ],
  reader('tenant', 'tenant'),
  reader('accountability_user', 'accountability_user'),
  reader('accountability_role', 'accountability_role'),
  [
    'tenant_var(text)',
    `FUNCTION ${callerSchema}.tenant_var(wanted text) RETURNS text LANGUAGE plpgsql STABLE ${fixed} AS $$
BEGIN
  RETURN (SELECT c.vars ->> wanted FROM ${table} c WHERE c.pid = pg_backend_pid() AND c.login = session_user);
END $$`,
  ],
]);

/** What is written down with each object, so that another release's, or a changed one, is told apart. */
const stampOf = (definition: string): string => createHash('sha256').update(definition).digest('hex').slice(0, 16);

const tableSql = `CREATE UNLOGGED TABLE IF NOT EXISTS ${table} (pid integer PRIMARY KEY, login name NOT NULL, key bytea NOT NULL,
  registered timestamptz NOT NULL DEFAULT now(), tenant text, accountability_user text, accountability_role text, vars jsonb) WITH (fillfactor = 40)`;
/** Of a table that an earlier release made. */
const varsSql = `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS vars jsonb`;

interface CallerSchemaFacts {
  readonly exists: boolean;
  readonly hasTable: boolean;
  readonly hasVars: boolean;
  /** Who beside the owner may create in the schema or touch the table, and what PUBLIC may execute: as REVOKE names it. */
  readonly open: readonly string[];
  readonly functions: readonly {
    readonly signature: string;
    readonly digest: string;
    readonly stamp: string | null;
    readonly safe: boolean;
  }[];
  /** The login may register connections. */
  readonly registers: boolean;
}

/** The digest is of what the server would run; the stamp says of which definition that was the outcome. */
const digestSql = 'pg_catalog.md5(pg_catalog.pg_get_functiondef(p.oid))';

const factsSql = `select n.oid is not null "exists",
  exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = 'caller' and c.relkind = 'r' and c.relpersistence = 'u' and c.relowner = n.nspowner) "hasTable",
  exists (select from pg_catalog.pg_class c join pg_catalog.pg_attribute t on t.attrelid = c.oid where c.relnamespace = n.oid and c.relname = 'caller' and t.attname = 'vars' and t.atttypid = 'pg_catalog.jsonb'::pg_catalog.regtype) "hasVars",
  array(select distinct x.what || ' FROM ' || case x.grantee when 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end from (
    select 'SCHEMA ${callerSchema}' what, a.grantee from pg_catalog.aclexplode(n.nspacl) a where a.privilege_type = 'CREATE' and a.grantee <> n.nspowner
    union all select 'TABLE ${table}', a.grantee from pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
      where c.relnamespace = n.oid and c.relname = 'caller' and a.grantee <> n.nspowner
    union all select 'TABLE ${table}', a.grantee from pg_catalog.pg_class c join pg_catalog.pg_attribute t on t.attrelid = c.oid, pg_catalog.aclexplode(t.attacl) a
      where c.relnamespace = n.oid and c.relname = 'caller'
    union all select 'FUNCTION ' || p.oid::pg_catalog.regprocedure, a.grantee from pg_catalog.pg_proc p, pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
      where p.pronamespace = n.oid and a.grantee = 0) x) "open",
  coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
      'signature', p.proname || '(' || pg_catalog.replace(pg_catalog.oidvectortypes(p.proargtypes), 'pg_catalog.', '') || ')',
      'digest', ${digestSql}, 'stamp', pg_catalog.obj_description(p.oid, 'pg_proc'), 'safe', p.prosecdef and p.proowner = n.nspowner))
    from pg_catalog.pg_proc p where p.pronamespace = n.oid), '[]') "functions",
  coalesce((select pg_catalog.has_schema_privilege($1::pg_catalog.name, n.oid, 'USAGE') and pg_catalog.has_function_privilege($1::pg_catalog.name, p.oid, 'EXECUTE')
    from pg_catalog.pg_proc p where p.pronamespace = n.oid and p.proname = 'register' limit 1), false) "registers"
from (select 1) one left join pg_catalog.pg_namespace n on n.nspname = '${callerSchema}'`;

/** Run with search_path = pg_catalog: names are written out in full then. */
const makeFunction = (signature: string, definition: string): readonly string[] => {
  const name = `${callerSchema}.${signature}`;
  return [
    `CREATE OR REPLACE ${definition}`,
    `REVOKE ALL ON FUNCTION ${name} FROM PUBLIC`,
    `DO $cloister$ BEGIN EXECUTE pg_catalog.format('COMMENT ON FUNCTION ${name} IS %L', '${stampOf(definition)} ' ||
  (SELECT ${digestSql} FROM pg_catalog.pg_proc p WHERE p.oid = '${name}'::pg_catalog.regprocedure)); END $cloister$`,
  ];
};

/** What is missing of the schema, or not as it must be. Nothing where all is right; `login` is whom the runtime connects as. */
export const planCallerSchema = async (client: Client, login: string): Promise<readonly string[]> => {
  const [facts] = (await client.query<CallerSchemaFacts>(factsSql, [login])).rows;
  if (facts === undefined) throw new TypeError('no row about the schema');
  const found = new Map(facts.functions.map((one) => [one.signature, one]));
  const isRight = (signature: string, definition: string): boolean => {
    const one = found.get(signature);
    return one?.safe === true && one.stamp === `${stampOf(definition)} ${one.digest}`;
  };
  const strange = [...found.keys()].filter((signature) => !functions.has(signature));
  return [
    ...(facts.exists ? [] : [`CREATE SCHEMA IF NOT EXISTS ${callerSchema}`]),
    ...(facts.hasTable ? [] : [tableSql]),
    ...(facts.hasTable && !facts.hasVars ? [varsSql] : []),
    ...facts.open.map((what) => `REVOKE ALL ON ${what}`),
    ...strange.map((signature) => `DROP FUNCTION IF EXISTS ${callerSchema}.${signature}`),
    ...[...functions].flatMap(([signature, definition]) => (isRight(signature, definition) ? [] : makeFunction(signature, definition))),
    ...(facts.registers
      ? []
      : [
          `GRANT USAGE ON SCHEMA ${callerSchema} TO ${escapeIdentifier(login)}`,
          ...hostFunctions.map((signature) => `GRANT EXECUTE ON FUNCTION ${callerSchema}.${signature} TO ${escapeIdentifier(login)}`),
        ]),
  ];
};
