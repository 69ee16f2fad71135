// The bench's own PostgreSQL with the rows that scenario `database` reads. Must never touch another server.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openEmbeddedPostgres } from '../src/cli/demo/postgres.ts';

export interface BenchDatabase {
  readonly url: string;
  /** From now on new connections are served on this core; undefined: on any. */
  pin(core: number | undefined): void;
  close(): Promise<void>;
}

const seedSql = `
  CREATE TABLE bench_articles (
    id int PRIMARY KEY, title text NOT NULL, status text NOT NULL, summary text NOT NULL, views int NOT NULL, published_at timestamptz NOT NULL
  );
  INSERT INTO bench_articles
    SELECT n, 'Article ' || n, CASE WHEN n % 2 = 0 THEN 'published' ELSE 'draft' END, repeat('word ', 20), n * 7, '2026-01-01'::timestamptz + n * interval '1 hour'
    FROM generate_series(1, 100) AS n;
  ANALYZE bench_articles;
`;

const seed = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(seedSql);
  await client.end();
};

export const openBenchDatabase = async (): Promise<BenchDatabase> => {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  // The server may run as another user, who has to pass through.
  chmodSync(folder, 0o711);
  const postgres = await openEmbeddedPostgres({ folder: join(folder, 'database'), durable: false });
  await seed(postgres.url);
  const pid = (readFileSync(join(folder, 'database', 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0] ?? '').trim();
  return {
    url: postgres.url,
    // Backends are forked from the postmaster and inherit its core.
    pin: (core) => {
      spawnSync('taskset', ['-a', '-p', '-c', core === undefined ? '0-1023' : String(core), pid], { stdio: 'ignore' });
    },
    close: async () => {
      await postgres.close();
      remove();
    },
  };
};
