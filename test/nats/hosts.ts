// The invariant: over three real hosts without a database, one of them killed and NATS restarted in the middle, every action and every due time of a schedule has its turn, and none but the killed host's has two. Must never leave a host behind.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobStore } from '../../src/jobs/job.ts';
import { openNatsStore } from '../../src/jobs/nats/nats-store.ts';
import { parseNats } from '../../src/jobs/nats/settings.ts';
import { type Client, makeClient } from '../helpers/client.ts';
import { hook } from '../helpers/hook.ts';
import { waitUntil } from '../helpers/runtime.ts';
import { makeTalks } from '../jobs/talks.ts';
import { openTemporaryFolder } from '../packages/package-writer.ts';
import { type NatsServer, openNatsServer } from './nats-server.ts';

const patienceMs = 90_000;
const limits = { registerMs: 60_000, wallMs: 60_000, cpuMs: 20_000, callsPending: 64 };
const packages = {
  talks: makeTalks(limits),
  hears: hook(
    `export default ({ action, schedule }, { logger, env }) => {
      const work = async (row) => {
        logger.info({ host: env.HOST_NAME, state: 'begun', ...row }, 'work');
        await new Promise((resolve) => setTimeout(resolve, env.HOST_NAME === 'one' && row.what !== 'tick' ? 1500 : 50));
        logger.info({ host: env.HOST_NAME, state: 'ended', ...row }, 'work');
      };
      action('work.*', ({ event }, { accountability }) => work({ what: event, who: accountability.who }));
      schedule('* * * * * *', () => work({ what: 'tick', who: '' }));
    };`,
    { listen: ['work.*'], schedule: true },
    limits,
    { env: { keys: ['HOST_NAME'] } },
  ),
};

interface Line {
  readonly host: string;
  readonly state: 'begun' | 'ended';
  readonly what: string;
  readonly who: string;
  readonly tenant: string;
  readonly at: number;
}
interface Host {
  readonly child: ChildProcess;
  readonly client: Client;
}

let server: NatsServer;
let observer: JobStore;
let folder: Awaited<ReturnType<typeof openTemporaryFolder>>;
const hosts: Host[] = [];
const lines: Line[] = [];

const startHost = async (name: string): Promise<Host> => {
  const where = JSON.stringify({ jobs: { nats: { servers: server.url, namespace: 'hosts' } } });
  const host = join(import.meta.dirname, '../jobs/job-host.ts');
  const child = spawn(process.execPath, [host, folder.root, name, where, 'info'], { stdio: ['pipe', 'pipe', 'inherit'] });
  assert.ok(child.stdout !== null);
  const { promise: port, resolve } = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as {
      readonly port?: number;
      readonly msg?: string;
      readonly tenant?: string;
      readonly guest?: Omit<Line, 'at' | 'tenant'>;
    };
    if (said.port !== undefined) resolve(said.port);
    if (said.msg === 'work' && said.guest !== undefined) lines.push({ ...said.guest, tenant: said.tenant ?? '', at: performance.now() });
  });
  const started = await Promise.race([port, once(child, 'exit').then(() => assert.fail('the host did not start'))]);
  return { child, client: makeClient(started) };
};
const endHost = async ({ child, client }: Host): Promise<void> => {
  client.close();
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
};

before(async () => {
  server = await openNatsServer();
  observer = openNatsStore(parseNats({ servers: server.url, namespace: 'hosts' }));
  folder = await openTemporaryFolder();
  for (const [name, files] of Object.entries(packages))
    for (const [file, content] of Object.entries(files)) await folder.write({ [`${name}/${file}`]: content });
  hosts.push(await startHost('one'));
  hosts.push(...(await Promise.all([startHost('two'), startHost('three')])));
});
after(async () => {
  await Promise.all(hosts.map(endHost));
  await observer.close();
  await server.close();
  await folder.remove();
});

const actions = (state: Line['state']): readonly Line[] => lines.filter((line) => line.state === state && line.what !== 'tick');
const ticks = (): readonly Line[] => lines.filter(({ state, what }) => state === 'ended' && what === 'tick');
const until = (what: string, holds: () => boolean): Promise<void> => waitUntil(what, holds, patienceMs);

test('every action and every due time has its turn, and none has two but what the killed host ran', async () => {
  await until('the schedule runs', () => ticks().length > 0);
  const [one, two, three] = hosts;
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  const say = (host: Host, tenant: string, from: number): Promise<unknown> =>
    host.client.request(`/talks/${String(from)}/50`, { headers: { 'x-tenant': tenant } });
  await Promise.all([say(one, 'acme', 0), say(two, 'bolt', 50), say(three, 'acme', 100), say(one, 'bolt', 150)]);
  const ended = (): ReadonlySet<string> => new Set(actions('ended').map(({ what }) => what));
  const seen = new Set<string>();
  for (const end = performance.now() + patienceMs; seen.size < 200; await sleep(50)) {
    for (const { kind, what } of await observer.list(1_000)) if (kind === 'action') seen.add(what);
    for (const what of ended()) seen.add(what);
    assert.ok(performance.now() < end, `all are written down: ${String(seen.size)} are`);
  }
  await until('the one to be killed is in the middle of a run', () =>
    actions('begun').some(({ host, what }) => host === 'one' && !ended().has(what)),
  );
  await endHost(one);
  const cut = new Set(actions('begun').flatMap(({ host, what }) => (host === 'one' && !ended().has(what) ? [what] : [])));
  await until('all actions ran', () => ended().size === 200);
  const doubled = [...ended()].filter((what) => actions('ended').filter((line) => line.what === what).length > 1);
  assert.deepEqual(
    doubled.filter((what) => !cut.has(what)),
    [],
    'ran twice without having been lost',
  );
  assert.ok(cut.size > 0, 'what the killed host ran was begun again');
  assert.deepEqual(
    actions('begun').filter(({ who, tenant }) => who !== tenant),
    [],
    'ran for another tenant',
  );
  const before = ticks().length;
  await until('the schedule goes on', () => ticks().length > before + 3);
});

test('while NATS is restarted under load, no action is lost and none is run twice', async () => {
  const [, two, three] = hosts;
  assert.ok(two !== undefined && three !== undefined);
  lines.splice(0);
  const said: Promise<number>[] = [];
  let from = 1_000;
  const load = setInterval(() => {
    for (const host of [two, three]) {
      const first = from;
      from += 2;
      said.push(
        host.client.request(`/talks/${String(first)}/2`, { headers: { 'x-tenant': 'acme' } }).then(
          ({ status }) => (status === 200 ? first : -1),
          () => -1,
        ),
      );
    }
  }, 50);
  await until('some ran', () => actions('ended').length > 10);
  await server.restart('SIGKILL', 1_500);
  const again = actions('ended').length;
  await until('more run', () => actions('ended').length > again + 20);
  clearInterval(load);
  const asked = (await Promise.all(said)).filter((first) => first >= 0).flatMap((first) => [first, first + 1]);
  assert.ok(asked.length > 50);
  const runs = (): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>();
    for (const { what } of actions('ended')) counts.set(what, (counts.get(what) ?? 0) + 1);
    return counts;
  };
  await until('all that was asked for ran', () => {
    const counts = runs();
    return asked.every((n) => counts.has(`work.${String(n)}`));
  });
  assert.deepEqual(
    [...runs()].filter(([, count]) => count > 1),
    [],
    'ran twice',
  );
});
