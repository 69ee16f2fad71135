// The database goes away under requests and comes back: they get a clear 503, the next ones their rows, and nothing is restarted. Must never touch the server of other tests.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabaseResource } from '../../src/capabilities/database/resource.ts';
import { openDatabaseStore } from '../../src/jobs/database/database-store.ts';
import { JobQueue } from '../../src/jobs/queue.ts';
import { type OwnPostgres, openOwnPostgres } from '../helpers/own-postgres.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { openTcpProxy, type TcpProxy } from '../helpers/tcp-proxy.ts';
import { makeJob } from '../jobs/contract-hosts.ts';

const source = `
export default (router, { database, getSchema }) => {
  router.get('/list', async (req, res) => res.json(await database('notes').orderBy('id').pluck('title')));
  router.get('/sleep/:seconds', async (req, res) => { await database.raw('select pg_sleep(?)', [Number(req.params.seconds)]); res.json('slept'); });
  router.get('/transaction/:seconds', async (req, res) => {
    await database.transaction(async (trx) => { await trx('notes').insert({ title: 'never' }); await trx.raw('select pg_sleep(?)', [Number(req.params.seconds)]); });
    res.json('done');
  });
  router.get('/between', async (req, res) => {
    const trx = await database.transaction();
    await trx('notes').insert({ title: 'never' });
    for (let round = 0; round < 200; round += 1) { await new Promise((resolve) => setTimeout(resolve, 100)); await trx('notes').first(); }
    await trx.commit();
    res.json('committed');
  });
  router.get('/stream', async (req, res) => {
    const titles = [];
    for await (const row of database('notes').select('title', database.raw('pg_sleep(15)')).stream()) titles.push(row.title);
    res.json(titles);
  });
  router.get('/schema', async (req, res) => res.json(Object.keys((await getSchema({ bypassCache: true })).collections)));
};`;

const ofTenant = { tenant_id: { _eq: '$tenant' } };
const capabilities = (statementMs: number) => ({
  database: {
    tables: { notes: { rows: ofTenant, read: true, create: { columns: ['title'], defaults: { tenant_id: '$tenant' } } } },
    functions: ['pg_sleep'],
    statementMs,
  },
  schema: { collections: ['notes'] },
});
/** Longer than a busy machine takes to come to the point; and one whose silence is noticed in the time of a test. */
const patient = extension(source, { capabilities: capabilities(30_000) });
const brief = extension(source, { capabilities: capabilities(6_000) });

let server: OwnPostgres;
let isStopped = false;
let proxy: TcpProxy;
let runtime: TestRuntime;
before(async () => {
  server = await openOwnPostgres();
  proxy = await openTcpProxy(server.port);
  await server.run(
    `create table notes (id serial primary key, tenant_id text, title text); insert into notes (tenant_id, title) values ('default', 'one'), ('other', 'canary')`,
  );
  runtime = await openTestRuntime({
    extensions: { db: patient, brief },
    options: { database: server.url(proxy.port), limits: { cpuMs: 2_000, wallMs: 60_000 } },
  });
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
});
after(async () => {
  await runtime.close();
  await proxy.close();
  await server.close();
});

const stop = async (): Promise<void> => {
  isStopped = true;
  await server.stop();
};
const start = async (): Promise<void> => {
  await server.start();
  isStopped = false;
};
/** One test's failure must not be the next one's. */
afterEach(async () => {
  if (isStopped) await start();
  await proxy.restore();
});

const unavailable = [503, 'ERR_DATABASE_UNAVAILABLE'] as const;
const ask = async (path: string): Promise<readonly [number, string]> => {
  const reply = await runtime.get(path);
  return [reply.status, reply.code];
};
/** Statements of extensions that run now. */
const running = async (): Promise<number> =>
  (
    await server.run(
      `select from pg_stat_activity where application_name like 'cloister:%' and application_name <> 'cloister:ledger' and state <> 'idle'`,
    )
  ).rowCount ?? 0;
const untilRunning = async (count: number): Promise<void> => {
  for (const end = performance.now() + 20_000; (await running()) !== count; await sleep(50))
    if (performance.now() > end) assert.fail(`not ${String(count)} but ${String(await running())} at work`);
};
/** Back to normal: rows, and nothing of what failed is in them. */
const works = async (): Promise<void> => {
  assert.deepEqual((await runtime.get('/db/list')).json(), ['one']);
  assert.deepEqual((await runtime.get('/db/schema')).json(), ['notes']);
};

describe('a restart of the server', () => {
  test('fails what is under way with 503, and the first request after it gets its rows', async () => {
    await works();
    const under = ['/db/sleep/15', '/db/transaction/15', '/db/between', '/db/stream'].map(ask);
    await untilRunning(under.length);
    await stop();
    assert.deepEqual(
      await Promise.all(under),
      Array.from(under, () => unavailable),
    );
    assert.deepEqual(await ask('/db/list'), unavailable, 'while it is down');
    await start();
    await works();
    assert.deepEqual((await server.run(`select title from notes where title = 'never'`)).rows, []);
  });
});

describe('a network', () => {
  test('that is cut fails what is under way with 503, and the next works when it is back', async () => {
    await works();
    const under = ['/db/sleep/15', '/db/transaction/15'].map(ask);
    await untilRunning(under.length);
    await proxy.cut();
    assert.deepEqual(
      await Promise.all(under),
      Array.from(under, () => unavailable),
    );
    assert.deepEqual(await ask('/db/list'), unavailable);
    await proxy.restore();
    await works();
    // A server whose client is gone without a word goes on until its statement ends.
    await server.run(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'cloister:%' and state <> 'idle'`);
    await untilRunning(0);
    assert.deepEqual((await server.run(`select title from notes where title = 'never'`)).rows, []);
  });
  test('that says nothing any more fails what is under way with 503 in the time of a statement, and costs no later request its time', async () => {
    // Two connections at least, so that one is idle when the network goes.
    await Promise.all(Array.from({ length: 4 }, () => runtime.get('/brief/sleep/0.2')));
    const under = ['/brief/sleep/5.5', '/brief/transaction/5.5'].map(ask);
    await untilRunning(under.length);
    proxy.halt();
    assert.deepEqual(
      await Promise.all(under),
      Array.from(under, () => unavailable),
    );
    await proxy.restore();
    // An idle connection of before would have failed them.
    assert.deepEqual((await runtime.get('/brief/list')).json(), ['one']);
    // Nor is one of another extension's tried, which would be silent for half a minute.
    await works();
  });
});

describe('the queue of jobs', () => {
  let queue: JobQueue;
  let close: () => Promise<void>;
  const ran: string[] = [];
  before(async () => {
    const resource = await openDatabaseResource(server.url(proxy.port));
    queue = new JobQueue(openDatabaseStore(resource), { onFate: () => undefined, onFailure: () => undefined });
    queue.consume({
      extensions: () => ['hears'],
      run: ({ job }) => {
        ran.push(job.id);
        return Promise.resolve({ kind: 'done' });
      },
    });
    close = async () => {
      await queue.close();
      await resource.close();
    };
  });
  after(() => close());
  /** What was refused may be put again by its id: whether it was written after all or not, it runs once. */
  const runsOnce = async (id: string): Promise<void> => {
    for (const end = performance.now() + 30_000; performance.now() < end && !ran.includes(id); await sleep(100))
      await queue.put([makeJob({ id })]).catch(() => undefined);
    await sleep(300);
    assert.deepEqual(
      ran.filter((one) => one === id),
      [id],
    );
  };
  const refuses = (id: string): Promise<void> => assert.rejects(queue.put([makeJob({ id })]), { code: 'ERR_JOBS_UNAVAILABLE' });
  test('refuses what it cannot write down while the network is cut, and goes on after it', async () => {
    await runsOnce('before');
    await proxy.cut();
    await refuses('cut');
    await proxy.restore();
    await runsOnce('cut');
  });
  test('goes on after a restart', async () => {
    await stop();
    await refuses('restart');
    await start();
    await runsOnce('restart');
  });
  test('refuses where the network says nothing, and goes on after it', async () => {
    proxy.halt();
    await refuses('halt');
    await proxy.restore();
    await runsOnce('halt');
  });
});

describe('the ledger’s table', () => {
  let logged: TestRuntime;
  before(async () => {
    logged = await openTestRuntime({
      extensions: { db: patient },
      options: { database: server.url(proxy.port), limits: { cpuMs: 2_000, wallMs: 60_000 }, ledger: { table: { chain: 'outage' } } },
    });
  });
  after(() => logged.close());
  const goesOn = async (): Promise<void> => {
    let last = 0;
    for (const end = performance.now() + 30_000; performance.now() < end; await sleep(100)) {
      last = (await logged.get('/db/list')).status;
      if (last === 200) break;
    }
    assert.equal(last, 200);
    const kept = async (): Promise<string> =>
      (await server.run(`select count(*) = max(sequence) whole from cloister.ledger where chain = 'outage'`)).rows
        .map((row: { readonly whole: boolean }) => String(row.whole))
        .join();
    assert.equal(await kept(), 'true', 'no entry is missing');
  };
  test('takes up its chain after a restart', async () => {
    await goesOn();
    await stop();
    await start();
    await goesOn();
  });
  test('takes it up after a cut', async () => {
    await proxy.cut();
    await logged.get('/db/list');
    await proxy.restore();
    await goesOn();
  });
});
