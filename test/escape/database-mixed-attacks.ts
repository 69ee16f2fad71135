// Attacks on the database that go round two corners: upserts, writes that answer, views, aggregates and sessions at once. Data only; must never hold logic.
import { type Attack, empty, refused, refusedByAdmission, rows, two } from './attack.ts';

export const mixedAttacks: readonly Attack[] = [
  empty(
    'E10 an upsert that moves nothing but counts the neighbour’s row',
    "insert into comments (id, tenant_id, text) values (3, 't1', 'x') on conflict (id) do update set text = excluded.text returning id",
  ),
  refused(
    'E10 an upsert of several, one of them the neighbour’s to be',
    "insert into comments (id, tenant_id, text) values (1, 't1', 'x'), (50, 't2', 'y') on conflict (id) do update set text = 'z'",
  ),
  {
    name: 'E10 an upsert of own rows under the neighbour’s name changes own rows alone',
    sql: "insert into comments (id, tenant_id, text) select id, 't2', text from comments on conflict (id) do update set text = excluded.text",
    expects: 'own',
  },
  refused(
    'E10 an upsert that sets a hidden column',
    "insert into profiles (id, name) values (1, 'x') on conflict (id) do update set password = 'mine'",
  ),
  refused(
    'E10 an upsert with a hidden column in its WHERE',
    "insert into articles (title, owner) values ('one', 'u1') on conflict (title) do update set body = 'x' where articles.secret_score > 1",
  ),
  refused(
    'E10 an upsert with a sub-query on a hidden table in its WHERE',
    "insert into comments (id, tenant_id) values (1, 't1') on conflict (id) do update set text = 'x' where exists (select from secrets)",
  ),
  refused(
    'E10 an upsert by a constraint’s name onto a hidden column',
    "insert into articles (title, owner) values ('one', 'u1') on conflict on constraint articles_title_key do update set secret_note = 'mine'",
  ),
  rows(
    'E11 INSERT … SELECT of all rows answers with own ones',
    'insert into comments (tenant_id, text) select tenant_id, text from comments returning text',
    [['hello']],
  ),
  refused('E11 INSERT … SELECT of the neighbour’s name', "insert into comments (tenant_id, text) select 't2', text from comments"),
  refused('E11 INSERT … SELECT of hidden columns', 'insert into inbox (text) select password from profiles'),
  refused('E11 INSERT … SELECT of whole rows as text', 'insert into inbox (text) select profiles.*::text from secrets, profiles'),
  refused('E11 INSERT … TABLE', 'insert into inbox (text) table secrets'),
  rows('E11 UPDATE … FROM all rows answers with own ones', "update comments c set text = 'x' from articles a where true returning c.id", [
    ['1'],
  ]),
  refused('E11 UPDATE … FROM a hidden table answers', 'update comments set text = s.value from secrets s where true returning text'),
  refused('E08 RETURNING an aggregate over a hidden table', "update comments set text = 'x' returning (select count(*) from secrets)"),
  refused(
    'E08 RETURNING a hidden column behind CASE',
    'update articles set title = title returning case when true then secret_note else title end',
  ),
  refused('E08 RETURNING a hidden column in JSON', "update articles set title = title returning json_build_object('a', secret_note)"),
  refused('E08 RETURNING a hidden column of the joined table', "update comments set text = 'x' from profiles p returning p.password"),
  refused('E08 DELETE … RETURNING a hidden column', 'delete from articles where id = 1 returning secret_note'),
  rows('E27 count of a join of all with all', 'select count(*)::text from articles a, articles b', [['4']]),
  rows('E27 every, over everybody’s rows', "select every(tenant_id = 't1')::text from comments", [['true']]),
  rows('E27 min and max of keys', 'select min(id)::text, max(id)::text from comments', [['1', '1']]),
  rows('E27 a percentile', 'select max(views)::text from articles having count(*) < 100', [['7']]),
  rows(
    'E27 JSON of all rows under two names',
    'select count(*)::text from (select a.id from articles a union all select b.id from articles b) x',
    [['4']],
  ),
  refused('E27 an aggregate with a hidden column in its ORDER BY', 'select string_agg(title, $1 order by secret_score) from articles', [
    ',',
  ]),
  refused('E27 an aggregate over DISTINCT hidden values', 'select count(distinct secret_note) from articles'),
  refused('E27 a filter on a hidden table', 'select count(*) filter (where exists (select from secrets)) from articles'),
  refused('E13 the count of an owner’s view', 'select count(*) from all_articles'),
  refused('E13 an owner’s view in EXISTS', 'select 1 where exists (select from secret_view)'),
  refused('E13 an owner’s view in INSERT … SELECT', 'insert into inbox (text) select value from secret_view'),
  refused('E13 a delete through an owner’s view', 'delete from all_articles where id = 3'),
  refused('E13 a SECURITY DEFINER function in WHERE', 'select id from articles where definer_secret() is not null'),
  refused('E13 a SECURITY DEFINER function in a forced place', 'insert into inbox (text) values (definer_secret())'),
  refused('E13 a SECURITY DEFINER function in RETURNING', "update comments set text = 'x' returning definer_secret()"),
  refused('E13 a SECURITY DEFINER function in LIMIT', 'select id from articles limit length(definer_secret())'),
  refused('E13 a SECURITY DEFINER set as a table', 'select * from rows from (pg_temp_like()) x'),
  refused('E13 a lateral SECURITY DEFINER set', 'select x.* from articles a, lateral pg_temp_like() x'),
  {
    name: 'E12 a setting and a read in one statement',
    sql: "select set_config('app.tenant', 't2', true), title from articles where tenant_id = 't2'",
    expects: 'holds',
  },
  {
    name: 'E12 a setting in a CTE before the read',
    sql: "with x as (select set_config('cloister.tenant', 't2', false)) select title from articles, x",
    expects: 'holds',
  },
  refused('E12 a setting in the columns of an insert', "insert into inbox (text) values (set_config('role', 'postgres', false))"),
  refusedByAdmission('E21 RESET ALL', 'reset all'),
  refusedByAdmission('E21 RESET SESSION AUTHORIZATION', 'reset session authorization'),
  refusedByAdmission('E21 SET LOCAL', 'set local row_security = off'),
  refused('E21 SET ROLE NONE and a read', 'set role none; select * from secrets'),
  refused('E21 another role in a DO block', 'do $$ begin set local role postgres; perform * from secrets; end $$'),
  refused('E26 an error that would carry a hidden value', 'select (select value from secrets limit 1)::int'),
  refused('E26 an error in a constraint that would carry the row', 'update comments set tenant_id = null where id = 1'),
  rows('E26 an error on rows that are not one’s own never comes', 'select id::text from articles where 1 / (id - 3) < 9 order by id', two),
  rows(
    'E26 nor in a computed column',
    "select id::text from articles where (case when tenant_id = 't2' then 1 / (id - id) else 1 end) = 1 order by id",
    two,
  ),
];
