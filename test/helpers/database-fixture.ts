// The tables and the grant that the database tests run on. Must never hold logic.
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';

export const allOperations = { read: true, create: true, update: true, delete: true } as const;
export const fixtureGrant: DatabaseGrant = {
  tables: {
    articles: allOperations,
    comments: { create: true },
    'sales.orders': { read: true },
    numbers: { read: true },
    slow: { read: true },
    checked: allOperations,
    triggered: allOperations,
  },
  maxRows: 20,
  statementMs: 1_500,
};

export const fixtureSql = `
  create schema sales;
  create table authors (id int primary key, name text);
  create table articles (id serial primary key, title text unique, views int check (views >= 0), author_id int references authors, body bytea);
  create table comments (id serial primary key, article_id int references articles);
  create table secret (id serial primary key, value text);
  create table sales.orders (id int);
  create table numbers as select generate_series(1, 100000) n;
  create view slow as select pg_sleep(30)::text as x;
  create table checked (id int, a int, hidden text, constraint a_positive check (a > 0));
  create table triggered (a text);
  create function refuse() returns trigger language plpgsql as $$ begin raise exception 'canary %', new.a; end $$;
  create trigger refuse before insert on triggered for each row execute function refuse();
  insert into authors values (1, 'Ada');
  insert into secret (value) values ('canary');
  insert into articles (title, views) select 'title ' || n, n from generate_series(1, 20) n;
`;
