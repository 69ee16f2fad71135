// The examples of events: two that talk, a schedule, a loop that is caught; each does what its README says. Must never need an example that is not in extensions/.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const folder = join(import.meta.dirname, '../../extensions');
let database: TestDatabase;
let runtime: TestRuntime;

before(async () => {
  database = await openTestDatabase(await readFile(join(folder, 'demo.sql'), 'utf8'));
  runtime = await openTestRuntime({
    extensions: {},
    options: {
      extensions: ['orders', 'invoices', 'echo', 'janitor', 'articles'].map((name) => join(folder, name)),
      database: database.url,
      limits: { cpuMs: 500, wallMs: 10_000, registerMs: 20_000 },
    },
  });
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
});
after(async () => {
  await runtime.close();
  await database.close();
});

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + 40_000; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 100)))
    if (performance.now() > end) assert.fail(what);
};

test('orders and invoices talk: a filter changes and refuses, an action is heard', async () => {
  const place = (item: string, amount: number) =>
    runtime.request('/orders', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ item, amount }) });
  const placed = await place('lamp', 100);
  assert.deepEqual([placed.status, placed.json()], [201, { number: 1, item: 'lamp', amount: 100, tax: 20 }]);
  const refused = await place('boat', 5000);
  assert.deepEqual([refused.status, refused.code], [400, 'TOO_DEAR']);
  assert.match(refused.text, /boat costs more than 1000/);
  await until('the invoice is there', async () => (await runtime.get('/invoices')).text !== '[]');
  assert.deepEqual((await runtime.get('/invoices')).json(), [{ invoice: 'R-1', item: 'lamp', total: 120 }]);
});

test('echo’s loop is on the ledger with its chain', async () => {
  await runtime.get('/echo');
  const { subject } = await runtime.entry('life', ({ event, extension }) => event === 'event.refused' && extension === 'echo');
  assert.equal(subject, 'echo.call → echo.answer → echo.call');
});

test('the janitor runs on its schedule, which the operator sees', async () => {
  const [schedule] = runtime.runtime.schedules();
  assert.deepEqual([schedule?.extension, schedule?.cron, schedule?.once], ['janitor', '*/5 * * * * *', 'database']);
  const created = await runtime.request('/articles', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'Nothing yet', status: 'draft' }),
  });
  const { id } = (created.json() as { readonly data: { readonly id: number } }).data;
  await until('the draft is archived', async () => /"status":"archived"/.test((await runtime.get(`/articles/${id}`)).text));
});
