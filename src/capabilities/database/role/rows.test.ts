// Row rules in the server alone, admission left out: who sees, changes and makes which rows, and what a changed grant leaves behind. Must never trust the role to say who calls.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeOf, until } from '../../../../test/helpers/database-checks.ts';
import { type DatabaseHarness, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import { callerOf, rowsGrant, rowsSql } from '../../../../test/helpers/database-rows-fixture.ts';

let harness: DatabaseHarness;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(rowsSql);
  extension = await harness.open(rowsGrant);
});
after(() => harness.close());

const run = async (sql: string, tenant = 'a', user: string | null = 'ann'): Promise<unknown> =>
  (await extension.queryUnadmitted(sql, [], callerOf(tenant, user))).rows;

describe('what a caller sees', () => {
  const rows: readonly (readonly [name: string, sql: string, expected: unknown, tenant?: string, user?: string | null])[] = [
    ['its tenant’s rows', 'select title from notes order by id', [['a one'], ['a two']]],
    ['another tenant sees its own', 'select title from notes order by id', [['canary one'], ['canary two']], 'b'],
    ['a tenant without rows sees none', 'select title from notes', [], 'c'],
    ['a tenant whose name only begins like another’s sees none', 'select title from notes', [], 'a         '],
    ['the user’s rows', 'select body from mine', [['of ann']]],
    ['nobody in particular sees no row, not even those of nobody', 'select body from mine', [], 'a', null],
    ['a constant’s rows, for whoever calls', 'select body from published', [['open']], 'zzz', null],
    ['a number compared as one', 'select n from counts', [['20']], '2'],
    ['through a view with the caller’s rights', 'select title from notes_view order by id', [['a one'], ['a two']]],
    ['in an aggregate', 'select count(*), max(views) from notes', [['2', '2']]],
    ['whatever an OR says', 'select count(*) from notes where views > 0 or true', [['2']]],
  ];
  for (const [name, sql, expected, tenant, user] of rows)
    test(name, async () => assert.deepEqual(await run(sql, tenant ?? 'a', user === undefined ? 'ann' : user), expected));
  test('a tenant that is no number fails where the column is one', async () =>
    assert.equal(await codeOf(run('select n from counts', 'one')), '22P02'));
});

describe('what a caller changes', () => {
  const stateOf = (sql: string, tenant = 'a', user: string | null = 'ann'): Promise<string> => codeOf(run(sql, tenant, user));
  const table = async (): Promise<unknown> =>
    (await harness.admin.query('select tenant_id, title, views, status from notes order by id')).rows;
  test('are its own rows, however many it names', async () => {
    await extension.queryUnadmitted('update notes set views = 7', [], callerOf('a'));
    assert.deepEqual(
      (await harness.admin.query('select views from notes order by id')).rows.map(({ views }) => views as number),
      [7, 7, 41, 42],
    );
    await extension.queryUnadmitted("update jobs set state = 'done'", [], callerOf('b'));
    assert.deepEqual((await harness.admin.query('select state from jobs order by id')).rows, [{ state: 'new' }, { state: 'done' }]);
    await extension.queryUnadmitted('delete from jobs where true', [], callerOf('b'));
    assert.deepEqual((await harness.admin.query('select id from jobs')).rows, [{ id: 1 }]);
  });
  const refusals: readonly (readonly [name: string, sql: string, sqlState: string])[] = [
    ['a row of the neighbour', "insert into notes (title, tenant_id, status) values ('x', 'b', 'draft')", '42501'],
    ['a row of nobody', "insert into outbox (body, tenant_id) values ('x', null)", '42501'],
    [
      'one bad row among good ones',
      "insert into notes (title, tenant_id, status) values ('x', 'a', 'draft'), ('y', 'b', 'draft')",
      '42501',
    ],
    ['a forced value made another', "insert into notes (title, tenant_id, status) values ('x', 'a', 'live')", '42501'],
    ['a forced value left to the default', "insert into notes (title, tenant_id) values ('x', 'a')", '42501'],
    ['a column that is not granted', "insert into notes (title, tenant_id, status, hidden) values ('x', 'a', 'draft', 'x')", '42501'],
    ['a row given away', "update mine set owner_id = 'bob'", '42501'],
    [
      'an upsert onto the neighbour’s row',
      "insert into notes (title, tenant_id, status) values ('canary one', 'a', 'draft') on conflict (title) do update set views = 1",
      '42501',
    ],
    ['an update of a column that is not granted', 'update notes set hidden = null', '42501'],
    ['an update of the tenant', "update notes set tenant_id = 'b'", '42501'],
    ['a hidden column in a condition', "select id from plain where hidden = 'canary'", '42501'],
    ['* where a column is hidden', 'select * from plain', '42501'],
    ['RETURNING of a hidden column', 'delete from notes returning hidden', '42501'],
    ['the columns of a rule where nothing may be read, beyond its rows', 'select payload from jobs', '42501'],
    ['rows that may only be made', 'select body from outbox', '42501'],
  ];
  for (const [name, sql, sqlState] of refusals) {
    test(`not: ${name}`, async () => {
      const before = await table();
      assert.equal(await stateOf(sql), sqlState);
      assert.deepEqual(await table(), before);
    });
  }
  test('and makes rows with the forced values', async () => {
    assert.equal(await stateOf("insert into notes (title, tenant_id, status) values ('three', 'a', 'draft') returning id"), 'done');
    assert.equal(await stateOf("insert into outbox (body, tenant_id) values ('x', 'a')"), 'done');
    assert.equal(await stateOf("insert into mine (owner_id, body) values ('ann', 'more')"), 'done');
    assert.equal(await stateOf("delete from notes where title = 'three'"), 'done');
  });
  test('sees of a rule’s columns where nothing may be read only those rows', async () =>
    assert.deepEqual(await run('select tenant_id from jobs', 'b'), []));
});

describe('callers that take turns on few connections', () => {
  test('never meet each other’s rows', async () => {
    const callers = ['a', 'b', 'c'];
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const tenant = callers[index % 3] ?? '';
        const seen = (await run(
          index % 7 === 0 ? 'select tenant_id from notes where 1 / (views - views) = 1' : 'select tenant_id, pg_sleep(0.001) from notes',
          tenant,
        ).catch(() => [])) as readonly (readonly string[])[];
        for (const [found] of seen) assert.equal(found, tenant);
      }),
    );
    assert.deepEqual(await run('select count(*) from notes', 'b'), [['2']]);
  });
  test('and a row about a connection is gone after the next one that opens, once it ended', async () => {
    const left = async (): Promise<number> => (await harness.admin.query('select from cloister.caller')).rowCount ?? 0;
    const first = await harness.open(rowsGrant, { id: 'short' });
    await first.queryUnadmitted('select 1', [], callerOf('a'));
    await first.instance.close();
    const before = await left();
    await until(async () => {
      const next = await harness.open(rowsGrant, { id: 'short' });
      await next.queryUnadmitted('select 1', [], callerOf('a'));
      await next.instance.close();
      return (await left()) <= before;
    });
  });
});
