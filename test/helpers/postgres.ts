// Gives a test a fresh database on a real PostgreSQL server. Must never leave a server process, a database, a role or a folder behind.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { openEmbeddedPostgres } from '../../src/cli/demo/postgres.ts';

export interface TestDatabase {
  /** As a superuser. */
  readonly url: string;
  /** Drops the database, and the server where this call started it. */
  close(): Promise<void>;
}

interface TestServer {
  /** As a superuser. */
  readonly url: string;
  close(): Promise<void>;
}

const urlVariable = 'CLOISTER_TEST_DATABASE_URL';

/** A server of its own, in a temporary folder. It ends with this process, however that ends. */
const openTestServer = async (): Promise<TestServer> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'cloister-postgres-'));
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const server = await openEmbeddedPostgres({ folder, durable: false });
    return {
      url: server.adminUrl,
      async close() {
        await server.close();
        await removeFolder();
      },
    };
  } catch (error) {
    await removeFolder();
    throw error;
  }
};

/** The server that the test runner started for the whole run; without a runner, one for this call. */
const findTestServer = (): Promise<TestServer> | TestServer => {
  const given = process.env[urlVariable];
  return given === undefined || given === '' ? openTestServer() : { url: given, close: () => Promise.resolve() };
};

const withClient = async <Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
};

/** Its roles go with it: they hold privileges on no other database, and the server may outlive it. */
const dropDatabase = async (client: pg.Client, name: string): Promise<void> => {
  const roles = await client.query<{ readonly name: string }>(
    `select distinct r.rolname "name" from pg_roles r join pg_shdepend s on s.refobjid = r.oid
       join pg_database d on d.oid = case s.dbid when 0 then s.objid else s.dbid end where r.rolname like 'cloister\\_%' and d.datname = $1`,
    [name],
  );
  await client.query(`drop database if exists ${name} with (force)`);
  for (const role of roles.rows) await client.query(`drop role if exists ${pg.escapeIdentifier(role.name)}`);
};

/** `setUp` is SQL that is run in it, in one text. */
export const openTestDatabase = async (setUp = ''): Promise<TestDatabase> => {
  const server = await findTestServer();
  const name = `cloister_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const close = async (): Promise<void> => {
    await withClient(server.url, (client) => dropDatabase(client, name));
    await server.close();
  };
  try {
    await withClient(server.url, (client) => client.query(`create database ${name} template template0 encoding 'UTF8' locale 'C'`));
    if (setUp !== '') await withClient(url.href, (client) => client.query(setUp));
  } catch (error) {
    await close();
    throw error;
  }
  return { url: url.href, close };
};
