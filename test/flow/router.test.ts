// Everything Express's Router offers, asked over HTTP: the extension answers in its cell what it would answer in a plain Express host.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RequestOptions } from '../helpers/client.ts';
import { comparable, openPlainHost, type PlainHost } from '../helpers/plain-host.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

interface Case {
  readonly name: string;
  readonly path: string;
  readonly ask?: RequestOptions;
  readonly status?: number;
  readonly gives?: unknown;
}

/** Runs unchanged on Express 4 and 5. */
const common = `
const trail = (name) => (req, res, next) => { (req.trail ??= []).push(name); next(); };
export default (router, { nested } = {}) => {
  for (const verb of ['get', 'post', 'put', 'patch', 'delete', 'search', 'propfind', 'm-search'])
    router[verb]('/verb', (req, res) => res.json({ verb, method: req.method }));
  router.route('/route').get((req, res) => res.json('got')).post((req, res) => res.status(201).json('posted')).all((req, res) => res.status(405).json('not ' + req.method));
  router.all('/all', (req, res) => res.json(req.method));
  router.get('/chain', trail('a'), [trail('b'), trail('c')], (req, res) => res.json(req.trail));
  router.use('/used', trail('used'));
  router.get('/used/deep', trail('got'), (req, res) => res.json({ trail: req.trail, baseUrl: req.baseUrl, url: req.url }));
  router.param('id', (req, res, next, id) => { req.asked = (req.asked ?? 0) + 1; id === 'bad' ? next(Object.assign(new Error('no such id'), { status: 404 })) : next(); });
  router.get('/param/:id', (req, res, next) => next());
  router.get('/param/:id', (req, res) => res.json({ params: req.params, asked: req.asked }));
  router.get('/two/:a/of/:b', (req, res) => res.json(req.params));
  router.get('/skips', (req, res, next) => next('route'), (req, res) => res.json('not skipped'));
  router.get('/skips', (req, res) => res.json('skipped'));
  router.get('/throws', () => { throw Object.assign(new Error('thrown'), { status: 418 }); });
  router.get('/passes', (req, res, next) => next(Object.assign(new Error('passed'), { status: 409 })));
  router.get('/same-error', (req, res, next) => next(new Error('first')), (error, req, res, next) => next(new Error(error.message + ' then second')));
  router.get('/text-error', (req, res, next) => next('just text'));
  router.get('/handled', () => { throw new Error('handled'); }, (error, req, res, next) => res.status(422).json({ said: error.message }));
  router.post('/echo', (req, res) => res.json(req.body));
  router.get('/silent', (req, res, next) => next());
  router.get('/Case', (req, res) => res.json('case'));
  router.get('/slash/', (req, res) => res.json('slash'));
  router.get('/regexp', (req, res, next) => next());
  router.get(/^\\/re(g|x)exp$/, (req, res) => res.json({ by: 'regexp', 0: req.params[0] }));
  router.get(['/one', '/other'], (req, res) => res.json(req.path));
  router.get('/encoded/:text', (req, res) => res.json(req.params.text));
  router.use((error, req, res, next) => {
    if (req.path === '/handled-not') return next(error);
    res.status(error.status ?? 500).json({ error: error.message ?? error, trail: req.trail ?? null });
  });
};`;

const commonCases: readonly Case[] = [
  ...['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'SEARCH', 'PROPFIND', 'M-SEARCH'].map((method) => ({
    name: `${method} reaches its own handler`,
    path: '/verb',
    ask: { method },
    gives: { verb: method.toLowerCase(), method },
  })),
  { name: 'a verb without handler is the host’s own 404', path: '/verb', ask: { method: 'MKCOL' }, status: 404 },
  { name: 'route() has a handler for each verb', path: '/route', gives: 'got' },
  { name: 'route() has another for POST', path: '/route', ask: { method: 'POST' }, status: 201, gives: 'posted' },
  { name: 'route().all() takes what is left', path: '/route', ask: { method: 'PUT' }, status: 405, gives: 'not PUT' },
  { name: 'all() takes any verb', path: '/all', ask: { method: 'LOCK' }, gives: 'LOCK' },
  { name: 'a chain of middleware runs in order, lists unfolded', path: '/chain', gives: ['a', 'b', 'c'] },
  {
    name: 'use() at a path runs for what is below it and takes the path off',
    path: '/used/deep',
    gives: { trail: ['used', 'got'], baseUrl: '/x', url: '/used/deep' },
  },
  { name: 'param() runs once a request', path: '/param/7', gives: { params: { id: '7' }, asked: 1 } },
  { name: 'param() may refuse', path: '/param/bad', status: 404, gives: { error: 'no such id', trail: null } },
  { name: 'a path has several parameters', path: '/two/1/of/2', gives: { a: '1', b: '2' } },
  { name: 'a parameter is decoded', path: '/encoded/%C3%A4%20%2B', gives: 'ä +' },
  { name: 'next("route") leaves the chain', path: '/skips', gives: 'skipped' },
  { name: 'what a handler throws reaches the error middleware', path: '/throws', status: 418, gives: { error: 'thrown', trail: null } },
  { name: 'next(error) reaches the error middleware', path: '/passes', status: 409, gives: { error: 'passed', trail: null } },
  {
    name: 'error middleware may pass another error on',
    path: '/same-error',
    status: 500,
    gives: { error: 'first then second', trail: null },
  },
  { name: 'an error may be any value', path: '/text-error', status: 500, gives: { error: 'just text', trail: null } },
  { name: 'a route has error middleware of its own', path: '/handled', status: 422, gives: { said: 'handled' } },
  { name: 'a path matches without regard to case', path: '/cAsE', gives: 'case' },
  { name: 'a trailing slash does not matter', path: '/slash', gives: 'slash' },
  { name: 'a path may be a regular expression', path: '/rexexp', gives: { by: 'regexp', 0: 'x' } },
  { name: 'a path may be a list', path: '/other', gives: '/other' },
  {
    name: 'HEAD is answered by the GET handler, with its length and without its body',
    path: '/chain',
    ask: { method: 'HEAD' },
    gives: undefined,
  },
  { name: 'OPTIONS is answered with what there is', path: '/param/7', ask: { method: 'OPTIONS' } },
  { name: 'OPTIONS knows all verbs of a path', path: '/verb', ask: { method: 'OPTIONS' } },
  { name: 'a query does not change the route', path: '/chain?x=/verb', gives: ['a', 'b', 'c'] },
  {
    name: 'a body in JSON is parsed before any route',
    path: '/echo',
    ask: { method: 'POST', body: { a: [1, { b: 'ä' }] } },
    gives: { a: [1, { b: 'ä' }] },
  },
];

for (const major of [4, 5] as const) {
  describe(`an extension on Express ${major} answers as in a plain host`, () => {
    let runtime: TestRuntime;
    let plain: PlainHost;
    before(async () => {
      runtime = await openTestRuntime({ extensions: { x: extension(common, { express: major }) } });
      plain = await openPlainHost(common, '/x', major);
    });
    after(async () => {
      plain.close();
      await runtime.close();
    });
    for (const { name, path, ask = {}, status = 200, gives } of commonCases) {
      test(name, async () => {
        const reply = await runtime.request(`/x${path}`, ask);
        assert.equal(reply.status, status, reply.text);
        if (gives !== undefined) assert.deepEqual(reply.json(), gives);
        // The 404 page is each host's own.
        if (status !== 404 || gives !== undefined)
          assert.deepEqual(comparable(reply, ask.method), comparable(await plain.request(`/x${path}`, ask), ask.method));
      });
    }
  });
}
