// Everything Express's res offers, asked over HTTP: what leaves the host is what a plain Express host would send.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Reply, RequestOptions } from '../helpers/client.ts';
import { comparable, openPlainHost, type PlainHost } from '../helpers/plain-host.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

/** Runs unchanged on Express 4 and 5. */
const source = `
export default (router) => {
  const values = { text: 'grüße', html: '<p>hi</p>', object: { a: 1, d: new Date(0), u: undefined }, list: [1, 'ä'], nothing: null, yes: true, empty: '', long: 'ä'.repeat(50_000) };
  for (const [name, value] of Object.entries(values)) router.get('/send/' + name, (req, res) => res.send(value));
  router.get('/send/none', (req, res) => res.send());
  router.get('/send/bytes', (req, res) => res.send(Buffer.from([0, 1, 254, 255])));
  router.get('/send/typed', (req, res) => res.type('text/plain').send('<p>'));
  router.get('/send/all-bytes', (req, res) => { const all = new Uint8Array(70_000).map((_, index) => index % 256); res.type('image/png').send(Buffer.from(all.buffer)); });
  router.get('/json', (req, res) => res.json({ a: ['ä', null, 1.5, '\\u2028'] }));
  router.get('/json/null', (req, res) => res.json(null));
  router.get('/jsonp', (req, res) => res.jsonp({ a: '\\u2028</script>' }));
  router.get('/status/:code', (req, res) => res.status(Number(req.params.code)).json({ code: req.params.code }));
  router.get('/send-status/:code', (req, res) => res.sendStatus(Number(req.params.code)));
  router.get('/headers', (req, res) => {
    res.set('X-One', '1').set({ 'X-Two': 'two', 'X-List': ['a', 'b'] }).append('X-One', 'more').append('Link', '<a>').append('Link', '<b>').vary('Accept').vary('Origin');
    res.removeHeader('X-Two');
    res.json([res.get('x-one'), res.hasHeader('x-two'), res.headersSent]);
  });
  router.get('/links', (req, res) => res.links({ next: 'http://x.example/2', last: 'http://x.example/9' }).location('/ä?b=ü').end());
  router.get('/redirect', (req, res) => res.redirect('/else/where'));
  router.get('/redirect/301', (req, res) => res.redirect(301, 'http://other.example/ä'));
  router.get('/attachment', (req, res) => res.attachment('plain.csv').send('a,b'));
  router.get('/type', (req, res) => res.type('png').end('x'));
  router.get('/format', (req, res) => res.format({ text: () => res.send('text'), html: () => res.send('<p>html</p>'), json: () => res.json({ a: 1 }), default: () => res.status(406).end() }));
  router.get('/locals', (req, res, next) => { res.locals.name = 'local'; next(); }, (req, res) => res.json(res.locals));
  router.get('/end', (req, res) => res.end());
  router.get('/end/text', (req, res) => { res.statusCode = 201; res.setHeader('Content-Type', 'text/plain'); res.end('ended ä'); });
  router.get('/end/hex', (req, res) => res.end('6869', 'hex'));
  router.get('/write', (req, res) => { res.writeHead(202, 'Fine', { 'X-Written': 'yes' }); res.write('one '); res.write(Buffer.from('two ')); res.end('three'); });
  router.get('/tag', (req, res) => res.set('ETag', '"own"').json({ a: 1 }));
  router.get('/modified', (req, res) => { res.set('Last-Modified', 'Wed, 21 Oct 2015 07:28:00 GMT'); res.json({ fresh: req.fresh }); });
  router.get('/twice', (req, res) => { res.json({ first: true }); try { res.json({ second: true }); } catch {} });
  router.get('/later', (req, res) => setTimeout(() => res.json({ later: true }), 5));
};`;

const get = (path: string, headers: Readonly<Record<string, string>> = {}): readonly [string, RequestOptions] => [path, { headers }];
const head = (path: string): readonly [string, RequestOptions] => [path, { method: 'HEAD' }];

/** Nothing is asserted but that both hosts say the same: the plain one is the measure. */
const cases: readonly (readonly [string, RequestOptions])[] = [
  ...['text', 'html', 'object', 'list', 'nothing', 'yes', 'empty', 'none', 'bytes', 'typed', 'long', 'all-bytes'].map((name) =>
    get(`/send/${name}`),
  ),
  get('/json'),
  get('/json/null'),
  get('/jsonp'),
  get('/jsonp?callback=a.b'),
  get('/jsonp?callback=<x>'),
  ...[200, 201, 202, 205, 206, 300, 400, 404, 418, 451, 500, 503, 599].map((code) => get(`/status/${code}`)),
  get('/status/204'),
  get('/status/304'),
  ...[200, 204, 404, 418, 500].map((code) => get(`/send-status/${code}`)),
  get('/headers'),
  get('/links'),
  get('/redirect'),
  get('/redirect', { accept: 'text/html' }),
  get('/redirect/301'),
  get('/attachment'),
  get('/type'),
  ...['text/plain', 'text/html', 'application/json', 'image/png', '*/*'].map((accept) => get('/format', { accept })),
  get('/locals'),
  get('/end'),
  get('/end/text'),
  get('/end/hex'),
  get('/write'),
  get('/later'),
  get('/twice'),
  get('/tag'),
  get('/tag', { 'if-none-match': '"own"' }),
  get('/tag', { 'if-none-match': 'W/"own", "other"' }),
  get('/tag', { 'if-none-match': '"other"' }),
  get('/tag', { 'if-none-match': '"own"', 'cache-control': 'no-cache' }),
  get('/modified', { 'if-modified-since': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
  get('/modified', { 'if-modified-since': 'Wed, 21 Oct 2014 07:28:00 GMT' }),
  ...['/send/text', '/send/long', '/json', '/status/201', '/status/404', '/end/text', '/write', '/redirect', '/tag'].map(head),
];

/** Express makes tags in res.send, the host for whatever GET finds: so only where both have one it must be the same. */
const alike = (reply: Reply, wanted: Reply, method: string | undefined): readonly [object, object] => {
  const [one, other] = [reply, wanted].map(({ headers: { etag, ...headers }, ...rest }) => ({
    ...rest,
    headers: reply.headers.etag === undefined || wanted.headers.etag === undefined ? headers : { etag, ...headers },
  })) as [Reply, Reply];
  return [comparable(one, method), comparable(other, method)];
};

for (const major of [4, 5] as const) {
  describe(`on Express ${major}`, () => {
    let runtime: TestRuntime;
    let plain: PlainHost;
    before(async () => {
      runtime = await openTestRuntime({ extensions: { x: extension(source, { express: major }) } });
      assert.deepEqual(runtime.runtime.refused(), []);
      plain = await openPlainHost(source, '/x', major);
    });
    after(async () => {
      plain.close();
      await runtime.close();
    });
    for (const [path, ask] of cases) {
      test(`${ask.method ?? 'GET'} ${path} ${JSON.stringify(ask.headers ?? {})} is answered as in a plain host`, async () => {
        const reply = await runtime.request(`/x${path}`, ask);
        const wanted = await plain.request(`/x${path}`, ask);
        assert.deepEqual(...alike(reply, wanted, ask.method));
        assert.ok(reply.bytes.equals(wanted.bytes));
      });
    }
    for (const path of ['/send/text', '/send/bytes', '/send/long', '/json', '/end/text']) {
      test(`${path} has a tag, and who has it already gets 304`, async () => {
        const { headers, status } = await runtime.get(`/x${path}`);
        if (path === '/end/text') return assert.equal(status, 201);
        const again = await runtime.get(`/x${path}`, { 'if-none-match': String(headers.etag) });
        assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', headers.etag]);
        assert.equal((await runtime.get(`/x${path}`, { 'if-none-match': '*' })).status, 304);
        assert.equal((await runtime.get(`/x${path}`, { 'if-none-match': 'W/"0-x"' })).status, 200);
      });
    }
  });
}
