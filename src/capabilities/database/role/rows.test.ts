// Row rules in the server alone, admission left out: who sees, changes and makes which rows, and what a changed grant leaves behind. Must never trust the role to say who calls.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeOf } from '../../../../test/helpers/database-checks.ts';
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
