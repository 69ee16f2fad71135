// Attacks while an extension is evaluated and registered: it is refused, the host starts, the others are served. Must never take longer for all of them than their limits say.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import { thinned } from '../helpers/thinned.ts';

const fine = `export default (router) => { router.get('/', (req, res) => res.json('here')); };`;
const spin = 'for (;;);';
const stuck = 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);';
const fill = 'new Array(2 ** 32 - 1).fill(0);';
const grow = 'const kept = []; for (;;) kept.push(new Array(1000).fill(1.5));';

/** refused: it is not served; served: it is, for what it did ended with its own entry. */
const rows: Readonly<Record<string, readonly [expects: 'refused' | 'served' | 'either', source: string]>> = {
  'a loop while it is evaluated': ['refused', `${spin} ${fine}`],
  'a wedge while it is evaluated': ['refused', `${stuck} ${fine}`],
  'a fatal array while it is evaluated': ['refused', `${fill} ${fine}`],
  'a bomb while it is evaluated': ['refused', `${grow} ${fine}`],
  'a loop while it registers': ['refused', `export default () => { ${spin} };`],
  'a wedge while it registers': ['refused', `export default () => { ${stuck} };`],
  'a bomb while it registers, after an await': ['refused', `export default async () => { await null; ${grow} };`],
  'a registration that never ends': ['refused', 'export default () => new Promise(() => undefined);'],
  'a registration that is a looping thenable': ['refused', `export default () => ({ then: () => { ${spin} } });`],
  'a thrown Proxy': [
    'refused',
    `export default () => { throw new Proxy({}, { get: () => { ${spin} }, getPrototypeOf: () => { ${spin} } }); };`,
  ],
  'an error that loops when read': [
    'refused',
    `export default () => { throw Object.defineProperty(new Error('x'), 'stack', { get: () => { ${spin} } }); };`,
  ],
  'an error of megabytes': ['refused', `export default () => { throw new Error('x'.repeat(100_000_000)); };`],
  'an export whose parts loop': ['refused', `export default { get id() { ${spin} }, get handler() { ${spin} } };`],
  // They are dropped with the entry they ran in; what was evaluated before them may stand.
  'microtasks that never end': ['either', `const again = () => Promise.resolve().then(again); again(); ${fine}`],
  'a timer that loops': ['either', `setTimeout(() => { ${spin} }, 1); ${fine}`],
  'a timer that wedges': ['either', `setTimeout(() => { ${stuck} }, 1); ${fine}`],
  'a thousand timers': ['refused', `for (let count = 0; count < 1_000; count += 1) setTimeout(() => undefined, 1_000_000); ${fine}`],
  'a thousand listeners': [
    'refused',
    `export default (router, { emitter }) => { for (let count = 0; count < 1_000; count += 1) emitter.onFilter('a.b', () => undefined); };`,
  ],
  'a route of a hostile expression': [
    'either',
    `export default (router) => { router.get(/^(a+)+$/, (req, res) => res.json('matched')); router.get('/', (req, res) => res.json('here')); };`,
  ],
  'ten thousand routes': [
    'either',
    `export default (router) => { for (let count = 0; count < 10_000; count += 1) router.get('/r' + count, (req, res) => res.json(count)); router.get('/', (req, res) => res.json('here')); };`,
  ],
  'a call for what it was not granted': [
    'served',
    `export default async (router, { database }) => { try { await database('secrets').select('*'); } catch {} router.get('/', (req, res) => res.json('here')); };`,
  ],
  'a global that stands in the way': ['either', `globalThis.Promise = globalThis.Object = globalThis.Map = undefined; ${fine}`],
  'a prototype that stands in the way': [
    'either',
    `Object.prototype.then = function () { return this; }; Array.prototype.push = undefined; ${fine}`,
  ],
  nothing: ['served', fine],
};
const tried = [...thinned(Object.entries(rows).slice(0, -1), 2), ...Object.entries(rows).slice(-1)];
const ids = tried.map((_, index) => `load-${index}`);

let database: TestDatabase;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase('create table secrets (id int)');
  const capabilities = { emitter: { listen: ['a.*'] } };
  runtime = await openTestRuntime({
    extensions: Object.fromEntries(
      tried.map(([, [expects, source]], index) => [
        `load-${index}`,
        extension(source, { capabilities, limits: { registerMs: expects === 'served' ? 20_000 : 400, memoryMb: 48, wardRssMb: 384 } }),
      ]),
    ),
    options: { database: database.url },
  });
});
after(async () => {
  await runtime.close();
  await database.close();
});

describe('at the start', () => {
  for (const [index, [name, [expects]]] of tried.entries()) {
    test(`${name}: ${expects}`, async () => {
      const refused = runtime.runtime.refused().some(({ folder }) => folder.endsWith(`/${ids[index]}`));
      if (expects !== 'either') assert.equal(refused, expects === 'refused');
      const reply = await runtime.get(`/${ids[index]}`);
      if (refused) assert.equal(reply.status, 404);
      else if (expects === 'served') assert.deepEqual([reply.status, reply.json()], [200, 'here']);
      else assert.ok(reply.status < 600);
    });
  }
  test('a refusal is short, whatever the extension says of itself', () => {
    for (const { error } of runtime.runtime.refused()) assert.ok(error.message.length < 2_000, `${error.message.length} characters`);
  });
  test('nobody else was refused for it, and nothing runs on', async () => {
    await waitUntil('nothing runs', () => runtime.runtime.health().requests === 0);
    const last = ids.at(-1) ?? '';
    for (let round = 0; round < 20; round += 1) assert.equal((await runtime.get(`/${last}`)).status, 200);
  });
});
