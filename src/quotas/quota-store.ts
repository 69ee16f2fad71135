// Where hosts agree on what was used: a store of rate-limiter-flexible, in the host's own database or of the embedder's. Must never give a tenant's name to the store: keys are digests.
import { hash } from 'node:crypto';
import type { Client, QueryConfig } from 'pg';
import { type RateLimiterAbstract, RateLimiterPostgres } from 'rate-limiter-flexible';
import type { QuotaStore } from './quota-book.ts';

/** Any limiter of the library whose window can be said with each call: Redis, Valkey, PostgreSQL, memory … */
export const makeLimiterStore = (limiter: RateLimiterAbstract, close: () => Promise<void> = async () => undefined): QuotaStore => ({
  async add(key, { perSeconds }, points) {
    const { consumedPoints, msBeforeNext } = await limiter.penalty(hash('sha256', `${key} ${String(perSeconds)}`), points, {
      customDuration: perSeconds,
    });
    return { used: consumedPoints, leftMs: msBeforeNext };
  },
  close,
});

/** Two hosts may start at once. */
const setUp = `
  SELECT pg_advisory_xact_lock(hashtextextended('cloister', 0)); SELECT pg_advisory_xact_lock(hashtextextended('cloister.quotas', 0));
  CREATE SCHEMA IF NOT EXISTS cloister;
  CREATE TABLE IF NOT EXISTS cloister.quotas (key varchar(255) PRIMARY KEY, points integer NOT NULL DEFAULT 0, expire bigint);
  REVOKE ALL ON cloister.quotas FROM PUBLIC;
`;

/** Milliseconds before a statement is given up. */
const statementMs = 5_000;

/** The table `cloister.quotas`. Rejects where it can be neither found nor made; after that, a database that goes away comes back by itself. */
export const openDatabaseStore = async (connect: () => Promise<Client>): Promise<QuotaStore> => {
  let client: Promise<Client> | null = null;
  let closed = false;
  const open = async (): Promise<Client> => {
    const opened = await connect();
    const forget = (): void => {
      client = null;
    };
    opened.on('error', forget);
    opened.on('end', forget);
    await opened.query(`SET statement_timeout = ${String(statementMs)}`);
    return opened;
  };
  const connected = (): Promise<Client> => {
    if (closed) return Promise.reject(new Error('the store is closed'));
    client ??= open().catch((error: unknown) => {
      client = null;
      throw error;
    });
    return client;
  };
  /** A network that is cut without a word would keep a query for a quarter of an hour. */
  const query = async (config: QueryConfig): Promise<unknown> => {
    const on = await connected();
    const timer = setTimeout(() => on.connection.stream.destroy(), 2 * statementMs);
    try {
      return await on.query(config);
    } finally {
      clearTimeout(timer);
    }
  };
  await (await connected()).query(setUp);
  const limiter = new RateLimiterPostgres({
    storeClient: { query },
    storeType: 'client',
    schemaName: 'cloister',
    tableName: 'quotas',
    tableCreated: true,
    keyPrefix: '',
    points: 1,
    duration: 1,
  });
  return makeLimiterStore(limiter, async () => {
    // The limiter goes on clearing away what is over, every five minutes: it must not open a connection for that.
    closed = true;
    const last = await client?.catch(() => null);
    await last?.end();
  });
};
