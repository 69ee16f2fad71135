// How many connections a host may open, against what the server takes. Reads only; must never guess where the server can be asked.
import type { Client } from 'pg';
import { databaseBounds } from '../bounds.ts';

export interface ConnectionCount {
  readonly roles: number;
  /** Of one role from one host, at most. */
  readonly perRole: number;
  /** Of extensions that are granted `kv`, at most. */
  readonly ofStores: number;
  /** Of the host's own, at most: registering, jobs, the ledger, quotas, the registry, describing. */
  readonly ofHost: number;
  /** roles × perRole + ofStores + ofHost */
  readonly oneHost: number;
  /** max_connections without what is reserved for superusers. */
  readonly available: number;
  /** How many such hosts the server takes, were nobody else there. */
  readonly hosts: number;
}

const sql = `select pg_catalog.sum(case s.name when 'max_connections' then s.setting::pg_catalog.int4 else - s.setting::pg_catalog.int4 end)::pg_catalog.int4 "available"
from pg_catalog.pg_settings s where s.name in ('max_connections', 'superuser_reserved_connections', 'reserved_connections')`;

export const countConnections = (roles: number, perRole: number, ofStores: number, available: number): ConnectionCount => {
  const ofHost = databaseBounds.hostConnections.value;
  const oneHost = roles * perRole + ofStores + ofHost;
  return { roles, perRole, ofStores, ofHost, oneHost, available, hosts: Math.floor(available / oneHost) };
};

export const readConnectionCount = async (client: Client, roles: number, perRole: number, ofStores: number): Promise<ConnectionCount> => {
  const { rows } = await client.query<{ readonly available: number }>(sql);
  return countConnections(roles, perRole, ofStores, rows[0]?.available ?? 0);
};
