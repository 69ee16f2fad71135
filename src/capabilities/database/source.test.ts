// What an embedder may give as `database`, and what is read from it. Must never connect anywhere but to the test's own server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import knexFactory, { type Knex } from 'knex';
import type { ClientConfig } from 'pg';
import { openTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { CloisterError } from '../../errors.ts';
import { openDatabaseResource } from './resource.ts';
import { type DatabaseSource, readSource } from './source.ts';

let database: TestDatabase;
let url: URL;
before(async () => {
  database = await openTestDatabase();
  url = new URL(database.url);
});
after(() => database.close());

const config = (): ClientConfig => ({
  host: url.hostname,
  port: Number(url.port),
  user: url.username,
  password: url.password,
  database: url.pathname.slice(1),
});

describe('a database can be', () => {
  const rows: readonly (readonly [string, () => DatabaseSource | Knex])[] = [
    ['a URL', () => database.url],
    ['a configuration of the driver', config],
    ['a configuration with a URL in it', () => ({ connectionString: database.url })],
    ['a Knex instance with a URL', () => knexFactory({ client: 'pg', connection: database.url })],
    [
      'a Knex instance with settings, whose password Knex hides',
      () => knexFactory({ client: 'postgres', connection: { ...config(), password: url.password } as Knex.PgConnectionConfig }),
    ],
    [
      'a Knex instance with a function for its settings',
      () => knexFactory({ client: 'postgresql', connection: () => Promise.resolve(config() as Knex.PgConnectionConfig) }),
    ],
  ];
  for (const [name, make] of rows) {
    test(name, async () => {
      const source = make();
      const resource = await openDatabaseResource(source);
      const { rows: answer } = await resource.withAdmin((client) =>
        client.query<{ readonly name: string }>('select current_database() "name"'),
      );
      assert.deepEqual(
        [answer[0]?.name, resource.database, resource.roleSecret],
        [config().database, config().database, config().password],
      );
      await resource.close();
      if (typeof source === 'function') await (source as Knex).destroy();
    });
  }
});

describe('a database cannot be', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['a URL of another kind', 'mysql://localhost/x'],
    ['a Knex instance for another database', { client: 'mysql2', connection: 'mysql://localhost/x' }],
    ['a Knex instance without settings', { client: 'pg' }],
    ['a number', 7],
  ];
  for (const [name, value] of rows) {
    test(name, async () => {
      const isSettings = typeof value === 'object' && value !== null;
      // Knex itself wants the driver of the other database installed, so these are as much of an instance as is looked at.
      const source = (isSettings ? Object.assign(() => undefined, { client: { config: value } }) : value) as DatabaseSource;
      await assert.rejects(readSource(source), (error) => error instanceof CloisterError && error.code === 'ERR_OPTIONS_INVALID');
    });
  }
});

test('a closed resource lends nothing', async () => {
  const resource = await openDatabaseResource(database.url);
  await resource.close();
  await assert.rejects(
    resource.withAdmin(() => Promise.resolve()),
    (error) => error instanceof CloisterError && error.code === 'ERR_RUNTIME_CLOSED',
  );
});

test('the admin connection is closed after each use', async () => {
  const resource = await openDatabaseResource(database.url);
  const count = async (): Promise<number> =>
    (
      await resource.withAdmin((client) =>
        client.query<{ readonly n: number }>('select count(*)::int n from pg_stat_activity where datname = current_database()'),
      )
    ).rows[0]?.n ?? -1;
  assert.equal(await count(), 1);
  assert.equal(await count(), 1);
  await resource.close();
});
