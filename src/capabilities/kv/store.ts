// The statements of a store. Every writer of a store holds its row of kv_spaces, so that quotas and versions are exact. Must never read an entry that has expired, nor one of another store.
import type { Client } from 'pg';
import { kvBounds } from './bounds.ts';
import type { DeleteArgs, ListArgs, SetArgs } from './contract.ts';
import { leaseOver } from './failure.ts';
import { type Held, type KvQuota, refuseOver } from './quota.ts';

/** Whose store: facts of the host. */
export interface Space {
  readonly namespace: string;
  readonly extension: string;
  readonly tenant: string;
}

export interface Entry {
  readonly key: string;
  /** JSON text; null where it was not asked for. */
  readonly value: string | null;
  readonly version: number;
  /** Milliseconds since 1970; null: it does not expire. */
  readonly expiresAt: number | null;
}

interface Row {
  readonly key: string;
  readonly value: string | null;
  readonly version: string;
  readonly expires: string | null;
}

const live = '(k.expires_at IS NULL OR k.expires_at > clock_timestamp())';
const ofSpace = 's.namespace = $1 AND s.extension = $2 AND s.tenant = $3';
const expires = 'floor(extract(epoch FROM k.expires_at) * 1000) AS expires';

const readOne = `
  SELECT k.key, k.value, k.version, ${expires} FROM cloister.kv k JOIN cloister.kv_spaces s ON s.id = k.space
  WHERE ${ofSpace} AND k.key = $4 AND ${live}`;

/** The largest text that begins with a prefix is filled up with the last character there is. `cut`: the values before it fill the page. */
const readPage = `
  SELECT key, CASE WHEN $7::boolean AND NOT cut THEN value END AS value, version, expires, $7::boolean AND cut AS cut FROM (
    SELECT k.key, k.value, k.version, ${expires},
      row_number() OVER (ORDER BY k.key) > 1 AND sum(k.bytes) OVER (ORDER BY k.key) > ${String(kvBounds.pageBytes.value)} AS cut
    FROM cloister.kv k JOIN cloister.kv_spaces s ON s.id = k.space
    WHERE ${ofSpace} AND k.key > $4 AND k.key >= $5 AND k.key <= $5 || repeat(chr(1114111), ${String(kvBounds.keyChars.value)}) AND ${live}
    ORDER BY k.key LIMIT $6
  ) page ORDER BY key`;

const lockSpace = `SELECT s.id, s.keys, s.bytes, s.version FROM cloister.kv_spaces s WHERE ${ofSpace} FOR UPDATE`;
const addSpace = 'INSERT INTO cloister.kv_spaces (namespace, extension, tenant) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING';
const purge = `
  WITH gone AS (DELETE FROM cloister.kv WHERE space = $1 AND expires_at <= clock_timestamp() RETURNING bytes)
  SELECT count(*) AS keys, coalesce(sum(bytes), 0) AS bytes FROM gone`;
const readKept = 'SELECT version, bytes FROM cloister.kv WHERE space = $1 AND key = $2';
const count = 'UPDATE cloister.kv_spaces SET keys = $2, bytes = $3, version = $4 WHERE id = $1';
const put = `
  WITH put AS (
    INSERT INTO cloister.kv (space, key, value, version, bytes, expires_at)
    VALUES ($1, $5, $6, $4, $7, clock_timestamp() + $8::float8 * interval '1 millisecond')
    ON CONFLICT (space, key) DO UPDATE SET value = excluded.value, version = excluded.version, bytes = excluded.bytes, expires_at = excluded.expires_at
  ) ${count}`;
const remove = `WITH gone AS (DELETE FROM cloister.kv WHERE space = $1 AND key = $5) ${count}`;

const toEntry = ({ key, value, version, expires: at }: Row): Entry => ({
  key,
  value,
  version: Number(version),
  expiresAt: at === null ? null : Number(at),
});

const parameters = ({ namespace, extension, tenant }: Space): readonly string[] => [namespace, extension, tenant];

export const getEntry = async (client: Client, space: Space, key: string): Promise<Entry | null> => {
  const { rows } = await client.query<Row>(readOne, [...parameters(space), key]);
  return rows[0] === undefined ? null : toEntry(rows[0]);
};

export interface Page {
  readonly entries: readonly Entry[];
  /** The last key, where more follow. */
  readonly cursor: string | null;
}

/** One more than the limit is read: it says that there are more. */
export const listEntries = async (client: Client, space: Space, { prefix, after, limit, values }: ListArgs): Promise<Page> => {
  const { rows } = await client.query<Row & { readonly cut: boolean }>(readPage, [...parameters(space), after, prefix, limit + 1, values]);
  const firstCut = rows.findIndex(({ cut }) => cut);
  const taken = rows.slice(0, Math.min(limit, firstCut < 0 ? limit : firstCut));
  return { entries: taken.map(toEntry), cursor: taken.length < rows.length ? (taken.at(-1)?.key ?? null) : null };
};

interface Locked extends Held {
  readonly id: string;
  readonly version: number;
  /** Of the key that is to be written; version 0 where there is none. */
  readonly kept: { readonly version: number; readonly bytes: number };
}

/** What a store holds, once no other writer is in it and what has expired is gone; null where there is none. */
const lock = async (client: Client, space: Space, key: string): Promise<Locked | null> => {
  type Counted = { readonly id: string; readonly keys: string; readonly bytes: string; readonly version: string };
  const { rows } = await client.query<Counted>(lockSpace, [...parameters(space)]);
  const [row] = rows;
  if (row === undefined) return null;
  const gone = (await client.query<Omit<Counted, 'id'>>(purge, [row.id])).rows[0];
  const kept = (await client.query<Omit<Counted, 'id'>>(readKept, [row.id, key])).rows[0];
  return {
    id: row.id,
    keys: Number(row.keys) - Number(gone?.keys ?? 0),
    bytes: Number(row.bytes) - Number(gone?.bytes ?? 0),
    version: Number(row.version),
    kept: { version: Number(kept?.version ?? 0), bytes: Number(kept?.bytes ?? 0) },
  };
};

/** null: nothing was written, and nothing is kept of the work. */
const inTransaction = async <Result>(client: Client, signal: AbortSignal, work: () => Promise<Result | null>): Promise<Result | null> => {
  await client.query('BEGIN');
  try {
    const result = await work();
    if (signal.aborted) throw leaseOver();
    await client.query(result === null ? 'ROLLBACK' : 'COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
};

/** The new version; null where `ifVersion` did not hold. */
export const setEntry = (client: Client, space: Space, args: SetArgs, quota: KvQuota, signal: AbortSignal): Promise<number | null> =>
  inTransaction(client, signal, async () => {
    const { key, value, ttlMs = null, ifVersion } = args;
    let held = await lock(client, space, key);
    if (held === null) {
      await client.query(addSpace, [...parameters(space)]);
      held = await lock(client, space, key);
    }
    if (held === null) throw new Error('the store was removed while it was written to');
    if (ifVersion !== undefined && ifVersion !== held.kept.version) return null;
    const bytes = Buffer.byteLength(key) + Buffer.byteLength(value);
    const then = { keys: held.keys + (held.kept.version === 0 ? 1 : 0), bytes: held.bytes - held.kept.bytes + bytes };
    refuseOver(quota, held, then);
    const version = held.version + 1;
    await client.query(put, [held.id, then.keys, then.bytes, version, key, value, bytes, ttlMs]);
    return version;
  });

/** false: it was not there, or `ifVersion` did not hold. */
export const deleteEntry = async (client: Client, space: Space, args: DeleteArgs, signal: AbortSignal): Promise<boolean> => {
  const { key, ifVersion } = args;
  const done = await inTransaction(client, signal, async () => {
    const held = await lock(client, space, key);
    if (held === null || held.kept.version === 0 || (ifVersion ?? held.kept.version) !== held.kept.version) return null;
    await client.query(remove, [held.id, held.keys - 1, held.bytes - held.kept.bytes, held.version, key]);
    return true;
  });
  return done === true;
};
