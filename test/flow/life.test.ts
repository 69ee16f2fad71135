// From start to close: health, draining, what a killed ward leaves, a ledger that verifies, and no process after it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyLedger } from '../../src/ledger/verify-ledger.ts';
import { createRuntime } from '../../src/runtime.ts';
import { extension, findOwnProcesses, openTestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
let count = 0;
export default (router, { logger }) => {
  router.get('/', (req, res) => res.json({ count: ++count }));
  router.get('/slow/:ms', async (req, res) => { await new Promise((resolve) => setTimeout(resolve, Number(req.params.ms))); logger.info('slept'); res.json('slept'); });
  router.get('/stream', (req, res) => { res.write('begun'); const timer = setInterval(() => res.write('.'), 20); res.on('close', () => clearInterval(timer)); });
  router.get('/background', (req, res) => { setInterval(() => { count += 1; }, 10); res.json('set'); });
};`;

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const adminToken = 'an-operators-token-for-tests';

describe('health', () => {
  test('counts what is served for who has the token, says to others that it lives, and when it closes', async () => {
    const runtime = await openTestRuntime({
      extensions: { one: extension(source), broken: extension('throw 1') },
      options: { adminToken },
    });
    try {
      const shown = (await runtime.get('/_cloister/health', { authorization: `Bearer ${adminToken}` })).json();
      assert.deepEqual(shown, { ...runtime.runtime.health(), requests: 0 });
      assert.deepEqual((await runtime.get('/_cloister/health')).json(), { status: 'ok' });
      const { status, extensions, refused, cells } = runtime.runtime.health();
      assert.deepEqual({ status, extensions, refused, cells }, { status: 'ok', extensions: 1, refused: 1, cells: 1 });
      const slow = runtime.get('/one/slow/300');
      await waitUntil('the request counts', () => runtime.runtime.health().requests === 1);
      await slow;
      await waitUntil('and no longer', () => runtime.runtime.health().requests === 0);
    } finally {
      await runtime.close();
    }
    assert.equal(runtime.runtime.health().status, 'closing');
  });
});

describe('close()', () => {
  test('lets requests in flight finish, takes no new ones, and leaves no process', async (context) => {
    const runtime = await openTestRuntime({ extensions: { one: extension(source) } });
    context.after(() => runtime.close());
    await runtime.get('/one/background');
    // What it left running ends a moment after its answer.
    await waitUntil('nothing of it runs', () => runtime.runtime.health().requests === 0);
    const wards = runtime.wards();
    assert.ok(wards.length > 0);
    const slow = runtime.get('/one/slow/300');
    await waitUntil('the request is in its cell', () => runtime.runtime.health().requests === 1);
    const closing = runtime.runtime.close({ drainMs: 2_000 });
    const late = await runtime.get('/one');
    assert.deepEqual([late.status, late.code], [503, 'ERR_RUNTIME_CLOSED']);
    assert.equal((await slow).json(), 'slept');
    await closing;
    assert.deepEqual(wards.filter(isAlive), []);
    assert.deepEqual(findOwnProcesses(), []);
    const after = await runtime.get('/one');
    assert.deepEqual([after.status, after.code], [503, 'ERR_RUNTIME_CLOSED']);
  });
  test('does not wait longer than drainMs', async () => {
    const runtime = await openTestRuntime({ extensions: { one: extension(source, { limits: { wallMs: 20_000 } }) } });
    const stream = await runtime.open('/one/stream');
    const slow = runtime.get('/one/slow/15000');
    await stream.until('begun');
    await waitUntil('both are in their cell', () => runtime.runtime.health().requests === 2);
    const startedAt = performance.now();
    await runtime.runtime.close({ drainMs: 200 });
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs >= 190 && tookMs < 10_000, `${tookMs} ms`);
    assert.equal(await stream.ended, false);
    assert.equal((await slow).code, 'ERR_RUNTIME_CLOSED');
    await runtime.close();
  });
  test('may be called twice', async () => {
    const runtime = await openTestRuntime({ extensions: { one: extension(source) } });
    await Promise.all([runtime.runtime.close(), runtime.runtime.close()]);
    await runtime.close();
  });
  test('a runtime that cannot be made leaves no process', async () => {
    await assert.rejects(createRuntime({ extensions: ['/nowhere-at-all'], database: 'postgres://nobody@127.0.0.1:1/none' }));
    assert.deepEqual(findOwnProcesses(), []);
  });
});

describe('a ward that is killed from outside', () => {
  test('is replaced, and the requests it had without effect are run again', async () => {
    const runtime = await openTestRuntime({ extensions: { one: extension(source) } });
    try {
      await runtime.get('/one');
      const cell = runtime.entries('life').findLast((one) => one.event === 'cell.boot');
      const pid = Number(cell?.reason.split(' ')[1]);
      const slow = runtime.get('/one/slow/200');
      await waitUntil('the request is in its cell', () => runtime.runtime.health().requests === 1);
      await sleep(50);
      process.kill(pid, 'SIGKILL');
      assert.equal((await slow).json(), 'slept');
      assert.deepEqual((await runtime.get('/one')).json(), { count: 1 });
      assert.ok(runtime.entries('life').some((one) => one.event === 'ward.exit' && one.subject === `ward ${pid}`));
    } finally {
      await runtime.close();
    }
  });
});

describe('an idle cell', () => {
  test('sleeps after cellIdleMs, and the next request wakes another', async () => {
    const runtime = await openTestRuntime({ extensions: { one: extension(source) }, options: { wards: { cellIdleMs: 150 } } });
    try {
      assert.deepEqual((await runtime.get('/one')).json(), { count: 1 });
      await waitUntil('the cell is gone', () => runtime.runtime.health().cells === 0);
      assert.deepEqual((await runtime.get('/one')).json(), { count: 1 });
      assert.ok(runtime.entries('life').some((one) => one.event === 'cell.end' && one.reason === 'idle'));
    } finally {
      await runtime.close();
    }
  });
});

describe('the ledger', () => {
  test('of a whole session verifies, from start to close', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cloister-life-'));
    const file = join(folder, 'ledger.ndjson');
    try {
      const runtime = await openTestRuntime({ extensions: { one: extension(source) }, options: { ledger: { file } } });
      for (let index = 0; index < 20; index += 1) await runtime.get('/one');
      await runtime.get('/one/slow/10');
      await runtime.close();
      const { ok, entries: count } = await verifyLedger(file);
      assert.ok(ok);
      assert.equal(count, runtime.runtime.ledger().length);
      const events = runtime.entries('life').map((one) => one.event);
      assert.deepEqual([events[0], events.at(-1)], ['runtime.start', 'runtime.close']);
      const [end] = runtime.entries('request.end').filter((one) => one.path === '/one/slow/10');
      const own = runtime.runtime.ledger().filter((one) => 'request' in one && one.request === end?.request);
      assert.deepEqual(
        own.map((one) => one.kind),
        ['request.start', 'call.start', 'request.end'],
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
