// Each example does what its README line says, through the whole road. Must never need an example that is not in extensions/.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeMailService } from '../../src/cli/demo/mail-service.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const folder = join(import.meta.dirname, '../../extensions');
let database: TestDatabase;
let runtime: TestRuntime;
let pid: number;
const mails: unknown[] = [];

before(async () => {
  pid = process.pid;
  database = await openTestDatabase(await readFile(join(folder, 'demo.sql'), 'utf8'));
  runtime = await openTestRuntime({
    extensions: {},
    options: {
      extensions: [folder],
      approvals: 'requested',
      database: database.url,
      env: { GREETING_URL: 'http://elsewhere.example/' },
      services: { MailService: makeMailService({ warn: (facts: unknown) => void mails.push(facts) }) },
      // A machine that does much else besides must not make an example too slow.
      limits: { cpuMs: 500, wallMs: 10_000 },
    },
  });
});
after(async () => {
  await runtime.close();
  await database.close();
});

test('every example is served and none refused', () => {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
  assert.deepEqual(
    runtime.runtime
      .extensions()
      .map(({ id }) => id)
      .sort(),
    names.sort(),
  );
});

describe('what a visitor sees', () => {
  const rows: readonly (readonly [string, number, RegExp])[] = [
    ['/greet', 200, /^Hello, World!$/],
    ['/greet/intro', 200, /^Nice to meet you\.$/],
    ['/greet/goodbye', 200, /^Goodbye!$/],
    ['/articles?limit=2', 200, /"meta":\{"total":25,"limit":2,"offset":0\}/],
    ['/articles/1', 200, /"id":1,/],
    ['/digest', 200, /^\{"data":\[\{"title":"The smallest railway in the valley","views":484\},.*"views":373\}\]\}$/],
    ['/guarded', 200, /"trail":\["outer","first","second"\]/],
    ['/guarded/throws', 500, /./],
    ['/guarded/passes', 418, /handed to next/],
    ['/ticker', 200, /^(?:.|\n)*data: /],
    ['/spinner/now', 504, /ERR_CPU_EXCEEDED/],
    ['/spinner/later', 504, /ERR_CPU_EXCEEDED/],
    ['/spinner/builtin', 504, /ERR_CPU_EXCEEDED/],
    ['/glutton/fill', 0, /ERR_CPU_EXCEEDED|ERR_WARD_CRASHED|ERR_DEADLINE_EXCEEDED/],
    ['/bare', 200, /./],
    ['/transfers', 200, /"owner":"Ada","balance":100/],
    ['/snoop', 200, /./],
    ['/courier', 502, /"rule":"fetch.origin"/],
    ['/courier/elsewhere', 200, /"fetch.origin"\],\["file:.*"fetch.url"\],.*"fetch.path"/],
    ['/orders', 200, /"orders":0/],
    ['/invoices', 200, /^\[\]$/],
    ['/links', 200, /^\[\]$/],
    ['/links/nowhere', 404, /there is no such link/],
    ['/echo', 200, /"chain":\["echo\.call","echo\.answer","echo\.call"\]/],
  ];
  for (const [path, status, text] of rows) {
    test(`${path} answers ${status === 0 ? '504 or 507' : status}`, async () => {
      let reply = await runtime.get(path);
      // A bomb before it may have ended the ward it was in: who had begun to have effects is told to come again.
      if (reply.code === 'ERR_CELL_LOST') reply = await runtime.get(path);
      // A bomb ends by whichever limit it meets first.
      if (status === 0) assert.ok([504, 507].includes(reply.status), reply.text);
      else assert.equal(reply.status, status, reply.text);
      assert.match(reply.text, text);
      assert.equal((await runtime.get('/greet')).status, 200, 'a neighbour answers right after');
    });
  }
});

test('rows are created, changed, read and deleted', async () => {
  const send = (path: string, method: string, value?: object) =>
    runtime.request(path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(value === undefined ? {} : { body: JSON.stringify(value) }),
    });
  const created = await send('/articles', 'POST', { title: 'Brought by a test', body: 'Words.', status: 'draft' });
  assert.equal(created.status, 201, created.text);
  const { id } = (created.json() as { readonly data: { readonly id: number } }).data;
  assert.equal((await send(`/articles/${id}`, 'PATCH', { title: 'Changed by a test' })).status, 200);
  assert.match((await runtime.get(`/articles/${id}`)).text, /Changed by a test/);
  assert.equal((await send(`/articles/${id}`, 'DELETE')).status, 204);
  assert.equal((await runtime.get(`/articles/${id}`)).status, 404);
});

test('a link is made once, followed, counted and listed', async () => {
  const put = () =>
    runtime.request('/links/docs', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"to":"/elsewhere"}' });
  assert.deepEqual([(await put()).status, (await put()).status], [201, 409]);
  const visits = await Promise.all(Array.from({ length: 5 }, () => runtime.get('/links/docs')));
  assert.deepEqual(
    visits.map(({ status, headers }) => [status, headers.location]),
    visits.map(() => [302, '/elsewhere']),
  );
  assert.deepEqual((await runtime.get('/links')).json(), [{ name: 'docs', to: '/elsewhere', visits: 5 }]);
});

describe('the digest', () => {
  test('goes by the host’s mail service', async () => {
    const reply = await runtime.post('/digest', { to: 'reader@example.org' });
    assert.deepEqual([reply.status, reply.json()], [202, { data: { queued: 1 } }]);
    assert.match(JSON.stringify(mails), /"extension":"digest","tenant":"default".*"to":"reader@example.org".*The smallest railway/);
  });
  test('answers with the service’s own error', async () => {
    const reply = await runtime.post('/digest', { to: 'nobody' });
    const reason = '"nobody" is no mail address';
    const error = { message: `Invalid payload. ${reason}.`, extensions: { reason, code: 'INVALID_PAYLOAD' } };
    assert.deepEqual([reply.status, reply.json()], [400, { errors: [error] }]);
  });
  test('reaches nothing beside it', async () => {
    const denied = { code: 'ERR_CAPABILITY_DENIED' };
    const { field, ...found } = (await runtime.get('/digest/beyond')).json() as { readonly field: { readonly code?: string } };
    assert.deepEqual(found, { granted: ['ItemsService', 'MailService'], method: denied, collection: denied, service: denied });
    assert.equal(field.code, 'FORBIDDEN');
  });
});

test('the snoop finds no secret, and the host is the process it was', async () => {
  const { text } = await runtime.get('/snoop');
  assert.doesNotMatch(text, /an extension that is not granted this must never see it|root:x:0/);
  assert.equal(process.pid, pid);
});
