// What a session of the role can read between the lines: errors, plans, statistics, locks, other sessions. Must never rely on admission.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { own, useSession } from '../helpers/database-session.ts';

const session = useSession();

describe('other people’s rows do not show', () => {
  test('to functions that tell what they are given', async () => {
    await session.stands(
      "create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0000001 as $$ begin raise exception 'told %', $1; end $$",
    );
    const told = await session.connection.run('select id from notes where pg_temp.tell(title) and views > 40');
    assert.match(told.serverText, /^((?!canary).)*$/);
    await session.stands(
      "create function pg_temp.tells(text, text) returns boolean language plpgsql cost 0.0000001 as $$ begin raise exception 'told %', $1; end $$",
    );
    await session.stands('create operator pg_temp.=== (leftarg = text, rightarg = text, function = pg_temp.tells)');
    assert.match((await session.connection.run("select id from notes where title operator(pg_temp.===) 'x'")).serverText, /told a one/);
    await session.refuses('select id from notes where pg_temp.tell(hidden)', '42501');
  });
  test('to errors of casts, divisions and patterns', async () => {
    assert.deepEqual((await session.stands('select id from notes where 1 / (views - 41) < 5 order by id')).rows, [['1'], ['2']]);
    assert.deepEqual(
      (await session.stands("select id from notes where (case when title like 'canary%' then title else '1' end)::int = 1 order by id"))
        .rows,
      [['1'], ['2']],
    );
  });
  test('in what a broken constraint says', async () => {
    await session.refuses("insert into notes (title, tenant_id) values ('x', 'b')", '42501');
    await session.refuses("insert into notes (title, tenant_id, status) values ('x', 'a', 'other')", '42501');
    await session.refuses("update notes set views = null, title = null where tenant_id <> 'a' or true", '23514');
    assert.doesNotMatch(
      (await session.connection.run("insert into notes (title, tenant_id, status) values ('a one', 'a', 'draft')")).serverText,
      /canary/,
    );
  });
  test('in statistics and plans', async () => {
    assert.deepEqual(
      (
        await session.stands(
          "select tablename, attname, most_common_vals from pg_stats where tablename in ('notes', 'mine', 'secret', 'caller')",
        )
      ).rows,
      [],
    );
    await session.refuses('select * from pg_statistic', '42501');
    await session.refuses('select * from pg_statistic_ext_data', '42501');
    assert.deepEqual((await session.stands("select attname from pg_stats where tablename = 'plain' order by 1")).rows, [['id'], ['label']]);
  });
  test('in what others run', async () => {
    await session.harness.admin.query("select 'canary of the admin'");
    const { rows } = await session.stands("select distinct query from pg_stat_activity where usename <> session_user and query <> ''");
    assert.deepEqual(rows, [['<insufficient privilege>']]);
    await session.refuses('select pg_terminate_backend(pid) from pg_stat_activity where usename <> session_user', '42501');
  });
  test('in COPY', async () => {
    await session.refuses('copy notes to stdout', '42501');
    await session.refuses('copy (select * from secret) to stdout', '42501');
    await session.refuses("copy notes from program 'id'", '42501');
    await session.refuses("copy (select title from notes) to '/tmp/cloister-attack'", '42501');
    assert.deepEqual((await session.stands('copy (select title from notes) to stdout')).rows, []);
  });
  test('in large objects', async () => {
    await session.refuses(`select lo_get(${session.letter})`, '42501');
    await session.refuses(`select lo_put(${session.letter}, 0, 'mine')`, '42501');
    await session.refuses(`select lo_unlink(${session.letter})`, '42501');
    await session.refuses("select lo_import('/etc/passwd')", '42501');
    await session.refuses('select * from pg_largeobject', '42501');
  });
  test('in notifications: they reach no answer', async () => {
    await session.stands('listen somewhere');
    await session.harness.admin.query("notify somewhere, 'canary'");
    assert.deepEqual((await session.stands('select 1')).rows, [['1']]);
  });
  test('in locks, transactions and sequences', async () => {
    await session.stands('select pg_advisory_lock(1)');
    await session.refuses("select setval('notes_id_seq', 1)", '42501');
    await session.refuses('select last_value from published', '42703');
    await session.refuses('lock table secret', '25P01');
    assert.deepEqual(await session.titles(), own);
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
      assert.notEqual(
        (await session.stands(sql)).refused,
        sql.startsWith('alter default') || sql.startsWith('create view') ? '' : null,
        sql,
      );
    assert.deepEqual(await session.titles(), own);
    await session.refuses('select * from secret', '42501');
  });
});
