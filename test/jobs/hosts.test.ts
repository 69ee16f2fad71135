// The invariant: over three real hosts, one of them killed in the middle, every action and every due time of a schedule has its turn, and none but the killed host's has two. Must never leave a host behind.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Client, makeClient } from '../helpers/client.ts';
import { hook } from '../helpers/hook.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { openTemporaryFolder } from '../packages/package-writer.ts';
import { makeTalks } from './talks.ts';

const patienceMs = 60_000;
const limits = { registerMs: 60_000, wallMs: 60_000, cpuMs: 20_000, callsPending: 64 };
const packages = {
  talks: makeTalks(limits),
  hears: hook(
    `export default ({ action, schedule }, { database, env }) => {
      const work = async (row) => {
        await database('runs').insert({ host: env.HOST_NAME, state: 'begun', ...row });
        await new Promise((resolve) => setTimeout(resolve, env.HOST_NAME === 'one' && row.what !== 'tick' ? 1500 : 50));
        await database('runs').insert({ host: env.HOST_NAME, state: 'ended', ...row });
      };
      action('work.*', ({ event }, { accountability }) => work({ what: event, who: accountability.who }));
      schedule('* * * * * *', () => work({ what: 'tick', who: '' }));
    };`,
    { listen: ['work.*'], schedule: true },
    limits,
    { database: { tables: { runs: { create: true } } }, env: { keys: ['HOST_NAME'] } },
  ),
};

interface Host {
  readonly child: ChildProcess;
  readonly client: Client;
}

let database: TestDatabase;
let admin: pg.Client;
const hosts: Host[] = [];
let folder: Awaited<ReturnType<typeof openTemporaryFolder>>;

const startHost = async (name: string): Promise<Host> => {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'job-host.ts'), folder.root, name, JSON.stringify({ database: database.url })],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  assert.ok(child.stdout !== null);
  const [said] = (await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => assert.fail('the host did not start')),
  ])) as readonly Buffer[];
  return { child, client: makeClient((JSON.parse(String(said)) as { readonly port: number }).port) };
};
const endHost = async ({ child, client }: Host): Promise<void> => {
  client.close();
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
};

const rows = async <Row extends pg.QueryResultRow>(sql: string): Promise<readonly Row[]> => (await admin.query<Row>(sql)).rows;
const overview = `select kind, tenant, state, attempts, max(reason) as reason, count(*)::int as jobs,
  (select count(distinct what)::int from runs where what <> 'tick' and state = 'ended') as ran from cloister.jobs group by 1, 2, 3, 4`;
const until = async (what: string, sql: string): Promise<void> => {
  for (const end = performance.now() + patienceMs; (await rows(sql)).length === 0; await sleep(50))
    if (performance.now() > end) assert.fail(`${what}: not within ${String(patienceMs)} ms; ${JSON.stringify(await rows(overview))}`);
};

before(async () => {
  database = await openTestDatabase(
    'create table runs (id serial primary key, host text, state text, what text, who text, at timestamptz default clock_timestamp());',
  );
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  folder = await openTemporaryFolder();
  for (const [name, files] of Object.entries(packages))
    for (const [file, content] of Object.entries(files)) await folder.write({ [`${name}/${file}`]: content });
  // The first makes tables and roles; the others find them.
  hosts.push(await startHost('one'));
  hosts.push(...(await Promise.all([startHost('two'), startHost('three')])));
});
after(async () => {
  await Promise.all(hosts.map(endHost));
  await admin.end();
  await database.close();
  await folder.remove();
});

test('every action and every due time has its turn, and none has two but what the killed host ran', async () => {
  await until('the schedule runs', "select from runs where what = 'tick' and state = 'ended'");
  const [one, two, three] = hosts;
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  const say = (host: Host, tenant: string, from: number): Promise<unknown> =>
    host.client.request(`/talks/${String(from)}/50`, { headers: { 'x-tenant': tenant } });
  await Promise.all([say(one, 'acme', 0), say(two, 'bolt', 50), say(three, 'acme', 100), say(one, 'bolt', 150)]);
  await until('all are written down', "select from (select count(*) as n from cloister.jobs where kind = 'action') t where n = 200");
  await until(
    'the one to be killed is in the middle of a run',
    "select from runs r where host = 'one' and state = 'begun' and what <> 'tick' and not exists (select from runs e where e.host = 'one' and e.state = 'ended' and e.what = r.what)",
  );
  await endHost(one);
  const [killed] = await rows<{ at: Date }>('select clock_timestamp() as at');
  await until(
    'all actions ran',
    "select from (select count(distinct what) as n from runs where state = 'ended' and what <> 'tick') t where n = 200",
  );
  await until(
    'the schedule goes on',
    `select from runs where what = 'tick' and state = 'ended' and at > '${killed?.at.toISOString() ?? ''}'::timestamptz + interval '4 seconds' having count(*) > 2`,
  );
  await until(
    'nothing is open',
    "select from (select count(*) as n from cloister.jobs where kind = 'action' and state in ('queued', 'running')) t where n = 0",
  );

  const doubled = await rows<{ what: string }>(
    "select what from runs where state = 'ended' and what <> 'tick' group by what having count(*) > 1 except select what from cloister.jobs where attempts > 1",
  );
  assert.deepEqual(doubled, [], 'ran twice without having been lost');
  const [counts] = await rows<{ jobs: number; again: number; mixed: number; gaps: number; ticks: boolean }>(
    `select (select count(*) from cloister.jobs where kind = 'action')::int as jobs,
       (select count(*) from cloister.jobs where attempts > 1)::int as again,
       (select count(*) from runs r join cloister.jobs j on j.what = r.what where j.kind = 'action' and j.tenant <> r.who)::int as mixed,
       (select max(rank) / 1000 - min(rank) / 1000 + 1 - count(*) from cloister.jobs where kind = 'schedule')::int as gaps,
       (select count(*) from runs where what = 'tick' and state = 'ended') <= (select sum(attempts) from cloister.jobs where kind = 'schedule') as ticks`,
  );
  assert.ok(counts !== undefined);
  assert.ok(counts.again > 0, 'what the killed host ran was begun again');
  assert.deepEqual({ ...counts, again: 0 }, { jobs: 200, again: 0, mixed: 0, gaps: 0, ticks: true });
});
