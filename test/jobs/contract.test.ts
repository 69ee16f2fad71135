// The invariant: whatever keeps the jobs, the same sentences hold. Must never leave a connection open.
import { after, afterEach, before, describe, test } from 'node:test';
import pg from 'pg';
import { openDatabaseStore } from '../../src/jobs/database/database-store.ts';
import { ensureTables } from '../../src/jobs/database/tables.ts';
import { MemoryStore } from '../../src/jobs/memory-store.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { cases } from './contract-cases.ts';
import { type Bench, Hosts } from './contract-hosts.ts';

const openJobs = 60;

const memory = (): Bench => ({
  shared: false,
  lanes: true,
  openJobs,
  open: () => new MemoryStore({ openJobs }),
  cut: () => Promise.resolve(),
  clear: () => Promise.resolve(),
});

let database: TestDatabase;
let admin: pg.Client;

const postgres = (): Bench => {
  let last = 0;
  const names = new Map<unknown, string>();
  const cut = new Set<string>();
  return {
    shared: true,
    lanes: true,
    openJobs,
    open() {
      last += 1;
      const name = `contract ${String(last)}`;
      const openAdmin = async (): Promise<pg.Client> => {
        if (cut.has(name)) throw new Error('its network is cut');
        const client = new pg.Client({ connectionString: database.url, application_name: name });
        client.on('error', () => undefined);
        await client.connect();
        return client;
      };
      const store = openDatabaseStore({ namespace: 'contract', openAdmin }, { openJobs, quietMs: 1_000, passMs: 100 });
      names.set(store, name);
      return store;
    },
    async cut(store) {
      cut.add(names.get(store) ?? '');
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [names.get(store)]);
    },
    async clear() {
      await admin.query('truncate cloister.jobs, cloister.job_tenants, cloister.job_trees, cloister.job_hosts');
    },
  };
};

before(async () => {
  database = await openTestDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  await ensureTables(admin);
});
after(async () => {
  await admin.end();
  await database.close();
});

for (const [name, makeBench] of [
  ['in memory', memory],
  ['in Postgres', postgres],
] as const)
  describe(`a queue ${name}`, () => {
    const hosts = new Hosts(makeBench());
    afterEach(() => hosts.clear());
    for (const [sentence, run, only] of cases)
      if ((only !== 'shared' || hosts.bench.shared) && (only !== 'lanes' || hosts.bench.lanes)) test(sentence, () => run(hosts));
  });
