// What a grant of columns, rules and forced values lets an extension do, through host and both walls. Must never assert a refusal alone: each has its twin that works.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { attackedGrant, attackedSeed, attackedSql, attacker } from '../../../../test/escape/database-fixture.ts';
import { codeOf, fails } from '../../../../test/helpers/database-checks.ts';
import { type DatabaseHarness, makeCaller, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import type { Caller } from '../../../bridge/capability.ts';
import type { Binding, QueryResult } from '../methods.ts';

let harness: DatabaseHarness;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(attackedSql);
  await harness.admin.query(attackedSeed);
  extension = await harness.open(attackedGrant);
});
beforeEach(() => harness.admin.query(attackedSeed));
after(() => harness.close());

const callerOf = (tenant: string, user: string | null): Caller => ({
  ...makeCaller(),
  tenant,
  accountability: user === null ? null : { user, role: 'author' },
});
const me = callerOf(attacker.tenant, 'u1');
const run = (sql: string, bindings: readonly Binding[] = [], caller = me): Promise<QueryResult> => extension.query(sql, bindings, caller);
const rowsOf = async (sql: string, bindings: readonly Binding[] = [], caller = me): Promise<unknown> =>
  (await run(sql, bindings, caller)).rows;
const stored = async (sql: string): Promise<unknown> => (await harness.admin.query({ text: sql, rowMode: 'array' })).rows;

describe('through both walls an extension reads', () => {
  const reads: readonly (readonly [name: string, sql: string, rows: unknown, bindings?: readonly Binding[]])[] = [
    ['its rows by key', 'select "title" from "articles" where "id" = $1', [['one']], [1]],
    ['its rows by a list', 'select "id" from "articles" where "id" in ($1, $2, $3) order by "id"', [['1'], ['2']], [1, 2, 3]],
    [
      'the granted columns by a star',
      'select * from "articles" where "id" = $1',
      [['1', 't1', 'u1', 'one', 'body', '5', 'published']],
      [1],
    ],
    [
      'a star of one table of a join',
      'select "comments".* from "articles" inner join "comments" on "comments"."article_id" = "articles"."id"',
      [['1', 't1', '1', 'hello']],
    ],
    ['both stars of a join', 'select p.*, o.* from profiles p join sales.orders o using (id)', [['1', 'Ada', '1', '10']]],
    ['counts', 'select count(*) as "n" from "articles"', [['2']]],
    [
      'sums by group',
      'select owner, sum(views) from articles group by owner order by owner',
      [
        ['u1', '5'],
        ['u2', '7'],
      ],
    ],
    ['with a sub-query', 'select title from articles where id in (select article_id from comments)', [['one']]],
    [
      'with a correlated sub-query',
      'select (select count(*) from comments c where c.article_id = a.id) from articles a order by a.id',
      [['1'], ['0']],
    ],
    [
      'with a CTE',
      'with "Mine Own" as (select id, title from articles where owner = $1) select "Mine Own"."title" from "Mine Own"',
      [['one']],
      ['u1'],
    ],
    ['a union', 'select title from articles union all select name from profiles order by 1', [['Ada'], ['Bob'], ['one'], ['two']]],
    [
      'with ILIKE, functions and CASE',
      "select case when lower(title) ilike $1 then 'y' else 'n' end from articles order by id",
      [['y'], ['n']],
      ['%ON%'],
    ],
    ['under a name with capitals', 'select "A b"."title" as "Ti tle" from "articles" as "A b" order by "A b"."id" limit 1', [['one']]],
    ['with its schema', 'select public.articles.title from public.articles where public.articles.id = 1', [['one']]],
    ['for update', 'select text from comments where id = 1 for update', [['hello']]],
    [
      'a window',
      'select id, row_number() over (order by id desc) from articles order by id',
      [
        ['1', '2'],
        ['2', '1'],
      ],
    ],
    ['ordered by a name of the result', 'select title as t from articles order by t desc limit 1', [['two']]],
  ];
  for (const [name, sql, expected, bindings = []] of reads) test(name, async () => assert.deepEqual(await rowsOf(sql, bindings), expected));

  test('what its caller may see, and another caller something else by the same text', async () => {
    const sql = 'select id from articles order by id';
    assert.deepEqual(await rowsOf(sql), [['1'], ['2']]);
    assert.deepEqual(await rowsOf(sql, [], callerOf('t2', null)), [['3'], ['4']]);
    assert.deepEqual(await rowsOf(sql, [], callerOf('t3', null)), []);
    assert.deepEqual(await rowsOf(sql), [['1'], ['2']]);
  });
});

describe('through both walls an extension writes', () => {
  test('a row with what is forced', async () => {
    assert.deepEqual(
      await rowsOf('insert into "articles" ("title", "owner") values ($1, $2) returning "id", "tenant_id", "status"', ['new', 'u1']),
      [['100', 't1', 'draft']],
    );
  });
  test('several rows at once', async () => {
    const result = await run('insert into "articles" ("owner", "title") values ($1, $2), ($3, $4)', ['u1', 'a', 'u1', 'b']);
    assert.deepEqual([result.command, result.rowCount, result.fields, result.rows], ['INSERT', 2, [], []]);
    assert.deepEqual(await stored("select tenant_id, status from articles where title in ('a', 'b')"), [
      ['t1', 'draft'],
      ['t1', 'draft'],
    ]);
  });
  test('rows from a query', async () => {
    await run("insert into articles (title, owner) select 'copy of ' || title, 'u1' from articles");
    assert.deepEqual(await stored("select title, tenant_id from articles where title like 'copy%' order by 1"), [
      ['copy of one', 't1'],
      ['copy of two', 't1'],
    ]);
  });
  test('a row of nothing but what is forced and defaults', async () => {
    await fails(run('insert into articles default values'), 'ERR_DATABASE_FAILED', { sqlState: '42501' });
  });
  test('an update of its own row, and the answer is what is granted', async () => {
    assert.deepEqual(await rowsOf('update "articles" set "title" = $1, "views" = "views" + 1 where "id" = $2 returning *', ['uno', 1]), [
      ['1', 't1', 'u1', 'uno', 'body', '6', 'published'],
    ]);
  });
  test('an update that keeps a column of the rule', async () => {
    const result = await run('update articles set owner = $1, title = $2 where id = 1', ['u1', 'uno']);
    assert.deepEqual([result.rowCount, result.fields, result.rows], [1, [], []]);
  });
  test('an upsert of its own row', async () => {
    const sql =
      'insert into "articles" ("owner", "title", "body") values ($1, $2, $3) on conflict ("title") do update set "body" = excluded."body" returning "id", "body"';
    assert.deepEqual(await rowsOf(sql, ['u1', 'one', 'new body']), [['1', 'new body']]);
  });
  test('a delete of its own row', async () => assert.equal((await run('delete from articles where id = $1', [1])).rowCount, 1));
  test('what it may only insert', async () => assert.equal((await run('insert into inbox (text) values ($1)', ['x'])).rowCount, 1));
  test('nothing where its caller has no user', async () => {
    const nobody = callerOf('t1', null);
    assert.equal((await run('update articles set title = $1 where id = 1', ['x'], nobody)).rowCount, 0);
    assert.equal((await run('delete from articles', [], nobody)).rowCount, 0);
    assert.equal(await codeOf(run('insert into articles (title, owner) values ($1, $2)', ['x', 'u1'], nobody)), '42501');
  });
  test('a row outside its rule is refused, and nothing of the statement stays', async () => {
    assert.equal(await codeOf(run('insert into comments (tenant_id, text) values ($1, $2), ($3, $4)', ['t1', 'a', 't2', 'b'])), '42501');
    assert.equal(await codeOf(run('update comments set tenant_id = $1', ['t2'])), '42501');
    assert.deepEqual(await stored('select count(*)::int from comments'), [[3]]);
  });
});

describe('one answer for what is hidden and what does not exist', () => {
  const pairs: readonly (readonly [name: string, hidden: string, absent: string])[] = [
    ['a table', 'select * from secrets', 'select * from nowhere'],
    ['a column', 'select secret_note from articles', 'select nothing_such from articles'],
    [
      'a column in WHERE of an update',
      'update articles set title = $1 where secret_note = $2',
      'update articles set title = $1 where nothing_such = $2',
    ],
    ['a column that is set', 'update articles set secret_note = $1', 'update articles set nothing_such = $1'],
    ['a column that is inserted', 'insert into articles (secret_note) values ($1)', 'insert into articles (nothing_such) values ($1)'],
    ['a column of RETURNING', 'delete from articles returning secret_note', 'delete from articles returning nothing_such'],
    ['a function', 'select definer_secret()', 'select nothing_such()'],
  ];
  const shapeOf = async (sql: string): Promise<unknown> =>
    run(
      sql,
      Array.from({ length: (sql.match(/\$\d/g) ?? []).length }, () => 'x'),
    ).then(
      () => 'done',
      (error: { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> }) =>
        JSON.stringify([error.code, error.message, error.details['rule']]).replaceAll(
          /secrets|nowhere|secret_note|nothing_such|definer_secret/g,
          '…',
        ),
    );
  for (const [name, hidden, absent] of pairs) test(name, async () => assert.equal(await shapeOf(hidden), await shapeOf(absent)));
});

describe('what one request may take', () => {
  test('so many statements', async () => {
    const { query } = await harness.open({ ...attackedGrant, callsPerRequest: 2 }, { id: 'calls' });
    const caller = callerOf('t1', 'u1');
    for (let count = 0; count < 2; count += 1) assert.equal(await codeOf(query('select 1', [], caller)), 'done');
    await fails(query('select 1', [], caller), 'ERR_CALLS_EXCEEDED', { limit: 'callsPerRequest', allowed: 2 });
    assert.equal(await codeOf(query('select 1', [], callerOf('t1', 'u1'))), 'done');
  });
  test('so many rows, read or changed', async () => {
    const { query } = await harness.open({ ...attackedGrant, rowsPerRequest: 4 }, { id: 'rows' });
    const caller = callerOf('t1', 'u1');
    assert.equal(await codeOf(query('select id from articles', [], caller)), 'done');
    assert.equal(await codeOf(query('select id from articles', [], caller)), 'done');
    await fails(query('select id from articles', [], caller), 'ERR_DATABASE_FAILED', { sqlState: '54000', limit: 'rowsPerRequest' });
    await fails(query('select 1', [], caller), 'ERR_DATABASE_FAILED', { sqlState: '54000' });
  });
});

test('a column that no table has is refused when the extension is opened', async () => {
  await fails(harness.open({ tables: { articles: { read: { columns: ['id', 'titel'] } } } }, { id: 'typo' }), 'ERR_DATABASE_UNSAFE');
  await fails(
    harness.open({ tables: { articles: { rows: { tenant: { _eq: '$tenant' } }, read: true } } }, { id: 'typo' }),
    'ERR_DATABASE_UNSAFE',
  );
});
