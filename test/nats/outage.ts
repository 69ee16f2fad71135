// What the queue promises over a NATS that is away, small, strict or already used. Must never leave a server behind.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { CloisterError } from '../../src/errors.ts';
import type { Claimed, Verdict } from '../../src/jobs/job.ts';
import { type NatsTerms, openNatsStore } from '../../src/jobs/nats/nats-store.ts';
import { parseNats } from '../../src/jobs/nats/settings.ts';
import { done, Hosts, makeJob, many, until } from '../jobs/contract-hosts.ts';
import { type NatsServer, openNatsServer } from './nats-server.ts';
import { openProxy } from './proxy.ts';

let namespace = '';
let url = '';
let terms: Partial<NatsTerms> = {};
let round = 0;
const fresh = (): void => {
  round += 1;
  namespace = `outage-${String(round)}`;
  terms = {};
};
const hosts = new Hosts({
  shared: true,
  lanes: true,
  openJobs: 60,
  open: () => openNatsStore(parseNats({ servers: url, namespace }), terms),
  cut: () => Promise.resolve(),
  clear: () => Promise.resolve(fresh()),
});

const withServer = (more: string | (() => string)) => {
  const held: { server: NatsServer | null } = { server: null };
  before(async () => {
    held.server = await openNatsServer(typeof more === 'string' ? more : more());
    url = held.server.url;
    fresh();
  });
  afterEach(() => hosts.clear());
  after(() => held.server?.close());
  return (): NatsServer => held.server ?? assert.fail('there is no server');
};

describe('a NATS that is away', () => {
  const server = withServer('');

  test('refuses what cannot be written, in time, and takes it again once it is back', async () => {
    const host = hosts.start();
    await host.queue.put([makeJob()]);
    await until('it ran', () => host.ran.length === 1);
    server().pause();
    const from = performance.now();
    const job = makeJob();
    await assert.rejects(host.queue.put([job]), (error) => error instanceof CloisterError && error.code === 'ERR_JOBS_UNAVAILABLE');
    assert.ok(performance.now() - from < 20_000, `it took ${String(performance.now() - from)} ms`);
    server().resume();
    await until('it takes jobs again', () => host.queue.running === 0);
    const next = makeJob();
    await host.queue.put([next]);
    await until('it ran', () => host.ran.some(({ job: { id } }) => id === next.id));
    assert.equal(new Set(host.ran.map(({ job: { id } }) => id)).size, host.ran.length);
  });

  test('ends what runs once others may have begun it, and does not hang at the end', async () => {
    const host = hosts.start((_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(done))), {
      holdMs: 1_000,
    });
    await host.queue.put([makeJob()]);
    await until('it runs', () => host.ran.length === 1);
    server().pause();
    await until('it was ended', () => host.queue.running === 0);
    const from = performance.now();
    await hosts.end(host, 100);
    assert.ok(performance.now() - from < 15_000);
    server().resume();
  });

  test('takes no host for lost that is on its way back like itself', async () => {
    terms = { quietMs: 1_000 };
    const gate = Promise.withResolvers<Verdict>();
    const proxy = await openProxy(server().port);
    const direct = url;
    const one = hosts.start(() => gate.promise);
    url = `nats://127.0.0.1:${String(proxy.port)}`;
    const two = hosts.start(() => gate.promise);
    url = direct;
    const jobs = many(20);
    await one.queue.put(jobs);
    await until('both run some', () => one.ran.length + two.ran.length === 20 && two.ran.length > 0 && one.ran.length > 0);
    await sleep(500);
    proxy.cut();
    await server().restart('SIGKILL', 1_500);
    const probe = makeJob({ extension: 'nobody' });
    await one.queue.put([probe]);
    await sleep(600);
    proxy.mend();
    await sleep(1_500);
    gate.resolve(done);
    await until('all ended', () => one.queue.running + two.queue.running === 0);
    await sleep(500);
    proxy.close();
    assert.deepEqual(
      [...one.ran, ...two.ran].filter(({ attempt }) => attempt > 1),
      [],
    );
    assert.equal(one.ran.length + two.ran.length, 20);
  });

  test('keeps what waits over its restart, and jobs of one id are taken once all the same', async () => {
    const waiting = hosts.start(undefined, {}, ['nobody']);
    const jobs = many(20);
    await waiting.queue.put(jobs);
    await server().restart('SIGKILL', 500);
    const host = hosts.start();
    await until('all ran', () => host.ran.length === 20);
    assert.equal((await host.queue.put(jobs.slice(0, 1))).taken, 0);
  });
});

describe('a NATS with small messages', () => {
  withServer('max_payload: 65536');

  test('carries bodies that do not fit into one', async () => {
    const host = hosts.start();
    const jobs = [300_000, 10, 150_000].map((length, at) => makeJob({ body: JSON.stringify(String(at).repeat(length)) }));
    await host.queue.put(jobs);
    await until('all ran', () => host.ran.length === 3);
    const byId = (id: string) => host.ran.find(({ job }) => job.id === id)?.job.body;
    for (const { id, body } of jobs) assert.equal(byId(id), body);
  });
});

describe('a NATS that is strict', () => {
  withServer(() => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/jobs.md'), 'utf8');
    const [, permissions] = /```text\n(permissions = \{[^`]*)```/.exec(page) ?? [];
    assert.ok(permissions !== undefined, 'docs/jobs.md lists the permissions');
    return `authorization { users = [ { user: "host", password: "s3cret", ${permissions.replaceAll('<namespace>', '*').replace('permissions =', 'permissions:')} } ] }`;
  });

  test('needs no more rights than docs/jobs.md lists', async () => {
    url = url.replace('nats://', 'nats://host:s3cret@');
    let works = false;
    terms = { keptMs: 200, sweepMs: 100 };
    const host = hosts.start(() => Promise.resolve(works ? done : { kind: 'dead', reason: 'not yet' }));
    const job = makeJob({ body: JSON.stringify('x'.repeat(900_000)) });
    await host.queue.put([job], { tree: 'tree', events: 1, turns: 1, mostEvents: 9, mostTurns: 9 });
    await until('it is dead', () => host.fates.length === 1 && host.queue.running === 0);
    works = true;
    assert.ok(await host.store.retry(job.id));
    await until('it ran', () => host.ran.length === 2 && host.queue.running === 0);
    assert.deepEqual(host.ran[1]?.counted, { events: 1, turns: 1 });
    await sleep(1_000);
    assert.equal((await host.store.stats()).queued, 0);
  });
});

describe('a NATS that is used', () => {
  const server = withServer('');
  const messages = async (): Promise<readonly string[]> => {
    const connection = await connect({ servers: `127.0.0.1:${String(server().port)}` });
    try {
      const manager = await jetstreamManager(connection);
      const { state } = await manager.streams.info(`CLOISTER_JOBS_${namespace}`, { subjects_filter: '>' });
      return Object.keys(state.subjects ?? {});
    } finally {
      await connection.close();
    }
  };

  test('refuses a name that no host could read, and takes one of that length', async () => {
    const host = hosts.start();
    await assert.rejects(
      host.queue.put([makeJob({ tenant: 'ä'.repeat(10_001) })]),
      (error) => error instanceof CloisterError && error.code === 'ERR_ARGUMENT_INVALID',
    );
    await host.queue.put([makeJob({ tenant: 'ä'.repeat(10_000) })]);
    await until('it ran', () => host.ran.length === 1);
  });

  test('takes what several hosts put at once from one of them', async () => {
    const all = [1, 2, 3].map(() => hosts.start());
    for (const host of all) await host.store.stats();
    for (let nth = 0; nth < 10; nth += 1) {
      const job = makeJob({ kind: 'schedule', tenant: '', lane: { name: 'lane', rank: nth } });
      const taken = await Promise.all(all.map(async ({ queue }) => (await queue.put([job])).taken));
      assert.equal(
        taken.reduce((sum, one) => sum + one),
        1,
      );
    }
    await until('all ran', () => all.reduce((sum, { ran }) => sum + ran.length, 0) >= 10);
    await sleep(200);
    assert.equal(
      all.reduce((sum, { ran }) => sum + ran.length, 0),
      10,
    );
  });

  test('counts what one request caused on several hosts at once, none of it too little', async () => {
    const all = [1, 2, 3].map(() => hosts.start(undefined, {}, ['nobody']));
    const spend = { tree: 'busy', events: 1, turns: 1, mostEvents: 40, mostTurns: 100 };
    const puts = Array.from({ length: 60 }, (_, at) => all[at % 3]?.queue.put([makeJob()], spend));
    const ended = await Promise.allSettled(puts);
    assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, 40);
    assert.equal((await all[0]?.store.stats())?.queued, 40);
  });

  test('holds nothing of what was done, once its id need not be remembered, and all of what is dead', async () => {
    terms = { keptMs: 500, sweepMs: 200 };
    let isMended = false;
    const run = ({ job }: Claimed): Promise<Verdict> =>
      Promise.resolve(job.what === 'dies' && !isMended ? { kind: 'dead', reason: '' } : done);
    const [one, two] = [hosts.start(run), hosts.start(run)];
    const dead = makeJob({ what: 'dies' });
    await one.queue.put([dead]);
    for (let batch = 0; batch < 5; batch += 1) await one.queue.put(many(batch + 1));
    await until('all ran', () => one.ran.length + two.ran.length === 16 && one.queue.running + two.queue.running === 0);
    const kinds = async (): Promise<readonly string[]> =>
      (await messages())
        .map((subject) => subject.split('.')[4] ?? '')
        .filter((kind) => kind !== 'host')
        .sort();
    let left: readonly string[] = [];
    for (const end = performance.now() + 30_000; performance.now() < end && left.length !== 2; await sleep(200)) left = await kinds();
    assert.deepEqual(left, ['put', 'state']);
    const later = hosts.start(run);
    await sleep(500);
    assert.deepEqual(later.ran, []);
    isMended = true;
    assert.ok(await later.store.retry(dead.id));
    const runs = () => [one, two, later].flatMap(({ ran }) => ran).filter(({ job: { id, body } }) => id === dead.id && body === dead.body);
    await until('it ran again', () => runs().length === 2);
  });

  test('is refused where its stream is no queue, and says what to do', async () => {
    const connection = await connect({ servers: `127.0.0.1:${String(server().port)}` });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({
      name: `CLOISTER_JOBS_${namespace}`,
      subjects: ['log', 'part'].map((name) => `cloister.jobs.${namespace}.${name}.>`),
    });
    await connection.close();
    const host = hosts.start();
    await assert.rejects(
      host.queue.put([makeJob()]),
      (error) =>
        error instanceof CloisterError && error.code === 'ERR_JOBS_UNAVAILABLE' && /max_msgs_per_subject/.test(String(error.cause)),
    );
  });

  test('shows an operator what is dead, from a configuration file that names a variable', async () => {
    namespace = 'default';
    const host = hosts.start(() => Promise.resolve({ kind: 'dead', reason: 'cannot\u001b be read' }));
    const job = makeJob();
    await host.queue.put([job]);
    await until('it is dead', () => host.fates.length === 1 && host.queue.running === 0);
    const folder = mkdtempSync(join(tmpdir(), 'cloister-nats-config-'));
    const config = join(folder, 'cloister.json');
    writeFileSync(config, JSON.stringify({ natsUrlKey: 'NATS_URL' }));
    const cloister = (...args: readonly string[]) =>
      spawnSync(process.execPath, [join(import.meta.dirname, '../../src/cli/main.ts'), 'jobs', ...args, '--config', config], {
        encoding: 'utf8',
        env: { ...process.env, NATS_URL: url },
      });
    try {
      const listed = cloister('list');
      assert.equal(listed.status, 0, listed.stderr);
      assert.match(listed.stdout, new RegExp(`dead +${job.id} .*cannot\\? be read`));
      assert.deepEqual([cloister('drop', job.id).status, cloister('drop', job.id).status, cloister('retry', 'nobody').status], [0, 1, 1]);
      assert.equal((await host.store.stats()).dead, 0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
