// The invariant: an action that goes over the queue stands in the chain it came from, and what cannot be read or is too large harms nobody else. Must never assert in what order listeners run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { emitting, hook } from '../helpers/hook.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const limits = { registerMs: 20_000, wallMs: 30_000, cpuMs: 5_000 };
const talks = emitting(
  `export default (router, { emitter }) => {
    router.get('/say/:event', (req, res) => { emitter.emitAction(req.params.event, { name: req.params.event }); res.json('said'); });
    router.get('/large', (req, res) => { emitter.emitAction('heard.large', { text: 'x'.repeat(1_100_000) }); res.json('said'); });
  };`,
  { emit: ['loop.*', 'grow.*', 'heard.*'] },
  { ...limits, eventBytes: 4_000_000, callBytes: 4_000_000, eventsPerRequest: 12, eventDepth: 32 },
);
const hears = hook(
  `export default ({ action }, { emitter, logger }) => {
    action('heard.*', ({ event }) => { logger.info({ event }, 'heard'); });
    action('loop.a', () => emitter.emitAction('loop.b', {}));
    action('loop.b', () => emitter.emitAction('loop.a', {}));
    action('grow.*', ({ event }) => { logger.info({ event }, 'grew'); emitter.emitAction(event + '0', {}); emitter.emitAction(event + '1', {}); });
  };`,
  { listen: ['loop.*', 'grow.*', 'heard.*'], emit: ['loop.*', 'grow.*'] },
  { ...limits, eventDepth: 32, eventsPerRequest: 100 },
);

const patienceMs = 30_000;
let database: TestDatabase;
let admin: pg.Client;
let host: TestRuntime;
before(async () => {
  database = await openTestDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  host = await openTestRuntime({ extensions: { talks, hears }, options: { database: database.url } });
  assert.deepEqual(host.runtime.refused(), []);
});
after(async () => {
  await host?.close();
  await admin?.end();
  await database.close();
});

const logged = (msg: string, event?: string): number =>
  host.logs.filter((line) => line['msg'] === msg && (event === undefined || (line['guest'] as { readonly event?: string }).event === event))
    .length;
const openJobs = async (): Promise<number> =>
  Number((await admin.query("select count(*) from cloister.jobs where state in ('queued', 'running')")).rows[0]?.count);
const untilNothingIsOpen = async (): Promise<void> => {
  for (const end = performance.now() + patienceMs; (await openJobs()) > 0; await new Promise((resolve) => setTimeout(resolve, 50)))
    if (performance.now() > end) assert.fail('jobs are open still');
};

test('an action’s run has the id of its job on the ledger, and the chain it came from', async () => {
  await host.get('/talks/say/heard.once');
  await waitUntil('it is heard', () => logged('heard', 'heard.once') === 1, patienceMs);
  const { rows } = await admin.query<{ readonly id: string }>("select id from cloister.jobs where what = 'heard.once'");
  const end = await host.entry('request.end', ({ request }) => request === rows[0]?.id);
  const said = await host.ended('/talks/say/heard.once');
  assert.deepEqual([end.method, end.path, end.extension, end.chain], ['ACTION', 'heard.once', 'hears', `${said.request}: heard.once`]);
});

test('a loop over the queue is cut where it comes round', async () => {
  await host.get('/talks/say/loop.a');
  const refused = await host.entry('life', ({ event }) => event === 'event.refused');
  assert.equal(refused.subject, 'loop.a → loop.b → loop.a');
  await untilNothingIsOpen();
});

test('what one request sets growing over the queue ends at its own eventsPerRequest', async () => {
  await host.get('/talks/say/grow.n');
  await waitUntil(
    'it is cut',
    () =>
      host.entries('life').some(({ event, reason }) => event === 'event.refused' && reason.includes('eventsPerRequest')) ||
      host.logs.some((line) => /eventsPerRequest/.test(String(line['msg']))),
    patienceMs,
  );
  await untilNothingIsOpen();
  assert.equal(Number((await admin.query("select count(*) from cloister.jobs where what like 'grow.%'")).rows[0]?.count), 12);
});

test('what is larger than a job may be is refused to who emits it, on the ledger', async () => {
  await host.get('/talks/large');
  const { request } = await host.ended('/talks/large');
  const end = await host.entry('call.end', (one) => one.request === request);
  assert.equal(end.outcome, 'ERR_ARGUMENT_INVALID');
  assert.equal(logged('heard', 'heard.large'), 0);
});

test('rows that cannot be read are put with the dead, which an operator sees and drops, and nothing else is disturbed', async () => {
  const bodies = ['nonsense', '{}', '[]', `{"version":1,"chain":"x"}`, '"\\u0000"', '{"__proto__":{"version":1}}'];
  for (const [at, body] of bodies.entries())
    await admin.query(
      "insert into cloister.jobs (namespace, id, kind, tenant, extension, what, body, bytes) values ('', $1, $2, 'default', 'hears', 'forged', $3, 1)",
      [`forged-${String(at)}`, at % 2 === 0 ? 'action' : 'schedule', body],
    );
  await admin.query(
    "insert into cloister.job_tenants (namespace, kind, tenant, open) select '', kind, 'default', 3 from unnest(array['action', 'schedule']) kind on conflict (namespace, kind, tenant) do update set open = job_tenants.open + 3",
  );
  await host.get('/talks/say/heard.after');
  await waitUntil('what can be read is heard', () => logged('heard', 'heard.after') === 1, patienceMs);
  // The tenants' counts of open jobs were forged as well: what is dead is counted where it stands.
  await untilNothingIsOpen();
  assert.equal(host.entries('life').filter(({ event }) => event === 'job.dead').length, bodies.length);
  const cloister = (...args: readonly string[]) =>
    spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../src/cli/main.ts'), 'jobs', ...args, '--database-url', database.url, '--json'],
      {
        encoding: 'utf8',
      },
    );
  const listed = JSON.parse(cloister('list').stdout) as { readonly dead: number; readonly jobs: readonly { readonly id: string }[] };
  assert.deepEqual([listed.dead, listed.jobs.map(({ id }) => id).sort()], [bodies.length, bodies.map((_, at) => `forged-${String(at)}`)]);
  assert.deepEqual([cloister('drop', 'forged-0').status, cloister('drop', 'forged-0').status, cloister('drop', '--all').status], [0, 1, 2]);
  const dead = bodies.length - 1;
  assert.deepEqual(JSON.parse(cloister('retry', '--all').stdout), { retry: dead, left: 0 });
  await waitUntil(
    'they are dead again',
    () => host.entries('life').filter(({ event }) => event === 'job.dead').length === 2 * dead + 1,
    patienceMs,
  );
  await untilNothingIsOpen();
  assert.deepEqual(JSON.parse(cloister('drop', '--all', '--yes').stdout), { drop: dead, left: 0 });
});
