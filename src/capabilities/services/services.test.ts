// The services capability by itself: what a grant covers, what its schema takes, what the host side does with a forged call. The road through wards is in test/flow/services*.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { Type } from '#typebox';
import type { Caller, CapabilityInstance, Nested } from '../../bridge/capability.ts';
import { silentEvents } from '../../bridge/host-events.ts';
import { CloisterError } from '../../errors.ts';
import { type Limits, limitTable } from '../../limits/table.ts';
import { servicesBounds } from './bounds.ts';
import type { BuiltInService } from './built-in.ts';
import { makeBuiltInService } from './built-in-service.ts';
import { type ServicesGrant, servicesContract, servicesGrant } from './contract.ts';
import { servicesCapability } from './host.ts';
import type { Offered, OfferedService } from './offered.ts';
import { makeServicesPolicy } from './policy.ts';

const ajv = new Ajv({ strict: true, strictTypes: false });
const limits = Object.fromEntries(Object.entries(limitTable).map(([name, row]) => [name, row.default])) as Limits;
const many = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const manyServices = (count: number): object => Object.fromEntries(many(count).map((name) => [name, { methods: true }]));
const { services, methods, collections, nameChars, collectionChars, args: mostArgs } = servicesBounds;

describe('the schema of the grant', () => {
  const fits = ajv.compile(servicesGrant);
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['nothing', {}, true],
    ['a service with all its methods', { MailService: { methods: true } }, true],
    ['methods and collections', { ItemsService: { methods: ['readByQuery'], collections: ['articles', 'sales.orders'] } }, true],
    ['empty lists', { ItemsService: { methods: [], collections: [] } }, true],
    ['no methods', { ItemsService: { collections: ['articles'] } }, false],
    ['methods: false', { ItemsService: { methods: false } }, false],
    ['all collections by true', { ItemsService: { methods: true, collections: true } }, false],
    ['an unknown key', { ItemsService: { methods: true, fields: [] } }, false],
    ['a method twice', { ItemsService: { methods: ['a', 'a'] } }, false],
    ['the method constructor', { ItemsService: { methods: ['constructor'] } }, false],
    ['the method then', { ItemsService: { methods: ['then'] } }, false],
    ['the method __proto__', { ItemsService: { methods: ['__proto__'] } }, false],
    ['a method with a dot', { SpecificationService: { methods: ['oas.generate'] } }, false],
    ['the service __proto__', JSON.parse('{"__proto__":{"methods":true}}'), false],
    ['the service constructor', { constructor: { methods: true } }, false],
    ['a list', [], false],
    ['as many services as the bound', manyServices(services.value), true],
    ['one more', manyServices(services.value + 1), false],
    ['as many methods as the bound', { A: { methods: many(methods.value) } }, true],
    ['one method more', { A: { methods: many(methods.value + 1) } }, false],
    ['as many collections as the bound', { A: { methods: true, collections: many(collections.value) } }, true],
    ['one collection more', { A: { methods: true, collections: many(collections.value + 1) } }, false],
    ['the longest name', { ['A'.repeat(nameChars.value)]: { methods: true } }, true],
    ['a longer name', { ['A'.repeat(nameChars.value + 1)]: { methods: true } }, false],
    ['the longest collection', { A: { methods: true, collections: ['a'.repeat(collectionChars.value)] } }, true],
    ['a longer collection', { A: { methods: true, collections: ['a'.repeat(collectionChars.value + 1)] } }, false],
  ];
  for (const [name, grant, expected] of rows) test(`${expected ? 'takes' : 'refuses'} ${name}`, () => assert.equal(fits(grant), expected));
});

describe('the schema of a call', () => {
  const fits = ajv.compile(servicesContract.methods['call']?.args ?? false);
  const call = { service: 'ItemsService', method: 'readByQuery', args: [] };
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['the least', call, true],
    ['as many arguments as the bound', { ...call, args: Array.from({ length: mostArgs.value }, () => 1) }, true],
    ['one more', { ...call, args: Array.from({ length: mostArgs.value + 1 }, () => 1) }, false],
    ['a transaction', { ...call, transaction: 1 }, true],
    ['a transaction that is a text', { ...call, transaction: '1' }, false],
    ['rights given up', { ...call, lower: ['admin', 'app'] }, true],
    ['another right given up', { ...call, lower: ['user'] }, false],
    ['emitEvents: false', { ...call, emitEvents: false }, true],
    ['an accountability', { ...call, accountability: { admin: true } }, false],
    ['a schema', { ...call, schema: {} }, false],
    ['a longer name', { ...call, method: 'm'.repeat(nameChars.value + 1) }, false],
  ];
  for (const [name, args, expected] of rows) test(`${expected ? 'takes' : 'refuses'} ${name}`, () => assert.equal(fits(args), expected));
});

const grant: ServicesGrant = {
  ItemsService: { methods: ['readByQuery', 'createOne'], collections: ['articles'] },
  MailService: { methods: true },
  Shut: { methods: [] },
};
const forged: readonly (readonly [string, string, string?])[] = [
  ['Nowhere', 'x'],
  ['constructor', 'constructor'],
  ['__proto__', 'toString'],
  ['hasOwnProperty', 'call'],
  ['Shut', 'x'],
  ['ItemsService', 'deleteOne', 'articles'],
  ['ItemsService', 'constructor', 'articles'],
  ['ItemsService', '__proto__', 'articles'],
  ['ItemsService', 'then', 'articles'],
  ['ItemsService', 'readByQuery', 'members'],
  ['ItemsService', 'readByQuery', 'Articles'],
  ['ItemsService', 'readByQuery', 'articles '],
  ['ItemsService', 'readByQuery', '__proto__'],
];

describe('the policy of a grant', () => {
  const decide = makeServicesPolicy(grant);
  const rows: readonly (readonly [string, string, string | undefined, boolean])[] = [
    ['ItemsService', 'readByQuery', 'articles', true],
    ['ItemsService', 'createOne', 'articles', true],
    ['MailService', 'send', undefined, true],
    ['MailService', 'send', 'articles', false],
    ...forged.map(([service, method, collection]) => [service, method, collection, false] as const),
  ];
  for (const [service, method, collection, allowed] of rows) {
    test(`${allowed ? 'allows' : 'denies'} ${service}.${method} on ${String(collection)}`, () => {
      const decision = decide('call', { service, method, args: [], ...(collection === undefined ? {} : { collection }) });
      assert.deepEqual([decision.allow, decision.rule], [allowed, allowed ? `services.${service}.${method}` : 'services.grant']);
    });
  }
  test('knows two methods of the bridge', () => assert.equal(decide('constructor', {}).allow, false));
});

const called: string[] = [];
const offer = (collection: boolean, names: readonly (readonly [string, boolean])[]): OfferedService => ({
  collection,
  about: collection ? null : 'mails',
  methods: new Map(
    names.map(([name, effect]) => [name, { effect, check: (list) => (list.length > 1 ? 'the arguments do not fit' : null) }]),
  ),
  call: ({ method }) => Promise.resolve(called.push(method)),
});
const offered: Offered = new Map([
  [
    'ItemsService',
    offer(true, [
      ['readByQuery', false],
      ['createOne', true],
    ]),
  ],
  ['MailService', offer(false, [['send', true]])],
]);
const warned: object[] = [];
const openWith = (grants: readonly ServicesGrant[]): Promise<CapabilityInstance> =>
  servicesCapability.open({ id: 'x', version: '1' }, grants, {
    services: offered,
    limits,
    logger: { warn: (facts) => void warned.push(facts) },
  });
const caller = { accountability: null, signal: new AbortController().signal } as unknown as Caller;
const noNested: Nested = () => Promise.reject(new Error('nothing is nested here'));

describe('the host side', () => {
  test('tells a cell what is offered and granted by all, and no more', async () => {
    const instance = await openWith([
      grant,
      { ItemsService: { methods: ['readByQuery', 'nothing'], collections: [] }, Other: { methods: true } },
    ]);
    assert.deepEqual(instance.bootValue('t'), { ItemsService: { collection: true, methods: { readByQuery: false } } });
  });
  test('tells it nothing without a grant', async () => assert.deepEqual((await openWith([])).bootValue('t'), {}));
  const readable: readonly (readonly [string, readonly ServicesGrant[], readonly string[]])[] = [
    ['collections by a method that reads', [{ ItemsService: { methods: true, collections: ['b', 'a'] } }], ['a', 'b']],
    ['none by a method that only writes', [{ ItemsService: { methods: ['createOne'], collections: ['a'] } }], []],
    ['none of a service that only writes', [{ MailService: { methods: true } }], []],
    ['none without a grant', [], []],
  ];
  for (const [name, grants, expected] of readable)
    test(`tells as readable ${name}`, async () => {
      const { json } = await (await openWith(grants)).call('describe', {}, caller, noNested);
      assert.deepEqual(JSON.parse(json), expected);
    });
  test('lets the operator know what a grant names in vain', async () => {
    warned.splice(0);
    await openWith([{ MailService: { methods: ['send', 'sned'] }, Gohst: { methods: true } }]);
    assert.deepEqual(warned, [{ extension: 'x', missing: ['MailService.sned', 'Gohst'] }]);
  });
  test('denies what is not offered as the grant denies what it does not cover', async () => {
    const instance = await openWith([grant]);
    const everything: readonly (readonly [string, string, string?])[] = [
      ...forged.filter(([service]) => service !== 'Shut'),
      ['MailService', 'constructor'],
      ['MailService', 'toString'],
      ['MailService', '__proto__'],
    ];
    for (const [service, method, collection] of everything) {
      const args = { service, method, args: [], ...(collection === undefined ? {} : { collection }) };
      const byGrant = makeServicesPolicy({})('call', args);
      const byHost = instance.policy?.('call', args);
      if (collection !== undefined && method === 'readByQuery') continue;
      assert.deepEqual(byHost, byGrant, `${service}.${method}`);
    }
  });
  const mismatches: readonly (readonly [string, string, object])[] = [
    [
      'a call of what has an effect as one that has none',
      'read',
      { service: 'ItemsService', method: 'createOne', collection: 'articles', args: [] },
    ],
    ['a collection for a service without', 'call', { service: 'MailService', method: 'send', collection: '', args: [] }],
    ['no collection for a service with', 'read', { service: 'ItemsService', method: 'readByQuery', args: [] }],
  ];
  for (const [name, method, args] of mismatches)
    test(`denies ${name}`, async () => assert.equal((await openWith([grant])).policy?.(method, args).allow, false));
  test('calls by its own list even where no policy was asked', async () => {
    called.splice(0);
    const instance = await openWith([grant]);
    for (const [service, method] of forged.filter(([, name]) => name !== 'readByQuery'))
      await assert.rejects(Promise.resolve(instance.call('call', { service, method, args: [] }, caller, noNested)), CloisterError);
    await assert.rejects(
      Promise.resolve(instance.call('call', { service: 'MailService', method: 'send', args: [1, 2] }, caller, noNested)),
      { code: 'ERR_ARGUMENT_INVALID' },
    );
    assert.throws(() => instance.call('call', { service: 'MailService', method: 'send', args: [] }, caller), {
      code: 'ERR_METHOD_UNKNOWN',
    });
    assert.deepEqual(called, []);
  });
});

describe('a built-in service', () => {
  const log: string[] = [];
  const nested: Nested = (capability, method, args) => {
    log.push(`${capability}.${method} ${JSON.stringify(args)}`);
    const json = { begin: '{"transaction":5}', savepoint: '{"savepoint":2}' }[method] ?? '{"rows":[]}';
    return method === 'query' && JSON.stringify(args).includes('fails')
      ? Promise.reject(new CloisterError('ERR_DATABASE_FAILED', 'no'))
      : Promise.resolve({ json });
  };
  const builtIn: BuiltInService = {
    name: 'Built',
    methods: { write: { args: Type.Tuple([Type.String()]), effect: true } },
    call: ({ args }, context) =>
      context.transaction(async (inner) => {
        await Promise.all([inner.query('a', []), inner.query('b', [])]);
        return await inner.transaction(async (joined) => (await joined.query(String(args[0]), [])).rows);
      }),
  };
  const call = (sql: string, transaction: number | null): Promise<unknown> =>
    makeBuiltInService(builtIn, silentEvents).call({
      method: 'write',
      collection: 'c',
      args: [sql],
      caller,
      nested,
      transaction,
      lower: [],
      emitEvents: true,
    });
  const inside = (number: number, last: string): readonly string[] =>
    ['a', 'b', last].map((sql) => `database.query ${JSON.stringify({ sql, bindings: [], transaction: number })}`);
  const begin = 'database.begin {}';
  const savepoint = 'database.savepoint {"transaction":9}';
  const [rollbackTo, release] = ['rollbackTo', 'release'].map((method) => `database.${method} {"transaction":9,"savepoint":2}`) as [
    string,
    string,
  ];
  const rows: readonly (readonly [string, string, number | null, readonly string[]])[] = [
    ['begins and commits one of its own', 'works', null, [begin, ...inside(5, 'works'), 'database.commit {"transaction":5}']],
    ['rolls its own back', 'fails', null, [begin, ...inside(5, 'fails'), 'database.rollback {"transaction":5}']],
    ['joins one that is given by a savepoint, and leaves it to its owner', 'works', 9, [savepoint, ...inside(9, 'works'), release]],
    ['undoes its own part of it when it fails', 'fails', 9, [savepoint, ...inside(9, 'fails'), rollbackTo, release]],
  ];
  for (const [name, sql, transaction, expected] of rows) {
    test(`in a transaction ${name}`, async () => {
      log.splice(0);
      const code = await call(sql, transaction).then(
        () => null,
        (error: CloisterError) => error.code,
      );
      assert.equal(code, sql === 'fails' ? 'ERR_DATABASE_FAILED' : null);
      assert.deepEqual(log, expected);
    });
  }
  test('gets the same description as long as it says the same', async () => {
    const described: unknown[] = [];
    let says = '{"tables":[],"foreignKeys":[]}';
    const look: BuiltInService = {
      ...builtIn,
      call: async (_call, context) => described.push(await context.describe(), await context.describe(true)),
    };
    const offer = makeBuiltInService(look, silentEvents);
    const askedFor = async (): Promise<unknown> =>
      await offer.call({
        method: 'write',
        collection: 'c',
        args: [],
        caller,
        nested: () => Promise.resolve({ json: says }),
        transaction: null,
        lower: [],
        emitEvents: true,
      });
    await askedFor();
    await askedFor();
    says = '{"tables":[],"foreignKeys":[ ]}';
    await askedFor();
    assert.deepEqual(
      described.map((one) => one === described[0]),
      [true, true, true, true, false, false],
    );
  });
  test('has its arguments checked by its own schema', () => {
    const check = makeBuiltInService(builtIn, silentEvents).methods.get('write')?.check;
    assert.deepEqual([check?.(['a']), check?.([1]) === null, check?.([]) === null], [null, false, false]);
  });
});
