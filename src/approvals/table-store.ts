// Approvals in the table cloister.approvals, scripts in cloister.artifacts, for several hosts. Must never be reachable for an extension's role.
import type { Client } from 'pg';
import { CloisterError } from '../errors.ts';
import { approvalBounds } from './bounds.ts';
import type { LockEntry, LockForm } from './lock.ts';
import type { ApprovalStore } from './store.ts';

/** Opens a connection that may create the schema `cloister`; who calls it ends it. */
export type Connect = () => Promise<Client>;

/** Two hosts that start at once both come here. */
const setUp = `
  BEGIN;
  SELECT pg_advisory_xact_lock(hashtextextended('cloister', 0)); SELECT pg_advisory_xact_lock(hashtextextended('cloister.approvals', 0));
  CREATE SCHEMA IF NOT EXISTS cloister;
  CREATE TABLE IF NOT EXISTS cloister.approvals (
    extension text PRIMARY KEY, version text NOT NULL, artifact text NOT NULL, approved_by text NOT NULL, approved_at timestamptz NOT NULL, entry jsonb NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS approvals_extension ON cloister.approvals (lower(extension));
  CREATE TABLE IF NOT EXISTS cloister.artifacts (artifact text PRIMARY KEY, script bytea NOT NULL, kept_at timestamptz NOT NULL DEFAULT now());
  REVOKE ALL ON cloister.approvals, cloister.artifacts FROM PUBLIC;
  COMMIT;
`;

const upsert = `
  INSERT INTO cloister.approvals (extension, version, artifact, approved_by, approved_at, entry) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (extension) DO UPDATE SET version = excluded.version, artifact = excluded.artifact, approved_by = excluded.approved_by,
    approved_at = excluded.approved_at, entry = excluded.entry`;

const prune = `
  DELETE FROM cloister.artifacts a WHERE NOT EXISTS (SELECT FROM cloister.approvals p WHERE p.artifact = a.artifact)
    AND a.artifact NOT IN (SELECT b.artifact FROM cloister.artifacts b WHERE NOT EXISTS (SELECT FROM cloister.approvals q WHERE q.artifact = b.artifact)
      ORDER BY b.kept_at DESC LIMIT $1)`;

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '3F000');

/** Reading makes nothing: a host needs no more than to look. */
export const openTableStore = (connect: Connect, form: LockForm): ApprovalStore => {
  const where = 'table cloister.approvals';
  /** A connection for each use: approvals are read at a start and changed by hand. */
  const use = async <Result>(work: (client: Client) => Promise<Result>): Promise<Result> => {
    const client = await connect();
    try {
      return await work(client);
    } catch (error) {
      if (error instanceof CloisterError || isMissing(error)) throw error;
      throw new CloisterError(
        'ERR_LOCK_INVALID',
        `${where}: ${error instanceof Error ? error.message : String(error)}`,
        {},
        { cause: error },
      );
    } finally {
      await client.end();
    }
  };
  const orNothing = async <Result>(nothing: Result, work: (client: Client) => Promise<Result>): Promise<Result> => {
    try {
      return await use(work);
    } catch (error) {
      if (isMissing(error)) return nothing;
      throw error;
    }
  };
  const parse = (id: string, entry: unknown): LockEntry => form.parseEntry(id, entry, where);
  return {
    where,
    read: () =>
      orNothing(new Map(), async (client) => {
        const { rows } = await client.query<{ readonly extension: string; readonly entry: unknown }>(
          'SELECT extension, entry FROM cloister.approvals',
        );
        return new Map(rows.map(({ extension, entry }) => [extension, parse(extension, entry)]));
      }),
    put: (id, entry) =>
      use(async (client) => {
        await client.query(setUp);
        await client.query('BEGIN');
        try {
          await client.query("SELECT pg_advisory_xact_lock(hashtextextended('cloister.approvals', 0))");
          const { rows } = await client.query<{ readonly entry: unknown }>('SELECT entry FROM cloister.approvals WHERE extension = $1', [
            id,
          ]);
          if (entry === null) await client.query('DELETE FROM cloister.approvals WHERE extension = $1', [id]);
          else await client.query(upsert, [id, entry.version, entry.artifact, entry.by, entry.at, JSON.stringify(entry)]);
          await client.query(prune, [approvalBounds.artifacts.value]);
          await client.query('COMMIT');
          // What stood there may not fit any more: that it is replaced must not fail by it.
          return (rows[0]?.entry as LockEntry | undefined) ?? null;
        } catch (error) {
          await client.query('ROLLBACK').catch(() => undefined);
          throw error;
        }
      }),
    keep: (artifact, script) =>
      use(async (client) => {
        await client.query(setUp);
        await client.query(
          'INSERT INTO cloister.artifacts (artifact, script) VALUES ($1, $2) ON CONFLICT (artifact) DO UPDATE SET script = excluded.script, kept_at = now()',
          [artifact, Buffer.from(script)],
        );
      }),
    load: (artifact) =>
      orNothing(null, async (client) => {
        const { rows } = await client.query<{ readonly script: Buffer }>('SELECT script FROM cloister.artifacts WHERE artifact = $1', [
          artifact,
        ]);
        return rows[0]?.script.toString('utf8') ?? null;
      }),
  };
};
