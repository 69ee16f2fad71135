// The database capability as the bridge drives it, on a real server, for tests. Must never stand in for a part of the capability itself.
import { Ajv } from 'ajv';
import pg from 'pg';
import type { GuestBridge } from '../../sandbox/kernel/guest-capability.ts';
import type { Caller, CapabilityInstance } from '../../src/bridge/capability.ts';
import { makeDatabaseCapability } from '../../src/capabilities/database/capability.ts';
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';
import type { Binding, QueryResult } from '../../src/capabilities/database/methods.ts';
import { type DatabaseOptions, type DatabaseResource, openDatabaseResource } from '../../src/capabilities/database/resource.ts';
import { CloisterError } from '../../src/errors.ts';
import { openTestDatabase, type TestDatabase } from './postgres.ts';

export interface OpenedExtension {
  readonly instance: CapabilityInstance;
  /** Through both walls, as a request would. */
  query(sql: string, bindings?: readonly Binding[], caller?: Caller): Promise<QueryResult>;
  /** Past the first wall: only the role is left. */
  queryUnadmitted(sql: string, bindings?: readonly Binding[], caller?: Caller): Promise<QueryResult>;
  /** The same inside a transaction of the caller's. */
  queryUnadmittedIn(sql: string, transaction: number, caller: Caller): Promise<QueryResult>;
  /** Any method, through the first wall; gives the parsed result. */
  call(method: string, args: object, caller?: Caller): Promise<unknown>;
  /** What a cell's guest side talks to: everything crosses as JSON text. All its calls are of one lease. */
  readonly bridge: GuestBridge;
  /** The same for a lease of one's own. */
  openBridge(caller: Caller): GuestBridge;
}

export interface DatabaseHarness {
  readonly url: string;
  readonly resource: DatabaseResource;
  /** As the superuser, beside everything under test. */
  readonly admin: pg.Client;
  open(grant: DatabaseGrant, options?: OpenOptions): Promise<OpenedExtension>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly id?: string;
  readonly more?: readonly DatabaseGrant[];
  readonly resource?: DatabaseResource;
  readonly resultBytes?: number;
}

export const makeCaller = (signal: AbortSignal = new AbortController().signal, remainingMs = 10_000): Caller => ({
  extension: 'test',
  version: '1.0.0',
  tenant: 'default',
  requestId: 'r1',
  accountability: null,
  cause: { parent: '', chain: [], tree: { events: 0, mostEvents: 0, turns: 0, mostTurns: 0, mostDepth: 0 } },
  signal,
  remainingMs: () => remainingMs,
});

const toGuestError = (error: unknown): Error => {
  if (!(error instanceof CloisterError)) throw error;
  return Object.assign(new Error(error.message), {
    code: error.code,
    status: error.status,
    extensions: { ...error.details, code: error.code },
  });
};

/** A harness that does not come to be leaves nothing behind that keeps the test alive. */
export const openDatabaseHarness = async (setUp: string, options: DatabaseOptions = {}): Promise<DatabaseHarness> => {
  const database = await openTestDatabase(setUp);
  try {
    return await makeHarness(database, options);
  } catch (error) {
    await database.close();
    throw error;
  }
};

const makeHarness = async (database: TestDatabase, options: DatabaseOptions): Promise<DatabaseHarness> => {
  const resource = await openDatabaseResource(database.url, options);
  const walls = { first: true };
  const capability = makeDatabaseCapability(walls);
  const ajv = new Ajv({ strict: true });
  const fits = new Map(Object.entries(capability.contract.methods).map(([name, method]) => [name, ajv.compile(method.args)]));
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const instances = new Set<CapabilityInstance>();

  const open = async (grant: DatabaseGrant, given: OpenOptions = {}): Promise<OpenedExtension> => {
    const grants = [grant, ...(given.more ?? [])];
    const limits = given.resultBytes === undefined ? undefined : { resultBytes: given.resultBytes };
    const instance = await capability.open({ id: given.id ?? 'test', version: '1.0.0' }, grants, {
      database: given.resource ?? resource,
      limits,
    });
    instances.add(instance);
    const policies = [...grants.map((one) => capability.makePolicy(one)), ...(instance.policy === undefined ? [] : [instance.policy])];

    const call = async (name: string, text: string, caller: Caller): Promise<string> => {
      const args: unknown = JSON.parse(text);
      if (fits.get(name)?.(args) !== true) throw new CloisterError('ERR_ARGUMENT_INVALID', 'the arguments do not fit');
      for (const policy of policies) {
        const decision = policy(name, args, caller.tenant);
        if (!decision.allow) throw new CloisterError('ERR_CAPABILITY_DENIED', decision.reason, { rule: decision.rule });
      }
      return (await instance.call(name, args, caller)).json;
    };

    const openBridge = (caller: Caller): GuestBridge => ({
      granted: true,
      boot: JSON.parse(JSON.stringify(instance.bootValue('default'))) as unknown,
      send: () => undefined,
      note: () => undefined,
      session: () => {
        throw new Error('a statement is one call');
      },
      async call(name, args) {
        try {
          return JSON.parse(await call(name, JSON.stringify(args), caller)) as unknown;
        } catch (error) {
          throw toGuestError(error);
        }
      },
    });

    const unadmitted = async (args: object, caller: Caller): Promise<QueryResult> => {
      // The statement is looked up before anything is awaited.
      walls.first = false;
      const running = instance.call('query', args, caller);
      walls.first = true;
      return JSON.parse((await running).json) as QueryResult;
    };

    return {
      instance,
      query: async (sql, bindings = [], caller = makeCaller()) =>
        JSON.parse(await call('query', JSON.stringify({ sql, bindings }), caller)) as QueryResult,
      queryUnadmitted: (sql, bindings = [], caller = makeCaller()) => unadmitted({ sql, bindings }, caller),
      queryUnadmittedIn: (sql, transaction, caller) => unadmitted({ sql, bindings: [], transaction }, caller),
      call: async (name, args, caller = makeCaller()) => JSON.parse(await call(name, JSON.stringify(args), caller)) as unknown,
      bridge: openBridge(makeCaller()),
      openBridge,
    };
  };

  return {
    url: database.url,
    resource,
    admin,
    open,
    async close() {
      await Promise.all([...instances].map((instance) => instance.close()));
      await admin.end();
      await resource.close();
      await database.close();
    },
  };
};
