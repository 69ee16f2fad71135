// What of kv no guest can bring about: its grants compared, its connections in turn, a login without rights, a lease that ends in the middle. Must never touch a table that was not made here.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Ajv } from 'ajv';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { extension, openTestRuntime } from '../../../test/helpers/runtime.ts';
import { kvBounds } from './bounds.ts';
import { openConnections } from './connections.ts';
import { kvGrant } from './contract.ts';
import { makeKvPolicy } from './policy.ts';
import { coversKv, quotaOf } from './quota.ts';
import { getEntry, setEntry } from './store.ts';
import { ensureTables, tablesSql } from './tables.ts';

let database: TestDatabase;
let admin: pg.Client;
const connect = async (url = database.url): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};
before(async () => {
  database = await openTestDatabase();
  admin = await connect();
});
after(async () => {
  await admin.end();
  await database.close();
});

describe('the grant', () => {
  const fits = new Ajv({ strict: true }).compile(kvGrant);
  const { mostKeys, mostBytes, mostValueBytes } = kvBounds;
  const rows: readonly (readonly [object, boolean])[] = [
    [{}, true],
    [{ maxKeys: mostKeys.value, maxBytes: mostBytes.value, maxValueBytes: mostValueBytes.value }, true],
    [{ maxKeys: mostKeys.value + 1 }, false],
    [{ maxBytes: mostBytes.value + 1 }, false],
    [{ maxValueBytes: mostValueBytes.value + 1 }, false],
    [{ maxKeys: 0 }, false],
    [{ prefix: 'a' }, false],
  ];
  for (const [grant, expected] of rows)
    test(`${JSON.stringify(grant)} ${expected ? 'fits' : 'is refused'}`, () => assert.equal(fits(grant), expected));
  test('covers what says less, and not what says more or nothing', () => {
    assert.deepEqual(
      [
        coversKv({}, {}),
        coversKv({ maxKeys: 5 }, { maxKeys: 5 }),
        coversKv({ maxKeys: 5 }, { maxKeys: 6 }),
        coversKv({ maxKeys: 5 }, {}),
        coversKv({}, { maxKeys: kvBounds.keys.value }),
      ],
      [true, true, false, false, true],
    );
    assert.equal(makeKvPolicy()('constructor', {}).allow, false);
  });
});

describe('a login that may create nothing', () => {
  const name = `kv_plain_${randomBytes(4).toString('hex')}`;
  const refusedWith = async (): Promise<readonly string[]> => {
    const url = new URL(database.url);
    [url.username, url.password] = [name, 'plain'];
    const runtime = await openTestRuntime({
      extensions: {
        keeps: extension("export default (router, { kv }) => router.get('/', async (req, res) => res.json(await kv.set('a', 1)));", {
          capabilities: { kv: {} },
          limits: { cpuMs: 5_000, wallMs: 60_000 },
        }),
      },
      options: { database: url.href },
    });
    try {
      const refused = runtime.runtime.refused().map(({ error }) => `${error.code} ${/docs\/database\.md/.test(error.message)}`);
      return refused.length > 0 ? refused : [(await runtime.get('/keeps')).text];
    } finally {
      await runtime.close();
    }
  };
  before(() => admin.query(`create role ${name} login password 'plain'`));
  after(() => admin.query(`drop owned by ${name}; drop role ${name}`));

  test('is refused with the place of the SQL, and serves once a DBA ran it and granted the tables', async () => {
    assert.deepEqual(await refusedWith(), ['ERR_DATABASE_UNSAFE true']);
    await admin.query(tablesSql);
    assert.deepEqual(await refusedWith(), ['ERR_DATABASE_UNSAFE true'], 'tables that it may not use');
    await admin.query(
      `grant usage on schema cloister to ${name}; grant select, insert, update, delete on cloister.kv, cloister.kv_spaces to ${name}`,
    );
    assert.deepEqual(await refusedWith(), ['1']);
  });
  test('finds in docs/database.md the SQL that Cloister itself runs', async () => {
    const page = await readFile(join(import.meta.dirname, '../../../docs/database.md'), 'utf8');
    assert.ok(page.includes(tablesSql));
  });
});

describe('the tables', () => {
  test('are made once by hosts that start at once, and are nothing that PUBLIC may read', async () => {
    await admin.query('drop table if exists cloister.kv, cloister.kv_spaces');
    const clients = await Promise.all([1, 2, 3].map(() => connect()));
    await Promise.all(clients.map((client) => ensureTables(client, 'x')));
    await Promise.all(clients.map((client) => client.end()));
    const { rows } = await admin.query(
      `select relname from pg_class where relnamespace = 'cloister'::regnamespace and relacl::text ~ '[{,]=[a-zA-Z]'`,
    );
    assert.deepEqual(rows, []);
  });
  test('keep applications of different namespaces apart', async () => {
    await ensureTables(admin, 'x');
    const space = { namespace: 'one', extension: 'x', tenant: 't' };
    const never = new AbortController().signal;
    await setEntry(admin, space, { key: 'k', value: '1' }, quotaOf([]), never);
    assert.equal((await getEntry(admin, space, 'k'))?.value, '1');
    assert.equal(await getEntry(admin, { ...space, namespace: 'two' }, 'k'), null);
  });
  test('keep nothing of a request that was over before its end', async () => {
    const space = { namespace: '', extension: 'late', tenant: 't' };
    await assert.rejects(setEntry(admin, space, { key: 'k', value: '1' }, quotaOf([]), AbortSignal.abort()), { code: 'ERR_LEASE_OVER' });
    assert.equal(await getEntry(admin, space, 'k'), null);
  });
});

describe('the connections of a store', () => {
  const { connections: most, waiting } = kvBounds;
  test('are so many and no more; tenants take turns, so many calls wait and one more is refused', async () => {
    let opened = 0;
    const pool = openConnections(() => {
      opened += 1;
      return connect();
    });
    const never = new AbortController().signal;
    const gate = Promise.withResolvers<void>();
    const order: string[] = [];
    const use = (tenant: string, signal = never): Promise<unknown> =>
      pool.use(tenant, signal, async () => {
        await gate.promise;
        order.push(tenant);
      });
    const first = Array.from({ length: most.value }, () => use('holder'));
    const crowd = Array.from({ length: waiting.value - 1 }, () => use('crowd'));
    const leaving = new AbortController();
    const left = use('leaves', leaving.signal);
    await assert.rejects(use('late'), { code: 'ERR_DATABASE_UNAVAILABLE' });
    leaving.abort();
    await assert.rejects(left, { code: 'ERR_LEASE_OVER' });
    const single = use('single');
    gate.resolve();
    await Promise.all([...first, ...crowd, single]);
    assert.ok(order.indexOf('single') <= most.value + 2, 'it had its turn after one of the crowd for each connection');
    assert.equal(opened, most.value);
    await pool.close();
  });
  test('are given back after an error of ours, and not after another', async () => {
    let opened = 0;
    const pool = openConnections(() => {
      opened += 1;
      return connect();
    });
    const never = new AbortController().signal;
    const small = quotaOf([{ maxKeys: 1, maxBytes: 1 }]);
    const space = { namespace: '', extension: 'full', tenant: 't' };
    const store = (): Promise<unknown> => pool.use('t', never, (client) => setEntry(client, space, { key: 'k', value: '1' }, small, never));
    for (let round = 0; round < 3; round += 1) await assert.rejects(store(), { code: 'ERR_STORE_FULL' });
    assert.equal(opened, 1);
    await assert.rejects(pool.use('t', never, (client) => client.query('select nothing')));
    await assert.rejects(store(), { code: 'ERR_STORE_FULL' });
    assert.equal(opened, 2);
    await pool.close();
  });
});
