// kv through real wards and a real server: each store its extension's and its tenant's, quotas to the key and the byte, one winner of a race. Must never look into the tables for what the guest should see.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime } from '../../../test/helpers/runtime.ts';
import { openTcpProxy, type TcpProxy } from '../../../test/helpers/tcp-proxy.ts';
import { kvBounds } from './bounds.ts';

const source = `export default (router, { kv }) => {
  router.post('/', async (req, res) => {
    try { res.json({ got: await new Function('kv', 'return (async () => {' + req.body.code + '})()')(kv) }); }
    catch (error) { res.json({ code: error.code ?? String(error), ...error.extensions }); }
  });
};`;
const limits = { cpuMs: 10_000, wallMs: 60_000, registerMs: 30_000 };
const using = (kv?: object) => extension(source, { capabilities: kv === undefined ? {} : { kv }, limits, express: 4 });

let database: TestDatabase;
let admin: pg.Client;
let proxy: TcpProxy;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const url = new URL(database.url);
  proxy = await openTcpProxy(Number(url.port));
  url.port = String(proxy.port);
  runtime = await openTestRuntime({
    extensions: {
      a: using({}),
      b: using({}),
      small: using({ maxKeys: 3, maxBytes: 100, maxValueBytes: 20 }),
      cut: using({ maxKeys: 10 }),
      none: using(),
      audited: using(),
    },
    options: {
      database: url.href,
      identify: (request) => ({ tenant: String(request.headers['x-tenant'] ?? 'default'), accountability: null }),
      ceiling: { capabilities: { router: {}, log: {}, kv: { maxBytes: 1_000_000 } } },
      approvals: {
        ...Object.fromEntries(['a', 'b', 'small', 'none'].map((id) => [id, 'requested' as const])),
        cut: { capabilities: { kv: { maxKeys: 2 } } },
        audited: { mode: 'audit', capabilities: {} },
      },
    },
  });
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
});
after(async () => {
  await runtime.close();
  await proxy.close();
  await admin.end();
  await database.close();
});

type Answer = { readonly got?: unknown; readonly code?: string; readonly limit?: string };
const run = async (id: string, code: string, tenant = 'default'): Promise<Answer> => {
  const reply = await runtime.request(`/${id}`, { method: 'POST', body: { code }, headers: { 'x-tenant': tenant } });
  assert.equal(reply.status, 200, reply.text);
  return reply.json() as Answer;
};
const got = async (id: string, code: string, tenant?: string): Promise<unknown> => {
  const answer = await run(id, code, tenant);
  assert.equal(answer.code, undefined, JSON.stringify(answer));
  return answer.got;
};
const codeOf = async (id: string, code: string, tenant?: string): Promise<string> => {
  const { code: found = 'done', limit } = await run(id, code, tenant);
  return limit === undefined ? found : `${found} ${limit}`;
};
const clear = (id: string, tenant?: string): Promise<unknown> =>
  got(id, 'for (const { key } of (await kv.list({ limit: 1000 })).entries) await kv.delete(key);', tenant);
/** Time passes for what was given a time. */
const expire = (): Promise<unknown> =>
  admin.query(`update cloister.kv set expires_at = now() - interval '1 ms' where expires_at is not null`);

describe('what is stored', () => {
  const values = [null, false, 0, '', 'zero \u0000, quote ", half \ud83d', [1, [2]], { a: { b: null }, ключ: '😀' }];
  test('comes back as it was, by key and in a list', async () => {
    assert.deepEqual(
      await got(
        'a',
        `const all = ${JSON.stringify(values)}; for (const [i, v] of all.entries()) await kv.set('v' + i, v); const back = []; for (const i of all.keys()) back.push(await kv.get('v' + i)); return back;`,
      ),
      values,
    );
    assert.deepEqual(await got('a', `return (await kv.list({ prefix: 'v', values: true })).entries.map(({ value }) => value)`), values);
    assert.equal(
      await got(
        'a',
        `await kv.set('proto', JSON.parse('{"__proto__":{"x":1}}')); return Object.hasOwn(await kv.get('proto'), '__proto__')`,
      ),
      true,
    );
  });
  test('is undefined where there is none, and where it was deleted', async () => {
    assert.deepEqual(
      await got(
        'a',
        `await kv.set('d', 1); return [await kv.get('nothing') === undefined, await kv.entry('nothing') === undefined, await kv.delete('d'), await kv.delete('d'), await kv.get('d') === undefined]`,
      ),
      [true, true, true, false, true],
    );
  });
  test('is not seen by another extension nor in another tenant, nor changed from there', async () => {
    await got('a', `await kv.set('mine', 'a')`);
    await got('a', `await kv.set('mine', 'other'); await kv.delete('v0')`, 'other');
    assert.equal(await got('b', 'return (await kv.list({})).entries.length'), 0);
    await got('b', `await kv.set('mine', 'b')`);
    assert.deepEqual(
      [await got('a', `return [await kv.get('mine'), await kv.get('v0')]`), await got('b', `return await kv.get('mine')`)],
      [['a', null], 'b'],
    );
  });
});

describe('a list', () => {
  test('goes page by page in the order of bytes, within its prefix', async () => {
    const keys = ['p', 'p/', 'p/Z', 'p/a', 'p/é', 'p/😀', 'p/\u{10ffff}\u{10ffff}', 'p0', 'q'];
    await clear('b');
    await got('b', `for (const key of ${JSON.stringify(keys.toReversed())}) await kv.set(key, 1)`);
    const pages = `const pages = []; let cursor = null; do { const page = await kv.list({ prefix: 'p/', limit: 2, cursor }); pages.push(page.entries.map(({ key }) => key)); cursor = page.cursor; } while (cursor !== null); return pages;`;
    assert.deepEqual(await got('b', pages), [keys.slice(1, 3), keys.slice(3, 5), keys.slice(5, 7)]);
    assert.deepEqual(await got('b', 'return (await kv.list()).entries.map(({ key }) => key)'), keys);
    assert.deepEqual(await got('b', `return (await kv.list({ prefix: '%' })).entries`), []);
  });
  test('of values ends a page where they fill it', async () => {
    const bytes = kvBounds.valueBytes.value - 2;
    await got('a', `for (let i = 10; i < 24; i += 1) await kv.set('big' + i, 'x'.repeat(${String(bytes)}))`);
    const page = `return await kv.list({ prefix: 'big', values: true }).then(({ entries, cursor }) => [entries.length, cursor])`;
    assert.deepEqual(await got('a', page), [14, null]);
    await admin.query(`update cloister.kv set bytes = bytes * 4 where key like 'big%'`);
    assert.deepEqual(await got('a', page), [3, 'big12']);
    await admin.query(`update cloister.kv set bytes = bytes / 4 where key like 'big%'`);
    await clear('a');
  });
});

describe('what does not fit is refused', () => {
  const { keyChars, listed, ttlMs, valueBytes } = kvBounds;
  const invalid = 'ERR_ARGUMENT_INVALID';
  const rows: readonly (readonly [string, string, string])[] = [
    ['a key of the most characters', `await kv.set('😀'.repeat(${keyChars.value}), 1)`, 'done'],
    ['one more', `await kv.set('x'.repeat(${keyChars.value + 1}), 1)`, invalid],
    ['an empty key', `await kv.get('')`, invalid],
    ['a key with a zero', `await kv.get('a\\0')`, invalid],
    ['a key with half a character', `await kv.get('a\\ud83d')`, invalid],
    ['a key that is no text', 'await kv.get(1)', invalid],
    ['a value of the most bytes', `await kv.set('v', 'x'.repeat(${valueBytes.value - 2}))`, 'done'],
    ['one more', `await kv.set('v', 'x'.repeat(${valueBytes.value - 1}))`, `${invalid} maxValueBytes`],
    ['as few characters of more bytes', `await kv.set('v', 'é'.repeat(${valueBytes.value / 2}))`, `${invalid} maxValueBytes`],
    ['nothing as a value', `await kv.set('v', undefined)`, invalid],
    ['a circle', `const a = {}; a.a = a; await kv.set('v', a)`, invalid],
    ['the longest life', `await kv.set('v', 1, { ttlMs: ${ttlMs.value} })`, 'done'],
    ['a longer one', `await kv.set('v', 1, { ttlMs: ${ttlMs.value + 1} })`, invalid],
    ['a life of nothing', `await kv.set('v', 1, { ttlMs: 0 })`, invalid],
    ['the most entries of a page', `await kv.list({ limit: ${listed.value} })`, 'done'],
    ['one more', `await kv.list({ limit: ${listed.value + 1} })`, invalid],
    ['a version that is none', `await kv.set('v', 1, { ifVersion: 'x' })`, invalid],
    ['a store that was not granted', `await kv.get('a')`, 'ERR_CAPABILITY_NOT_GRANTED'],
  ];
  for (const [name, code, expected] of rows)
    test(`${name}: ${expected}`, async () => assert.equal(await codeOf(name.includes('not granted') ? 'none' : 'a', code), expected));
});

describe('a quota', () => {
  const full = (limit: string): string => `ERR_STORE_FULL ${limit}`;
  test('of keys is held at N, and not at N and one; what is replaced or deleted makes room', async () => {
    for (const key of ['1', '2', '3']) assert.equal(await codeOf('small', `await kv.set('${key}', 1)`), 'done');
    assert.equal(await codeOf('small', `await kv.set('4', 1)`), full('maxKeys'));
    assert.equal(await codeOf('small', `await kv.set('3', 2)`), 'done');
    assert.equal(await codeOf('small', `await kv.delete('3'); await kv.set('4', 1)`), 'done');
    assert.equal(await codeOf('small', `await kv.set('5', 1)`, 'other'), 'done', 'each tenant has its own');
  });
  test('of bytes counts keys and values in UTF-8, to the byte', async () => {
    await clear('small');
    const key = 'é'.repeat(30);
    assert.equal(await codeOf('small', `await kv.set('${key}', 'x'.repeat(18)); await kv.set('k', 'x'.repeat(16))`), 'done');
    assert.equal(await codeOf('small', `await kv.set('l', 1)`), full('maxBytes'));
    assert.equal(await codeOf('small', `await kv.set('k', 'x'.repeat(17))`), 'done', 'that makes 100');
    assert.equal(await codeOf('small', `await kv.set('k', 'x'.repeat(18))`), full('maxBytes'));
  });
  test('is the least of asked, approved and ceiling', async () => {
    assert.equal(await codeOf('cut', `await kv.set('1', 1); await kv.set('2', 1)`), 'done');
    assert.equal(await codeOf('cut', `await kv.set('3', 1)`), full('maxKeys'));
  });
  test('holds in a race: of many who add at once as many as fit', async () => {
    await clear('small');
    const codes = await Promise.all(Array.from({ length: 20 }, (_, index) => codeOf('small', `await kv.set('r${index}', 1)`)));
    assert.deepEqual([codes.filter((code) => code === 'done').length, new Set(codes).size], [3, 2]);
    assert.equal(await got('small', 'return (await kv.list()).entries.length'), 3);
  });
});

describe('what has expired', () => {
  test('is neither seen nor counted, and its version counts as none', async () => {
    await clear('small');
    await got('small', `for (const key of ['1', '2', '3']) await kv.set(key, 1, { ttlMs: 60000 })`);
    assert.equal(await codeOf('small', `await kv.set('4', 1)`), 'ERR_STORE_FULL maxKeys');
    assert.ok(Number(await got('small', `return (await kv.entry('1')).expiresAt - Date.now()`)) > 1_000);
    await expire();
    assert.deepEqual(
      await got('small', `return [await kv.get('1') === undefined, (await kv.list()).entries.length, await kv.delete('1')]`),
      [true, 0, false],
    );
    assert.equal(
      await codeOf(
        'small',
        `for (const key of ['1', '5', '6']) if (await kv.set(key, 1, { ifVersion: null }) === null) throw new Error('seen')`,
      ),
      'done',
    );
  });
  test('comes to that by itself, and never does what was set again without a time', async () => {
    await got('a', `await kv.set('soon', 1, { ttlMs: 1 }); await kv.set('stays', 1, { ttlMs: 60000 }); await kv.set('stays', 2)`);
    await expire();
    assert.deepEqual(
      await got('a', `while (await kv.get('soon') !== undefined); return [await kv.get('stays'), (await kv.entry('stays')).expiresAt]`),
      [2, null],
    );
  });
});

describe('compare and set', () => {
  test('lets one of 50 writers win, each time', async () => {
    await got('a', `await kv.delete('count'); await kv.set('count', 0)`);
    for (let round = 1; round <= 2; round += 1) {
      const version = Number(await got('a', `return (await kv.entry('count')).version`));
      const won = await Promise.all(
        Array.from({ length: 50 }, () => got('a', `return await kv.set('count', ${round}, { ifVersion: ${version} })`)),
      );
      assert.equal(won.filter((one) => one !== null).length, 1);
    }
    assert.equal(await got('a', `return await kv.get('count')`), 2);
  });
  test('takes null for nothing there, and a version is never used twice', async () => {
    assert.deepEqual(
      await got(
        'a',
        `await kv.delete('c'); const first = await kv.set('c', 1, { ifVersion: null }); const again = await kv.set('c', 1, { ifVersion: null });
        const kept = await kv.delete('c', { ifVersion: first + 1 }); const gone = await kv.delete('c', { ifVersion: first });
        const next = await kv.set('c', 1); return [again, kept, gone, next > first, await kv.set('c', 2, { ifVersion: first })]`,
      ),
      [null, false, true, true, null],
    );
  });
});

test('the ledger has each call with sizes, and neither key nor value', async () => {
  await got('a', `await kv.set('secret-key', 'secret-value', { ttlMs: 60000 })`);
  const call = await runtime.entry('call.start', (one) => one.capability === 'kv' && one.args['keyChars'] === 'secret-key'.length);
  assert.deepEqual(
    [call.decision, call.rule, call.args],
    ['allow', 'kv.set', { keyChars: 10, valueChars: 14, ttlMs: 60_000, ifVersion: null }],
  );
  assert.doesNotMatch(JSON.stringify(runtime.runtime.ledger()), /secret-(?:key|value)/);
});

test('in audit it goes on up to the ceiling, and the ledger says what would have been denied', async () => {
  assert.deepEqual(await got('audited', `await kv.set('k', 1); return await kv.get('k')`), 1);
  const call = await runtime.entry('call.start', (one) => one.extension === 'audited' && one.capability === 'kv');
  assert.equal(call.decision, 'would-deny');
});

test('while the database is away a call says so with 503, and the next one after it works', async () => {
  await got('a', `await kv.set('here', 1)`);
  await proxy.cut();
  assert.equal(await codeOf('a', `await kv.get('here')`), 'ERR_DATABASE_UNAVAILABLE');
  await proxy.restore();
  assert.equal(await got('a', `return await kv.get('here')`), 1);
});
