// Reads what an embedder gives as `database` into the driver's configuration. Must never open a connection.
import type { ClientConfig } from 'pg';
import { CloisterError } from '../../errors.ts';

/** As much of a Knex instance as is looked at: its connection settings. Its pool stays the embedder's. */
export interface KnexLike {
  (...args: never[]): unknown;
  readonly client: { readonly config: { readonly client?: unknown; readonly connection?: unknown } };
}

/** A URL, the driver's own configuration, or the embedder's Knex instance for PostgreSQL. */
export type DatabaseSource = string | ClientConfig | KnexLike;

const knexClients = new Set<unknown>(['pg', 'postgres', 'postgresql']);

const invalid = (cause: string, remedy: string): CloisterError =>
  new CloisterError('ERR_OPTIONS_INVALID', `option database: ${cause}; ${remedy}`);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

const readUrl = (url: string): ClientConfig => {
  if (!/^postgres(?:ql)?:\/\//.test(url)) throw invalid('not a postgres:// URL', 'give postgres://user:password@host:port/database');
  return { connectionString: url };
};

const readConfig = (value: unknown): ClientConfig => {
  if (typeof value === 'string') return readUrl(value);
  if (!isObject(value)) throw invalid('no connection settings', 'give a URL, a pg configuration or a Knex instance');
  const config: ClientConfig = { ...value };
  // Knex hides the password from enumeration, so spreading loses it.
  const { password } = value;
  return typeof password === 'string' || typeof password === 'function'
    ? { ...config, password: password as NonNullable<ClientConfig['password']> }
    : config;
};

const isKnex = (source: DatabaseSource): source is KnexLike => typeof source === 'function';

export const readSource = async (source: DatabaseSource): Promise<ClientConfig> => {
  if (!isKnex(source)) return readConfig(source);
  const { client, connection } = source.client.config;
  // A dialect class instead of a name is as good as its own word.
  const name = typeof client === 'function' && isObject(client.prototype) ? client.prototype['driverName'] : client;
  if (!knexClients.has(name)) throw invalid(`the Knex instance is not for PostgreSQL but ${String(name)}`, 'only PostgreSQL is supported');
  const settings: unknown = typeof connection === 'function' ? await (connection as () => unknown)() : connection;
  if (settings === undefined)
    throw invalid('the Knex instance has no connection settings', 'give them to Knex as `connection`, or give Cloister a URL');
  return readConfig(settings);
};
