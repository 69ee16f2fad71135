// The registry's tables, in the schema that is Cloister's own. Must never be reachable for an extension's role.

/** What a DBA runs where the host's login may not; docs/deployment.md has it word for word. */
export const registryTablesSql = `CREATE SCHEMA IF NOT EXISTS cloister;
CREATE TABLE IF NOT EXISTS cloister.registry (
  namespace text PRIMARY KEY, revision bigint NOT NULL, state text NOT NULL, changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS cloister.releases (
  namespace text NOT NULL, digest text NOT NULL, extension text NOT NULL, put_at timestamptz NOT NULL, release text NOT NULL, archive bytea NOT NULL,
  PRIMARY KEY (namespace, digest)
);
CREATE TABLE IF NOT EXISTS cloister.registry_hosts (
  namespace text NOT NULL, host text NOT NULL, said_at timestamptz NOT NULL, report text NOT NULL,
  PRIMARY KEY (namespace, host)
);
REVOKE ALL ON cloister.registry, cloister.releases, cloister.registry_hosts FROM PUBLIC;
`;

/** By the catalog alone: a login that may use them need not be one that may make them. */
export const registryUsableSql = `
  SELECT count(*)::int = 3 AS usable FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'cloister' AND c.relname IN ('registry', 'releases', 'registry_hosts') AND c.relkind = 'r'
    AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')`;
