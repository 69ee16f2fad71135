// The ledger in a PostgreSQL table, partitioned by day, one chain a host. Must never take an entry that does not follow from the last one there.
import type { Client } from 'pg';
import { type BatchTarget, TargetBrokenError } from './batch-sink.ts';
import type { LedgerHead } from './entry.ts';
import { genesis } from './line.ts';

export interface LedgerTable extends BatchTarget {
  /** Where the chain in the table stands. */
  readonly head: LedgerHead;
}

/** Opens a connection that may create the schema `cloister`; who calls it ends it. */
export type Connect = () => Promise<Client>;

/**
 * Two hosts that start at once both come here. `entry` has no unique key but what a partition can have; the head's row is what keeps
 * the chain one: it moves only from the hash that the writer knows.
 */
const setUp = `
  SELECT pg_advisory_xact_lock(hashtextextended('cloister', 0)); SELECT pg_advisory_xact_lock(hashtextextended('cloister.ledger', 0));
  CREATE SCHEMA IF NOT EXISTS cloister;
  CREATE TABLE IF NOT EXISTS cloister.ledger (
    chain text NOT NULL, sequence bigint NOT NULL, time timestamptz NOT NULL,
    kind text NOT NULL, extension text NOT NULL, tenant text NOT NULL, request text, line text NOT NULL,
    PRIMARY KEY (chain, sequence, time)
  ) PARTITION BY RANGE (time);
  CREATE INDEX IF NOT EXISTS ledger_request ON cloister.ledger (request) WHERE request IS NOT NULL;
  CREATE INDEX IF NOT EXISTS ledger_extension ON cloister.ledger (extension, time);
  CREATE TABLE IF NOT EXISTS cloister.ledger_head (chain text PRIMARY KEY, sequence bigint NOT NULL, hash text NOT NULL);
  REVOKE ALL ON cloister.ledger, cloister.ledger_head FROM PUBLIC;
`;

interface Parsed {
  readonly sequence: number;
  readonly time: string;
  readonly previous: string;
  readonly hash: string;
  readonly kind: string;
  readonly extension: string;
  readonly tenant: string;
  readonly request?: string;
}

/** Seconds before a statement of the ledger's is given up: a lock, or a server that hangs. */
const statementMs = 10_000;

const inTransaction = async <Result>(client: Client, work: () => Promise<Result>): Promise<Result> => {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
};

/** UTC days, as the entries' times are. The name holds nothing but digits. */
const addPartition = async (client: Client, day: string): Promise<void> => {
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended('cloister.ledger', 0))");
  await client.query(
    `CREATE TABLE IF NOT EXISTS cloister.ledger_${day.replaceAll('-', '')} PARTITION OF cloister.ledger FOR VALUES FROM ('${day} 00:00:00+00') TO ('${next} 00:00:00+00')`,
  );
};

const insertEntries = `
  INSERT INTO cloister.ledger (chain, sequence, time, kind, extension, tenant, request, line)
  SELECT $1, * FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])`;

const moveHead = 'UPDATE cloister.ledger_head SET sequence = $2, hash = $3 WHERE chain = $1 AND sequence = $4 AND hash = $5';

const setHead = 'UPDATE cloister.ledger_head SET sequence = $2, hash = $3 WHERE chain = $1';

const readHead = async (client: Client, chain: string): Promise<LedgerHead> => {
  const { rows } = await client.query<{ readonly sequence: string; readonly hash: string }>(
    'SELECT sequence, hash FROM cloister.ledger_head WHERE chain = $1 FOR UPDATE',
    [chain],
  );
  return rows[0] === undefined ? genesis : { sequence: Number(rows[0].sequence), hash: rows[0].hash };
};

/** `chain` names this host's entries among those of others in the same table. */
export const openLedgerTable = async (connect: Connect, chain: string): Promise<LedgerTable> => {
  let client: Client | null = null;
  const days = new Set<string>();

  const connected = async (): Promise<Client> => {
    if (client !== null) return client;
    const opened = await connect();
    // A connection that is cut says so here as well as in the query under way.
    opened.on('error', () => {
      client = null;
    });
    opened.on('end', () => {
      client = null;
    });
    await opened.query(`SET statement_timeout = ${String(statementMs)}`);
    client = opened;
    return opened;
  };

  const first = await connected();
  await inTransaction(first, () => first.query(setUp));
  await first.query('INSERT INTO cloister.ledger_head VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [chain, genesis.sequence, genesis.hash]);
  let head = await readHead(first, chain);

  /** The answer to an earlier try may have been lost on its way, and not the entries: then the rest follows. */
  const skipKept = async (on: Client, entries: readonly Parsed[]): Promise<number> => {
    const found = await readHead(on, chain);
    const at = entries.findIndex((entry) => entry.sequence === found.sequence && entry.hash === found.hash);
    if (at >= 0) return at + 1;
    throw new TargetBrokenError(
      `its chain "${chain}" stands at entry ${String(found.sequence)} and not at ${String(head.sequence)}: another host writes to it; give each host a chain of its own and start again`,
    );
  };

  const insert = async (on: Client, given: readonly Parsed[], lines: readonly string[]): Promise<LedgerHead> => {
    const last = given.at(-1);
    if (last === undefined) return head;
    for (const day of new Set(given.map((entry) => entry.time.slice(0, 10)))) if (!days.has(day)) await addPartition(on, day);
    const moved = await on.query(moveHead, [chain, last.sequence, last.hash, head.sequence, head.hash]);
    const kept = moved.rowCount === 1 ? 0 : await skipKept(on, given);
    const entries = given.slice(kept);
    if (kept > 0) await on.query(setHead, [chain, last.sequence, last.hash]);
    const column = (key: keyof Parsed): readonly unknown[] => entries.map((entry) => entry[key] ?? null);
    await on.query(insertEntries, [
      chain,
      column('sequence'),
      column('time'),
      column('kind'),
      column('extension'),
      column('tenant'),
      column('request'),
      lines.slice(kept),
    ]);
    return { sequence: last.sequence, hash: last.hash };
  };

  return {
    name: 'the table cloister.ledger',
    get head() {
      return head;
    },
    async write(lines) {
      const entries = lines.map((line) => JSON.parse(line) as Parsed);
      const on = await connected();
      try {
        head = await inTransaction(on, () => insert(on, entries, lines));
        for (const entry of entries) days.add(entry.time.slice(0, 10));
      } catch (error) {
        // Whatever state it is in, the next try gets another.
        if (client === on) client = null;
        on.connection.stream.destroy();
        throw error;
      }
    },
    async close() {
      const on = client;
      client = null;
      await on?.end().catch(() => undefined);
    },
  };
};
