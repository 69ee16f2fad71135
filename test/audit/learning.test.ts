// How each capability turns use into the least grant, as tables. Must never suggest what the grant's own schema or policy refuses.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { commonLines, isCovered, packLines, showLine, unpackLines } from '../../src/audit/lines.ts';
import type { GrantLine, SeenCall, SeenRequest } from '../../src/bridge/capability.ts';
import { learningsOf, makeRegistry } from '../../src/capabilities/registry.ts';

const registry = makeRegistry();
const learnings = learningsOf(registry);
const ajv = new Ajv({ strict: true, strictTypes: false });

const learningOf = (name: string) => learnings.get(name) ?? assert.fail(`${name} does not learn`);

test('every capability learns', () =>
  assert.deepEqual(
    [...learnings.keys()],
    registry.map(({ capability }) => capability.contract.name),
  ));

type Seen = Partial<SeenCall> | SeenRequest;

const observe = (name: string, seen: Seen): readonly GrantLine[] => {
  const learning = learningOf(name);
  if ('path' in seen) return learning.observeRequest?.(seen) ?? [];
  return learning.observe({ method: '', args: {}, byHost: false, ...seen });
};

const get = (path: string, method = 'GET'): SeenRequest => ({ method, path });
const many = (count: number, make: (index: number) => Seen): readonly Seen[] => Array.from({ length: count }, (_, index) => make(index));
const request = (origin: string, path: string, method = 'GET', headers: readonly string[] = []): Partial<SeenCall> => ({
  method: 'request',
  args: { origin, path, method, headers },
});
const call = (service: string, method: string, collection?: string): Partial<SeenCall> => ({
  method: 'call',
  args: { service, method, ...(collection === undefined ? {} : { collection }) },
});
const emit = (event: string): Partial<SeenCall> => ({ method: 'emitAction', args: { event } });
const listen = (event: string, channel = 'action'): Partial<SeenCall> => ({ method: 'listen', args: { channel, event }, byHost: true });
const statement = (...uses: readonly (readonly string[])[]): Partial<SeenCall> => ({ method: 'query', args: { uses } });
const api = 'https://api.example.com';

const rows: readonly (readonly [capability: string, name: string, seen: readonly Seen[], grant: unknown, today?: unknown])[] = [
  ['router', 'lists what was asked', [get('/'), get('/intro')], { methods: ['GET'], paths: ['/', '/intro'] }],
  ['router', 'takes numbers for values', [get('/items/17'), get('/items/18/parts')], { methods: ['GET'], paths: ['/items/*'] }],
  ['router', 'takes UUIDs for values', [get('/items/0b5ba6d6-6a4e-4f0e-8a3b-2f7c8d9e0a1b')], { methods: ['GET'], paths: ['/items/*'] }],
  [
    'router',
    'takes many names in one place for values',
    many(20, (n) => get(`/by/name${'abcdefghijklmnopqrst'[n] ?? ''}`)),
    { methods: ['GET'], paths: ['/by/*'] },
  ],
  ['router', 'leaves out what a pattern covers', [get('/items'), get('/items/7')], { methods: ['GET'], paths: ['/items/*'] }],
  ['router', 'lists no paths where every path is covered', [get('/7'), get('/')], { methods: ['GET'] }],
  [
    'router',
    'leaves out HEAD beside GET, and OPTIONS beside any',
    [get('/', 'HEAD'), get('/'), get('/', 'OPTIONS')],
    { methods: ['GET'], paths: ['/'] },
  ],
  ['router', 'keeps OPTIONS that stands alone', [get('/', 'OPTIONS')], { methods: ['OPTIONS'], paths: ['/'] }],
  ['router', 'takes a listener for no request', [get('/action/orders.paid', 'ACTION')], { methods: [], paths: [] }],
  ['router', 'lists no paths for one that can be read in two ways', [get('/a%41b')], { methods: ['GET'] }],
  ['router', 'denies all where nothing was seen', [], { methods: [], paths: [] }],
  [
    'log',
    'lists levels, loudest first',
    [
      { method: 'write', args: { level: 'debug' } },
      { method: 'write', args: { level: 'error' } },
    ],
    { levels: ['error', 'debug'] },
  ],
  ['log', 'denies all where nothing was seen', [], { levels: [] }],
  [
    'env',
    'lists keys',
    [
      { method: 'read', args: { key: 'B' } },
      { method: 'read', args: { key: 'A' } },
    ],
    { keys: ['A', 'B'] },
  ],
  [
    'headers',
    'lists those that were looked at',
    [
      { method: 'read', args: { name: 'x-a' } },
      { method: 'read', args: { name: 'x-b' }, byHost: true },
    ],
    { names: ['x-a'] },
  ],
  ['schema', 'keeps its list', [{ method: 'read' }], { collections: ['a'] }, { collections: ['a'] }],
  [
    'emitter',
    'lists what is emitted and listened for',
    [emit('a.b'), listen('c.*'), listen('0 * * * *', 'schedule')],
    { emit: ['a.b'], listen: ['c.*'], schedule: true },
  ],
  ['emitter', 'leaves out what a pattern covers', [listen('orders.*'), listen('orders.paid')], { listen: ['orders.*'] }],
  ['emitter', "spells out the host's own events", [emit('items.create')], { emit: ['items.create'] }],
  [
    'services',
    'lists methods and collections',
    [call('Mail', 'send'), call('Items', 'readOne', 'b'), call('Items', 'readOne', 'a')],
    { Items: { methods: ['readOne'], collections: ['a', 'b'] }, Mail: { methods: ['send'] } },
  ],
  [
    'fetch',
    'lists origins, methods and paths',
    [request(api, '/v1/items'), request(api, '/v1/items', 'POST')],
    { origins: { [api]: { methods: ['GET', 'POST'], paths: ['/v1/items'] } } },
  ],
  [
    'fetch',
    'takes a number for a value',
    [request(api, '/v1/items/17/parts')],
    { origins: { [api]: { methods: ['GET'], paths: ['/v1/items'] } } },
  ],
  [
    'fetch',
    'takes many names in one place for values',
    many(20, (n) => request(api, `/by/name${'abcdefghijklmnopqrst'[n] ?? ''}`)),
    { origins: { [api]: { methods: ['GET'], paths: ['/by'] } } },
  ],
  [
    'fetch',
    'lists no paths where the root was asked',
    [request(api, '/'), request(api, '/v1')],
    { origins: { [api]: { methods: ['GET'] } } },
  ],
  [
    'fetch',
    'lists headers beyond the plain ones',
    [request(api, '/', 'GET', ['accept', 'x-key'])],
    { origins: { [api]: { methods: ['GET'], headers: ['x-key'] } } },
  ],
  [
    'fetch',
    'keeps what binds a secret, and a cap',
    [request(api, '/', 'GET', ['authorization'])],
    { origins: { [api]: { methods: ['GET'] } }, secrets: { KEY: { origin: api, header: 'authorization' } }, callsPerMinute: 5 },
    { origins: { [api]: true }, secrets: { KEY: { origin: api, header: 'authorization' } }, callsPerMinute: 5 },
  ],
  [
    'database',
    'lists columns by operation',
    [statement(['t', 'read', 'b', 'a'], ['t', 'delete'])],
    { tables: { t: { read: { columns: ['a', 'b'] }, delete: true } } },
  ],
  [
    'database',
    'wants no column of its own for counting where one is read',
    [statement(['t', 'read', '.id']), statement(['t', 'read', 'a'])],
    { tables: { t: { read: { columns: ['a'] } } } },
  ],
  [
    'database',
    'names one column where rows are only counted',
    [statement(['t', 'read', '.id'])],
    { tables: { t: { read: { columns: ['id'] } } } },
  ],
  [
    'database',
    'takes all where a list was too long',
    [statement(['t', 'read', '.*']), statement(['t', 'read', 'a'])],
    { tables: { t: { read: true } } },
  ],
  [
    'database',
    'keeps row rules, forced values and bounds',
    [statement(['t', 'read', 'a'], ['t', 'create', 'a'])],
    {
      tables: {
        t: { rows: { x: { _eq: 1 } }, read: { columns: ['a'], rows: { y: { _eq: 2 } } }, create: { columns: ['a'], defaults: { z: 3 } } },
      },
      maxRows: 5,
    },
    {
      tables: {
        t: { rows: { x: { _eq: 1 } }, read: { columns: ['a', 'b'], rows: { y: { _eq: 2 } } }, create: { defaults: { z: 3 } } },
        u: { read: true },
      },
      maxRows: 5,
      raw: true,
    },
  ],
];

for (const name of learnings.keys()) {
  describe(`the least grant of ${name}`, () => {
    const learning = learningOf(name);
    const fits = ajv.compile(registry.find(({ capability }) => capability.contract.name === name)?.capability.contract.grant ?? false);
    for (const [, title, seen, expected, today] of rows.filter(([one]) => one === name)) {
      test(title, () => {
        const lines = [...new Map(seen.flatMap((one) => observe(name, one)).map((line) => [JSON.stringify(line), line])).values()];
        const grant = learning.grantFor(learning.fold?.(lines) ?? lines, today);
        assert.deepEqual(grant, expected);
        assert.ok(fits(grant), JSON.stringify(fits.errors));
        for (const line of lines) assert.ok(isCovered(learning, learning.linesOf(grant), line), showLine(line));
      });
    }
    test('learns nothing from what is not its own, or was forged', () => {
      for (const args of [
        {},
        { uses: 'x' },
        { uses: [[1], null, ['t']] },
        { key: 1, name: [], level: null, event: {}, service: 1, origin: 2 },
      ])
        for (const method of ['read', 'write', 'query', 'call', 'request', 'listen', 'emitAction', 'constructor']) {
          const lines = learning.observe({ method, args, byHost: false });
          assert.ok(name === 'schema' || lines.length === 0, JSON.stringify([method, args, lines]));
        }
    });
  });
}

describe('lines of grants', () => {
  test('that stand in several grants are those that all give', () => {
    const learning = learningOf('database');
    const grants = [{ tables: { t: { read: true, delete: true } } }, { tables: { t: { read: { columns: ['a', 'b'] }, update: true } } }];
    assert.deepEqual(commonLines(learning, grants).map(showLine), ['tables t read a', 'tables t read b']);
  });
  test('come back from the ledger as they went there', () => {
    const lines = Array.from({ length: 200 }, (_, n) => ['tables', `table "${n}"`, 'read', 'a b']);
    const texts = packLines(lines);
    assert.ok(texts.every((text) => text.length <= 512));
    assert.deepEqual(texts.flatMap(unpackLines), lines);
  });
  test('of an edited ledger are none', () => {
    for (const text of ['', '{}', '[1]', '[[1]]', '[["a"', 'null']) assert.deepEqual(unpackLines(text), []);
  });
});
