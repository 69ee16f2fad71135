// ItemsService as an extension has it: HTTP, ward, isolate, bridge, ledger, both walls. Must never give the extension more than a manifest could.
import assert from 'node:assert/strict';
import pg from 'pg';
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';
import { openTestDatabase } from './postgres.ts';
import { extension, type LogLine, openTestRuntime } from './runtime.ts';

/** Collection, method, arguments. */
export type ItemsCall = readonly [collection: string, method: string, ...args: readonly unknown[]];

export interface ItemsOutcome {
  /** What the call resolved with. */
  readonly result?: unknown;
  /** What it rejected with. */
  readonly error?: {
    readonly name: string;
    readonly code: string;
    readonly status: number;
    readonly extensions: unknown;
    readonly message: string;
  };
  /** Calls of `database.query` that the ledger has of it. */
  readonly statements: number;
}

export interface ItemsRuntime {
  /** As the superuser, beside everything under test. */
  readonly admin: pg.Client;
  /** All in one request of one extension, one after another. */
  run(extension: string, calls: readonly ItemsCall[]): Promise<readonly ItemsOutcome[]>;
  /** Runs a function body in the extension `code`, with `services` and `database`. */
  code(extension: string, body: string): Promise<unknown>;
  /** Of the host's logger. */
  readonly logs: readonly LogLine[];
  close(): Promise<void>;
}

const source = `export default (router, { services, database }) => {
  const show = (error) => ({ name: error.name, code: error.code, status: error.status, extensions: error.extensions, message: error.message });
  router.post('/run', async (req, res) => {
    const outcomes = [];
    for (const [collection, method, ...args] of req.body.calls)
      outcomes.push(await new services.ItemsService(collection, {})[method](...args).then((result) => ({ result }), (error) => ({ error: show(error) })));
    res.json(outcomes);
  });
  router.post('/code', async (req, res) => {
    const run = new Function('services', 'database', 'return (async () => {' + req.body.code + '})()');
    res.json(await run(services, database).then((result) => ({ result: result ?? null }), (error) => ({ error: show(error) })));
  });
};`;

const collectionsOf = (grant: DatabaseGrant): readonly string[] => Object.keys(grant.tables);

export interface ItemsRuntimeOptions {
  readonly setUp: string;
  readonly seed: string;
  /** Extensions and what each may do with which tables. */
  readonly grants: Readonly<Record<string, DatabaseGrant>>;
  /** Collections beyond those of the grant, to show that naming them gives nothing. */
  readonly more?: readonly string[];
  readonly identify?: NonNullable<NonNullable<Parameters<typeof openTestRuntime>[0]['options']>['identify']>;
  /** Further packages. */
  readonly beside?: Parameters<typeof openTestRuntime>[0]['extensions'];
}

export const openItemsRuntime = async ({
  setUp,
  seed,
  grants,
  more = [],
  identify,
  beside = {},
}: ItemsRuntimeOptions): Promise<ItemsRuntime> => {
  const database = await openTestDatabase(setUp);
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  await admin.query(seed);
  const extensions = Object.fromEntries(
    Object.entries(grants).map(([id, grant]) => {
      const services = { ItemsService: { methods: true, collections: [...collectionsOf(grant), ...more] } };
      return [id, extension(source, { capabilities: { database: grant, services } })];
    }),
  );
  const runtime = await openTestRuntime({
    extensions: { ...extensions, ...beside },
    options: {
      database: database.url,
      limits: { cpuMs: 20_000, wallMs: 60_000, hostCalls: 5_000, bodyOutBytes: 50_000_000 },
      ...(identify === undefined ? {} : { identify }),
    },
  });
  return {
    admin,
    logs: runtime.logs,
    async run(id, calls) {
      const { reply, calls: recorded } = await runtime.measure(`/${id}/run`, { method: 'POST', body: { calls } });
      assert.equal(reply.status, 200, reply.text.slice(0, 500));
      const own = recorded.filter(({ capability }) => capability === 'services').map(({ call }) => call);
      const outcomes = reply.json() as readonly Omit<ItemsOutcome, 'statements'>[];
      assert.equal(own.length, outcomes.length);
      return outcomes.map((outcome, index) => ({
        ...outcome,
        statements: recorded.filter(
          ({ cause, capability, method }) => cause === own[index] && capability === 'database' && method === 'query',
        ).length,
      }));
    },
    code: async (id, body) => (await runtime.post(`/${id}/code`, { code: body })).json(),
    async close() {
      await runtime.close();
      await admin.end();
      await database.close();
    },
  };
};
