// Nothing that one user of a connection did is there for the next: by statements admission would refuse, by granted functions, inside transactions, streams and failures. Must never look through another connection than the one that was used.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { countBackends, until } from '../../../../test/helpers/database-checks.ts';
import { fixtureGrant, fixtureSql } from '../../../../test/helpers/database-fixture.ts';
import { type DatabaseHarness, makeCaller, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';

let harness: DatabaseHarness;
let sole: OpenedExtension;
let fresh: readonly (readonly (string | null)[])[];
before(async () => {
  harness = await openDatabaseHarness(fixtureSql);
  // With one connection the next user has that of the one before, or a new one.
  sole = await harness.open(
    { ...fixtureGrant, functions: ['pg_advisory_xact_lock', 'nextval', 'pg_sleep'] },
    { id: 'residue', resource: { ...harness.resource, maxConnections: 1 } },
  );
  fresh = await look();
});
after(() => harness.close());

const settings = [
  'statement_timeout',
  'lock_timeout',
  'search_path',
  'role',
  'session_authorization',
  'default_transaction_read_only',
  'default_transaction_isolation',
  'work_mem',
  'timezone',
  'datestyle',
  'standard_conforming_strings',
  'row_security',
  'session_replication_role',
  'client_encoding',
];

/** Everything a session has that outlives a statement. Cloister's own prepared statements have names of its own and no way in from SQL. */
const state = `select ${settings.map((name) => `current_setting('${name}')`).join(` || ' ' || `)},
  (select count(*) from pg_locks where pid = pg_backend_pid() and locktype in ('advisory', 'transactionid', 'object')),
  (select count(*) from pg_locks l join pg_class c on c.oid = l.relation where pid = pg_backend_pid() and c.relnamespace = 'public'::regnamespace),
  (select count(*) from pg_class where relnamespace = pg_my_temp_schema()),
  (select count(*) from pg_cursors where name <> ''),
  (select count(*) from pg_prepared_statements where name !~ '^c[0-9]+$'),
  (select count(*) from pg_listening_channels())`;

const look = async (): Promise<typeof fresh> => (await sole.queryUnadmitted(state)).rows;

/** A session's sequences are of no view: asking for them fails where there is nothing. */
const lastDrawn = async (): Promise<string> => sole.queryUnadmitted('select lastval()').then(String, () => 'nothing');

/** Past the first wall, inside a transaction of a lease: the statement is looked up before anything is awaited. */
const statements: readonly string[] = [
  'set statement_timeout = 0',
  'set search_path = sales',
  "set timezone = 'Asia/Tokyo'",
  "set datestyle = 'SQL, DMY'",
  'set session characteristics as transaction isolation level serializable read only',
  "select set_config('work_mem', '1GB', false)",
  'set row_security = off',
  'set role none',
  'set session authorization default',
  "set client_encoding = 'LATIN1'",
  'create temp table t (a int)',
  'create temp view v as select 1',
  'create temp sequence s',
  'begin',
  'begin isolation level serializable',
  'start transaction read only',
  'select pg_advisory_lock(1)',
  'select pg_advisory_lock_shared(2)',
  'select pg_try_advisory_lock(3)',
  'prepare p as select 1',
  'prepare c1 as select 1',
  'listen somewhere',
  'declare c cursor with hold for select 1',
  'savepoint s',
  'lock table articles',
  "do $$ begin perform set_config('work_mem', '2GB', false); end $$",
  'do $$ begin perform pg_advisory_lock(4); end $$',
  'deallocate all',
  'discard plans',
];

describe('with admission left out, nothing is left of', () => {
  for (const sql of statements)
    test(sql, async () => {
      await sole.queryUnadmitted(sql).catch(() => undefined);
      assert.deepEqual(await look(), fresh);
      assert.equal(await countBackends(harness, 'idle in transaction'), 0);
    });
});

describe('inside a transaction that', () => {
  for (const how of ['commit', 'rollback', 'lease'] as const)
    test(`ends by ${how}, with admission left out, nothing is left of any of them`, async () => {
      for (const sql of statements) {
        const lease = new AbortController();
        const caller = makeCaller(lease.signal);
        const { transaction } = (await sole.call('begin', {}, caller)) as { readonly transaction: number };
        await sole.queryUnadmittedIn(sql, transaction, caller).catch(() => undefined);
        if (how === 'lease') lease.abort();
        else await sole.call(how, { transaction }, caller).catch(() => undefined);
        assert.deepEqual(await look(), fresh, sql);
      }
      assert.equal(await countBackends(harness, 'idle in transaction'), 0);
    });
});

describe('through both walls, nothing is left of', () => {
  for (const sql of [
    'select * from articles',
    'insert into comments (article_id) values (1)',
    'select * from articles for update',
    'select pg_advisory_xact_lock(2)',
    "select nextval('comments_id_seq')",
    'select nonsense',
    'select 1 / 0',
    'with x as (update articles set views = 1 where id = 1 returning id) select * from x',
  ])
    test(sql, async () => {
      for (let round = 0; round < 3; round += 1) await sole.query(sql).catch(() => undefined);
      assert.deepEqual(await look(), fresh);
    });
  test('a stream that was not read to its end', async () => {
    const lease = new AbortController();
    await sole.call('open', { sql: 'select n from numbers limit 20', bindings: [], rows: 5 }, makeCaller(lease.signal));
    lease.abort();
    assert.deepEqual(await look(), fresh);
  });
  test('a stream that was closed', async () => {
    const caller = makeCaller();
    const { stream } = (await sole.call('open', { sql: 'select n from numbers limit 20', bindings: [], rows: 5 }, caller)) as {
      readonly stream: number;
    };
    await sole.call('close', { stream }, caller);
    assert.deepEqual(await look(), fresh);
  });
  test('a statement that was cancelled', async () => {
    const lease = new AbortController();
    const work = sole.query('select pg_sleep(60)', [], makeCaller(lease.signal)).catch(() => undefined);
    await until(async () => (await countBackends(harness, 'active')) === 1);
    lease.abort();
    await work;
    assert.deepEqual(await look(), fresh);
  });
  test('a statement that timed out', async () => {
    await sole.query('select * from slow').catch(() => undefined);
    assert.deepEqual(await look(), fresh);
  });
});

describe('what an earlier user drew from a sequence', () => {
  test('cannot be asked for: no grant can name the functions that tell', async () => {
    for (const name of ['lastval', 'currval'])
      await assert.rejects(harness.open({ ...fixtureGrant, functions: [name] }, { id: 'sequences' }), { code: 'ERR_DATABASE_UNSAFE' });
  });
  test('is gone after a granted function', async () => {
    await sole.query("select nextval('comments_id_seq')");
    assert.equal(await lastDrawn(), 'nothing');
  });
});
