// The tables of all stores, in the schema that is Cloister's own. Must never be reachable for an extension's role.
import type { Client } from 'pg';
import { CloisterError } from '../../errors.ts';

/** What a DBA runs where the host's login may not; docs/database.md has it word for word. */
export const tablesSql = `CREATE SCHEMA IF NOT EXISTS cloister;
CREATE TABLE IF NOT EXISTS cloister.kv_spaces (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace text NOT NULL, extension text NOT NULL, tenant text NOT NULL,
  keys bigint NOT NULL DEFAULT 0, bytes bigint NOT NULL DEFAULT 0, version bigint NOT NULL DEFAULT 0,
  UNIQUE (namespace, extension, tenant)
);
CREATE TABLE IF NOT EXISTS cloister.kv (
  space bigint NOT NULL REFERENCES cloister.kv_spaces ON DELETE CASCADE,
  key text COLLATE "C" NOT NULL, value text NOT NULL, version bigint NOT NULL, bytes integer NOT NULL, expires_at timestamptz,
  PRIMARY KEY (space, key)
);
CREATE INDEX IF NOT EXISTS kv_expires ON cloister.kv (space, expires_at) WHERE expires_at IS NOT NULL;
REVOKE ALL ON cloister.kv, cloister.kv_spaces FROM PUBLIC;
`;

/** By the catalog alone: a name in a schema that may not be used is an error elsewhere. */
const readUsable = `
  SELECT c.relname, has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE') AS usable
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'cloister' AND c.relname IN ('kv', 'kv_spaces') AND c.relkind = 'r'`;

const refuse = (extension: string, cause: string): CloisterError =>
  new CloisterError(
    'ERR_DATABASE_UNSAFE',
    `extension ${extension}: kv: ${cause}; let a DBA run the SQL of docs/database.md, "The store of extensions", and grant this login SELECT, INSERT, UPDATE and DELETE on both tables`,
    { extension },
  );

/** Makes them where they are not there; throws ERR_DATABASE_UNSAFE where this login may neither use nor make them. */
export const ensureTables = async (client: Client, extension: string): Promise<void> => {
  const { rows } = await client.query<{ readonly usable: boolean }>(readUsable);
  if (rows.length === 2 && rows.every(({ usable }) => usable)) return;
  if (rows.length === 2) throw refuse(extension, 'this login may not use the tables cloister.kv and cloister.kv_spaces');
  try {
    // Two hosts that start at once both come here. In one text, so in one transaction.
    await client.query(
      `SELECT pg_advisory_xact_lock(hashtextextended('cloister', 0)); SELECT pg_advisory_xact_lock(hashtextextended('cloister.kv', 0));\n${tablesSql}`,
    );
  } catch (error) {
    throw refuse(
      extension,
      `the tables cloister.kv and cloister.kv_spaces cannot be made (${error instanceof Error ? error.message : String(error)})`,
    );
  }
};
