// Plan, apply and check over the roles of several extensions, on a real server: all or nothing, nothing twice, and what a check refuses. Must never leave a role that a test broke.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DatabaseHarness, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import { rowsGrant, rowsSql } from '../../../../test/helpers/database-rows-fixture.ts';
import type { DatabaseGrant } from '../contract.ts';
import { openDatabaseResource } from '../resource.ts';
import type { RoleRequest } from '../role/read-plan.ts';
import { makeRoleRequest } from '../role/role-request.ts';
import { policyPrefix } from '../role/row-policies.ts';
import { applyRoles } from './apply-roles.ts';
import { type CheckedRoles, checkRoles } from './check-roles.ts';
import { countConnections } from './connection-count.ts';
import { planRoles } from './plan-roles.ts';
import { problemOf } from './problem.ts';
import { writePlan } from './write-plan.ts';

let harness: DatabaseHarness;
before(async () => {
  harness = await openDatabaseHarness(rowsSql);
});
after(() => harness.close());

const grants: Readonly<Record<string, DatabaseGrant>> = {
  notes: rowsGrant,
  plain: { tables: { plain: { read: true } } },
  more: { tables: { notes: { read: { rows: { tenant_id: { _eq: '$tenant' } } } } }, functions: ['nowhere'] },
};

const ask = (given = grants): readonly RoleRequest[] =>
  Object.entries(given).map(([id, grant]) => makeRoleRequest(id, [grant], harness.resource));
const apply = (requests = ask()): ReturnType<typeof applyRoles> => harness.resource.withAdmin((client) => applyRoles(client, requests));
const check = (requests = ask(), resource = harness.resource): Promise<CheckedRoles> =>
  resource.withAdmin((client) => checkRoles(client, requests, resource, 0));
const plan = (requests = ask(), passwords = false): ReturnType<typeof planRoles> =>
  harness.resource.withAdmin((client) => planRoles(client, requests, passwords));
/** What a check found beside warnings, in short. */
const found = async (requests = ask()): Promise<readonly string[]> =>
  (await check(requests)).problems
    .filter(({ severity }) => severity !== 'warning')
    .map(({ severity, extension }) => `${severity} ${String(extension)}`)
    .toSorted();
const roleOf = (id: string): string => makeRoleRequest(id, [grants[id] ?? { tables: {} }], harness.resource).identity.name;

describe('apply', () => {
  test('is all or nothing', async () => {
    await assert.rejects(apply(), { code: 'ERR_DATABASE_UNSAFE', message: /more.*nowhere/ });
    assert.deepEqual(await found(), ['missing notes', 'missing plain', 'refused more']);
    assert.deepEqual(
      (await plan()).refused.map(({ extension, error }) => [extension, error.code]),
      [['more', 'ERR_DATABASE_UNSAFE']],
    );
  });
  test('does everything, passwords included, and the second time nothing', async () => {
    await harness.admin.query('create function nowhere() returns int language sql as $$ select 1 $$');
    assert.equal(
      (await apply()).every(({ statements }) => statements > 0),
      true,
    );
    assert.deepEqual(await found(), []);
    assert.deepEqual(
      (await apply()).map(({ statements }) => statements),
      [0, 0, 0],
    );
    assert.deepEqual(
      (await plan(ask(), true)).roles.map((role) => [role.statements, role.passwordHolds, role.passwordStatement]),
      Array.from({ length: 3 }, () => [[], true, undefined]),
    );
  });
  test('gives a login that registers connections what it needs for that, and no more', async () => {
    const name = `registrar_${harness.resource.database}`;
    await harness.admin.query(`create role ${name} login`);
    try {
      await apply(ask().map((request) => ({ ...request, login: name })));
      const { rows } = await harness.admin.query(
        `select has_function_privilege($1, 'cloister.register(integer, name, bytea)', 'EXECUTE') registers, has_function_privilege($1, 'cloister.enter(text, text, text, text, text)', 'EXECUTE') enters,
          has_table_privilege($1, 'cloister.caller', 'SELECT') reads, has_table_privilege($1, 'notes', 'SELECT') notes`,
        [name],
      );
      assert.deepEqual(rows, [{ registers: true, enters: false, reads: false, notes: false }]);
    } finally {
      await harness.admin.query(`drop owned by ${name}; drop role ${name}`);
    }
  });
});

describe('a plan as text', () => {
  test('keeps row security on where another extension has row rules, also where it takes one’s away', async () => {
    const { roles } = await plan(ask({ ...grants, more: { tables: {} } }));
    const text = writePlan({ database: 'd', login: 'l', roles });
    assert.match(text, /DROP POLICY IF EXISTS/);
    await harness.admin.query(text);
    const { rows } = await harness.admin.query(`select relrowsecurity "on" from pg_class where oid = 'notes'::regclass`);
    assert.deepEqual(rows, [{ on: true }]);
    await apply();
  });
  test('ends no comment with a name', () => {
    const text = writePlan({
      database: 'd\n; drop table x;',
      login: 'l\r\u2028y',
      roles: [{ extension: 'e\ndrop', role: 'r', exists: false, statements: ['SELECT 1'], passwordHolds: true }],
    });
    const sql = text.split('\n').filter((line) => line !== '' && !line.startsWith('--'));
    assert.deepEqual(sql.slice(4), ['SELECT 1;', 'COMMIT;']);
  });
});

describe('the check refuses a role', () => {
  const faults: readonly (readonly [string, (role: string) => string, (role: string) => string, RegExp])[] = [
    ['that is a superuser', (role) => `alter role ${role} superuser`, (role) => `alter role ${role} nosuperuser`, /NOSUPERUSER/],
    ['with BYPASSRLS', (role) => `alter role ${role} bypassrls`, (role) => `alter role ${role} nobypassrls`, /NOBYPASSRLS/],
    ['that may create roles', (role) => `alter role ${role} createrole`, (role) => `alter role ${role} nocreaterole`, /NOCREATEROLE/],
    ['that may replicate', (role) => `alter role ${role} replication`, (role) => `alter role ${role} noreplication`, /NOREPLICATION/],
    [
      'that owns a granted table',
      (role) => `alter table plain owner to ${role}`,
      (role) => `alter table plain owner to current_user; grant select on plain to ${role}`,
      /REASSIGN OWNED/,
    ],
    [
      'that is a member of another',
      (role) => `grant pg_read_all_data to ${role}`,
      (role) => `revoke pg_read_all_data from ${role}`,
      /REVOKE pg_read_all_data/,
    ],
  ];
  for (const [name, spoil, mend, remedy] of faults)
    test(`${name}, and says how to mend it`, async () => {
      const role = roleOf('plain');
      await harness.admin.query(spoil(role));
      const refused = (await check()).problems.filter(({ severity, extension }) => severity === 'refused' && extension === 'plain');
      await harness.admin.query(mend(role));
      assert.equal(refused.length, 1);
      assert.match(String(refused[0]?.remedy), remedy);
      assert.deepEqual(await found(), []);
    });
  test('behind a pooler that logs in as someone else', async () => {
    const resource = {
      ...harness.resource,
      makeRoleClient: () => harness.resource.makeRoleClient(ask()[0]?.identity ?? assert.fail(), 'x'),
    };
    assert.deepEqual(
      (await check(ask(), resource)).problems.filter(({ severity }) => severity === 'refused').map(({ extension }) => extension),
      ['plain', 'more'],
    );
  });
});

describe('the check finds missing', () => {
  const changes: readonly (readonly [string, (role: string) => string, string])[] = [
    ['a privilege', (role) => `revoke select on plain from ${role}`, 'plain'],
    ['nothing, and something too much', (role) => `grant select on secret to ${role}`, 'plain'],
    ['a setting', (role) => `alter role ${role} in database current_db reset statement_timeout`, 'plain'],
    ['a login', (role) => `alter role ${role} nologin`, 'plain'],
    ['the password', (role) => `alter role ${role} password 'another'`, 'plain'],
    ['a policy', () => `drop policy ${policyPrefix(ask()[0]?.identity ?? assert.fail())}read on notes`, 'notes'],
    ['the functions of callers', () => 'alter function cloister.tenant() security invoker', 'notes'],
  ];
  for (const [name, change, extension] of changes)
    test(name, async () => {
      await harness.admin.query(change(roleOf('plain')).replace('current_db', harness.resource.database));
      const missing = await found();
      await apply();
      assert.ok(missing.includes(`missing ${extension}`), missing.join());
      assert.deepEqual(await found(), []);
    });
});

describe('the check warns', () => {
  const warnings = async (requests = ask()): Promise<readonly string[]> =>
    (await check(requests)).problems.filter(({ severity }) => severity === 'warning').map(({ what }) => what);
  test('of a host that connects as a superuser', async () => {
    assert.equal((await warnings()).filter((what) => /is a superuser/.test(what)).length, 1);
  });
  test('once of a privilege that PUBLIC holds', async () => {
    await harness.admin.query('grant select on secret to public');
    assert.equal((await warnings()).filter((what) => /PUBLIC holds SELECT on the table secret/.test(what)).length, 1);
    await harness.admin.query('revoke select on secret from public');
  });
  test('of a role that belongs to no extension any more', async () => {
    const rest = ask().filter(({ extension }) => extension !== 'plain');
    assert.equal((await warnings(rest)).filter((what) => what.includes(roleOf('plain'))).length, 1);
    assert.equal((await warnings()).filter((what) => what.includes(roleOf('plain'))).length, 0);
  });
  test('of more connections than the server takes', async () => {
    const resource = { ...harness.resource, maxConnections: 10_000 };
    const { problems } = await check(ask(), resource);
    assert.equal(problems.filter(({ what }) => /connections and the server takes/.test(what)).length, 1);
  });
});

describe('connections', () => {
  test('are roles × connections, those of kv and the host’s own, as often as the server has room', () => {
    const counted = countConnections(20, 4, 6, 97);
    assert.deepEqual(counted, { roles: 20, perRole: 4, ofStores: 6, ofHost: 10, oneHost: 96, available: 97, hosts: 1 });
    assert.equal(countConnections(3, 2, 0, 97).hosts, 6);
  });
  test('are counted without those the server keeps for superusers', async () => {
    const { connections } = await check();
    const { rows } = await harness.admin.query<{ readonly most: number }>(`select current_setting('max_connections')::int most`);
    assert.ok(connections.available > 0 && connections.available < Number(rows[0]?.most));
  });
});

test('a problem has its remedy by itself', async () => {
  const error: unknown = await openDatabaseResource('postgres://127.0.0.1:1/x').catch((thrown: unknown) => thrown);
  const { severity, what, remedy } = problemOf(null, error as Parameters<typeof problemOf>[1]);
  assert.equal(severity, 'refused');
  assert.match(remedy, /check that the server runs/);
  assert.doesNotMatch(what, /check that/);
});
