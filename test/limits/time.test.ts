// Whoever takes the processor and does not give it back ends alone: its client hears within the limit, its neighbours notice nothing, its own route serves on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askAgain } from '../helpers/again.ts';
import { startNeighbour } from '../helpers/neighbour.ts';
import { extension, openTestRuntime, readCpuMs, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const cpuMs = 50;
const wallMs = 1_000;
/** An idle machine answers within wallMs + 100 ms; one that runs other tests too gets twice the limit more. */
const patienceMs = wallMs + 100 + 2_000;

const spin = 'const spin = () => { for (;;); };';
const ways: Readonly<Record<string, { readonly run: string; readonly limit?: 'wallMs' }>> = {
  'a loop': { run: 'spin()' },
  'a loop after an await': { run: 'await null; spin()' },
  'a loop after a timer': { run: 'await new Promise((resolve) => setTimeout(resolve, 5)); spin()' },
  'a loop in a timer': { run: 'await new Promise(() => setTimeout(spin, 1))' },
  'a loop in a microtask': { run: 'await new Promise(() => queueMicrotask(spin))' },
  'microtasks without end': { run: 'const again = () => Promise.resolve().then(again); await again()' },
  'a loop that catches what stops it': { run: 'for (;;) { try { spin(); } catch {} finally { spin(); } }' },
  'a loop in JSON': { run: 'JSON.stringify({ toJSON: spin })' },
  'a loop in a getter of the answer': { run: 'res.json({ get a() { spin(); } })' },
  'a loop in a Proxy': { run: 'new Proxy({}, { get: spin }).x' },
  'a loop in a thenable': { run: 'await { then: spin }' },
  'a loop in a generator': { run: 'for (const x of (function* () { for (;;) yield 1; })());' },
  'a loop that allocates': { run: 'let a; for (;;) a = new Array(1000).fill(1.5)' },
  'a loop in sort': {
    run: 'const list = Array.from({ length: 2_000_000 }, (_, i) => (i * 7919) % 2_000_003); for (;;) list.sort((a, b) => (a < b ? 1 : -1))',
  },
  'a regular expression without end': { run: `/^(a+)+$/.test('a'.repeat(64) + 'b')` },
  'a built-in that cannot be interrupted': { run: 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)' },
  'another built-in that cannot be interrupted': { run: 'Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1)' },
  'a string that takes long to make': { run: `const text = 'x'.repeat(2 ** 28); for (;;) text.replaceAll('x', 'yy').length` },
  'a promise that never settles': { run: 'await new Promise(() => undefined)', limit: 'wallMs' },
  'an answer that is never ended': { run: 'return', limit: 'wallMs' },
};

const makeSource = (run: string): string => `
${spin}
export default (router) => {
  router.get('/way', async (req, res) => {
    if (req.query.calm !== undefined) return res.json('calm');
    ${run};
    res.json('came back');
  });
};`;
const neighbour = `export default (router) => { router.get('/', async (req, res) => { await new Promise((resolve) => setTimeout(resolve, 2)); res.json('here'); }); };`;
const ids = Object.keys(ways).map((_, index) => `way-${index}`);

let runtime: TestRuntime;
before(async () => {
  const limits = { cpuMs, wallMs };
  runtime = await openTestRuntime({
    extensions: {
      ...Object.fromEntries(Object.values(ways).map(({ run }, index) => [`way-${index}`, extension(makeSource(run), { limits })])),
      neighbour: extension(neighbour, { limits: { wallMs: 10_000, cpuMs: 1_000 } }),
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

describe('time', () => {
  for (const [index, [name, { limit = 'cpuMs' }]] of Object.entries(ways).entries()) {
    const path = `/${ids[index]}/way`;
    test(`${name} is ended at ${limit}, alone`, async () => {
      const before = runtime.runtime.ledger().at(-1)?.sequence ?? 0;
      await using beside = startNeighbour(runtime, '/neighbour');
      const { reply, end, limits } = await runtime.measure(path);
      const code = limit === 'cpuMs' ? 'ERR_CPU_EXCEEDED' : 'ERR_DEADLINE_EXCEEDED';
      assert.deepEqual([reply.status, reply.code, end.outcome], [504, code, code]);
      assert.ok(reply.ms < patienceMs, `it took ${reply.ms} ms`);
      assert.deepEqual(
        limits.map((one) => [one.limit, one.allowed, one.used > 0]),
        [[limit, limit === 'cpuMs' ? cpuMs : wallMs, true]],
      );
      const again = await askAgain(runtime, `${path}?calm`);
      assert.deepEqual([again.status, again.json()], [200, 'calm']);
      // Long enough for a ward that has to be killed to be killed.
      if (name.includes('built-in'))
        await waitUntil('the ward is ended', () =>
          runtime.entries('life').some((one) => one.event === 'ward.exit' && one.sequence > before),
        );
      await beside.stop();
    });
  }
  test('none of them is left running: an idle runtime uses no processor', async () => {
    await waitUntil('nothing runs', () => runtime.runtime.health().requests === 0);
    for (let tries = 0; ; tries += 1) {
      const wards = runtime.wards();
      const before = readCpuMs(wards);
      await sleep(500);
      const usedMs = readCpuMs(wards) - before;
      if (usedMs < 250) return;
      assert.ok(tries < 10, `the wards used ${usedMs} ms of processor in 500 ms of doing nothing`);
    }
  });
});
