// Row rules by what the embedder says of a tenant: each wall alone, and that who has none sees nothing. Must never rely on one wall for the other.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeOf } from '../../../../test/helpers/database-checks.ts';
import { type DatabaseHarness, makeCaller, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import { openStraight } from '../../../../test/helpers/database-straight.ts';
import type { Caller } from '../../../bridge/capability.ts';
import type { DatabaseGrant } from '../contract.ts';
import { parseRuleValue } from '../rule.ts';

const grant: DatabaseGrant = {
  tables: {
    bills: {
      rows: { org: { _eq: '$tenant.org' } },
      read: true,
      create: { columns: ['id', 'text'], defaults: { org: '$tenant.org' } },
      delete: true,
    },
    numbers: { rows: { level: { _lte: '$tenant.level' } }, read: true },
    regions: { rows: { region: { _nin: ['$tenant.region', 'eu'] } }, read: true },
  },
};

let harness: DatabaseHarness;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(`
    create table bills (id int primary key, org text, text text); create table numbers (id int primary key, level int); create table regions (id int primary key, region text);
    insert into bills values (1, 'one', 'of one'), (2, 'two', 'canary'), (3, null, 'canary');
    insert into numbers values (1, 1), (2, 2), (3, 3); insert into regions values (1, 'us'), (2, 'eu'), (3, 'as')`);
  extension = await harness.open(grant, { id: 'test' });
});
after(() => harness.close());

const as = (tenantVars?: Readonly<Record<string, string>>, tenant = 'a'): Caller => ({
  ...makeCaller(),
  tenant,
  ...(tenantVars === undefined ? {} : { tenantVars }),
});

describe('rows are those of the tenant’s vars', () => {
  const cases: readonly (readonly [sql: string, vars: Readonly<Record<string, string>> | undefined, ids: readonly string[]])[] = [
    ['select id from bills order by id', { org: 'one' }, ['1']],
    ['select id from bills order by id', { org: 'two' }, ['2']],
    ['select id from bills order by id', { org: '' }, []],
    ['select id from bills order by id', { other: 'one' }, []],
    ['select id from bills order by id', undefined, []],
    ['select id from bills order by id', {}, []],
    ['select id from bills where true or id > 0 order by id', { org: 'one' }, ['1']],
    ['select id from numbers order by id', { level: '2' }, ['1', '2']],
    ['select id from regions order by id', { region: 'us' }, ['3']],
    ['select id from regions order by id', undefined, []],
  ];
  for (const [sql, vars, ids] of cases)
    for (const [wall, run] of [
      ['both', 'query'],
      ['the role alone', 'queryUnadmitted'],
    ] as const)
      test(`${sql} for ${JSON.stringify(vars ?? null)}, by ${wall}`, async () =>
        assert.deepEqual(
          (await extension[run](sql, [], as(vars))).rows.map(([id]) => id),
          ids,
        ));
  test('and new rows are forced to be', async () => {
    await extension.query("insert into bills (id, text) values (10, 'mine')", [], as({ org: 'one' }));
    assert.deepEqual((await harness.admin.query('select org from bills where id = 10')).rows, [{ org: 'one' }]);
    assert.equal(
      await codeOf(extension.queryUnadmitted("insert into bills (id, org) values (11, 'two')", [], as({ org: 'one' }))),
      '42501',
    );
  });
  test('a var that does not fit its column fails', async () =>
    assert.equal(await codeOf(extension.query('select id from numbers', [], as({ level: 'high' }))), '22P02'));
  test('one after another on one connection, a tenant without vars keeps nothing of the one before', async () => {
    const connection = await openStraight(harness, as({ org: 'one' }));
    try {
      const ids = async (): Promise<unknown> => (await connection.run('select id from bills where id < 10')).rows;
      assert.deepEqual(await ids(), [['1']]);
      connection.isFor(as(undefined, 'b'));
      assert.deepEqual(await ids(), []);
      connection.isFor(as({ org: 'two' }, 'a'));
      assert.deepEqual(await ids(), [['2']]);
      for (const sql of [
        "select cloister.enter('x', 'a', null, null, '{\"org\":\"one\"}')",
        "update cloister.caller set vars = '{}'",
        'select vars from cloister.caller',
      ])
        assert.equal((await connection.run(sql)).refused, '42501', sql);
      assert.deepEqual(await ids(), [['2']]);
    } finally {
      await connection.close();
    }
  });
});

describe('a variable in a rule', () => {
  for (const [text, name] of [
    ['$tenant', 'tenant'],
    ['$tenant.org', 'vars.org'],
    ['$tenant._a1', 'vars._a1'],
  ] as const)
    test(`${text} is one`, () => assert.deepEqual(parseRuleValue(text), { kind: 'variable', name }));
  for (const text of [
    '$tenant.',
    '$tenant.a.b',
    "$tenant.a'b",
    '$tenant.1',
    '$tenants',
    '$tenant org',
    '$TENANT.org',
    `$tenant.${'a'.repeat(64)}`,
  ])
    test(`${text} is an error`, () => assert.throws(() => parseRuleValue(text), { code: 'ERR_MANIFEST_INVALID' }));
});
