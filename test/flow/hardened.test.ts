// Wards without V8's compilers serve as others do: images, Express, Knex, regular expressions, limits. Must never compare times.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { directusExtension, extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const source = `export default (router, { database }) => {
  router.get('/hello/:name', (req, res) => res.json({ hello: req.params.name, regexp: /^(\\w)(?=o)/u.test('so') }));
  router.get('/things', async (req, res) => res.json(await database('things').select('id').orderBy('id')));
  router.get('/sum', (req, res) => { let sum = 0; for (let at = 0; at < 100_000; at += 1) sum += at; res.json(sum); });
  router.get('/made', (req, res) => res.json([typeof WebAssembly, new Function('return 1 + 1')()]));
  router.get('/loop', () => { for (;;); });
};`;

let database: TestDatabase;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase('create table things (id int); insert into things values (1), (2)');
  const capabilities = { database: { tables: { things: { read: true } } } };
  const limits = { cpuMs: 1_500, wallMs: 20_000 };
  runtime = await openTestRuntime({
    extensions: { five: extension(source, { capabilities, limits }), four: directusExtension(source, { capabilities, limits }) },
    options: { database: database.url, wards: { hardened: true, spareCells: 0 } },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  await database.close();
});

describe('hardened wards', () => {
  for (const id of ['five', 'four']) {
    test(`serve an extension of Express ${id}`, async () => {
      assert.deepEqual((await runtime.get(`/${id}/hello/ada`)).json(), { hello: 'ada', regexp: true });
      assert.deepEqual((await runtime.get(`/${id}/things`)).json(), [{ id: 1 }, { id: 2 }]);
      assert.equal((await runtime.get(`/${id}/sum`)).json(), 4_999_950_000);
      assert.deepEqual((await runtime.get(`/${id}/made`)).json(), ['undefined', 2]);
    });
  }
  test('end a loop', async () => assert.equal((await runtime.get('/five/loop')).code, 'ERR_CPU_EXCEEDED'));
  test('are started with the flag', () => {
    for (const pid of runtime.wards()) {
      assert.match(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), /--jitless/);
    }
  });
});
