// Attacks on the session itself: whatever a role can say or set on its connection, it works on behalf of whom the host said. Must never rely on admission.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { callerOf } from '../helpers/database-rows-fixture.ts';
import { own, useSession } from '../helpers/database-session.ts';
import { openStraight, type StraightConnection } from '../helpers/database-straight.ts';

const session = useSession();

describe('a session cannot become another’s', () => {
  test('by any setting there is', async () => {
    const { rows } = await session.harness.admin.query<{ readonly name: string; readonly values: readonly string[] }>(
      `select name, case vartype when 'bool' then '{on,off}' when 'enum' then enumvals else array[coalesce(min_val, ''), coalesce(max_val, boot_val, ''), 'b'] end "values"
       from pg_settings where context in ('user', 'superuser') and name not in ('client_encoding', 'idle_session_timeout', 'transaction_timeout', 'statement_timeout')`,
    );
    assert.ok(rows.length > 150);
    let set = 0;
    let lost = 0;
    for (const { name, values } of rows) {
      for (const value of values) {
        if ((await session.stands('select set_config($1, $2, false)', [name, value])).refused === null) set += 1;
        const seen = await session.titles();
        assert.ok(seen.length === 0 || JSON.stringify(seen) === JSON.stringify(own), `${name} = ${value}: ${JSON.stringify(seen)}`);
        session.connection.isFor(callerOf('b'));
        const others = await session.titles();
        assert.ok(others.length === 0 || others[0]?.[0] === 'canary one', `${name} = ${value}: ${JSON.stringify(others)}`);
        session.connection.isFor(callerOf('a'));
        if ((await session.connection.run('reset all')).refused === null) continue;
        lost += 1;
        session.connection = await openStraight(session.harness, callerOf('a', 'ann'));
      }
    }
    assert.ok(set > 150, `only ${String(set)} could be set, so this tries too little`);
    assert.ok(lost < 10, `${String(lost)} connections were lost`);
    assert.deepEqual(await session.titles(), own);
  });
  test('by row_security = off, which makes a query fail instead', async () => {
    await session.stands('set row_security = off');
    await session.refuses('select title from notes', '42501');
  });
  test('by settings of other people’s making', async () => {
    for (const name of ['cloister.tenant', 'cloister.caller', 'app.tenant', 'request.jwt.claims', 'app.current_tenant']) {
      await session.connection.run('select set_config($1, $2, false)', [name, 'b']);
      assert.deepEqual(await session.titles(), own, name);
    }
  });
  test('by another role', async () => {
    const other = (
      await session.harness.admin.query<{ readonly name: string }>(
        'select rolname "name" from pg_roles where rolname like \'cloister\\_other\\_%\'',
      )
    ).rows[0];
    for (const name of ['postgres', 'pg_read_all_data', 'pg_database_owner', other?.name ?? '']) {
      await session.refuses(`set role "${name}"`, '42501');
      await session.refuses(`set session authorization "${name}"`, '42501');
      await session.refuses('select set_config($1, $2, false)', '42501', ['role', name]);
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
      await session.stands(sql);
      assert.deepEqual(await session.titles(), own, sql);
      await session.refuses('select * from secret', '42501');
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
      await session.refuses(`select cloister.enter(${key}, 'b', 'bob', null)`, '42501');
    }
    assert.deepEqual(await session.titles(), own);
  });
  test('with the key of another connection, or of one before it', async () => {
    const digest = (key: string): Buffer => createHash('sha256').update(key).digest();
    const other = await openStraight(session.harness, callerOf('b', 'bob'));
    const pidOf = async (on: StraightConnection): Promise<string> => (await on.run('select pg_backend_pid()')).rows[0]?.[0] ?? '';
    const login = (await session.connection.run('select session_user')).rows[0]?.[0];
    const register = 'select cloister.register($1::int, $2::name, $3::bytea)';
    await session.harness.admin.query(register, [await pidOf(other), login, digest('theirs')]);
    await session.refuses("select cloister.enter('theirs', 'b', 'bob', null)", '42501');
    assert.deepEqual(await session.titles(), own);
    const mine = await pidOf(session.connection);
    await session.harness.admin.query(register, [mine, login, digest('first')]);
    assert.equal((await session.connection.run("select cloister.enter('first', 'b', 'bob', null)")).refused, null);
    await session.harness.admin.query(register, [mine, login, digest('second')]);
    await session.refuses("select cloister.enter('first', 'b', 'bob', null)", '42501');
    assert.deepEqual(await session.titles(), [], 'who was not entered since is nobody');
    await other.close();
  });
  test('by registering itself', async () =>
    session.refuses("select cloister.register(pg_backend_pid(), session_user, sha256('x'))", '42501'));
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
      assert.match((await session.stands(sql)).refused ?? 'done', /^42501$|^25P01$/, sql);
    assert.deepEqual(await session.titles(), own);
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
      await session.refuses(sql, '42501');
    assert.deepEqual(await session.titles(), own);
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
      assert.equal((await session.stands(sql)).refused, null, sql);
    assert.deepEqual(await session.titles(), own);
    session.connection.isFor(callerOf('b'));
    assert.deepEqual(await session.titles(), [['canary one'], ['canary two']]);
    session.connection.isFor(callerOf('a'));
    assert.deepEqual(await session.titles(), own);
  });
  test('by catching the key on its way', async () => {
    await session.stands('deallocate all');
    for (const sql of [
      'select query from pg_stat_activity where pid = pg_backend_pid()',
      'select statement from pg_prepared_statements',
      'select statement from pg_cursors',
      "select setting from pg_settings where setting ~ '[0-9a-f]{64}'",
    ]) {
      session.connection.isFor(callerOf('c'));
      assert.doesNotMatch((await session.stands(sql)).text, /[0-9a-f]{64}/, sql);
      session.connection.isFor(callerOf('a'));
    }
  });
});

describe('the host’s word holds', () => {
  test('after a statement failed', async () => {
    session.connection.isFor(callerOf('b'));
    assert.equal((await session.connection.run('select 1 / 0')).refused, '22012');
    assert.deepEqual(await session.titles(), [['canary one'], ['canary two']]);
  });
  test('after a statement that takes its transaction back', async () => {
    for (const sql of ['rollback', 'do $$ begin rollback; end $$', 'abort']) {
      session.connection.isFor(callerOf('b'));
      await session.connection.run(sql);
      assert.deepEqual(await session.titles(), [['canary one'], ['canary two']], sql);
      session.connection.isFor(callerOf('a'));
      await session.connection.run(sql);
      assert.deepEqual(await session.titles(), own, sql);
    }
  });
  test('inside a statement that takes its transaction back', async () => {
    session.connection.isFor(callerOf('b'));
    await session.connection.run('select 1');
    session.connection.isFor(callerOf('a'));
    const told = await session.connection.run(
      "do $$ declare seen text; begin rollback; select string_agg(title, ',' order by id) into seen from notes; raise exception 'seen %', seen; end $$",
    );
    assert.match(told.serverText, /seen a one,a two/);
  });
  test('and no transaction changes hands', async () => {
    await session.connection.run('begin');
    session.connection.isFor(callerOf('b'));
    assert.equal((await session.connection.run('select title from notes')).refused, '08006');
    session.connection.isFor(callerOf('a'));
    assert.equal((await session.connection.run('select 1')).refused, '08006');
  });
  test('or the session.connection ends', async () => {
    const pid = (await session.connection.run('select pg_backend_pid()')).rows[0]?.[0];
    await session.harness.admin.query('delete from cloister.caller where pid = $1', [pid]);
    assert.deepEqual(await session.titles(), [], 'without a row it is nobody');
    session.connection.isFor(callerOf('b'));
    assert.equal((await session.connection.run('select title from notes')).refused, '08006');
    assert.equal((await session.connection.run('select 1')).refused, '08006');
  });
});
