// When a cell looks at its schema again. The clock is left alone: only what expires it by itself is tried.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeLease } from './lease.ts';
import { isDefinition, makeSchemaCache } from './schema-cache.ts';
import { enterZone } from './zone.ts';

describe('a statement that defines', () => {
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['database', { sql: 'create table t (a int)' }, true],
    ['database', { sql: '\n  ALTER TABLE t ADD b int' }, true],
    ['database', { sql: 'drop table t' }, true],
    ['database', { sql: 'select 1' }, false],
    ['database', { sql: 'created' }, false],
    ['database', { sql: 5 }, false],
    ['database', {}, false],
    ['database', null, false],
    ['schema', { sql: 'create table t (a int)' }, false],
  ];
  for (const [capability, args, expected] of rows)
    test(`${capability} ${JSON.stringify(args)}: ${expected}`, () => assert.equal(isDefinition(capability, args), expected));
});

describe('a schema that was read', () => {
  const open = (read: () => Promise<unknown>) => {
    enterZone({ lease: makeLease(1), stores: undefined });
    const cache = makeSchemaCache(read);
    return { cache, ask: () => new Promise((resolve, reject) => cache.use(resolve, reject)) };
  };
  test('is not read again while it is fresh', async () => {
    let reads = 0;
    const { ask } = open(async () => ++reads);
    assert.deepEqual([await ask(), await ask(), await ask()], [1, 1, 1]);
  });
  test('is read again once it has expired', async () => {
    let reads = 0;
    const { cache, ask } = open(async () => ++reads);
    await ask();
    cache.expire();
    assert.deepEqual([await ask(), await ask()], [2, 2]);
  });
  test('is kept where it cannot be read again, and refused where there is none', async () => {
    let fails = true;
    const { cache, ask } = open(() => (fails ? Promise.reject(new Error('away')) : Promise.resolve('read')));
    await assert.rejects(ask(), /away/);
    cache.expire();
    fails = false;
    assert.equal(await ask(), 'read');
    fails = true;
    cache.expire();
    assert.equal(await ask(), 'read');
  });
});
