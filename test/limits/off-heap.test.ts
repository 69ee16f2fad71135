// Memory that V8's heap limit does not count: a ward that takes it is bounded from outside, and what would take gigabytes at once is not there at all.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNeighbour } from '../helpers/neighbour.ts';
import { extension, openTestRuntime, readRssMb, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import { thinned } from '../helpers/thinned.ts';

const wardRssMb = 256;
/** What a ward may have grown by between two looks of the host at it, on a machine with other things to do. */
const slackMb = 900;

const ways: Readonly<Record<string, string>> = {
  'Intl collators': `for (let round = 0; ; round += 1) kept.push(new Intl.Collator(['de', 'sv', 'ja', 'zh'][round % 4]));`,
  'Intl date formats': `for (;;) kept.push(new Intl.DateTimeFormat('de', { timeZone: 'Europe/Berlin' }));`,
  'Intl segments': `for (;;) kept.push(new Intl.Segmenter('th', { granularity: 'word' }).segment('ก'.repeat(10_000)));`,
  'Intl number formats, by way of toLocaleString': `for (let round = 0; ; round += 1) kept.push((1234.5).toLocaleString('de', { minimumFractionDigits: round % 20 }));`,
  'compiled code': `for (let round = 0; ; round += 1) kept.push(new Function('return ' + round + '+1'.repeat(2_000)));`,
  'compiled expressions': `for (let round = 0; ; round += 1) { const one = new RegExp('(?:a|b|c){1,9}'.repeat(50) + round); one.test('abc'.repeat(20)); kept.push(one); }`,
  'external strings': `for (let round = 0; ; round += 1) kept.push(('x'.repeat(1 << 20) + round).replace('x', 'y'));`,
  'small buffers': 'for (;;) kept.push(new Uint8Array(64));',
  'large buffers': 'for (;;) kept.push(new Uint8Array(8 << 20).fill(1));',
  'views of one buffer': 'const one = new ArrayBuffer(8 << 20); for (;;) kept.push(new Uint8Array(one), new DataView(one));',
  'copies of a buffer': 'const one = new Uint8Array(8 << 20).fill(1); for (;;) kept.push(one.slice());',
  'texts of a decoder': 'const one = new Uint8Array(1 << 20).fill(97); for (;;) kept.push(new TextDecoder().decode(one));',
  'Buffer.concat': 'let all = Buffer.alloc(1 << 20, 1); for (;;) all = Buffer.concat([all, all]);',
  'pieces of an answer that nobody takes': `res.type('bin'); for (;;) res.write(Buffer.alloc(1 << 16, 1));`,
};
const absent = ['WebAssembly', 'SharedArrayBuffer', 'Atomics'];
const source = `
const kept = [];
export default (router) => {
  router.get('/way/:way', async (req, res) => {
    switch (Number(req.params.way)) {
      ${Object.values(ways)
        .map((run, index) => `case ${index}: { ${run} }`)
        .join('\n')}
    }
  });
  router.get('/buffer', (req, res) => {
    const one = new ArrayBuffer(8, { maxByteLength: 1 << 30 });
    const view = new Uint8Array(8, { maxByteLength: 1 << 30 });
    const inherited = Reflect.construct(Object.getPrototypeOf(Object.getPrototypeOf(new Uint8Array(1))).constructor === undefined ? Object : ArrayBuffer, [8, { maxByteLength: 16 }]);
    class Own extends ArrayBuffer {}
    const own = new Own(8, { maxByteLength: 1 << 30 });
    const native = one.constructor;
    const deeper = new native(8, { maxByteLength: 1 << 30 });
    const species = one.slice(0).constructor;
    const all = [one, view.buffer, inherited, own, deeper, new species(8, { maxByteLength: 1 << 30 })];
    res.json(all.map((buffer) => [typeof buffer.resize, typeof buffer.transfer, buffer.resizable ?? false, buffer.maxByteLength ?? null, buffer.byteLength]));
  });
  router.get('/absent', (req, res) => res.json(${JSON.stringify(absent)}.map((name) => [typeof globalThis[name], new Function('return typeof ' + name)(), typeof Function('return this')()[name]])));
  router.get('/', (req, res) => { new Uint8Array(1 << 20).fill(1); res.json(new Intl.NumberFormat('de').format(1234.5)); });
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      off: extension(source, { limits: { memoryMb: 64, wardRssMb, cpuMs: 1_000, wallMs: 5_000 } }),
      by: extension(source, { limits: { cpuMs: 1_000, wallMs: 10_000 } }),
    },
    options: {
      wards: { max: 6, perTenant: 1 },
      identify: (request) => ({ tenant: String(request.headers['x-tenant'] ?? 'calm'), accountability: null }),
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

describe('off the heap', () => {
  for (const [index, name] of thinned([...Object.keys(ways).entries()], 4)) {
    test(`${name}: the ward stays bounded, and others are served`, async (context) => {
      await using beside = startNeighbour(runtime, '/by');
      let running = true;
      let most = 0;
      const look = (async (): Promise<void> => {
        for (; running; await sleep(10)) most = Math.max(most, ...runtime.wards().map(readRssMb));
      })();
      const hostBefore = process.memoryUsage.rss() / (1024 * 1024);
      const reply = await runtime.get(`/off/way/${index}`, { 'x-tenant': `off-${index}` }).catch(() => null);
      running = false;
      await look;
      const hostGrew = process.memoryUsage.rss() / (1024 * 1024) - hostBefore;
      context.diagnostic(`${reply?.code ?? 'broken off'}, at most ${Math.round(most)} MB, host ${Math.round(hostGrew)} MB`);
      assert.ok(reply === null || reply.status >= 500, reply?.text);
      assert.ok(most < wardRssMb + slackMb, `${Math.round(most)} MB`);
      assert.ok(hostGrew < 300, `the host grew by ${Math.round(hostGrew)} MB`);
      await beside.stop();
    });
  }
  test('nothing of it is left', async () => {
    await waitUntil('nothing runs', () => runtime.runtime.health().requests === 0);
    await waitUntil('wards are small', () => runtime.wards().every((pid) => readRssMb(pid) < wardRssMb + 64));
  });
});

describe('what no limit could count', () => {
  test('is not there', async () => {
    const found = (await runtime.get('/by/absent')).json() as readonly (readonly string[])[];
    for (const [index, types] of found.entries())
      assert.deepEqual([absent[index], ...types], [absent[index], 'undefined', 'undefined', 'undefined']);
  });
  test('a buffer has one length, however it is made', async () => {
    const found = (await runtime.get('/by/buffer')).json() as readonly unknown[];
    for (const one of found) assert.deepEqual(one, ['undefined', 'undefined', false, null, 8]);
  });
  test('and plain buffers and Intl serve', async () => assert.equal((await runtime.get('/by')).json(), '1.234,5'));
});
