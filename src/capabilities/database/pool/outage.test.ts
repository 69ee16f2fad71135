// What a statement, a transaction and a description say when no connection can be had, and that they work again after it. Must never wait for a limit of seconds.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { codeOf, countBackends, fails, until } from '../../../../test/helpers/database-checks.ts';
import { fixtureGrant, fixtureSql } from '../../../../test/helpers/database-fixture.ts';
import { type DatabaseHarness, makeCaller, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import { openTcpProxy, type TcpProxy } from '../../../../test/helpers/tcp-proxy.ts';
import { type DatabaseResource, openDatabaseResource } from '../resource.ts';

let harness: DatabaseHarness;
let proxy: TcpProxy;
let resource: DatabaseResource;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(fixtureSql);
  const url = new URL(harness.url);
  proxy = await openTcpProxy(Number(url.port));
  url.port = String(proxy.port);
  resource = await openDatabaseResource(url.href, { maxConnections: 2, waitMs: 3_000 });
  extension = await harness.open({ ...fixtureGrant, statementMs: 60_000 }, { resource });
});
after(async () => {
  await extension.instance.close();
  await resource.close();
  await harness.close();
  await proxy.close();
});
afterEach(() => proxy.restore());

const describes = (): Promise<string> => codeOf(extension.call('describe', { refresh: true }));

/** A connection that is only being made is active too, and holds nothing yet. */
const countSlow = async (): Promise<number> => {
  const sql = `select count(*)::int n from pg_stat_activity where usename like 'cloister\\_%' and datname = current_database() and state = 'active' and query like '%slow%'`;
  return (await harness.admin.query<{ readonly n: number }>(sql)).rows[0]?.n ?? -1;
};

describe('a pool that is used up', () => {
  test('tells who waits too long that there is no connection, and serves again when there is one', async () => {
    const leases = [new AbortController(), new AbortController()];
    const holders = leases.map((lease) => codeOf(extension.query('select * from slow', [], makeCaller(lease.signal))));
    await until(async () => (await countSlow()) === 2);
    await Promise.all([
      fails(extension.query('select 1'), 'ERR_DATABASE_UNAVAILABLE', { sqlState: '53300' }),
      fails(extension.call('begin', {}), 'ERR_DATABASE_UNAVAILABLE', { sqlState: '53300' }),
    ]);
    for (const lease of leases) lease.abort();
    assert.deepEqual(await Promise.all(holders), ['ERR_LEASE_OVER', 'ERR_LEASE_OVER']);
    await until(async () => (await codeOf(extension.query('select 1'))) === 'done');
  });
});

describe('a network that is cut', () => {
  test('is told to everybody who asks, and everything works when it is back', async () => {
    assert.equal(await codeOf(extension.query('select 1')), 'done');
    await proxy.cut();
    await until(async () => (await countBackends(harness)) === 0);
    assert.equal(await codeOf(extension.query('select 1')), '08006');
    assert.equal(await codeOf(extension.call('begin', {})), '08006');
    assert.equal(await codeOf(extension.call('open', { sql: 'select 1', bindings: [] })), '08006');
    assert.equal(await describes(), '08006');
    await proxy.restore();
    assert.equal(await codeOf(extension.query('select 1')), 'done');
    assert.equal(await describes(), 'done');
  });
  test('where nobody is told, whoever waits for a new connection is in the time of a wait', async () => {
    await proxy.cut();
    // Until the host knows that the connections it had are gone.
    for (let round = 0; round < 3; round += 1) assert.equal(await codeOf(extension.query('select 1')), '08006');
    await proxy.restore();
    proxy.halt();
    await fails(extension.query('select 1'), 'ERR_DATABASE_UNAVAILABLE', { sqlState: '53300' });
  });
});
