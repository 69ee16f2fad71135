// The invariant: of all hosts that share a database one runs each due time of a schedule, whichever it is and whatever becomes of the others; what was not run is on the ledger. Must never leave a host behind.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import pg from 'pg';
import type { Extension } from '../../src/dispatch/extension.ts';
import { Schedules } from '../../src/events/schedules.ts';
import { jobBounds } from '../../src/jobs/bounds.ts';
import type { Claimed } from '../../src/jobs/job.ts';
import { MemoryStore } from '../../src/jobs/memory-store.ts';
import { JobQueue } from '../../src/jobs/queue.ts';
import type { TenantSettings } from '../../src/tenants/tenant-book.ts';
import type { ListTenants } from '../../src/tenants/tenant-list.ts';
import { hook } from '../helpers/hook.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const ticking = hook(
  `export default ({ schedule }, { database, env }) => schedule('* * * * * *', async () => { await database('ticks').insert({ host: env.HOST_NAME }); });`,
  { schedule: true },
  { registerMs: 20_000, wallMs: 10_000 },
  { database: { tables: { ticks: { create: true } } }, env: { keys: ['HOST_NAME'] } },
);
const setUp = 'create table ticks (id serial primary key, host text, due timestamptz default now());';
const patienceMs = 30_000;

let database: TestDatabase;
let client: pg.Client;
before(async () => {
  database = await openTestDatabase(setUp);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
after(async () => {
  await client.end();
  await database.close();
});

const openHost = (name: string, more: { readonly tenants?: ListTenants } = {}): Promise<TestRuntime> =>
  openTestRuntime({ extensions: { ticking }, options: { database: database.url, env: { HOST_NAME: name }, ...more } });
const ticksOf = async (name: string): Promise<number> =>
  Number((await client.query('select count(*) from ticks where host like $1', [name])).rows[0]?.count);
const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + patienceMs; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 50)))
    if (performance.now() > end) assert.fail(`${what}: not within ${patienceMs} ms`);
};
const moreOf = async (name: string, most: number): Promise<void> => {
  const start = await ticksOf(name);
  await until(`${most} more ticks of ${name}`, async () => (await ticksOf(name)) >= start + most);
};

/** Seconds without a job between the first and the last, and runs that no job was for. */
const unlike = `select (max(rank) / 1000 - min(rank) / 1000 + 1 - count(*))::int as gaps, greatest(0, (select count(*) from ticks) - count(*))::int as more
  from cloister.jobs where kind = 'schedule'`;

describe('a schedule on several hosts of one database', () => {
  afterEach(() => client.query('truncate ticks, cloister.jobs, cloister.job_tenants'));

  test('runs once at each due time, whichever host closes or begins', async () => {
    const first = await openHost('first');
    await moreOf('first', 1);
    const second = await openHost('second');
    try {
      assert.deepEqual(
        second.runtime.schedules().map(({ once: reach }) => reach),
        ['database'],
      );
      await moreOf('%', 2);
    } finally {
      await first.close();
    }
    try {
      await moreOf('second', 2);
    } finally {
      await second.close();
    }
    assert.deepEqual((await client.query(unlike)).rows, [{ gaps: 0, more: 0 }]);
  });

  test('runs once for each tenant at each due time, whichever host puts it', async () => {
    const tenants = () => Promise.resolve(['acme', 'other']);
    const hosts: TestRuntime[] = [];
    try {
      for (const name of ['one', 'two']) hosts.push(await openHost(name, { tenants }));
      await moreOf('%', 6);
    } finally {
      await Promise.all(hosts.map((host) => host.close()));
    }
    const { rows } = await client.query(
      `select string_agg(tenant, ' ' order by tenant) as tenants from cloister.jobs
       where kind = 'schedule' and tenant <> 'default' group by rank order by rank`,
    );
    // The last may have been put for one of them when the hosts were closed.
    assert.ok(rows.length >= 3);
    assert.deepEqual([...new Set(rows.slice(0, -1).map((row) => row.tenants))], ['acme other']);
    const jobs = await client.query(`select count(*) from cloister.jobs where kind = 'schedule' and tenant <> 'default'`);
    assert.ok((await ticksOf('%')) <= Number(jobs.rows[0]?.count));
  });

  test('goes on when the queue’s connections are cut', async () => {
    const host = await openHost('cut');
    try {
      await moreOf('cut', 1);
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cloister:jobs' and datname = current_database()",
      );
      await moreOf('cut', 3);
    } finally {
      await host.close();
    }
  });

  test('is made up for where the database was away for a moment, since a host was there', async () => {
    const host = await openHost('away');
    const admin = new URL(database.url);
    const name = admin.pathname.slice(1);
    admin.pathname = '/postgres';
    const outside = new pg.Client({ connectionString: admin.href });
    await outside.connect();
    try {
      await moreOf('away', 1);
      await outside.query(`alter database ${name} with allow_connections false`);
      await outside.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cloister:jobs' and datname = $1",
        [name],
      );
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await outside.query(`alter database ${name} with allow_connections true`);
      await moreOf('away', 4);
      assert.deepEqual(
        host.entries('life').filter(({ event }) => event === 'schedule.missed'),
        [],
      );
    } finally {
      await outside.query(`alter database ${name} with allow_connections true`);
      await outside.end();
      await host.close();
    }
  });
});

describe('a schedule where the embedder says which tenants there are', () => {
  const each = hook(
    `export default ({ schedule }, { env }) => schedule('* * * * * *', () => new Promise((resolve) => setTimeout(resolve, env.SLOW === undefined ? 0 : 2500)));`,
    { schedule: true },
    { registerMs: 20_000, wallMs: 30_000, cpuMs: 2_000 },
    { env: { keys: ['SLOW'] } },
  );
  const quick = { grants: { each: { env: { keys: [] } } } };
  const plans = new Map<string, TenantSettings>([
    ['slow', {}],
    ['without', { extensions: [] }],
    ['denied', { grants: { each: { emitter: { listen: [] } } } }],
    ['spent', { ...quick, quotas: { tenant: { cpuMs: { most: 0, perSeconds: 86_400 } } } }],
  ]);
  const names = ['acme', 'other', 'slow', 'without', 'denied', 'spent', 'acme'];
  let host: TestRuntime;
  before(async () => {
    host = await openTestRuntime({
      extensions: { each },
      options: {
        env: { SLOW: 'yes' },
        resolveTenant: (tenant) => plans.get(tenant) ?? quick,
        tenantCacheMs: 3_600_000,
        async *tenants() {
          yield* names;
        },
      },
    });
  });
  after(() => host.close());

  const runs = () => host.entries('request.end').filter(({ method, outcome }) => method === 'SCHEDULE' && outcome === 'answered');
  const of = (tenant: string) => runs().filter((one) => one.tenant === tenant);

  test('runs for each of them once for each due time, and for nobody who does not have it, denies it or has used up a quota', async () => {
    await waitUntil('runs of each', () => of('acme').length >= 3 && of('other').length >= 3 && of('slow').length >= 1, patienceMs);
    assert.deepEqual([...new Set(runs().map(({ tenant }) => tenant))].toSorted(), ['acme', 'other', 'slow']);
    const ids = runs().map(({ request }) => request);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual([...new Set(runs().map(({ chain }) => chain))], ['schedule']);
  });
  test('is left out where a tenant’s own run goes on, and goes on for the others', async () => {
    const before = of('acme').length;
    await waitUntil(
      'an overlap',
      () => host.entries('life').some(({ event, tenant }) => event === 'schedule.overlap' && tenant === 'slow'),
      patienceMs,
    );
    await waitUntil('runs of another', () => of('acme').length > before + 1, patienceMs);
  });
  test('runs for who is new from the next due time on', async () => {
    names.push('late');
    host.runtime.forgetTenant('late');
    await waitUntil('a run of the new one', () => of('late').length > 0, patienceMs);
  });
});

test('of hundreds of tenants a few run at once and each once, also where their round is begun again', async () => {
  const names = Array.from({ length: 400 }, (_, at) => `t${at}`);
  const jobs = new JobQueue(new MemoryStore(), { onFate: () => undefined, onFailure: (error) => assert.fail(String(error)) });
  const ran: string[] = [];
  let now = 0;
  let most = 0;
  const schedules = new Schedules({
    scope: jobs.scope,
    tenant: 'default',
    tenants: () => Promise.resolve(names),
    isFor: () => Promise.resolve(true),
    put: (all) => jobs.put(all),
    async run(_target, tenant) {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now -= 1;
      ran.push(tenant);
      return { outcome: { kind: 'done', text: '' }, waited: false };
    },
    onLife: (event, _extension, tenant) => assert.fail(`${event} ${tenant}`),
  });
  const rounds: Claimed[] = [];
  jobs.consume({
    extensions: () => ['each'],
    run(claimed, signal) {
      if (claimed.job.tenant === 'default') rounds.push(claimed);
      return schedules.run(claimed, signal);
    },
  });
  const soon = new Date(Date.now() + 1_000);
  const event = `${soon.getSeconds()} ${soon.getMinutes()} * * * *`;
  schedules.add({ id: 'each' } as Extension, [{ id: 1, channel: 'schedule', event, pattern: null }]);
  try {
    await waitUntil('a run of each', () => ran.length === names.length, patienceMs);
    const [round] = rounds;
    assert.ok(round !== undefined && rounds.length === 1);
    assert.deepEqual(await schedules.run(round, new AbortController().signal), { kind: 'done' });
    await waitUntil('quiet', () => now === 0);
    assert.deepEqual(ran.toSorted(), names.toSorted());
    assert.ok(most <= jobBounds.running.value, `${most} at once`);
  } finally {
    schedules.stop();
    await jobs.close();
  }
});

test('a run whose predecessor goes on is left out, and on the ledger', async () => {
  const host = await openTestRuntime({
    extensions: {
      slow: hook(
        `export default ({ schedule }) => schedule('* * * * * *', () => new Promise((resolve) => setTimeout(resolve, 2500)));`,
        { schedule: true },
        { wallMs: 20_000, registerMs: 20_000 },
      ),
    },
  });
  try {
    const overlap = await host.entry('life', ({ event }) => event === 'schedule.overlap');
    assert.deepEqual([overlap.extension, overlap.subject], ['slow', '* * * * * *']);
    await host.entry('request.end', (one) => one.method === 'SCHEDULE' && one.outcome === 'answered' && one.chain === 'schedule');
  } finally {
    await host.close();
  }
});

test('what a schedule emits has a chain of its own: it begins with the schedule and comes back to no event of its own', async () => {
  const host = await openTestRuntime({
    extensions: {
      turning: hook(
        `export default ({ schedule, filter }, { emitter, logger }) => {
          schedule('* * * * * *', async () => logger.info({ got: await emitter.emitFilter('turn.one', 1, {}) }, 'a turn'));
          filter('turn.one', async () => { try { return await emitter.emitFilter('turn.one', 1, {}); } catch (error) { return error.code; } });
        };`,
        { schedule: true, emit: ['turn.*'], listen: ['turn.*'] },
        { wallMs: 10_000, registerMs: 20_000 },
      ),
    },
  });
  try {
    await waitUntil('a turn', () => host.logs.some(({ msg }) => msg === 'a turn'));
    assert.deepEqual(host.logs.find(({ msg }) => msg === 'a turn')?.['guest'], { got: 'ERR_EVENT_LOOP' });
    const { subject } = await host.entry('life', ({ event }) => event === 'event.refused');
    assert.equal(subject, 'turn.one → turn.one');
  } finally {
    await host.close();
  }
});
