// The first wall alone: tables that were not granted, wherever they stand and whatever is done to them. Must never touch a server.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Judge, openJudge } from '../../../../test/helpers/database-admission.ts';
import { makeDatabasePolicy } from '../policy.ts';

let judge: Judge;
before(async () => {
  judge = await openJudge();
});

const table = (name: string, operation = 'read'): string => `database.tables.${name}.${operation}`;

const refused: readonly (readonly [name: string, sql: string, rule: string])[] = [
  // Tables, wherever they stand.
  ['a table that is not granted', 'select * from secret', table('secret')],
  ['a table granted with nothing', 'select * from nothing', table('nothing')],
  ['the table command', 'table secret', table('secret')],
  ['a join', 'select * from articles join secret on true', table('secret')],
  ['a cross join by comma', 'select * from articles, secret', table('secret')],
  ['a nested join', 'select * from (articles a join (authors b join secret c on true) on true)', table('secret')],
  ['a sub-query in FROM', 'select * from (select * from secret) x', table('secret')],
  ['a lateral sub-query', 'select * from articles, lateral (select * from secret) x', table('secret')],
  ['a sub-query in WHERE', 'select * from articles where id in (select id from secret)', table('secret')],
  ['EXISTS', 'select 1 where exists (select from secret)', table('secret')],
  ['ARRAY of a sub-query', 'select array(select id from secret)', table('secret')],
  ['a sub-query among the columns', 'select (select max(x) from secret)', table('secret')],
  ['a sub-query in ORDER BY', 'select * from articles order by (select x from secret)', table('secret')],
  ['a sub-query in LIMIT', 'select * from articles limit (select count(*) from secret)', table('secret')],
  ['a sub-query in OFFSET', 'select * from articles offset (select count(*) from secret)', table('secret')],
  ['a sub-query in GROUP BY', 'select 1 from articles group by (select x from secret)', table('secret')],
  ['a sub-query in HAVING', 'select 1 from articles having (select true from secret)', table('secret')],
  ['a sub-query in a window', 'select sum(1) over (order by (select x from secret)) from articles', table('secret')],
  ['a sub-query in a frame bound', 'select sum(1) over (rows (select 1 from secret) preceding) from articles', table('secret')],
  ['a sub-query in FILTER', 'select count(*) filter (where (select true from secret)) from articles', table('secret')],
  ['a sub-query as a function argument', 'select lower((select x from secret))', table('secret')],
  ['a sub-query in CASE', 'select case when (select true from secret) then 1 end', table('secret')],
  ['a sub-query in VALUES', 'values ((select x from secret))', table('secret')],
  ['a sub-query in an array subscript', 'select tags[(select 1 from secret)] from articles', table('secret')],
  ['a sub-query in a JOIN condition', 'select * from articles a join authors b on (select true from secret)', table('secret')],
  ['a sub-query in a row comparison', 'select * from articles where (id, title) in (select a, b from secret)', table('secret')],
  ['the second arm of a union', 'select id from articles union select id from secret', table('secret')],
  ['an inner arm of nested unions', '(select 1 union (select 2 intersect select x from secret))', table('secret')],
  ['a CTE', 'with a as (select * from secret) select * from a', table('secret')],
  ['a CTE that reads the real table of its own name', 'with secret as (select * from secret) select * from secret', table('secret')],
  [
    'a CTE that reads the real table of a later one',
    'with a as (select * from secret), secret as (select 1) select * from a',
    table('secret'),
  ],
  ['a CTE that ends with its query', 'select * from (with secret as (select 1) select * from secret) a, secret', table('secret')],
  [
    'a CTE of one union arm seen in the other',
    '(with secret as (select 1) select * from secret) union all select * from secret',
    table('secret'),
  ],
  ['a CTE whose name hides nothing with a schema', 'with secret as (select 1) select * from public.secret', table('secret')],
  ['a CTE of another case', 'with "Secret" as (select 1) select * from secret', table('secret')],
  ['the target of a write behind a CTE of its name', 'with secret as (select 1) delete from secret', table('secret', 'delete')],
  ['INSERT … SELECT', 'insert into inbox (a) select x from secret', table('secret')],
  ['a sub-query in INSERT values', 'insert into inbox (a) values ((select x from secret))', table('secret')],
  [
    'a sub-query in ON CONFLICT',
    'insert into articles (title) values ($1) on conflict (title) do update set title = (select x from secret)',
    table('secret'),
  ],
  ['a sub-query in RETURNING', 'insert into articles (title) values ($1) returning (select x from secret)', table('secret')],
  ['UPDATE … FROM', 'update articles set title = s.x from secret s', table('secret')],
  ['a sub-query in SET', 'update articles set title = (select x from secret)', table('secret')],
  ['several columns SET from a sub-query', 'update articles set (title, views) = (select x, y from secret)', table('secret')],
  ['DELETE … USING', 'delete from articles using secret', table('secret')],
  ['a sub-query in FROM of ROWS FROM', 'select * from rows from (unnest(array(select x from secret)))', table('secret')],
  ['another schema', 'select * from other.articles', table('other.articles')],
  ['the public table where another schema is granted', 'select * from orders', table('orders')],
  ['another case', 'select * from "Articles"', table('Articles')],
  ['a name with a dot inside its quotes', 'select * from "public.articles"', table('public.articles')],
  ['a name with Unicode escapes', 'select * from U&"\\0073ecret"', table('secret')],
  ['a name that begins like a granted one', 'select * from articles_private', table('articles_private')],
  ['the beginning of a granted name', 'select * from article', table('article')],
  ['a look-alike name', 'select * from "аrticles"', table('аrticles')],
  ['ONLY', 'select * from only secret', table('secret')],

  // What is done to them.
  ['a read of what may only be inserted', 'select * from inbox', table('inbox')],
  ['an insert into what may only be read', 'insert into authors (name) values ($1)', table('authors', 'create')],
  ['an update of what may only be read', 'update authors set name = $1', table('authors', 'update')],
  ['a delete of what may only be read', 'delete from authors', table('authors', 'delete')],
  ['a write inside a CTE', 'with x as (update authors set name = $1 returning *) select * from x', table('authors', 'update')],
  ['RETURNING without read', 'insert into inbox (a) values ($1) returning a', table('inbox')],
  ['RETURNING * without read', 'insert into inbox (a) values ($1) returning *', table('inbox')],
  ['UPDATE with WHERE without read', 'update drafts set a = $1 where b = $2', table('drafts')],
  ['UPDATE from the old value without read', 'update drafts set a = a + 1', table('drafts')],
  ['DELETE with WHERE without read', 'delete from trash where a = $1', table('trash')],
  ['ON CONFLICT with a target without read', 'insert into counters (n) values ($1) on conflict (n) do nothing', table('counters')],
  [
    'ON CONFLICT ON CONSTRAINT without read',
    'insert into counters (n) values ($1) on conflict on constraint c do nothing',
    table('counters'),
  ],
  ['ON CONFLICT DO UPDATE without update', 'insert into inbox (a) values ($1) on conflict do update set a = $2', table('inbox', 'update')],
  ['FOR UPDATE without update', 'select * from authors for update', table('authors', 'update')],
  ['FOR KEY SHARE without update', 'select * from authors for key share', table('authors', 'update')],
  ['FOR UPDATE of a join', 'select * from stock s join authors a on true for update', table('authors', 'update')],
  ['FOR UPDATE OF an alias', 'select * from stock s join authors a on true for update of a', table('authors', 'update')],
  ['FOR UPDATE of what a sub-query reads', 'select * from (select * from authors) x for update', table('authors', 'update')],
];

describe('admission refuses tables', () => {
  for (const [name, sql, rule] of refused) {
    test(name, () => {
      const decision = judge.decide(sql);
      assert.equal(decision.allow, false);
      assert.equal(decision.rule, rule);
    });
  }
  test('a method that there is not', () => assert.equal(judge.policy('drop', {}).allow, false));
  test('everything under an empty list of tables', () => {
    const empty = makeDatabasePolicy({ tables: {} }, judge.analyse);
    for (const sql of ['select * from articles', 'delete from articles', 'table articles'])
      assert.equal(empty('query', { sql, bindings: [] }).allow, false);
  });
  test('with a reason that names table and operation', () => {
    const decision = judge.decide('delete from authors');
    assert.match(decision.allow ? '' : decision.reason, /delete on the table authors/);
  });
});
