// What connections and hosts that are lost leave behind in Postgres: nothing. Must never look at more than the database shows.
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import pg from 'pg';
import { openDatabaseStore } from '../../src/jobs/database/database-store.ts';
import { openListener } from '../../src/jobs/database/listener.ts';
import { openSession } from '../../src/jobs/database/session.ts';
import { ensureTables } from '../../src/jobs/database/tables.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { done, Hosts, makeJob, many, until } from './contract-hosts.ts';

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

/** A tenth of each long wait, so that nobody waits ten seconds. */
const hurry = (context: TestContext): void => {
  const real = globalThis.setTimeout;
  context.mock.method(globalThis, 'setTimeout', (call: () => void, ms = 0) => real(call, ms >= 5_000 ? ms / 10 : ms));
};
/** A server that takes connections and says nothing. */
const openSilent = async (): Promise<{ connect(): Promise<pg.Client>; close(): Promise<void> }> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return {
    async connect() {
      const client = new pg.Client({ host: '127.0.0.1', port });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

test('nobody waits for a database that takes connections and says nothing', async (context) => {
  hurry(context);
  const silent = await openSilent();
  context.after(() => silent.close());
  const session = openSession(silent.connect);
  const listener = openListener(silent.connect, 'lost');
  listener.open(() => undefined);
  const asked = await Promise.allSettled([session.query('select 1', []), session.query('select 2', [])]);
  await listener.close();
  await session.close();
  assert.deepEqual([asked.map(({ status }) => status), session.waiting], [['rejected', 'rejected'], 0]);
});

test('a statement that nobody waits for any more is not begun', async (context) => {
  hurry(context);
  await admin.query('create table if not exists asked (n integer)');
  const session = openSession(connect);
  await session.query('select 1', []);
  const first = session.transaction(() => new Promise<void>((resolve) => setTimeout(resolve, 3_000)));
  const second = session.query('insert into asked values (1)', []);
  await assert.rejects(second);
  await Promise.allSettled([first]);
  await session.close();
  assert.equal((await admin.query('select from asked')).rowCount, 0);
});

test('a host that hears nothing of its beat ends what it runs, and gives it to others when it is heard of again', async () => {
  const host = hosts.start(
    ({ attempt }, signal) =>
      attempt > 1
        ? Promise.resolve(done)
        : new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'pass', reason: 'lost' }))),
    { holdMs: 1_000 },
  );
  const job = makeJob();
  await host.queue.put([job]);
  await until('it runs', () => host.ran.length === 1);
  const { store } = host;
  const beat = store.beat.bind(store);
  const hangs = Promise.withResolvers<void>();
  store.beat = async (held, anew) => {
    await hangs.promise;
    return await beat(held, anew);
  };
  await until('it was ended', () => host.queue.running === 0);
  assert.equal((await admin.query('select from cloister.jobs where id = $1 and state = $2', [job.id, 'running'])).rowCount, 1);
  hangs.resolve();
  await until('it ran again', () => host.ran.length === 2 && host.queue.running === 0);
  assert.deepEqual([host.ran[1]?.attempt, host.fates], [2, [`again ${job.id}`]]);
});

test('a job that nobody ran in time is dead, and the ledger has it once', async () => {
  const first = hosts.start(undefined, {}, ['somebody else']);
  const job = makeJob({ kind: 'schedule', tenant: '', lane: { name: 'lane', rank: 1 } });
  await first.queue.put([job, makeJob({ kind: 'schedule', tenant: '' })]);
  await admin.query(`update cloister.jobs set created_at = now() - interval '2 days' where id = $1`, [job.id]);
  const later = [1, 2].map(() => hosts.start(undefined, {}, ['somebody else']));
  const told = (): readonly string[] => [first, ...later].flatMap(({ fates }) => fates);
  await until('somebody says so', () => told().length > 0);
  assert.deepEqual(told(), [`dead ${job.id}`]);
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

test('what a host was given and never heard of is run all the same, and what it runs is left alone', async () => {
  const gate = Promise.withResolvers<typeof done>();
  const host = hosts.start(() => gate.promise);
  const [runs, unheard] = [makeJob(), makeJob()];
  await host.queue.put([runs]);
  await until('the first runs', () => host.ran.length === 1);
  const other = hosts.start(undefined, {}, ['nothing yet']);
  await other.queue.put([{ ...unheard, extension: 'nobody has it' }]);
  await admin.query(
    `update cloister.jobs set state = 'running', attempts = 1, extension = 'hears', begun_at = clock_timestamp() - interval '1 minute',
       held_by = (select held_by from cloister.jobs where id = $1) where id in ($1, $2)`,
    [runs.id, unheard.id],
  );
  await until('the other runs too', () => host.ran.length === 2);
  gate.resolve(done);
  await until('both ended', () => host.queue.running === 0);
  assert.deepEqual(
    host.ran.map(({ job, attempt }) => [job.id, attempt]),
    [
      [runs.id, 1],
      [unheard.id, 2],
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
