// The guest's Knex as an instance: errors, events, what it refuses, and how it binds values. Must never compare with anything but plain Knex and pg.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import type { Knex } from 'knex';
import { type KnexPair, openKnexPair } from '../../../test/helpers/database-knex.ts';
import { makeGuest } from './guest.ts';

let pair: KnexPair;
let plain: Knex;
let guest: Knex;
before(async () => {
  pair = await openKnexPair();
  ({ plain, guest } = pair);
});
after(() => pair.close());

type Case = readonly [name: string, run: (knex: Knex) => unknown];

const failures: readonly Case[] = [
  ['a duplicate key', (k) => k('articles').insert({ title: 'title 1' })],
  ['an unknown column', (k) => k('articles').select('nothing')],
  ['a missing value', (k) => k('authors').insert({ name: null })],
  ['a wrong operator', (k) => k('articles').whereRaw('title + 1 = 2')],
  ['a division by zero', (k) => k('articles').whereRaw('1 / (id - id) = 1')],
];

describe('failures look as plain Knex’s do:', () => {
  const facts = async (work: unknown): Promise<unknown> => {
    const error = await Promise.resolve(work).then(
      () => assert.fail('it did not fail'),
      (thrown: unknown) => thrown as Record<string, unknown>,
    );
    // What the server's text or context could tell beyond the code is left out on purpose (failure.ts).
    return {
      code: error['code'],
      name: error['name'],
      severity: error['severity'],
      constraint: error['constraint'],
      isError: error instanceof Error,
      sql: String(error['message']).split(' - ')[0],
    };
  };
  for (const [name, run] of failures) test(name, async () => assert.deepEqual(await facts(run(guest)), await facts(run(plain))));
  test('and a message is SQL, dash, reason', async () => {
    await assert.rejects(async () => await guest('articles').insert({ title: 'title 1' }), {
      message: 'insert into "articles" ("title") values ($1) - duplicate key value violates unique constraint "articles_title_key"',
    });
  });
  test('and a denial names its rule', async () => {
    const error = await guest('secret').then(
      () => assert.fail('it did not fail'),
      (thrown: unknown) => thrown as { code: string; extensions: { rule: string } },
    );
    assert.deepEqual([error.code, error.extensions.rule], ['ERR_CAPABILITY_DENIED', 'database.tables.secret.read']);
  });
});

describe('the instance', () => {
  test('is a Knex for pg', () => {
    assert.equal(guest.client.config.client, 'pg');
    assert.equal(guest.client.driverName, 'pg');
    assert.equal(typeof guest, 'function');
  });
  test('emits what a builder emits', async () => {
    const watch = async (knex: Knex): Promise<readonly unknown[]> => {
      const seen: unknown[] = [];
      const query = knex('articles').where({ id: 1 }).select('id');
      query.on('start', () => seen.push('start'));
      query.on('query', ({ sql, bindings, method }: { sql: string; bindings: unknown; method: string }) =>
        seen.push([sql, bindings, method]),
      );
      query.on('query-response', (rows: unknown) => seen.push(rows));
      query.on('end', () => seen.push('end'));
      await query;
      return seen;
    };
    assert.deepEqual(await watch(guest), await watch(plain));
  });
  test('emits query for all of its queries, and query-error', async () => {
    const seen: unknown[] = [];
    const instance = await pair.openGuest('events');
    instance.on('query', ({ sql }: { sql: string }) => seen.push(sql));
    instance.on('query-error', ({ code }: { code: string }) => seen.push(code));
    await instance('articles').count();
    await instance('articles')
      .select('nothing')
      .catch(() => undefined);
    assert.deepEqual(seen, ['select count(*) from "articles"', 'select "nothing" from "articles"', '42703']);
  });
  test('works through withUserParams', async () =>
    assert.deepEqual(await guest.withUserParams({ a: 1 })('articles').where({ id: 1 }).pluck('id'), [1]));
  test('can be destroyed without harm', async () => {
    await guest.destroy();
    assert.deepEqual(await guest('articles').where({ id: 1 }).pluck('id'), [1]);
  });
  test('holds no pool and no connection settings', () => {
    assert.equal(guest.client.pool, undefined);
    assert.deepEqual(guest.client.connectionSettings, {});
  });
  const refusals: readonly (readonly [string, () => unknown])[] = [
    ['migrate', async () => await guest.migrate.latest()],
    ['seed', async () => await guest.seed.run()],
  ];
  for (const [name, run] of refusals)
    test(`${name} is refused in words`, async () => assert.rejects(async () => await run(), { code: 'ERR_METHOD_UNKNOWN' }));
});

test('bindings are what pg makes of them', async () => {
  const require = createRequire(import.meta.url);
  const { prepareValue } = require('pg/lib/utils') as { prepareValue(value: unknown): unknown };
  const sent: unknown[] = [];
  const instance = makeGuest({
    granted: true,
    boot: null,
    send: () => undefined,
    note: () => undefined,
    session: () => assert.fail(),
    call(_method, args) {
      sent.push(...(args as { bindings: unknown[] }).bindings);
      return Promise.resolve({ command: 'SELECT', rowCount: 0, fields: [], rows: [] });
    },
  }) as Knex;
  const values: readonly unknown[] = [
    'a',
    '',
    0,
    -1.5,
    1e21,
    Number.MAX_SAFE_INTEGER,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    10n ** 30n,
    true,
    false,
    null,
    [],
    [[]],
    [1, [2, [3]]],
    ['a"b\\c', null, 1n, true],
    [new Date(0)],
    [{ a: 1 }],
    { a: 1, b: null },
    {},
    new Date(0),
    new Date(1.7e12),
    new Date(Date.UTC(-1, 0, 1)),
    new Date(Date.UTC(99, 0, 1)),
    Buffer.from('x'),
    new Uint8Array([1]),
    [new Uint8Array([1, 255])],
    { toPostgres: (prepare: (value: unknown) => unknown) => prepare([1, 'x']) },
    { toPostgres: () => Buffer.from('y') },
    { toJSON: () => 'json' },
  ];
  const toText = (value: unknown): unknown =>
    value === null ? null : Buffer.isBuffer(value) ? { $bytes: value.toString('base64') } : String(value);
  for (const value of values) {
    sent.length = 0;
    await instance.raw('select :value', { value: value as Knex.Value });
    const [one] = sent;
    assert.deepEqual(typeof one === 'number' || typeof one === 'boolean' ? String(one) : one, toText(prepareValue(value)));
  }
});
