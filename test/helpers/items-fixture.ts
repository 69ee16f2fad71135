// Tables and rows for ItemsService: a shop with relations of every kind, and every type of field. Must never hold a test.
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';

const all = { read: true, create: true, update: true, delete: true } as const;

export const itemsGrant: DatabaseGrant = {
  tables: { authors: all, articles: all, comments: all, tags: all, articles_tags: all, kinds: all, profile: all, 'shop.orders': all },
};

export const itemsSetUp = `
  create schema shop;
  create type mood as enum ('happy', 'sad');
  create table authors (id serial primary key, name text not null, born date, boss int references authors on delete set null, country varchar(2));
  create table articles (id serial primary key, title varchar(40) unique, status text not null default 'draft', views int default 0, price numeric(10, 2), published timestamptz, written timestamp,
    author int references authors on delete set null, meta jsonb, labels jsonb, big int8, featured bool default false, code uuid);
  create table comments (id serial primary key, article int not null references articles on delete cascade, writer int references authors, body text, score float8, at time);
  create table tags (id text primary key, label text);
  create table articles_tags (id serial primary key, article int references articles on delete cascade, tag text references tags on delete cascade, weight int default 1);
  create table kinds (id uuid primary key default gen_random_uuid(), a_bool bool, a_int2 int2, a_int8 int8, a_float8 float8, a_numeric numeric, a_text text, a_char char(3), a_bytea bytea, a_date date, a_time time,
    a_ts timestamp, a_tstz timestamptz, a_json json, a_jsonb jsonb, a_mood mood, ints int[], texts text[], a_doubled int generated always as (a_int2 * 2) stored, a_range int4range);
  create table profile (id serial primary key, headline text not null default 'none yet', hits int default 5, since timestamptz default now());
  create table shop.orders (id bigserial primary key, total numeric(10, 2) check (total >= 0), buyer int references authors, "Mixed Case" text, "order" int);
`;

export const itemsSeed = `
  truncate authors, articles, comments, tags, articles_tags, kinds, profile, shop.orders restart identity cascade;
  insert into authors (name, born, boss, country) values ('Ada', '1815-12-10', null, 'gb'), ('Bob', '1970-01-31', 1, 'de'), ('Cyd', null, 1, null), ('100% Dora_', '2000-02-29', 2, 'de');
  insert into articles (title, status, views, price, published, written, author, meta, labels, big, featured, code)
    select 'Title ' || n, (array['draft', 'published', 'archived'])[1 + n % 3], case when n = 7 then null else n * 10 end, n * 1.25,
      case when n % 4 = 0 then null else '2024-01-01 22:30:00+00'::timestamptz + (n * 26) * interval '1 hour' end, '2023-12-31 23:59:58.5'::timestamp + n * interval '1 day',
      case when n % 5 = 0 then null else 1 + n % 3 end, case when n % 6 = 0 then null else jsonb_build_object('n', n, 's', 'v' || n, 'b', n % 2 = 0, 'deep', jsonb_build_object('list', jsonb_build_array(n, n + 1))) end,
      case when n % 2 = 0 then '["a", "b"]'::jsonb when n = 3 then '[]'::jsonb end, 9007199254740990 + n, n % 2 = 1, ('00000000-0000-4000-8000-0000000000' || lpad(n::text, 2, '0'))::uuid
    from generate_series(1, 12) n;
  insert into comments (article, writer, body, score, at) select 1 + n % 8, case when n % 3 = 0 then null else 1 + n % 4 end, case when n % 7 = 0 then '' when n % 11 = 0 then null else 'Body ' || n end, n / 4.0, ('10:00:00'::time + n * interval '7 minutes 13 seconds')
    from generate_series(1, 30) n;
  insert into tags values ('red', 'Red'), ('green', 'Green'), ('blue', null);
  insert into articles_tags (article, tag, weight) values (1, 'red', 1), (1, 'green', 2), (2, 'red', 3), (3, 'blue', 4), (3, 'red', 5), (4, null, 6);
  insert into kinds (id, a_bool, a_int2, a_int8, a_float8, a_numeric, a_text, a_char, a_bytea, a_date, a_time, a_ts, a_tstz, a_json, a_jsonb, a_mood, ints, texts, a_range) values
    ('11111111-1111-4111-8111-111111111111', true, -3, 9223372036854775807, 1.5, 12345678901234567890.12, 'é"q" \\ x', 'ab', '\\x00ff10', '2024-02-29', '12:34:56.789', '2024-02-29 12:34:56.789', '2024-02-29 12:34:56.789+02', '{"a": [1, null]}', '"plain"', 'happy', '{1,null,3}', '{"a","b,c"}', '[1,5)'),
    ('22222222-2222-4222-8222-222222222222', null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
  insert into shop.orders (total, buyer, "Mixed Case", "order") values (10.50, 1, 'x', 1), (0, 2, 'Y', 2), (99.99, null, null, 3);
`;

/** All rows of all tables, to compare what two roads have made of them. */
export const itemsTables = ['authors', 'articles', 'comments', 'tags', 'articles_tags', 'profile', 'shop.orders'] as const;
