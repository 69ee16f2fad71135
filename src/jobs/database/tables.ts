// The tables of all jobs, in the schema that is Cloister's own. Must never be reachable for an extension's role.
import type { Client } from 'pg';
import { CloisterError } from '../../errors.ts';

/** What a DBA runs where the host's login may not; docs/jobs.md has it word for word. */
export const tablesSql = `CREATE SCHEMA IF NOT EXISTS cloister;
CREATE TABLE IF NOT EXISTS cloister.jobs (
  namespace text NOT NULL, id text NOT NULL, kind text NOT NULL, tenant text NOT NULL, extension text NOT NULL, what text NOT NULL,
  lane text, rank bigint, body text NOT NULL, bytes integer NOT NULL, tree text,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'dead')),
  attempts integer NOT NULL DEFAULT 0, held_by text, reason text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(), due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  begun_at timestamptz, ended_at timestamptz,
  PRIMARY KEY (namespace, id)
);
CREATE INDEX IF NOT EXISTS jobs_due ON cloister.jobs (namespace, kind, tenant, due_at) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS jobs_held ON cloister.jobs (namespace, held_by) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS jobs_lane ON cloister.jobs (namespace, lane, rank) WHERE lane IS NOT NULL AND state IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS jobs_ended ON cloister.jobs (namespace, state, ended_at) WHERE state IN ('done', 'dead');
CREATE TABLE IF NOT EXISTS cloister.job_tenants (
  namespace text NOT NULL, kind text NOT NULL, tenant text NOT NULL,
  open integer NOT NULL DEFAULT 0, bytes bigint NOT NULL DEFAULT 0, most integer, served_at timestamptz,
  PRIMARY KEY (namespace, kind, tenant)
);
CREATE TABLE IF NOT EXISTS cloister.job_trees (
  namespace text NOT NULL, id text NOT NULL, events bigint NOT NULL, turns bigint NOT NULL, touched_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, id)
);
CREATE TABLE IF NOT EXISTS cloister.job_hosts (
  namespace text NOT NULL, id text NOT NULL, pid integer, since text, beat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, id)
);
REVOKE ALL ON cloister.jobs, cloister.job_tenants, cloister.job_trees, cloister.job_hosts FROM PUBLIC;
`;

const names = ['jobs', 'job_tenants', 'job_trees', 'job_hosts'];

/** By the catalog alone: a name in a schema that may not be used is an error elsewhere. */
const readUsable = `
  SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE') AS usable
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'cloister' AND c.relname = ANY ($1::text[]) AND c.relkind = 'r'`;

const refuse = (cause: string): CloisterError =>
  new CloisterError(
    'ERR_DATABASE_UNSAFE',
    `option jobs: ${cause}; let a DBA run the SQL of docs/jobs.md, "Tables", and grant this login SELECT, INSERT, UPDATE and DELETE on them, or set jobs to "memory"`,
  );

/** Makes them where they are not there; throws ERR_DATABASE_UNSAFE where this login may neither use nor make them. */
export const ensureTables = async (client: Client): Promise<void> => {
  const { rows } = await client.query<{ readonly usable: boolean }>(readUsable, [names]);
  if (rows.length === names.length && rows.every(({ usable }) => usable)) return;
  if (rows.length === names.length) throw refuse('this login may not use the tables of jobs in the schema cloister');
  try {
    // Two hosts that start at once both come here. In one text, so in one transaction.
    await client.query(
      `SELECT pg_advisory_xact_lock(hashtextextended('cloister', 0)); SELECT pg_advisory_xact_lock(hashtextextended('cloister.jobs', 0));\n${tablesSql}`,
    );
  } catch (error) {
    throw refuse(`the tables of jobs in the schema cloister cannot be made (${error instanceof Error ? error.message : String(error)})`);
  }
};
