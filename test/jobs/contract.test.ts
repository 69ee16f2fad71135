// The invariant: whatever keeps the jobs, the same sentences hold. Must never leave a connection open.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import pg from 'pg';
import { CloisterError } from '../../src/errors.ts';
import { jobBounds } from '../../src/jobs/bounds.ts';
import { openDatabaseStore } from '../../src/jobs/database/database-store.ts';
import { ensureTables } from '../../src/jobs/database/tables.ts';
import { unclaimed } from '../../src/jobs/job.ts';
import { MemoryStore } from '../../src/jobs/memory-store.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { cases } from './contract-cases.ts';
import { type Bench, done, Hosts, many, until } from './contract-hosts.ts';

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

describe('what only memory does', () => {
  const hosts = new Hosts(memory());
  afterEach(() => hosts.clear());
  test('each that is to come again comes when it is due, however many are', async () => {
    const host = hosts.start(({ attempt }) => Promise.resolve(attempt < 3 ? { kind: 'again', reason: 'no room' } : done), {
      beatMs: 600_000,
    });
    await until('it is there', () => host.queue.running === 0);
    await host.queue.put(many(1));
    await until('the first was tried twice', () => host.ran.length === 2);
    await host.queue.put(many(3));
    await until('all were tried three times', () => host.ran.length === 12 && host.queue.running === 0);
  });
  test('of each tenant it keeps the dead that came last, and says so of what nobody ran in time', async (context) => {
    const store = new MemoryStore({ openJobs: 10, deadOfTenant: 2, unclaimedMs: 1_000 });
    const told: string[] = [];
    store.onWork(
      () => undefined,
      ({ id }, reason) => told.push(`${id} ${reason}`),
    );
    const jobs = [...many(3, { tenant: 'one' }), ...many(2, { tenant: 'two' })];
    for (const job of jobs) await store.put([job], null);
    const claimed = await store.claim({ most: 100, mostOfShare: 100, running: new Map(), extensions: ['hears'] });
    assert.equal(claimed.length, jobs.length);
    const now = performance.now.bind(performance);
    let later = 0;
    context.mock.method(performance, 'now', () => now() + later);
    for (const one of claimed) {
      later += 1;
      await store.settle(one, { kind: 'dead', reason: 'cannot be read' });
    }
    await store.beat();
    assert.deepEqual(
      (await store.list(10)).map(({ id }) => id).toSorted(),
      jobs
        .slice(1)
        .map(({ id }) => id)
        .toSorted(),
    );
    const [waits] = many(1);
    assert.ok(waits);
    await store.put([waits], null);
    later += 2_000;
    await store.beat();
    assert.deepEqual(told, [`${waits.id} ${unclaimed}`]);
    await store.close();
  });
  test('a tenant’s jobs are counted in bytes', async () => {
    const host = hosts.start(undefined, {}, ['nobody']);
    const body = 'ä'.repeat(jobBounds.jobBytes.value / 2);
    const fit = jobBounds.openBytes.value / jobBounds.jobBytes.value;
    assert.ok(fit < openJobs + 10);
    for (let left = Math.min(fit, openJobs); left > 0; left -= 1) await host.queue.put(many(1, { body }));
    await assert.rejects(
      host.queue.put(many(1, { body })),
      (error: unknown) => error instanceof CloisterError && error.code === 'ERR_CAPACITY_EXCEEDED',
    );
  });
});
