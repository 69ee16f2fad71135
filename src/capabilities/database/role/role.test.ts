// What a role is after it was set up: exactly its grant, whatever it was before. Must never take a role's word for it: the server's catalog is asked.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeOf } from '../../../../test/helpers/database-checks.ts';
import { type DatabaseHarness, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import { roleGrant, roleSql } from '../../../../test/helpers/database-role-fixture.ts';
import { intersectGrants } from '../grant.ts';
import { readRole } from './facts.ts';
import { makeRoleIdentity } from './identity.ts';
import { readPlan } from './read-plan.ts';

let harness: DatabaseHarness;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(roleSql);
  extension = await harness.open(roleGrant);
});
after(() => harness.close());

const roleName = (id = 'test'): string => makeRoleIdentity(id, harness.resource.database, '', 'x').name;

const held = async (role = roleName()): Promise<readonly string[]> =>
  ((await readRole(harness.admin, role))?.held ?? [])
    .map((one) => [one.kind, one.schema, one.name, one.privilege].filter((part) => part !== '').join(' '))
    .toSorted();

describe('a role', () => {
  test('is a login without any power of its own', async () => {
    const role = await readRole(harness.admin, roleName());
    const { canLogin, superuser, createDb, createRole, inherit, replication, bypassRls, connectionLimit, memberships, strange } =
      role ?? {};
    assert.deepEqual(
      { canLogin, superuser, createDb, createRole, inherit, replication, bypassRls, connectionLimit, memberships, strange },
      {
        canLogin: true,
        superuser: false,
        createDb: false,
        createRole: false,
        inherit: false,
        replication: false,
        bypassRls: false,
        connectionLimit: 32,
        memberships: [],
        strange: [],
      },
    );
  });
  test('starts every session with its limits', async () => {
    const names = [
      'statement_timeout',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
      'search_path',
      'temp_file_limit',
      'jit',
      'max_parallel_workers_per_gather',
      'standard_conforming_strings',
    ];
    const { rows } = await extension.queryUnadmitted(`select ${names.map((name) => `current_setting('${name}')`).join(', ')}`);
    assert.deepEqual(rows[0], ['5s', '2s', '5s', 'pg_catalog,public,pg_temp', '256MB', 'off', '0', 'on']);
  });
  test('holds exactly what its grant says', async () => {
    assert.deepEqual(await held(), [
      `database ${harness.resource.database} CONNECT`,
      'schema public USAGE',
      'schema sales USAGE',
      'sequence public articles_id_seq USAGE',
      'sequence public inbox_id_seq USAGE',
      'table public articles INSERT',
      'table public articles SELECT',
      'table public drafts UPDATE',
      'table public inbox INSERT',
      'table public trash DELETE',
      'table sales orders SELECT',
    ]);
  });
  test('is another one for another extension, another database and another namespace', () => {
    const names = [
      ['a', 'db', ''],
      ['b', 'db', ''],
      ['a', 'other', ''],
      ['a', 'db', 'n'],
      ['A', 'db', ''],
      ['a-', 'db', ''],
    ].map(([id = '', database = '', namespace = '']) => makeRoleIdentity(id, database, namespace, 's').name);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^cloister_[a-z0-9_]{1,32}_[0-9a-f]{16}$/);
  });
  test('has the password that every host with the secret derives, and no other', () => {
    const identity = makeRoleIdentity('a', 'db', '', 'secret');
    assert.deepEqual(makeRoleIdentity('a', 'db', '', 'secret'), identity);
    assert.notEqual(makeRoleIdentity('a', 'db', '', 'other').password, identity.password);
    assert.ok(!String(identity.verifier).includes(String(identity.password)));
  });
  test('loses what a narrower grant leaves out', async () => {
    const first = await harness.open(
      { tables: { secret: { read: true, update: true }, 'closed.things': { create: true } }, functions: ['definer_secret'] },
      { id: 'shrinks' },
    );
    assert.equal(await codeOf(first.queryUnadmitted('select * from secret')), 'done');
    assert.equal(await codeOf(first.query('select definer_secret()')), 'done');
    await first.instance.close();
    const second = await harness.open({ tables: { articles: { read: true } } }, { id: 'shrinks' });
    assert.deepEqual(await held(roleName('shrinks')), [
      `database ${harness.resource.database} CONNECT`,
      'schema public USAGE',
      'table public articles SELECT',
    ]);
    for (const sql of ['select * from secret', 'insert into closed.things values (1)', 'select definer_secret()'])
      assert.equal(await codeOf(second.queryUnadmitted(sql)), '42501', sql);
  });
  test('has nothing but a login under an empty grant', async () => {
    const none = await harness.open({ tables: { 'closed.things': {} } }, { id: 'none' });
    assert.deepEqual(await held(roleName('none')), [`database ${harness.resource.database} CONNECT`]);
    assert.equal(await codeOf(none.queryUnadmitted('select * from articles')), '42501');
  });
  test('loses what anyone gave it beside', async () => {
    const name = roleName('tampered');
    const group = `group_${harness.resource.database}`;
    await harness.open({ tables: { articles: { read: true }, trash: { read: true } } }, { id: 'tampered' });
    await harness.admin.query(`create role ${group}; grant ${group} to ${name}; grant pg_read_all_data to ${name}; alter role ${name} superuser createdb createrole inherit replication bypassrls connection limit -1;
      grant select (value) on secret to ${name}; grant all on articles to ${name} with grant option; grant usage, create on schema closed to ${name}; grant all on all tables in schema closed to ${name};
      grant update on sequence articles_id_seq to ${name}; grant execute on function definer_secret() to ${name}; grant create, temp on database ${harness.resource.database} to ${name};
      grant select on trash to ${name} with grant option; alter role ${name} set enable_seqscan = off; alter role ${name} in database ${harness.resource.database} set statement_timeout = 0; alter role ${name} in database ${harness.resource.database} set work_mem = '1GB'`);
    const again = await harness.open({ tables: { articles: { read: true }, trash: { read: true } } }, { id: 'tampered' });
    assert.deepEqual(await held(name), [
      `database ${harness.resource.database} CONNECT`,
      'schema public USAGE',
      'table public articles SELECT',
      'table public trash SELECT',
    ]);
    const role = await readRole(harness.admin, name);
    assert.deepEqual(
      [role?.superuser, role?.createDb, role?.createRole, role?.inherit, role?.replication, role?.bypassRls, role?.memberships],
      [false, false, false, false, false, false, []],
    );
    assert.deepEqual(
      (
        await again.queryUnadmitted(
          "select current_setting('statement_timeout'), current_setting('work_mem'), current_setting('enable_seqscan')",
        )
      ).rows,
      [['5s', '4MB', 'on']],
    );
    const grantable = (await readRole(harness.admin, name))?.held.filter((one) => one.grantable);
    assert.deepEqual(grantable, []);
    await harness.admin.query(`drop role ${group}`);
  });
  test('is set up a second time without a change', async () => {
    const identity = makeRoleIdentity('test', harness.resource.database, '', harness.resource.roleSecret);
    const request = {
      extension: 'test',
      identity,
      grant: intersectGrants([roleGrant]),
      connectionLimit: 32,
      logsIn: () => Promise.reject(new Error('a superuser sees what is stored')),
    };
    await harness.admin.query('begin');
    assert.deepEqual((await readPlan(harness.admin, request, false)).statements, []);
    await harness.admin.query('rollback');
  });
  test('can be set up by several hosts at once', async () => {
    const opened = await Promise.all(Array.from({ length: 6 }, (_, index) => harness.open(roleGrant, { id: `many-${String(index % 2)}` })));
    for (const one of opened) assert.equal(await codeOf(one.query('select * from articles')), 'done');
  });
});
