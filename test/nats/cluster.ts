// The invariant: over three servers of NATS with streams of three replicas, the killing of one loses no job and doubles none. Must never leave a server behind.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openNatsStore } from '../../src/jobs/nats/nats-store.ts';
import { parseNats } from '../../src/jobs/nats/settings.ts';
import { done, Hosts, makeJob, until } from '../jobs/contract-hosts.ts';
import { findPort, type NatsServer, openNatsServer } from './nats-server.ts';

const servers: NatsServer[] = [];
const hosts = new Hosts({
  shared: true,
  lanes: true,
  openJobs: 10_000,
  open: () => openNatsStore(parseNats({ servers: servers.map(({ url }) => url), namespace: 'cluster', replicas: 3 })),
  cut: () => Promise.resolve(),
  clear: () => Promise.resolve(),
});

before(async () => {
  const ports = [await findPort(), await findPort(), await findPort()];
  const routes = ports.map((port) => `"nats://127.0.0.1:${String(port)}"`).join(', ');
  for (const port of ports)
    servers.push(
      await openNatsServer(
        `server_name: "n${String(port)}"\ncluster { name: "cluster", listen: "127.0.0.1:${String(port)}", routes: [${routes}] }`,
      ),
    );
});
after(async () => {
  await hosts.clear();
  await Promise.all(servers.map((server) => server.close()));
});

test('a server that is killed loses nothing and doubles nothing', async () => {
  const all = [1, 2, 3].map(() =>
    hosts.start(
      async () => {
        await sleep(20);
        return done;
      },
      { beatMs: 1_000 },
    ),
  );
  const ran = (): readonly string[] => all.flatMap((host) => host.ran.map(({ job }) => job.id));
  // The three have to find each other first.
  for (const end = performance.now() + 60_000; ; await sleep(250)) {
    const isTaken = await all[0]?.queue.put([makeJob()]).then(
      () => true,
      () => false,
    );
    if (isTaken === true) break;
    assert.ok(performance.now() < end, 'the cluster has no leader');
  }
  const taken: string[] = [];
  let killing: Promise<void> | null = null;
  for (let round = 0; round < 150; round += 1) {
    if (round === 50) killing = servers[1]?.kill() ?? null;
    await Promise.all(
      all.map(async ({ queue }) => {
        const job = makeJob({ tenant: `t${String(round % 5)}` });
        // A refusal is an answer; what was taken has to run.
        await queue.put([job]).then(
          () => taken.push(job.id),
          () => undefined,
        );
      }),
    );
    await sleep(20);
  }
  await killing;
  assert.ok(taken.length > 300, `${String(taken.length)} were taken`);
  await until('all that were taken ran', () => {
    const ids = new Set(ran());
    return taken.every((id) => ids.has(id));
  });
  assert.equal(new Set(ran()).size, ran().length);
});
