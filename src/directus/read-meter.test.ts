// What a service of Directus may read for one call, over a real connection: rows and bytes as they come in, level after level, and a pool that goes on. Must never rest on a time.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import makeKnex, { type Knex } from 'knex';
import { openTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts';
import { boundQuery, boundService } from './bound-service.ts';
import { makeReadMeter, type ReadMeter } from './read-meter.ts';
import { query } from './service-table.ts';

const tooLarge = (limit: string) => ({
  name: 'DirectusError',
  code: 'CONTENT_TOO_LARGE',
  status: 413,
  extensions: { limit, most: limit === 'rows' ? 100 : 50_000 },
});

let database: TestDatabase;
let own: Knex;
let meter: ReadMeter;
before(async () => {
  database = await openTestDatabase(
    "create table numbers as select n, repeat('x', 1000) as wide from generate_series(1, 5000) n; create table made (n int)",
  );
  own = makeKnex({ client: 'pg', connection: database.url, pool: { min: 0, max: 2 } });
  meter = makeReadMeter(own, { rows: 100, bytes: 50_000 });
});
after(async () => {
  await own.destroy();
  await database.close();
});

const numbers = (db: Knex, limit: number) => db('numbers').select('n').orderBy('n').limit(limit);

describe('a call of a service', () => {
  test('reads as many rows as it may, and no more', async () => {
    assert.equal((await meter.run(true, async () => await numbers(meter.knex, 100))).length, 100);
    await assert.rejects(
      meter.run(true, async () => await numbers(meter.knex, 101)),
      tooLarge('rows'),
    );
  });
  test('is stopped while wide rows come in', async () => {
    await assert.rejects(
      meter.run(true, async () => await meter.knex('numbers').select('wide').limit(90)),
      tooLarge('bytes'),
    );
  });
  test('has its statements counted together where it reads, also in a transaction', async () => {
    const levels = async (db: Knex): Promise<void> => {
      for (let level = 0; level < 3; level += 1) await numbers(db, 40);
    };
    await assert.rejects(
      meter.run(true, () => levels(meter.knex)),
      tooLarge('rows'),
    );
    await assert.rejects(
      meter.run(true, () => meter.knex.transaction((trx) => levels(trx))),
      tooLarge('rows'),
    );
  });
  test('has each statement counted alone where it writes, and leaves nothing behind where it is stopped', async () => {
    await meter.run(false, async () => {
      for (let level = 0; level < 3; level += 1) await numbers(meter.knex, 90);
    });
    await assert.rejects(
      meter.run(false, () =>
        meter.knex.transaction(async (trx) => {
          await trx('made').insert({ n: 1 });
          await numbers(trx, 5_000);
        }),
      ),
      tooLarge('rows'),
    );
    assert.deepEqual(await own('made').select(), []);
  });
  test('is told its own errors, and nothing of calls beside it', async () => {
    await assert.rejects(
      meter.run(true, async () => await meter.knex('nowhere').select()),
      { code: '42P01' },
    );
    const [one, other] = await Promise.all([
      meter.run(true, async () => await numbers(meter.knex, 80)),
      meter.run(true, async () => await numbers(meter.knex, 80)),
    ]);
    assert.equal(one.length + other.length, 160);
  });
  test('leaves Directus’s own queries, and the connections, as they were', async () => {
    for (let turn = 0; turn < 5; turn += 1)
      await assert.rejects(
        meter.run(true, async () => await numbers(meter.knex, 5_000)),
        tooLarge('rows'),
      );
    assert.equal((await numbers(own, 5_000)).length, 5_000);
    assert.equal((await meter.knex('numbers').select('n')).length, 5_000);
  });
});

describe('a query', () => {
  const rows: readonly (readonly [string, unknown, unknown])[] = [
    ['for everything asks for one row too many', { limit: -1, fields: ['id'] }, { limit: 101, fields: ['id'] }],
    ['for more than is allowed asks for one row too many', { limit: 1_000 }, { limit: 101 }],
    ['for fewer stays as it is', { limit: 100 }, { limit: 100 }],
    ['without a limit stays as it is', { fields: ['id'] }, { fields: ['id'] }],
    ['that is none stays none', undefined, undefined],
  ];
  for (const [name, given, expected] of rows) test(name, () => assert.deepEqual(boundQuery(given, 100), expected));
  test('reaches the service bounded, and no method that is not listed', async () => {
    const seen: unknown[] = [];
    const service = {
      readByQuery: (asked: unknown) => Promise.resolve(seen.push(asked)),
      readOne: (key: unknown, asked: unknown) => Promise.resolve(seen.push(key, asked)),
      hidden: () => Promise.resolve(),
    };
    const bound = boundService(
      service,
      {
        readByQuery: { args: [query], effect: false },
        readOne: { args: [true, query], effect: false },
        absent: { args: [], effect: false },
      },
      meter,
      100,
    ) as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
    assert.deepEqual(Object.keys(bound), ['readByQuery', 'readOne', 'absent']);
    await bound['readByQuery']?.({ limit: -1 });
    await bound['readOne']?.({ limit: -1 }, { limit: -1 });
    assert.deepEqual(seen, [{ limit: 101 }, { limit: -1 }, { limit: 101 }]);
    await assert.rejects(bound['absent']?.() ?? Promise.resolve(), Error);
  });
});
