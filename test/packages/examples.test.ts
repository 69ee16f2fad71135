// The examples as packages: each is read under the contracts that ship, and does outside a cell what its README says. Must never run a hostile one.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import knex, { type Knex } from 'knex';
import type { LoadedPackage } from '../../src/packages/loaded-package.ts';
import { readPackages } from '../../src/packages/read-packages.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { realCatalog } from './real-catalog.ts';
import { call, defaultOf, evaluateScript, provideNode } from './script-runner.ts';

const require = createRequire(import.meta.url);
const folder = path.join(import.meta.dirname, '../../extensions');
const expected = [
  'articles',
  'bare',
  'courier',
  'digest',
  'echo',
  'glutton',
  'greet',
  'guarded',
  'invoices',
  'janitor',
  'links',
  'orders',
  'snoop',
  'spinner',
  'ticker',
  'transfers',
];
const hostile = new Set(['glutton', 'snoop', 'spinner']);
/** What they are about, only a host has: test/flow/*examples.test.ts. */
const needHost = new Set(['digest', 'echo', 'invoices', 'janitor', 'links', 'orders']);

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

describe('the examples', { timeout: 120_000 }, () => {
  let packages: readonly LoadedPackage[];
  let database: TestDatabase;
  let db: Knex;
  let server: Server;
  let origin: string;
  const logged: unknown[] = [];

  const find = (id: string): LoadedPackage => {
    const found = packages.find(({ fallbackId }) => fallbackId === id);
    assert.ok(found !== undefined, id);
    return found;
  };

  /** As the kernel does it, without its walls: the register function gets a router of the package's Express. */
  const mount = (app: (router: unknown) => unknown, id: string): void => {
    const loaded = find(id);
    const major = loaded.manifest?.express ?? loaded.express;
    const express: unknown = require(major === 4 ? 'express4' : 'express');
    const exported = defaultOf(
      evaluateScript(loaded.script, (name) => (name === 'express' ? express : provideNode(name)), { setInterval, clearInterval }).exports,
    );
    const register = typeof exported === 'function' ? exported : Reflect.get(Object(exported), 'handler');
    const router = call(Reflect.get(Object(express), 'Router'));
    call(register, router, {
      database: db,
      logger: { info: (...args: unknown[]) => logged.push(args), warn: (...args: unknown[]) => logged.push(args) },
    });
    const outer = call(express);
    call(Reflect.get(Object(outer), 'use').bind(outer), call(Reflect.get(Object(express), 'json')));
    call(Reflect.get(Object(outer), 'use').bind(outer), `/${id}`, router);
    app(outer);
  };

  const ask = async (target: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(origin + target, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
  const send = (method: string, target: string, body: unknown): Promise<Answer> =>
    ask(target, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  before(async () => {
    const read = await readPackages([folder], realCatalog.contracts);
    assert.deepEqual(read.refused, []);
    packages = read.packages;
    database = await openTestDatabase();
    db = knex({ client: 'pg', connection: database.url, pool: { max: 4 } });
    await db.raw(await readFile(path.join(folder, 'demo.sql'), 'utf8'));
    const apps = new Map<string, (...args: unknown[]) => unknown>();
    for (const id of expected.filter((one) => !hostile.has(one) && !needHost.has(one)))
      mount((app) => apps.set(id, (...args) => call(app, ...args)), id);
    server = createServer((req, res) => apps.get(req.url?.split(/[/?]/)[1] ?? '')?.(req, res));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    origin = `http://127.0.0.1:${address.port}`;
  });
  after(async () => {
    server?.close();
    server?.closeAllConnections();
    await db?.destroy();
    await database?.close();
  });

  test('are all there and read under the contracts that ship', () => {
    assert.deepEqual(
      packages.map(({ fallbackId }) => fallbackId),
      expected,
    );
    assert.deepEqual(
      packages.map(({ express }) => express),
      [4, 5, 5, 4, 5, 5, 4, 5, 4, 4, 5, 5, 5, 5, 5, 5],
    );
    assert.deepEqual(
      packages.filter(({ manifest }) => manifest === null).map(({ fallbackId }) => fallbackId),
      ['bare'],
    );
  });

  test('each say in their README what the visitor sees, with a curl line', async () => {
    for (const id of expected) {
      const page = await readFile(path.join(folder, id, 'README.md'), 'utf8');
      assert.match(page, new RegExp(`^# ${id}\\n\\n.*the visitor sees[^]*curl .*127\\.0\\.0\\.1:8055/${id}`, 'i'), id);
    }
  });

  test('none asks for the table of members', () => {
    for (const { manifest } of packages) assert.doesNotMatch(JSON.stringify(manifest), /members/);
  });

  test('greet answers as in the Directus documentation', async () => {
    for (const [target, text] of [
      ['/greet', 'Hello, World!'],
      ['/greet/intro', 'Nice to meet you.'],
      ['/greet/goodbye', 'Goodbye!'],
    ] as const) {
      const answer = await ask(target);
      assert.deepEqual([answer.status, answer.body], [200, text]);
    }
  });

  test('bare counts its requests', async () => {
    const [first, second] = [await ask('/bare?a=1'), await ask('/bare')];
    assert.equal(Reflect.get(Object(first.body), 'requests'), 1);
    assert.equal(Reflect.get(Object(second.body), 'requests'), 2);
  });

  test('guarded runs its chains and ends every failure in its error middleware', async () => {
    assert.deepEqual((await ask('/guarded')).body, { message: 'Anyone may read this.', trail: ['outer', 'first', 'second'] });
    assert.equal((await ask('/guarded/inner')).status, 401);
    assert.deepEqual((await ask('/guarded/inner?word=sesame')).body, {
      message: 'You are in.',
      trail: ['outer', 'inner'],
    });
    assert.deepEqual((await send('POST', '/guarded/inner?word=sesame', { a: 1 })).body, {
      received: { a: 1 },
      trail: ['outer', 'inner', 'json'],
    });
    assert.equal((await ask('/guarded/inner?word=sesame', { method: 'POST' })).status, 415);
    for (const [target, status, error] of [
      ['throws', 500, 'thrown at once'],
      ['rejects', 500, 'thrown after an await'],
      ['passes', 418, 'handed to next'],
      ['double/x', 400, 'x is no whole number'],
    ] as const) {
      const answer = await ask(`/guarded/${target}`);
      assert.deepEqual([answer.status, answer.body], [status, { error, trail: ['outer'] }]);
      assert.equal(answer.headers.get('x-guarded'), 'yes');
    }
    assert.deepEqual((await ask('/guarded/double/21')).body, { double: 42 });
    assert.equal(logged.length >= 5, true);
  });

  test('ticker streams its events and ends', async () => {
    const answer = await ask('/ticker?ticks=3&everyMs=10', { headers: { 'last-event-id': '4' } });
    assert.equal(answer.headers.get('content-type'), 'text/event-stream');
    assert.deepEqual(
      [...String(answer.body).matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? '')),
      [
        { tick: 5, of: 7 },
        { tick: 6, of: 7 },
        { tick: 7, of: 7 },
      ],
    );
  });

  test('articles lists by pages, reads, creates, changes and deletes real rows', async () => {
    const { body } = await ask('/articles?limit=2&offset=1&status=published');
    assert.deepEqual(Reflect.get(Object(body), 'meta'), { total: 15, limit: 2, offset: 1 });
    assert.deepEqual(
      Reflect.get(Object(body), 'data').map((row: { id: number }) => row.id),
      [2, 4],
    );
    assert.equal(Reflect.get(Object((await ask('/articles?offset=20')).body), 'data').length, 5);
    const created = await send('POST', '/articles', { title: ' New ', body: 'words' });
    assert.deepEqual([created.status, created.headers.get('location')], [201, '/articles/26']);
    assert.deepEqual(created.body, { data: { id: 26, title: 'New', status: 'draft', body: 'words', views: 0, published_at: null } });
    const changed = await send('PATCH', '/articles/26', { status: 'published', published_at: '2026-01-02' });
    assert.deepEqual(changed.body, {
      data: { id: 26, title: 'New', status: 'published', body: 'words', views: 0, published_at: '2026-01-02T00:00:00.000Z' },
    });
    assert.deepEqual((await ask('/articles/26')).body, changed.body);
    assert.equal((await ask('/articles/26', { method: 'DELETE' })).status, 204);
    assert.deepEqual((await ask('/articles/26')).body, { errors: [{ message: 'no article 26', extensions: { code: 'NOT_FOUND' } }] });
  });

  const mistakes: readonly (readonly [string, string, unknown, number])[] = [
    ['POST', '/articles', {}, 400],
    ['POST', '/articles', [], 400],
    ['POST', '/articles', { body: 'x' }, 400],
    ['POST', '/articles', { title: '' }, 400],
    ['POST', '/articles', { title: 'x'.repeat(201) }, 400],
    ['POST', '/articles', { title: 'x', id: 1 }, 400],
    ['POST', '/articles', { title: 'x', status: 'gone' }, 400],
    ['POST', '/articles', { title: 'x', __proto__: 1, constructor: 'y' }, 400],
    ['PATCH', '/articles/1', { published_at: 'soon' }, 400],
    ['PATCH', '/articles/1', {}, 400],
    ['PATCH', '/articles/999', { title: 'x' }, 404],
    ['DELETE', '/articles/999', {}, 404],
    ['DELETE', '/articles/9999999999', {}, 404],
    ['PATCH', '/articles/x', { title: 'x' }, 404],
  ];
  for (const [method, target, body, status] of mistakes) {
    test(`articles answers ${status} to ${method} ${target} ${JSON.stringify(body).slice(0, 40)}`, async () =>
      assert.equal((await send(method, target, body)).status, status));
  }
  for (const query of ['limit=51', 'limit=x', 'limit=1&limit=2', 'offset=-1', 'status=gone']) {
    test(`articles answers 400 to ?${query}`, async () => assert.equal((await ask(`/articles?${query}`)).status, 400));
  }
});
