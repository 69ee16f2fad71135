// The invariant: over NATS the same sentences hold as in Postgres and in memory. Must never leave a server behind.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { openNatsStore } from '../../src/jobs/nats/nats-store.ts';
import { parseNats } from '../../src/jobs/nats/settings.ts';
import { cases } from '../jobs/contract-cases.ts';
import { type Bench, Hosts } from '../jobs/contract-hosts.ts';
import { type NatsServer, openNatsServer } from './nats-server.ts';
import { openProxy, type Proxy } from './proxy.ts';

const openJobs = 60;
let server: NatsServer;
const proxies = new Map<unknown, Proxy>();
/** Opened before a test, which takes one for each of its hosts. */
const spare: Proxy[] = [];
const mostHosts = 4;
const refill = async (): Promise<void> => {
  while (spare.length < mostHosts) spare.push(await openProxy(server.port));
};
let round = 0;

const bench: Bench = {
  shared: true,
  lanes: true,
  openJobs,
  open() {
    const proxy = spare.pop();
    assert.ok(proxy !== undefined);
    const settings = parseNats({ servers: `nats://127.0.0.1:${String(proxy.port)}`, namespace: `contract-${String(round)}` });
    const store = openNatsStore(settings, { openJobs, quietMs: 1_000, passMs: 100 });
    proxies.set(store, proxy);
    return store;
  },
  cut: (store) => Promise.resolve(proxies.get(store)?.cut()),
  async clear() {
    round += 1;
    for (const proxy of proxies.values()) proxy.close();
    proxies.clear();
    await refill();
  },
};

before(async () => {
  server = await openNatsServer();
  await refill();
});
after(async () => {
  for (const proxy of spare) proxy.close();
  await server.close();
});

describe('a queue over NATS', () => {
  const hosts = new Hosts(bench);
  afterEach(() => hosts.clear());
  for (const [sentence, run] of cases) test(sentence, () => run(hosts));
});
