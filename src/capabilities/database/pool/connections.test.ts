// The connections of a role: how many, how long, and that they carry nothing over. Must never leave a backend running.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { countBackends, fails, until } from '../../../../test/helpers/database-checks.ts';
import { fixtureGrant, fixtureSql } from '../../../../test/helpers/database-fixture.ts';
import { type DatabaseHarness, makeCaller, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import { makeRoleIdentity } from '../role/identity.ts';
import { RoleConnection } from './role-connection.ts';
import { RolePool } from './role-pool.ts';

let harness: DatabaseHarness;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(fixtureSql);
  extension = await harness.open(fixtureGrant);
});
after(() => harness.close());

describe('connections', () => {
  test('are at most maxConnections, and all statements get their turn', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => extension.query('select $1::int', [index])));
    assert.deepEqual(
      answers.map((answer) => answer.rows[0]?.[0]),
      Array.from({ length: 200 }, (_, index) => String(index)),
    );
    const count = async (): Promise<number> =>
      (
        await harness.admin.query<{ readonly n: number }>(
          `select count(*)::int n from pg_stat_activity where application_name = 'cloister:test'`,
        )
      ).rows[0]?.n ?? 99;
    // The one that checked the role's login has ended, and its backend may take a moment to.
    await until(async () => (await count()) <= 4);
  });
  test('end when idle, and all of them with the instance', async () => {
    const hasty = await openDatabaseHarness('', { idleMs: 50 });
    try {
      const opened = await hasty.open({ tables: {} });
      const count = async (): Promise<number> =>
        (
          await hasty.admin.query<{ readonly n: number }>(
            `select count(*)::int n from pg_stat_activity where usename like 'cloister\\_%' and datname = current_database()`,
          )
        ).rows[0]?.n ?? -1;
      await Promise.all([opened.query('select 1'), opened.query('select 2')]);
      assert.ok((await count()) > 0);
      await until(async () => (await count()) === 0);
      assert.deepEqual((await opened.query('select 3')).rows, [['3']]);
      await opened.instance.close();
      await until(async () => (await count()) === 0);
      await fails(opened.query('select 1'), 'ERR_RUNTIME_CLOSED');
    } finally {
      await hasty.close();
    }
  });
  test('that the server ends are replaced without a word', async () => {
    await extension.query('select 1');
    await harness.admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cloister:test'`);
    await until(
      async () => (await harness.admin.query(`select from pg_stat_activity where application_name = 'cloister:test'`)).rowCount === 0,
    );
    // The host hears of it a moment later than the server's own view.
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual((await extension.query('select 1')).rows, [['1']]);
  });
  test('that end under a statement fail that statement alone', async () => {
    const work = fails(extension.query('select * from slow'), 'ERR_DATABASE_UNAVAILABLE', { sqlState: '57P01' });
    await until(async () => (await countBackends(harness, 'active')) === 1);
    await harness.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cloister:test' and state = 'active'`,
    );
    await work;
    assert.deepEqual((await extension.query('select 1')).rows, [['1']]);
  });
  test('that are left in a transaction are not given on', async () => {
    const identity = makeRoleIdentity('test', harness.resource.database, '', harness.resource.roleSecret);
    const pool = new RolePool({
      maxConnections: 1,
      idleMs: 1_000,
      maxWaiting: 1,
      maxTenantWaiting: 1,
      waitMs: 1_000,
      connect: (onEnd) => RoleConnection.open(harness.resource.makeRoleClient(identity, 'cloister'), harness.resource.address, onEnd),
    });
    const connection = await pool.wait('default', 'statement', new AbortController().signal);
    await connection.run({ text: 'begin', values: [], maxRows: 1, atomic: false }, 1_000, null);
    pool.release(connection);
    assert.equal(connection.ended, true);
    await pool.close(0);
  });
  test('forget a prepared statement whose table changed', async () => {
    await harness.admin.query('create table shape (a int); insert into shape values (1)');
    const shaped = await harness.open(
      { tables: { shape: { read: true } } },
      { id: 'shaped', resource: { ...harness.resource, maxConnections: 1 } },
    );
    for (let round = 0; round < 3; round += 1) assert.deepEqual((await shaped.query('select * from shape')).fields, [['a', 23]]);
    await harness.admin.query('alter table shape add b text');
    for (let round = 0; round < 3; round += 1)
      assert.deepEqual((await shaped.query('select * from shape')).fields, [
        ['a', 23],
        ['b', 25],
      ]);
  });
  test('keep what they prepared for one tenant from another with the same text', async () => {
    const shared = await harness.open(fixtureGrant, { id: 'shared', resource: { ...harness.resource, maxConnections: 1 } });
    const text = 'select id from articles where id = 17';
    for (const tenant of ['a', 'a', 'b', 'a', 'b', 'b']) await shared.query(text, [], { ...makeCaller(), tenant });
    const { rows } = await shared.queryUnadmitted('select count(*) from pg_prepared_statements where statement = $1', [text]);
    assert.deepEqual(rows, [['2']]);
  });
  test('keep a bounded number of prepared statements, failing ones included', async () => {
    const busy = await harness.open(fixtureGrant, { id: 'busy', resource: { ...harness.resource, maxConnections: 1 } });
    for (let index = 0; index < 150; index += 1) {
      for (let round = 0; round < 3; round += 1) {
        await busy.query(`select ${String(index)} from articles`);
        await fails(busy.query(`select 1 / (views - views) + ${String(index)} from articles`), 'ERR_DATABASE_FAILED', {
          sqlState: '22012',
        });
      }
    }
    const { rows } = await busy.queryUnadmitted('select count(*)::int from pg_prepared_statements');
    assert.ok(Number(rows[0]?.[0]) <= 101, `there are ${String(rows[0]?.[0])}`);
  });
});
