// Each wall alone against the same attacks: the role with admission off, admission on connections of a superuser. Must never let one wall cover for the other.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { openAnalyse } from '../../../../test/helpers/database-admission.ts';
import { codeOf } from '../../../../test/helpers/database-checks.ts';
import { type DatabaseHarness, makeCaller, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import { attacks, roleGrant, roleSql } from '../../../../test/helpers/database-role-fixture.ts';
import { CloisterError } from '../../../errors.ts';
import { asItIs } from '../admission/admission.ts';
import { intersectGrants } from '../grant.ts';
import { openInstance } from '../host.ts';
import type { QueryResult } from '../methods.ts';
import { makeDatabasePolicy } from '../policy.ts';
import { makeRoleIdentity } from './identity.ts';

let harness: DatabaseHarness;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(roleSql);
  extension = await harness.open(roleGrant);
});
after(() => harness.close());

const roleName = (id = 'test'): string => makeRoleIdentity(id, harness.resource.database, '', 'x').name;

describe('the role alone refuses', () => {
  for (const [name, sql, sqlState] of attacks) {
    test(name, async () => {
      const bindings = sql.includes('$1') ? (sql.includes('$2') ? ['row_security', 'off'] : ['postgres']) : [];
      assert.equal(await codeOf(extension.queryUnadmitted(sql, bindings)), sqlState);
    });
  }
  test('what RESET ROLE would lead back to', async () => {
    for (const sql of ['reset role', 'reset session authorization', 'set role none']) {
      await extension.queryUnadmitted(sql);
      assert.equal(await codeOf(extension.queryUnadmitted('select * from secret')), '42501');
    }
    // In one statement text there is no second; in one function call there is none either.
    assert.deepEqual((await extension.queryUnadmitted('select current_user = session_user, session_user = $1', [roleName()])).rows, [
      ['t', 't'],
    ]);
  });
  test('nothing of what is granted', async () => {
    for (const sql of [
      'select * from articles',
      "insert into articles (title) values ('two') returning id",
      'update drafts set a = null',
      'delete from trash',
      "insert into inbox (a) values ('x')",
      'select * from sales.orders',
    ]) {
      assert.equal(await codeOf(extension.query(sql)), 'done', sql);
    }
  });
  test('and the neighbour’s data is as it was', async () => {
    assert.deepEqual((await harness.admin.query('select * from secret')).rows, [{ id: 1, value: 'canary' }]);
    assert.equal((await harness.admin.query("select from pg_class where relname = 'x'")).rowCount, 0);
  });
});

describe('admission alone refuses, on connections of a superuser', () => {
  let run: (sql: string) => Promise<QueryResult>;
  let close: () => Promise<void>;
  before(async () => {
    const analyse = await openAnalyse();
    const policy = makeDatabasePolicy(roleGrant, analyse);
    const resource = { ...harness.resource, makeRoleClient: () => new pg.Client({ connectionString: harness.url }) };
    const instance = openInstance({
      extension: 'superuser',
      grant: intersectGrants([roleGrant]),
      identity: makeRoleIdentity('superuser', '', '', undefined),
      shadows: { functions: new Set(), attributes: new Set() },
      resource,
      analyse,
      admission: { decide: () => ({ allow: true, rule: '' }), find: asItIs, usesOf: () => [] },
      admissionUnder: () => assert.fail(),
      maxResultBytes: 1_000_000,
    });
    run = async (sql) => {
      const decision = policy('query', { sql, bindings: [] });
      if (!decision.allow) throw new CloisterError('ERR_CAPABILITY_DENIED', decision.reason);
      return JSON.parse((await instance.call('query', { sql, bindings: [] }, makeCaller())).json) as QueryResult;
    };
    close = () => instance.close();
  });
  after(() => close());
  test('(it is one: what is granted runs as the superuser)', async () => assert.equal(await codeOf(run('select * from articles')), 'done'));
  for (const [name, sql] of attacks) test(name, async () => assert.equal(await codeOf(run(sql)), 'ERR_CAPABILITY_DENIED'));
});

describe('other extensions', () => {
  test('have other roles, which see nothing of this one', async () => {
    const other = await harness.open({ tables: { trash: { read: true } } }, { id: 'other' });
    assert.equal(await codeOf(other.queryUnadmitted('select * from articles')), '42501');
    assert.equal(await codeOf(other.queryUnadmitted('select * from trash')), 'done');
    assert.equal(await codeOf(extension.queryUnadmitted('select * from trash')), '42501');
    assert.equal(await codeOf(other.queryUnadmitted(`set role ${roleName()}`)), '42501');
  });
});
