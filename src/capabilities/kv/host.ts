// Keeps an extension's own values, each tenant's apart. Must never take whose store it is from anything but the caller.
import type { Client } from 'pg';
import type { Caller, CallResult, Capability, CapabilityInstance } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { type Connections, openConnections } from './connections.ts';
import { type DeleteArgs, type GetArgs, type KvGrant, kvContract, type ListArgs, type SetArgs } from './contract.ts';
import { makeFailure } from './failure.ts';
import { kvLearning } from './learn.ts';
import { makeKvPolicy } from './policy.ts';
import { coversKv, type KvQuota, quotaOf } from './quota.ts';
import { deleteEntry, type Entry, getEntry, listEntries, type Space, setEntry } from './store.ts';
import { ensureTables } from './tables.ts';

export interface KvResources {
  /** The embedder's database, by the host's own login. */
  readonly database:
    | {
        readonly namespace: string;
        openAdmin(applicationName: string): Promise<Client>;
        withAdmin<Result>(use: (client: Client) => Promise<Result>): Promise<Result>;
      }
    | undefined;
}

/** What was stored is JSON text: it crosses as it is. */
const entryJson = ({ key, value, version, expiresAt }: Entry): string =>
  `{"key":${JSON.stringify(key)},"version":${String(version)},"expiresAt":${String(expiresAt)}${value === null ? '' : `,"value":${value}`}}`;

const refuseValue = (value: string, { maxValueBytes }: KvQuota): void => {
  const used = Buffer.byteLength(value);
  if (used > maxValueBytes)
    throw new CloisterError('ERR_ARGUMENT_INVALID', `kv.set: the value is over maxValueBytes (${String(maxValueBytes)})`, {
      limit: 'maxValueBytes',
      allowed: maxValueBytes,
      used,
    });
  try {
    JSON.parse(value);
  } catch {
    throw new CloisterError('ERR_ARGUMENT_INVALID', 'kv.set: "value" is not JSON text');
  }
};

const makeInstance = (connections: Connections, namespace: string, grants: readonly KvGrant[]): CapabilityInstance => {
  const quota = quotaOf(grants);
  const call = async (client: Client, space: Space, method: string, args: unknown, signal: AbortSignal): Promise<CallResult> => {
    switch (method) {
      case 'get': {
        const entry = await getEntry(client, space, (args as GetArgs).key);
        return { json: entry === null ? 'null' : entryJson(entry), rows: entry === null ? 0 : 1 };
      }
      case 'set': {
        const version = await setEntry(client, space, args as SetArgs, quota, signal);
        return { json: String(version), rows: version === null ? 0 : 1 };
      }
      case 'delete': {
        const done = await deleteEntry(client, space, args as DeleteArgs, signal);
        return { json: String(done), rows: done ? 1 : 0 };
      }
      default: {
        const { entries, cursor } = await listEntries(client, space, args as ListArgs);
        return { json: `{"entries":[${entries.map(entryJson).join(',')}],"cursor":${JSON.stringify(cursor)}}`, rows: entries.length };
      }
    }
  };
  return {
    async call(method, args, { extension, tenant, signal }: Caller) {
      if (method === 'set') refuseValue((args as SetArgs).value, quota);
      const space: Space = { namespace, extension, tenant };
      try {
        return await connections.use(tenant, signal, (client) => call(client, space, method, args, signal));
      } catch (error) {
        throw makeFailure(error);
      }
    },
    bootValue: () => null,
    narrowed: (grant) => makeInstance(connections, namespace, [...grants, grant as KvGrant]),
    close: () => connections.close(),
  };
};

export const kvCapability: Capability<KvResources, KvGrant> = {
  contract: kvContract,
  learning: kvLearning,
  makePolicy: makeKvPolicy,
  covers: coversKv,
  async open({ id }, grants, { database }, waived = []) {
    if (database === undefined)
      throw new CloisterError(
        'ERR_OPTIONS_INVALID',
        `extension ${id}: kv is granted but there is no database to keep it in; pass the option database, or take the grant away`,
        { extension: id },
      );
    await database.withAdmin((client) => ensureTables(client, id));
    // Sizes deny nothing that a grant could waive: they hold in mode audit too.
    return makeInstance(
      openConnections(() => database.openAdmin('cloister:kv')),
      database.namespace,
      [...grants, ...waived],
    );
  },
};
