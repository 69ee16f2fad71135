// Whose call it is: every call belongs to the request whose code made it, however many run at once, and to nobody once that request has its answer.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
const results = new Map();
const storage = new AsyncLocalStorage();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let shared = null;
let release = null;
const queue = [];
let active = 0;
/** As libraries limit concurrency: what one request has queued is started by the end of another's. */
const limited = (run) => new Promise((resolve, reject) => {
  queue.push(AsyncResource.bind(() => run().then(resolve, reject).finally(() => { active -= 1; next(); })));
  next();
});
const next = () => { if (active === 0 && queue.length > 0) { active += 1; queue.shift()(); } };
let background = 0;
let beats = 0;

export default (router, { database, logger }) => {
  const ask = () => database.raw('select 1');
  const attempt = (name, run) => run().then(() => results.set(name, 'ok'), (error) => results.set(name, error.code));
  setInterval(() => { beats += 1; if (beats < 4) attempt('interval at load', ask).then(() => { background += 1; }); }, 20);
  router.get('/result/:name', (req, res) => res.json(results.get(req.params.name) ?? null));
  router.get('/background', (req, res) => res.json({ beats, background }));
  router.get('/after', async (req, res) => { res.json('answered'); await pause(20); await attempt('after', ask); });
  router.get('/after-at-once', (req, res) => { res.json('answered'); attempt('after-at-once', ask); });
  router.get('/after-log', async (req, res) => { res.json('answered'); await pause(20); logger.info('too late to be written'); results.set('after-log', 'ok'); });
  router.get('/timer-after', (req, res) => { setTimeout(() => attempt('timer-after', ask), 40); res.json('answered'); });
  router.get('/interval-after', (req, res) => { const timer = setInterval(() => { clearInterval(timer); attempt('interval-after', ask); }, 30); res.json('answered'); });
  router.get('/stream', async (req, res) => { res.write('one '); await pause(10); await ask(); res.write('two '); await pause(10); await ask(); res.end('three'); });
  router.get('/timer', (req, res) => setTimeout(async () => { await ask(); logger.info({ n: 'timer' }, 'said'); res.json('done'); }, 10));
  router.get('/many/:n', async (req, res) => {
    const n = Number(req.params.n);
    for (let call = 0; call <= n % 5; call += 1) { await pause((n * 7 + call) % 13); await ask(); }
    await Promise.all([ask(), ask(), pause(3).then(ask)]);
    const parts = [];
    for await (const part of (async function* () { yield 1; await pause(1); await ask(); yield 2; })()) parts.push(part);
    logger.info({ n }, 'said');
    res.json(n);
  });
  router.get('/shared/:n', async (req, res) => {
    shared ??= new Promise((resolve) => { release = resolve; });
    await shared;
    await ask();
    logger.info({ n: req.params.n }, 'said');
    res.json(req.params.n);
  });
  router.post('/release', (req, res) => { const go = release; shared = null; go(); res.json('released'); });
  router.get('/first-calls/:n', async (req, res) => { shared ??= ask().then((result) => result); await shared; logger.info({ n: req.params.n }, 'said'); res.json(req.params.n); });
  router.get('/forget', (req, res) => { shared = null; res.json(1); });
  router.get('/limited/:n', async (req, res) => { await limited(async () => { await pause(5); await ask(); logger.info({ n: req.params.n }, 'said'); }); res.json(req.params.n); });
  router.get('/stored/:n', (req, res) => storage.run(req.params.n, async () => { await pause(Number(req.params.n) % 7); await ask(); res.json(storage.getStore()); }));
  router.get('/thenable/:n', async (req, res) => { await { then: (resolve) => setTimeout(resolve, 5) }; await ask(); logger.info({ n: req.params.n }, 'said'); res.json(req.params.n); });
  router.get('/catches/:n', async (req, res) => { try { await pause(3).then(() => { throw new Error('x'); }); } catch { await ask(); } finally { logger.info({ n: req.params.n }, 'said'); } res.json(req.params.n); });
};`;

let database: TestDatabase;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase('create table t (id int)');
  runtime = await openTestRuntime({
    extensions: {
      lease: extension(source, { capabilities: { database: { tables: { t: { read: true } } } }, limits: { cpuMs: 2_000, wallMs: 5_000 } }),
    },
    options: { database: database.url },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  await database.close();
});

const result = async (name: string): Promise<unknown> => {
  for (const until = performance.now() + 5_000; performance.now() < until; ) {
    const value = (await runtime.get(`/lease/result/${encodeURIComponent(name)}`)).json();
    if (value !== null) return value;
  }
  return assert.fail(`no result of ${name}`);
};
/** The request id under which the line with this `n` was written: what the extension says of itself, beside what the host knows. */
const requestOf = (n: string | number): string =>
  String(runtime.logs.findLast((line) => line['msg'] === 'said' && JSON.stringify(line['guest']) === JSON.stringify({ n }))?.['request']);
const callsOf = (request: string): readonly string[] =>
  runtime
    .entries('call.start')
    .filter((one) => one.request === request)
    .map((one) => `${one.capability} ${one.decision}`);

describe('after the answer', () => {
  for (const name of ['after', 'after-at-once', 'timer-after', 'interval-after']) {
    test(`a call is refused: ${name}`, async () => {
      const { end } = await runtime.measure(`/lease/${name}`);
      assert.equal(await result(name), 'ERR_LEASE_OVER');
      assert.equal(end.outcome, 'answered');
      assert.deepEqual(
        callsOf(end.request).filter((call) => call.endsWith('allow')),
        [],
      );
    });
  }
  test('a refused call is on the ledger, for its request or as a stray of its extension', async () => {
    const strays = (): number =>
      runtime.entries('life').filter((one) => one.event === 'call.stray' && one.extension === 'lease' && one.subject === 'database.query')
        .length;
    const refused = (): number => runtime.entries('call.start').filter((one) => one.rule === 'lease.over').length;
    const before = strays() + refused();
    await runtime.get('/lease/after');
    await waitUntil('the refusal is on the ledger', () => strays() + refused() > before);
  });
  test('a log line is not written', async () => {
    await runtime.get('/lease/after-log');
    assert.equal(await result('after-log'), 'ok');
    assert.equal(
      runtime.logs.some((line) => line['msg'] === 'too late to be written'),
      false,
    );
  });
  test('a stream that has begun is not over', async () => {
    const { reply, end } = await runtime.measure('/lease/stream');
    assert.equal(reply.text, 'one two three');
    assert.deepEqual(callsOf(end.request), ['database allow', 'database allow']);
  });
});

describe('outside any request', () => {
  test('a timer set at load runs, and its calls are refused and on the ledger', async () => {
    assert.equal(await result('interval at load'), 'ERR_LEASE_OVER');
    await waitUntil('the timer beats', () => runtime.entries('life').filter((one) => one.event === 'call.stray').length > 0);
    const { beats } = (await runtime.get('/lease/background')).json() as { readonly beats: number };
    assert.ok(beats >= 1);
  });
});

describe('within a request', () => {
  test('a timer keeps it', async () => {
    const { reply, end } = await runtime.measure('/lease/timer');
    assert.equal(reply.json(), 'done');
    assert.equal(requestOf('timer'), end.request);
    assert.deepEqual(callsOf(end.request), ['database allow', 'log allow']);
  });
});

describe('at once', () => {
  test('forty requests with awaits between: each call is of its own request', async () => {
    const all = Array.from({ length: 40 }, (_, n) => n);
    const replies = await Promise.all(all.map((n) => runtime.get(`/lease/many/${n}`)));
    assert.deepEqual(
      replies.map((reply) => reply.json()),
      all,
    );
    assert.equal(new Set(all.map(requestOf)).size, 40);
    for (const n of all) {
      const end = await runtime.ended(`/lease/many/${n}`);
      assert.equal(requestOf(n), end.request, `request ${n}`);
      const queries = (n % 5) + 1 + 4;
      assert.deepEqual(
        [end.calls, callsOf(end.request)],
        [queries, [...Array.from({ length: queries }, () => 'database allow'), 'log allow']],
        `request ${n}`,
      );
    }
  });

  const sharing = [
    ['two that await one promise go on as themselves', 'shared', 1],
    ['of two that share one call it is the first’s', 'first-calls', null],
    ['what was queued by one and started by another belongs to who queued it', 'limited', 1],
    ['awaiting what only looks like a promise', 'thenable', 1],
    ['going on after an error', 'catches', 1],
  ] as const;
  for (const [name, path, queries] of sharing) {
    test(name, async () => {
      await runtime.get('/lease/forget');
      const all = Array.from({ length: 6 }, (_, n) => `${path}-${n}`);
      const asked = Promise.all(all.map((n) => runtime.get(`/lease/${path}/${n}`)));
      if (path === 'shared') {
        await waitUntil('all wait', () => runtime.runtime.health().requests === all.length);
        await runtime.post('/lease/release', '');
      }
      assert.deepEqual(
        (await asked).map((reply) => reply.json()),
        all,
      );
      for (const n of all) {
        const end = await runtime.ended(`/lease/${path}/${n}`);
        assert.equal(requestOf(n), end.request, n);
        if (queries !== null) assert.equal(end.calls, queries);
      }
      const ends = await Promise.all(all.map((n) => runtime.ended(`/lease/${path}/${n}`)));
      assert.equal(
        ends.reduce((sum, end) => sum + end.calls, 0),
        queries === null ? 1 : all.length,
      );
    });
  }
  test('AsyncLocalStorage keeps each request’s value', async () => {
    const all = Array.from({ length: 20 }, (_, n) => String(n));
    assert.deepEqual(await Promise.all(all.map(async (n) => (await runtime.get(`/lease/stored/${n}`)).json())), all);
  });
});
