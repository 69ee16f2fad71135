// Where Express 4 and 5 differ: each version is compared with itself outside the isolate. Data only; each name is a sentence.
import { type ExpressCase, get } from './express-case.ts';

/** The rows of the table of differences: both columns, because each version is compared with itself outside the isolate. */
export const versionCases: readonly ExpressCase[] = [
  {
    name: 'req.query is own and assignable, or a getter, as the version has it',
    setup: `app.get('/q', (req, res) => { const own = Object.hasOwn(req, 'query'); let assigned; try { 'use strict'; (function () { 'use strict'; req.query = { a: 1 }; })(); assigned = req.query; } catch (error) { assigned = error.name; } res.json({ own, keys: Object.keys(req).includes('query'), assigned }); })`,
    requests: get('/q?b=2'),
  },
  {
    name: 'the default query parser is the version’s own',
    setup: `app.get('/q', (req, res) => res.json(req.query))`,
    requests: get('/q?a[b][c]=1&d[]=2&e=3&e=4', '/q?x=%20y+z&empty&=v', '/q', '/q?a=1&a=2&__proto__=x&constructor=y'),
  },
  {
    name: 'the query parser can be set',
    setup: `app.set('query parser', 'extended'); app.get('/q', (req, res) => res.json(req.query))`,
    requests: get('/q?a[b][c]=1&d[]=2&f[0]=a&f[1]=b'),
  },
  {
    name: 'req.body without a parsed body',
    setup: `app.post('/before', (req, res) => res.json([typeof req.body])); app.use(express.json()); app.post('/after', (req, res) => res.json([typeof req.body, req.body ?? null]))`,
    requests: [
      { method: 'POST', path: '/before' },
      { method: 'POST', path: '/after' },
    ],
  },
  {
    name: 'req.params is an ordinary object or has no prototype',
    setup: `app.get('/p/:a/:b', (req, res) => res.json([Object.getPrototypeOf(req.params) === null, req.params]))`,
    requests: get('/p/1/%C3%A4', '/p/%/x'),
  },
  {
    name: 'an optional parameter',
    setup: `for (const path of ['/o/:x?', '/o{/:x}']) { try { app.get(path, (req, res) => res.json(['x' in req.params, req.params])) } catch (error) { app.get('/fault', (req, res) => res.send(error.name)) } }`,
    requests: get('/o', '/o/1', '/fault'),
  },
  {
    name: 'a wildcard',
    setup: `for (const path of ['/w/*', '/v/*splat']) { try { app.get(path, (req, res) => res.json(req.params)) } catch (error) { app.get('/fault', (req, res) => res.send(error.name)) } }`,
    requests: get('/w/one/two', '/v/one/two', '/fault'),
  },
  {
    name: 'pattern syntax',
    setup: `const ok = []; for (const path of ['/a/:x(\\\\d+)', '/b/:x+', '/c/:x*', '/d(a|b)', '/e+f', '/:a-:b', '/p.:ext', '*', '(.*)']) { try { app.get(path, (req, res) => res.json([path, req.params])); ok.push(path) } catch (error) { ok.push(error.name) } } return ok`,
    requests: get('/a/12', '/a/x', '/b/1/2', '/da', '/eef', '/x-y', '/p.html'),
  },
  {
    name: 'arrays of paths and regular expressions',
    setup: `app.get(['/one', '/two', /^\\/th(re)e$/], (req, res) => res.json([req.path, req.params]))`,
    requests: get('/one', '/two', '/three', '/four'),
  },
  {
    name: 'a double slash before the path',
    setup: `const r = express.Router(); r.get('/q', (req, res) => res.send(req.url)); app.use('/m', r)`,
    requests: get('/m//q', '/m/q', '/m/q/', '/M/Q', '//m/q'),
  },
  {
    name: 'res.send of a number',
    setup: `app.get('/n', (req, res) => res.send(404)); app.get('/m', (req, res) => res.status(201).send('x'))`,
    requests: get('/n', '/m'),
  },
  {
    name: 'res.send and json with two arguments',
    setup: `app.get('/a', (req, res) => res.send(201, 'body')); app.get('/b', (req, res) => res.send('body', 201)); app.get('/c', (req, res) => res.json(201, { a: 1 })); app.get('/d', (req, res) => res.json({ a: 1 }, 201)); app.get('/e', (req, res) => res.jsonp(201, { a: 1 }))`,
    requests: get('/a', '/b', '/c', '/d', '/e'),
  },
  {
    name: 'res.status of a numeric string, of nonsense and of numbers out of range',
    setup: `app.get('/s', (req, res) => res.status('201').send('x')); app.get('/t', (req, res) => res.status(99).send('x')); app.get('/u', (req, res) => res.status(1000).send('x')); app.get('/v', (req, res) => res.status(20.5).send('x')); app.use((error, req, res, next) => { for (const name of res.getHeaderNames()) res.removeHeader(name); res.status(500).json([error.name, error.code]) })`,
    requests: get('/s', '/t', '/u', '/v'),
  },
  {
    name: 'res.redirect in its forms',
    setup: `app.get('/a', (req, res) => res.redirect('/x')); app.get('/b', (req, res) => res.redirect(301, '/ä b')); app.get('/c', (req, res) => res.redirect('/x', 301)); app.get('/d', (req, res) => res.redirect('back')); app.get('/e', (req, res) => res.redirect('..'))`,
    requests: [
      ...get('/a', '/b', '/c', '/d', '/e'),
      { path: '/d', headers: { referer: 'http://from/' } },
      { path: '/a', headers: { accept: 'text/html' } },
      { path: '/a', headers: { accept: 'image/png' } },
      { method: 'HEAD', path: '/a' },
    ],
  },
  {
    name: 'res.clearCookie with an age',
    setup: `app.get('/c', (req, res) => { res.clearCookie('n', { maxAge: 0, path: '/p' }); res.clearCookie('m'); res.end() })`,
    requests: get('/c'),
  },
  {
    name: 'res.type',
    setup: `app.get('/:t', (req, res) => { res.type(req.params.t); res.end('x') })`,
    requests: get(
      '/js',
      '/html',
      '/json',
      '/png',
      '/txt',
      '/xml',
      '/svg',
      '/mp4',
      '/woff2',
      '/bin',
      '/nothing',
      '/md',
      '/xlsx',
      '/ics',
      '/.html',
    ),
  },
  {
    name: 'res.send of bytes',
    setup: `app.get('/u', (req, res) => res.send(new Uint8Array([1, 2, 200]))); app.get('/b', (req, res) => res.send(Buffer.from([1, 2, 200])))`,
    requests: get('/u', '/b'),
  },
  {
    name: 'res.vary without a field',
    setup: `app.get('/v', (req, res) => { res.vary(); res.send('x') }); app.get('/w', (req, res) => { res.vary('Accept'); res.vary(['Origin', 'accept']); res.send('x') })`,
    requests: get('/v', '/w'),
  },
  {
    name: 'req.host, hostname, protocol, ip and secure',
    setup: `app.get('/h', (req, res) => res.json([req.host, req.hostname, req.protocol, req.ip, req.ips, req.secure, req.subdomains, req.xhr]))`,
    requests: [
      { path: '/h', headers: { host: 'a.b.example.com:8080' } },
      { path: '/h', headers: { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', 'x-requested-with': 'XMLHttpRequest' } },
    ],
  },
  {
    name: 'trust proxy',
    setup: `app.set('trust proxy', 'loopback'); app.get('/h', (req, res) => res.json([req.hostname, req.protocol, req.ip, req.ips]))`,
    requests: [
      {
        path: '/h',
        headers: { 'x-forwarded-for': '1.2.3.4, 127.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'outer.example' },
      },
    ],
  },
  {
    name: 'the automatic answer to OPTIONS',
    setup: `app.get('/o', (req, res) => res.send('x')); app.post('/o', (req, res) => res.send('x')); const r = express.Router(); r.put('/', (req, res) => res.end()); app.use('/r', r)`,
    requests: [
      { method: 'OPTIONS', path: '/o' },
      { method: 'OPTIONS', path: '/r' },
      { method: 'OPTIONS', path: '/none' },
    ],
  },
  {
    name: 'what only version 4 has',
    setup: 'return [typeof express.request.param, typeof express.request.acceptsCharset, typeof express.response.sendfile, typeof app.del]',
    requests: [],
  },
];
