// An embedder's own events and listeners, as Directus's are joined: a service that fires events, hooks that change, refuse, break down and loop, and listeners of the host. Must never reach into the bus.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { emitting, hook } from '../helpers/hook.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const roomy = { cpuMs: 2_000, wallMs: 20_000, registerMs: 20_000, eventBytes: 2_000 };
const nobody = { accountability: null };

const checker = `
export default ({ filter, action }, { logger, services, emitter }) => {
  filter('*.items.create', (payload, meta, { accountability }) => {
    if (payload.refuse) throw Object.assign(new Error('too dear'), { name: 'DirectusError', code: 'TOO_DEAR', status: 422, extensions: { most: 5 } });
    if (payload.broken) throw new Error('inside');
    if (payload.long) return { long: 'x'.repeat(3_000) };
    if (payload.evil) return JSON.parse('{"__proto__":{"admin":true}}');
    return payload.quiet ? undefined : { ...payload, seen: [meta.collection, meta.event, Object.keys(meta).sort().join(), accountability?.user ?? null] };
  });
  action('bills.items.create', async (meta) => {
    try { await new services.Store({}).create('bills', { again: true }); } catch (error) { logger.info({ code: error.code, chain: error.extensions?.chain }, 'looped'); }
  });
  action('pong', (meta) => { emitter.emitAction('ping', {}); });
};`;

const speaker = `
export default (router, { emitter, services, getSchema }) => {
  const answer = (run) => async (req, res) => { try { res.json({ got: await run(req) }); } catch (error) { res.json({ code: error.code, status: error.status, message: error.message, extensions: error.extensions }); } };
  router.get('/filter', answer((req) => emitter.emitFilter('price', { value: 1, ...JSON.parse(req.query.with ?? '{}') }, { a: 1 })));
  router.get('/ping', answer(() => emitter.emitAction('ping', { n: 1 })));
  router.get('/schema', answer(() => getSchema()));
  router.get('/create', answer((req) => new services.Store({}).create(req.query.collection, JSON.parse(req.query.with ?? '{}'))));
};`;

let runtime: TestRuntime;
let created = 0;
const heard: unknown[] = [];
const trusted = new EventEmitter();

/** In the role of Directus's services: a filter before, an action after. */
const store = {
  async create(collection: string, data: unknown): Promise<unknown> {
    const names = ['items.create', `${collection}.items.create`] as const;
    const payload = await runtime.runtime.events.filter(names, data, { collection }, nobody);
    created += 1;
    runtime.runtime.events.action(names, { collection, key: created, payload }, nobody);
    return payload;
  },
};

before(async () => {
  const text = { type: 'string' };
  runtime = await openTestRuntime({
    extensions: {
      checker: hook(checker, { listen: ['*.items.create', 'pong'], emit: ['ping'] }, roomy, { services: { Store: { methods: true } } }),
      speaker: emitting(speaker, { emit: ['price', 'ping'] }, roomy, {
        services: {
          Store: { methods: true },
          Bills: { methods: ['read'] },
        },
        schema: {},
      }),
    },
    options: {
      getSchema: () => ({
        collections: Object.fromEntries(
          ['bills', 'orders'].map((collection) => [collection, { collection, primary: 'id', fields: { id: {} } }]),
        ),
        relations: [],
      }),
      services: {
        Store: { kind: 'object', service: store, methods: { create: { args: [text, { type: 'object' }], effect: true } } },
        Bills: { kind: 'object', about: 'bills', service: { read: () => [] }, methods: { read: { args: [], effect: false } } },
      },
      listeners: {
        async filter(event, payload, meta, { extension, accountability }) {
          heard.push({ event, meta, extension, accountability });
          const given = payload as { readonly value: number; readonly refuse?: boolean; readonly fail?: boolean };
          if (given.refuse === true)
            throw Object.assign(new Error('not at this price'), { name: 'DirectusError', code: 'NOT_NOW', status: 409 });
          if (given.fail === true) throw new Error('a secret of the host');
          return { ...given, value: given.value + 1 };
        },
        action(event) {
          trusted.emit(event);
          // As trusted code answers an event with another one.
          if (event === 'ping') runtime.runtime.events.action('pong', {}, nobody);
        },
      },
    },
  });
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
});
after(() => runtime.close());

describe('a filter of the embedder’s own', () => {
  const fire = (payload: unknown, meta: Readonly<Record<string, unknown>> = {}, user: string | null = null) =>
    runtime.runtime.events.filter(
      ['items.create', 'orders.items.create'],
      payload,
      { collection: 'orders', ...meta },
      { accountability: user === null ? null : { user } },
    );

  test('is changed by a hook, which hears the accountability and of meta what is data', async () => {
    const meta = { request: new EventEmitter(), run: () => 1, keys: [1, 2], at: new Date(0) };
    assert.deepEqual(await fire({ title: 'a' }, meta, 'u1'), {
      title: 'a',
      seen: ['orders', 'orders.items.create', 'at,collection,event,keys', 'u1'],
    });
  });
  test('stays the very payload where the hook gives nothing, and where nobody hears it', async () => {
    const payload = { quiet: true, at: new Date(0) };
    assert.equal(await fire(payload), payload);
    const unheard = { stream: new EventEmitter() };
    assert.equal(await runtime.runtime.events.filter('unheard', unheard, {}, nobody), unheard);
    assert.equal(runtime.runtime.events.heard('filter', 'unheard'), false);
    assert.equal(runtime.runtime.events.heard('filter', ['items.create', 'orders.items.create']), true);
  });
  const refusals: readonly (readonly [string, unknown, object])[] = [
    ['rejects in the hook’s own words where it refuses', { refuse: true }, { code: 'TOO_DEAR', status: 422, extensions: { most: 5 } }],
    ['rejects where the hook breaks down', { broken: true }, { code: 'ERR_CALL_FAILED' }],
    ['rejects where what the hook gives is over eventBytes', { long: true }, { code: 'ERR_CALL_FAILED' }],
    ['rejects where what the hook gives names a prototype', { evil: true }, { code: 'ERR_CALL_FAILED' }],
    ['rejects where the payload is over eventBytes: nobody could check it', { title: 'x'.repeat(2_001) }, { code: 'ERR_CALL_FAILED' }],
    ['rejects where the payload is no data: nobody could check it', { title: Buffer.from('x') }, { code: 'ERR_CALL_FAILED' }],
  ];
  for (const [name, payload, expected] of refusals) test(name, () => assert.rejects(fire(payload), expected));
  test('reaches an extension that called the service in the hook’s own words', async () => {
    const reply = await runtime.get(`/speaker/create?collection=orders&with=${encodeURIComponent('{"refuse":true}')}`);
    assert.deepEqual(reply.json(), { code: 'TOO_DEAR', status: 422, message: 'too dear', extensions: { most: 5 } });
  });
});

describe('a chain through the embedder’s services', () => {
  test('ends where a hook does again what it was told of', async () => {
    created = 0;
    await store.create('bills', {});
    await waitUntil('the hook to be refused', () => runtime.logs.some(({ msg }) => msg === 'looped'));
    const line = runtime.logs.find(({ msg }) => msg === 'looped') as {
      readonly guest?: { readonly code?: string; readonly chain?: unknown };
    };
    assert.equal(line.guest?.code, 'ERR_EVENT_LOOP');
    assert.equal(created, 1);
  });
  test('ends where an extension and trusted code answer each other', async () => {
    let pings = 0;
    trusted.on('ping', () => {
      pings += 1;
    });
    await runtime.get('/speaker/ping');
    await runtime.entry('life', ({ event, subject }) => event === 'event.refused' && subject === 'ping → pong → ping');
    assert.equal(pings, 1);
  });
});

describe('listeners of the embedder’s own', () => {
  test('hear what an extension emits, on whose behalf, and change it', async () => {
    const reply = await runtime.get('/speaker/filter');
    assert.deepEqual(reply.json(), { got: { value: 2 } });
    const { accountability, ...rest } = heard.at(-1) as { readonly accountability: Readonly<Record<string, unknown>> };
    assert.deepEqual(rest, { event: 'price', meta: { a: 1 }, extension: 'speaker' });
    // Never null, which much code takes for every right.
    assert.equal(accountability['admin'], false);
  });
  test('refuse in their own words, and fail without any', async () => {
    const refused = await runtime.get(`/speaker/filter?with=${encodeURIComponent('{"refuse":true}')}`);
    const refusal = refused.json() as { readonly code: string; readonly status: number };
    assert.deepEqual([refusal.code, refusal.status], ['NOT_NOW', 409]);
    const failed = await runtime.get(`/speaker/filter?with=${encodeURIComponent('{"fail":true}')}`);
    const failure = failed.json() as { readonly code: string };
    assert.equal(failure.code, 'ERR_CALL_FAILED');
    assert.doesNotMatch(JSON.stringify(failure), /secret/);
  });
});

test('getSchema tells of the embedder’s own schema what services were granted for', async () => {
  const reply = await runtime.get('/speaker/schema');
  assert.deepEqual(reply.json(), {
    got: { collections: { bills: { collection: 'bills', primary: 'id', fields: { id: {} } } }, relations: [] },
  });
});
