// Packages written for Directus's own sandbox: `directus:api`, data in and data out, scopes as wishes. Must never reach further than loopback.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { emitting } from '../helpers/hook.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import { openUpstream, type Upstream } from '../helpers/upstream.ts';
import type { Files } from '../packages/package-writer.ts';

const sandboxed = (source: string, requestedScopes?: object, more: object = {}, type = 'endpoint'): Files => ({
  'package.json': JSON.stringify({
    version: '1.0.0',
    type: 'module',
    'directus:extension': {
      type,
      path: 'dist/index.js',
      host: '^11.0.0',
      sandbox: { enabled: true, ...(requestedScopes === undefined ? {} : { requestedScopes }) },
    },
    ...more,
  }),
  'dist/index.js': source,
});

const caller = `import { request, log, sleep } from 'directus:api';
const attempt = async (run) => { try { return { value: await run() }; } catch (error) { return { code: error.cause?.code ?? error.code ?? error.message, rule: error.cause?.extensions?.rule }; } };
export default (router) => {
  router.post('/', async ({ body }) => ({ status: 200, body: await attempt(() => request(body.url, body.options)) }));
  router.get('/log', () => { log('it was ' + 'logged'); return { status: 204 }; });
  router.get('/sleep', async () => { const from = Date.now(); await sleep(40); return { status: 200, body: { slept: Date.now() - from >= 30 } }; });
};`;

const answers = `export default (router, context) => {
  router.get('/text', () => ({ status: 200, body: 'plain ' + typeof context }));
  router.get('/later', async () => ({ status: 202, body: { later: true } }));
  for (const method of ['post', 'put', 'patch', 'delete']) router[method]('/echo', ({ url, headers, body }) => ({ status: 201, body: { method, url, type: headers['content-type'], body } }));
  router.get('/nothing', () => {});
  router.get('/status', () => ({ status: '200', body: '' }));
  router.get('/number', () => ({ status: 200, body: 404 }));
  router.get('/throws', () => { throw new Error('secret of its own'); });
  router.get('/rejects', async () => { throw Object.assign(new Error('no, you may not'), { name: 'DirectusError', code: 'FORBIDDEN', status: 403 }); });
};`;

const scopesFor = (urls: readonly string[], methods = ['GET', 'POST', 'DELETE']): object => ({
  log: {},
  sleep: {},
  request: { methods, urls },
});

let upstream: Upstream;
let runtime: TestRuntime;
before(async () => {
  upstream = await openUpstream(({ method, url, headers, body }, response) => {
    if (url === '/v1/text') return response.writeHead(404, { 'x-own': 'yes' }).end('no JSON');
    return response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ method, url, body, type: headers['content-type'] }));
  });
  const scopes = scopesFor([`${upstream.origin}/v1/*`]);
  runtime = await openTestRuntime({
    extensions: {
      answers: sandboxed(answers),
      caller: sandboxed(caller, scopes),
      unapproved: sandboxed(caller, scopes),
      'no-scopes': sandboxed(caller, {}),
      narrowed: sandboxed(caller, scopes, { cloister: { capabilities: { log: {} } } }),
      listens: sandboxed(
        `import { log } from 'directus:api';
         export default ({ filter, action }, context) => {
           filter('said.filter', (payload, ...more) => ({ ...payload, seen: true, more: more.length, context: typeof context }));
           action('said.action', (meta, ...more) => log('heard ' + meta.word + ' ' + more.length));
         };`,
        { log: {} },
        {},
        'hook',
      ),
      says: emitting(
        `export default (router, { emitter }) => {
           router.get('/filter', async (req, res) => res.json(await emitter.emitFilter('said.filter', { word: 1 }, {})));
           router.get('/action', (req, res) => { emitter.emitAction('said.action', { word: 'this' }); res.json('said'); });
         };`,
        { emit: ['said.*'] },
      ),
      schedules: sandboxed(`export default ({ schedule }) => schedule('0 4 * * *', () => {});`, {}, {}, 'hook'),
      'two-handlers': sandboxed(`export default (router) => router.get('/', () => {}, () => {});`),
      'wide-host': sandboxed(answers, scopesFor(['https://*.example.com/*'])),
      'wide-path': sandboxed(answers, scopesFor(['https://example.com/*/items'])),
      relative: sandboxed(answers, scopesFor(['/v1/*'])),
      'bad-method': sandboxed(answers, scopesFor([], ['TRACE'])),
      'no-sandbox': {
        'package.json': JSON.stringify({
          type: 'module',
          'directus:extension': { type: 'endpoint', path: 'index.js', sandbox: { enabled: false } },
        }),
        'index.js': caller,
      },
    },
    options: {
      approvals: Object.fromEntries(
        ['answers', 'caller', 'no-scopes', 'narrowed', 'listens', 'says'].map((id) => [id, 'requested' as const]),
      ),
      ceiling: {
        capabilities: {
          fetch: { origins: { [upstream.origin]: { methods: ['GET', 'POST'], headers: true } } },
          emitter: { emit: ['said.*'], listen: ['**'] },
        },
      },
      egress: { internalOrigins: [upstream.origin] },
      limits: { cpuMs: 2_000, registerMs: 20_000 },
    },
  });
});
after(async () => {
  await runtime.close();
  await upstream.close();
});

describe('an endpoint of that form', () => {
  const rows: readonly (readonly [string, string, number, unknown])[] = [
    ['answers with text, and is given nothing but a router', '/text', 200, 'plain undefined'],
    ['answers later, with an object', '/later', 202, { later: true }],
    ['returns nothing', '/nothing', 500, 'ERR_GUEST_FAILED'],
    ['returns a status that is none', '/status', 500, 'ERR_GUEST_FAILED'],
    ['returns a number for a body', '/number', 500, 'ERR_GUEST_FAILED'],
    ['throws', '/throws', 500, 'ERR_GUEST_FAILED'],
    ["rejects with an error in Directus's form", '/rejects', 403, 'FORBIDDEN'],
    ['has no such route', '/other', 404, 'ERR_ROUTE_NOT_FOUND'],
  ];
  for (const [name, path, status, expected] of rows)
    test(name, async () => {
      const reply = await runtime.get(`/answers${path}`);
      assert.equal(reply.status, status, reply.text);
      if (status >= 400) assert.equal(reply.code, expected);
      else assert.deepEqual(typeof expected === 'string' ? reply.text : reply.json(), expected);
    });
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    test(`is given url, headers and body of ${method}`, async () => {
      const reply = await runtime.request('/answers/echo?a=1', { method, body: { b: 2 } });
      assert.deepEqual(
        [reply.status, reply.json()],
        [201, { method: method.toLowerCase(), url: '/echo?a=1', type: 'application/json', body: { b: 2 } }],
      );
    });
});

describe('request()', () => {
  const ask = async (who: string, path: string, options: object = {}): Promise<unknown> =>
    (await runtime.post(`/${who}`, { url: upstream.origin + path, options })).json();
  const given = async (path: string, options: object): Promise<unknown> =>
    ((await ask('caller', path, options)) as { readonly value: { readonly data: unknown } }).value.data;

  test('gives JSON as a value', async () => assert.deepEqual(await given('/v1/x', {}), { method: 'GET', url: '/v1/x', body: '' }));
  test('sends an object as JSON', async () =>
    assert.deepEqual(await given('/v1/x', { method: 'post', body: { a: 1 } }), {
      method: 'POST',
      url: '/v1/x',
      body: '{"a":1}',
      type: 'application/json',
    }));
  test('sends text under the type that is named', async () =>
    assert.deepEqual(await given('/v1/x', { method: 'POST', body: 'a', headers: { 'Content-Type': 'text/csv' } }), {
      method: 'POST',
      url: '/v1/x',
      body: 'a',
      type: 'text/csv',
    }));
  test('gives text, headers and any status as they come', async () => {
    const { value } = (await ask('caller', '/v1/text')) as { readonly value: { readonly headers: Readonly<Record<string, string>> } };
    assert.deepEqual(
      { ...value, headers: value.headers['x-own'] },
      { status: 404, statusText: 'Not Found', headers: 'yes', data: 'no JSON' },
    );
  });

  const refused: readonly (readonly [string, string, string, object, object])[] = [
    ['a path the scope does not name', 'caller', '/v2/x', {}, { code: 'ERR_CAPABILITY_DENIED', rule: 'fetch.path' }],
    ['a method the scope does not name', 'caller', '/v1/x', { method: 'PUT' }, { code: 'ERR_CAPABILITY_DENIED', rule: 'fetch.method' }],
    ['a method over the ceiling', 'caller', '/v1/x', { method: 'DELETE' }, { code: 'ERR_CAPABILITY_DENIED', rule: 'fetch.method' }],
    ['a scope that nobody approved', 'unapproved', '/v1/x', {}, { code: 'ERR_CAPABILITY_NOT_GRANTED' }],
    ['a scope that was not requested', 'no-scopes', '/v1/x', {}, { code: 'ERR_CAPABILITY_NOT_GRANTED' }],
    ['a scope that the cloister key does not ask for', 'narrowed', '/v1/x', {}, { code: 'ERR_CAPABILITY_NOT_GRANTED' }],
  ];
  for (const [name, who, path, options, expected] of refused)
    test(`is refused: ${name}`, async () => assert.deepEqual(await ask(who, path, options), expected));
});

describe('log() and sleep()', () => {
  test('log writes a line of the extension', async () => {
    assert.equal((await runtime.get('/caller/log')).status, 204);
    await waitUntil('the line', () => runtime.logs.some(({ msg }) => msg === 'it was logged'));
  });
  test('sleep waits', async () => assert.deepEqual((await runtime.get('/caller/sleep')).json(), { slept: true }));
  for (const name of ['log', 'sleep'])
    test(`${name} is refused without its scope`, async () =>
      assert.equal((await runtime.get(`/no-scopes/${name}`)).code, 'ERR_CAPABILITY_NOT_GRANTED'));
});

describe('a hook of that form', () => {
  test('filters a payload, and is given nothing else', async () =>
    assert.deepEqual((await runtime.get('/says/filter')).json(), { word: 1, seen: true, more: 0, context: 'undefined' }));
  test('hears of an action', async () => {
    await runtime.get('/says/action');
    await waitUntil('the line', () => runtime.logs.some(({ msg }) => msg === 'heard this 0'));
  });
});

describe('what cannot be served is refused with a cause', () => {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ['schedules', 'ERR_REGISTER_FAILED', /schedule\(\) is not part of Directus's sandbox/],
    ['two-handlers', 'ERR_REGISTER_FAILED', /router\.get: takes a path and exactly one handler/],
    ['wide-host', 'ERR_MANIFEST_INVALID', /requestedScopes\/request\/urls\/0: "https:\/\/\*\.example\.com\/\*"/],
    ['wide-path', 'ERR_MANIFEST_INVALID', /capabilities\.fetch/],
    ['relative', 'ERR_MANIFEST_INVALID', /is no absolute URL/],
    ['bad-method', 'ERR_MANIFEST_INVALID', /requestedScopes\/request\/methods\/0/],
    ['no-sandbox', 'ERR_REGISTER_FAILED', /directus:api is for extensions of Directus's sandbox/],
  ];
  for (const [id, code, says] of rows)
    test(id, () => {
      const error = runtime.runtime.refused().find(({ folder }) => folder.endsWith(`/${id}`))?.error;
      assert.equal(error?.code, code);
      assert.match(error?.message ?? '', says);
    });
  test('and nothing else is', () => assert.equal(runtime.runtime.refused().length, rows.length));
});
