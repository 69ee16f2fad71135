// The example of transactions does what its README says: all or nothing, a receipt that fails alone, two at once. Must never need an example that is not in extensions/.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const folder = join(import.meta.dirname, '../../extensions');
let database: TestDatabase;
let admin: pg.Client;
let runtime: TestRuntime;

before(async () => {
  database = await openTestDatabase(await readFile(join(folder, 'demo.sql'), 'utf8'));
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  runtime = await openTestRuntime({
    extensions: {},
    options: { extensions: [join(folder, 'transfers')], database: database.url, limits: { cpuMs: 1_000, wallMs: 20_000 } },
  });
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
});
after(async () => {
  await runtime.close();
  await admin.end();
  await database.close();
});

const balances = async (): Promise<readonly number[]> =>
  (await admin.query<{ readonly balance: number }>('select balance from accounts order by id')).rows.map(({ balance }) => balance);
const count = async (table: string): Promise<number> => (await admin.query(`select from ${table}`)).rowCount ?? -1;

describe('a transfer', () => {
  test('moves money, writes its entry and its receipt', async () => {
    const reply = await runtime.post('/transfers', { from: 1, to: 2, amount: 30, receipt: 'thanks' });
    assert.deepEqual([reply.status, reply.json()], [201, { data: { id: 1, receipted: true } }]);
    assert.deepEqual([await balances(), await count('transfers'), await count('receipts')], [[70, 80, 0], 1, 1]);
  });
  test('stands without a receipt that cannot be written', async () => {
    const reply = await runtime.post('/transfers', { from: 2, to: 3, amount: 10, receipt: 'x'.repeat(41) });
    assert.deepEqual([reply.status, reply.json()], [201, { data: { id: 2, receipted: false } }]);
    assert.deepEqual([await balances(), await count('transfers'), await count('receipts')], [[70, 70, 10], 2, 1]);
  });
  const refused: readonly (readonly [string, number, object])[] = [
    ['of more than there is', 409, { from: 3, to: 1, amount: 11 }],
    ['to nobody', 404, { from: 1, to: 99, amount: 1 }],
    ['to oneself', 400, { from: 1, to: 1, amount: 1 }],
    ['of less than nothing', 400, { from: 1, to: 2, amount: -5 }],
    ['of a fraction', 400, { from: 1, to: 2, amount: 0.5 }],
  ];
  for (const [name, status, body] of refused)
    test(`${name} is refused and changes nothing`, async () => {
      const earlier = [await balances(), await count('transfers')];
      assert.equal((await runtime.post('/transfers', body)).status, status);
      assert.deepEqual([await balances(), await count('transfers')], earlier);
    });
  test('twenty at once, both ways, lose and make no money', async () => {
    const earlier = (await balances()).reduce((sum, balance) => sum + balance, 0);
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => runtime.post('/transfers', { from: 1 + (index % 2), to: 2 - (index % 2), amount: 7 })),
    );
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([201]));
    assert.equal(
      (await balances()).reduce((sum, balance) => sum + balance, 0),
      earlier,
    );
    assert.equal(await count('transfers'), 22);
  });
});

test('the balances are read from one snapshot', async () => {
  const { data, meta } = (await runtime.get('/transfers')).json() as { readonly data: readonly object[]; readonly meta: object };
  assert.deepEqual([data.length, meta], [3, { transfers: 22 }]);
});
test('what it was not granted stays shut', async () => {
  const { rows } = await admin.query<{ readonly may: boolean }>(
    `select has_table_privilege(rolname, 'members', 'select') or has_column_privilege(rolname, 'accounts', 'owner', 'update') or has_table_privilege(rolname, 'transfers', 'delete') may
     from pg_roles where rolname like 'cloister\\_transfers\\_%' and pg_has_role(current_user, oid, 'member') and has_database_privilege(rolname, current_database(), 'connect')`,
  );
  assert.ok(rows.length > 0);
  assert.ok(rows.every(({ may }) => !may));
});
