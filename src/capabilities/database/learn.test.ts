// The grant that is learned from one statement is the least: it runs the same under it, and without any line of it no more. Must never look at a column list without running it.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type DatabaseHarness, type OpenedExtension, openDatabaseHarness } from '../../../test/helpers/database-harness.ts';
import type { GrantLine } from '../../bridge/capability.ts';
import type { DatabaseGrant } from './contract.ts';
import { databaseLearning } from './learn.ts';

const tables = `
  create table books (id integer primary key, title text not null, status text, shelf integer, secret text);
  create table shelves (id integer primary key, name text, floor integer);
  create schema sales;
  create table sales.orders (id integer primary key, book integer, total integer);
  create function public.doubled(integer) returns integer language sql immutable as 'select $1 * 2';
`;
const seed = `
  truncate books, shelves, sales.orders;
  insert into books values (1, 'One', 'new', 1, 'x'), (2, 'Two', 'old', 1, 'y'), (3, 'Three', 'new', 2, 'z');
  insert into shelves values (1, 'low', 0), (2, 'high', 1);
  insert into sales.orders values (1, 1, 10), (2, 3, 30);
`;
const wide: DatabaseGrant = {
  tables: {
    books: { read: true, create: true, update: true, delete: true },
    shelves: { read: true, create: true, update: true, delete: true },
    'sales.orders': { read: true, create: true, update: true, delete: true },
  },
  functions: ['doubled'],
};

let harness: DatabaseHarness;
let audited: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(tables);
  audited = await harness.open(wide, { id: 'audited' });
});
beforeEach(() => harness.admin.query(seed));
after(() => harness.close());

const learn = (sql: string): readonly GrantLine[] => {
  const kept = audited.instance.summarize?.('query', { sql, bindings: [] }, 'default') ?? {};
  const functions = sql.includes('doubled') ? ['doubled'] : [];
  return databaseLearning.observe({ method: 'query', args: { ...kept, functions }, byHost: false });
};

/** The rows it gives, or the code of what refuses it. */
const outcome = async (extension: OpenedExtension, sql: string): Promise<string> => {
  await harness.admin.query(seed);
  try {
    const { command, rowCount, fields, rows } = await extension.query(sql);
    return JSON.stringify([command, rowCount, fields.map(([name]) => name), rows]);
  } catch (error) {
    return String((error as { readonly code?: unknown }).code);
  }
};

const outcomeUnder = async (lines: readonly GrantLine[], sql: string): Promise<string> => {
  const extension = await harness.open(databaseLearning.grantFor(lines, undefined), { id: 'least' });
  const found = await outcome(extension, sql);
  await extension.instance.close();
  return found;
};

const show = (lines: readonly GrantLine[]): readonly string[] => lines.map((line) => line.join(' ').replace(/^tables /, '')).toSorted();

const rows: readonly (readonly [name: string, sql: string, lines: readonly string[]])[] = [
  ['a list of columns', 'select id, title from books order by id', ['books read id', 'books read title']],
  ['a filter', "select title from books where status = 'new' order by 1", ['books read status', 'books read title']],
  ['an order', 'select title from books order by shelf desc, id', ['books read id', 'books read shelf', 'books read title']],
  ['an order by an alias named like a column', 'select lower(title) as secret from books order by secret', ['books read title']],
  [
    'an order by an expression over a column',
    'select lower(title) as secret from books order by upper(secret)',
    ['books read secret', 'books read title'],
  ],
  ['a group by a column', 'select status, count(*) from books group by status order by 1', ['books read status']],
  [
    'a group by a column that an alias is named like',
    'select max(title) as status from books group by status order by 1',
    ['books read status', 'books read title'],
  ],
  ['having', 'select status from books group by status having max(shelf) > 1', ['books read shelf', 'books read status']],
  ['counting rows', 'select count(*) from books', ['books read .id']],
  ['a star', 'select * from shelves order by id', ['shelves read floor', 'shelves read id', 'shelves read name']],
  [
    'a join of names without a table',
    'select title, name from books join shelves on shelf = shelves.id order by title',
    ['books read shelf', 'books read title', 'shelves read id', 'shelves read name'],
  ],
  [
    'a join by USING',
    'select title from books join shelves using (id) order by 1',
    ['books read id', 'books read title', 'shelves read id'],
  ],
  ['a natural join', 'select title from books natural join shelves order by 1', ['books read id', 'books read title', 'shelves read id']],
  ['aliases of table and columns', 'select b.c2 from books as b (c1, c2) where b.c1 = 1', ['books read id', 'books read title']],
  [
    'a sub-query that looks out',
    'select name from shelves s where exists (select * from books where shelf = s.id and secret is not null) order by 1',
    ['books read secret', 'books read shelf', 'shelves read id', 'shelves read name'],
  ],
  [
    'a query in FROM and one in WITH',
    "with n as (select id, title from books where status = 'new') select t.title from (select * from n) t order by 1",
    ['books read id', 'books read status', 'books read title'],
  ],
  ['a union', 'select title as x from books union select name from shelves order by x', ['books read title', 'shelves read name']],
  ['a table of another schema', 'select sum(total) from sales.orders', ['sales.orders read total']],
  [
    'a function off the safe list',
    'select doubled(shelf) from books order by id',
    ['books read id', 'books read shelf', 'functions doubled'],
  ],
  [
    'a window',
    'select title, rank() over (partition by shelf order by id) from books order by 1',
    ['books read id', 'books read shelf', 'books read title'],
  ],
  ['an insert', "insert into shelves (id, name) values (9, 'new')", ['shelves create id', 'shelves create name']],
  [
    'an insert that answers',
    "insert into shelves (id, name) values (9, 'new') returning id, floor",
    ['shelves create id', 'shelves create name', 'shelves read floor', 'shelves read id'],
  ],
  ['an insert without a list', "insert into shelves values (9, 'new', 3)", ['shelves create']],
  [
    'an insert from a query',
    'insert into sales.orders (id, book) select id + 10, shelf from books',
    ['books read id', 'books read shelf', 'sales.orders create book', 'sales.orders create id'],
  ],
  [
    'a conflict that is passed over',
    "insert into shelves (id, name) values (1, 'x') on conflict (id) do nothing",
    ['shelves create id', 'shelves create name', 'shelves read id'],
  ],
  [
    'a conflict that updates',
    "insert into shelves (id, name) values (1, 'x') on conflict (id) do update set name = excluded.name",
    ['shelves create id', 'shelves create name', 'shelves read id', 'shelves read name', 'shelves update name'],
  ],
  ['an update', "update books set status = 'old' where id = 1", ['books read id', 'books update status']],
  ['an update of every row', "update books set status = 'old'", ['books update status']],
  [
    'an update from another table',
    'update books set title = s.name from shelves s where s.id = books.shelf',
    ['books read shelf', 'books update title', 'shelves read id', 'shelves read name'],
  ],
  ['a delete', 'delete from books where id = 1', ['books delete', 'books read id']],
  ['a delete of every row', 'delete from books', ['books delete']],
  [
    'a delete by another table',
    'delete from books using sales.orders o where o.book = books.id returning title',
    ['books delete', 'books read id', 'books read title', 'sales.orders read book'],
  ],
  ['a row as a whole', 'select shelves from shelves order by id', ['shelves read floor', 'shelves read id', 'shelves read name']],
];

describe('what is learned from', () => {
  for (const [name, sql, expected] of rows) {
    test(name, async () => {
      const lines = learn(sql);
      assert.deepEqual(show(lines), expected);
      const audit = await outcome(audited, sql);
      assert.match(audit, /^\[/, audit);
      assert.equal(await outcomeUnder(lines, sql), audit, 'it runs the same under what was learned');
      for (const line of lines) {
        const without = lines.filter((one) => one !== line);
        assert.notEqual(await outcomeUnder(without, sql), audit, `it needs ${line.join(' ')}`);
      }
    });
  }
});
