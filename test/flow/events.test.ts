// Events between the extensions of one tenant, through real wards: who hears what, in which order, with which arguments. Must never reach into the bus.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { emitting, hook } from '../helpers/hook.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const shop = `
export default (router, { emitter, logger }) => {
  const attempt = async (run) => { try { return { got: await run() }; } catch (error) { return { name: error.name, code: error.code, status: error.status, message: error.message, extensions: error.extensions }; } };
  router.get('/filter/:event', async (req, res) => res.json(await attempt(() => emitter.emitFilter(req.params.event, { trail: ['shop'] }, { who: 'meta' }, { accountability: { admin: true } }))));
  router.get('/same', async (req, res) => { const payload = { a: 1 }; res.json([await emitter.emitFilter('orders.unheard', payload, {}) === payload, await emitter.emitFilter('orders.trail', payload, {}) === payload]); });
  router.get('/list', async (req, res) => res.json(await attempt(() => emitter.emitFilter(['orders.trail', 'orders.second'], { trail: [] }, {}))));
  router.get('/action/:event', (req, res) => { const returned = emitter.emitAction(req.params.event, { who: 'meta', event: 'forged', req }); res.json(returned === undefined); });
  router.get('/init', async (req, res) => res.json(await attempt(() => emitter.emitInit(['orders.start', 'orders.unheard'], { n: 1 }))));
  router.get('/count', (req, res) => res.json([emitter.countFilterListeners('own.mutual'), emitter.countActionListeners('own.mutual'), emitter.countInitListeners('x'), emitter.countActionListeners('wild.one'), emitter.countActionListeners('wild.one.two'), emitter.countFilterListeners('orders.trail')]));
  emitter.onAction('wild.*', () => {});
  emitter.onAction('wild.**', () => {});
  emitter.onFilter('own.mutual', (payload) => [...payload, 'myself']);
  router.get('/myself', async (req, res) => res.json(await emitter.emitFilter('own.mutual', ['start'], {})));
};`;

/** Says in its answer what it was called with. */
const trail = (name: string) => `
export default ({ filter, action, init }, context) => {
  filter('orders.trail', (payload, meta, context) => ({ ...payload, trail: [...(payload.trail ?? []), '${name} 1'], meta, context: { database: typeof context.database, schema: context.schema, accountability: context.accountability } }));
  filter('orders.trail', async (payload) => { await new Promise((resolve) => setTimeout(resolve, 5)); return { ...payload, trail: [...(payload.trail ?? []), '${name} 2'] }; });
  filter('orders.second', (payload) => { payload.trail = [...payload.trail, 'in place']; });
  action('orders.done', (...args) => context.logger.info({ args }, 'heard by ${name}'));
  action('orders.*', (meta) => context.logger.info({ event: meta.event }, 'wild by ${name}'));
  init('orders.start', (...args) => context.logger.info({ args }, 'started ${name}'));
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      shop: emitting(shop, { emit: ['orders.*', 'own.mutual'], listen: ['own.mutual', 'wild.**'] }),
      // Ids decide the order, not the folders' order on disk.
      'b-hook': hook(trail('b'), { listen: ['orders.*'] }),
      'a-hook': hook(trail('a'), { listen: ['orders.**'] }),
    },
    options: {
      identify: (request) => ({ tenant: String(request.headers['x-tenant'] ?? 'default'), accountability: { user: 'u1', admin: false } }),
    },
  });
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
});
after(() => runtime.close());

const logOf = async (text: string) => {
  let found: Readonly<Record<string, unknown>> | undefined;
  await waitUntil(`a log line ${text}`, () => {
    found = runtime.logs.findLast(({ msg }) => msg === text);
    return found !== undefined;
  });
  return found as { readonly guest: Readonly<Record<string, unknown>>; readonly tenant: string };
};

describe('a filter', () => {
  test('passes its payload on by extension id, then as they registered', async () => {
    const { got } = (await runtime.get('/shop/filter/orders.trail')).json() as { readonly got: { readonly trail: readonly string[] } };
    assert.deepEqual(got.trail, ['shop', 'a 1', 'a 2', 'b 1', 'b 2']);
  });
  test('hands over meta with the event, and a context that holds the host’s accountability and the listener’s own database', async () => {
    const { got } = (await runtime.get('/shop/filter/orders.trail')).json() as { readonly got: object };
    assert.deepEqual(
      { ...got, trail: null },
      {
        trail: null,
        meta: { event: 'orders.trail', who: 'meta' },
        context: {
          database: 'function',
          schema: null,
          accountability: { role: null, roles: [], user: 'u1', admin: false, app: false, ip: null },
        },
      },
    );
  });
  test('that nobody hears, or that nobody changes, gives the very payload back', async () => {
    assert.deepEqual((await runtime.get('/shop/same')).json(), [true, false]);
  });
  test('takes a list of events, and what was changed in place', async () => {
    assert.deepEqual((await runtime.get('/shop/list')).json(), {
      got: {
        ...((await runtime.get('/shop/list')).json() as { got: object }).got,
        trail: ['a 1', 'a 2', 'b 1', 'b 2', 'in place', 'in place'],
      },
    });
  });
  test('reaches listeners of the extension that emits', async () =>
    assert.deepEqual((await runtime.get('/shop/myself')).json(), ['start', 'myself']));
});

describe('an action', () => {
  test('is heard by all, with the event that was emitted and what of meta is JSON', async () => {
    assert.equal((await runtime.get('/shop/action/orders.done')).json(), true);
    for (const name of ['a', 'b']) {
      const { guest } = await logOf(`heard by ${name}`);
      assert.deepEqual((guest['args'] as readonly object[])[0], { who: 'meta', event: 'orders.done' });
    }
    await logOf('wild by b');
  });
});

test('an init is awaited and gives nothing', async () => {
  assert.deepEqual((await runtime.get('/shop/init')).json(), {});
  assert.deepEqual((await logOf('started a')).guest['args'], [{ n: 1, event: 'orders.start' }]);
});

test('listeners are counted in the cell that asks, by what they would hear', async () =>
  assert.deepEqual((await runtime.get('/shop/count')).json(), [1, 0, 0, 2, 1, 0]));
