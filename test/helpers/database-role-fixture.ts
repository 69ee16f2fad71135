// The tables, the grant and the attacks that both walls are tried with, each alone. Must never hold logic.
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';

export const roleGrant: DatabaseGrant = {
  tables: {
    articles: { read: true, create: true },
    drafts: { update: true },
    trash: { delete: true },
    inbox: { create: true },
    'sales.orders': { read: true },
  },
};

export const roleSql = `
  create schema sales; create schema closed;
  create table articles (id serial primary key, title text);
  create table drafts (id int, a text); create table trash (id int); create table inbox (id serial, a text);
  create table sales.orders (id int); create table sales.invoices (id int); create table closed.things (id int);
  create table secret (id int, value text);
  create view secret_view as select * from secret;
  create materialized view secret_copy as select * from secret;
  create sequence lonely;
  insert into articles (title) values ('one'); insert into secret values (1, 'canary'); insert into drafts values (1, 'x'); insert into trash values (1);
  create function definer_secret() returns text language sql security definer as $$ select value from secret $$;
  create function computed(articles) returns text language sql security definer as $$ select value from secret $$;
  create function lower(integer) returns text language sql security definer as $$ select value from secret $$;
  revoke execute on function definer_secret() from public;
`;

/** SQLSTATE 42501 is «permission denied», 25006 and 0A000 and the like are as good where the server says no in other words. */
export const attacks: readonly (readonly [name: string, sql: string, sqlState: string])[] = [
  ['a table that is not granted', 'select * from secret', '42501'],
  ['a table of a schema it may use', 'select * from sales.invoices', '42501'],
  ['a table of a schema it may not use', 'select * from closed.things', '42501'],
  ['a view on it', 'select * from secret_view', '42501'],
  ['a materialized view on it', 'select * from secret_copy', '42501'],
  ['a join with it', 'select * from articles, secret', '42501'],
  ['a CTE on it', 'with x as (select * from secret) select * from x', '42501'],
  ['a CTE that deletes from it', 'with x as (delete from secret returning *) select * from x', '42501'],
  ['INSERT … SELECT from it', 'insert into inbox (a) select value from secret', '42501'],
  ['an update of what may be read', 'update articles set title = null', '42501'],
  ['a delete of what may be read', 'delete from articles', '42501'],
  ['a read of what may be updated', 'select * from drafts', '42501'],
  ['UPDATE … RETURNING without read', 'update drafts set a = null returning a', '42501'],
  ['UPDATE with WHERE without read', 'update drafts set a = null where id = 1', '42501'],
  ['DELETE with WHERE without read', 'delete from trash where id = 1', '42501'],
  ['INSERT … RETURNING without read', "insert into inbox (a) values ('x') returning a", '42501'],
  ['FOR UPDATE without update', 'select * from articles for update', '42501'],
  ['LOCK TABLE', 'lock table secret', '25P01'],
  ['TRUNCATE', 'truncate articles', '42501'],
  ['ALTER TABLE', 'alter table articles add x int', '42501'],
  ['DROP TABLE', 'drop table articles', '42501'],
  ['CREATE TABLE', 'create table public.x (a int)', '42501'],
  ['CREATE SCHEMA', 'create schema x', '42501'],
  ['CREATE FUNCTION', 'create function public.f() returns int language sql as $$ select 1 $$', '42501'],
  ['CREATE EXTENSION', 'create extension dblink', '42501'],
  ['CREATE ROLE', 'create role x', '42501'],
  ['CREATE DATABASE', 'create database x', '42501'],
  ['GRANT', 'grant all on secret to public', '42501'],
  ['ALTER ROLE of itself to superuser', 'alter role current_user superuser', '42501'],
  ['ALTER SYSTEM', "alter system set work_mem = '1GB'", '42501'],
  ['SET ROLE', 'set role postgres', '42501'],
  ['SET SESSION AUTHORIZATION', 'set session authorization postgres', '42501'],
  ['row security switched off', 'select set_config($1, $2, false) from secret', '42501'],
  ['COPY TO PROGRAM', "copy articles to program 'id'", '42501'],
  ['COPY FROM a file', "copy inbox from '/etc/passwd'", '42501'],
  ['COPY of a hidden table', 'copy secret to stdout', '42501'],
  ['a server file', "select pg_read_file('/etc/passwd')", '42501'],
  ['a directory', "select pg_ls_dir('.')", '42501'],
  ['the passwords', 'select * from pg_authid', '42501'],
  ['lo_import', "select lo_import('/etc/passwd')", '42501'],
  ['a sequence that is not its own', "select nextval('lonely')", '42501'],
  ['setval on its own', "select setval('articles_id_seq', 1)", '42501'],
  ['a SECURITY DEFINER function that PUBLIC may not execute', 'select definer_secret()', '42501'],
  ['another backend', 'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', '42501'],
  ['query_to_xml on a hidden table', "select query_to_xml('select * from secret', true, true, '')", '42501'],
  ['DO', 'do $$ begin perform * from secret; end $$', '42501'],
  ['two statements', 'select 1; select * from secret', '42601'],
  ['two statements without a table', 'select 1; select 2', '42601'],
  ['temporary files beyond measure', 'set temp_file_limit = -1', '42501'],
];
