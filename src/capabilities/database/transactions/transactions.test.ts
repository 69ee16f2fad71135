// Transactions and streams as a lease holds them: deadline, idle time, share of the pool, and the end of their lease, each at its limit and past it. Must never leave a backend in a transaction.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, countBackends, fails, until } from '../../../../test/helpers/database-checks.ts';
import { allOperations, fixtureGrant, fixtureSql } from '../../../../test/helpers/database-fixture.ts';
import { type DatabaseHarness, makeCaller, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import type { Caller } from '../../../bridge/capability.ts';
import { databaseBounds } from '../bounds.ts';

let harness: DatabaseHarness;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(fixtureSql, { waitMs: 2_000 });
  // A patient server: nothing but what is tested ends a statement.
  extension = await harness.open({ ...fixtureGrant, tables: { ...fixtureGrant.tables, comments: allOperations }, statementMs: 60_000 });
});
after(() => harness.close());

/** Whatever a test did, every connection is idle, and no row of a transaction that did not commit is there. */
afterEach(async () => {
  await until(async () => (await countBackends(harness, 'idle in transaction')) === 0);
  await until(async () => (await countBackends(harness, 'active')) === 0);
  assert.equal((await harness.admin.query("select from articles where title like 'never%'")).rowCount, 0);
  assert.deepEqual((await extension.query('select 1')).rows, [['1']]);
});

const begin = async (caller: Caller, on = extension): Promise<number> =>
  ((await on.call('begin', {}, caller)) as { readonly transaction: number }).transaction;
const run = (sql: string, transaction: number, caller: Caller, on = extension): Promise<unknown> =>
  on.call('query', { sql, bindings: [], transaction }, caller);
const write = "insert into articles (title) values ('never')";
const ofTenant = (tenant: string): Caller => ({ ...makeCaller(), tenant });

describe('a transaction', () => {
  test('over its own time is ended, whatever its lease has left, and says which limit', async () => {
    const brief = await harness.open(fixtureGrant, {
      id: 'brief',
      resource: { ...harness.resource, transactionMs: 300, transactionIdleMs: 60_000 },
    });
    const caller = makeCaller();
    const transaction = await begin(caller, brief);
    await run(write, transaction, caller, brief);
    await until(async () => (await countBackends(harness, 'idle in transaction')) === 0);
    await fails(run('select 1', transaction, caller, brief), 'ERR_DATABASE_FAILED', {
      sqlState: '25P04',
      limit: 'transactionMs',
      allowed: 300,
    });
    await fails(brief.call('commit', { transaction }, caller), 'ERR_DATABASE_FAILED', { sqlState: '25P04' });
    await brief.instance.close();
  });
  test('whose statement runs on past its time is cancelled in the server', async () => {
    const brief = await harness.open(
      { ...fixtureGrant, statementMs: 60_000 },
      { id: 'brief-2', resource: { ...harness.resource, transactionMs: 300 } },
    );
    const caller = makeCaller();
    const transaction = await begin(caller, brief);
    await fails(run('select * from slow', transaction, caller, brief), 'ERR_DATABASE_FAILED', { sqlState: '25P04' });
    await until(async () => (await countBackends(harness, 'active')) === 0);
    await brief.instance.close();
  });
  test('to which nothing comes is ended, and says so', async () => {
    const hasty = await harness.open(fixtureGrant, { id: 'hasty', resource: { ...harness.resource, transactionIdleMs: 300 } });
    const caller = makeCaller();
    const transaction = await begin(caller, hasty);
    await run(write, transaction, caller, hasty);
    await until(async () => (await countBackends(harness, 'idle in transaction')) === 0);
    await fails(run('select 1', transaction, caller, hasty), 'ERR_DATABASE_FAILED', { sqlState: '25P03' });
    await hasty.instance.close();
  });
  test('to which statements come is not ended for idleness', async () => {
    const hasty = await harness.open(fixtureGrant, { id: 'hasty-2', resource: { ...harness.resource, transactionIdleMs: 2_500 } });
    const caller = makeCaller();
    const transaction = await begin(caller, hasty);
    for (let round = 0; round < 10; round += 1) {
      await sleep(300);
      await run('select 1', transaction, caller, hasty);
    }
    assert.equal(await hasty.call('commit', { transaction }, caller), 'COMMIT');
    await hasty.instance.close();
  });
  test('dies with its lease, idle', async () => {
    const lease = new AbortController();
    const caller = makeCaller(lease.signal);
    await run(write, await begin(caller), caller);
    assert.equal(await countBackends(harness, 'idle in transaction'), 1);
    lease.abort();
    await until(async () => (await countBackends(harness, 'idle in transaction')) === 0);
  });
  test('dies with its lease in the midst of a statement, in the server too', async () => {
    const lease = new AbortController();
    const caller = makeCaller(lease.signal);
    const transaction = await begin(caller);
    await run(write, transaction, caller);
    const work = fails(run('select * from slow', transaction, caller), 'ERR_LEASE_OVER');
    await until(async () => (await countBackends(harness, 'active')) === 1);
    lease.abort();
    await work;
  });
  test('of a lease that ends while it begins is not left open', async () => {
    for (const delay of [0, 0, 1, 2, 4]) {
      const lease = new AbortController();
      const work = codeOf(extension.call('begin', {}, makeCaller(lease.signal)));
      if (delay > 0) await sleep(delay);
      lease.abort();
      assert.match(await work, /^ERR_LEASE_OVER$|^done$/);
    }
  });
  test('that the server ends says that it is gone, and the next begins', async () => {
    const caller = makeCaller();
    const transaction = await begin(caller);
    await run(write, transaction, caller);
    await harness.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and datname = current_database()`,
    );
    await until(
      async () =>
        (await codeOf(run('select 1', transaction, caller))) === '57P01' ||
        (await codeOf(run('select 1', transaction, caller))) === '08006',
    );
    await fails(extension.call('commit', { transaction }, caller), 'ERR_DATABASE_UNAVAILABLE');
    await extension.call('rollback', { transaction: await begin(caller) }, caller);
  });
  test('that failed commits nothing', async () => {
    const caller = makeCaller();
    const transaction = await begin(caller);
    await run(write, transaction, caller);
    assert.equal(await codeOf(run('select 1 / 0', transaction, caller)), '22012');
    assert.equal(await codeOf(run('select 1', transaction, caller)), '25P02');
    assert.equal(await extension.call('commit', { transaction }, caller), 'ROLLBACK');
  });
  test('is reached by no other lease, nor after its end', async () => {
    const caller = makeCaller();
    const transaction = await begin(caller);
    // Each lease is known by a signal of its own.
    const other = makeCaller(new AbortController().signal);
    for (const method of ['commit', 'rollback', 'savepoint', 'cancel'])
      assert.equal(await codeOf(extension.call(method, { transaction }, other)), '25P01', method);
    assert.equal(await codeOf(run('select 1', transaction, other)), '25P01');
    assert.equal(await extension.call('rollback', { transaction }, caller), 'ROLLBACK');
    assert.equal(await codeOf(run('select 1', transaction, caller)), '25P01');
    assert.equal(await codeOf(run('select 1', 4_711, caller)), '25P01');
  });
  test('has so many savepoints and not one more', async () => {
    const caller = makeCaller();
    const transaction = await begin(caller);
    for (let count = 0; count < databaseBounds.savepoints.value; count += 1) await extension.call('savepoint', { transaction }, caller);
    await fails(extension.call('savepoint', { transaction }, caller), 'ERR_DATABASE_FAILED', { sqlState: '54000', limit: 'savepoints' });
    await extension.call('rollbackTo', { transaction, savepoint: 1 }, caller);
    assert.equal(await codeOf(extension.call('release', { transaction, savepoint: 2 }, caller)), '3B001');
    await extension.call('savepoint', { transaction }, caller);
    await extension.call('rollback', { transaction }, caller);
  });
});

describe('the share of the pool', () => {
  const rollBack = (held: readonly (readonly [Caller, number])[]): Promise<unknown> =>
    Promise.all(held.map(([caller, transaction]) => extension.call('rollback', { transaction }, caller)));

  test('of one tenant is all connections but one; statements go on by that, and one more transaction waits', async () => {
    // Alone from here on: a tenant of an earlier test would have its connection kept for it.
    const alone = await harness.open(
      { ...fixtureGrant, statementMs: 60_000 },
      { id: 'alone', resource: { ...harness.resource, transactionIdleMs: 60_000 } },
    );
    const held: (readonly [Caller, number])[] = [];
    for (let count = 0; count < databaseBounds.connections.value - 1; count += 1) {
      const caller = makeCaller();
      held.push([caller, await begin(caller, alone)]);
    }
    await fails(alone.call('begin', {}), 'ERR_DATABASE_UNAVAILABLE', { sqlState: '53300' });
    assert.deepEqual((await alone.query('select 1')).rows, [['1']]);
    const [[caller, transaction] = assert.fail()] = held;
    const next = begin(caller, alone);
    await alone.call('rollback', { transaction }, caller);
    assert.equal(await codeOf(alone.call('rollback', { transaction: await next }, caller)), 'done');
    await Promise.all(held.slice(1).map(([one, number]) => alone.call('rollback', { transaction: number }, one)));
    await alone.instance.close();
  });
  test('of two tenants leaves a connection to the other', async () => {
    const mine = [ofTenant('a'), ofTenant('a'), ofTenant('a')];
    await extension.query('select 1', [], ofTenant('b'));
    const held: (readonly [Caller, number])[] = [];
    for (const caller of mine) {
      const transaction = await begin(caller).catch(() => undefined);
      if (transaction !== undefined) held.push([caller, transaction]);
    }
    assert.equal(held.length, 2);
    const other = ofTenant('b');
    held.push([other, await begin(other)]);
    assert.deepEqual((await extension.query('select 1', [], ofTenant('a'))).rows, [['1']]);
    await rollBack(held);
  });
});

describe('a stream', () => {
  const open = (caller: Caller, rows = 5): Promise<unknown> =>
    extension.call('open', { sql: 'select n from numbers limit 20', bindings: [], rows }, caller);
  test('dies with its lease, and gives its connection back', async () => {
    const lease = new AbortController();
    await open(makeCaller(lease.signal));
    assert.equal(await countBackends(harness, 'idle in transaction'), 1);
    lease.abort();
    await until(async () => (await countBackends(harness, 'idle in transaction')) === 0);
  });
  test('that nobody reads on is ended', async () => {
    const hasty = await harness.open(fixtureGrant, { id: 'hasty-3', resource: { ...harness.resource, transactionIdleMs: 300 } });
    const caller = makeCaller();
    const { stream } = (await hasty.call('open', { sql: 'select n from numbers limit 20', bindings: [], rows: 5 }, caller)) as {
      readonly stream: number;
    };
    await until(async () => (await countBackends(harness, 'idle in transaction')) === 0);
    assert.equal(await codeOf(hasty.call('fetch', { stream }, caller)), '25P03');
    await hasty.instance.close();
  });
  test('is reached by no other lease', async () => {
    const caller = makeCaller();
    const { stream } = (await open(caller)) as { readonly stream: number };
    assert.equal(await codeOf(extension.call('fetch', { stream }, makeCaller(new AbortController().signal))), '34000');
    await extension.call('close', { stream }, caller);
    assert.equal(await codeOf(extension.call('fetch', { stream }, caller)), '34000');
  });
  test('there are so many of in one transaction, and not one more', async () => {
    const caller = makeCaller();
    const transaction = await begin(caller);
    const openOne = (): Promise<unknown> =>
      extension.call('open', { sql: 'select n from numbers limit 20', bindings: [], rows: 5, transaction }, caller);
    for (let count = 0; count < databaseBounds.streams.value; count += 1) await openOne();
    await fails(openOne(), 'ERR_DATABASE_FAILED', { sqlState: '54000', limit: 'streams' });
    await extension.call('rollback', { transaction }, caller);
  });
});

describe('a statement that is cancelled by the guest', () => {
  test('ends in the server, and fails as PostgreSQL says it', async () => {
    const caller = makeCaller();
    const work = fails(extension.call('query', { sql: 'select * from slow', bindings: [], tag: 1 }, caller), 'ERR_DATABASE_FAILED', {
      sqlState: '57014',
    });
    await until(async () => (await countBackends(harness, 'active')) === 1);
    await extension.call('cancel', { tag: 1 }, caller);
    await work;
    await until(async () => (await countBackends(harness, 'active')) === 0);
  });
  test('in a transaction too, which has failed then', async () => {
    const caller = makeCaller();
    const transaction = await begin(caller);
    const work = fails(run('select * from slow', transaction, caller), 'ERR_DATABASE_FAILED', { sqlState: '57014' });
    await until(async () => (await countBackends(harness, 'active')) === 1);
    await extension.call('cancel', { transaction }, caller);
    await work;
    assert.equal(await codeOf(run('select 1', transaction, caller)), '25P02');
    await extension.call('rollback', { transaction }, caller);
  });
  test('is not another lease’s', async () => {
    const lease = new AbortController();
    const work = fails(
      extension.call('query', { sql: 'select * from slow', bindings: [], tag: 1 }, makeCaller(lease.signal)),
      'ERR_LEASE_OVER',
    );
    await until(async () => (await countBackends(harness, 'active')) === 1);
    await extension.call('cancel', { tag: 1 }, makeCaller(new AbortController().signal));
    await sleep(200);
    assert.equal(await countBackends(harness, 'active'), 1);
    lease.abort();
    await work;
  });
});
