// Request bodies, asked at once and byte by byte. Data only; each name is a sentence.
import { type ExpressCase, get, postJson } from './express-case.ts';

const sortBody = `(req, res) => res.json([typeof req.body, Buffer.isBuffer(req.body) ? req.body.toString('hex') : req.body ?? null])`;
const onError = 'app.use((error, req, res, next) => res.status(error.status ?? 500).json([error.type, error.message]))';

/** Bodies: each is asked with the body at once and as a stream. */
export const bodyCases: readonly ExpressCase[] = [
  {
    name: 'express.json parses, refuses and skips',
    setup: `app.use(express.json()); app.post('/b', ${sortBody}); ${onError}`,
    requests: [
      postJson('/b', { a: [1, 'ä'] }),
      postJson('/b', [1]),
      { method: 'POST', path: '/b', headers: { 'content-type': 'application/json' }, body: '{"a":' },
      { method: 'POST', path: '/b', headers: { 'content-type': 'application/json' }, body: '5' },
      { method: 'POST', path: '/b', headers: { 'content-type': 'application/json' }, body: '' },
      { method: 'POST', path: '/b', headers: { 'content-type': 'text/plain' }, body: 'x' },
      { method: 'POST', path: '/b', headers: { 'content-type': 'application/json; charset=latin1' }, body: '{}' },
      {
        method: 'POST',
        path: '/b',
        headers: { 'content-type': 'application/json; charset=utf-16' },
        body: Buffer.from('{"a":1}', 'utf16le'),
      },
      { method: 'POST', path: '/b', headers: { 'content-type': 'application/vnd.x+json' }, body: '{}' },
    ],
  },
  {
    name: 'express.json with limit, verify, reviver and types',
    setup: `app.use(express.json({ limit: 20, type: ['json', '+json'], reviver: (key, value) => key === 'n' ? value + 1 : value, verify: (req, res, bytes) => { req.seen = bytes.length; if (bytes.length === 9) throw new Error('refused') } })); app.post('/b', (req, res) => res.json([req.body, req.seen])); ${onError}`,
    requests: [postJson('/b', { n: 1 }), postJson('/b', { n: 123 }), postJson('/b', { long: 'xxxxxxxxxxxxxxxxxxxxxxxx' })],
  },
  {
    name: 'express.urlencoded, simple and extended',
    setup: `app.post('/simple', express.urlencoded({ extended: false }), ${sortBody}); app.post('/extended', express.urlencoded({ extended: true }), ${sortBody}); ${onError}`,
    requests: ['/simple', '/extended'].flatMap((path) =>
      ['a=1&b[c]=2&d[]=3&d[]=4&e=%C3%A4+x', '', 'a'].map((body) => ({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
      })),
    ),
  },
  {
    name: 'express.text and express.raw',
    setup: `app.post('/t', express.text({ type: '*/*' }), ${sortBody}); app.post('/r', express.raw({ type: '*/*' }), ${sortBody}); ${onError}`,
    requests: [
      { method: 'POST', path: '/t', headers: { 'content-type': 'text/plain' }, body: 'häß' },
      { method: 'POST', path: '/t', headers: { 'content-type': 'text/plain; charset=latin1' }, body: Buffer.from([0xe4]) },
      { method: 'POST', path: '/t', headers: { 'content-type': 'text/plain; charset=nonsense' }, body: 'x' },
      { method: 'POST', path: '/r', headers: { 'content-type': 'application/octet-stream' }, body: Buffer.from([0, 255, 128]) },
    ],
  },
  {
    name: 'two parsers in a row',
    setup: `app.use(express.json(), express.json(), express.urlencoded({ extended: true })); app.post('/b', ${sortBody}); ${onError}`,
    requests: [
      postJson('/b', { a: 1 }),
      { method: 'POST', path: '/b', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=1' },
    ],
  },
  {
    name: 'a compressed body is refused by a parser that may not inflate',
    setup: `app.use(express.json({ inflate: false })); app.post('/b', ${sortBody}); ${onError}`,
    requests: [
      {
        method: 'POST',
        path: '/b',
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        body: Buffer.from([31, 139]),
      },
    ],
  },
  {
    name: 'the request read by events',
    setup: `app.post('/e', (req, res) => { const parts = []; let ends = 0; req.on('data', (part) => parts.push(part)); req.on('end', () => { ends += 1; res.json([Buffer.concat(parts).toString(), ends, req.complete, req.readableEnded, req.readable]) }) })`,
    requests: [
      { method: 'POST', path: '/e', body: 'hello wörld' },
      { method: 'POST', path: '/e' },
    ],
  },
  {
    name: 'the request read with setEncoding, by for await, and by consumers',
    setup: `app.post('/s', (req, res) => { req.setEncoding('utf8'); let text = ''; req.on('data', (part) => { text += part }); req.on('end', () => res.send(text)) }); app.post('/a', async (req, res) => { const parts = []; for await (const part of req) parts.push(part); res.send(Buffer.concat(parts)) }); app.post('/c', async (req, res) => res.json(await require('stream/consumers').json(req)))`,
    requests: [
      { method: 'POST', path: '/s', body: 'häß€😀' },
      { method: 'POST', path: '/a', body: 'abc' },
      { method: 'POST', path: '/c', body: '{"a":1}' },
    ],
  },
  {
    name: 'the request paused, resumed, piped and transformed',
    setup: `const { Transform, pipeline, PassThrough } = require('stream'); app.post('/p', (req, res) => { req.pipe(new Transform({ transform(part, encoding, done) { done(null, part.toString().toUpperCase()) } })).pipe(res) }); app.post('/l', (req, res) => pipeline(req, new PassThrough(), res, (error) => { if (error) res.destroy(error) })); app.post('/r', (req, res) => { req.pause(); setTimeout(() => { let text = ''; req.on('data', (part) => { text += part }); req.on('end', () => res.send(text)); req.resume() }, 5) })`,
    requests: ['/p', '/l', '/r'].map((path) => ({ method: 'POST', path, body: 'some text' })),
  },
  {
    name: 'a stream piped into the response',
    setup: `const { Readable } = require('stream'); app.get('/p', (req, res) => { res.type('text'); Readable.from(['one ', 'two ', 'three']).pipe(res) }); app.get('/a', async (req, res) => { for await (const part of Readable.from(['a', 'b'])) res.write(part); res.end() })`,
    requests: get('/p', '/a'),
  },
];
