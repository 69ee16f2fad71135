// The first wall alone: statements, functions, types and syntax that no grant of tables lets pass. Must never touch a server.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Judge, openJudge } from '../../../../test/helpers/database-admission.ts';

const lines = (text: string): readonly string[] => text.trim().split(/\n\s*/);
const words = (text: string): readonly string[] => text.split(/\s+/);

let judge: Judge;
before(async () => {
  judge = await openJudge();
});

const refused: readonly (readonly [name: string, sql: string, rule: string])[] = [
  // Statements.
  ['two statements', 'select 1; select 2', 'database.statement.single'],
  ['two statements, one empty looking', 'select 1;; select 2', 'database.statement.single'],
  ['no statement', '   ', 'database.statement.single'],
  ['a comment only', '-- nothing', 'database.statement.single'],
  ['SELECT INTO', 'select * into copy from articles', 'database.statement.into'],
  ['a syntax error', 'selec 1', 'database.syntax'],
  ['a NUL in the text', 'select * from articles\0 where id = 1', 'database.syntax'],
  ['half a surrogate pair', "select '\ud800' from articles", 'database.syntax'],
  ['a table without a schema', 'create table x (a int)', 'database.ddl.schema'],
  ['a temporary table', 'create temp table x (a int)', 'database.ddl.form'],
  ['dropping a table without a schema', 'drop table articles', 'database.ddl.schema'],
  ['changing a table without a schema', 'alter table articles add x int', 'database.ddl.schema'],
  ['a table of its own without ddl', 'create table ext_a.x (a int)', 'database.ddl'],
  ...lines(`
    create table x as select 1
    truncate articles
    create function f() returns int language sql as $$ select 1 $$
    do $$ begin perform 1; end $$
    call f()
    copy articles to stdout
    copy articles to program 'id'
    copy articles from stdin
    set statement_timeout = 0
    set local role postgres
    reset role
    reset all
    set session authorization postgres
    show all
    begin
    commit
    rollback
    savepoint a
    prepare p as select 1
    execute p
    deallocate all
    discard all
    declare c cursor for select 1
    fetch 1 from c
    listen x
    notify x, 'y'
    lock table articles
    explain select 1
    explain analyze delete from articles
    vacuum
    analyze articles
    grant all on articles to public
    revoke all on articles from public
    create role x
    comment on table articles is 'x'
    merge into articles using authors on true when matched then delete
    load 'x'
    refresh materialized view articles
    create view v as select 1
    create extension dblink
    checkpoint
    reindex table articles
    security label on table articles is 'x'
    import foreign schema x from server y into public
    create policy p on articles
    alter system set a = 1
    alter role postgres superuser
  `).map((sql) => [`the statement «${sql}»`, sql, 'database.statement.kind'] as const),

  // Functions.
  ...words(
    'set_config current_setting pg_sleep pg_sleep_for pg_read_file pg_ls_dir lo_create lo_import lo_export query_to_xml table_to_xml dblink nextval currval setval lastval pg_advisory_lock pg_advisory_xact_lock pg_try_advisory_lock pg_terminate_backend pg_cancel_backend pg_notify generate_series repeat lpad rpad format array_fill ts_stat ts_rewrite version pg_backend_pid inet_server_addr has_table_privilege pg_get_viewdef pg_get_functiondef obj_description col_description to_regclass regclass txid_current pg_export_snapshot pg_relation_size pg_stat_file xpath_table pg_typeof pg_describe_object json_populate_record pg_logical_emit_message setseed pg_database_size current_schemas quote_ident own_function',
  ).map((name) => [`the function ${name}`, `select ${name}(1)`, `database.functions.${name}`] as const),
  ['a function in FROM', 'select * from pg_ls_dir($1)', 'database.functions.pg_ls_dir'],
  ['a function in ROWS FROM', 'select * from rows from (generate_series(1, 2), unnest($1))', 'database.functions.generate_series'],
  ['a function in DEFAULT position', 'insert into inbox (a) values (pg_sleep(1))', 'database.functions.pg_sleep'],
  [
    'a function in an index expression of ON CONFLICT',
    'insert into articles (title) values ($1) on conflict (f(title)) do nothing',
    'database.functions.f',
  ],
  ['a function with its catalog schema', 'select pg_catalog.set_config($1, $2, false)', 'database.functions.set_config'],
  ['a safe name of another schema', 'select evil.lower($1)', 'database.functions.evil.lower'],
  ['a safe name of schema public', 'select public.lower($1)', 'database.functions.public.lower'],
  ['a function granted in another schema', 'select total($1)', 'database.functions.total'],
  ['a function name in capitals', 'select "LOWER"($1)', 'database.functions.LOWER'],
  ['a function as window function', 'select evil() over () from articles', 'database.functions.evil'],
  ['a function with VARIADIC', 'select evil(variadic $1)', 'database.functions.evil'],
  ['a function with named arguments', 'select evil(a => 1)', 'database.functions.evil'],
  ['COLLATION FOR', 'select collation for (title) from articles', 'database.functions.pg_collation_for'],
  ...words('current_user session_user user current_role current_catalog current_schema').map(
    (word) => [`the word ${word}`, `select ${word}`, 'database.functions'] as const,
  ),
  ['the word system_user', 'select system_user', 'database.functions.system_user'],
  ['a function by attribute notation in parentheses', "select ('x').pg_sleep", 'database.syntax'],
  ['fields of a row in parentheses', 'select (articles).* from articles', 'database.syntax'],

  // Catalog.
  ...words(
    'pg_class pg_catalog.pg_class pg_user pg_stat_activity information_schema.tables pg_toast.pg_toast_1 pg_temp.x public.pg_class pg_shadow pg_roles',
  ).map((name) => [`the catalog relation ${name}`, `select * from ${name}`, 'database.catalog'] as const),
  ['a name with a database', 'select * from db.public.articles', 'database.syntax'],
  ['a column with a database', 'select db.public.articles.id from articles', 'database.syntax'],

  // Types.
  ...words(
    'regclass regproc regprocedure regtype regrole regnamespace regoper regoperator regconfig regdictionary regcollation aclitem refcursor xml secret',
  ).map((name) => [`a cast to ${name}`, `select $1::${name}`, `database.types.${name}`] as const),
  ['a cast to an array of a forbidden type', 'select $1::regclass[]', 'database.types.regclass'],
  ['a cast by CAST', 'select cast($1 as regclass)', 'database.types.regclass'],
  ['a cast by a typed literal', "select regclass 'secret'", 'database.types.regclass'],
  ['a cast with a schema', 'select $1::pg_catalog.regclass', 'database.types.regclass'],
  ['a safe type name of another schema', 'select $1::evil.text', 'database.types.text'],
  ['a row type', 'select row_to_json(null::secret)', 'database.types.secret'],
  ['a forbidden type in a column list', 'select * from jsonb_to_record($1) as x(a regclass)', 'database.types.regclass'],

  // Syntax nobody judged.
  ['TABLESAMPLE', 'select * from articles tablesample system (1)', 'database.syntax'],
  ['XMLTABLE', "select * from xmltable('/a' passing $1 columns x int)", 'database.syntax'],
  ['XMLELEMENT', 'select xmlelement(name a)', 'database.syntax'],
  ['JSON_TABLE', "select * from json_table($1, '$' columns (a int path '$.a'))", 'database.syntax'],
  ['CURRENT OF', 'update articles set title = $1 where current of c', 'database.syntax'],
  [
    'SEARCH in a CTE',
    'with recursive a as (select 1 as x union all select 2 from a) search depth first by x set o select * from a',
    'database.syntax',
  ],
  ['an operator with a schema', 'select 1 operator(evil.+) 2', 'database.syntax'],
  ['an operator with a schema in ORDER BY', 'select * from articles order by id using operator(evil.<)', 'database.syntax'],
];

describe('admission refuses statements, functions, types and syntax', () => {
  for (const [name, sql, rule] of refused) {
    test(name, () => {
      const decision = judge.decide(sql);
      assert.equal(decision.allow, false);
      assert.equal(decision.rule, rule);
    });
  }
});
