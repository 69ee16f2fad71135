// Prints what the platform costs: size, snapshot, boot, memory of an idle cell, time per request in a warm isolate. Not a test; asserts nothing.
// node --no-node-snapshot test/platform/measure.ts
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type IsolatedVm from 'isolated-vm';
import { buildGuest, guestBundleName, guestProfiles } from '../../sandbox/build.ts';

const ivm = createRequire(import.meta.url)('isolated-vm') as typeof IsolatedVm;
const cells = 30;
const requests = 20_000;
const kernel = join(import.meta.dirname, '../../sandbox/kernel/main.ts');
const standIn = join(import.meta.dirname, '../../sandbox/platform/testing/stand-in-kernel.ts');

const privateMb = (): number => Number(/Private_Dirty:\s+(\d+)/.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1]) / 1024;
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const timed = async <Value>(run: () => Promise<Value>): Promise<[Value, number]> => {
  const start = performance.now();
  return [await run(), performance.now() - start];
};

const folder = await mkdtemp(join(tmpdir(), 'cloister-measure-'));
const alive: IsolatedVm.Isolate[] = [];
const rows: Record<string, string | number>[] = [];

for (const profile of guestProfiles) {
  const outfile = join(folder, 'real.js');
  const [, buildMs] = await timed(() => buildGuest({ ...profile, entry: kernel, outfile }));
  const code = readFileSync(outfile, 'utf8');
  const snapshot = ivm.Isolate.createSnapshot([{ code, filename: 'cloister:guest' }], '__cloisterWarmUp()');
  const boot = async (): Promise<IsolatedVm.Isolate> => {
    const isolate = new ivm.Isolate({ memoryLimit: 64, snapshot });
    const context = await isolate.createContext();
    await context.evalClosure(
      'return __cloisterBoot($0, $1)',
      [new ivm.Callback(() => undefined, { ignored: true }), new ivm.Callback(() => '')],
      {
        result: { reference: true },
      },
    );
    return isolate;
  };
  const kept = [await boot()];
  const before = privateMb();
  const bootMs: number[] = [];
  for (let count = 0; count < cells; count += 1) {
    const [isolate, ms] = await timed(boot);
    bootMs.push(ms);
    kept.push(isolate);
  }
  const heap = await (kept[1] as IsolatedVm.Isolate).getHeapStatistics();
  rows.push({
    bundle: guestBundleName(profile),
    'source KB': Math.round(code.length / 1024),
    'build ms': Math.round(buildMs),
    'snapshot MB': Number((snapshot.copy() as ArrayBuffer).byteLength / 1e6).toFixed(2),
    'boot ms': median(bootMs).toFixed(1),
    'private MB per cell': ((privateMb() - before) / cells).toFixed(2),
    'heap used MB': (heap.used_heap_size / 1e6).toFixed(2),
  });
  // Kept alive: memory that one profile gave back would hide what the next one takes.
  alive.push(...kept);
}
console.table(rows);

const routes = `const app = __answering.app; const { Router } = __platform.express; const router = Router();
app.disable('x-powered-by'); app.use('/x', router);
router.get('/hello', (req, res) => res.send('hello world'));
router.get('/json/:id', (req, res) => res.json({ id: req.params.id, query: req.query }));
router.get('/set', (req, res) => { res.setHeader('X-A', '1'); res.setHeader('X-B', '2'); res.setHeader('Content-Type', 'text/plain'); res.end('x') });
const sink = { respond() {}, head() {}, chunk() { return true }, end() {} };
globalThis.__bench = (url, count) => { for (let n = 0; n < count; n += 1) { const req = new __platform.IncomingMessage({ method: 'GET', url, headers: ['host', 'localhost:8055', 'user-agent', 'x', 'accept', '*/*'], remoteAddress: '127.0.0.1', encrypted: false }, null); app(req, new __platform.ServerResponse(req, sink), () => {}) } };`;

const times: Record<string, string | number>[] = [];
for (const express of [4, 5] as const) {
  const outfile = join(folder, 'stand-in.js');
  await buildGuest({ express, knex: false, entry: standIn, outfile });
  const isolate = new ivm.Isolate({ snapshot: ivm.Isolate.createSnapshot([{ code: readFileSync(outfile, 'utf8') }]) });
  const context = await isolate.createContext();
  await context.eval(routes);
  const row: Record<string, string | number> = { express };
  for (const [name, url] of Object.entries({ hello: '/x/hello', json: '/x/json/7?a=1&b=2', 'three headers and end': '/x/set' })) {
    const script = `__bench('${url}', ${requests})`;
    await context.eval(script);
    const [, ms] = await timed(() => context.eval(script));
    row[`${name} µs`] = ((ms * 1000) / requests).toFixed(2);
  }
  times.push(row);
  isolate.dispose();
}
console.table(times);
await rm(folder, { recursive: true });
process.kill(process.pid, 'SIGKILL');
