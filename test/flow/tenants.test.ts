// Who is whose: two tenants never share module state, a cell or a ward process; identify() decides, and where it fails nobody gets in.
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Identity } from '../../src/config/runtime-options.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const counter = `
let count = 0;
globalThis.shared = globalThis.shared ?? Math.random();
Object.prototype.polluted = undefined;
export default (router) => {
  router.get('/', (req, res) => res.json({ count: ++count, shared: globalThis.shared, who: req.accountability }));
  router.get('/pollute', (req, res) => { Object.prototype.polluted = 'yes'; Array.prototype.map = () => ['mine']; res.end('done'); });
  router.get('/polluted', (req, res) => res.end(String({}.polluted)));
  router.get('/slow', async (req, res) => { count += 1; await new Promise((resolve) => setTimeout(resolve, 30)); res.json({ count }); });
};`;

interface Count {
  readonly count: number;
  readonly shared: number;
  readonly who: unknown;
}

const identify = async (request: IncomingMessage): Promise<Identity> => {
  const who = String(request.headers['x-who'] ?? 'nobody');
  if (who === 'later') await sleep(5);
  if (who === 'throws') throw new Error('swordfish');
  if (who === 'rejects') return await Promise.reject(new Error('swordfish'));
  const wrong: Readonly<Record<string, unknown>> = {
    none: undefined,
    text: 'tenant',
    empty: { tenant: '', accountability: null },
    number: { tenant: 5 },
    long: { tenant: 'x'.repeat(201), accountability: null },
    odd: { tenant: 'odd', accountability: 'admin' },
  };
  if (who in wrong) return wrong[who] as Identity;
  if (who === 'bare') return { tenant: who } as Identity;
  return { tenant: who, accountability: { user: who } };
};

describe('with identify()', () => {
  let runtime: TestRuntime;
  before(async () => {
    runtime = await openTestRuntime({
      extensions: { shared: extension(counter), other: extension(counter), fresh: extension(counter) },
      options: {
        identify,
        approvals: { shared: 'requested', other: 'requested', fresh: { capabilities: 'requested', isolation: 'request' } },
      },
    });
    assert.deepEqual(runtime.runtime.refused(), []);
    assert.equal(runtime.runtime.health().cells, 0, 'the cells of the registration are nobody’s');
  });
  after(() => runtime.close());

  const count = async (path: string, who: string): Promise<Count> => (await runtime.get(path, { 'x-who': who })).json() as Count;
  /** Pids of the wards in which a tenant had cells. */
  const wardsOf = (tenant: string): readonly string[] => [
    ...new Set(
      runtime
        .entries('life')
        .filter((one) => one.event === 'cell.boot' && one.tenant === tenant)
        .map((one) => one.reason),
    ),
  ];

  test('requests of one tenant share the state of a module', async () => {
    const first = await count('/shared', 'anna');
    const second = await count('/shared', 'anna');
    assert.deepEqual([second.count, second.shared], [first.count + 1, first.shared]);
  });
  test('another tenant has its own', async () => {
    const anna = await count('/shared', 'anna');
    const ben = await count('/shared', 'ben');
    assert.equal(ben.count, 1);
    assert.notEqual(ben.shared, anna.shared);
  });
  test('another extension of the same tenant has its own', async () => {
    const one = await count('/shared', 'anna');
    const other = await count('/other', 'anna');
    assert.equal(other.count, 1);
    assert.notEqual(other.shared, one.shared);
  });
  test('prototypes of one tenant are not another’s', async () => {
    await runtime.get('/shared/pollute', { 'x-who': 'anna' });
    assert.equal((await runtime.get('/shared/polluted', { 'x-who': 'anna' })).text, 'yes');
    for (const [path, who] of [
      ['/shared/polluted', 'ben'],
      ['/other/polluted', 'anna'],
      ['/shared/polluted', 'carl'],
    ] as const) {
      assert.equal((await runtime.get(path, { 'x-who': who })).text, 'undefined', `${path} ${who}`);
    }
  });
  test('two tenants never share a ward, and one tenant’s extensions do', async () => {
    for (const who of ['anna', 'ben', 'dora']) for (const path of ['/shared', '/other']) await count(path, who);
    const wards = ['anna', 'ben', 'dora'].map(wardsOf);
    assert.deepEqual(
      wards.map((pids) => pids.length),
      [1, 1, 1],
    );
    assert.equal(new Set(wards.flat()).size, 3);
  });
  test('the cell of the registration is nobody’s: no tenant finds its ward', async () => {
    await count('/shared', 'default');
    const [first] = runtime.entries('life').filter((one) => one.event === 'cell.boot');
    assert.equal(first?.tenant, 'default');
    assert.equal((await count('/shared', 'emil')).count, 1);
    assert.ok(!wardsOf('emil').includes(first?.reason ?? ''));
  });
  test('with isolation "request" no state survives a request, and none is shared by two at once', async () => {
    for (const who of ['anna', 'anna', 'ben']) assert.equal((await count('/fresh', who)).count, 1);
    const slow = await Promise.all(Array.from({ length: 5 }, () => count('/fresh/slow', 'anna')));
    assert.deepEqual(
      slow.map((one) => one.count),
      [1, 1, 1, 1, 1],
    );
    const both = await Promise.all(Array.from({ length: 5 }, () => count('/shared/slow', 'frida')));
    assert.deepEqual(
      both.map((one) => one.count),
      [5, 5, 5, 5, 5],
    );
  });
  test('accountability is that of each request, also where a cell is shared', async () => {
    const whos = ['anna', 'ben', 'later'];
    const seen = await Promise.all(whos.flatMap((who) => [who, who]).map((who) => count('/other', who)));
    assert.deepEqual(
      seen.map((one) => one.who),
      whos.flatMap((who) => [{ user: who }, { user: who }]),
    );
  });
  for (const who of ['throws', 'rejects', 'none', 'text', 'empty', 'number', 'long', 'odd']) {
    test(`where identify() fails, nobody gets in: ${who}`, async () => {
      await waitUntil('earlier requests have ended', () => runtime.runtime.health().requests === 0);
      const before = runtime.entries('request.end').length;
      const reply = await runtime.get('/shared', { 'x-who': who });
      assert.deepEqual([reply.status, reply.code], [500, 'ERR_INTERNAL']);
      assert.equal(reply.text.includes('swordfish'), false);
      assert.equal(runtime.entries('request.end').length, before);
      assert.ok(runtime.logs.some((line) => Number(line['level']) >= 50));
    });
  }
  test('no accountability is nobody’s', async () => assert.equal((await count('/shared', 'bare')).who, null));
  test('the ledger names the tenant', async () => {
    const { end } = await runtime.measure('/other', { headers: { 'x-who': 'ben' } });
    assert.equal(end.tenant, 'ben');
  });
});

describe('without identify()', () => {
  test('everybody is one tenant, nobody has an account, and the cell of the registration serves', async () => {
    const runtime = await openTestRuntime({ extensions: { shared: extension(counter) } });
    try {
      const { who, count } = (await runtime.get('/shared')).json() as Count;
      assert.deepEqual([who, count], [null, 1]);
      assert.equal(runtime.entries('life').filter((one) => one.event === 'cell.boot').length, 1);
    } finally {
      await runtime.close();
    }
  });
});
