// How many at once, how many waiting, how many a second, and what becomes of an extension that keeps dying.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply } from '../helpers/client.ts';
import { startNeighbour } from '../helpers/neighbour.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
let running = 0;
let most = 0;
const waiting = [];
export default (router) => {
  router.get('/held', async (req, res) => { running += 1; most = Math.max(most, running); await new Promise((resolve) => waiting.push(resolve)); running -= 1; res.json('held'); });
  router.post('/release', (req, res) => { for (const go of waiting.splice(0)) go(); res.json(most); });
  router.get('/pause/:ms', async (req, res) => { running += 1; most = Math.max(most, running); await new Promise((resolve) => setTimeout(resolve, Number(req.params.ms))); running -= 1; res.json(most); });
  router.get('/', (req, res) => res.json('fine'));
  router.get('/die', () => { for (;;); });
  router.get('/stick', () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1));
};`;

const codes = (replies: readonly Reply[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { code } of replies) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
};

let plan = 'first';
let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      narrow: extension(source, { limits: { concurrentRequests: 4, queuedRequests: 3, wallMs: 5_000 } }),
      none: extension(source, { limits: { concurrentRequests: 1, queuedRequests: 0, wallMs: 5_000 } }),
      rated: extension(source, { limits: { ratePerSecond: 10 } }),
      dying: extension(source, { limits: { cpuMs: 20, wallMs: 20_000 } }),
      stuck: extension(source, { limits: { cpuMs: 20, wallMs: 20_000 } }),
      neighbour: extension(source),
    },
    options: {
      identify: (request) => ({ tenant: String(request.headers['x-tenant'] ?? 'default'), accountability: null }),
      resolveTenant: () => ({ vars: { plan } }),
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

describe('concurrentRequests and queuedRequests', () => {
  test('4 run, 3 wait, and the eighth is refused at once', async () => {
    await runtime.get('/narrow');
    const asked = Array.from({ length: 7 }, () => runtime.get('/narrow/pause/700'));
    await waitUntil('seven are there', () => runtime.runtime.health().requests === 7);
    const { reply, limits, end } = await runtime.measure('/narrow/pause/1');
    assert.deepEqual([reply.status, reply.code, end.outcome], [503, 'ERR_CAPACITY_EXCEEDED', 'ERR_CAPACITY_EXCEEDED']);
    assert.ok(end.wallMs < 100, `${end.wallMs} ms`);
    assert.deepEqual(
      limits.map(({ limit, allowed, used }) => ({ limit, allowed, used })),
      [{ limit: 'queuedRequests', allowed: 3, used: 4 }],
    );
    const replies = await Promise.all(asked);
    assert.deepEqual(
      replies.map((one) => one.status),
      [200, 200, 200, 200, 200, 200, 200],
    );
    assert.equal(Math.max(...replies.map((one) => Number(one.json()))), 4);
    assert.equal((await runtime.get('/narrow')).status, 200);
  });
  test('with no queue, one runs and the second is refused', async () => {
    await runtime.get('/none');
    const first = runtime.get('/none/pause/150');
    await waitUntil('it runs', () => runtime.runtime.health().requests === 1);
    assert.equal((await runtime.get('/none')).code, 'ERR_CAPACITY_EXCEEDED');
    assert.equal((await first).status, 200);
    assert.equal((await runtime.get('/none')).status, 200);
  });
  test('are each tenant’s own', async () => {
    await runtime.get('/none', { 'x-tenant': 'other' });
    const first = runtime.get('/none/pause/150');
    await waitUntil('it runs', () => runtime.runtime.health().requests === 1);
    assert.equal((await runtime.get('/none', { 'x-tenant': 'other' })).status, 200);
    assert.equal((await first).status, 200);
  });
  test('a request that waits longer than wallMs is answered 504, and one whose client goes away leaves the queue', async () => {
    const held = Array.from({ length: 4 }, () => runtime.get('/narrow/pause/400'));
    await waitUntil('four run', () => runtime.runtime.health().requests === 4);
    const aborts = [new AbortController(), new AbortController(), new AbortController()];
    const gone = aborts.map(({ signal }) => assert.rejects(runtime.request('/narrow', { signal })));
    await waitUntil('three wait', () => runtime.runtime.health().requests === 7);
    assert.equal((await runtime.get('/narrow')).code, 'ERR_CAPACITY_EXCEEDED');
    for (const abort of aborts) abort.abort();
    await Promise.all(gone);
    await waitUntil('they are gone', () => runtime.runtime.health().requests === 4);
    assert.equal((await runtime.get('/narrow')).status, 200);
    assert.deepEqual(
      (await Promise.all(held)).map((one) => one.status),
      [200, 200, 200, 200],
    );
  });
});

describe('ratePerSecond', () => {
  test('lets that many through in a burst, refuses the rest with 429, and refills', async () => {
    const from = performance.now();
    const replies = await Promise.all(Array.from({ length: 100 }, () => runtime.get('/rated')));
    const refilled = Math.ceil(((performance.now() - from) / 1_000) * 10);
    const { 200: fine = 0, ERR_RATE_EXCEEDED: refused = 0 } = codes(replies);
    assert.equal(fine + refused, 100);
    assert.ok(fine >= 10 && fine <= 10 + refilled, `${fine} were let through`);
    assert.deepEqual([...new Set(replies.filter((one) => one.code === 'ERR_RATE_EXCEEDED').map((one) => one.status))], [429]);
    const limit = runtime.entries('limit').find((one) => one.extension === 'rated');
    assert.deepEqual([limit?.limit, limit?.allowed, (limit?.used ?? 0) > 10], ['ratePerSecond', 10, true]);
    assert.equal((await runtime.get('/rated', { 'x-tenant': 'other' })).status, 200);
    await sleep(1_100);
    assert.equal((await runtime.get('/rated')).status, 200);
  });
});

describe('an extension that keeps dying', () => {
  test('is parked with a time to come back, says so, is released, and its neighbour notices nothing', async () => {
    await using beside = startNeighbour(runtime, '/neighbour');
    let parked: Reply | undefined;
    let deaths = 0;
    while (deaths < 30 && parked === undefined) {
      const reply = await runtime.get('/dying/die');
      if (reply.code === 'ERR_EXTENSION_PARKED') parked = reply;
      else assert.equal(reply.code, 'ERR_CPU_EXCEEDED');
      if (parked === undefined) deaths += 1;
      // What a tenant has may change as often as it likes: strikes are the extension's in that tenant, whatever it has of it.
      if (deaths % 3 === 0) {
        plan = `after ${String(deaths)}`;
        runtime.runtime.forgetTenant('default');
      }
    }
    assert.equal(deaths, 8, 'eight deaths park it');
    assert.deepEqual([parked?.status, parked?.headers['retry-after']], [503, '1']);
    assert.equal((await runtime.get('/dying')).code, 'ERR_EXTENSION_PARKED');
    assert.equal((await runtime.get('/dying', { 'x-tenant': 'other' })).status, 200);
    const events = (): readonly string[] =>
      runtime
        .entries('life')
        .filter((one) => one.extension === 'dying' && one.event.startsWith('extension.'))
        .map((one) => one.event);
    assert.deepEqual(events(), ['extension.parked']);
    await sleep(1_050);
    assert.equal((await runtime.get('/dying')).json(), 'fine');
    assert.deepEqual(events(), ['extension.parked', 'extension.released']);
    await beside.stop();
  });
  test('a request that has to be ended with its whole ward is one death, not two', async () => {
    for (let deaths = 0; deaths < 4; deaths += 1) {
      const before = runtime.runtime.ledger().at(-1)?.sequence ?? 0;
      assert.equal((await runtime.get('/stuck/stick')).code, 'ERR_CPU_EXCEEDED');
      await waitUntil('its ward is ended', () => runtime.entries('life').some((one) => one.event === 'ward.exit' && one.sequence > before));
    }
    assert.equal((await runtime.get('/stuck')).json(), 'fine');
    assert.equal(
      runtime.entries('life').some((one) => one.event === 'extension.parked' && one.extension === 'stuck'),
      false,
    );
  });
  test('dies once more on probation: it is parked for twice as long', async () => {
    for (let deaths = 0; deaths < 20; deaths += 1) if ((await runtime.get('/dying/die')).code === 'ERR_EXTENSION_PARKED') break;
    await sleep(1_050);
    assert.equal((await runtime.get('/dying/die')).code, 'ERR_CPU_EXCEEDED');
    const again = await runtime.get('/dying');
    assert.deepEqual([again.code, again.headers['retry-after']], ['ERR_EXTENSION_PARKED', '2']);
  });
});
