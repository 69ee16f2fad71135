// What is refused when an extension is opened, and with which admin connections it works. Must never leave a role of its own on the server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { codeOf } from '../../../../test/helpers/database-checks.ts';
import { type DatabaseHarness, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import { roleGrant, roleSql } from '../../../../test/helpers/database-role-fixture.ts';
import { makeDatabaseCapability } from '../capability.ts';
import type { DatabaseGrant } from '../contract.ts';
import { openDatabaseResource } from '../resource.ts';
import { makeRoleIdentity } from './identity.ts';

let harness: DatabaseHarness;
before(async () => {
  harness = await openDatabaseHarness(roleSql);
});
after(() => harness.close());

const roleName = (id = 'test'): string => makeRoleIdentity(id, harness.resource.database, '', 'x').name;

describe('opening refuses', () => {
  const openCode = async (given: DatabaseGrant, options: Parameters<DatabaseHarness['open']>[1] = {}): Promise<string> =>
    codeOf(harness.open(given, { id: 'refused', ...options }));
  const rows: readonly (readonly [string, DatabaseGrant])[] = [
    ['a table that does not exist', { tables: { nowhere: { read: true } } }],
    ['a table of a schema that does not exist', { tables: { 'nowhere.articles': { read: true } } }],
    ['a sequence as a table', { tables: { lonely: { read: true } } }],
    ['an index as a table', { tables: { articles_pkey: { read: true } } }],
    ['a function that does not exist', { tables: {}, functions: ['nowhere'] }],
    ['a function of another schema', { tables: {}, functions: ['sales.definer_secret'] }],
    ['set_config', { tables: {}, functions: ['set_config'] }],
    ['query_to_xml', { tables: {}, functions: ['query_to_xml'] }],
    ['dblink, were it installed', { tables: {}, functions: ['public.dblink'] }],
  ];
  for (const [name, given] of rows) test(name, async () => assert.equal(await openCode(given), 'ERR_DATABASE_UNSAFE'));

  test('and names extension, table and remedy', async () => {
    const error: unknown = await harness
      .open({ tables: { nowhere: { read: true } } }, { id: 'refused' })
      .catch((thrown: unknown) => thrown);
    assert.match(String(error), /refused.*nowhere.*create it/);
  });
  test('where the embedder gave no database', async () => {
    for (const database of [undefined, null]) {
      assert.equal(
        await codeOf(makeDatabaseCapability().open({ id: 'refused', version: '1' }, [roleGrant], { database })),
        'ERR_OPTIONS_INVALID',
      );
    }
  });
  test('a role that came to own something', async () => {
    await harness.open({ tables: {} }, { id: 'owner' });
    await harness.admin.query(`create table owned (a int); alter table owned owner to ${roleName('owner')}`);
    assert.equal(await openCode({ tables: {} }, { id: 'owner' }), 'ERR_DATABASE_UNSAFE');
  });
  test('a role behind a pooler that logs in as someone else', async () => {
    const resource = { ...harness.resource, makeRoleClient: () => new pg.Client({ connectionString: harness.url }) };
    assert.equal(await openCode(roleGrant, { resource }), 'ERR_DATABASE_UNSAFE');
  });
  test('a server that wants a password where there is no secret to derive one from', async () => {
    assert.equal(await openCode(roleGrant, { resource: { ...harness.resource, roleSecret: undefined } }), 'ERR_DATABASE_UNSAFE');
  });
  test('a host with another secret than the one that set the role up last is refused no more once it has set it up itself', async () => {
    const other = await openDatabaseResource(harness.url, { roleSecret: 'another' });
    assert.equal(await openCode(roleGrant, { id: 'secret', resource: other }), 'done');
    await other.close();
  });
  test('a connection to nowhere', async () =>
    assert.equal(await codeOf(openDatabaseResource('postgres://postgres@127.0.0.1:1/x')), 'ERR_DATABASE_UNSAFE'));
});

describe('with an admin who is no superuser', () => {
  const urlOf = (user: string): string => {
    const url = new URL(harness.url);
    url.username = user;
    url.password = 'pw';
    return url.href;
  };
  // Roles belong to the whole server, which several runs may share.
  const named = (user: string): string => `${user}_${harness.resource.database}`;
  before(() =>
    harness.admin.query(`create role ${named('plain')} login password 'pw'; create role ${named('maker')} login createrole password 'pw'; create role ${named('other_maker')} login createrole password 'pw';
      create table owned_by_maker (id serial primary key, a text); alter table owned_by_maker owner to ${named('maker')}`),
  );
  after(async () => {
    await harness.admin.query('drop table owned_by_maker');
    const made = await harness.admin.query<{ readonly name: string }>(
      `select r.rolname "name" from pg_roles r join pg_shdepend s on s.refobjid = r.oid join pg_database d on d.oid = s.objid
       where r.rolname like 'cloister\\_by\\_maker%' and d.datname = current_database()`,
    );
    for (const { name } of made.rows) await harness.admin.query(`drop owned by ${name}; drop role ${name}`);
    const users = ['plain', 'maker', 'other_maker'].map(named).join(', ');
    await harness.admin.query(`drop owned by ${users}; drop role ${users}`);
  });
  const openAs = async (user: string, given: DatabaseGrant): Promise<string> => {
    const resource = await openDatabaseResource(urlOf(named(user)));
    const code = await codeOf(
      harness
        .open(given, { id: `by-maker-${user}`, resource })
        .then((opened) => opened.query('select * from owned_by_maker').finally(() => opened.instance.close())),
    );
    await resource.close();
    return code;
  };
  const owned: DatabaseGrant = { tables: { owned_by_maker: { read: true, create: true } } };
  test('and may not create roles, opening is refused and says how to mend it', async () => {
    const resource = await openDatabaseResource(urlOf(named('plain')));
    await assert.rejects(harness.open(owned, { id: 'by-maker-plain', resource }), {
      code: 'ERR_DATABASE_UNSAFE',
      message: /ALTER ROLE plain_\w+ CREATEROLE/,
    });
    await resource.close();
  });
  test('and may create roles and owns the table, all works, twice', async () => {
    assert.equal(await openAs('maker', owned), 'done');
    assert.equal(await openAs('maker', owned), 'done');
  });
  test('and does not own the table, opening is refused', async () =>
    assert.equal(await openAs('other_maker', owned), 'ERR_DATABASE_UNSAFE'));
  test('and may read the table but not give that on, which PostgreSQL only warns of, opening is refused', async () => {
    await harness.admin.query(
      `grant select, insert on owned_by_maker to ${named('other_maker')}; grant usage on sequence owned_by_maker_id_seq to ${named('other_maker')}`,
    );
    assert.equal(await openAs('other_maker', owned), 'ERR_DATABASE_UNSAFE');
  });
});
