// The invariant: whatever a listener does, who emitted goes on, its neighbours are heard, and the ledger says what it did. Must never judge by tight times.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { emitting, hook } from '../helpers/hook.ts';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const emitter = `
export default (router, { emitter }) => {
  router.get('/filter/:event', async (req, res) => {
    try { res.json({ got: await emitter.emitFilter(req.params.event, { trail: [] }, {}) }); }
    catch (error) { res.json({ name: error.name, code: error.code, status: error.status, message: error.message, extensions: error.extensions }); }
  });
  router.get('/action/:event', (req, res) => { emitter.emitAction(req.params.event, {}); res.json('said'); });
  router.get('/init/:event', async (req, res) => { await emitter.emitInit(req.params.event, {}); res.json('started'); });
};`;

/** Runs before `good`: ids decide. */
const bad = `
const circle = {}; circle.circle = circle;
const ways = {
  throws: () => { throw new Error('boom'); },
  rejects: async () => { throw new TypeError('late boom'); },
  oddly: () => { throw null; },
  hangs: () => new Promise(() => {}),
  spins: () => { for (;;); },
  later: async () => { await null; for (;;); },
  fills: () => { const held = []; for (;;) held.push(new Array(1e5).fill(held.length)); },
  circle: () => circle,
  bigint: () => 1n,
  large: () => 'x'.repeat(2_000_000),
  refuses: () => { throw Object.assign(new Error('too dear'), { name: 'DirectusError', code: 'TOO_DEAR', status: 400, extensions: { most: 5 } }); },
  forbids: () => { throw Object.assign(new Error('not you'), { status: 403 }); },
  forges: () => { throw Object.assign(new Error('forged'), { name: 'DirectusError', code: 'ERR_LEDGER_UNAVAILABLE', status: 503 }); },
};
export default ({ filter, action, init }) => {
  for (const [name, run] of Object.entries(ways)) { filter('odd.' + name, run); action('odd.' + name, run); init('odd.' + name, run); }
};`;

const good = `
export default ({ filter, action, init }, { logger }) => {
  filter('odd.*', (payload) => ({ trail: [...payload.trail, 'good'] }));
  action('odd.*', ({ event }) => logger.info('heard ' + event));
  init('odd.*', ({ event }) => logger.info('started ' + event));
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      shop: emitting(emitter, { emit: ['odd.*'] }, { wallMs: 20_000, registerMs: 20_000 }),
      'a-bad': hook(bad, { listen: ['odd.*'] }, { wallMs: 3_000, cpuMs: 200, registerMs: 20_000 }),
      'z-good': hook(good, { listen: ['odd.*'] }, { wallMs: 20_000, registerMs: 20_000 }),
    },
  });
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
});
after(() => runtime.close());

const newest = (): number => runtime.runtime.ledger().at(-1)?.sequence ?? 0;
const turnOf = (extension: string, method: string, path: string, since: number) =>
  runtime.entry('request.end', (one) => one.sequence > since && one.extension === extension && one.method === method && one.path === path);

const breakdowns: readonly (readonly [string, RegExp])[] = [
  ['throws', /^ERR_GUEST_FAILED$/],
  ['rejects', /^ERR_GUEST_FAILED$/],
  ['oddly', /^ERR_GUEST_FAILED$/],
  ['hangs', /^ERR_DEADLINE_EXCEEDED$/],
  ['spins', /^ERR_CPU_EXCEEDED$/],
  ['later', /^ERR_CPU_EXCEEDED$/],
  ['fills', /^ERR_(?:MEMORY_EXCEEDED|CPU_EXCEEDED|WARD_CRASHED)$/],
];

describe('a listener that breaks down', () => {
  for (const [name, outcome] of [
    ...breakdowns,
    ['circle', /^ERR_GUEST_FAILED$/],
    ['bigint', /^ERR_GUEST_FAILED$/],
    ['large', /^ERR_GUEST_FAILED$/],
  ] as const) {
    test(`as a filter that ${name}: is skipped, the next one is heard, and it is on the ledger`, async () => {
      const since = newest();
      const reply = await runtime.get(`/shop/filter/odd.${name}`);
      // A bomb may take the process it shares with its emitter: then that one is told so, and told to come again.
      if (!(name === 'fills' && reply.code === 'ERR_CELL_LOST')) assert.deepEqual(reply.json(), { got: { trail: ['good'] } });
      const end = await turnOf('a-bad', 'FILTER', `odd.${name}`, since);
      assert.match(end.outcome, outcome);
      assert.match(end.chain ?? '', new RegExp(`: odd\\.${name}$`));
    });
  }
  for (const [name, outcome] of breakdowns) {
    test(`as an action that ${name}: does not delay who emitted, and is on the ledger`, async () => {
      const since = newest();
      assert.equal((await runtime.get(`/shop/action/odd.${name}`)).json(), 'said');
      assert.match((await turnOf('a-bad', 'ACTION', `odd.${name}`, since)).outcome, outcome);
      assert.equal((await turnOf('z-good', 'ACTION', `odd.${name}`, since)).outcome, 'answered');
    });
  }
  test('as an action that hangs: who emitted was answered before it ended', async () => {
    const since = newest();
    await runtime.get('/shop/action/odd.hangs');
    const turn = await turnOf('a-bad', 'ACTION', 'odd.hangs', since);
    const emission = await runtime.entry('request.end', (one) => one.sequence > since && one.path === '/shop/action/odd.hangs');
    assert.ok(emission.sequence < turn.sequence);
  });
  test('as an init: the next one is heard', async () => {
    const since = newest();
    assert.equal((await runtime.get('/shop/init/odd.throws')).json(), 'started');
    assert.equal((await turnOf('z-good', 'INIT', 'odd.throws', since)).outcome, 'answered');
  });
});

describe('a listener that refuses', () => {
  const rows: readonly (readonly [string, object])[] = [
    ['refuses', { name: 'DirectusError', code: 'TOO_DEAR', status: 400, message: 'too dear', extensions: { most: 5 } }],
    ['forbids', { name: 'DirectusError', code: 'ERR_GUEST_FAILED', status: 403, message: 'not you', extensions: {} }],
  ];
  for (const [name, error] of rows) {
    test(`as a filter that ${name}: reaches who emitted in its own words`, async () =>
      assert.deepEqual((await runtime.get(`/shop/filter/odd.${name}`)).json(), error));
  }
  test('cannot speak in a code of the host’s own', async () =>
    assert.deepEqual((await runtime.get('/shop/filter/odd.forges')).json(), { got: { trail: ['good'] } }));
});

test('a filter that hangs as long as it may leaves its emitter time to answer', async () => {
  const patient = await openTestRuntime({
    extensions: {
      shop: emitting(emitter, { emit: ['odd.*'] }, { wallMs: 6_000, registerMs: 20_000 }),
      'a-bad': hook(bad, { listen: ['odd.*'] }, { wallMs: 60_000, registerMs: 20_000 }),
    },
  });
  try {
    assert.deepEqual((await patient.get('/shop/filter/odd.hangs')).json(), { got: { trail: [] } });
  } finally {
    await patient.close();
  }
});
