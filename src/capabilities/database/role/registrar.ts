// Registers a role's connections with the server, on one admin connection that is closed when idle. Must never learn a key: only its digest passes here.
import pg from 'pg';
import { CloisterError } from '../../../errors.ts';
import { databaseBounds } from '../bounds.ts';
import { CallerIdentity } from '../pool/caller-identity.ts';
import { callerSchema } from './caller-schema.ts';

export interface Registrar {
  register(client: pg.Client): Promise<CallerIdentity>;
  /** Gives up the connection it has: whatever it was, it may be dead. */
  renew(): void;
  close(): Promise<void>;
}

const registerSql = `select ${callerSchema}.register($1::pg_catalog.int4, $2::pg_catalog.name, $3::pg_catalog.bytea)`;

interface Session {
  readonly pid: number;
  readonly login: string;
}

/** The backend that answers is the one the login was told of; a pooler in between hands out numbers of its own. */
const readSession = async (client: pg.Client): Promise<Session> => {
  const [session] = (await client.query<Session>('select pg_catalog.pg_backend_pid() pid, session_user login')).rows;
  if (session === undefined || session.pid !== Reflect.get(client, 'processID'))
    throw new CloisterError(
      'ERR_DATABASE_UNSAFE',
      'a pooler stands between this host and PostgreSQL, so nobody knows on which backend a statement runs; connect without it',
    );
  return session;
};

const openPool = (config: pg.ClientConfig): pg.Pool => {
  const pool = new pg.Pool({
    ...config,
    max: 1,
    idleTimeoutMillis: databaseBounds.idleMs.value,
    connectionTimeoutMillis: databaseBounds.registerMs.value,
    query_timeout: databaseBounds.registerMs.value,
    keepAlive: true,
    application_name: 'cloister',
    allowExitOnIdle: true,
  });
  // An idle connection the server ended; the next registration opens another.
  pool.on('error', () => undefined);
  return pool;
};

export const openRegistrar = (config: pg.ClientConfig): Registrar => {
  let pool = openPool(config);
  let closed = false;
  return {
    async register(client) {
      const { pid, login } = await readSession(client);
      const identity = new CallerIdentity();
      await pool.query(registerSql, [pid, login, identity.digest]);
      return identity;
    },
    renew() {
      if (closed || pool.totalCount === 0) return;
      void pool.end();
      pool = openPool(config);
    },
    close() {
      closed = true;
      return pool.end();
    },
  };
};
