// The embedded PostgreSQL behind `npm start`, the tests and the bench: a real server under one folder. Must never listen beyond this machine or keep a known password.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import pg from 'pg';
import { CloisterError } from '../../errors.ts';
import { findPostgresBinaries } from './binaries.ts';
import { dataFolderIn, openCluster } from './cluster.ts';
import { openServer, recoverFolder, type Server } from './server.ts';
import { findServerUser } from './server-user.ts';

export interface EmbeddedPostgres {
  /** Of the role that owns the database: may make roles, is no superuser. */
  readonly url: string;
  /** Of the superuser: for tests only. */
  readonly adminUrl: string;
  close(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Where everything is kept. */
  readonly folder: string;
  readonly port?: number;
  /** false: faster, and a crash of the machine may lose data. For tests and the bench. */
  readonly durable?: boolean;
}

const ownerRole = 'cloister';
const databaseName = 'cloister';
const portTries = 3;
const fastFlags = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

const findFreePort = (): Promise<number> =>
  new Promise((done, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === 'object' ? done(address.port) : reject(new Error('no port'))));
    });
  });

/** A free port may be gone before the server binds it; a given one is tried once. */
const openOnFreePort = async (given: number | undefined, open: (port: number) => Promise<Server>): Promise<readonly [number, Server]> => {
  for (let tries = 1; ; tries += 1) {
    const port = given ?? (await findFreePort());
    try {
      return [port, await open(port)];
    } catch (error) {
      const taken = error instanceof CloisterError && error.message.includes('could not bind');
      if (given !== undefined || !taken || tries === portTries) throw error;
    }
  }
};

/** Makes the owning role and its database, once. The password is random and base64url, so it needs no quoting. */
const createDatabase = async (adminUrl: string, password: string): Promise<void> => {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [databaseName]);
    if (rowCount !== 0) return;
    const role = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [ownerRole]);
    if (role.rowCount === 0) await client.query(`CREATE ROLE ${ownerRole} LOGIN CREATEROLE NOSUPERUSER PASSWORD '${password}'`);
    await client.query(`CREATE DATABASE ${databaseName} OWNER ${ownerRole}`);
    // PostgreSQL gives everybody temporary tables; no extension's role needs them.
    await client.query(`REVOKE TEMPORARY ON DATABASE ${databaseName} FROM PUBLIC`);
  } finally {
    await client.end();
  }
};

/** Starts the server, making its data on the first call. One process at a time may hold a folder: take its lock before. */
export const openEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const folder = resolve(options.folder);
  mkdirSync(folder, { recursive: true });
  const binaries = findPostgresBinaries();
  const data = dataFolderIn(folder);
  const user = findServerUser(folder, [binaries.postgres, data]);
  await recoverFolder(data);
  const { password } = await openCluster(folder, binaries, user);
  const flags = options.durable === false ? fastFlags : [];
  const [port, server] = await openOnFreePort(options.port, (candidate) =>
    openServer({ command: binaries.postgres, data, port: candidate, user, flags }),
  );
  const urlOf = (role: string, database: string): string => `postgres://${role}:${password}@127.0.0.1:${port}/${database}`;
  try {
    await createDatabase(urlOf('postgres', 'postgres'), password);
  } catch (error) {
    await server.close();
    throw error;
  }
  return { url: urlOf(ownerRole, databaseName), adminUrl: urlOf('postgres', databaseName), close: () => server.close() };
};
