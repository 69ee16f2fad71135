// Whoever takes memory without end takes it from itself alone: its cell or its ward ends, its neighbours' requests are answered, its own route serves on.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askAgain } from '../helpers/again.ts';
import { startNeighbour } from '../helpers/neighbour.ts';
import { extension, openTestRuntime, readRssMb, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import { thinned } from '../helpers/thinned.ts';

const memoryMb = 32;
const wardRssMb = 512;

/** What each may be answered with: the heap's own limit, the ward's, or, where it takes longer than its time, that. */
const memory = ['ERR_MEMORY_EXCEEDED'];
const any = ['ERR_MEMORY_EXCEEDED', 'ERR_WARD_CRASHED', 'ERR_CPU_EXCEEDED', 'ERR_DEADLINE_EXCEEDED'];
/** What may end by its time as well need not be given much. */
const limitsOf = (codes: readonly string[]): Readonly<Record<string, number>> => ({
  memoryMb,
  wardRssMb,
  ...(codes === memory ? { cpuMs: 2_000, wallMs: 8_000 } : { cpuMs: 800, wallMs: 3_000 }),
});

const ways: Readonly<Record<string, { readonly run: string; readonly codes: readonly string[] }>> = {
  'arrays that are kept': { run: 'const kept = []; for (;;) kept.push(new Array(1000).fill(1.5))', codes: memory },
  'arrays after an await': { run: 'await null; const kept = []; for (;;) kept.push(new Array(1000).fill(1.5))', codes: memory },
  objects: { run: `const kept = []; for (;;) kept.push({ ['key' + kept.length]: kept.length })`, codes: any },
  'small strings': { run: `const kept = []; for (;;) kept.push(String(kept.length).repeat(1000) + 'x')`, codes: any },
  'a string that doubles': { run: `let text = 'x'; for (;;) text = JSON.stringify([text, text])`, codes: any },
  'a Map': { run: 'const map = new Map(); for (;;) map.set(map.size, map.size)', codes: any },
  'a Set of strings': { run: `const set = new Set(); for (;;) set.add('key ' + set.size)`, codes: any },
  'keys of one object': { run: 'const bag = {}; for (let count = 0; ; count += 1) bag[count * 1000003] = count', codes: any },
  promises: { run: 'const kept = []; for (;;) kept.push(new Promise(() => undefined))', codes: any },
  closures: { run: 'const kept = []; for (;;) kept.push(() => kept)', codes: any },
  'the longest array there is, filled': { run: 'new Array(2 ** 32 - 1).fill(0)', codes: any },
  'a filled array of a thousand million': { run: 'Array(1e9).fill(0)', codes: any },
  'a string split into its letters': { run: `'a'.repeat(2 ** 29 - 24).split('')`, codes: any },
  buffers: { run: 'const kept = []; for (;;) kept.push(new Uint8Array(1048576).fill(1))', codes: [...any, 'ERR_GUEST_FAILED'] },
  'one huge buffer': {
    run: 'const bytes = new Uint8Array(2 ** 32); for (let at = 0; at < bytes.length; at += 4096) bytes[at] = 1',
    codes: [...any, 'ERR_GUEST_FAILED'],
  },
  'spread into a call': { run: 'const list = new Array(5e7).fill(1); Math.max(...list)', codes: [...any, 'ERR_GUEST_FAILED'] },
  recursion: { run: 'const deeper = (n) => [deeper(n + 1), n]; deeper(0)', codes: ['ERR_GUEST_FAILED'] },
  'an error with a long stack': {
    run: `const kept = []; Error.stackTraceLimit = Infinity; const deeper = (n) => { kept.push(new Error('x'.repeat(1000)).stack); return deeper(n + 1) + 1; }; deeper(0)`,
    codes: [...any, 'ERR_GUEST_FAILED'],
  },
};

const makeSource = (run: string): string => `
export default (router) => {
  router.get('/way', async (req, res) => {
    if (req.query.calm !== undefined) return res.json('calm');
    ${run};
    res.json('came back');
  });
};`;
const neighbour = `export default (router) => { router.get('/', async (req, res) => { await new Promise((resolve) => setTimeout(resolve, 2)); res.json('here'); }); };`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      ...Object.fromEntries(
        Object.values(ways).map(({ run, codes }, index) => [`way-${index}`, extension(makeSource(run), { limits: limitsOf(codes) })]),
      ),
      neighbour: extension(neighbour, { limits: { wallMs: 10_000, cpuMs: 1_000 } }),
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

const statusOf: Readonly<Record<string, number>> = {
  ERR_MEMORY_EXCEEDED: 507,
  ERR_WARD_CRASHED: 507,
  ERR_CPU_EXCEEDED: 504,
  ERR_DEADLINE_EXCEEDED: 504,
  ERR_GUEST_FAILED: 500,
};

describe('memory', () => {
  for (const [index, [name, { codes }]] of thinned([...Object.entries(ways).entries()], 2)) {
    const path = `/way-${index}/way`;
    test(`${name}: ends its own request alone`, async (context) => {
      const { pid } = process;
      await using beside = startNeighbour(runtime, '/neighbour');
      const { reply, end, limits } = await runtime.measure(path);
      context.diagnostic(`${reply.code} after ${Math.round(reply.ms)} ms`);
      assert.ok(codes.includes(reply.code), reply.text);
      assert.deepEqual([reply.status, end.outcome], [statusOf[reply.code], reply.code]);
      if (reply.code !== 'ERR_GUEST_FAILED') {
        // V8 ends its process at once where an array would be too long for it: then there is a crash and no limit to name.
        const told = reply.code === 'ERR_WARD_CRASHED' ? [0, 1] : [1];
        assert.ok(told.includes(limits.length), JSON.stringify(limits));
        for (const one of limits) assert.deepEqual([one.allowed, one.used > 0], [limitsOf(codes)[one.limit], true], JSON.stringify(one));
      }
      const again = await askAgain(runtime, `${path}?calm`);
      assert.deepEqual([again.status, again.text], [200, '"calm"']);
      await beside.stop();
      assert.equal(process.pid, pid);
    });
  }
  test('the kernel would end any ward before the host', () => {
    const wards = runtime.wards();
    assert.ok(wards.length > 0);
    for (const pid of wards) assert.equal(readFileSync(`/proc/${pid}/oom_score_adj`, 'latin1').trim(), '1000');
    assert.notEqual(readFileSync('/proc/self/oom_score_adj', 'latin1').trim(), '1000');
  });
  test('nothing of it is left: the wards are small again', async () => {
    await waitUntil('nothing runs', () => runtime.runtime.health().requests === 0);
    await waitUntil('no ward is over its limit', () => runtime.wards().every((pid) => readRssMb(pid) < wardRssMb));
  });
});

describe('memory that a request leaves behind', () => {
  const leaky = `
    const kept = [];
    export default (router) => {
      router.get('/keep', (req, res) => { for (let index = 0; index < 20; index += 1) kept.push(new Array(1000).fill(index)); res.json(kept.length); });
      router.get('/kept', (req, res) => res.json(kept.length));
    };`;
  test('is told per request, and the cell ends at its limit and starts again', async () => {
    const own = await openTestRuntime({
      extensions: { leaky: extension(leaky, { limits: { memoryMb: 32, cpuMs: 5_000, wallMs: 20_000 } }) },
    });
    try {
      // The heap is looked at now and then, not after each request.
      const grown: (number | null)[] = [];
      for (let index = 0; index < 5; index += 1) {
        grown.push((await own.measure('/leaky/keep')).end.heapGrowthKb);
        await sleep(60);
      }
      assert.ok(Math.max(...grown.map(Number)) > 50, `${grown.join(', ')} KB`);
      let ended = 0;
      for (let index = 0; index < 600 && ended === 0; index += 1) {
        const reply = await own.get('/leaky/keep');
        assert.ok([200, 507].includes(reply.status), reply.text);
        if (reply.status === 507) ended = index;
      }
      assert.ok(ended > 10, 'the cell came to its limit');
      assert.equal((await own.get('/leaky/kept')).json(), 0);
    } finally {
      await own.close();
    }
  });
});
