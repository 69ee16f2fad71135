// Plain Knex and the guest's Knex on one server with one set of rows. Must never compare anything itself.
import knexFactory, { type Knex } from 'knex';
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';
import { makeGuest } from '../../src/capabilities/database/guest.ts';
import { openDatabaseHarness } from './database-harness.ts';

const all = { read: true, create: true, update: true, delete: true } as const;
export const knexGrant: DatabaseGrant = { tables: { articles: all, authors: all, kinds: all, 'sales.orders': all } };

export const knexSetUp = `
  create schema sales;
  create table authors (id serial primary key, name text not null);
  create table articles (id serial primary key, title text unique, status text default 'draft', views int default 0, author_id int references authors, meta jsonb, tags text[]);
  create table sales.orders (id int primary key, total numeric(10, 2));
  create type mood as enum ('happy', 'sad');
  create domain positive as int check (value > 0);
  create table kinds (id int primary key, a_bool bool, a_int2 int2, a_int4 int4, a_int8 int8, a_float4 float4, a_float8 float8, a_numeric numeric, a_money money, a_text text, a_varchar varchar(20),
    a_char char(5), a_bytea bytea, a_date date, a_time time, a_timetz timetz, a_ts timestamp, a_tstz timestamptz, an_interval interval, a_uuid uuid, a_json json, a_jsonb jsonb, a_bit bit(3), a_varbit varbit,
    an_inet inet, a_cidr cidr, a_mac macaddr, a_point point, a_circle circle, a_box box, a_path path, a_tsvector tsvector, an_int4range int4range, a_numrange numrange, a_tstzrange tstzrange,
    ints int[], bigs int8[], texts text[], bools bool[], floats float8[], numerics numeric[], dates date[], stamps timestamptz[], byteas bytea[], jsons jsonb[], uuids uuid[], points point[], intervals interval[],
    nested int[][], a_mood mood, moods mood[], a_domain positive, an_oid oid, a_name name);
`;

export const knexSeed = `
  truncate authors, articles, sales.orders, kinds restart identity;
  insert into authors (name) values ('Ada'), ('Bob');
  insert into articles (title, status, views, author_id, meta, tags) select 'title ' || n, case when n % 2 = 0 then 'published' else 'draft' end, n * 10, 1 + n % 2,
    jsonb_build_object('n', n, 'deep', jsonb_build_object('x', array[n, null])), array['t' || n, 'quote " comma , brace }'] from generate_series(1, 8) n;
  insert into sales.orders values (1, 12.50), (2, 100);
  insert into kinds values (1, true, -32768, 2147483647, 9223372036854775807, 1.5, 1e300, 123456789012345678901234567890.123, 12.34, 'é\\U0001F600 "quoted"', 'short', 'ab', '\\x00ff10', '2024-02-29', '12:34:56.789', '12:34:56+02',
    '2024-02-29 12:34:56.789', '2024-02-29 12:34:56.789012+00', '1 year 2 mons 3 days 04:05:06.789', '6f9619ff-8b86-d011-b42d-00cf4fc964ff', '{"a": [1, null, "x"]}', '{"b": {"c": true}}', b'101', b'10101', '10.0.0.1/8', '10.0.0.0/8',
    '08:00:2b:01:02:03', '(1.5,-2)', '<(1,2),3>', '((0,0),(1,1))', '((0,0),(1,1),(2,0))', to_tsvector('simple', 'a fat cat'), '[1,5)', '(1.5,2.5]', '[2024-01-01 00:00+00,)', '{1,null,3}', '{9007199254740993,-1}',
    '{"a","b,c","d\\"e",null,"",NULL,"NULL"}', '{t,f,null}', '{1.5,NaN,Infinity}', '{1.10,2}', '{2024-01-01,null}', '{"2024-01-01 00:00:00+00"}', '{"\\\\x00ff",null}', '{"{\\"a\\": 1}",null}',
    '{6f9619ff-8b86-d011-b42d-00cf4fc964ff}', '{"(1,2)"}', '{"1 day",null}', '{{1,2},{3,4}}', 'happy', '{happy,sad}', 7, 4294967295, 'a_name');
  insert into kinds (id) values (2);
  insert into kinds (id, a_date, a_ts, a_tstz, a_float8, a_int8, a_text, ints, a_json, an_interval) values (3, '0044-03-15 BC', 'infinity', '-infinity', 'NaN', -1, '', '{}', 'null', '-1 days +02:03:04');
`.replaceAll('\\U0001F600', '\u{1F600}');

/** Of `kinds`, but for its id. */
export const kindsColumns: readonly string[] =
  `a_bool a_int2 a_int4 a_int8 a_float4 a_float8 a_numeric a_money a_text a_varchar a_char a_bytea a_date a_time a_timetz
  a_ts a_tstz an_interval a_uuid a_json a_jsonb a_bit a_varbit an_inet a_cidr a_mac a_point a_circle a_box a_path
  a_tsvector an_int4range a_numrange a_tstzrange ints bigs texts bools floats numerics dates stamps byteas jsons uuids
  points intervals nested a_mood moods a_domain an_oid a_name`.split(/\s+/);

export interface KnexPair {
  readonly plain: Knex;
  readonly guest: Knex;
  /** One more guest, of an extension of its own. */
  openGuest(id: string): Promise<Knex>;
  /** Puts the rows back to what they were. */
  reseed(): Promise<void>;
  /** All rows of all tables. */
  contents(): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

export const openKnexPair = async (): Promise<KnexPair> => {
  const harness = await openDatabaseHarness(knexSetUp);
  const plain = knexFactory({ client: 'pg', connection: harness.url, pool: { min: 0, max: 2 } });
  const openGuest = async (id: string): Promise<Knex> => makeGuest((await harness.open(knexGrant, { id })).bridge) as Knex;
  const reseed = async (): Promise<void> => {
    await harness.admin.query(knexSeed);
  };
  await reseed();
  return {
    plain,
    guest: await openGuest('guest'),
    openGuest,
    reseed,
    contents: () =>
      Promise.all(
        ['authors', 'articles', 'sales.orders', 'kinds'].map(
          async (name) => (await harness.admin.query(`select * from ${name} order by id`)).rows,
        ),
      ),
    async close() {
      await plain.destroy();
      await harness.close();
    },
  };
};
