// node's http and https clients in an extension, over the capability `fetch`: what libraries of before fetch stand on. Must never reach further than a grant of it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { answerHostile, openUpstream, type Upstream } from '../helpers/upstream.ts';

const source = `
import http from 'node:http';
import https from 'node:https';
const read = (response) => new Promise((resolve, reject) => {
  let text = ''; response.setEncoding('utf8'); response.on('data', (piece) => { text += piece; }); response.on('end', () => resolve(text)); response.on('error', reject);
});
const ask = (...args) => new Promise((resolve, reject) => {
  const { send, ...rest } = typeof args.at(-1) === 'object' && !(args.at(-1) instanceof URL) ? args.at(-1) : {};
  const request = http.request(...args, (response) => read(response).then((text) => resolve({ response, text }), reject));
  request.on('error', reject);
  request.end(send);
});
export default (router) => {
  router.get('/run', async (req, res) => {
    const run = new Function('http', 'https', 'ask', 'read', 'origin', 'return (async () => {' + req.query.code + '})()');
    try { res.json({ value: await run(http, https, ask, read, req.query.origin) }); }
    catch (error) { res.json({ error: error.code ?? error.name, message: error.message }); }
  });
};`;

let upstream: Upstream;
let runtime: TestRuntime;
before(async () => {
  upstream = await openUpstream((seen, response) => {
    if (seen.url === '/teapot')
      return response.writeHead(418, 'Teapot', { 'X-Two': ['a', 'b'], 'set-cookie': ['a=1', 'b=2'] }).end('short and stout');
    return answerHostile(seen, response);
  });
  const fetch = { origins: { [upstream.origin]: { headers: true }, 'http://127.0.0.1:1': true } };
  runtime = await openTestRuntime({
    extensions: { caller: extension(source, { capabilities: { fetch }, limits: { cpuMs: 2_000, wallMs: 5_000 } }) },
    options: { egress: { internalOrigins: [upstream.origin, 'http://127.0.0.1:1'] } },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  await upstream.close();
});

const run = async (code: string): Promise<unknown> =>
  (await runtime.get(`/caller/run?origin=${encodeURIComponent(upstream.origin)}&code=${encodeURIComponent(code)}`)).json();

describe('http.request in an extension', () => {
  const rows: readonly (readonly [string, string, unknown])[] = [
    [
      'leaves XMLHttpRequest out, which libraries take for the sign of a browser',
      `return [typeof XMLHttpRequest, 'XMLHttpRequest' in globalThis, Object.prototype.toString.call(process)];`,
      ['undefined', false, '[object process]'],
    ],
    ['takes a text', `return (await ask(origin + '/teapot')).text;`, 'short and stout'],
    ['takes a URL', `return (await ask(new URL(origin + '/teapot'))).text;`, 'short and stout'],
    [
      'takes options',
      `const { hostname, port } = new URL(origin); return (await ask({ hostname, port, path: '/teapot' })).text;`,
      'short and stout',
    ],
    [
      'takes a URL and options',
      `return JSON.parse((await ask(origin + '/x', { method: 'put', headers: { 'X-A': 1 } })).text).headers['x-a'];`,
      '1',
    ],
    [
      'has get',
      `return await new Promise((resolve) => http.get(origin + '/teapot', (response) => resolve(read(response))));`,
      'short and stout',
    ],
    [
      'tells status, message and headers',
      `const { response } = await ask(origin + '/teapot'); return [response.statusCode, response.statusMessage, response.headers['x-two'], response.headers['set-cookie'], response.httpVersion, response.complete];`,
      [418, 'Teapot', 'a, b', ['a=1', 'b=2'], '1.1', true],
    ],
    [
      'sends what is written',
      `return await new Promise((resolve, reject) => { const r = http.request(origin + '/x', { method: 'POST' }, (response) => resolve(read(response).then((t) => JSON.parse(t).body))); r.on('error', reject); r.write('one '); r.write(Buffer.from('two')); r.end(' three'); });`,
      'one two three',
    ],
    [
      'sends credentials of the URL as Basic',
      `return JSON.parse((await ask(origin.replace('//', '//u:p%40@') + '/x')).text).headers.authorization;`,
      `Basic ${Buffer.from('u:p@').toString('base64')}`,
    ],
    [
      'keeps headers until it is sent',
      `const r = http.request(origin + '/x'); r.setHeader('X-A', 'b'); r.setHeader('X-C', ['1', '2']); const seen = [r.getHeader('x-a'), r.hasHeader('X-C'), r.getHeaderNames()]; r.removeHeader('x-c'); return await new Promise((resolve) => { r.on('response', (response) => resolve(read(response).then((t) => [...seen, JSON.parse(t).headers['x-a']]))); r.end(); });`,
      ['b', true, ['x-a', 'x-c'], 'b'],
    ],
    [
      'does not follow a redirect',
      `const { response } = await ask(origin + '/to?status=302&to=/x'); return [response.statusCode, response.headers.location];`,
      [302, '/x'],
    ],
    [
      'gives a socket that says it is there',
      `return await new Promise((resolve) => http.get(origin + '/teapot').on('socket', (socket) => resolve([typeof socket.setKeepAlive, socket.destroyed])));`,
      ['function', false],
    ],
    [
      'throws an answer away that nobody wants',
      `return await new Promise((resolve) => http.get(origin + '/teapot').on('close', () => resolve('closed')));`,
      'closed',
    ],
    [
      'says timeout',
      `return await new Promise((resolve) => { const r = http.get(origin + '/never', { timeout: 30 }); r.on('timeout', () => { r.destroy(); resolve('timeout'); }); r.on('error', () => {}); });`,
      'timeout',
    ],
    [
      'is ended by abort',
      `return await new Promise((resolve) => { const r = http.get(origin + '/never'); r.on('error', (error) => resolve([error.code, r.aborted])); setTimeout(() => r.abort(), 20); });`,
      ['ECONNRESET', true],
    ],
    [
      'is ended by a signal',
      `return await new Promise((resolve) => { const c = new AbortController(); const r = http.get(origin + '/never', { signal: c.signal }); r.on('error', (error) => resolve(error.name)); setTimeout(() => c.abort(), 20); });`,
      'AbortError',
    ],
  ];
  for (const [name, code, value] of rows) test(name, async () => assert.deepEqual(await run(code), { value }));

  const refusals: readonly (readonly [string, string, string])[] = [
    ['an origin that is not granted', `return ask('http://example.com/')`, 'ERR_CAPABILITY_DENIED'],
    ['a port where nobody listens', `return ask('http://127.0.0.1:1/')`, 'ECONNREFUSED'],
    ['another protocol', `return http.request('https://example.com/')`, 'ERR_INVALID_PROTOCOL'],
    ['a line break in a header', `return http.request(origin, { headers: { a: 'b\\r\\nc: d' } })`, 'ERR_INVALID_CHAR'],
    ['a blank in a path', `return http.request({ host: 'example.com', path: '/a b' })`, 'ERR_UNESCAPED_CHARACTERS'],
    ['a method of its own', `return http.request(origin, { method: 'CONNECT' })`, 'ERR_INVALID_HTTP_TOKEN'],
    [
      'https without a grant',
      `return new Promise((resolve, reject) => https.get('https://example.com/').on('error', reject))`,
      'ERR_CAPABILITY_DENIED',
    ],
  ];
  for (const [name, code, error] of refusals)
    test(`refuses ${name}`, async () => assert.equal(((await run(code)) as { readonly error?: string }).error, error));
});
