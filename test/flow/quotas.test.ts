// Quotas over time: what is let in, what is charged, and that hosts of one database agree. Through real wards, HTTP and PostgreSQL.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { CloisterError } from '../../src/errors.ts';
import type { LedgerRecord } from '../../src/ledger/entry.ts';
import type { CloisterOptions } from '../../src/options.ts';
import { QuotaBook } from '../../src/quotas/quota-book.ts';
import { makeLimiterStore, openDatabaseStore } from '../../src/quotas/quota-store.ts';
import type { Quotas } from '../../src/quotas/quota-table.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `export default (router) => {
  router.get('/', (req, res) => res.send('x'.repeat(2_048)));
  router.get('/work', (req, res) => { for (let i = 0, until = Date.now() + 40; Date.now() < until; i += 1); res.send('done'); });
};`;

const identify: CloisterOptions['identify'] = ({ headers }) => ({ tenant: String(headers['x-tenant'] ?? 'a'), accountability: null });
const day = 86_400;

const ask = async (host: TestRuntime, path: string, tenant: string, times: number): Promise<readonly number[]> => {
  const statuses: number[] = [];
  for (let index = 0; index < times; index += 1) statuses.push((await host.get(path, { 'x-tenant': tenant })).status);
  return statuses;
};

describe('quotas', () => {
  let host: TestRuntime;
  before(async () => {
    host = await openTestRuntime({
      extensions: { one: source, two: source },
      options: {
        identify,
        limits: { cpuMs: 2_000, wallMs: 30_000, registerMs: 20_000 },
        quotas: { tenant: { requests: { most: 5, perSeconds: day } }, extension: { requests: { most: 3, perSeconds: day } } },
        quotasOf: (tenant) =>
          ({
            large: { tenant: { requests: { most: 1_000, perSeconds: day } } },
            worker: { extension: { cpuMs: { most: 30, perSeconds: day } } },
            broken: { tenant: { requests: { most: 5 } } } as unknown as Quotas,
            writer: { tenant: { bodyKb: { most: 4, perSeconds: day } } },
          })[tenant] as Quotas | undefined,
      },
    });
  });
  after(() => host?.close());

  it('let in so many requests of an extension, and of a tenant, and not one more; others are not touched', async () => {
    assert.deepEqual(await ask(host, '/one', 'a', 4), [200, 200, 200, 429]);
    assert.deepEqual(await ask(host, '/two', 'a', 3), [200, 200, 429]);
    assert.deepEqual(await ask(host, '/one', 'b', 1), [200]);
    assert.deepEqual(await ask(host, '/one', 'large', 6), [200, 200, 200, 200, 200, 200]);
  });

  it('say which quota it was, when there is room again, and put the refusal on the ledger', async () => {
    const reply = await host.get('/one', { 'x-tenant': 'a' });
    const wait = Number(reply.headers['retry-after']);
    assert.deepEqual([reply.code, wait > day - 600 && wait <= day], ['ERR_QUOTA_EXCEEDED', true]);
    await host.entry('request.end', ({ outcome, tenant }) => outcome === 'ERR_QUOTA_EXCEEDED' && tenant === 'a');
  });

  it('of processor time are charged when it was used, by extension', async () => {
    assert.deepEqual(await ask(host, '/one/work', 'worker', 1), [200]);
    await host.entry('request.end', ({ tenant, path }) => tenant === 'worker' && path === '/one/work');
    assert.deepEqual(await ask(host, '/one', 'worker', 1), [429]);
    assert.deepEqual(await ask(host, '/two', 'worker', 1), [200]);
  });

  it('of bodies are charged by what went out', async () => {
    for (let sent = 0; sent < 2; sent += 1) {
      assert.deepEqual(await ask(host, '/one', 'writer', 1), [200]);
      await waitUntil('both on the ledger', () => host.entries('request.end').filter(({ tenant }) => tenant === 'writer').length > sent);
    }
    assert.deepEqual(await ask(host, '/two', 'writer', 1), [429]);
  });

  it('that limit nothing, by a mistake of whoever gives them, are no leave', async () => {
    const reply = await host.get('/one', { 'x-tenant': 'broken' });
    assert.deepEqual([reply.status, reply.code], [503, 'ERR_TENANT_UNAVAILABLE']);
  });

  it('are charged by what was said last where nobody says, and let nobody in', () => {
    let away = false;
    const told: unknown[] = [];
    const book = new QuotaBook({
      quotasOf: () => {
        if (away) throw new Error('the embedder’s plans are away');
        return { tenant: { rows: { most: 5, perSeconds: 60 } } };
      },
      store: null,
      onStoreFailure: assert.fail,
      onQuotasFailure: (tenant) => told.push(tenant),
    });
    const read = (rows: number): void =>
      book.take({ kind: 'call.end', extension: 'one', tenant: 'a', request: 'r', call: 1, rows } as unknown as LedgerRecord);
    assert.equal(book.refuse('one', 'a', false), null);
    away = true;
    read(3);
    read(2);
    assert.throws(() => book.refuse('one', 'a', false));
    book.take({ kind: 'call.end', extension: 'one', tenant: 'never seen', request: 'r', call: 1, rows: 9 } as unknown as LedgerRecord);
    assert.deepEqual(told, ['a', 'never seen']);
    away = false;
    assert.equal(book.refuse('one', 'a', false)?.quota, 'rows');
    assert.equal(book.refuse('one', 'never seen', false), null);
    void book.close();
  });

  it('begin anew when their window is over, and let nothing of the old one into the new', () => {
    let now = 1_000_000;
    const book = new QuotaBook({
      quotasOf: () => ({ tenant: { requests: { most: 1, perSeconds: 60 } } }),
      store: null,
      onStoreFailure: assert.fail,
      onQuotasFailure: assert.fail,
      now: () => now,
    });
    const asked = (): number | null => book.refuse('one', 'a', false)?.retryAfterSeconds ?? null;
    assert.deepEqual([asked(), asked()], [null, 60]);
    now += 59_500;
    assert.equal(asked(), 1);
    now += 500;
    assert.deepEqual([asked(), asked()], [null, 60]);
    void book.close();
  });
});

/** Waits until the hosts have told the store of so much, and a moment for who told it to hear the answer. */
const agreed = async (url: string, points: number): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (let tries = 0; ; tries += 1) {
      const { rows } = await client.query<{ readonly points: number }>('select points from cloister.quotas');
      if (rows[0]?.points === points) break;
      assert.ok(tries < 400, `the store has ${JSON.stringify(rows)}`);
      await sleep(25);
    }
  } finally {
    await client.end();
  }
  await sleep(300);
};

describe('quotas of many hosts', () => {
  let database: TestDatabase;
  before(async () => {
    database = await openTestDatabase();
  });
  after(() => database?.close());

  it('on one database are of all of them together', async () => {
    const options = {
      limits: { cpuMs: 2_000, wallMs: 30_000, registerMs: 20_000 },
      database: database.url,
      identify,
      quotas: { tenant: { requests: { most: 6, perSeconds: day } }, store: 'database' },
    } as const;
    const hosts = await Promise.all([
      openTestRuntime({ extensions: { one: source }, options }),
      openTestRuntime({ extensions: { one: source }, options }),
    ]);
    try {
      const [left, right] = hosts as [TestRuntime, TestRuntime];
      assert.deepEqual(await ask(left, '/one', 'a', 4), [200, 200, 200, 200]);
      await agreed(database.url, 4);
      assert.deepEqual(await ask(right, '/one', 'a', 1), [200]);
      // It has told the others of its one, and heard of their four: one is left, wherever it is asked for.
      await agreed(database.url, 5);
      assert.deepEqual(await ask(right, '/one', 'a', 2), [200, 429]);
    } finally {
      for (const one of hosts) await one.close();
    }
  });

  it('are exact again after the connection was cut, though the database was away meanwhile', async () => {
    let connections = 0;
    let away = false;
    const clients: pg.Client[] = [];
    const connect = async (): Promise<pg.Client> => {
      connections += 1;
      if (away) throw new Error('the server is away');
      const client = new pg.Client({ connectionString: database.url });
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    };
    const rules = { tenant: { rows: { most: 100, perSeconds: day } } };
    const stores = await Promise.all([openDatabaseStore(connect), openDatabaseStore(connect)]);
    let failures = 0;
    const books = stores.map(
      (store) =>
        new QuotaBook({
          quotasOf: () => rules,
          store,
          onStoreFailure: () => {
            failures += 1;
          },
          onQuotasFailure: assert.fail,
        }),
    );
    const [left, right] = books as [QuotaBook, QuotaBook];
    const use = (book: QuotaBook, rows: number): void =>
      book.take({ kind: 'call.end', extension: 'one', tenant: 'cut', request: 'r', call: 1, rows } as unknown as LedgerRecord);
    try {
      use(left, 10);
      await left.settle();
      away = true;
      for (const client of clients.splice(0)) client.connection.stream.destroy();
      use(left, 20);
      use(right, 30);
      for (let tries = 0; failures < 2 && tries < 200; tries += 1) {
        await Promise.all(books.map((book) => book.settle()));
        await sleep(10);
      }
      assert.equal(failures, 2);
      assert.equal(left.refuse('one', 'cut', false), null);
      away = false;
      const before = connections;
      for (let tries = 0; connections === before && tries < 200; tries += 1) await Promise.all(books.map((book) => book.settle()));
      for (const book of books) await book.settle();
      use(left, 40);
      await left.settle();
      use(right, 0.5);
      use(right, 0.5);
      await right.settle();
      // 10 + 20 + 30 + 40 of 100, by both hosts together.
      assert.deepEqual(
        [left, right].map((book) => book.refuse('one', 'cut', true)?.quota),
        ['rows', 'rows'],
      );
      const check = new pg.Client({ connectionString: database.url });
      await check.connect();
      const { rows } = await check.query<{ readonly points: number }>('select max(points) points from cloister.quotas');
      await check.end();
      assert.equal(rows[0]?.points, 101);
    } finally {
      await Promise.all(books.map((book) => book.close()));
    }
  });

  it('need the database they are to agree in', async () => {
    await assert.rejects(
      openTestRuntime({
        extensions: { one: source },
        options: { quotas: { tenant: { rows: { most: 1, perSeconds: 1 } }, store: 'database' } },
      }),
      (error: unknown) => error instanceof CloisterError && error.code === 'ERR_OPTIONS_INVALID',
    );
  });

  const end = (cpuMs: number): LedgerRecord =>
    ({ kind: 'request.end', extension: 'one', tenant: 'a', request: 'r', cpuMs, bytesOut: 0 }) as unknown as LedgerRecord;

  it('go on by what this host knows while the store is away, and tell it afterwards', async () => {
    const limiter = new RateLimiterMemory({ points: 1, duration: 1 });
    const store = makeLimiterStore(limiter);
    let away = true;
    let failures = 0;
    const open = (): QuotaBook =>
      new QuotaBook({
        quotasOf: () => ({ tenant: { cpuMs: { most: 100, perSeconds: day } } }),
        store: {
          add: async (...args) => (away ? Promise.reject(new Error('away')) : await store.add(...args)),
          close: async () => undefined,
        },
        onStoreFailure: () => {
          failures += 1;
        },
        onQuotasFailure: assert.fail,
      });
    const [book, other] = [open(), open()];
    book.take(end(60.25));
    await book.settle();
    await book.settle();
    assert.deepEqual([failures, book.refuse('one', 'a', false)], [1, null]);
    book.take(end(50));
    assert.equal(book.refuse('one', 'a', true)?.quota, 'cpuMs');
    away = false;
    await book.settle();
    other.take(end(1));
    assert.equal(other.refuse('one', 'a', false), null);
    await other.settle();
    assert.equal(other.refuse('one', 'a', false)?.quota, 'cpuMs');
    await Promise.all([book.close(), other.close()]);
  });
});
