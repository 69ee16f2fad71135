// What resolveTenant takes away of an extension: by capability, row, size and limit, in new cells and in those that run. Must never look only at what is denied: what narrows without a word has to be seen too.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { TenantSettings } from '../../src/tenants/tenant-book.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import { openUpstream, type Upstream } from '../helpers/upstream.ts';

const source = (upstream: string): string => `
const attempt = async (run) => { try { return await run(); } catch (error) { return error.code ?? error.cause?.code ?? String(error); } };
export default (router, { database, env, kv, emitter }) => {
  let heard = 0;
  emitter.onFilter('shop.ask', (payload) => { heard += 1; return { heard }; });
  const steps = {
    orders: () => database('orders').select('*').orderBy('id'),
    members: () => database('members').select('id'),
    insert: () => database('orders').insert({ id: 9, region: 'us' }).returning('*'),
    bills: () => database('bills').select('id'),
    env: () => ({ ...env }),
    keep: async () => { await kv.set('key', 'x'.repeat(50)); return 'kept'; },
    fetch: async () => (await fetch('${upstream}/')).status,
    ask: async () => (await emitter.emitFilter('shop.ask', {}, {})).heard ?? 0,
    event: async () => Number((await emitter.emitFilter('shop.ask', { text: 'x'.repeat(2_000) }, {})).heard > 0),
    large: () => 'x'.repeat(3_000),
    cell: () => globalThis.started ??= Math.random(),
    query: async (req) => (await database.raw(req.query.sql)).rows,
    flood: async () => {
      const texts = Array.from({ length: 75 }, (_, at) => 'select 1 /* ' + at + 'x'.repeat(60_000) + ' */');
      for (const sql of texts) await database.raw(sql);
      return texts.length;
    },
  };
  router.get('/long', async (req, res) => {
    const seen = [];
    const until = Date.now() + 20_000;
    while (Date.now() < until && seen.at(-1) !== 'ERR_CAPABILITY_NOT_GRANTED') { seen.push(await attempt(async () => (await kv.get('key'), 'read'))); await new Promise((resolve) => setTimeout(resolve, 20)); }
    res.json([seen[0], seen.at(-1)]);
  });
  router.post('/body', (req, res) => res.json('taken'));
  router.get('/:step', async (req, res) => res.json(await attempt(() => steps[req.params.step](req))));
};`;

const setUp = `create table orders (id int primary key, region text, total int); create table members (id int primary key);
  create table bills (id int primary key, org text); insert into bills values (1, 'one'), (2, 'two');
  insert into orders values (1, 'eu', 10), (2, 'us', 20); insert into members values (1)`;

describe('what a tenant has of an extension', () => {
  let host: TestRuntime;
  let database: TestDatabase;
  let upstream: Upstream;
  const plans = new Map<string, unknown>();
  before(async () => {
    database = await openTestDatabase(setUp);
    upstream = await openUpstream((_seen, response) => response.end('up'));
    const read = {
      orders: { read: true, create: true, rows: { id: { _nnull: true } } },
      members: { read: true },
      bills: { rows: { org: { _eq: '$tenant.org' } }, read: true },
    };
    host = await openTestRuntime({
      extensions: {
        shop: extension(source(upstream.origin), {
          capabilities: {
            database: { tables: read },
            env: { keys: ['PLAN', 'REGION'] },
            kv: {},
            fetch: { origins: { [upstream.origin]: true } },
            emitter: { emit: ['shop.*'], listen: ['shop.*'] },
          },
        }),
      },
      options: {
        database: database.url,
        approvals: 'requested',
        env: { PLAN: 'large', REGION: 'eu' },
        egress: { internalOrigins: [upstream.origin] },
        limits: { cpuMs: 4_000, wallMs: 30_000, registerMs: 20_000 },
        identify: ({ headers }) => ({ tenant: String(headers['x-tenant']), accountability: null }),
        resolveTenant: (tenant) => (plans.get(tenant) ?? {}) as TenantSettings,
        tenantCacheMs: 3_600_000,
      },
    });
    assert.deepEqual(host.runtime.refused(), []);
  });
  after(async () => {
    await host?.close();
    await upstream?.close();
    await database?.close();
  });
  beforeEach(() => {
    plans.clear();
    host.runtime.forgetTenant();
  });

  const grants = (shop: object): TenantSettings => ({ grants: { shop } }) as TenantSettings;
  const get = async (step: string, tenant = 'acme'): Promise<unknown> => (await host.get(`/shop/${step}`, { 'x-tenant': tenant })).json();
  const say = async (settings: unknown, tenant = 'acme'): Promise<void> => {
    plans.set(tenant, settings);
    host.runtime.forgetTenant(tenant);
  };
  const all = [
    { id: 1, region: 'eu', total: 10 },
    { id: 2, region: 'us', total: 20 },
  ];

  const eu = { orders: { read: true, rows: { region: { _eq: 'eu' } } } };
  const denied = 'ERR_CAPABILITY_DENIED';
  const missing = 'ERR_CAPABILITY_NOT_GRANTED';
  /** As the extension has it. */
  const whole = {
    orders: all,
    members: [{ id: 1 }],
    env: { PLAN: 'large', REGION: 'eu' },
    keep: 'kept',
    fetch: 200,
    ask: 1,
    event: 1,
    large: 'x'.repeat(3_000),
  };
  for (const [what, settings, narrowed] of [
    [
      'rows of a table, keys of the environment, the size of its store, an origin, what it hears',
      grants({
        database: { tables: eu },
        env: { keys: ['REGION', 'OTHER'] },
        kv: { maxValueBytes: 20 },
        fetch: { origins: {} },
        emitter: { emit: ['shop.*'], listen: [] },
      }),
      { orders: [all[0]], members: denied, insert: denied, env: { REGION: 'eu' }, keep: 'ERR_ARGUMENT_INVALID', fetch: denied, ask: 0 },
    ],
    [
      'columns, all of the environment, and the sizes of an answer and an event',
      {
        ...grants({ database: { tables: { orders: { read: { columns: ['id'] } } } }, env: false }),
        ...{ limits: { shop: { bodyOutBytes: 2_000, eventBytes: 1_024 } } },
      },
      { orders: [{ id: 1 }, { id: 2 }], env: {}, large: 'ERR_RESPONSE_TOO_LARGE', event: 'ERR_ARGUMENT_INVALID' },
    ],
    [
      'how many rows, and what all extensions have',
      {
        grants: { shop: { database: { tables: eu, maxRows: 1 } }, '*': { fetch: false, database: { tables: { orders: { read: true } } } } },
      },
      { orders: [all[0]], fetch: missing },
    ],
    ['the whole database', grants({ database: false }), { orders: missing, keep: 'kept' }],
  ] as const)
    it(`can be less by ${what}, and is whole again at once`, async () => {
      const seen = async (step: string, tenant = 'acme'): Promise<unknown> => {
        const reply = await host.get(`/shop/${step}`, { 'x-tenant': tenant });
        return reply.status === 200 ? reply.json() : reply.code;
      };
      const steps = Object.keys(narrowed).filter((step): step is keyof typeof whole => Object.hasOwn(whole, step));
      // A cell runs when its tenant is narrowed; what it had is seen again at the end.
      for (const step of steps.slice(0, 1)) assert.deepEqual(await seen(step), whole[step], `${step} before`);
      await say(settings);
      for (const [step, outcome] of Object.entries(narrowed)) assert.deepEqual(await seen(step), outcome, step);
      for (const step of steps) assert.deepEqual(await seen(step, 'other'), whole[step], `${step} of another`);
      await say({});
      for (const step of steps) assert.deepEqual(await seen(step), whole[step], `${step} after`);
    });

  it('has the rows that its vars say, and none where nobody says', async () => {
    for (const [vars, ids] of [
      [{ org: 'one' }, [1]],
      [{ org: 'two' }, [2]],
      [{ other: 'one' }, []],
    ] as const) {
      await say({ vars });
      assert.deepEqual(
        ((await get('bills')) as readonly { readonly id: number }[]).map(({ id }) => id),
        ids,
      );
    }
    assert.deepEqual(await get('bills', 'other'), []);
  });

  it('is never more than the extension has', async () => {
    await say({
      grants: {
        shop: {
          env: { keys: ['PLAN', 'REGION', 'SECRET'] },
          services: {},
          database: { tables: { orders: { read: true, update: true, delete: true }, nowhere: { read: true } } },
        },
      },
      limits: { '*': { bodyInBytes: 1_000_000_000 } },
    });
    assert.deepEqual(await get('env'), { PLAN: 'large', REGION: 'eu' });
    assert.deepEqual(await get('orders'), all);
    const tooLarge = await host.request('/shop/body', { method: 'POST', headers: { 'x-tenant': 'acme' }, body: Buffer.alloc(12_000_000) });
    assert.equal(tooLarge.status, 413);
  });

  it('holds from the first byte of a request: its body has the tenant’s limit, its path the tenant’s routes', async () => {
    await say({
      limits: { shop: { bodyInBytes: 1_024 } },
      grants: { shop: { router: { methods: ['POST'], paths: ['/body'] } } },
    });
    const post = async (bytes: number): Promise<number> =>
      (await host.request('/shop/body', { method: 'POST', headers: { 'x-tenant': 'acme' }, body: Buffer.alloc(bytes) })).status;
    assert.deepEqual([await post(1_000), await post(2_000), (await host.get('/shop/env', { 'x-tenant': 'acme' })).status], [200, 413, 403]);
  });

  it('keeps a cell where the same is said in another answer, and boots another where it is not', async () => {
    await say(grants({ env: { keys: ['PLAN'] } }));
    const first = await get('cell');
    await say(grants({ env: { keys: ['PLAN'] } }));
    assert.equal(await get('cell'), first);
    await say(grants({ env: { keys: ['REGION'] } }));
    assert.notEqual(await get('cell'), first);
  });

  it('holds for requests that are under way, from their next call on', async () => {
    const before = host.entries('call.end').length;
    const long = host.get('/shop/long', { 'x-tenant': 'acme' });
    await waitUntil('its first call', () => host.entries('call.end').length > before);
    await say(grants({ kv: false }));
    assert.deepEqual((await long).json(), ['read', 'ERR_CAPABILITY_NOT_GRANTED']);
  });

  it('ends calls of what the tenant has no more', async () => {
    const before = host.entries('call.end').length;
    const long = host.get('/shop/long', { 'x-tenant': 'acme' });
    await waitUntil('its first call', () => host.entries('call.end').length > before);
    await say({ extensions: [] });
    assert.deepEqual((await long).json(), ['read', 'ERR_CAPABILITY_NOT_GRANTED']);
  });

  /** How many texts of one request the host judged anew. */
  const judged = async (path: string, tenant: string): Promise<number> => {
    const { reply, calls } = await host.measure(`/shop/${path}`, { headers: { 'x-tenant': tenant } });
    assert.equal(reply.status, 200, reply.text);
    return calls.filter(({ args }) => args['judged'] === true).length;
  };
  const text = `query?sql=${encodeURIComponent("select id from orders where region = 'a word of acme'")}`;

  it('is judged for it alone: the same text of another tenant is judged anew, under grants of its own or not', async () => {
    assert.deepEqual([await judged(text, 'acme'), await judged(text, 'acme')], [1, 0]);
    assert.deepEqual([await judged(text, 'other'), await judged(text, 'other'), await judged(text, 'acme')], [1, 0, 0]);
    for (const tenant of ['third', 'fourth']) {
      await say(grants({ database: { tables: eu } }), tenant);
      assert.deepEqual([await judged(text, tenant), await judged(text, tenant)], [1, 0], tenant);
    }
  });

  it('keeps its verdicts whatever another sends: a flood of texts pushes out those of its own tenant', async () => {
    await judged(text, 'acme');
    await judged(text, 'other');
    assert.equal(await judged('flood', 'other'), 75);
    assert.deepEqual([await judged(text, 'acme'), await judged(text, 'other')], [0, 1]);
  });

  for (const [what, settings, place] of [
    ['a key there is none of', { grant: {} }, 'grant'],
    ['a capability there is none of', grants({ databse: false }), 'databse'],
    ['a grant that is none', grants({ database: { tables: 'orders' } }), 'grants["shop"].database'],
    ['grants that are none', { grants: { shop: true } }, 'grants["shop"]'],
    ['a limit there is none of', { limits: { shop: { memory: 1 } } }, 'limits["shop"]'],
    ['a limit that is none', { limits: { '*': { cpuMs: '5' } } }, 'limits["*"].cpuMs'],
    ['limits that are none', { limits: [] }, 'limits'],
    ['vars that are none', { vars: { org: { _eq: 1 } } }, 'vars.org'],
    ['a var of a name that is none', { vars: { 'org.id': 1 } }, 'org.id'],
    ['a column there is none of', grants({ database: { tables: { orders: { read: { columns: ['nothing'] } } } } }), 'nothing'],
    [
      'a rule on a column that the role may not read',
      grants({ database: { tables: { orders: { read: true, create: { columns: ['id'], defaults: { nowhere: 1 } } } } } }),
      'nowhere',
    ],
  ] as const)
    it(`is nothing where the answer has ${what}: 503, and the log says where`, async () => {
      const from = host.logs.length;
      await say(settings);
      const reply = await host.get('/shop/orders', { 'x-tenant': 'acme' });
      assert.deepEqual([reply.status, reply.code], [503, 'ERR_TENANT_UNAVAILABLE']);
      const told = host.logs.slice(from).map((line) => JSON.stringify(line));
      assert.ok(
        told.some((line) => line.replaceAll('\\', '').includes(place) && line.includes('acme')),
        told.join('\n'),
      );
    });

  it('is whole again once the answer holds', async () => {
    await say(grants({ database: { tables: 'orders' } }));
    assert.equal((await host.get('/shop/orders', { 'x-tenant': 'acme' })).status, 503);
    await say({});
    assert.deepEqual(await get('orders'), all);
  });
});
