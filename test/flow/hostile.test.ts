// What an attacker once brought down, and must not again: each of these ended the host, its neighbours or its limits. Must never need luck to show it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askAgain } from '../helpers/again.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const nested = 'let deep = []; for (let depth = 0; depth < 6000; depth += 1) deep = [deep];';
const source = `
export default (router) => {
  const directus = (extensions) => Object.assign(new Error('told'), { name: 'DirectusError', code: 'TOLD', status: 400, extensions });
  router.get('/nested', () => { ${nested} throw directus({ deep }); });
  router.get('/array', () => { ${nested} throw directus(deep); });
  router.get('/swollen', () => { throw directus({ a: 'y'.repeat(8_000_000) }); });
  router.get('/header', (req, res) => { res.set('x-long', 'y'.repeat(4_000_000)).send('x'); });
  router.get('/orders', (req, res) => { res.set({ 'x-accel-redirect': '/etc/passwd', 'x-sendfile': '/etc/passwd', 'service-worker-allowed': '/', nel: '{}', 'report-to': '{}', 'x-mine': 'kept' }).json({}); });
  router.get('/page/:type', (req, res) => { res.set('content-type', decodeURIComponent(req.params.type)).send('<script>1</script>'); });
  router.get('/background', (req, res) => { res.json('ok'); setTimeout(() => { for (;;); }, 30); });
  router.get('/poison', (req, res) => { Function.prototype.call = () => undefined; Function.prototype.apply = () => undefined; Array.prototype[Symbol.iterator] = undefined; res.json('poisoned'); });
  router.get('/', (req, res) => res.json('ok'));
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      evil: extension(source, { limits: { cpuMs: 100, wallMs: 2_000 } }),
      by: extension(`export default (router) => { router.get('/', (req, res) => res.json('ok')); };`, {
        limits: { cpuMs: 500, wallMs: 10_000 },
      }),
    },
  });
});
after(() => runtime.close());

const neighbourAnswers = async (): Promise<void> => assert.equal((await runtime.get('/by')).status, 200);

describe('an error with more than may be told', () => {
  for (const path of ['/evil/nested', '/evil/array', '/evil/swollen']) {
    test(`${path} is an error of its request, and no more`, async () => {
      const reply = await runtime.get(path);
      assert.ok([400, 500, 504].includes(reply.status), String(reply.status));
      assert.ok(reply.text.length < 100_000, `${reply.text.length} characters`);
      await neighbourAnswers();
    });
  }
});

test('a header of megabytes does not leave, nor take the host its time', async () => {
  const reply = await runtime.get('/evil/header');
  assert.ok([500, 502, 503, 507].includes(reply.status), `${reply.status} ${reply.text}`);
  await neighbourAnswers();
});

test('headers that give orders to proxies and browsers stay behind, others leave', async () => {
  const { headers } = await runtime.get('/evil/orders');
  for (const name of ['x-accel-redirect', 'x-sendfile', 'service-worker-allowed', 'nel', 'report-to'])
    assert.equal(headers[name], undefined, name);
  assert.equal(headers['x-mine'], 'kept');
});

describe('what a browser may run comes with a policy', () => {
  const rows: readonly (readonly [string, boolean])[] = [
    ['text/html', true],
    ['image/svg+xml', true],
    ['application/xhtml+xml', true],
    ['multipart/x-mixed-replace; boundary=x', true],
    ['text/made-up', true],
    ['text/plain', false],
    ['application/json', false],
    ['application/problem+json', false],
    ['image/png', false],
  ];
  for (const [type, guarded] of rows) {
    test(`${type}: ${guarded ? 'yes' : 'no'}`, async () => {
      const { headers } = await runtime.get(`/evil/page/${encodeURIComponent(type)}`);
      assert.equal(headers['content-security-policy'] !== undefined, guarded);
    });
  }
});

test('a loop after the answer ends its own cell, and nobody else’s ward or name', async () => {
  for (let hit = 0; hit < 4; hit += 1) {
    assert.equal((await runtime.get('/evil/background')).status, 200);
    for (let ask = 0; ask < 10; ask += 1) {
      await neighbourAnswers();
      await sleep(30);
    }
  }
  const blamed = runtime
    .entries('life')
    .filter(({ event, extension: id }) => id === 'by' && (event === 'extension.suspect' || event === 'extension.parked'));
  assert.deepEqual(blamed, []);
  assert.ok(runtime.entries('life').some(({ event, extension: id }) => id === 'evil' && event === 'cell.end'));
});

test('a cell that has stopped answering is replaced', async () => {
  await runtime.get('/evil/poison');
  assert.equal((await askAgain(runtime, '/evil')).status, 200);
});
