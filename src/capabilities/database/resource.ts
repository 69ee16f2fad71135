// The embedder's database as the capability uses it: where it is, who sets up roles, and how a role's connections are opened. Must never run guest text on the admin connection.
import pg from 'pg';
import { CloisterError } from '../../errors.ts';
import { databaseBounds } from './bounds.ts';
import { defaultSchema } from './names.ts';
import type { CallerIdentity } from './pool/caller-identity.ts';
import type { Finding } from './role/findings.ts';
import type { RoleIdentity } from './role/identity.ts';
import { openRegistrar } from './role/registrar.ts';
import { type DatabaseSource, readSource } from './source.ts';

export interface DatabaseOptions {
  /** Roles' passwords are derived from it. Where absent, from the password of the connection: every host with the same connection agrees. */
  readonly roleSecret?: string;
  /** Keeps apart several applications that use one database. */
  readonly namespace?: string;
  /** Connections of one extension, at most. */
  readonly maxConnections?: number;
  /** A connection that was idle this long is closed. */
  readonly idleMs?: number;
  /** A statement waits this long for a connection. */
  readonly waitMs?: number;
  /** Time of one transaction or stream, and how long it may go without a statement. */
  readonly transactionMs?: number;
  readonly transactionIdleMs?: number;
  /** Told once of each place where PUBLIC's privileges make the second wall thinner than a grant. */
  readonly onFinding?: (finding: Finding) => void;
}

export interface DatabaseResource {
  /** Name of the database. */
  readonly database: string;
  readonly namespace: string;
  readonly roleSecret: string | undefined;
  readonly maxConnections: number;
  readonly idleMs: number;
  readonly waitMs: number;
  readonly transactionMs: number;
  readonly transactionIdleMs: number;
  /** Server and port, for messages and for cancelling. */
  readonly address: DatabaseAddress;
  /** Lends the admin connection to trusted code: the capability's own SQL, never a guest's. */
  withAdmin<Result>(use: (client: pg.Client) => Promise<Result>): Promise<Result>;
  /** A connection of the embedder's own for the host's own tables; who asks for it ends it. */
  openAdmin(applicationName: string): Promise<pg.Client>;
  /** A new client, not connected yet, that logs in as a role. */
  makeRoleClient(role: RoleIdentity, applicationName: string): pg.Client;
  /** Gives a connection that logged in as a role, before any guest's statement runs on it, the key to say on whose behalf it works. */
  register(client: pg.Client): Promise<CallerIdentity>;
  /** The network was cut without a word, most likely: no connection of before is trusted. */
  renew(): void;
  /** Called at each renewal, until the returned function is. */
  onRenew(listener: () => void): () => void;
  report(finding: Finding): void;
  close(): Promise<void>;
}

export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
}

const maxReported = 1_000;

const unreachable = (address: DatabaseAddress, database: string, error: unknown): CloisterError =>
  new CloisterError(
    'ERR_DATABASE_UNSAFE',
    `option database: cannot connect to ${database} at ${address.host}:${String(address.port)} (${error instanceof Error ? error.message : 'unknown cause'}); check that the server runs and that user and password are right`,
    {},
    { cause: error },
  );

/** Checks once that the connection works; holds none open after that. */
export const openDatabaseResource = async (source: DatabaseSource, options: DatabaseOptions = {}): Promise<DatabaseResource> => {
  const config = await readSource(source);
  // The driver's own reading of the configuration: URL, defaults and PG* variables included.
  const probe = new pg.Client(config);
  const address = { host: probe.host, port: probe.port };
  const database = probe.database ?? probe.user ?? '';
  const { password } = probe;
  const ssl = probe.ssl;
  const reported = new Set<string>();
  const registrar = openRegistrar(config);
  const pending = new Set<Promise<unknown>>();
  /** One for each open extension. */
  const listeners = new Set<() => void>();
  let closed = false;

  const openAdmin = async (applicationName: string): Promise<pg.Client> => {
    const client = new pg.Client({ ...config, connectionTimeoutMillis: databaseBounds.connectMs.value, application_name: applicationName });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      client.connection.stream.destroy();
      throw unreachable(address, database, error);
    }
  };

  const lendAdmin = async <Result>(use: (client: pg.Client) => Promise<Result>): Promise<Result> => {
    const client = await openAdmin('cloister');
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  };

  const resource: DatabaseResource = {
    database,
    namespace: options.namespace ?? '',
    roleSecret: options.roleSecret ?? (typeof password === 'string' && password !== '' ? password : undefined),
    maxConnections: options.maxConnections ?? databaseBounds.connections.value,
    idleMs: options.idleMs ?? databaseBounds.idleMs.value,
    waitMs: options.waitMs ?? databaseBounds.waitMs.value,
    transactionMs: options.transactionMs ?? databaseBounds.transactionMs.value,
    transactionIdleMs: options.transactionIdleMs ?? databaseBounds.transactionIdleMs.value,
    address,
    async withAdmin(use) {
      if (closed) throw new CloisterError('ERR_RUNTIME_CLOSED', 'the database resource is closed');
      const work = lendAdmin(use);
      pending.add(work);
      return await work.finally(() => pending.delete(work));
    },
    openAdmin,
    makeRoleClient: (role, applicationName) =>
      new pg.Client({
        host: address.host,
        port: address.port,
        database,
        user: role.name,
        // A function, because the driver would fall back to PGPASSWORD where there is none.
        password: () => role.password ?? '',
        ssl,
        // Set here as well as on the role: PGOPTIONS of the host's environment must not move unqualified names to another schema.
        options: `-c search_path=pg_catalog,${defaultSchema},pg_temp -c standard_conforming_strings=on`,
        application_name: applicationName,
        connectionTimeoutMillis: databaseBounds.connectMs.value,
        keepAlive: true,
      }),
    register: (client) => registrar.register(client),
    renew() {
      registrar.renew();
      for (const listener of listeners) listener();
    },
    onRenew(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    report(finding) {
      if (reported.has(finding.what) || reported.size >= maxReported) return;
      reported.add(finding.what);
      options.onFinding?.(finding);
    },
    async close() {
      closed = true;
      await Promise.allSettled(pending);
      await registrar.close();
    },
  };
  await resource.withAdmin(async (client) => {
    await client.query('select 1');
  });
  return resource;
};
