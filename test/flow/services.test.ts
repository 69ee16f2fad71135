// Services of an embedder through the whole road: what reaches them, under whose rights, what comes back. Must never let an extension say who it is.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { fullGrant, runnerWith, sent, services } from '../helpers/services-fixture.ts';

interface Shown {
  readonly isError: boolean;
  readonly name?: string;
  readonly code?: string;
  readonly status?: number;
  readonly message?: string;
  readonly extensions?: unknown;
  readonly own: readonly string[];
}
interface Outcome {
  readonly got?: unknown;
  readonly error?: Shown;
}

const own = { user: 'u1', role: 'editor', admin: true, app: true };
const narrow = {
  ItemsService: { methods: ['readByQuery', 'unlisted', 'nowhere'], collections: ['articles'] },
  GhostService: { methods: true },
};

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      full: runnerWith({ services: fullGrant }, { resultBytes: 1_024 }),
      narrow: runnerWith({ services: narrow }),
      other: runnerWith({ services: { TenantService: { methods: true } } }),
      empty: runnerWith({ services: {} }),
      none: runnerWith({}),
    },
    options: {
      services,
      identify: (request) => {
        const user = request.headers['x-user'];
        return {
          tenant: String(request.headers['x-tenant'] ?? 'one'),
          accountability: user === 'nobody' ? null : { ...own, user: user ?? 'u1' },
        };
      },
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());
beforeEach(() => void sent.splice(0));

const run = async (code: string, id = 'full', headers: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
  (await runtime.post(`/${id}`, { code }, headers)).json() as Outcome;
const codeOf = async (code: string, id = 'full'): Promise<string | undefined> => (await run(code, id)).error?.code;

const seen = "await new services.ItemsService('articles', OPTIONS).readByQuery({})";
const seeWith = async (options: string, headers: Readonly<Record<string, string>> = {}): Promise<Readonly<Record<string, unknown>>> =>
  (await run(`return ${seen.replace('OPTIONS', options)}`, 'full', headers)).got as Readonly<Record<string, unknown>>;

describe('a granted service', () => {
  const rows: readonly (readonly [string, string, unknown])[] = [
    ['an object is called as itself', "return new services.MailService({}).send({ to: 'you' })", 'to you'],
    ['a factory is told who calls', 'return new services.TenantService().who()', ['one', 'full', 'u1']],
    ['a class is made for its collection', "return (await new services.ItemsService('articles', {}).readByQuery()).collection", 'articles'],
    ['a method with an effect is called', "return new services.ItemsService('articles').createOne({ a: 1 })", { created: { a: 1 } }],
    [
      'undefined in between stays undefined',
      "return (await new services.ItemsService('articles').readByQuery(undefined, { a: undefined }, undefined)).missing",
      [true, false],
    ],
    [
      'Dates go and come as text',
      "return (await new services.ItemsService('articles').readByQuery({ at: new Date(0) })).args",
      [{ at: '1970-01-01T00:00:00.000Z' }],
    ],
    [
      'a subclass calls as well',
      "class My extends services.ItemsService { constructor(options) { super('articles', options); } async readByQuery(q) { return (await super.readByQuery(q)).collection; } } return new My({}).readByQuery()",
      'articles',
    ],
    [
      'fork makes another for the same collection',
      "const items = new services.ItemsService('articles', {}); return (await items.fork({ knex: undefined }).readByQuery()).collection",
      'articles',
    ],
    [
      'has the fields that Directus code reads',
      "const s = new services.ItemsService('directus_users', { accountability: req.accountability }); return [s.collection, s.eventScope, s.cache, s.nested, s.accountability.user, s.nothing === undefined, s instanceof services.ItemsService]",
      ['directus_users', 'users', null, [], 'u1', true, true],
    ],
    [
      'emitEvents: false of the constructor arrives',
      "return (await new services.ItemsService('articles', { emitEvents: false }).readByQuery()).emitEvents",
      false,
    ],
  ];
  for (const [name, code, expected] of rows) test(name, async () => assert.deepEqual((await run(code)).got, expected));
});

describe('what services says of itself', () => {
  const rows: readonly (readonly [string, string, string, unknown])[] = [
    ['its keys are the granted ones', 'full', 'return Object.keys(services).sort()', Object.keys(fullGrant).toSorted()],
    ['one that no host has is not among them', 'narrow', 'return Object.keys(services)', ['ItemsService']],
    [
      'none without a grant',
      'none',
      'return [Object.keys(services), "ItemsService" in services, typeof services.ItemsService]',
      [[], false, 'function'],
    ],
    [
      'in tells granted from not',
      'full',
      'return ["MailService" in services, "UsersService" in services, "constructor" in services]',
      [true, false, false],
    ],
    [
      'it is no promise and no proxy to anything',
      'full',
      'return [services.then, services.constructor, services.__proto__, services.toJSON].map((one) => typeof one)',
      ['undefined', 'undefined', 'undefined', 'undefined'],
    ],
    [
      'a class is the same one each time',
      'full',
      'return [services.MailService === services.MailService, services.UsersService === services.UsersService, services.MailService.name]',
      [true, true, 'MailService'],
    ],
    [
      'its constructor leads back to the guest',
      'full',
      "return new services.MailService.prototype.constructor.constructor('return [typeof require, Object.keys(process.env)]')()",
      ['undefined', []],
    ],
  ];
  for (const [name, id, code, expected] of rows) test(name, async () => assert.deepEqual((await run(code, id)).got, expected));
});

describe('refused alike: not granted, not there, and what every object has', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['a service that is not granted', 'narrow', "return new services.MailService().send({ to: 'you' })"],
    ['a service that is nowhere', 'narrow', 'return new services.NowhereService().send({})'],
    ['a method that no service of Directus has', 'narrow', 'return new services.NowhereService().doThings({})'],
    ['a service that is granted and nowhere', 'narrow', 'return new services.GhostService().send({})'],
    ['a method that is not granted', 'narrow', "return new services.ItemsService('articles').createOne({})"],
    ['a method that is granted and not offered', 'full', "return new services.ItemsService('articles').deleteOne(1)"],
    ['a collection that is not granted', 'narrow', "return new services.ItemsService('directus_users').readByQuery({})"],
    ['a collection that is nowhere', 'narrow', "return new services.ItemsService('nowhere').readByQuery({})"],
    ['no collection', 'narrow', 'return new services.ItemsService().readByQuery({})'],
    ['anything under an empty grant', 'empty', "return new services.ItemsService('articles').readByQuery({})"],
  ];
  const messages = new Set<string>();
  for (const [name, id, code] of rows) {
    test(name, async () => {
      const { error } = await run(code, id);
      assert.equal(error?.code, 'ERR_CAPABILITY_DENIED');
      messages.add(String(error?.message).replace(/cover .*/, 'cover …'));
      assert.deepEqual(
        [...messages].map((one) => one.replace(/^services\.\w+/, 'services')),
        ['services: the grant does not cover …'],
      );
    });
  }
  test('a service that is not there is no promise, and prints', async () =>
    assert.deepEqual(
      (
        await run(
          'const s = await new services.NowhereService({}); return [typeof s.then, JSON.stringify(s).length > 2, String(s), s.cache]',
        )
      ).got,
      ['undefined', true, '[object Object]', null],
    ));
  test('is on the ledger each time, with one rule', async () => {
    const { calls } = await runtime.measure('/narrow/as/denied', {
      method: 'POST',
      body: { code: 'return new services.NowhereService().send({})' },
    });
    assert.deepEqual(
      calls.map(({ decision, rule, args }) => [decision, rule, args['service']]),
      [['deny', 'services.grant', 'NowhereService']],
    );
  });
  test('a capability that is not granted at all says so', async () =>
    assert.equal(await codeOf("return new services.ItemsService('articles').readByQuery({})", 'none'), 'ERR_CAPABILITY_NOT_GRANTED'));
});

describe('accountability is the host’s', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['nothing', '{}'],
    ['no options', 'undefined'],
    ['null', '{ accountability: null }'],
    ['an administrator', "{ accountability: { user: 'root', role: 'administrator', admin: true, app: true } }"],
    ['its own with more in it', "{ accountability: { ...req.accountability, user: 'root', permissions: ['*'] } }"],
    ['a getter', "{ accountability: { get admin() { return true; }, get user() { return 'root'; } } }"],
    ['a toJSON', "{ accountability: { admin: true, toJSON: () => ({ user: 'root' }) } }"],
    ['a __proto__', '{ accountability: JSON.parse(\'{"__proto__":{"admin":true,"user":"root"},"admin":true}\') }'],
    ['a text', "{ accountability: 'admin' }"],
    ['a list', "{ accountability: ['admin'] }"],
  ];
  for (const [name, options] of rows)
    test(`whatever is given: ${name}`, async () => assert.deepEqual((await seeWith(options))['accountability'], own));
  test('set on the instance it means as little', async () => {
    const code =
      "const s = new services.ItemsService('articles', {}); s.accountability = { admin: true, user: 'root' }; s.user = 'root'; return (await s.readByQuery({})).accountability";
    assert.deepEqual((await run(code)).got, own);
  });
  test('admin and app can be given up', async () =>
    assert.deepEqual((await seeWith('{ accountability: { admin: false } }'))['accountability'], { ...own, admin: false }));
  test('and not be had by giving up', async () =>
    assert.deepEqual(
      (await seeWith("{ accountability: { admin: false, app: null, user: 'root' } }", { 'x-user': 'u2' }))['accountability'],
      { ...own, user: 'u2', admin: false, app: false },
    ));
  test('nobody is nobody, and never null', async () => {
    const anonymous = { user: null, role: null, roles: [], admin: false, app: false, ip: null };
    for (const options of ['{}', '{ accountability: { admin: true } }', '{ accountability: null }'])
      assert.deepEqual((await seeWith(options, { 'x-user': 'nobody' }))['accountability'], anonymous);
  });
  test('another tenant and another extension are told apart', async () => {
    const who = 'return new services.TenantService({ tenant: "one", accountability: { user: "u1" } }).who()';
    assert.deepEqual((await run(who, 'full', { 'x-tenant': 'two', 'x-user': 'u9' })).got, ['two', 'full', 'u9']);
    assert.deepEqual((await run(who, 'other')).got, ['one', 'other', 'u1']);
  });
});

describe('options of the guest', () => {
  test('schema is the host’s own', async () => {
    for (const schema of ['undefined', 'null', '{ collections: { forged: {} } }', "'forged'"])
      assert.deepEqual((await seeWith(`{ schema: ${schema} }`))['schema'], { collections: { host: {} }, relations: [] });
  });
  test('knex that is the extension’s database, granted or not, joins nothing', async () => {
    const { knex, joined } = await seeWith('{ knex: database }');
    assert.deepEqual([knex, joined], ["the embedder's own", false]);
  });
  const unknown: readonly (readonly [string, string])[] = [
    ['an object', '{}'],
    ['a number', '1'],
    ['a function', '() => 1'],
    ['a transaction nobody began', 'Object.assign(() => 1, { isTransaction: true, client: { acquireConnection: async () => ({}) } })'],
    [
      'an ended one',
      'Object.assign(() => 1, { isTransaction: true, isCompleted: () => true, client: { acquireConnection: async () => ({ transaction: 1 }) } })',
    ],
    [
      'a forged number, for a service that cannot join',
      'Object.assign(() => 1, { isTransaction: true, client: { acquireConnection: async () => ({ transaction: 1 }) } })',
    ],
    [
      'a number out of range',
      'Object.assign(() => 1, { isTransaction: true, client: { acquireConnection: async () => ({ transaction: -1 }) } })',
    ],
  ];
  for (const [name, knex] of unknown)
    test(`knex that is ${name} is refused`, async () =>
      assert.equal(
        await codeOf(`return new services.ItemsService('articles', { knex: ${knex} }).readByQuery({})`),
        'ERR_ARGUMENT_INVALID',
      ));
});
