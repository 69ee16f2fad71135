// The first wall alone: the sentences of SQL that a grant lets pass. Must never touch a server: the tree alone decides.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Judge, openJudge } from '../../../../test/helpers/database-admission.ts';

let judge: Judge;
before(async () => {
  judge = await openJudge();
});

const allowed: readonly (readonly [name: string, sql: string])[] = [
  ['a plain read', 'select * from "articles" where "id" = $1'],
  ['columns, order, limit and offset', 'select "id", "title" from "articles" order by "id" desc nulls last limit $1 offset $2'],
  ['the table command', 'table articles'],
  ['a schema-qualified name', 'select * from public.articles'],
  ['a table of another schema that is granted', 'select * from "sales"."orders"'],
  ['a name with capitals and a space, quoted', 'select * from "Mixed Case"'],
  ['no table at all', 'select 1 as one'],
  ['a join', 'select * from articles a inner join authors on authors.id = a.author_id left join sales.orders using (id)'],
  ['a lateral sub-query', 'select * from authors, lateral (select * from articles where articles.author_id = authors.id limit 3) last'],
  ['a sub-query in WHERE', 'select * from articles where author_id in (select id from authors)'],
  ['EXISTS', 'select * from articles where exists (select 1 from authors where authors.id = articles.author_id)'],
  ['a scalar sub-query', 'select (select count(*) from articles) as n'],
  ['a union', 'select id from articles union all select id from authors except select id from sales.orders'],
  ['a CTE', 'with a as (select * from articles), b as (select * from a) select * from b'],
  ['a recursive CTE', 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) select * from n'],
  ['a CTE named like a forbidden table', 'with secret as (select 1 as x) select * from secret'],
  ['a CTE that later ones in RECURSIVE refer to', 'with recursive a as (select * from b), b as (select 1) select * from a'],
  ['a CTE that writes', 'with gone as (delete from articles where id = $1 returning *) select * from gone'],
  [
    'aggregates with FILTER and ORDER BY',
    "select count(*) filter (where x), string_agg(title, ',' order by id), sum(distinct views) from articles",
  ],
  [
    'window functions',
    'select row_number() over (partition by author_id order by id), lag(views) over w from articles window w as (order by id)',
  ],
  ['GROUP BY, HAVING, GROUPING SETS', 'select author_id, count(*) from articles group by rollup(author_id) having count(*) > 1'],
  ['ordered-set aggregates', 'select percentile_cont(0.5) within group (order by views) from articles'],
  ['DISTINCT and DISTINCT ON', 'select distinct on (author_id) * from articles'],
  [
    'string, number, date and JSON functions',
    "select lower(title), round(views / 3.0, 2), date_trunc('day', created), jsonb_set(meta, '{a}', '1'), to_char(created, 'YYYY') from articles",
  ],
  [
    'coalesce, nullif, greatest, case',
    'select coalesce(a, b), nullif(a, b), greatest(a, b), case when a > 1 then 1 else 0 end from articles',
  ],
  ['operators of JSON and arrays', "select meta->'a'->>'b', tags && array['x'], meta @> $1 from articles"],
  ['LIKE, ILIKE, SIMILAR TO, regex', "select * from articles where title ilike $1 or title similar to 'a%' or title ~* 'x'"],
  [
    'EXTRACT, AT TIME ZONE, TRIM, SUBSTRING, POSITION',
    "select extract(epoch from created), created at time zone 'utc', trim(title), substring(title from 1 for 2), position('a' in title) from articles",
  ],
  ['the clock', 'select now(), current_timestamp, current_timestamp(3), current_date, localtime, clock_timestamp()'],
  [
    'casts to ordinary types',
    "select $1::int, $2::uuid, $3::jsonb, cast($4 as varchar(10)), $5::text[], $6::numeric(10,2), interval '1 day', date '2024-01-01'",
  ],
  ['random order', 'select * from articles order by random()'],
  ['unnest and ANY', 'select * from unnest($1::int[]) with ordinality as x(id, n)'],
  ['JSON to rows with a column list', 'select * from jsonb_to_recordset($1::jsonb) as x(a int, b text)'],
  ['a function of the grant', 'select similarity(title, $1) from articles'],
  ['a function of the grant in its schema', 'select sales.total($1)'],
  ['a safe function with its schema', 'select pg_catalog.lower($1)'],
  ['FOR UPDATE where update is granted', 'select * from stock for update skip locked'],
  ['FOR SHARE OF one table of a join', 'select * from stock s join authors a on true for share of s'],
  ['an insert', 'insert into "articles" ("title", "views") values ($1, $2), ($3, DEFAULT)'],
  ['an insert without read', 'insert into inbox (a) values ($1)'],
  ['an insert of defaults', 'insert into inbox default values'],
  ['an insert from a query', 'insert into inbox (a) select title from articles'],
  ['an insert with RETURNING', 'insert into articles (title) values ($1) returning "id", articles.title'],
  ['ON CONFLICT DO NOTHING', 'insert into articles (title) values ($1) on conflict ("title") do nothing'],
  ['ON CONFLICT DO NOTHING without a target, without read', 'insert into counters (n) values ($1) on conflict do nothing'],
  [
    'ON CONFLICT DO UPDATE',
    'insert into articles (title) values ($1) on conflict ("title") do update set "title" = excluded."title" where articles.views < $2 returning *',
  ],
  ['an update', 'update "articles" set "title" = $1, views = views + 1 where "id" = $2 returning *'],
  ['an update of several columns at once', 'update articles set (title, views) = (select name, 1 from authors where id = $1)'],
  ['an update from another table', 'update articles set title = authors.name from authors where authors.id = articles.author_id'],
  ['an update without read, without WHERE', 'update drafts set a = $1'],
  ['a delete', 'delete from "articles" where "id" in ($1, $2)'],
  ['a delete using another table', 'delete from articles using authors where authors.id = articles.author_id'],
  ['a delete without read, without WHERE', 'delete from trash'],
  ['a table alias like another table', 'select secret.id from articles as secret'],
  ['comments', 'select /* secret */ * from articles -- from secret'],
  ['a string that looks like SQL', "select 'x; drop table articles' from articles"],
  ['a trailing semicolon', 'select 1;'],
];

describe('admission lets pass', () => {
  for (const [name, sql] of allowed) {
    test(name, () => {
      const decision = judge.decide(sql);
      assert.ok(decision.allow, decision.allow ? '' : decision.reason);
    });
  }
});
