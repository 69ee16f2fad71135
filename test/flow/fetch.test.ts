// The global fetch of an extension, through real wards to a server on loopback: as fetch is anywhere, and never further than its grant.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { openUpstream, type Upstream } from '../helpers/upstream.ts';

const source = `
export default (router, { env }) => {
  const tell = async (run) => {
    try { return { value: await run() }; }
    catch (error) { return { error: error.name, message: error.message, cause: error.cause?.code, rule: error.cause?.extensions?.rule }; }
  };
  router.get('/run', async (req, res) => {
    const run = new Function('env', 'origin', 'return (async () => {' + req.query.code + '})()');
    res.json(await tell(() => run(env, req.query.origin)));
  });
};`;

let upstream: Upstream;
let runtime: TestRuntime;
before(async () => {
  upstream = await openUpstream(({ method, url, headers, body }, response) => {
    const path = new URL(url, 'http://x').pathname;
    if (path === '/gzip') return response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('packed'));
    if (path === '/bytes')
      return response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(Buffer.from([0, 255, 1, 254]));
    if (path === '/empty') return response.writeHead(204).end();
    if (path === '/cookies') return response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end('ok');
    if (path === '/teapot') return response.writeHead(418, 'Teapot').end('short and stout');
    if (path === '/to') return response.writeHead(302, { location: '/echo?from=to' }).end();
    if (path === '/slow') return void setTimeout(() => response.end('late'), 5_000);
    if (path === '/large') return response.end('x'.repeat(40_000));
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ method, url, headers, body }));
  });
  const capabilities = {
    fetch: { origins: { [upstream.origin]: { headers: ['x-custom', 'authorization'] } }, maxResponseBytes: 20_000 },
    env: { keys: [] },
  };
  const limits = { cpuMs: 2_000, wallMs: 5_000 };
  runtime = await openTestRuntime({
    extensions: {
      caller: extension(source, { capabilities, limits }),
      quiet: extension(source, { capabilities: { env: { keys: [] } }, limits }),
    },
    options: { egress: { internalOrigins: [upstream.origin] } },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  await upstream.close();
});

const run = async (code: string, who = 'caller'): Promise<Readonly<Record<string, unknown>>> =>
  (await runtime.get(`/${who}/run?origin=${encodeURIComponent(upstream.origin)}&code=${encodeURIComponent(code)}`)).json() as Readonly<
    Record<string, unknown>
  >;

describe('fetch in an extension', () => {
  const rows: readonly (readonly [string, string, unknown])[] = [
    ['gets text', `return (await fetch(origin + '/teapot')).text();`, 'short and stout'],
    [
      'tells status, ok, url and type',
      `const r = await fetch(origin + '/teapot'); return [r.status, r.statusText, r.ok, r.url === origin + '/teapot', r.type, r.redirected];`,
      [418, 'Teapot', false, true, 'basic', false],
    ],
    ['gets JSON', `const r = await fetch(origin + '/echo?a=1'); const j = await r.json(); return [j.method, j.url];`, ['GET', '/echo?a=1']],
    ['takes a URL object', `const j = await (await fetch(new URL(origin + '/echo'))).json(); return j.url;`, '/echo'],
    [
      'takes a Request',
      `const j = await (await fetch(new Request(origin + '/echo', { method: 'PUT', body: 'hi' }))).json(); return [j.method, j.body];`,
      ['PUT', 'hi'],
    ],
    [
      'posts JSON',
      `const j = await (await fetch(origin + '/echo', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ a: 1 }) })).json(); return [j.method, j.body, j.headers['content-type']];`,
      ['POST', '{"a":1}', 'application/json'],
    ],
    [
      'posts URLSearchParams',
      `const j = await (await fetch(origin + '/echo', { method: 'POST', body: new URLSearchParams({ a: '1 2' }) })).json(); return [j.body, j.headers['content-type'].split(';')[0]];`,
      ['a=1+2', 'application/x-www-form-urlencoded'],
    ],
    [
      'posts bytes',
      `const j = await (await fetch(origin + '/echo', { method: 'POST', body: new Uint8Array([104, 105]) })).json(); return j.body;`,
      'hi',
    ],
    [
      'posts a form with a file',
      `const f = new FormData(); f.append('name', 'Ada'); f.append('file', new Blob(['inside'], { type: 'text/plain' }), 'a.txt'); const j = await (await fetch(origin + '/echo', { method: 'POST', body: f })).json(); return [/^multipart\\/form-data; ?boundary=/.test(j.headers['content-type']), j.body.includes('name="name"'), j.body.includes('filename="a.txt"'), j.body.includes('inside')];`,
      [true, true, true, true],
    ],
    [
      'sends the headers it may',
      `const j = await (await fetch(origin + '/echo', { headers: { 'X-Custom': 'yes', Authorization: 'Bearer t' } })).json(); return [j.headers['x-custom'], j.headers.authorization];`,
      ['yes', 'Bearer t'],
    ],
    [
      'leaves the transport headers to the host',
      `const j = await (await fetch(origin + '/echo', { method: 'POST', body: 'x', headers: { Host: 'evil', Connection: 'close', 'Content-Length': '9' } })).json(); return [j.headers.host === new URL(origin).host, j.headers['content-length']];`,
      [true, '1'],
    ],
    [
      'unpacks what is packed',
      `const r = await fetch(origin + '/gzip'); return [await r.text(), r.headers.get('content-encoding')];`,
      ['packed', null],
    ],
    [
      'has XMLHttpRequest, since it imports no client of node',
      `const ask = (method, path, body, set = () => {}) => new Promise((done) => { const seen = []; const x = new XMLHttpRequest(); x.open(method, origin + path); set(x); for (const on of ['load', 'error', 'timeout', 'abort', 'loadend']) x['on' + on] = () => { seen.push(on); if (on === 'loadend') done([seen.join(), x.readyState, x.status, x.responseType === '' ? x.responseText.slice(0, 15) : x.response, x.getResponseHeader('content-type')]); }; x.upload.onprogress = (e) => seen.push('up ' + e.loaded); x.send(body); });
       const echo = await ask('POST', '/echo', '{}', (x) => { x.setRequestHeader('X-Custom', 'y'); x.responseType = 'json'; });
       return [await ask('GET', '/teapot'), [echo[0], echo[1], echo[3].method, echo[3].headers['x-custom']], await ask('GET', '/slow', null, (x) => { x.timeout = 30; }), await ask('GET', '/slow', null, (x) => setTimeout(() => x.abort(), 20)), (await ask('GET', '/bytes', null, (x) => { x.responseType = 'arraybuffer'; }))[3].byteLength];`,
      [
        ['load,loadend', 4, 418, 'short and stout', null],
        ['up 2,load,loadend', 4, 'POST', 'y'],
        ['timeout,loadend', 4, 0, '', null],
        ['abort,loadend', 4, 0, '', null],
        4,
      ],
    ],
    ['gets bytes', `const r = await fetch(origin + '/bytes'); return [...new Uint8Array(await r.arrayBuffer())];`, [0, 255, 1, 254]],
    ['gets a blob', `const b = await (await fetch(origin + '/bytes')).blob(); return [b.size, b.type];`, [4, 'application/octet-stream']],
    [
      'reads a body once',
      `const r = await fetch(origin + '/teapot'); await r.text(); return [r.bodyUsed, await r.text().then(() => 'again', () => 'no')];`,
      [true, 'no'],
    ],
    [
      'clones',
      `const r = await fetch(origin + '/teapot'); const c = r.clone(); return [await r.text(), await c.text()];`,
      ['short and stout', 'short and stout'],
    ],
    [
      'streams a body',
      `const r = await fetch(origin + '/teapot'); let n = 0; for await (const piece of r.body) n += piece.length; return n;`,
      15,
    ],
    ['has no body where there is none', `const r = await fetch(origin + '/empty'); return [r.status, await r.text()];`, [204, '']],
    ['lists cookies one by one', `return (await fetch(origin + '/cookies')).headers.getSetCookie();`, ['a=1', 'b=2']],
    [
      'follows a redirect',
      `const r = await fetch(origin + '/to'); return [r.redirected, r.url.endsWith('/echo?from=to'), r.status];`,
      [true, true, 200],
    ],
    [
      'hands a redirect over where asked',
      `const r = await fetch(origin + '/to', { redirect: 'manual' }); return [r.status, r.headers.get('location')];`,
      [302, '/echo?from=to'],
    ],
    [
      'makes a Response of its own',
      `return [await Response.json({ a: 1 }).json(), new Response('x', { status: 201 }).status, new Headers({ A: 'b' }).get('a')];`,
      [{ a: 1 }, 201, 'b'],
    ],
  ];
  for (const [name, code, value] of rows) test(name, async () => assert.deepEqual(await run(code), { value }));

  const refusals: readonly (readonly [string, string, string, string | undefined, string | undefined])[] = [
    ['an origin that is not granted', `return fetch('https://example.com/')`, 'TypeError', 'ERR_CAPABILITY_DENIED', 'fetch.origin'],
    ['the same host on another port', `return fetch('http://127.0.0.1:1/')`, 'TypeError', 'ERR_CAPABILITY_DENIED', 'fetch.origin'],
    [
      'a header that is not granted',
      `return fetch(origin, { headers: { 'x-other': '1' } })`,
      'TypeError',
      'ERR_CAPABILITY_DENIED',
      'fetch.header',
    ],
    ['a file URL', `return fetch('file:///etc/passwd')`, 'TypeError', 'ERR_CAPABILITY_DENIED', 'fetch.url'],
    ['a data URL', `return fetch('data:text/plain,hi')`, 'TypeError', 'ERR_CAPABILITY_DENIED', 'fetch.url'],
    ['a response over its cap', `return fetch(origin + '/large')`, 'TypeError', 'ERR_EGRESS_FAILED', undefined],
    ['a redirect where none is wanted', `return fetch(origin + '/to', { redirect: 'error' })`, 'TypeError', 'ERR_EGRESS_FAILED', undefined],
  ];
  for (const [name, code, error, cause, rule] of refusals) {
    test(`refuses ${name}`, async () => {
      const told = await run(code);
      assert.deepEqual([told['error'], told['cause'], told['rule']], [error, cause, rule ?? undefined], JSON.stringify(told));
    });
  }
  test('refuses everything without a grant', async () => {
    const told = await run(`return fetch(origin + '/teapot')`, 'quiet');
    assert.deepEqual([told['error'], told['cause']], ['TypeError', 'ERR_CAPABILITY_NOT_GRANTED']);
  });
  test('is given up by its signal', async () => {
    const told = await run(
      `const c = new AbortController(); setTimeout(() => c.abort(), 30); const from = Date.now(); return fetch(origin + '/slow', { signal: c.signal }).then(() => 'late', (e) => [e.name, Date.now() - from < 3000]);`,
    );
    assert.deepEqual(told, { value: ['AbortError', true] });
  });
  test('is on the ledger with origin, method and names, and without values', async () => {
    const { calls } = await runtime.measure(
      `/caller/run?origin=${encodeURIComponent(upstream.origin)}&code=${encodeURIComponent(`await fetch(origin + '/teapot?token=canary', { headers: { authorization: 'canary' } })`)}`,
    );
    const call = calls.find((one) => one.capability === 'fetch');
    assert.deepEqual(call?.args, { origin: upstream.origin, path: '/teapot', method: 'GET', headers: ['authorization'], bodyBytes: 0 });
    assert.doesNotMatch(JSON.stringify(runtime.runtime.ledger().filter((one) => 'capability' in one)), /canary/);
  });
});

test('the example asks another server with a token that it never sees', async () => {
  const folder = join(import.meta.dirname, '../../extensions/courier');
  const grant = {
    origins: { [upstream.origin]: { methods: ['GET'], paths: ['/echo'] } },
    secrets: { COURIER_TOKEN: { origin: upstream.origin, header: 'authorization' } },
  };
  const capabilities = { env: { keys: ['GREETING_URL', 'COURIER_TOKEN'] }, fetch: grant };
  const own = await openTestRuntime({
    extensions: {},
    options: {
      extensions: [folder],
      approvals: { courier: { capabilities: 'requested', manifest: { capabilities, limits: { cpuMs: 2_000 } } } },
      egress: { internalOrigins: [upstream.origin] },
      env: { GREETING_URL: `${upstream.origin}/echo` },
      secrets: { COURIER_TOKEN: 'canary-of-the-host' },
    },
  });
  try {
    const before = upstream.seen.length;
    const reply = await own.get('/courier');
    assert.equal(reply.status, 200, reply.text);
    assert.equal(upstream.seen[before]?.headers.authorization, 'Bearer canary-of-the-host');
    assert.doesNotMatch(reply.text, /canary/);
    assert.doesNotMatch(JSON.stringify([own.runtime.ledger(), own.logs]), /canary/);
  } finally {
    await own.close();
  }
});
