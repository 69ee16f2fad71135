// Processor time is charged to the request whose code used it, however many share the cell; what belongs to no request is held too.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { extension, openTestRuntime, readCpuMs, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
const work = (ms) => { const until = Date.now() + ms; let n = 0; while (Date.now() < until) n += 1; return n; };
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default (router) => {
  router.get('/heavy/:ms', async (req, res) => { await pause(2); work(Number(req.params.ms)); await pause(2); res.json('heavy'); });
  router.get('/parts/:count', async (req, res) => { for (let part = 0; part < Number(req.params.count); part += 1) { work(10); await pause(3); } res.json('parts'); });
  router.get('/light/:n', async (req, res) => { for (let part = 0; part < 5; part += 1) await pause(4); res.json('light'); });
  router.get('/timer', async (req, res) => { await new Promise((resolve) => setTimeout(() => { work(30); resolve(); }, 3)); res.json('timer'); });
  router.get('/afterwards', (req, res) => { setTimeout(() => work(30), 5); res.json('afterwards'); });
  router.get('/endless', (req, res) => { setInterval(() => work(400), 1); res.json('set'); });
  router.get('/calm', (req, res) => res.json('calm'));
};`;
const atLoad = `setInterval(() => { const until = Date.now() + 40; while (Date.now() < until); }, 1); export default (router) => { router.get('/', (req, res) => res.json('calm')); };`;

let runtime: TestRuntime;
before(async () => {
  const limits = { cpuMs: 100, wallMs: 10_000 };
  runtime = await openTestRuntime({
    extensions: {
      cpu: extension(source, { limits }),
      greedy: extension(source, { limits }),
      background: extension(atLoad, { limits: { cpuMs: 100 } }),
      calm: extension(source),
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

describe('the account of a request', () => {
  test('one heavy request among ten light ones: its 30 ms are its own', async (context) => {
    // An account is settled when the ward's main thread hears that an entry is over: on a busy machine that may be late, and the next entry has begun.
    for (let round = 1; ; round += 1) {
      const heavy = runtime.measure('/cpu/heavy/30');
      const light = await Promise.all(Array.from({ length: 10 }, (_, n) => runtime.measure(`/cpu/light/${round}-${n}`)));
      const { end, reply } = await heavy;
      assert.equal(reply.json(), 'heavy');
      assert.deepEqual([...new Set(light.map((one) => one.reply.status))], [200]);
      const charged = light.map((one) => one.end.cpuMs);
      context.diagnostic(`heavy ${end.cpuMs} ms, light at most ${Math.max(...charged)} ms`);
      if (end.cpuMs >= 15 && Math.max(...charged) < 15) return;
      assert.ok(round < 4, `the heavy one was charged ${end.cpuMs} ms, the light ones ${charged.join(', ')} ms`);
    }
  });
  test('is the sum of all its parts, and over at cpuMs', async () => {
    const fine = await runtime.measure('/cpu/parts/4');
    assert.equal(fine.reply.status, 200);
    assert.ok(fine.end.cpuMs > 20, `${fine.end.cpuMs} ms`);
    const over = await runtime.measure('/cpu/parts/60');
    assert.deepEqual([over.reply.status, over.reply.code], [504, 'ERR_CPU_EXCEEDED']);
    assert.deepEqual(
      over.limits.map((one) => [one.limit, one.allowed, one.used > 30]),
      [['cpuMs', 100, true]],
    );
    assert.ok(over.end.cpuMs < 400, `${over.end.cpuMs} ms`);
  });
  test('holds what its timers use', async () => assert.ok((await runtime.measure('/cpu/timer')).end.cpuMs >= 15));
  test('others in its cell finish when it is terminated', async () => {
    const light = Promise.all(Array.from({ length: 5 }, (_, n) => runtime.get(`/cpu/light/${n}`)));
    const { reply } = await runtime.measure('/cpu/heavy/5000');
    assert.equal(reply.code, 'ERR_CPU_EXCEEDED');
    assert.deepEqual(
      (await light).map((one) => one.status),
      [200, 200, 200, 200, 200],
    );
  });
});

describe('work that belongs to no request', () => {
  test('after an answer is not the next request’s', async () => {
    await runtime.get('/cpu/afterwards');
    await sleep(60);
    assert.ok((await runtime.measure('/cpu/calm')).end.cpuMs < 15);
  });
  test('has cpuMs a second and no more', async () => {
    assert.equal((await runtime.get('/background')).json(), 'calm');
    const wards = runtime.wards();
    const before = readCpuMs(wards);
    await sleep(2_000);
    const usedMs = readCpuMs(wards) - before;
    assert.ok(usedMs < 1_000, `${usedMs} ms of processor in 2,000 ms`);
  });
  test('that never gives the processor back ends its cell, and the route serves on', async () => {
    assert.equal((await runtime.get('/greedy/endless')).json(), 'set');
    await waitUntil('its cell is ended', () =>
      runtime.entries('life').some((one) => one.event === 'cell.end' && one.extension === 'greedy'),
    );
    assert.equal((await runtime.get('/greedy/calm')).json(), 'calm');
    assert.equal((await runtime.get('/calm/calm')).json(), 'calm');
  });
});
