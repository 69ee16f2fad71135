// Grants of services from several hands: manifest, approval and ceiling together, audit up to the ceiling, built-in or the embedder's own. Must never let audit reach past a ceiling.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { fullGrant, runnerWith, services } from '../helpers/services-fixture.ts';

interface Outcome {
  readonly got?: unknown;
  readonly error?: { readonly code?: string; readonly name?: string };
}

const items = (...methods: readonly string[]) => ({ ItemsService: { methods, collections: ['articles'] } });
const read = "return (await new services.ItemsService('articles').readByQuery({})).length ?? 'own'";
const create = "return new services.ItemsService('articles').createOne({ title: 'x' })";
const mail = "return new services.MailService().send({ to: 'you' })";

const outcome = async (runtime: TestRuntime, id: string, code: string): Promise<string> => {
  const reply = await runtime.post(`/${id}`, { code });
  // An error of the host's own has no such member, and is no success.
  assert.equal(reply.status, 200, reply.text);
  const { error } = reply.json() as Outcome;
  return error === undefined ? 'done' : (error.code ?? error.name ?? 'unnamed');
};

let database: TestDatabase;
before(async () => {
  database = await openTestDatabase(
    "create table articles (id serial primary key, title text); insert into articles (title) values ('a'), ('b')",
  );
});
after(() => database.close());

describe('manifest, approval and ceiling', () => {
  let runtime: TestRuntime;
  before(async () => {
    runtime = await openTestRuntime({
      extensions: {
        asks: runnerWith({ services: { ...items('readByQuery', 'createOne'), MailService: { methods: true } } }),
        approved: runnerWith({ services: { ...items('readByQuery', 'createOne'), MailService: { methods: true } } }),
      },
      options: {
        services,
        approvals: {
          asks: 'requested',
          approved: { capabilities: { services: { ...items('readByQuery'), TenantService: { methods: true } } } },
        },
        ceiling: { capabilities: { services: { ItemsService: { methods: ['readByQuery', 'createOne'], collections: ['articles'] } } } },
      },
    });
    assert.deepEqual(runtime.runtime.refused(), []);
  });
  after(() => runtime.close());
  const rows: readonly (readonly [string, string, string, string])[] = [
    ['what all three cover is done', 'asks', create, 'done'],
    ['what the ceiling leaves out is denied', 'asks', mail, 'ERR_CAPABILITY_DENIED'],
    ['what the approval leaves out is denied', 'approved', create, 'ERR_CAPABILITY_DENIED'],
    ['what was not asked for is denied', 'approved', 'return new services.TenantService().who()', 'ERR_CAPABILITY_DENIED'],
    ['what the approval keeps is done', 'approved', read, 'done'],
  ];
  for (const [name, id, code, expected] of rows) test(name, async () => assert.equal(await outcome(runtime, id, code), expected));
  test('the extension is told of what they cover together', async () => {
    const { got } = (
      await runtime.post('/approved', { code: "return [Object.keys(services), 'MailService' in services]" })
    ).json() as Outcome;
    assert.deepEqual(got, [['ItemsService'], false]);
  });
});

describe('in audit', () => {
  let runtime: TestRuntime;
  before(async () => {
    runtime = await openTestRuntime({
      extensions: { some: runnerWith({ services: items('readByQuery') }), none: runnerWith({}) },
      options: {
        services,
        mode: 'audit',
        ceiling: { capabilities: { services: { ...items('readByQuery', 'createOne'), TenantService: fullGrant.TenantService } } },
      },
    });
    assert.deepEqual(runtime.runtime.refused(), []);
  });
  after(() => runtime.close());
  const rows: readonly (readonly [string, string, string, string, string | undefined, string | undefined])[] = [
    ['what is granted is allowed', 'some', read, 'done', 'allow', 'services.ItemsService.readByQuery'],
    ['a method that is not goes on, and says so', 'some', create, 'done', 'would-deny', 'services.grant'],
    [
      'a capability that is not goes on, and says so',
      'none',
      'return new services.TenantService().who()',
      'done',
      'would-deny',
      'ERR_CAPABILITY_NOT_GRANTED',
    ],
    ['past the ceiling nothing goes', 'some', mail, 'ERR_CAPABILITY_DENIED', 'deny', 'services.grant'],
    ['nor what no host offers', 'none', 'return new services.TenantService().send()', 'ERR_CAPABILITY_DENIED', 'deny', 'services.grant'],
  ];
  for (const [name, id, code, expected, decision, rule] of rows) {
    test(name, async () => {
      assert.equal(await outcome(runtime, id, code), expected);
      const entry = runtime.entries('call.start').findLast(({ capability }) => capability === 'services');
      assert.deepEqual([entry?.decision, entry?.rule], [decision, rule]);
    });
  }
  test('arguments are checked all the same', async () =>
    assert.equal(await outcome(runtime, 'some', 'return new services.TenantService().who(1)'), 'ERR_ARGUMENT_INVALID'));
});

describe('the built-in ItemsService', () => {
  const tables = { articles: { read: true } };
  let runtime: TestRuntime;
  let own: TestRuntime;
  before(async () => {
    const extensions = {
      both: runnerWith({ services: items('readByQuery', 'createOne'), database: { tables } }),
      alone: runnerWith({ services: items('readByQuery') }),
      data: runnerWith({ database: { tables } }),
    };
    runtime = await openTestRuntime({ extensions, options: { database: database.url } });
    own = await openTestRuntime({ extensions, options: { services, database: database.url } });
    assert.deepEqual([...runtime.runtime.refused(), ...own.runtime.refused()], []);
  });
  after(async () => {
    await runtime.close();
    await own.close();
  });
  const rows: readonly (readonly [string, string, string, string])[] = [
    ['reads what services and database both grant', 'both', read, 'done'],
    ['does no more than the database grant', 'both', create, 'FORBIDDEN'],
    ['does nothing without one', 'alone', read, 'ERR_CAPABILITY_NOT_GRANTED'],
    ['is not there for a database grant alone', 'data', read, 'ERR_CAPABILITY_NOT_GRANTED'],
  ];
  for (const [name, id, code, expected] of rows) test(name, async () => assert.equal(await outcome(runtime, id, code), expected));
  test('gives way to the embedder’s own of that name', async () => {
    const got = async (from: TestRuntime): Promise<unknown> => ((await from.post('/both', { code: read })).json() as Outcome).got;
    assert.deepEqual([await got(runtime), await got(own)], [2, 'own']);
  });
  test('joins a transaction that is given', async () => {
    const code =
      "return database.transaction((trx) => new services.ItemsService('articles', { knex: trx }).readByQuery({}).then((rows) => rows.length))";
    const { reply, calls } = await runtime.measure('/both/as/joined', { method: 'POST', body: { code } });
    assert.deepEqual((reply.json() as Outcome).got, 2);
    const statements = calls.filter(({ cause, method }) => cause !== undefined && method === 'query');
    assert.ok(statements.length > 0 && statements.every(({ args }) => args['transaction'] === 1));
  });
});
