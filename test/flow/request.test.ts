// What an extension sees of a request, through HTTP: everything it needs, and nothing of who else the client is known to.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RequestOptions } from '../helpers/client.ts';
import { directusExtension, extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const source = `
const body = (req) => Buffer.isBuffer(req.body) ? { hex: req.body.toString('hex') } : req.body ?? null;
export default (router) => {
  router.use('/see', (req, res) => res.json({
    method: req.method, url: req.url, baseUrl: req.baseUrl, originalUrl: req.originalUrl, path: req.path, query: req.query,
    protocol: req.protocol, secure: req.secure, hostname: req.hostname, host: req.host, ip: req.ip, ips: req.ips, xhr: req.xhr, subdomains: req.subdomains,
    headers: req.headers, cookies: req.cookies, accountability: req.accountability,
  }));
  router.all('/body', (req, res) => res.json({ body: body(req), raw: req.rawBody?.toString('hex') ?? null }));
  router.all('/stream', async (req, res) => {
    const parts = [];
    for await (const part of req) parts.push(part);
    res.json({ hex: Buffer.concat(parts).toString('hex'), parts: parts.length > 0, parsed: req.body ?? null });
  });
  router.all('/negotiate', (req, res) => res.json({
    accepts: [req.accepts('json'), req.accepts(['html', 'text']), req.accepts('image/png')],
    encodings: req.acceptsEncodings('br', 'gzip'), charsets: req.acceptsCharsets('utf-8'), languages: req.acceptsLanguages('de', 'en'),
    is: [req.is('json'), req.is('text/*'), req.is('urlencoded')], range: req.range(1000) ?? null, get: [req.get('Content-Type') ?? null, req.get('x-none') ?? null, req.get('Referrer') ?? null],
  }));
  router.get('/fresh', (req, res) => { res.set('ETag', '"one"'); res.json({ fresh: req.fresh, stale: req.stale }); });
  router.get('/tamper', (req, res) => { req.accountability = { admin: true }; req.headers.host = 'mine'; res.json([req.accountability, req.hostname]); });
};`;

interface Seen {
  readonly headers: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: { five: extension(source), four: directusExtension(source), small: extension(source, { limits: { bodyInBytes: 1000 } }) },
    options: {
      identify: (request) => ({
        tenant: 'default',
        accountability: request.headers['x-role'] === undefined ? null : { role: request.headers['x-role'] },
      }),
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

const see = async (path: string, ask: RequestOptions = {}): Promise<Seen> => (await runtime.request(path, ask)).json() as Seen;

describe('where the request came from and where it goes', () => {
  test('url, baseUrl, originalUrl and path are those of the mount', async () => {
    const seen = await see('/five/see/a%20b?x=1&y=2');
    assert.deepEqual(
      [seen['url'], seen['baseUrl'], seen['originalUrl'], seen['path']],
      ['/a%20b?x=1&y=2', '/five/see', '/five/see/a%20b?x=1&y=2', '/a%20b'],
    );
  });
  test('the query nests in 4 and is flat in 5', async () => {
    assert.deepEqual((await see('/four/see?filter[status][_eq]=on&fields[]=a&fields[]=b&q=%C3%A4+b'))['query'], {
      filter: { status: { _eq: 'on' } },
      fields: ['a', 'b'],
      q: 'ä b',
    });
    assert.deepEqual((await see('/five/see?filter[a]=on&q=1&q=2'))['query'], { 'filter[a]': 'on', q: ['1', '2'] });
  });
  test('a query cannot reach Object.prototype', async () => {
    assert.deepEqual((await see('/four/see?__proto__[polluted]=1&constructor[prototype][polluted]=1&a=1'))['query'], { a: '1' });
    assert.equal((await runtime.get('/four/see?a=1')).text.includes('polluted'), false);
  });
  test('protocol, hostname and address are those the host knows', async () => {
    const seen = await see('/five/see', { headers: { host: 'shop.example.org:8055' } });
    assert.deepEqual(
      [seen['protocol'], seen['secure'], seen['hostname'], seen['host'], seen['subdomains']],
      ['http', false, 'shop.example.org', 'shop.example.org:8055', ['shop']],
    );
    assert.match(String(seen['ip']), /^(::ffff:)?127\.0\.0\.1$/);
    assert.deepEqual(seen['ips'], []);
  });
  test('x-forwarded-* headers do not decide who the client is', async () => {
    const seen = await see('/five/see', {
      headers: { 'x-forwarded-for': '8.8.8.8', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' },
    });
    assert.match(String(seen['ip']), /127\.0\.0\.1$/);
    assert.equal(seen['protocol'], 'http');
    assert.equal(seen['hostname'], '127.0.0.1');
  });
  test('req.xhr follows its header', async () =>
    assert.equal((await see('/five/see', { headers: { 'x-requested-with': 'XMLHttpRequest' } }))['xhr'], true));
});

describe('headers', () => {
  const secrets = {
    authorization: 'Bearer secret',
    cookie: 'session=secret',
    'proxy-authorization': 'Basic secret',
    'proxy-connection': 'secret',
    'x-internal-token': 'secret',
    'x-api-key': 'secret',
    'x-forwarded-for': 'secret',
    'x-real-ip': 'secret',
    'x-amzn-oidc-data': 'secret',
    'cf-access-jwt-assertion': 'secret',
    'x-csrf-token': 'secret',
    'x-role': 'secret',
  };
  const plain = {
    accept: 'text/html',
    'user-agent': 'tests',
    origin: 'http://o.example',
    'x-request-id': 'r7',
    'if-none-match': '"x"',
    range: 'bytes=0-1',
  };

  test('those that say what is asked for arrive', async () => {
    const { headers } = await see('/five/see', { headers: plain });
    for (const [name, value] of Object.entries(plain)) assert.equal(headers[name], value, name);
  });
  for (const name of Object.keys(secrets)) {
    test(`${name} does not arrive`, async () => {
      const seen = await see('/five/see', { headers: { [name]: (secrets as Readonly<Record<string, string>>)[name] ?? '' } });
      assert.equal(seen.headers[name], undefined);
      assert.equal(JSON.stringify({ ...seen, accountability: null }).includes('secret'), false);
    });
  }
  test('names are read in lower case whatever the client wrote', async () =>
    assert.equal((await see('/five/see', { headers: { 'USER-Agent': 'shout' } })).headers['user-agent'], 'shout'));
  test('a header that came twice is joined, as node joins it', async () => {
    const text = await runtime.raw('GET /five/see HTTP/1.1\r\nHost: x\r\nAccept: a/b\r\nAccept: c/d\r\nConnection: close\r\n\r\n');
    assert.match(text, /"accept":"a\/b, c\/d"/);
  });
  test('without the cookie header there are no cookies', async () =>
    assert.deepEqual((await see('/five/see', { headers: { cookie: 'a=1' } }))['cookies'], {}));
});

describe('who asks', () => {
  test('accountability is what identify() said', async () =>
    assert.deepEqual((await see('/five/see', { headers: { 'x-role': 'editor' } }))['accountability'], { role: 'editor' }));
  test('and null where it said nobody', async () => assert.equal((await see('/five/see'))['accountability'], null));
  test('an extension that writes on it fools only itself', async () => {
    assert.deepEqual((await runtime.get('/five/tamper')).json(), [{ admin: true }, 'mine']);
    assert.equal((await see('/five/see'))['accountability'], null);
  });
});

describe('bodies', () => {
  const hex = (text: string): string => Buffer.from(text).toString('hex');
  const json = { 'content-type': 'application/json' };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  test('JSON is parsed, and the bytes are in rawBody', async () => {
    const sent = '{"a":[1,"ä"]}';
    assert.deepEqual((await runtime.post('/five/body', sent, json)).json(), { body: { a: [1, 'ä'] }, raw: hex(sent) });
  });
  test('JSON with a suffix type is JSON too', async () => {
    assert.deepEqual(
      (await runtime.post('/five/body', '{"a":1}', { 'content-type': 'application/merge-patch+json; charset=utf-8' })).json(),
      { body: { a: 1 }, raw: hex('{"a":1}') },
    );
  });
  test('JSON may be chunked', async () => {
    assert.deepEqual((await runtime.post('/five/body', [Buffer.from('{"a":'), Buffer.from('"b"}')], json)).json(), {
      body: { a: 'b' },
      raw: hex('{"a":"b"}'),
    });
  });
  test('a form is parsed, nested', async () => {
    assert.deepEqual((await runtime.post('/four/body', 'a=1&b[c]=%C3%A4+x&d[]=1&d[]=2', form)).json(), {
      body: { a: '1', b: { c: 'ä x' }, d: ['1', '2'] },
      raw: hex('a=1&b[c]=%C3%A4+x&d[]=1&d[]=2'),
    });
  });
  test('text is left to be read', async () => {
    assert.deepEqual((await runtime.post('/five/stream', 'grüße', { 'content-type': 'text/plain' })).json(), {
      hex: hex('grüße'),
      parts: true,
      parsed: null,
    });
  });
  test('bytes that are no text arrive as they were', async () => {
    const sent = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    assert.deepEqual((await runtime.post('/five/stream', sent, { 'content-type': 'application/octet-stream' })).json(), {
      hex: sent.toString('hex'),
      parts: true,
      parsed: null,
    });
  });
  test('bytes without a type arrive too', async () => {
    const sent = Buffer.from([0xff, 0, 0xfe]);
    assert.deepEqual((await runtime.post('/five/stream', sent)).json(), { hex: 'ff00fe', parts: true, parsed: null });
  });
  for (const [id, empty] of [
    ['five', null],
    ['four', {}],
  ] as const) {
    test(`${id}: no body is ${JSON.stringify(empty)}`, async () => {
      assert.deepEqual((await runtime.request(`/${id}/body`)).json(), { body: empty, raw: null });
      assert.deepEqual((await runtime.request(`/${id}/body`, { method: 'POST' })).json(), { body: empty, raw: null });
    });
  }
  test('DELETE may have a body', async () =>
    assert.deepEqual((await runtime.request('/five/body', { method: 'DELETE', body: { a: 1 } })).json(), {
      body: { a: 1 },
      raw: hex('{"a":1}'),
    }));

  const malformed = [
    ['half an object', '{"a":'],
    ['a bare word', 'hello'],
    ['a number', '5'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ] as const;
  for (const [name, body] of malformed) {
    test(`JSON that is ${name} is answered 400`, async () => {
      const { reply, end } = await runtime.measure('/five/body', { method: 'POST', body, headers: json });
      assert.equal(reply.status, 400);
      assert.equal(reply.code, 'ERR_BODY_MALFORMED');
      assert.equal(end.outcome, 'ERR_BODY_MALFORMED');
    });
  }

  test('a body of exactly bodyInBytes arrives', async () => {
    const sent = Buffer.alloc(1_000, 7);
    for (const body of [sent, [sent.subarray(0, 400), sent.subarray(400)]]) {
      const reply = await runtime.post('/small/stream', body, { 'content-type': 'application/octet-stream' });
      assert.equal((reply.json() as { readonly hex: string }).hex.length, 2_000);
    }
  });
  const tooLarge = [
    ['with a length', Buffer.alloc(1_001), 'application/octet-stream'],
    ['chunked, in JSON', [Buffer.from(`"${'x'.repeat(600)}`), Buffer.from(`${'x'.repeat(600)}"`)], 'application/json'],
    ['chunked, in bytes', [Buffer.alloc(600), Buffer.alloc(600)], 'application/octet-stream'],
  ] as const;
  for (const [name, body, type] of tooLarge) {
    test(`one byte and more over bodyInBytes is answered 413: ${name}`, async () => {
      const reply = await runtime.post('/small/stream', body, { 'content-type': type });
      assert.equal(reply.status, 413);
      assert.equal(reply.code, 'ERR_BODY_TOO_LARGE');
    });
  }
  test('a body over the limit is on the ledger with limit and amounts', async () => {
    const before = runtime.entries('limit').length;
    await runtime.post('/small/body', Buffer.alloc(1_001), { 'content-type': 'application/octet-stream' });
    const [limit] = runtime.entries('limit').slice(before);
    assert.deepEqual([limit?.extension, limit?.limit, limit?.allowed, limit?.used], ['small', 'bodyInBytes', 1_000, 1_001]);
  });
});

describe('what is asked of a request', () => {
  test('accepts, is, range and get answer as Express has them', async () => {
    const headers = {
      accept: 'application/json, text/html;q=0.5',
      'accept-encoding': 'gzip',
      'accept-language': 'de-AT, de;q=0.9',
      'content-type': 'application/json',
      range: 'bytes=0-99',
      referer: 'http://r.example/',
    };
    assert.deepEqual((await runtime.request('/five/negotiate', { method: 'POST', body: '{}', headers })).json(), {
      accepts: ['json', 'html', false],
      encodings: 'gzip',
      charsets: 'utf-8',
      languages: 'de',
      is: ['json', false, false],
      range: [{ start: 0, end: 99 }],
      get: ['application/json', null, 'http://r.example/'],
    });
  });
  test('fresh follows If-None-Match', async () => {
    assert.deepEqual((await runtime.get('/five/fresh')).json(), { fresh: false, stale: true });
    assert.equal((await runtime.get('/five/fresh', { 'if-none-match': '"one"' })).status, 304);
    assert.deepEqual((await runtime.get('/five/fresh', { 'if-none-match': '"two"' })).json(), { fresh: false, stale: true });
  });
});
