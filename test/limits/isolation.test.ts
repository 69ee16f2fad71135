// isolation "request": a fresh cell for each request, limits and state exactly its own, and no cell left behind.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startNeighbour } from '../helpers/neighbour.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
let count = 0;
const kept = [];
export default (router) => {
  router.get('/', (req, res) => res.json(++count));
  router.get('/slow', async (req, res) => { count += 1; await new Promise((resolve) => setTimeout(resolve, 50)); res.json(count); });
  router.get('/spin', () => { for (;;); });
  router.get('/bomb', () => { for (;;) kept.push(new Array(1000).fill(1.5)); });
  router.get('/timer', (req, res) => { setInterval(() => { count += 1; }, 1); res.json(count); });
  router.get('/stream', async (req, res) => { for (let part = 0; part < 5; part += 1) { res.write('part '); await new Promise((resolve) => setTimeout(resolve, 10)); } res.end(); });
  router.get('/none', (req, res, next) => next());
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: { fresh: extension(source, { limits: { concurrentRequests: 4, cpuMs: 600, wallMs: 5_000 } }), shared: extension(source) },
    options: {
      approvals: {
        fresh: { capabilities: 'requested', isolation: 'request', limits: { concurrentRequests: 4, cpuMs: 600, wallMs: 5_000 } },
        shared: 'requested',
      },
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

describe('isolation: request', () => {
  test('nothing of one request is there for the next', async () => {
    for (let index = 0; index < 10; index += 1) assert.equal((await runtime.get('/fresh')).json(), 1);
    assert.deepEqual([(await runtime.get('/shared')).json(), (await runtime.get('/shared')).json()], [1, 2]);
  });
  test('nor for one that runs beside it, and no more run than concurrentRequests', async () => {
    const replies = await Promise.all(Array.from({ length: 12 }, () => runtime.get('/fresh/slow')));
    assert.deepEqual(
      replies.map((reply) => reply.json()),
      Array.from({ length: 12 }, () => 1),
    );
  });
  test('its cell ends with it, a timer it left included', async () => {
    assert.equal((await runtime.get('/fresh/timer')).json(), 0);
    await waitUntil('its cells are gone', () => {
      const life = runtime.entries('life').filter((one) => one.extension === 'fresh');
      return life.filter((one) => one.event === 'cell.boot').length === life.filter((one) => one.event === 'cell.end').length;
    });
  });
  test('a stream keeps its cell to its end', async () => assert.equal((await runtime.get('/fresh/stream')).text, 'part '.repeat(5)));
  test('a request that is passed on ends its cell too', async () => assert.equal((await runtime.get('/fresh/none')).status, 404));
  for (const [name, path, status, code] of [
    ['spins', '/spin', 504, 'ERR_CPU_EXCEEDED'],
    ['takes all memory', '/bomb', 507, 'ERR_MEMORY_EXCEEDED'],
  ] as const) {
    test(`one that ${name} ends alone, also among its own kind`, async () => {
      await using beside = startNeighbour(runtime, '/shared');
      const others = Promise.all(Array.from({ length: 3 }, () => runtime.get('/fresh/slow')));
      const { reply, limits } = await runtime.measure(`/fresh${path}`);
      // On a busy machine its time may be over before its memory is.
      assert.deepEqual([reply.status, reply.code, limits.length], reply.status === 504 ? [504, 'ERR_CPU_EXCEEDED', 1] : [status, code, 1]);
      assert.deepEqual(
        (await others).map((one) => one.json()),
        [1, 1, 1],
      );
      assert.equal((await runtime.get('/fresh')).json(), 1);
      await beside.stop();
    });
  }
});
