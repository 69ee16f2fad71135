// Calls, log lines and timers: as many as allowed, not one more, each breach on the ledger, and a flood costs the flooder alone.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startNeighbour } from '../helpers/neighbour.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
export default (router, { database, logger }) => {
  const attempt = async (run) => { try { await run(); return 'ok'; } catch (error) { return error.code ?? error.message; } };
  router.get('/calls/:count', async (req, res) => {
    const outcomes = [];
    for (let call = 0; call < Number(req.params.count); call += 1) outcomes.push(await attempt(() => database.raw('select 1')));
    res.json(outcomes);
  });
  router.get('/at-once/:count', async (req, res) => res.json(await Promise.all(Array.from({ length: Number(req.params.count) }, () => attempt(() => database.raw('select pg_sleep(0.02)'))))));
  router.get('/arguments/:chars', async (req, res) => res.json(await attempt(() => database.raw('select ?::text', ['x'.repeat(Number(req.params.chars))]))));
  router.get('/result/:chars', async (req, res) => res.json(await attempt(() => database.raw('select repeat(?::text, ?::int)', ['x', Number(req.params.chars)]))));
  router.get('/log/:count', (req, res) => { for (let line = 0; line < Number(req.params.count); line += 1) logger.info('line ' + line); res.json('logged'); });
  router.get('/log-bytes/:count', (req, res) => { for (let line = 0; line < Number(req.params.count); line += 1) logger.info('x'.repeat(100)); res.json('logged'); });
  router.get('/log-flood', (req, res) => { for (;;) logger.info('flood'); });
  router.get('/call-flood', (req, res) => { for (;;) database.raw('select 1').then(() => undefined, () => undefined); });
  router.get('/timers/:count', async (req, res) => {
    const timers = [];
    const outcome = await attempt(() => { for (let timer = 0; timer < Number(req.params.count); timer += 1) timers.push(setTimeout(() => undefined, 5_000)); });
    for (const timer of timers) clearTimeout(timer);
    res.json({ outcome: outcome.slice(0, 40), set: timers.length });
  });
  router.get('/timer-flood', (req, res) => { for (;;) clearTimeout(setTimeout(() => undefined, 1)); });
  router.get('/interval-flood', async (req, res) => { let beats = 0; const all = []; for (let timer = 0; timer < 30; timer += 1) all.push(setInterval(() => { beats += 1; }, 1)); await new Promise((resolve) => setTimeout(resolve, 100)); for (const timer of all) clearInterval(timer); res.json(beats > 30); });
  router.get('/', (req, res) => res.json('here'));
};`;

const limits = {
  hostCalls: 10,
  callsPending: 4,
  callBytes: 2_000,
  resultBytes: 3_000,
  logLines: 5,
  logBytes: 2_000,
  timers: 32,
  cpuMs: 400,
  wallMs: 5_000,
  // What a flood leaves waiting lies in its own heap: room enough that processor time is what ends it.
  memoryMb: 512,
};

let database: TestDatabase;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase('create table t (id int)');
  const capabilities = { database: { tables: { t: { read: true } }, functions: ['pg_sleep', 'repeat'] } };
  runtime = await openTestRuntime({
    extensions: { calls: extension(source, { capabilities, limits }), neighbour: extension(source) },
    options: { database: database.url },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  await database.close();
});

const linesOf = (request: string): readonly string[] =>
  runtime.logs.filter((line) => line['request'] === request).map((line) => String(line['msg']));

describe('hostCalls', () => {
  test('that many are made, and the next is refused, on the ledger once with limit and amounts', async () => {
    const fine = await runtime.measure('/calls/calls/10');
    assert.deepEqual([fine.reply.json(), fine.limits, fine.end.calls], [Array.from({ length: 10 }, () => 'ok'), [], 10]);
    const over = await runtime.measure('/calls/calls/13');
    assert.deepEqual(over.reply.json(), [
      ...Array.from({ length: 10 }, () => 'ok'),
      'ERR_CALLS_EXCEEDED',
      'ERR_CALLS_EXCEEDED',
      'ERR_CALLS_EXCEEDED',
    ]);
    assert.deepEqual(
      over.limits.map(({ limit, allowed, used }) => ({ limit, allowed, used })),
      [{ limit: 'hostCalls', allowed: 10, used: 11 }],
    );
    assert.deepEqual(
      over.calls.filter((one) => one.decision === 'deny').map((one) => one.rule),
      ['ERR_CALLS_EXCEEDED'],
    );
  });
  test('are counted for each request by itself', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => runtime.get('/calls/calls/10')));
    for (const reply of all)
      assert.deepEqual(
        reply.json(),
        Array.from({ length: 10 }, () => 'ok'),
      );
  });
  test('a flood of calls ends with cpuMs, and its neighbour notices nothing', async () => {
    await using beside = startNeighbour(runtime, '/neighbour');
    const { reply, limits: told } = await runtime.measure('/calls/call-flood');
    assert.equal(reply.status, 504);
    assert.ok(told.some((one) => one.limit === 'cpuMs'));
    assert.equal((await runtime.get('/calls')).json(), 'here');
    await beside.stop();
  });
});

describe('callsPending', () => {
  test('what is more than that at once waits its turn, and none is refused', async () => {
    const { reply, limits: told } = await runtime.measure('/calls/at-once/10');
    assert.deepEqual([reply.json(), told], [Array.from({ length: 10 }, () => 'ok'), []]);
    const { request } = await runtime.ended('/calls/at-once/10');
    let most = 0;
    let open = 0;
    for (const one of runtime.runtime.ledger()) {
      if (!('request' in one) || one.request !== request) continue;
      if (one.kind === 'call.start') open += 1;
      if (one.kind === 'call.end') open -= 1;
      most = Math.max(most, open);
    }
    assert.equal(most, 4);
  });
});

describe('callBytes and resultBytes', () => {
  test('arguments over callBytes are refused, on the ledger with limit and amounts', async () => {
    const fine = await runtime.measure('/calls/arguments/1800');
    assert.deepEqual([fine.reply.json(), fine.limits], ['ok', []]);
    const over = await runtime.measure('/calls/arguments/2100');
    assert.equal(over.reply.json(), 'ERR_ARGUMENT_INVALID');
    assert.deepEqual(
      over.limits.map(({ limit, allowed, used }) => [limit, allowed, used > 2_000]),
      [['callBytes', 2_000, true]],
    );
  });
  test('a result over resultBytes is an error of its call', async () => {
    assert.equal((await runtime.get('/calls/result/2000')).json(), 'ok');
    const { reply, end } = await runtime.measure('/calls/result/3500');
    assert.notEqual(reply.json(), 'ok');
    const [finished] = runtime.entries('call.end').filter((one) => one.request === end.request);
    assert.notEqual(finished?.outcome, 'ok');
  });
});

describe('logLines and logBytes', () => {
  const note = 'further log lines of this request are suppressed';
  test('that many lines are written; then one note, and silence', async () => {
    const fine = await runtime.measure('/calls/log/5');
    assert.deepEqual([linesOf(fine.end.request), fine.limits], [['line 0', 'line 1', 'line 2', 'line 3', 'line 4'], []]);
    const over = await runtime.measure('/calls/log/50');
    await waitUntil('the note is written', () => linesOf(over.end.request).length > 5);
    assert.deepEqual(linesOf(over.end.request), ['line 0', 'line 1', 'line 2', 'line 3', 'line 4', note]);
    assert.deepEqual(
      over.limits.map(({ limit, allowed, used }) => ({ limit, allowed, used })),
      [{ limit: 'logLines', allowed: 5, used: 6 }],
    );
    assert.equal(over.reply.json(), 'logged');
  });
  test('that many bytes are written; then one note, and silence', async () => {
    const own = await openTestRuntime({ extensions: { bytes: extension(source, { limits: { logBytes: 500, logLines: 100 } }) } });
    try {
      const { end, limits: told } = await own.measure('/bytes/log-bytes/20');
      const lines = (): readonly unknown[] => own.logs.filter((line) => line['request'] === end.request).map((line) => line['msg']);
      await waitUntil('the note is written', () => lines().includes(note));
      assert.deepEqual(lines(), ['x'.repeat(100), 'x'.repeat(100), 'x'.repeat(100), note]);
      assert.deepEqual(
        told.map(({ limit, allowed, used }) => [limit, allowed, used > 500]),
        [['logBytes', 500, true]],
      );
    } finally {
      await own.close();
    }
  });
  test('a flood of lines ends with cpuMs: few reach the log, few the ledger, and its neighbour notices nothing', async () => {
    await using beside = startNeighbour(runtime, '/neighbour');
    const { reply, end, calls } = await runtime.measure('/calls/log-flood');
    assert.equal(reply.status, 504);
    assert.deepEqual(linesOf(end.request), [...Array.from({ length: 5 }, () => 'flood'), note]);
    assert.equal(calls.length, 6);
    assert.equal((await runtime.get('/calls')).json(), 'here');
    await beside.stop();
  });
});

describe('timers', () => {
  test('that many may be set, and the next throws in the extension', async () => {
    assert.deepEqual((await runtime.get('/calls/timers/32')).json(), { outcome: 'ok', set: 32 });
    assert.deepEqual((await runtime.get('/calls/timers/33')).json(), {
      outcome: 'more than 32 timers at once (limit timers)'.slice(0, 40),
      set: 32,
    });
    assert.deepEqual((await runtime.get('/calls/timers/32')).json(), { outcome: 'ok', set: 32 });
  });
  test('many intervals at once are served', async () => assert.equal((await runtime.get('/calls/interval-flood')).json(), true));
  test('a flood of timers ends with cpuMs, and its neighbour notices nothing', async () => {
    await using beside = startNeighbour(runtime, '/neighbour');
    assert.equal((await runtime.get('/calls/timer-flood')).code, 'ERR_CPU_EXCEEDED');
    assert.equal((await runtime.get('/calls')).json(), 'here');
    await beside.stop();
  });
});
