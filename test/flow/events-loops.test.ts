// The invariant: no event is in its own causal chain, no chain is longer than eventDepth, and what one request causes is bounded; the refusal prints the chain and harms nothing else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { emitting, hook } from '../helpers/hook.ts';
import { type EntryOf, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const limits = { wallMs: 60_000, registerMs: 20_000, cpuMs: 500 };

const shop = `
const attempt = async (run) => { try { return { got: await run() }; } catch (error) { return { code: error.code, status: error.status, message: error.message, chain: error.extensions?.chain }; } };
export default (router, { emitter }) => {
  router.get('/action/:event', (req, res) => { emitter.emitAction(req.params.event, {}); res.json('said'); });
  router.get('/filter/:event', async (req, res) => res.json(await attempt(() => emitter.emitFilter(req.params.event, { said: [] }, {}))));
  router.get('/many/:count', async (req, res) => { let done = 0; res.json(await attempt(async () => { for (; done < Number(req.params.count); done += 1) await emitter.emitFilter('quiet.one', 1, {}); return done; }).then((result) => ({ ...result, done }))); });
  router.get('/well', (req, res) => res.json('well'));
};`;

/** Each line: hears the first, says the second; what it is told of its own emission is logged. */
const relay = (...lines: readonly (readonly [channel: string, heard: string, how: string, said: string])[]): string => `
export default ({ filter, action, init }, { emitter, logger }) => {
  const on = { filter, action, init };
  const say = async (how, event) => {
    try { const got = await emitter['emit' + how](event, how === 'Filter' ? { said: [] } : {}, {}); return got ?? {}; }
    catch (error) { logger.info({ code: error.code, status: error.status, chain: error.extensions?.chain }, error.message); return { refused: error.code }; }
  };
  for (const [channel, heard, how, said] of ${JSON.stringify(lines)})
    on[channel](heard, async (payload) => { const got = await say(how, said); return channel === 'filter' ? { said: [...payload.said, heard, ...(got.said ?? [got.refused ?? how])] } : undefined; });
  filter('timer.one', async (payload) => { await new Promise((resolve) => setTimeout(resolve, 5)); return { said: [await new Promise((resolve) => setTimeout(async () => resolve(await say('Filter', 'timer.one')), 5))] }; });
};`;

const everything = { emit: ['**'], listen: ['**'] };

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      shop: emitting(shop, everything, limits),
      orders: hook(
        relay(
          ['action', 'invoice.made', 'Action', 'orders.paid'],
          ['filter', 'self.one', 'Filter', 'self.one'],
          ['filter', 'ping.one', 'Filter', 'pong.one'],
          ['filter', 'mixed.one', 'Action', 'mixed.two'],
          ['init', 'mixed.three', 'Filter', 'mixed.one'],
          ...Array.from({ length: 12 }, (_, n) => ['filter', `deep.n${n}`, 'Filter', `deep.n${n + 1}`] as const),
        ),
        everything,
        limits,
      ),
      invoices: hook(
        relay(
          ['action', 'orders.paid', 'Action', 'invoice.made'],
          ['filter', 'pong.one', 'Filter', 'ping.one'],
          ['action', 'mixed.two', 'Init', 'mixed.three'],
        ),
        everything,
        limits,
      ),
    },
  });
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
});
after(() => runtime.close());

const isWell = async (): Promise<void> => assert.equal((await runtime.get('/shop/well')).json(), 'well');
const logged = (text: string) => waitUntil(`a log line ${text}`, () => runtime.logs.some(({ msg }) => String(msg).includes(text)));
const refusals = (among: TestRuntime): readonly EntryOf<'call.end'>[] =>
  among.entries('call.end').filter(({ outcome }) => outcome === 'ERR_EVENT_LOOP');

describe('a chain that comes back to itself', () => {
  test('over two extensions is refused, with the chain', async () => {
    await runtime.get('/shop/action/orders.paid');
    // The listener has ended when its action is refused: the ledger has the chain.
    const refused = await runtime.entry('life', (one) => one.event === 'event.refused' && one.subject.endsWith('→ orders.paid'));
    assert.equal(refused.subject, 'orders.paid → invoice.made → orders.paid');
    await runtime.entry('call.end', (one) => one.outcome === 'ERR_EVENT_LOOP' && (one.chain ?? '').endsWith('orders.paid → invoice.made'));
    await isWell();
  });
  test('in one extension is refused to the listener alone: who emitted first gets what it gave', async () => {
    assert.deepEqual((await runtime.get('/shop/filter/self.one')).json(), { got: { said: ['self.one', 'ERR_EVENT_LOOP'] } });
    await logged('self.one → self.one');
  });
  test('as filters of two extensions', async () => {
    assert.deepEqual((await runtime.get('/shop/filter/ping.one')).json(), { got: { said: ['ping.one', 'pong.one', 'ERR_EVENT_LOOP'] } });
    await logged('ping.one → pong.one → ping.one');
  });
  test('over filter, action and init', async () => {
    await runtime.get('/shop/filter/mixed.one');
    await logged('mixed.one → mixed.two → mixed.three → mixed.one');
  });
  test('over timers', async () => {
    assert.deepEqual((await runtime.get('/shop/filter/timer.one')).json(), { got: { said: [{ refused: 'ERR_EVENT_LOOP' }] } });
    await logged('timer.one → timer.one');
  });
  test('says so to who emitted with a status and the chain as data', async () => {
    await runtime.get('/shop/filter/self.one');
    const line = runtime.logs.findLast(({ msg }) => String(msg).startsWith('self.one → self.one'));
    assert.deepEqual(line?.['guest'], { code: 'ERR_EVENT_LOOP', status: 508, chain: ['self.one', 'self.one'] });
  });
});

describe('what does not come back to itself', () => {
  test('may be eventDepth long and not one longer', async () => {
    const { got } = (await runtime.get('/shop/filter/deep.n0')).json() as { readonly got: { readonly said: readonly string[] } };
    assert.deepEqual(got.said, [...Array.from({ length: 8 }, (_, n) => `deep.n${n}`), 'ERR_EVENT_LOOP']);
    await logged('eventDepth (8)');
  });
  test('may be said again by the same request, to eventsPerRequest and no further', async () => {
    const calls = { hostCalls: 500 };
    const busy = await openTestRuntime({
      extensions: { shop: emitting(shop, everything, { ...limits, ...calls, eventsPerRequest: 20 }) },
    });
    try {
      assert.deepEqual((await busy.get('/shop/many/20')).json(), { got: 20, done: 20 });
      const { done, code, message } = (await busy.get('/shop/many/21')).json() as Readonly<Record<string, unknown>>;
      assert.deepEqual({ done, code }, { done: 20, code: 'ERR_EVENT_LOOP' });
      assert.match(String(message), /eventsPerRequest \(20\)/);
    } finally {
      await busy.close();
    }
  });
});

describe('a bomb of events', () => {
  /** Each of `wide` listeners of each event says every event of the next layer. */
  const bomb = (wide: number): string => `
export default ({ action, filter }, { emitter }) => {
  for (let layer = 0; layer < 7; layer += 1)
    for (let n = 0; n < ${wide}; n += 1)
      action('bomb.layer' + layer, () => { for (let m = 0; m < ${wide}; m += 1) emitter.emitAction('bomb.layer' + (layer + 1), {}); });
};`;
  test('ends at listenersPerRequest, and a neighbour answers meanwhile', async () => {
    const bombed = await openTestRuntime({
      extensions: {
        shop: emitting(shop, everything, { ...limits, listenersPerRequest: 60 }),
        'bomb-1': hook(bomb(6), everything, limits),
        'bomb-2': hook(bomb(6), everything, limits),
      },
    });
    try {
      await bombed.get('/shop/action/bomb.layer0');
      await bombed.entry('call.end', (one) => one.outcome === 'ERR_EVENT_LOOP');
      assert.equal((await bombed.get('/shop/well')).json(), 'well');
      await waitUntil('nothing runs any more', () => bombed.runtime.health().requests === 0, 20_000);
      const turns = bombed.entries('request.end').filter(({ method }) => method === 'ACTION').length;
      assert.ok(turns > 12 && turns <= 60, `${turns} turns`);
    } finally {
      await bombed.close();
    }
  });
  test('ends at queuedJobs where the listeners are of one extension that is slow', async () => {
    const slow = `export default ({ action }) => { for (let n = 0; n < 30; n += 1) action('slow.one', () => new Promise((resolve) => setTimeout(resolve, 50))); };`;
    const bombed = await openTestRuntime({
      extensions: {
        shop: emitting(shop, everything, limits),
        slow: hook(slow, everything, { ...limits, concurrentJobs: 2, queuedJobs: 5 }),
      },
    });
    try {
      await bombed.get('/shop/action/slow.one');
      await waitUntil('every turn has ended', () => bombed.entries('request.end').filter(({ path }) => path === 'slow.one').length === 30);
      const outcomes = bombed.entries('request.end').filter(({ path }) => path === 'slow.one');
      const refused = outcomes.filter(({ outcome }) => outcome === 'ERR_CAPACITY_EXCEEDED').length;
      assert.ok(refused >= 20 && refused <= 25, `${refused} refused`);
    } finally {
      await bombed.close();
    }
  });
});

describe('events that are said while registering', () => {
  /** Says its own event whenever a cell of it registers, and hears the other's; a cell for each turn. */
  const waker = (mine: string, others: string): string => `
export default async ({ action }, { emitter }) => {
  action('${others}', () => {});
  emitter.emitAction('${mine}', {});
};`;
  test('and wake each other’s cells end where the chain comes back', async () => {
    const alone = { capabilities: 'requested', isolation: 'request' } as const;
    const own = { ...limits, cpuMs: 2_000 };
    const lone = await openTestRuntime({
      extensions: {
        shop: emitting(shop, everything, limits),
        one: hook(waker('wake.one', 'wake.two'), everything, own),
        two: hook(waker('wake.two', 'wake.one'), everything, own),
      },
      options: { approvals: { shop: 'requested', one: alone, two: alone } },
    });
    try {
      await lone.get('/shop/action/wake.one');
      await waitUntil('the chain has ended', () => refusals(lone).length > 0 && lone.runtime.health().requests === 0, 30_000);
      assert.match(refusals(lone).at(-1)?.chain ?? '', /wake\.(one|two)/);
      const boots = lone.entries('life').filter(({ event }) => event === 'cell.boot').length;
      assert.ok(boots < 40, `${boots} cells`);
    } finally {
      await lone.close();
    }
  });
});
