// What both versions of Express do alike, and what the stand-ins for node:http must carry. Data only; each name is a sentence.
import { type ExpressCase, get } from './express-case.ts';

/** What both versions do alike, and what the stand-ins must carry. */
export const commonCases: readonly ExpressCase[] = [
  {
    name: 'res.send in its forms',
    setup: `const values = { text: 'häß€', object: { a: 1 }, list: [1], nothing: null, yes: true, empty: '' }; for (const [name, value] of Object.entries(values)) app.get('/' + name, (req, res) => res.send(value)); app.get('/none', (req, res) => res.send()); app.get('/typed', (req, res) => res.type('text').send('<p>'))`,
    requests: get('/text', '/object', '/list', '/nothing', '/yes', '/empty', '/none', '/typed'),
  },
  {
    name: 'a long text keeps its length in bytes',
    setup: `app.get('/l', (req, res) => res.send('ä€😀x'.repeat(1000)))`,
    requests: get('/l'),
  },
  {
    name: 'json with spaces, replacer, escape, and values JSON has none for',
    setup: `app.set('json spaces', 2); app.set('json escape', true); app.get('/j', (req, res) => res.json({ a: '<b>&', d: new Date(0), u: undefined, n: NaN })); app.get('/u', (req, res) => res.json(undefined)); app.get('/n', (req, res) => res.json(null))`,
    requests: get('/j', '/n'),
  },
  {
    name: 'jsonp',
    setup: `app.get('/p', (req, res) => res.jsonp({ a: '\\u2028' }))`,
    requests: get('/p', '/p?callback=cb', '/p?callback=a.b[0]', '/p?callback[]=x', '/p?callback=<bad>'),
  },
  {
    name: 'status helpers',
    setup: `app.get('/s/:code', (req, res) => res.sendStatus(Number(req.params.code)))`,
    requests: get('/s/200', '/s/204', '/s/304', '/s/404', '/s/418', '/s/205', '/s/599'),
  },
  {
    name: 'headers set, appended, read and taken away',
    setup: `app.get('/h', (req, res) => { res.set('X-A', '1').set({ 'X-B': 'two', 'x-c': ['3', '4'] }).append('X-A', 'more').append('Link', '<a>').append('Link', ['<b>', '<c>']); res.removeHeader('X-B'); res.setHeader('X-N', 5); res.json([res.get('x-a'), res.getHeader('x-n'), res.getHeaderNames(), res.hasHeader('X-C'), res.headersSent, Object.getPrototypeOf(res.getHeaders()) === null]) })`,
    requests: get('/h'),
  },
  {
    name: 'links, location, attachment and vary',
    setup: `app.get('/l', (req, res) => { res.links({ next: 'http://x/2', last: 'http://x/9' }); res.location('/ä?b=ü#c'); res.attachment('naive "€".pdf'); res.send('x') }); app.get('/m', (req, res) => { res.location('http://user@host/ /x'); res.attachment(); res.end() })`,
    requests: get('/l', '/m'),
  },
  {
    name: 'cookies',
    setup: `app.get('/c', (req, res) => { res.cookie('a', 'b c', { httpOnly: true, path: '/x', sameSite: 'lax', secure: true }); res.cookie('j', { k: 1 }); res.cookie('e', '', { expires: new Date(0) }); res.clearCookie('z'); res.send('x') }); app.get('/bad', (req, res) => res.cookie('a', 'b', { signed: true }))`,
    requests: get('/c', '/bad'),
  },
  {
    name: 'signed cookies',
    setup: `app.use((req, res, next) => { req.secret = 's3cret'; next() }); app.get('/c', (req, res) => { res.cookie('a', 'b', { signed: true }); res.end() })`,
    requests: get('/c'),
  },
  {
    name: 'format by Accept',
    setup: `app.get('/f', (req, res) => res.format({ text: () => res.send('text'), html: () => res.send('<p>'), json: () => res.send({ a: 1 }) })); app.get('/g', (req, res) => res.format({ json: () => res.send({ a: 1 }), default: () => res.send('other') })); app.use((error, req, res, next) => res.status(error.status).json([error.message, error.types]))`,
    requests: [
      ...['text/html', 'application/json', '*/*', 'image/png', 'text/*;q=0.5, application/json;q=0.1'].map((accept) => ({
        path: '/f',
        headers: { accept },
      })),
      { path: '/g', headers: { accept: 'image/png' } },
      { path: '/f' },
    ],
  },
  {
    name: 'accepts, is, range and fresh',
    setup: `app.use('/a', (req, res) => res.json([req.accepts('html', 'json'), req.accepts(['png']), req.acceptsEncodings('gzip', 'br'), req.acceptsLanguages('de', 'en'), req.acceptsCharsets('utf-8'), req.is('json'), req.is('text/*'), req.is('application/json', 'html'), req.range(1000) ?? null])); app.get('/fresh', (req, res) => { res.set('ETag', '"x"'); res.json({ fresh: req.fresh, stale: req.stale }) })`,
    requests: [
      { path: '/a', headers: { accept: 'application/json', 'accept-encoding': 'br', 'accept-language': 'en', range: 'bytes=0-9,20-' } },
      { method: 'POST', path: '/a', headers: { 'content-type': 'application/json; charset=utf-8' }, body: '{}' },
      { path: '/fresh' },
      { path: '/fresh', headers: { 'if-none-match': '"x"' } },
      { path: '/fresh', headers: { 'if-none-match': 'W/"x", "y"', 'cache-control': 'no-cache' } },
    ],
  },
  {
    name: 'parameters, param callbacks and next',
    setup: `app.param('id', (req, res, next, value) => { req.user = 'u' + value; value === '0' ? next('route') : next() }); app.get('/u/:id', (req, res, next) => { req.params.id === '1' ? next() : next('route') }, (req, res) => res.send('second ' + req.user)); app.get('/u/:id', (req, res) => res.send('other ' + req.user)); app.get('/u/0', (req, res) => res.send('zero'))`,
    requests: get('/u/1', '/u/2', '/u/0'),
  },
  {
    name: 'routers nested with mergeParams and their own middleware',
    setup: `const outer = express.Router(); const inner = express.Router({ mergeParams: true }); inner.use((req, res, next) => { res.set('X-In', req.baseUrl); next() }); inner.get('/leaf', (req, res) => res.json([req.baseUrl, req.originalUrl, req.url, req.path, req.params, req.route.path])); outer.use('/i/:n', inner); app.use('/o', outer)`,
    requests: get('/o/i/5/leaf?x=1', '/o/i/5/none'),
  },
  {
    name: 'route(), all(), use() with several handlers',
    setup: `app.route('/r').get((req, res) => res.send('get')).post((req, res) => res.send('post')).all((req, res) => res.send('all ' + req.method)); app.all('/all', (req, res) => res.send(req.method)); app.use('/chain', [(req, res, next) => { req.n = 1; next() }, (req, res, next) => { req.n += 1; next() }], (req, res) => res.json(req.n))`,
    requests: [
      { path: '/r' },
      { method: 'POST', path: '/r' },
      { method: 'PUT', path: '/r' },
      { method: 'DELETE', path: '/all' },
      { method: 'HEAD', path: '/r' },
      { path: '/chain' },
      { method: 'PROPFIND', path: '/all' },
    ],
  },
  {
    name: 'HEAD is answered by the GET handler without a body',
    setup: `app.get('/h', (req, res) => res.send('body')); app.get('/e', (req, res) => { res.setHeader('X-A', '1'); res.write('one'); res.end('two') })`,
    requests: [
      { method: 'HEAD', path: '/h' },
      { method: 'HEAD', path: '/e' },
    ],
  },
  {
    name: 'errors thrown, passed on, with status, and caught by error middleware',
    setup: `app.get('/t', () => { throw Object.assign(new Error('boom'), { status: 418 }) }); app.get('/n', (req, res, next) => next(new TypeError('no'))); app.get('/s', (req, res, next) => next('text')); app.get('/after', (req, res) => { res.send('x'); res.send('y') }); app.use((error, req, res, next) => { if (res.headersSent) return; res.status(error.status ?? 500).json([error.message ?? error, error.name ?? null]) })`,
    requests: get('/t', '/n', '/s', '/after'),
  },
  {
    name: 'an error nobody handles reaches the host',
    setup: `app.get('/t', () => { throw new RangeError('mine') })`,
    requests: get('/t', '/nothing'),
  },
  {
    name: 'headers after the answer',
    setup: `app.get('/h', (req, res) => { const codes = []; res.json({ a: 1 }); for (const act of [() => res.set('a', 'b'), () => res.status(500).setHeader('x', 'y'), () => res.removeHeader('a'), () => res.appendHeader('a', 'b'), () => res.writeHead(200)]) try { act(); codes.push(null) } catch (error) { codes.push(error.code) } app.locals.codes = [codes, res.headersSent, res.writableEnded, res.finished] }); app.get('/codes', (req, res) => res.json(app.locals.codes))`,
    requests: get('/h', '/codes'),
  },
  {
    name: 'header names and values that are not allowed',
    setup: `app.get('/h', (req, res) => { const seen = []; for (const act of [() => res.setHeader('a b', '1'), () => res.setHeader('', '1'), () => res.setHeader('a', undefined), () => res.setHeader('a', 'x\\ny'), () => res.setHeader('a', ['x', '€']), () => res.getHeader(5), () => res.writeHead(99), () => res.writeHead('x'), () => res.write(null), () => res.write(5), () => res.setHeaders({ a: 1 }), () => res.pipe({}), () => { res.statusMessage = 'a\\nb'; res.writeHead(200) }]) try { act(); seen.push(null) } catch (error) { seen.push([error.name, error.code, error.message]) } res.statusMessage = undefined; res.json(seen) })`,
    requests: get('/h'),
  },
  {
    name: 'writeHead in all its forms',
    setup: `app.get('/a', (req, res) => { res.setHeader('x', '1'); res.setHeader('y', '1'); res.writeHead(201, { x: '2', z: ['3', '4'] }); res.end('a') }); app.get('/b', (req, res) => { res.writeHead(202, 'Fine', { x: '2' }); res.end(res.statusMessage) }); app.get('/c', (req, res) => { res.setHeader('x', '1'); res.writeHead(203, ['x', '2', 'y', '3', 'y', '4']); res.end('c') }); app.get('/d', (req, res) => { res.writeHead(204); res.end('dropped') }); app.disable('x-powered-by'); app.get('/e', (req, res) => { res.writeHead(200, [['p', '1'], ['q', '2']]); res.end() })`,
    requests: get('/a', '/b', '/c', '/d', '/e'),
  },
  {
    name: 'middleware that replaces writeHead and end',
    setup: `app.use((req, res, next) => { const { writeHead, end } = res; res.writeHead = function (...args) { this.setHeader('X-Late', 'yes'); return writeHead.apply(this, args) }; res.end = function (...args) { this.ended = true; return end.apply(this, args) }; next() }); app.get('/a', (req, res) => res.send('a')); app.get('/b', (req, res) => { res.write('b'); res.end() })`,
    requests: get('/a', '/b'),
  },
  {
    name: 'writing in pieces, in encodings, corked, and with callbacks',
    setup: `app.get('/w', (req, res) => { res.type('text'); res.write('a'); res.write(Buffer.from('b')); res.write('Yw==', 'base64'); res.write('64', 'hex'); res.write('\\xe9', 'latin1'); res.cork(); res.write('e'); res.write('f'); res.uncork(); res.write('g', () => res.end('h', 'utf8')) }); app.get('/e', (req, res) => res.end('6869', 'hex')); app.get('/u', (req, res) => res.end(new Uint8Array([104, 105])))`,
    requests: get('/w', '/e', '/u'),
  },
  {
    name: 'finish and close come once, in order, with what they say',
    setup: `const seen = []; app.get('/f', (req, res) => { for (const name of ['finish', 'close', 'error']) res.on(name, () => seen.push(['res', name, res.writableFinished, res.writableEnded])); req.on('close', () => seen.push(['req', 'close'])); res.end('x', () => seen.push('callback')); seen.push(['sync', res.finished, res.writableEnded, res.headersSent]) }); app.get('/seen', (req, res) => setTimeout(() => res.json(seen), 20))`,
    requests: get('/f', '/seen'),
  },
  {
    name: 'writing after the end says so to callback and listener',
    setup: `const seen = []; app.get('/f', (req, res) => { res.on('error', (error) => seen.push(error.code)); res.end('x'); seen.push(res.write('y', (error) => seen.push(['callback', error.code]))); seen.push(res.end('z') === res) }); app.get('/seen', (req, res) => setTimeout(() => res.json(seen), 20))`,
    requests: get('/f', '/seen'),
  },
  {
    name: 'req has the properties validators and middleware look for',
    setup: `app.get('/r', (req, res) => { const keys = Object.keys(req); res.json([['url', 'method', 'headers', 'socket', 'params', 'complete', 'aborted'].filter((key) => !(key in req)), req.httpVersion, req.aborted, req.readable, req.destroyed, req.socket.remoteAddress, req.connection === req.socket, typeof req.on, req instanceof require('stream').Readable, req.rawHeaders.length % 2, req.statusCode, res.statusCode, res.writable, res instanceof require('stream').Writable, req.app === app, res.app === app, req.res === res, res.req === req, 'accountability' in req]); req.headers = { replaced: true } })`,
    requests: get('/r'),
  },
  {
    name: 'repeated request headers are joined as node joins them',
    setup: `app.get('/h', (req, res) => { const { host, connection, ...rest } = req.headers; res.json([rest, req.get('Referrer'), req.header('x-one')]) })`,
    requests: [{ path: '/h', headers: { 'X-One': '1', Referer: 'http://r/', cookie: 'a=1; b=2' } }],
  },
  {
    name: 'locals, app settings and mounted apps',
    setup: `app.locals.title = 't'; app.set('thing', 5); app.enable('flag'); app.use((req, res, next) => { res.locals.x = 1; next() }); const sub = express(); sub.get('/x', (req, res) => res.json([req.baseUrl, res.locals.x, sub.mountpath, sub.path(), req.app === sub])); app.use('/sub', sub); app.get('/l', (req, res) => res.json([app.get('thing'), app.enabled('flag'), req.app.locals.title, res.locals.x]))`,
    requests: get('/sub/x', '/l'),
  },
  {
    name: 'a promise that rejects after an await, with the version’s own handling',
    setup: `app.get('/ok', async (req, res) => { await null; res.json({ ok: true }) }); app.get('/caught', async (req, res, next) => { try { await Promise.reject(new Error('late')) } catch (error) { next(error) } }); app.use((error, req, res, next) => res.status(500).send(error.message))`,
    requests: get('/ok', '/caught'),
  },
  {
    name: 'tags, where the extension asks for them',
    setup: `let tag = null; const settings = ['strong', 'weak', true, false, (body) => 'mine' + body.length]; for (const [index, value] of settings.entries()) { const sub = express(); sub.set('etag', value); sub.get('/t', (req, res) => { res.send('häß'); tag = res.get('ETag') ?? null }); app.use('/' + index, sub) } app.get('/tag', (req, res) => res.json(tag))`,
    requests: [0, 1, 2, 3, 4].flatMap((index) => get(`/${index}/t`, '/tag')),
  },
  {
    name: 'express exports what it exports',
    setup: `return ['static', 'json', 'urlencoded', 'text', 'raw', 'Router', 'Route', 'application', 'request', 'response'].map((name) => typeof express[name])`,
    requests: [],
  },
];
