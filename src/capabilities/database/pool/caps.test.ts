// The caps on a result, at the limit and one past it, and the time a statement gets. Must never let a write that went over a cap stand.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { countBackends, fails, until } from '../../../../test/helpers/database-checks.ts';
import { fixtureGrant, fixtureSql } from '../../../../test/helpers/database-fixture.ts';
import { type DatabaseHarness, makeCaller, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';

let harness: DatabaseHarness;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(fixtureSql);
  extension = await harness.open(fixtureGrant);
});
after(() => harness.close());

describe('the caps on a result', () => {
  test('as many rows as maxRows are given', async () =>
    assert.equal((await extension.query('select n from numbers limit 20')).rows.length, 20));
  test('one more is refused', () =>
    fails(extension.query('select n from numbers limit 21'), 'ERR_DATABASE_FAILED', { sqlState: '54000', limit: 'maxRows', allowed: 20 }));
  test('the refusal is the same when the statement is prepared', async () => {
    for (let round = 0; round < 3; round += 1)
      await fails(extension.query('select n from numbers'), 'ERR_DATABASE_FAILED', { limit: 'maxRows' });
    assert.equal((await extension.query('select n from numbers limit 1')).rows.length, 1);
  });
  test('the rows past the cap are never computed', async () => {
    // Each row of it sleeps; twenty-one of them are far from the whole table.
    const started = performance.now();
    await harness.admin.query('create or replace view slow as select pg_sleep(0.01)::text as x from generate_series(1, 1000)');
    await fails(extension.query('select x from slow'), 'ERR_DATABASE_FAILED', { limit: 'maxRows' });
    assert.ok(performance.now() - started < 1_200);
    await harness.admin.query('create or replace view slow as select pg_sleep(30)::text as x');
  });
  test('a write whose answer is over maxRows leaves nothing behind', async () => {
    const before = (await harness.admin.query('select count(*) from articles')).rows;
    for (let round = 0; round < 3; round += 1) {
      await fails(
        extension.query("insert into articles (title) select 'new ' || n from numbers limit 21 returning id"),
        'ERR_DATABASE_FAILED',
        { limit: 'maxRows' },
      );
      await fails(
        extension.query("with w as (insert into articles (title) select 'new ' || n from numbers limit 21 returning id) select * from w"),
        'ERR_DATABASE_FAILED',
        { limit: 'maxRows' },
      );
    }
    assert.deepEqual((await harness.admin.query('select count(*) from articles')).rows, before);
  });
  test('a write whose answer is exactly maxRows is done', async () => {
    assert.equal((await extension.query('update articles set views = views returning id')).rows.length, 20);
  });
  test('a result as long as resultBytes is given, one byte more is refused', async () => {
    const text = JSON.stringify({ command: 'SELECT', rowCount: 1, fields: [['x', 25]], rows: [['']] });
    const small = await harness.open(fixtureGrant, { id: 'small', resultBytes: 2_000 });
    const room = 2_000 - text.length;
    assert.equal((await small.query('select $1::text x', ['y'.repeat(room)])).rows[0]?.[0]?.length, room);
    await fails(small.query('select $1::text x', ['y'.repeat(room + 1)]), 'ERR_DATABASE_FAILED', { limit: 'resultBytes', allowed: 2_000 });
  });
  test('one row of 50 MB never reaches the host', async () => {
    const small = await harness.open({ ...fixtureGrant, statementMs: 30_000 }, { id: 'large-row', resultBytes: 100_000 });
    const before = process.memoryUsage().rss;
    await fails(small.queryUnadmitted("select repeat('x', 50000000)"), 'ERR_DATABASE_FAILED', { limit: 'resultBytes' });
    assert.ok(process.memoryUsage().rss - before < 25_000_000);
    assert.deepEqual((await small.query('select 1')).rows, [['1']]);
  });
  test('a write that is cut for its bytes leaves nothing behind', async () => {
    const small = await harness.open(fixtureGrant, { id: 'cut-write', resultBytes: 10_000 });
    await fails(
      small.queryUnadmitted("update articles set body = convert_to(repeat('z', 100000), 'UTF8') where id = 1 returning body"),
      'ERR_DATABASE_FAILED',
      { limit: 'resultBytes' },
    );
    await until(async () => (await countBackends(harness, 'active')) === 0);
    assert.deepEqual((await harness.admin.query('select body from articles where id = 1')).rows, [{ body: null }]);
  });
});

describe('time', () => {
  /** Of an extension whose statements end late, so that nothing but the cancel ends them in time. */
  let patient: OpenedExtension;
  before(async () => {
    patient = await harness.open({ ...fixtureGrant, statementMs: 60_000 }, { id: 'patient' });
  });
  test('a statement past statementMs is ended by the server', async () => {
    const started = performance.now();
    await fails(extension.query('select * from slow'), 'ERR_DATABASE_FAILED', { sqlState: '57014' });
    assert.ok(performance.now() - started < 2_400);
    assert.equal(await countBackends(harness, 'active'), 0);
  });
  test('a lease that ends takes its statement with it, in the server too', async () => {
    const lease = new AbortController();
    const work = patient.query('select * from slow', [], makeCaller(lease.signal));
    await until(async () => (await countBackends(harness, 'active')) === 1);
    const started = performance.now();
    lease.abort();
    await fails(work, 'ERR_LEASE_OVER');
    assert.ok(performance.now() - started < 200);
    await until(async () => (await countBackends(harness, 'active')) === 0);
    assert.deepEqual((await patient.query('select 1')).rows, [['1']]);
  });
  test('a lease that is over starts nothing', async () => {
    await fails(extension.query('insert into comments (article_id) values (1)', [], makeCaller(AbortSignal.abort())), 'ERR_LEASE_OVER');
  });
  test('a lease that ends while it waits for a connection frees its place', async () => {
    const leases = Array.from({ length: 12 }, () => new AbortController());
    const works = leases.map((lease) => fails(patient.query('select * from slow', [], makeCaller(lease.signal)), 'ERR_LEASE_OVER'));
    await until(async () => (await countBackends(harness, 'active')) === 4);
    for (const lease of leases.toReversed()) lease.abort();
    await Promise.all(works);
    await until(async () => (await countBackends(harness, 'active')) === 0);
    assert.deepEqual((await patient.query('select 1')).rows, [['1']]);
  });
  test('a write that is cancelled is not done', async () => {
    const lease = new AbortController();
    const work = patient.query("insert into articles (title) select 'late' from slow", [], makeCaller(lease.signal));
    await until(async () => (await countBackends(harness, 'active')) === 1);
    lease.abort();
    await fails(work, 'ERR_LEASE_OVER');
    await until(async () => (await countBackends(harness, 'active')) === 0);
    assert.equal((await harness.admin.query("select from articles where title = 'late'")).rowCount, 0);
  });
});
