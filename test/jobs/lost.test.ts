// What connections and hosts that are lost leave behind in Postgres: nothing. Must never look at more than the database shows.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import pg from 'pg';
import { openDatabaseStore } from '../../src/jobs/database/database-store.ts';
import { openSession } from '../../src/jobs/database/session.ts';
import { ensureTables } from '../../src/jobs/database/tables.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { Hosts, makeJob, many, until } from './contract-hosts.ts';

let database: TestDatabase;
let admin: pg.Client;

const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: database.url, application_name: 'lost' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

const hosts = new Hosts({
  shared: true,
  lanes: true,
  openJobs: 60,
  open: () => openDatabaseStore({ namespace: 'lost', openAdmin: connect }),
  cut: () => Promise.resolve(),
  async clear() {
    await admin.query('truncate cloister.jobs, cloister.job_tenants, cloister.job_trees, cloister.job_hosts');
  },
});

before(async () => {
  database = await openTestDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  await ensureTables(admin);
});
afterEach(() => hosts.clear());
after(async () => {
  await admin.end();
  await database.close();
});

test('a statement that fails leaves no connection behind', async () => {
  const opened: pg.Client[] = [];
  let ended = 0;
  const session = openSession(async () => {
    const client = await connect();
    client.on('end', () => void (ended += 1));
    opened.push(client);
    return client;
  });
  for (let round = 1; round <= 3; round += 1) {
    const [failed, next] = await Promise.allSettled([session.query('select 1/0', []), session.query('select 1', [])]);
    assert.deepEqual([failed.status, next.status], ['rejected', 'fulfilled']);
    await until('the failed one has ended', () => ended >= round);
    await session.query('select 2', []);
    assert.equal(opened.length, round + 1);
  }
  await session.close();
  await until('all have ended', () => ended === opened.length);
});

test('a connection that stays in a transaction is ended by the server', async () => {
  const session = openSession(connect);
  const [row] = await session.query<{ readonly given: string }>(
    "select current_setting('idle_in_transaction_session_timeout') as given",
    [],
  );
  await session.close();
  assert.equal(row?.given, '5s');
});

test('what is held by a host that nobody knows is run by another', async () => {
  const [held, next] = [1, 2].map((rank) => makeJob({ kind: 'schedule', tenant: '', lane: { name: 'lane', rank } }));
  assert.ok(held !== undefined && next !== undefined);
  const host = hosts.start(undefined, {}, ['nothing yet']);
  await host.queue.put([held]);
  await admin.query(
    "update cloister.jobs set state = 'running', attempts = 1, held_by = 'nobody', begun_at = clock_timestamp() where id = $1",
    [held.id],
  );
  const other = hosts.start();
  await other.queue.put([next]);
  await until('both ran', () => other.ran.length === 2);
  assert.deepEqual(
    other.ran.map(({ job, attempt }) => [job.id, attempt]),
    [
      [held.id, 2],
      [next.id, 1],
    ],
  );
});

test('a host that cannot say the end of a job before it closes gives it to others', async () => {
  const first = hosts.start();
  first.store.settle = () => Promise.reject(new Error('the connection broke'));
  const job = makeJob();
  await first.queue.put([job]);
  await until('it ran', () => first.ran.length === 1);
  await hosts.end(first, 100);
  const second = hosts.start();
  await until('the other has it', () => second.ran.length === 1);
  assert.deepEqual([second.ran[0]?.job.id, second.ran[0]?.attempt], [job.id, 2]);
});

test('a host begins nothing that it was given while it was told to stop, and gives it to others without an attempt', async () => {
  const first = hosts.start(undefined, {}, ['hears later']);
  const { store } = first;
  const claim = store.claim.bind(store);
  let ending: Promise<void> | null = null;
  store.claim = async (want) => {
    const claimed = await claim({ ...want, extensions: ['hears'] });
    if (claimed.length > 0) ending ??= hosts.end(first);
    return claimed;
  };
  const jobs = many(3);
  await first.queue.put(jobs);
  await until('it was told to stop', () => ending !== null);
  await ending;
  const second = hosts.start();
  await until('the other ran them', () => second.ran.length === 3);
  assert.deepEqual([first.ran, second.ran.map(({ attempt }) => attempt)], [[], [1, 1, 1]]);
});
