// Attacks on the session itself: whatever a role can say or set on its connection, it works on behalf of whom the host said. Must never rely on admission.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type DatabaseHarness, openDatabaseHarness } from '../helpers/database-harness.ts';
import { callerOf, rowsGrant, rowsSql } from '../helpers/database-rows-fixture.ts';
import { openStraight, type Straight, type StraightConnection } from '../helpers/database-straight.ts';

let harness: DatabaseHarness;
let connection: StraightConnection;
let letter = '';
before(async () => {
  harness = await openDatabaseHarness(rowsSql);
  await harness.open(rowsGrant);
  await harness.open({ tables: { secret: { read: true } } }, { id: 'other' });
  await harness.admin.query('analyze');
  letter = (await harness.admin.query<{ readonly oid: string }>("select lo_from_bytea(0, 'canary')::text oid")).rows[0]?.oid ?? '';
});
after(async () => {
  await harness.admin.query('select lo_unlink($1)', [letter]);
  await harness.close();
});
beforeEach(async () => {
  connection = await openStraight(harness, callerOf('a', 'ann'));
});
afterEach(() => connection.close());

const own = [['a one'], ['a two']];
const titles = async (on: StraightConnection = connection): Promise<Straight['rows']> =>
  (await on.run('select title from public.notes order by id')).rows;
/** It fails, or it answers; either way nothing of the neighbour's is in it, and the session is whose it was. */
const stands = async (sql: string, bindings: readonly string[] = []): Promise<Straight> => {
  const answer = await connection.run(sql, bindings);
  assert.doesNotMatch(answer.text, /canary/, sql);
  assert.doesNotMatch(answer.serverText, /canary (?:one|two|of)/, sql);
  return answer;
};
const refuses = async (sql: string, sqlState: string, bindings: readonly string[] = []): Promise<void> =>
  assert.equal((await stands(sql, bindings)).refused, sqlState, sql);

describe('a session cannot become another’s', () => {
  test('by any setting there is', async () => {
    const { rows } = await harness.admin.query<{ readonly name: string; readonly values: readonly string[] }>(
      `select name, case vartype when 'bool' then '{on,off}' when 'enum' then enumvals else array[coalesce(min_val, ''), coalesce(max_val, boot_val, ''), 'b'] end "values"
       from pg_settings where context in ('user', 'superuser') and name not in ('client_encoding', 'idle_session_timeout', 'transaction_timeout', 'statement_timeout')`,
    );
    assert.ok(rows.length > 150);
    let set = 0;
    let lost = 0;
    for (const { name, values } of rows) {
      for (const value of values) {
        if ((await stands('select set_config($1, $2, false)', [name, value])).refused === null) set += 1;
        const seen = await titles();
        assert.ok(seen.length === 0 || JSON.stringify(seen) === JSON.stringify(own), `${name} = ${value}: ${JSON.stringify(seen)}`);
        connection.isFor(callerOf('b'));
        const others = await titles();
        assert.ok(others.length === 0 || others[0]?.[0] === 'canary one', `${name} = ${value}: ${JSON.stringify(others)}`);
        connection.isFor(callerOf('a'));
        if ((await connection.run('reset all')).refused === null) continue;
        lost += 1;
        connection = await openStraight(harness, callerOf('a', 'ann'));
      }
    }
    assert.ok(set > 150, `only ${String(set)} could be set, so this tries too little`);
    assert.ok(lost < 10, `${String(lost)} connections were lost`);
    assert.deepEqual(await titles(), own);
  });
  test('by row_security = off, which makes a query fail instead', async () => {
    await stands('set row_security = off');
    await refuses('select title from notes', '42501');
  });
  test('by settings of other people’s making', async () => {
    for (const name of ['cloister.tenant', 'cloister.caller', 'app.tenant', 'request.jwt.claims', 'app.current_tenant']) {
      await connection.run('select set_config($1, $2, false)', [name, 'b']);
      assert.deepEqual(await titles(), own, name);
    }
  });
  test('by another role', async () => {
    const other = (
      await harness.admin.query<{ readonly name: string }>(
        'select rolname "name" from pg_roles where rolname like \'cloister\\_other\\_%\'',
      )
    ).rows[0];
    for (const name of ['postgres', 'pg_read_all_data', 'pg_database_owner', other?.name ?? '']) {
      await refuses(`set role "${name}"`, '42501');
      await refuses(`set session authorization "${name}"`, '42501');
      await refuses('select set_config($1, $2, false)', '42501', ['role', name]);
    }
    for (const sql of [
      'reset role',
      'set role none',
      'reset session authorization',
      'set session authorization default',
      'discard all',
      'deallocate all',
      'reset all',
    ]) {
      await stands(sql);
      assert.deepEqual(await titles(), own, sql);
      await refuses('select * from secret', '42501');
    }
  });
});

describe('a session cannot say on whose behalf it works', () => {
  test('without its key', async () => {
    for (const key of [
      "''",
      'null',
      "'0'",
      "repeat('0', 64)",
      "encode(sha256('x'), 'hex')",
      '(select current_setting($$application_name$$))',
    ]) {
      await refuses(`select cloister.enter(${key}, 'b', 'bob', null)`, '42501');
    }
    assert.deepEqual(await titles(), own);
  });
  test('with the key of another connection, or of one before it', async () => {
    const digest = (key: string): Buffer => createHash('sha256').update(key).digest();
    const other = await openStraight(harness, callerOf('b', 'bob'));
    const pidOf = async (on: StraightConnection): Promise<string> => (await on.run('select pg_backend_pid()')).rows[0]?.[0] ?? '';
    const login = (await connection.run('select session_user')).rows[0]?.[0];
    const register = 'select cloister.register($1::int, $2::name, $3::bytea)';
    await harness.admin.query(register, [await pidOf(other), login, digest('theirs')]);
    await refuses("select cloister.enter('theirs', 'b', 'bob', null)", '42501');
    assert.deepEqual(await titles(), own);
    const mine = await pidOf(connection);
    await harness.admin.query(register, [mine, login, digest('first')]);
    assert.equal((await connection.run("select cloister.enter('first', 'b', 'bob', null)")).refused, null);
    await harness.admin.query(register, [mine, login, digest('second')]);
    await refuses("select cloister.enter('first', 'b', 'bob', null)", '42501');
    assert.deepEqual(await titles(), [], 'who was not entered since is nobody');
    await other.close();
  });
  test('by registering itself', async () => refuses("select cloister.register(pg_backend_pid(), session_user, sha256('x'))", '42501'));
  test('by its table', async () => {
    for (const sql of [
      'select * from cloister.caller',
      'select key from cloister.caller',
      'select count(*) from cloister.caller',
      "update cloister.caller set tenant = 'b'",
      'delete from cloister.caller',
      "insert into cloister.caller (pid, login, key, tenant) values (pg_backend_pid(), session_user, '', 'b')",
      'copy cloister.caller to stdout',
      'truncate cloister.caller',
      'lock table cloister.caller',
      'drop table cloister.caller',
      'create index on cloister.caller (tenant)',
      'alter table cloister.caller disable trigger all',
    ])
      assert.match((await stands(sql)).refused ?? 'done', /^42501$|^25P01$/, sql);
    assert.deepEqual(await titles(), own);
  });
  test('by its functions', async () => {
    for (const sql of [
      "create or replace function cloister.tenant() returns text language sql as $$ select 'b' $$",
      "create function cloister.mine() returns text language sql as $$ select 'b' $$",
      'alter function cloister.tenant() security invoker',
      'alter function cloister.tenant() set search_path = pg_temp',
      'alter function cloister.tenant() owner to current_user',
      'drop function cloister.tenant() cascade',
      'alter schema cloister rename to gone',
      'drop schema cloister cascade',
      'grant execute on function cloister.register(integer, name, bytea) to public',
    ])
      await refuses(sql, '42501');
    assert.deepEqual(await titles(), own);
  });
  test('by what stands in front of them for a session', async () => {
    for (const sql of [
      'create temporary table caller (pid int, login name, key bytea, tenant text)',
      'create temporary table pg_stat_activity (pid int)',
      'create function pg_temp.sha256(bytea) returns bytea language sql as $$ select $1 $$',
      'create function pg_temp.pg_backend_pid() returns int language sql as $$ select 1 $$',
      "create function pg_temp.tenant() returns text language sql as $$ select 'b' $$",
      'create function pg_temp.eq(int, int) returns boolean language sql as $$ select true $$',
      'create operator pg_temp.= (leftarg = int, rightarg = int, function = pg_temp.eq)',
      'set search_path = pg_temp, pg_catalog, public',
    ])
      assert.equal((await stands(sql)).refused, null, sql);
    assert.deepEqual(await titles(), own);
    connection.isFor(callerOf('b'));
    assert.deepEqual(await titles(), [['canary one'], ['canary two']]);
    connection.isFor(callerOf('a'));
    assert.deepEqual(await titles(), own);
  });
  test('by catching the key on its way', async () => {
    await stands('deallocate all');
    for (const sql of [
      'select query from pg_stat_activity where pid = pg_backend_pid()',
      'select statement from pg_prepared_statements',
      'select statement from pg_cursors',
      "select setting from pg_settings where setting ~ '[0-9a-f]{64}'",
    ]) {
      connection.isFor(callerOf('c'));
      assert.doesNotMatch((await stands(sql)).text, /[0-9a-f]{64}/, sql);
      connection.isFor(callerOf('a'));
    }
  });
});

describe('the host’s word holds', () => {
  test('after a statement failed', async () => {
    connection.isFor(callerOf('b'));
    assert.equal((await connection.run('select 1 / 0')).refused, '22012');
    assert.deepEqual(await titles(), [['canary one'], ['canary two']]);
  });
  test('after a statement that takes its transaction back', async () => {
    for (const sql of ['rollback', 'do $$ begin rollback; end $$', 'abort']) {
      connection.isFor(callerOf('b'));
      await connection.run(sql);
      assert.deepEqual(await titles(), [['canary one'], ['canary two']], sql);
      connection.isFor(callerOf('a'));
      await connection.run(sql);
      assert.deepEqual(await titles(), own, sql);
    }
  });
  test('inside a statement that takes its transaction back', async () => {
    connection.isFor(callerOf('b'));
    await connection.run('select 1');
    connection.isFor(callerOf('a'));
    const told = await connection.run(
      "do $$ declare seen text; begin rollback; select string_agg(title, ',' order by id) into seen from notes; raise exception 'seen %', seen; end $$",
    );
    assert.match(told.serverText, /seen a one,a two/);
  });
  test('and no transaction changes hands', async () => {
    await connection.run('begin');
    connection.isFor(callerOf('b'));
    assert.equal((await connection.run('select title from notes')).refused, '08006');
    connection.isFor(callerOf('a'));
    assert.equal((await connection.run('select 1')).refused, '08006');
  });
  test('or the connection ends', async () => {
    const pid = (await connection.run('select pg_backend_pid()')).rows[0]?.[0];
    await harness.admin.query('delete from cloister.caller where pid = $1', [pid]);
    assert.deepEqual(await titles(), [], 'without a row it is nobody');
    connection.isFor(callerOf('b'));
    assert.equal((await connection.run('select title from notes')).refused, '08006');
    assert.equal((await connection.run('select 1')).refused, '08006');
  });
});

describe('other people’s rows do not show', () => {
  test('to functions that tell what they are given', async () => {
    await stands(
      "create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0000001 as $$ begin raise exception 'told %', $1; end $$",
    );
    const told = await connection.run('select id from notes where pg_temp.tell(title) and views > 40');
    assert.match(told.serverText, /^((?!canary).)*$/);
    await stands(
      "create function pg_temp.tells(text, text) returns boolean language plpgsql cost 0.0000001 as $$ begin raise exception 'told %', $1; end $$",
    );
    await stands('create operator pg_temp.=== (leftarg = text, rightarg = text, function = pg_temp.tells)');
    assert.match((await connection.run("select id from notes where title operator(pg_temp.===) 'x'")).serverText, /told a one/);
    await refuses('select id from notes where pg_temp.tell(hidden)', '42501');
  });
  test('to errors of casts, divisions and patterns', async () => {
    assert.deepEqual((await stands('select id from notes where 1 / (views - 41) < 5 order by id')).rows, [['1'], ['2']]);
    assert.deepEqual(
      (await stands("select id from notes where (case when title like 'canary%' then title else '1' end)::int = 1 order by id")).rows,
      [['1'], ['2']],
    );
  });
  test('in what a broken constraint says', async () => {
    await refuses("insert into notes (title, tenant_id) values ('x', 'b')", '42501');
    await refuses("insert into notes (title, tenant_id, status) values ('x', 'a', 'other')", '42501');
    await refuses("update notes set views = null, title = null where tenant_id <> 'a' or true", '23514');
    assert.doesNotMatch(
      (await connection.run("insert into notes (title, tenant_id, status) values ('a one', 'a', 'draft')")).serverText,
      /canary/,
    );
  });
  test('in statistics and plans', async () => {
    assert.deepEqual(
      (await stands("select tablename, attname, most_common_vals from pg_stats where tablename in ('notes', 'mine', 'secret', 'caller')"))
        .rows,
      [],
    );
    await refuses('select * from pg_statistic', '42501');
    await refuses('select * from pg_statistic_ext_data', '42501');
    assert.deepEqual((await stands("select attname from pg_stats where tablename = 'plain' order by 1")).rows, [['id'], ['label']]);
  });
  test('in what others run', async () => {
    await harness.admin.query("select 'canary of the admin'");
    const { rows } = await stands("select distinct query from pg_stat_activity where usename <> session_user and query <> ''");
    assert.deepEqual(rows, [['<insufficient privilege>']]);
    await refuses('select pg_terminate_backend(pid) from pg_stat_activity where usename <> session_user', '42501');
  });
  test('in COPY', async () => {
    await refuses('copy notes to stdout', '42501');
    await refuses('copy (select * from secret) to stdout', '42501');
    await refuses("copy notes from program 'id'", '42501');
    await refuses("copy (select title from notes) to '/tmp/cloister-attack'", '42501');
    assert.deepEqual((await stands('copy (select title from notes) to stdout')).rows, []);
  });
  test('in large objects', async () => {
    await refuses(`select lo_get(${letter})`, '42501');
    await refuses(`select lo_put(${letter}, 0, 'mine')`, '42501');
    await refuses(`select lo_unlink(${letter})`, '42501');
    await refuses("select lo_import('/etc/passwd')", '42501');
    await refuses('select * from pg_largeobject', '42501');
  });
  test('in notifications: they reach no answer', async () => {
    await stands('listen somewhere');
    await harness.admin.query("notify somewhere, 'canary'");
    assert.deepEqual((await stands('select 1')).rows, [['1']]);
  });
  test('in locks, transactions and sequences', async () => {
    await stands('select pg_advisory_lock(1)');
    await refuses("select setval('notes_id_seq', 1)", '42501');
    await refuses('select last_value from published', '42703');
    await refuses('lock table secret', '25P01');
    assert.deepEqual(await titles(), own);
  });
  test('by changing what holds them back', async () => {
    for (const sql of [
      'alter table notes disable row level security',
      'alter table notes no force row level security',
      'drop policy cloister_open on notes',
      'create policy mine on notes using (true)',
      'alter table notes owner to current_user',
      'create view pg_temp.v as select * from secret',
      'create rule r as on select to notes do instead select 1',
      'create trigger t before insert on notes for each row execute function suppress_redundant_updates_trigger()',
      'grant select on secret to current_user',
      'alter role current_user bypassrls',
      'alter default privileges grant select on tables to public',
      'comment on policy cloister_open on notes is null',
    ])
      assert.notEqual((await stands(sql)).refused, sql.startsWith('alter default') || sql.startsWith('create view') ? '' : null, sql);
    assert.deepEqual(await titles(), own);
    await refuses('select * from secret', '42501');
  });
});
