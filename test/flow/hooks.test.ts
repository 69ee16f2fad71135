// Packages of the type hook: every form they come in, what they register, what is refused, and what an operator sees of it. Must never wait for a clock where an entry says the same.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { emitting, hook } from '../helpers/hook.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const manifest = (emitter: object, more: object = {}): string =>
  JSON.stringify({
    version: '1.0.0',
    'directus:extension': { type: 'hook', path: 'index.js', host: '^11.0.0' },
    cloister: { capabilities: { emitter } },
    ...more,
  });
const listening = { listen: ['said.**', 'app.*', 'routes.custom.*'], schedule: true };

const bundle = (type: string): object => ({
  'directus:extension': {
    type: 'bundle',
    path: { app: 'app.js', api: 'index.js' },
    host: '^11.0.0',
    entries: [
      { type: 'hook', name: 'one', source: 'a' },
      { type: 'hook', name: 'two', source: 'b' },
    ],
  },
  ...(type === '' ? {} : { type }),
});

const says = (name: string): string => `(functions, { logger }) => functions.action('said.hello', () => logger.info('${name} heard'))`;

const extensions = {
  shop: emitting(
    `export default (router, { emitter }) => { router.get('/say/:event', (req, res) => { emitter.emitAction(req.params.event, {}); res.json('said'); }); };`,
    {
      emit: ['said.**'],
    },
  ),
  esm: hook(`export default ${says('esm')};`, listening),
  'esm-async': hook(`export default async (functions, context) => { await null; (${says('esm-async')})(functions, context); };`, listening),
  defined: hook(`const defineHook = (config) => config;\nexport default defineHook(${says('defined')});`, listening),
  cjs: { 'package.json': manifest(listening), 'index.js': `module.exports = ${says('cjs')};` },
  'cjs-default': {
    'package.json': manifest(listening),
    'index.js': `Object.defineProperty(exports, '__esModule', { value: true });\nexports.default = ${says('cjs-default')};`,
  },
  'bundle-esm': {
    'package.json': manifest(listening, bundle('module')),
    'index.js': `export const hooks = [{ name: 'one', config: ${says('bundle one')} }, { name: 'two', config: ${says('bundle two')} }];\nexport const endpoints = [];\nexport const operations = [];`,
  },
  'bundle-cjs': {
    'package.json': manifest(listening, bundle('')),
    'index.js': `exports.hooks = [{ name: 'one', config: ${says('bundle three')} }];`,
  },
  starts: hook(
    `const seen = [];
export default ({ init, action }, { logger }) => {
  for (const event of ['app.after', 'routes.custom.before', 'app.before']) init(event, (...args) => { seen.push(args); });
  init('app.before', () => { throw new Error('not the end of the start'); });
  action('said.seen', () => logger.info({ seen }, 'seen at the start'));
};`,
    listening,
  ),
  embeds: hook(
    `export default ({ action, embed }) => { action('said.hello', () => {}); embed('head', '<script>1</script>'); };`,
    listening,
  ),
  'no-function': hook(`export default { id: 'x' };`, listening),
  deaf: hook(`export default ({ action }) => action('other.event', () => {});`, listening),
  broad: hook(`export default ({ action }) => action('**', () => {});`, listening),
  'bad-name': hook(`export default ({ action }) => action('a b', () => {});`, listening),
  'bad-cron': hook(`export default ({ schedule }) => schedule('every day', () => {});`, listening),
  'late-cron': hook(`export default ({ schedule }) => schedule('0 0 30 2 *', () => {});`, listening),
  'no-schedule': hook(`export default ({ schedule }) => schedule('0 4 * * *', () => {});`, { listen: ['said.**'] }),
  'no-handler': hook(`export default ({ action }) => action('said.hello');`, listening),
  'too-many': hook(`export default ({ action }) => { for (let n = 0; n < 101; n += 1) action('said.hello', () => {}); };`, listening),
  'no-grant': {
    ...hook(`export default ({ action }) => action('said.hello', () => {});`),
    'package.json': JSON.stringify({
      version: '1.0.0',
      type: 'module',
      'directus:extension': { type: 'hook', path: 'index.js', host: '^11.0.0' },
    }),
  },
  nightly: hook(`export default ({ schedule }) => { schedule('0 4 * * *', () => {}); schedule('*/5 1 4 * * *', () => {}); };`, listening),
};

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({ extensions, options: { limits: { registerMs: 20_000 } } });
});
after(() => runtime.close());

const refusals: Readonly<Record<string, RegExp>> = {
  embeds: /embed\(\)/,
  'no-function': /no register function for a hook/,
  deaf: /action "other\.event": the grant does not list/,
  broad: /action "\*\*": the grant does not list/,
  'bad-name': /action: "a b" is no event name/,
  'bad-cron': /schedule "every day"/,
  'late-cron': /has no run in the future/,
  'no-schedule': /"schedule": true/,
  'no-handler': /the handler is not a function/,
  'too-many': /limit listeners/,
  'no-grant': /emitter is not granted/,
};

test('what cannot be served is refused with one line, and the others are served', () => {
  const refused = new Map(runtime.runtime.refused().map(({ folder, error }) => [folder.split('/').at(-1) ?? '', error]));
  assert.deepEqual([...refused.keys()].sort(), Object.keys(refusals).sort());
  for (const [name, message] of Object.entries(refusals)) {
    const error = refused.get(name);
    assert.equal(error?.code, 'ERR_REGISTER_FAILED', name);
    assert.match(error?.message ?? '', message);
    assert.doesNotMatch(error?.message ?? '', /\n/);
  }
});

describe('a hook', () => {
  const names = ['esm', 'esm-async', 'defined', 'cjs', 'cjs-default', 'bundle one', 'bundle two', 'bundle three'];
  before(async () => void (await runtime.get('/shop/say/said.hello')));
  for (const name of names) {
    test(`of the form ${name} is heard of`, () =>
      waitUntil(`${name} hears`, () => runtime.logs.some(({ msg }) => msg === `${name} heard`)));
  }
  test('that is refused hears nothing', () => {
    const heard = new Set(runtime.entries('request.end').map(({ extension }) => extension));
    for (const name of Object.keys(refusals)) assert.ok(!heard.has(name), name);
  });
  test('has no mount', () => assert.deepEqual(runtime.runtime.extensions().find(({ id }) => id === 'esm')?.mounts, []));
});

describe('init', () => {
  test('hears the events of the start in their order, whatever another one does', async () => {
    await runtime.get('/shop/say/said.seen');
    await waitUntil('it says what it saw', () => runtime.logs.some(({ msg }) => msg === 'seen at the start'));
    const { guest } = runtime.logs.find(({ msg }) => msg === 'seen at the start') as { readonly guest: object };
    assert.deepEqual(guest, { seen: [[{ event: 'app.before' }], [{ event: 'routes.custom.before' }], [{ event: 'app.after' }]] });
  });
  test('that throws is on the ledger', () => {
    const end = runtime.entries('request.end').find((one) => one.extension === 'starts' && one.outcome === 'ERR_GUEST_FAILED');
    assert.deepEqual([end?.method, end?.path, end?.chain], ['INIT', 'app.before', 'init: app.before']);
  });
});

describe('schedules', () => {
  test('are shown to the operator with their next run', () => {
    const shown = runtime.runtime.schedules().filter(({ extension }) => extension === 'nightly');
    assert.deepEqual(
      shown.map(({ cron, once }) => [cron, once]),
      [
        ['0 4 * * *', 'process'],
        ['*/5 1 4 * * *', 'process'],
      ],
    );
    for (const { next } of shown) assert.ok(next !== null && next > new Date() && next.getHours() === 4);
  });
  test('are in the health report', async () => {
    const health = runtime.runtime.health();
    assert.equal(health.schedules, 2);
    assert.ok(new Date(health.nextRun ?? 0) > new Date());
  });
});
