// The host fed by wards in an attacker's hands, and wards fed by kernels in an attacker's hands: it lives, every client is answered, no tenant hears another's ward, nothing ungranted is done.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { makeRandom, readSeed } from '../helpers/random.ts';
import { waitUntil } from '../helpers/runtime.ts';
import { type HostileRuntime, openHostileRuntime } from './hostile-runtime.ts';

const seconds = Number(process.env['CLOISTER_FUZZ_SECONDS'] ?? 3);
const patienceMs = 20_000;
const tenants = ['a', 'b', 'c'] as const;

let database: TestDatabase;
before(async () => {
  database = await openTestDatabase(`create table things (id int); create table hidden (text text); insert into hidden values ('canary')`);
});
after(() => database.close());

interface Heard {
  asked: number;
  readonly statuses: Map<number | string, number>;
  /** Which wards answered which tenant. */
  readonly wards: Map<string, Set<string>>;
}

const fuzz = async (runtime: HostileRuntime, seed: number): Promise<Heard> => {
  const random = makeRandom(seed);
  const heard: Heard = { asked: 0, statuses: new Map(), wards: new Map() };
  const until = performance.now() + seconds * 1_000;
  let life = 0;
  const ask = async (tenant: string): Promise<void> => {
    // A tenant's name changes now and then: what was parked begins anew.
    const name = `${tenant}-${Math.floor(life / 40)}`;
    life += 1;
    const body = random() < 0.3 ? { method: 'POST', body: [Buffer.alloc(1 + Math.floor(random() * 100_000))] } : {};
    const path = `/evil/${Math.floor(random() * 5)}`;
    const asked = runtime.open(path, { ...body, headers: { 'x-tenant': name, 'content-type': 'application/octet-stream' } });
    const reply = await Promise.race([asked.catch(() => null), sleep(patienceMs, 'late' as const)]);
    heard.asked += 1;
    assert.notEqual(reply, 'late', 'a client was not answered');
    if (reply === null || reply === 'late') return;
    // A stream that flows has no end but the ward's own.
    await Promise.race([reply.ended, sleep(1_500)]);
    const text = reply.text();
    reply.message.destroy();
    heard.statuses.set(reply.status, (heard.statuses.get(reply.status) ?? 0) + 1);
    assert.doesNotMatch(text, /canary/);
    for (const [, ward] of text.matchAll(/ward (\d+)/g)) heard.wards.set(name, (heard.wards.get(name) ?? new Set()).add(ward ?? ''));
  };
  const work = async (tenant: string): Promise<void> => {
    while (performance.now() < until) await ask(tenant);
  };
  await Promise.all(tenants.flatMap((tenant) => [work(tenant), work(tenant), work(tenant)]));
  return heard;
};

const checkHost = async (runtime: HostileRuntime, { asked, wards, statuses }: Heard): Promise<void> => {
  console.log(`${asked} requests: ${[...statuses].map(([code, count]) => `${count} × ${code}`).join(', ')}`);
  assert.deepEqual(runtime.faults, []);
  assert.ok(asked > 5);
  const owners = new Map<string, string>();
  for (const [tenant, pids] of wards) {
    for (const pid of pids) {
      assert.equal(owners.get(pid) ?? tenant, tenant, `ward ${pid} answered two tenants`);
      owners.set(pid, tenant);
    }
  }
  for (const one of runtime.entries('call.start')) {
    if (one.decision === 'deny') continue;
    assert.doesNotMatch(JSON.stringify(one.args), /hidden/);
    assert.ok(['database', 'log', 'env', 'kv', 'fetch'].includes(one.capability), one.capability);
  }
  await waitUntil('nothing runs', () => runtime.runtime.health().requests === 0, 20_000);
  assert.ok(runtime.wards().length <= 12);
  const ended = new Set(runtime.entries('request.end').map((one) => one.request));
  const open = runtime.entries('request.start').filter((one) => !ended.has(one.request));
  assert.deepEqual(open, [], 'a request has no end on the ledger');
};

/** A tenant nobody has spoiled is served, so nothing of the host is worn out. */
const isServed = async (runtime: HostileRuntime): Promise<void> => {
  for (let round = 0; ; round += 1) {
    const reply = await runtime.get('/evil/honest', { 'x-tenant': `fresh-${Math.floor(round / 5)}` }).catch(() => null);
    if (reply?.status === 200) return;
    assert.ok(round < 100, `a fresh tenant is not served: ${reply?.text}`);
    await sleep(100);
  }
};

const source = `export default (router) => { router.get('/', (req, res) => res.end()); };`;

/** Its head may have left already: then all that can be is that no more comes. */
const isEnded = async (runtime: HostileRuntime): Promise<void> => {
  const reply = await runtime.open('/evil/twice', { headers: { 'x-tenant': 'twice' } }).catch(() => null);
  assert.notEqual(await Promise.race([reply?.ended, sleep(patienceMs, 'late' as const)]), 'late');
};

describe('a ward in an attacker’s hands', () => {
  test(`for ${seconds} s`, { timeout: seconds * 1_000 + 100_000 }, async () => {
    const seed = readSeed();
    const runtime = await openHostileRuntime({ ward: 'programs/hostile-ward.ts', seed }, database.url, source);
    try {
      await checkHost(runtime, await fuzz(runtime, seed));
      await isServed(runtime);
      await isEnded(runtime);
    } finally {
      await runtime.close();
    }
  });
});

describe('a kernel in an attacker’s hands', () => {
  test(`for ${seconds} s`, { timeout: seconds * 1_000 + 100_000 }, async () => {
    const seed = readSeed();
    const bundle = readFileSync(new URL('../fixtures/guest/hostile-kernel.js', import.meta.url), 'utf8');
    const runtime = await openHostileRuntime({ bundle: `var seed = ${seed};\n${bundle}`, seed }, database.url, source);
    try {
      await checkHost(runtime, await fuzz(runtime, seed));
      await isServed(runtime);
    } finally {
      await runtime.close();
    }
  });
});
