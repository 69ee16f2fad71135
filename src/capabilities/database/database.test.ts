// The whole road of a statement through both walls on a real server, and what a guest learns when it fails. Must never assert what a message says, only codes and data.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fails } from '../../../test/helpers/database-checks.ts';
import { allOperations, fixtureGrant, fixtureSql } from '../../../test/helpers/database-fixture.ts';
import { type DatabaseHarness, makeCaller, type OpenedExtension, openDatabaseHarness } from '../../../test/helpers/database-harness.ts';
import { CloisterError } from '../../errors.ts';
import { makeDatabaseCapability } from './capability.ts';

let harness: DatabaseHarness;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(fixtureSql);
  extension = await harness.open(fixtureGrant);
});
after(() => harness.close());

describe('through both walls', () => {
  test('rows cross as text with their types', async () =>
    assert.deepEqual(await extension.query('select id, title, body from articles where id = $1', [1]), {
      command: 'SELECT',
      rowCount: 1,
      fields: [
        ['id', 23],
        ['title', 25],
        ['body', 17],
      ],
      rows: [['1', 'title 1', null]],
    }));
  test('the same statement gives the same answer the second and third time, prepared by then', async () => {
    for (const id of [3, 4, 5, 6])
      assert.deepEqual((await extension.query('select title from articles where id = $1', [id])).rows, [[`title ${id}`]]);
    const prepared = await extension.queryUnadmitted('select count(*) from pg_prepared_statements where statement like $1', [
      'select title from articles%',
    ]);
    assert.deepEqual(prepared.rows, [['1']]);
  });
  test('every kind of binding arrives', async () =>
    assert.deepEqual(
      (
        await extension.query('select $1::text, $2::int, $3::float8, $4::bool, $5::text, $6::bytea', [
          'é',
          7,
          1.5,
          false,
          null,
          { $bytes: 'AAH/' },
        ])
      ).rows,
      [['é', '7', '1.5', 'f', null, '\\x0001ff']],
    ));
  test('a write counts its rows', async () => {
    assert.equal((await extension.query('insert into comments (article_id) values (1), (2)')).rowCount, 2);
    assert.deepEqual((await extension.query('update articles set views = views where id < 4 returning id')).rows.length, 3);
  });
  test('a serial column works without any grant on its sequence', async () =>
    assert.equal((await extension.query('insert into comments (article_id) values (1)')).command, 'INSERT'));
  test('a table that is not granted is denied', () =>
    fails(extension.query('select * from secret'), 'ERR_CAPABILITY_DENIED', { rule: 'database.tables.secret.read' }));
  test('a table that does not exist is denied in the same way', () =>
    fails(extension.query('select * from nowhere'), 'ERR_CAPABILITY_DENIED', { rule: 'database.tables.nowhere.read' }));
  test('an operation that is not granted is denied', () =>
    fails(extension.query('select * from comments'), 'ERR_CAPABILITY_DENIED', { rule: 'database.tables.comments.read' }));
  test('arguments that do not fit are refused', () => fails(extension.query('', []), 'ERR_ARGUMENT_INVALID'));
  test('a call of another method is refused', () =>
    fails(Promise.resolve(extension.instance.call('drop', {}, makeCaller())), 'ERR_METHOD_UNKNOWN'));
  test('what one of several grants lacks, none has', async () => {
    const narrow = await harness.open(fixtureGrant, { id: 'narrow', more: [{ tables: { articles: { read: true } }, maxRows: 2 }] });
    await fails(narrow.query('delete from articles'), 'ERR_CAPABILITY_DENIED', { rule: 'database.tables.articles.delete' });
    await fails(narrow.queryUnadmitted('delete from articles'), 'ERR_DATABASE_FAILED', { sqlState: '42501' });
    await fails(narrow.query('select * from articles'), 'ERR_DATABASE_FAILED', { limit: 'maxRows', allowed: 2 });
  });
  test('before an extension was opened nothing is admitted', () => {
    const policy = makeDatabaseCapability().makePolicy(fixtureGrant);
    assert.equal(policy('query', { sql: 'select 1', bindings: [] }).allow, false);
  });
});

describe('what a guest learns of a failure', () => {
  const rows: readonly (readonly [name: string, sql: string, details: Readonly<Record<string, unknown>>])[] = [
    [
      'a duplicate key',
      "insert into articles (title) values ('title 1')",
      { sqlState: '23505', table: 'articles', constraint: 'articles_title_key' },
    ],
    ['a missing value', 'insert into articles (id) values (null)', { sqlState: '23502', table: 'articles', column: 'id' }],
    ['a check', 'insert into articles (views) values (-1)', { sqlState: '23514', constraint: 'articles_views_check' }],
    [
      'a foreign key of a granted table',
      'insert into articles (author_id) values (9)',
      { sqlState: '23503', constraint: 'articles_author_id_fkey' },
    ],
    ['an unknown column', 'select nothing from articles', { sqlState: '42703', position: '8' }],
    ['a wrong type', 'select title + 1 from articles', { sqlState: '42883' }],
    ['a bad cast', 'select title::int from articles', { sqlState: '22P02' }],
    ['division by zero', 'select 1 / 0', { sqlState: '22012' }],
    ['too few bindings', 'select $1::int', { sqlState: '08P01' }],
    ['a trigger', "insert into triggered values ('value')", { sqlState: 'P0001' }],
  ];
  for (const [name, sql, details] of rows) test(name, () => fails(extension.query(sql), 'ERR_DATABASE_FAILED', details));

  const silent: readonly (readonly [name: string, sql: string, secret: RegExp])[] = [
    ['the value of a bad cast', 'select title::int from articles where id = 2', /title 2/],
    ['the value of a duplicate key', "insert into articles (title) values ('title 1')", /title 1/],
    ['a row that fails its check', "insert into checked (id, a, hidden) values (1, -1, 'canary')", /canary/],
    ['a hint to another column', 'select titel from articles', /title/],
    ['a table behind a foreign key', 'insert into articles (author_id) values (9)', /authors/],
    ['what a trigger says', "insert into triggered values ('x')", /canary/],
  ];
  for (const [name, sql, secret] of silent) {
    test(`${name} is not told`, async () => {
      const error: unknown = await extension.query(sql).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof CloisterError);
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error.details)}`, secret);
    });
  }
  test('a constraint of a table it was not granted is not named', async () => {
    await harness.admin.query('insert into comments (article_id) values (20)');
    const { details } = (await extension.query('delete from articles where id = 20').catch((thrown: unknown) => thrown)) as CloisterError;
    assert.deepEqual(details, { sqlState: '23503', table: 'comments', constraint: 'comments_article_id_fkey' });
    const blind = await harness.open({ tables: { articles: allOperations } }, { id: 'blind' });
    const hidden = (await blind.query('delete from articles where id = 20').catch((thrown: unknown) => thrown)) as CloisterError;
    assert.deepEqual(hidden.details, { sqlState: '23503' });
    assert.doesNotMatch(hidden.message, /comments/);
  });
});
