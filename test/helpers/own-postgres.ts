// A PostgreSQL server of a test's own, which can be stopped and started again on its port. Must never outlive the test.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../../src/cli/demo/postgres.ts';

export interface OwnPostgres {
  readonly port: number;
  /** As the superuser; `through`: by another port, a proxy's. */
  url(through?: number): string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Runs a text as the superuser, on a connection that ends with it. */
  run(sql: string): Promise<pg.QueryResult>;
  close(): Promise<void>;
}

export const openOwnPostgres = async (): Promise<OwnPostgres> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'cloister-outage-'));
  let server: EmbeddedPostgres = await openEmbeddedPostgres({ folder, durable: false });
  const own = new URL(server.adminUrl);
  const port = Number(own.port);
  return {
    port,
    url(through = port) {
      const url = new URL(own);
      url.port = String(through);
      return url.href;
    },
    stop: () => server.close(),
    async start() {
      server = await openEmbeddedPostgres({ folder, durable: false, port });
    },
    async run(sql) {
      const client = new pg.Client({ connectionString: own.href });
      await client.connect();
      try {
        return await client.query(sql);
      } finally {
        await client.end();
      }
    },
    async close() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
