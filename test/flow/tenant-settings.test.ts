// What an embedder's resolver says of tenants: which extensions they have, their quotas, and for how long it stands. Through real wards and HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TenantBook, type TenantSettings } from '../../src/tenants/tenant-book.ts';
import { type ListTenants, TenantList } from '../../src/tenants/tenant-list.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const asks = extension(
  `export default (router, { emitter }) => {
    router.get('/', (req, res) => res.send('asks'));
    router.get('/emit', async (req, res) => res.json(await emitter.emitFilter('counted', [], {})));
  };`,
  { capabilities: { emitter: { emit: ['counted'] } } },
);
const hears = (name: string) =>
  extension(
    `export default (router, { emitter }) => {
      emitter.onFilter('counted', (list) => [...list, ${JSON.stringify(name)}]);
      router.get('/', (req, res) => res.send(${JSON.stringify(name)}));
    };`,
    { capabilities: { emitter: { listen: ['counted'] } } },
  );

describe('tenants of a resolver', () => {
  let host: TestRuntime;
  let asked: string[] = [];
  let fails = false;
  const plans = new Map<string, TenantSettings>([
    ['all', {}],
    ['one', { extensions: ['asks'] }],
    ['two', { extensions: ['asks', 'left'] }],
    ['none', { extensions: [] }],
    ['small', { quotas: { tenant: { requests: { most: 1, perSeconds: 86_400 } } } }],
  ]);
  const get = async (path: string, tenant: string) => await host.get(path, { 'x-tenant': tenant });

  before(async () => {
    host = await openTestRuntime({
      extensions: { asks, left: hears('left'), right: hears('right') },
      options: {
        approvals: 'requested',
        limits: { cpuMs: 2_000, wallMs: 30_000, registerMs: 20_000 },
        identify: ({ headers }) => ({ tenant: String(headers['x-tenant']), accountability: null }),
        resolveTenant: async (tenant) => {
          asked.push(tenant);
          if (fails) throw new Error('the embedder’s database is away');
          return plans.get(tenant) ?? { extensions: [] };
        },
      },
    });
    assert.deepEqual(host.runtime.refused(), []);
  });
  after(() => host?.close());

  for (const [tenant, statuses] of [
    ['all', [200, 200, 200]],
    ['one', [200, 404, 404]],
    ['two', [200, 200, 404]],
    ['none', [404, 404, 404]],
    ['unknown', [404, 404, 404]],
  ] as const)
    it(`${tenant} reach what they have, and what they have not is not there`, async () => {
      const got = await Promise.all(['/asks', '/left', '/right'].map((path) => get(path, tenant)));
      assert.deepEqual(
        got.map(({ status }) => status),
        statuses,
      );
      for (const reply of got.filter(({ status }) => status === 404)) assert.equal(reply.code, 'ERR_ROUTE_NOT_FOUND');
    });

  it('hear an event with the extensions they have, and no others', async () => {
    for (const [tenant, heard] of [
      ['all', ['left', 'right']],
      ['one', []],
      ['two', ['left']],
    ] as const)
      assert.deepEqual((await get('/asks/emit', tenant)).json(), heard);
  });

  it('have the quotas of their own', async () => {
    assert.deepEqual([(await get('/asks', 'small')).status, (await get('/asks', 'small')).code], [200, 'ERR_QUOTA_EXCEEDED']);
  });

  it('are asked for once, until somebody says that they are different', async () => {
    asked = [];
    await get('/asks', 'one');
    assert.deepEqual(asked, []);
    plans.set('one', { extensions: ['right'] });
    host.runtime.forgetTenant('one');
    assert.deepEqual([(await get('/asks', 'one')).status, (await get('/right', 'one')).status, asked], [404, 200, ['one']]);
  });

  it('go on as they were while nobody says; who was never there gets 503', async () => {
    fails = true;
    host.runtime.forgetTenant();
    assert.equal((await get('/right', 'one')).status, 200);
    const reply = await get('/right', 'never seen');
    assert.deepEqual([reply.status, reply.code, reply.headers['retry-after']], [503, 'ERR_TENANT_UNAVAILABLE', '1']);
    fails = false;
    assert.equal((await get('/right', 'never seen')).status, 404);
  });
});

describe('the book of tenants', () => {
  const open = (
    resolve: (tenant: string) => TenantSettings | Promise<TenantSettings>,
    now: () => number,
    onChange: (tenant: string) => void = () => undefined,
  ): TenantBook =>
    new TenantBook({
      resolve,
      cacheMs: 100,
      hostTenant: 'default',
      checkGrant: () => undefined,
      onChange,
      onFailure: () => undefined,
      now,
    });

  it('asks anew after cacheMs, and once for all who ask at the same time', async () => {
    let time = 0;
    let calls = 0;
    const book = open(
      () => {
        calls += 1;
        return {};
      },
      () => time,
    );
    await Promise.all([book.settings('a'), book.settings('a'), book.settings('a')]);
    time = 99;
    await book.settings('a');
    assert.equal(calls, 1);
    time = 100;
    await book.settings('a');
    assert.equal(calls, 2);
  });

  it('says that a tenant is different where it is, and not each time it is asked', async () => {
    let time = 0;
    let weight: unknown = 1;
    const changes: number[] = [];
    const book = open(
      () => ({ weight }) as TenantSettings,
      () => time,
      () => changes.push(time),
    );
    for (const [at, said] of [
      [0, 1],
      [100, 1],
      [200, 2],
      [300, 2],
      [400, 'nonsense'],
      [500, 'nonsense'],
      [600, 2],
    ] as const) {
      time = at;
      weight = said;
      await Promise.resolve(book.settings('a')).catch(() => undefined);
    }
    assert.deepEqual(changes, [0, 200, 400, 600]);
  });

  it('gives each the weight that was said, and 1 where nobody said one', async () => {
    const book = open(
      (tenant) => (tenant === 'heavy' ? { weight: 4 } : {}),
      () => 0,
    );
    assert.equal(book.weight('heavy'), 1);
    await Promise.all(['heavy', 'other'].map((tenant) => book.settings(tenant)));
    assert.deepEqual([book.weight('heavy'), book.weight('other'), book.weight('never seen')], [4, 1, 1]);
  });

  it('takes no answer that was asked for before somebody said it is different', async () => {
    const answers: ((settings: TenantSettings) => void)[] = [];
    const book = open(
      () => new Promise((resolve) => answers.push(resolve)),
      () => 0,
    );
    const early = book.settings('a');
    book.forget('a');
    const late = book.settings('a');
    answers[1]?.({ extensions: ['new'] });
    await late;
    answers[0]?.({ extensions: ['old'] });
    await early;
    assert.deepEqual([book.serves('a', 'new'), book.serves('a', 'old')], [true, false]);
  });

  it('takes an answer for the one it is about, whatever is forgotten of others meanwhile', async () => {
    const answers = new Map<string, (settings: TenantSettings) => void>();
    const book = open(
      (tenant) => new Promise((resolve) => answers.set(tenant, resolve)),
      () => 0,
    );
    const asked = book.settings('default');
    book.forget('another');
    answers.get('default')?.({ extensions: [] });
    assert.deepEqual([await asked, book.serves('default', 'asks')], [{ extensions: [] }, false]);
  });

  for (const [what, wrong] of [
    ['no object', null],
    ['quotas that are none', { quotas: 1 }],
    ['a quota that would limit nothing', { quotas: { tenant: { requests: 5 } } }],
    ['a quota without a window', { quotas: { tenant: { requests: { most: 5 } } } }],
    ['a quota of what is not counted', { quotas: { extension: { wishes: { most: 5, perSeconds: 1 } } } }],
    ['a scope that is null', { quotas: { tenant: null } }],
    ['a list that is none', { extensions: 'asks' }],
    ['a list of other things', { extensions: [1] }],
    ['a weight that is none', { weight: '2' }],
    ['a weight of nothing', { weight: 0 }],
    ['a weight that nobody else would wait beside', { weight: 1_001 }],
    ['a weight without an end', { weight: Number.NaN }],
  ] as const)
    it(`refuses ${what}`, async () => {
      const book = open(
        () => wrong as unknown as TenantSettings,
        () => 0,
      );
      await assert.rejects(async () => await book.settings('a'));
      assert.equal(book.serves('a', 'asks'), false);
    });
});

describe('the list of tenants', () => {
  const open = (list: unknown, now = () => 0) => {
    const told: unknown[] = [];
    return { told, tenants: new TenantList({ list: list as ListTenants, cacheMs: 100, onFailure: (error) => void told.push(error), now }) };
  };
  for (const [what, list] of [
    ['a list', () => ['a', 'b', 'a']],
    ['a promise of a list', () => Promise.resolve(['a', 'b'])],
    ['a set', () => new Set(['a', 'b'])],
    [
      'an async iterable',
      async function* () {
        yield* ['a', 'b'];
      },
    ],
  ] as const)
    it(`is read from ${what}, each name once`, async () => {
      const { tenants, told } = open(list);
      assert.deepEqual(await tenants.names(), ['a', 'b']);
      assert.deepEqual(told, []);
    });
  for (const [what, list] of [
    ['a text, whose letters are no names', () => 'acme'],
    ['nothing', () => undefined],
    [
      'an error',
      () => {
        throw new Error('away');
      },
    ],
  ] as const)
    it(`is none where there is ${what}`, async () => {
      const { tenants, told } = open(list);
      await assert.rejects(tenants.names());
      assert.equal(told.length, 1);
    });
  it('leaves out what is no name, and tells', async () => {
    const { tenants, told } = open(() => ['a', '', 7, 'x'.repeat(201), 'nul\0', '\ud800', 'b']);
    assert.deepEqual([await tenants.names(), told.length], [['a', 'b'], 1]);
  });
  it('ends: names without an end are cut off, and told', async () => {
    const { tenants, told } = open(function* () {
      for (let at = 0; ; at += 1) yield `t${String(at)}`;
    });
    assert.deepEqual([(await tenants.names()).length, told.length], [50_000, 1]);
  });
  it('stands for cacheMs, is asked for once at a time, and goes on as it was where nobody answers', async () => {
    let time = 0;
    let calls = 0;
    const { tenants, told } = open(
      () => {
        calls += 1;
        if (calls > 1) throw new Error('away');
        return ['a'];
      },
      () => time,
    );
    await Promise.all([tenants.names(), tenants.names()]);
    time = 99;
    assert.deepEqual([await tenants.names(), calls], [['a'], 1]);
    tenants.forget();
    assert.deepEqual([await tenants.names(), calls, told.length], [['a'], 2, 1]);
  });
});
