// What could cross from request to request, extension to extension, tenant to tenant: tokens of hundreds at once, what was kept, routes, caches, clocks, names. Must never send two requests the same token.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { makeRandom, readSeed } from '../helpers/random.ts';
import { extension, waitUntil } from '../helpers/runtime.ts';
import { openSiege, type Siege } from '../helpers/siege.ts';
import { isWhole } from '../helpers/thinned.ts';

const source = `
const kept = {};
let shared = Promise.resolve();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default (router, context) => {
  const { database, logger, emitter } = context;
  emitter.onFilter('crosser.echo', async (payload) => { await pause(1); return payload; });
  const steps = {
    call: async (token) => (await database.raw('select ?::text as token', [token])).rows[0].token,
    timer: async (token) => { await pause(Number.parseInt(token.slice(0, 1), 16) / 4); return token; },
    shared: async (token) => { const mine = shared.then(() => pause(0)); shared = mine; await mine; return token; },
    event: async (token) => (await emitter.emitFilter('crosser.echo', { token }, {})).token,
    native: (token) => new Function('token', 'return (async () => { await null; return token; })()')(token),
    log: async (token) => { logger.info('token ' + token); return token; },
  };
  router.post('/mix', async (req, res) => {
    const { token, order } = req.body;
    globalThis.last = token;
    const seen = [];
    for (const step of order) seen.push(await steps[step](token));
    logger.info('mixed ' + token);
    res.set('x-token', token).json({ seen, header: req.get('x-request-id') });
  });
  router.get('/keep', (req, res) => {
    Object.assign(kept, { req, res, query: database('things').select('*'), send: (body) => res.json(body), later: async () => database('things').select('*'), token: req.query.token });
    res.json('kept');
  });
  router.get('/use', async (req, res) => {
    const outcomes = {};
    for (const [name, run] of Object.entries({ send: () => kept.send('stolen'), write: () => kept.res.write('stolen'), header: () => kept.res.set('x-stolen', '1'), status: () => kept.res.status(299), end: () => kept.res.end('stolen') })) {
      try { run(); outcomes[name] = 'ran'; } catch (error) { outcomes[name] = String(error.code ?? error.name); }
    }
    outcomes.rows = (await kept.later()).length;
    res.json(outcomes);
  });
  router.get('/late', (req, res) => {
    let added = 'added';
    try { router.get('/added', (request, response) => response.json('late')); } catch (error) { added = String(error.code ?? error.name); }
    res.json(added);
  });
  router.get('/knows', (req, res) => {
    const os = require('node:os');
    const ticks = new Set();
    for (const until = Date.now() + 5; Date.now() < until;) ticks.add(performance.now() % 1);
    res.json({ ticks: [...ticks], hr: Number(process.hrtime.bigint() % 1000000n), memory: process.memoryUsage(), load: os.loadavg(), free: os.freemem(), cpus: os.cpus().length, host: os.hostname(), pid: process.pid, user: os.userInfo?.().username ?? null, net: Object.keys(os.networkInterfaces()), stamps: Number.isInteger(Date.now()) });
  });
  router.get('/statement', async (req, res) => {
    try { res.json((await database('told').select('*')).map((row) => row.text)); } catch (error) { res.json(error.code); }
  });
  router.use('/all', (req, res) => res.json('all'));
  router.all(/.*\\/wild$/, (req, res) => res.json('wild'));
};`;

let siege: Siege;
before(async () => {
  const limits = { cpuMs: 4_000, wallMs: 30_000, concurrentRequests: 64, queuedRequests: 512, registerMs: 20_000 };
  const grants = (tables: object): object => ({
    database: { tables },
    emitter: { emit: ['crosser.*'], listen: ['crosser.*'] },
    headers: { names: ['x-request-id'] },
  });
  siege = await openSiege({
    setUp: `create table told (id int, text text); insert into told values (1, 'told')`,
    hostile: {
      crosser: extension(source, { capabilities: grants({ things: { read: true } }), limits }),
      other: extension(source, { capabilities: grants({ things: { read: true }, told: { read: true } }), limits }),
    },
    logLevel: 'info',
  });
});
after(() => siege.end());

describe('hundreds at once', () => {
  const random = makeRandom(readSeed());
  const steps = ['call', 'timer', 'shared', 'event', 'native', 'log'];
  const shuffled = (): readonly string[] =>
    steps
      .map((step) => [random(), step] as const)
      .sort(([one], [other]) => one - other)
      .map(([, step]) => step);
  test('each has its own token in its answer, its calls, its lines and its header', async () => {
    const count = isWhole ? 600 : 150;
    const tokens = Array.from({ length: count }, () => randomBytes(8).toString('hex'));
    const replies = await Promise.all(
      tokens.map((token) =>
        siege.request('/crosser/mix', {
          method: 'POST',
          headers: { 'x-tenant': 'hostile', 'x-request-id': token, 'content-type': 'application/json' },
          body: JSON.stringify({ token, order: shuffled() }),
        }),
      ),
    );
    for (const [index, reply] of replies.entries()) {
      const token = tokens[index];
      assert.equal(reply.status, 200, reply.text);
      assert.equal(reply.headers['x-token'], token);
      assert.deepEqual(reply.json(), { seen: steps.map(() => token), header: token });
    }
    await waitUntil('all lines are written', () => siege.logs.filter((line) => String(line['msg']).startsWith('mixed ')).length >= count);
    // The host says whose line it is: both lines of a token are of one request, and no request has two tokens.
    const owners = new Map<unknown, unknown>();
    for (const line of siege.logs) {
      const [, token] = /^(?:token|mixed) (\w{16})$/.exec(String(line['msg'])) ?? [];
      if (token === undefined) continue;
      assert.equal(owners.get(token) ?? line['request'], line['request'], 'one token, two requests');
      owners.set(token, line['request']);
    }
    assert.equal(new Set(owners.values()).size, count, 'one request, two tokens');
    const calls = new Map<string, number>();
    for (const one of siege.entries('call.start'))
      if (one.extension === 'crosser' && one.capability === 'database') calls.set(one.request, (calls.get(one.request) ?? 0) + 1);
    for (const request of owners.values()) assert.equal(calls.get(String(request)), 1, 'a statement of another request');
  });
});

describe('what was kept from a request that is over', () => {
  test('answers nobody, and calls for whoever uses it', async () => {
    const first = await siege.attack('/crosser/keep?token=first');
    assert.equal(first.text, '"kept"');
    const second = await siege.attack('/crosser/use');
    assert.equal(second.status, 200, second.text);
    assert.equal((second.json() as { readonly rows: number }).rows, 1, 'its own request may call');
    assert.equal(second.headers['x-stolen'], undefined);
    assert.doesNotMatch(second.text, /stolen/);
  });
});

describe('routes of an extension', () => {
  test('that match everything match below their own mount alone', async () => {
    assert.equal((await siege.attack('/crosser/all/x')).text, '"all"');
    assert.equal((await siege.attack('/crosser/far/wild')).text, '"wild"');
    for (const path of ['/far/wild', '/wild', '/all', '/nobody/wild', '/far/all'])
      assert.notEqual((await siege.attack(path)).status, 200, path);
    assert.equal((await siege.attack('/far')).status, 200);
  });
  test('that are added while it serves are its own cell’s', async () => {
    await siege.attack('/crosser/late');
    for (const path of ['/added', '/other/added', '/far/added']) assert.equal((await siege.attack(path)).status, 404, path);
    assert.equal((await siege.get('/crosser/added', { 'x-tenant': 'someone else' })).status, 404);
  });
});

describe('what an extension can know of others', () => {
  test('is a clock of whole milliseconds, and nothing of machine, memory or load', async () => {
    const known = (await siege.attack('/crosser/knows')).json() as Readonly<Record<string, unknown>>;
    assert.deepEqual([known['ticks'], known['hr'], known['stamps']], [[0], 0, true]);
    assert.deepEqual([known['load'], known['free'], known['net']], [[0, 0, 0], 0, []]);
    for (const used of Object.values(known['memory'] as object)) assert.equal(used, 0);
    assert.notEqual(known['pid'], process.pid);
    assert.ok(!siege.wards().includes(Number(known['pid'])));
  });
});

describe('what two extensions and two tenants ask alike', () => {
  test('is judged for each by its own grant, however often the other was allowed', async () => {
    for (let round = 0; round < 3; round += 1) {
      assert.deepEqual((await siege.attack('/other/statement')).json(), ['told']);
      assert.equal((await siege.attack('/crosser/statement')).json(), 'ERR_CAPABILITY_DENIED');
    }
  });
  test('has no tag that tells one what another was answered', async () => {
    const { etag } = (await siege.attack('/other/statement')).headers;
    const reply = await siege.get('/crosser/statement', { 'x-tenant': 'someone else', 'if-none-match': String(etag) });
    assert.deepEqual([reply.status, reply.json()], [200, 'ERR_CAPABILITY_DENIED']);
  });
});

describe('who a client says it is', () => {
  test('does not count: the tenant is what identify() said, in cell and ledger', async () => {
    const claims = {
      'x-cloister-tenant': 'victim',
      'x-tenant-id': 'victim',
      tenant: 'victim',
      cookie: 'tenant=victim',
      forwarded: 'for=victim',
    };
    const reply = await siege.post(
      '/crosser/mix?tenant=victim',
      { token: '0'.repeat(16), order: ['call'], tenant: 'victim', accountability: { admin: true } },
      { 'x-tenant': 'hostile', ...claims },
    );
    assert.equal(reply.status, 200);
    const { tenant, request } = await siege.ended('/crosser/mix');
    assert.equal(tenant, 'hostile');
    for (const one of siege.entries('call.start')) if (one.request === request) assert.equal(one.tenant, 'hostile');
    assert.ok(!siege.runtime.ledger().some((one) => 'tenant' in one && one.tenant === 'victim'));
  });
});
