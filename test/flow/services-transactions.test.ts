// `knex: trx` given to a service: it joins that transaction through the extension's own grant, or it is refused. Must never let a service into a transaction that is not this request's.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { fullGrant, runnerWith, services } from '../helpers/services-fixture.ts';

interface Outcome {
  readonly got?: unknown;
  readonly error?: { readonly code?: string; readonly message?: string };
}

const tables = { notes: { read: true, create: true } };

let database: TestDatabase;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase(
    'create table notes (id serial primary key, title text not null, at timestamptz default now()); create table members (id int)',
  );
  runtime = await openTestRuntime({
    extensions: {
      joins: runnerWith({ services: fullGrant, database: { tables, raw: true } }),
      bare: runnerWith({ services: fullGrant }),
    },
    options: { services, database: database.url },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  await database.close();
});

const run = async (code: string, id = 'joins'): Promise<Outcome> => (await runtime.post(`/${id}`, { code })).json() as Outcome;
const titles = async (like: string): Promise<unknown> =>
  (await run(`return database('notes').where('title', 'like', '${like}%').orderBy('id').pluck('title')`)).got;

describe('a transaction given as knex', () => {
  test('is joined: its rows are seen before the commit, values by the type of their column', async () => {
    const { got, error } = await run(`return database.transaction(async (trx) => {
      await trx('notes').insert({ title: 'a before' });
      const joined = await new services.JoiningService({ knex: trx }).add('a joined');
      return { ...joined, at: joined.at.endsWith('Z'), outside: await database('notes').where('title', 'like', 'a %').pluck('title') };
    })`);
    assert.equal(error, undefined);
    const { rows, ...rest } = got as { readonly rows: readonly { readonly title: string }[] };
    assert.equal(rows[0]?.title, 'a joined');
    assert.deepEqual(rest, { joined: true, knex: null, n: 2, at: true, outside: [] });
    assert.deepEqual(await titles('a '), ['a before', 'a joined']);
  });
  test('takes its work back when it is rolled back', async () => {
    await run(
      `const trx = await database.transaction(); await new services.JoiningService({ knex: trx }).add('b gone'); await trx.rollback()`,
    );
    assert.deepEqual(await titles('b '), []);
  });
  test('so does a savepoint', async () => {
    await run(`return database.transaction(async (trx) => {
      await trx.transaction(async (inner) => { await new services.JoiningService({ knex: inner }).add('c gone'); throw new Error('back'); }).catch(() => 1);
      await new services.JoiningService({ knex: trx }).add('c stays');
    })`);
    assert.deepEqual(await titles('c '), ['c stays']);
  });
  test('is on the ledger as the service’s call and the statements it caused', async () => {
    const code = "return database.transaction((trx) => new services.JoiningService({ knex: trx }).add('d'))";
    const { calls } = await runtime.measure('/joins/as/measured', { method: 'POST', body: { code } });
    assert.deepEqual(
      calls.map(({ capability, method, cause }) => [capability, method, cause === undefined]),
      [
        ['database', 'begin', true],
        ['services', 'call', true],
        ['database', 'query', false],
        ['database', 'query', false],
        ['database', 'commit', true],
      ],
    );
  });
  test('gives the service no more than the extension’s grant', async () => {
    const { error } = await run(
      "return database.transaction((trx) => new services.JoiningService({ knex: trx }).add('e', 'insert into members (id) values (length($1)) returning *'))",
    );
    assert.equal(error?.code, 'ERR_CAPABILITY_DENIED');
  });
  test('is refused by a service that cannot join', async () => {
    const { error } = await run(
      "return database.transaction((trx) => new services.ItemsService('articles', { knex: trx }).readByQuery({}))",
    );
    assert.equal(error?.code, 'ERR_ARGUMENT_INVALID');
  });
  test('is refused once it has ended', async () => {
    const { error } = await run(
      "const trx = await database.transaction(); await trx.commit(); return new services.JoiningService({ knex: trx }).add('f')",
    );
    assert.equal(error?.code, 'ERR_ARGUMENT_INVALID');
  });
  const forge = (number: number): string =>
    `Object.assign(() => 1, { isTransaction: true, client: { acquireConnection: async () => ({ transaction: ${number} }) } })`;
  test('is of this request alone: a number of another, or one too many, finds nothing', async () => {
    const open = runtime.post('/joins', {
      code: 'const trx = await database.transaction(); await new Promise((done) => setTimeout(done, 600)); await trx.rollback()',
    });
    for (const number of [1, 2, 999_999]) {
      const { error } = await run(`return new services.JoiningService({ knex: ${forge(number)} }).add('g')`);
      assert.notEqual(error, undefined);
    }
    await open;
    assert.deepEqual(await titles('g'), []);
  });
  test('without a database grant there is none', async () =>
    assert.equal(
      (await run(`return new services.JoiningService({ knex: ${forge(1)} }).add('h')`, 'bare')).error?.code,
      'ERR_CAPABILITY_NOT_GRANTED',
    ));
});

describe('the database itself given as knex', () => {
  for (const id of ['joins', 'bare']) {
    test(`joins nothing (${id}): the service works on its own connection`, async () =>
      assert.deepEqual((await run("return new services.JoiningService({ knex: database }).add('i')", id)).got, {
        joined: false,
        knex: "the embedder's own",
      }));
  }
});
