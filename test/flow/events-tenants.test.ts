// The invariant: an event is heard in the tenant it was emitted in and in no other, under the grants of who emits and who listens. Must never share a runtime with another file.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { emitting, hook } from '../helpers/hook.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

/** A bundle of an endpoint and a hook: they share their module's state, one per tenant. */
const diary = {
  'package.json': JSON.stringify({
    version: '1.0.0',
    type: 'module',
    'directus:extension': {
      type: 'bundle',
      path: { app: 'app.js', api: 'index.js' },
      host: '^11.0.0',
      entries: [
        { type: 'endpoint', name: 'diary', source: 'a' },
        { type: 'hook', name: 'notes', source: 'b' },
      ],
    },
    cloister: { capabilities: { emitter: { listen: ['orders.**', 'late.*'] } } },
  }),
  'index.js': `
const heard = [];
const note = (how) => (first, second) => { heard.push([how, how === 'filter' ? second.event : first.event, first.who ?? first.meta?.who]); };
let emitter;
const late = note('late');
export const hooks = [{ name: 'notes', config: ({ filter, action, init }) => {
  action('orders.*', (meta, { accountability }) => { heard.push(['action', meta.event, accountability.user]); });
  filter('orders.*', (payload, meta, { accountability }) => ({ ...payload, by: [...(payload.by ?? []), accountability.user, heard.length] }));
} }];
export const endpoints = [{ name: 'diary', config: (router, context) => {
  emitter = context.emitter;
  router.get('/', (req, res) => res.json(heard));
  router.get('/on', (req, res) => { emitter.onAction('late.*', late); res.json(emitter.countActionListeners('late.one')); });
  router.get('/off', (req, res) => { emitter.offAction('late.*', late); res.json(emitter.countActionListeners('late.one')); });
  router.get('/off-all', (req, res) => { emitter.offAll(); res.json(emitter.countActionListeners('orders.paid')); });
  router.get('/on-secret', async (req, res) => { emitter.onAction('secret.word', late); for (let n = 0; n < 500 && emitter.countActionListeners('secret.word') > 0; n += 1) await new Promise((resolve) => setTimeout(resolve, 10)); res.json(emitter.countActionListeners('secret.word')); });
} }];
export const operations = [];`,
};

const shop = `
const attempt = async (run) => { try { return { got: await run() }; } catch (error) { return { code: error.code, message: error.message }; } };
export default (router, { emitter }) => {
  router.get('/action/:event', async (req, res) => { emitter.emitAction(req.params.event, { who: req.accountability.user }); await new Promise((resolve) => setTimeout(resolve, 10)); res.json('said'); });
  router.get('/filter/:event', async (req, res) => res.json(await attempt(() => emitter.emitFilter(req.params.event, {}, {}))));
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      shop: emitting(shop, { emit: ['orders.*', 'late.*', 'unheard.*'] }, { wallMs: 10_000, registerMs: 20_000 }),
      diary,
      secret: hook(`export default ({ action }) => action('secret.word', () => {});`, { listen: ['secret.*'] }),
    },
    options: {
      limits: { cpuMs: 2_000, wallMs: 10_000, registerMs: 20_000 },
      identify: (request) => {
        const tenant = String(request.headers['x-tenant']);
        return { tenant, accountability: { user: `user of ${tenant}` } };
      },
    },
  });
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
});
after(() => runtime.close());

const as = async (tenant: string, path: string): Promise<unknown> => (await runtime.get(path, { 'x-tenant': tenant })).json();
const heardBy = async (tenant: string): Promise<readonly (readonly unknown[])[]> => (await as(tenant, '/diary')) as readonly unknown[][];
const turns = (tenant: string, event: string) =>
  runtime.entries('request.end').filter((one) => one.tenant === tenant && one.method === 'ACTION' && one.path === event);

describe('an event of one tenant', () => {
  test('is heard there, with the accountability of the request it began with, and not in another', async () => {
    await as('red', '/shop/action/orders.paid');
    await waitUntil('the action is heard', () => turns('red', 'orders.paid').length === 1);
    assert.deepEqual(await heardBy('red'), [['action', 'orders.paid', 'user of red']]);
    assert.deepEqual(await heardBy('blue'), []);
  });
  test('passes as a filter through the listeners of that tenant alone', async () => {
    assert.deepEqual(await as('red', '/shop/filter/orders.made'), { got: { by: ['user of red', 1] } });
    assert.deepEqual(await as('blue', '/shop/filter/orders.made'), { got: { by: ['user of blue', 0] } });
  });
  test('reaches what was added in its own tenant since, and nothing of what was added in another', async () => {
    assert.equal(await as('red', '/diary/on'), 1);
    // A listener is there once the host has heard of it.
    await runtime.entry('call.end', (one) => one.tenant === 'red' && one.extension === 'diary' && one.outcome === 'ok');
    await as('blue', '/shop/action/late.one');
    await as('red', '/shop/action/late.one');
    await waitUntil('the added listener hears', () => turns('red', 'late.one').length === 1);
    assert.deepEqual((await heardBy('red')).at(-1), ['late', 'late.one', 'user of red']);
    assert.equal(turns('blue', 'late.one').length, 0);
  });
  test('is not heard any more by what was taken away, there alone', async () => {
    const calls = runtime.entries('call.end').length;
    assert.equal(await as('red', '/diary/off'), 0);
    await waitUntil('the host has heard of it', () => runtime.entries('call.end').length > calls);
    assert.equal(await as('red', '/diary/off-all'), 0);
    await as('blue', '/shop/action/orders.kept');
    await waitUntil('the other tenant hears as before', () => turns('blue', 'orders.kept').length === 1);
  });
});

describe('a name that is not granted', () => {
  test('is refused alike whether somebody hears it or nobody', async () => {
    const known = (await as('red', '/shop/filter/secret.word')) as { readonly code: string; readonly message: string };
    const unknown = (await as('red', '/shop/filter/nothing.here')) as typeof known;
    assert.equal(known.code, 'ERR_CAPABILITY_DENIED');
    assert.deepEqual({ ...known, message: known.message.replaceAll('secret.word', 'nothing.here') }, unknown);
  });
  test('and one that is granted and unheard looks like one that is heard', async () =>
    assert.deepEqual(await as('red', '/shop/filter/unheard.one'), { got: {} }));
  test('is not listened for: the cell forgets it as well', async () => {
    assert.equal(await as('green', '/diary/on-secret'), 0);
    await runtime.entry('call.start', (one) => one.tenant === 'green' && one.method === 'listen' && one.decision === 'deny');
  });
});
