// What may not leave the host, whatever the extension tries: framing, foreign cookies, scripts on the host's origin, too much of anything.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const source = `
export default (router) => {
  router.get('/crlf/value', (req, res) => res.set('X-A', 'a\\r\\nSet-Cookie: stolen=1').send('x'));
  router.get('/crlf/name', (req, res) => res.set('X-A: b\\r\\nX-B', 'c').send('x'));
  router.get('/crlf/location', (req, res) => res.redirect('/a\\r\\nX-Stolen: 1'));
  router.get('/crlf/message', (req, res) => { res.statusMessage = 'OK\\r\\nX-Stolen: 1'; res.end('x'); });
  router.get('/wide', (req, res) => res.set('X-A', '\\u20ac').send('x'));
  router.get('/reserved', (req, res) => {
    const names = ['Connection', 'Keep-Alive', 'Proxy-Authenticate', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade', 'Alt-Svc', 'Clear-Site-Data', 'Server', 'Strict-Transport-Security', 'Public-Key-Pins', 'X-Content-Type-Options', 'Date'];
    for (const name of names) res.setHeader(name, 'mine');
    res.setHeader('X-Kept', 'kept');
    res.end('body');
  });
  router.get('/length/short', (req, res) => { res.setHeader('Content-Length', '2'); res.end('longer than two'); });
  router.get('/length/long', (req, res) => { res.setHeader('Content-Length', '2000'); res.end('short'); });
  router.get('/length/stream', (req, res) => { res.writeHead(200, { 'Content-Length': '5', 'Transfer-Encoding': 'identity' }); res.write('one'); setTimeout(() => res.end('and two'), 5); });
  router.get('/status/:code', (req, res) => { res.writeHead(Number(req.params.code)); res.end('x'); });
  router.get('/status-code/:code', (req, res) => { res.statusCode = Number(req.params.code); res.end('x'); });
  router.get('/headers/:count', (req, res) => { for (let index = 0; index < Number(req.params.count); index += 1) res.setHeader('x-' + index, 'v'); res.end('x'); });
  router.get('/list/:count', (req, res) => { res.setHeader('x-list', Array.from({ length: Number(req.params.count) }, () => 'v')); res.end('x'); });
  router.get('/header-bytes/:count', (req, res) => { res.setHeader('xx', 'v'.repeat(Number(req.params.count) - 2)); res.end('x'); });
  router.get('/body/:bytes', (req, res) => { res.type('bin'); res.end(Buffer.alloc(Number(req.params.bytes), 1)); });
  router.get('/text/:bytes', (req, res) => res.send('ä'.repeat(Number(req.params.bytes) / 2)));
  router.get('/stream/:bytes', async (req, res) => {
    res.type('bin');
    for (let left = Number(req.params.bytes); left > 0; left -= 1000) { res.write(Buffer.alloc(Math.min(left, 1000))); await new Promise((resolve) => setTimeout(resolve, 1)); }
    res.end();
  });
  router.get('/cookies', (req, res) => {
    res.cookie('own', '1').cookie('wide', '2', { path: '/', domain: 'example.org', httpOnly: true, secure: true, sameSite: 'strict', maxAge: 1000 }).cookie('below', '3', { path: '/guard/part' }).cookie('beside', '4', { path: '/guardian' });
    res.clearCookie('old').end();
  });
  router.get('/html', (req, res) => res.send('<script>alert(1)</script>'));
  router.get('/svg', (req, res) => res.type('svg').send('<svg/>'));
  router.get('/own-policy', (req, res) => res.set('Content-Security-Policy', "script-src *").send('<p>'));
  router.get('/json', (req, res) => res.json(1));
  router.get('/nothing', (req, res) => { res.end(); res.setHeader; });
  router.get('/trailers', (req, res) => { res.writeHead(200, { Trailer: 'X-T' }); res.write('a'); res.addTrailers({ 'X-T': '1' }); res.end('b'); });
  router.get('/early', (req, res) => { res.writeContinue(); res.writeEarlyHints({ link: '<a>' }); res.writeProcessing(); res.end('fine'); });
};`;

/** Takes the checks of its own side away: what is left is the host's. */
const unchecked = `
export default (router) => {
  router.get('/:what', (req, res) => {
    const { test, exec } = RegExp.prototype;
    RegExp.prototype.test = function (text) { return this.source.includes('a-zA-Z'); };
    try {
      if (req.params.what === 'value') res.setHeader('x-a', 'a\\r\\nx-stolen: 1');
      if (req.params.what === 'list') res.setHeader('x-a', ['fine', 'a\\nx-stolen: 1']);
      if (req.params.what === 'name') res.setHeader('x-a\\r\\nx-stolen', '1');
      if (req.params.what === 'zero') res.setHeader('x-a', 'a\\0b');
      if (req.params.what === 'stream') { res.setHeader('x-a', 'a\\r\\nx-stolen: 1'); res.write('x'); }
      res.end('x');
    } finally {
      RegExp.prototype.test = test;
    }
  });
};`;

let runtime: TestRuntime;
before(async () => {
  const limits = { bodyOutBytes: 10_000, headerBytes: 4_096, headerCount: 64 };
  runtime = await openTestRuntime({ extensions: { guard: extension(source, { limits }), unchecked: extension(unchecked) } });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

describe('line breaks in a header', () => {
  for (const path of ['value', 'name', 'message']) {
    test(`in the ${path} fail the request`, async () => {
      const reply = await runtime.get(`/guard/crlf/${path}`);
      assert.equal(reply.status, 500);
      assert.equal(reply.code, 'ERR_GUEST_FAILED');
      assert.equal(reply.headers['set-cookie'], undefined);
    });
  }
  test('in a location are encoded', async () => {
    const reply = await runtime.get('/guard/crlf/location');
    assert.equal(reply.headers.location, '/a%0D%0AX-Stolen:%201');
    assert.equal(reply.headers['x-stolen'], undefined);
  });
  test('characters above Latin-1 fail the request', async () => assert.equal((await runtime.get('/guard/wide')).status, 500));
  for (const what of ['value', 'list', 'name', 'zero', 'stream']) {
    test(`are refused by the host where the extension took the check of its own side away: ${what}`, async () => {
      const { reply, end } = await runtime.measure(`/unchecked/${what}`);
      assert.equal(reply.status, 502);
      assert.equal(reply.code, 'ERR_RESPONSE_INVALID');
      assert.equal(reply.headers['x-stolen'], undefined);
      assert.equal(end.outcome, 'ERR_RESPONSE_INVALID');
    });
  }
});

describe('the host frames the answer', () => {
  test('reserved and hop-by-hop headers are dropped, others kept', async () => {
    const { headers, text } = await runtime.get('/guard/reserved');
    assert.equal(text, 'body');
    assert.equal(headers['x-kept'], 'kept');
    assert.equal(Object.values(headers).includes('mine'), false);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['content-length'], '4');
  });
  for (const path of ['short', 'long', 'stream']) {
    test(`a content-length of the extension’s own does not count: ${path}`, async () => {
      const wanted = { short: 'longer than two', long: 'short', stream: 'oneand two' }[path];
      assert.equal((await runtime.get(`/guard/length/${path}`)).text, wanted);
      assert.equal((await runtime.get('/guard/json')).text, '1');
    });
  }
  for (const code of [100, 101, 103, 199, 600, 999]) {
    test(`status ${code} is refused`, async () => {
      for (const path of ['status', 'status-code']) {
        const reply = await runtime.get(`/guard/${path}/${code}`);
        assert.equal(reply.status, 502);
        assert.equal(reply.code, 'ERR_RESPONSE_INVALID');
      }
    });
  }
  for (const code of [200, 299, 599])
    test(`status ${code} may leave`, async () => assert.equal((await runtime.get(`/guard/status/${code}`)).status, code));
  for (const code of [0, 99, 1000, Number.NaN])
    test(`status ${code} is an error in the extension already`, async () =>
      assert.equal((await runtime.get(`/guard/status/${code}`)).status, 500));
  test('trailers do not leave', async () => assert.equal((await runtime.get('/guard/trailers')).headers['x-t'], undefined));
  test('interim answers do not leave', async () => assert.equal((await runtime.get('/guard/early')).text, 'fine'));
});

describe('the size of an answer', () => {
  const cases = [
    ['headerCount', '/headers/64', '/headers/65'],
    ['headerBytes', '/header-bytes/4096', '/header-bytes/4097'],
    ['bodyOutBytes', '/body/10000', '/body/10001'],
    ['bodyOutBytes', '/text/10000', '/text/10002'],
  ] as const;
  for (const [limit, within, over] of cases) {
    test(`${limit}: ${within} may leave, ${over} may not`, async () => {
      assert.equal((await runtime.get(`/guard${within}`)).status, 200);
      const { reply, end, limits } = await runtime.measure(`/guard${over}`);
      assert.equal(reply.status, 502);
      assert.equal(reply.code, 'ERR_RESPONSE_TOO_LARGE');
      assert.equal(end.outcome, 'ERR_RESPONSE_TOO_LARGE');
      const allowed = { headerCount: 64, headerBytes: 4_096, bodyOutBytes: 10_000 }[limit];
      assert.deepEqual(
        limits.map((one) => [one.limit, one.allowed, one.used > allowed]),
        [[limit, allowed, true]],
      );
    });
  }
  test('values of one header in a list count as headers each', async () =>
    assert.equal((await runtime.get('/guard/list/70')).code, 'ERR_RESPONSE_TOO_LARGE'));
  test('a stream may have bodyOutBytes', async () => assert.equal((await runtime.get('/guard/stream/10000')).bytes.length, 10_000));
  test('a stream that goes over is broken off, and on the ledger', async () => {
    const reply = await runtime.open('/guard/stream/30000');
    assert.equal(reply.status, 200);
    assert.equal(await reply.ended, false);
    const end = await runtime.ended('/guard/stream/30000');
    assert.equal(end.outcome, 'ERR_RESPONSE_TOO_LARGE');
    const [limit] = runtime.entries('limit').filter((one) => one.request === end.request);
    assert.deepEqual([limit?.limit, limit?.allowed], ['bodyOutBytes', 10_000]);
  });
});

describe('what a browser would do with it', () => {
  test('cookies are held below the mount, on this host', async () => {
    const cookies = (await runtime.get('/guard/cookies')).headers['set-cookie'] ?? [];
    assert.equal(cookies.length, 5);
    assert.equal(cookies[0], 'own=1; Path=/guard');
    assert.match(cookies[1] ?? '', /^wide=2; Path=\/guard; Max-Age=1; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/);
    assert.equal(cookies[2], 'below=3; Path=/guard/part');
    assert.equal(cookies[3], 'beside=4; Path=/guard');
    assert.match(cookies[4] ?? '', /^old=; Path=\/guard; Expires=Thu, 01 Jan 1970/);
  });
  for (const path of ['html', 'svg', 'own-policy']) {
    test(`scripts of ${path} do not run: a policy sandboxes them`, async () => {
      const policies = (await runtime.get(`/guard/${path}`)).rawHeaders.filter(
        (_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === 'content-security-policy',
      );
      assert.ok(
        policies.some(
          (policy) => policy.startsWith('sandbox ') && !policy.includes('allow-scripts') && policy.includes("default-src 'none'"),
        ),
      );
    });
  }
  test('JSON has no policy, and nosniff', async () => {
    const { headers } = await runtime.get('/guard/json');
    assert.equal(headers['content-security-policy'], undefined);
    assert.equal(headers['x-content-type-options'], 'nosniff');
  });
});
