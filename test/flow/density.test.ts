// Many tenants in little memory: who is idle sleeps, who asks is woken, wards are replaced under load, and nobody's request is lost. Must never assert how fast.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runDensity } from '../../bench/density-run.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
let count = 0;
export default (router) => {
  router.get('/', (req, res) => res.json({ count: ++count }));
  router.get('/slow', async (req, res) => { await new Promise((resolve) => setTimeout(resolve, 2_500)); res.json({ count: ++count }); });
};`;
const limits = { cpuMs: 2_000, wallMs: 60_000, registerMs: 30_000 };
const memoryMb = 200;

const who = (tenant: string) => ({ 'x-tenant': tenant });
const identify = (request: { readonly headers: Readonly<Record<string, unknown>> }) => ({
  tenant: String(request.headers['x-tenant']),
  accountability: null,
});

describe('more tenants than memory has room for', () => {
  let runtime: TestRuntime;
  before(async () => {
    runtime = await openTestRuntime({
      extensions: { one: extension(source, { limits }) },
      options: { identify, metrics: true, wards: { memoryMb, maxAgeMs: 600_000 } },
    });
  });
  after(() => runtime.close());

  const sleeper = () => runtime.entries('life').find(({ event, tenant }) => event === 'ward.sleep' && tenant.startsWith('t'));
  const gauge = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await runtime.runtime.metrics())?.[1] ?? Number.NaN);

  test('are all served at once, by putting to sleep who is idle', async () => {
    const tenants = Array.from({ length: 10 }, (_, at) => `t${at}`);
    const replies = await Promise.all(tenants.map((tenant) => runtime.get('/one', who(tenant))));
    assert.deepEqual(
      replies.map(({ status }) => status),
      tenants.map(() => 200),
    );
    await waitUntil('somebody sleeps', () => sleeper() !== undefined);
    assert.match(sleeper()?.reason ?? '', /wards\.memoryMb/);
    assert.equal(await gauge('cloister_wards_memory_limit_bytes'), memoryMb * 1024 * 1024);
    await waitUntil('all are within the setting', () => runtime.wards().length <= 6);
    assert.ok((await gauge('cloister_cells_sleeping')) > 0);
    assert.equal(await gauge('cloister_boots_waiting'), 0);
  });

  test('wake again, as new', async () => {
    const { tenant = '' } = sleeper() ?? {};
    const reply = await runtime.get('/one', who(tenant));
    assert.deepEqual(reply.json(), { count: 1 });
  });

  test('do not cost a busy one its ward', async () => {
    const before = runtime.entries('life').length;
    const slow = runtime.get('/one/slow', who('busy'));
    await waitUntil(
      'it runs',
      () => runtime.entries('life').some(({ event, tenant }) => event === 'cell.boot' && tenant === 'busy'),
      60_000,
    );
    const others = await Promise.all(['u1', 'u2', 'u3', 'u4', 'u5', 'u6'].map((tenant) => runtime.get('/one', who(tenant))));
    assert.ok(others.every(({ status }) => status === 200));
    assert.deepEqual((await slow).json(), { count: 1 });
    const boots = runtime
      .entries('life')
      .slice(before)
      .filter(({ event, tenant }) => event === 'cell.boot' && tenant === 'busy');
    assert.equal(boots.length, 1);
  });
});

test('a ward that is too old is replaced under load, and no request is lost', async () => {
  const runtime = await openTestRuntime({
    extensions: { one: extension(source, { limits }) },
    options: { wards: { maxAgeMs: 1_500 } },
  });
  try {
    const slow = runtime.get('/one/slow');
    const recycled = (): boolean => runtime.entries('life').some(({ event }) => event === 'ward.recycle');
    const statuses: number[] = [];
    for (const until = performance.now() + 60_000; !recycled() && performance.now() < until; )
      statuses.push((await runtime.get('/one')).status);
    assert.ok(recycled());
    for (let after = 0; after < 5; after += 1) statuses.push((await runtime.get('/one')).status);
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.equal((await slow).status, 200);
    const old = runtime.entries('life').find(({ event }) => event === 'ward.recycle')?.subject;
    await waitUntil('the old one has ended', () =>
      runtime.entries('life').some(({ event, subject }) => event === 'ward.exit' && subject === old),
    );
  } finally {
    await runtime.close();
  }
});

test('the bench in short: 200 pairs in the memory of three wards, all answered, sleepers woken', async (context) => {
  const row = await runDensity({ tenants: 20, extensions: 10, seconds: 5, connections: 4, skew: 0.2, memoryMb: 160, seed: 7 });
  context.diagnostic(JSON.stringify(row));
  assert.equal(row.successPercent, 100, row.statuses);
  assert.ok(row.wakes >= row.asked, `${row.wakes} wakes of ${row.asked} pairs`);
  assert.ok(row.sleeps > 0);
  assert.ok(row.wardsMb < 2 * row.settingMb, `${row.wardsMb} MB`);
});
