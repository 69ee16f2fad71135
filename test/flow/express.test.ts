// Which Express an extension gets and how it gets at it: by package kind, by manifest, by import. Rejections, nesting, falling through.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { directusExtension, extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

/** Answers with what only its own version does. */
const telling = `
export default (router) => {
  router.get('/query', (req, res) => res.json({ query: req.query, writable: (() => { try { req.query = { mine: '1' }; } catch { return 'throws'; } return req.query.mine ?? null; })() }));
  router.post('/body', (req, res) => res.json({ type: typeof req.body }));
  let star = null;
  try { router.get('/star/*', (req, res) => res.json({ by: '*', params: req.params })); star = 'allowed'; } catch { star = 'refused'; }
  try { router.get('/named/*rest', (req, res) => res.json({ by: '*rest', params: req.params })); } catch {}
  router.get('/star', (req, res) => res.json(star));
  router.get('/params/:a', (req, res) => res.json({ bare: Object.getPrototypeOf(req.params) === null }));
  router.get('/del', (req, res) => res.json(typeof req.param));
};`;

const imports = `
import express, { Router } from 'express';
import { readFileSync } from 'node:fs';
export default (router) => {
  const inner = Router({ mergeParams: true });
  inner.get('/', (req, res) => res.json({ params: req.params, baseUrl: req.baseUrl, originalUrl: req.originalUrl, url: req.url }));
  const deeper = express.Router();
  deeper.get('/leaf', (req, res) => res.json({ baseUrl: req.baseUrl, originalUrl: req.originalUrl, url: req.url, path: req.path }));
  inner.use('/deeper', deeper);
  router.use('/inner/:id', inner);
  router.post('/text', express.text({ type: '*/*' }), (req, res) => res.json({ text: req.body }));
  router.post('/raw', express.raw({ type: '*/*' }), (req, res) => res.send(req.body));
  const app = express();
  app.get('/hello', (req, res) => res.json({ app: true, baseUrl: req.baseUrl }));
  router.use('/app', app);
  router.get('/file', (req, res) => { readFileSync('/etc/passwd'); });
};`;

const commonJs = {
  'package.json': JSON.stringify({ version: '1.0.0', cloister: {}, main: 'index.cjs' }),
  'index.cjs': `
    const express = require('express');
    const { Router } = require('express');
    module.exports = (router) => {
      const inner = Router();
      inner.get('/leaf', (req, res) => res.json({ same: express.Router === Router, baseUrl: req.baseUrl }));
      router.use('/inner', inner);
    };`,
};

const failing = `
export default (router) => {
  router.get('/rejects', async () => { await null; throw Object.assign(new Error('after an await'), { status: 418 }); });
  router.get('/rejects-plainly', async () => { throw new Error('the word swordfish must stay inside'); });
  router.get('/rejects-with-nothing', () => Promise.reject());
  router.get('/middleware', async (req, res, next) => { await null; throw new Error('in middleware'); }, (req, res) => res.json('not here'));
  router.get('/after-answer', async (req, res) => { res.json('answered'); await null; throw new Error('too late'); });
  router.get('/after-head', (req, res, next) => { res.write('half'); setTimeout(() => next(new Error('half way')), 5); });
  router.get('/unhandled', (req, res) => { Promise.reject(new Error('nobody waits for it')); setTimeout(() => res.json('answered all the same'), 10); });
  router.get('/directus', () => { throw Object.assign(new Error('You may not.'), { name: 'DirectusError', code: 'FORBIDDEN', status: 403, extensions: { collection: 'articles' } }); });
  const createError = (code, message, status) => class extends Error { name = 'DirectusError'; code = code; status = status; constructor(extensions) { super(message(extensions)); this.extensions = extensions; } toString() { return this.name + ' [' + this.code + ']: ' + this.message; } };
  const RecordNotUnique = createError('RECORD_NOT_UNIQUE', ({ field }) => 'The value of ' + field + ' is taken.', 400);
  router.get('/directus/own-class', async () => { await null; throw new RecordNotUnique({ collection: 'articles', field: 'slug' }); });
  router.get('/directus/list', (req, res, next) => next([new RecordNotUnique({ field: 'slug' }), new RecordNotUnique({ field: 'id' })]));
  router.get('/directus/no-list', (req, res, next) => next([{ secret: 'canary' }]));
  router.get('/directus/status', () => { throw Object.assign(new RecordNotUnique({}), { status: 200 }); });
  router.get('/client-error', () => { throw Object.assign(new Error('Say which.'), { status: 422 }); });
  router.get('/getter', () => { throw { get message() { throw new Error('no'); }, get stack() { throw new Error('no'); }, status: 400 }; });
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    options: { limits: { cpuMs: 2_000, wallMs: 30_000, registerMs: 20_000 } },
    extensions: {
      four: directusExtension(telling),
      five: extension(telling),
      'four-asked': extension(telling, { express: 4 }),
      'five-asked': directusExtension(telling, { express: 5 }),
      imports: extension(imports),
      'imports-four': directusExtension(imports),
      commonjs: commonJs,
      failing: extension(failing),
      'failing-four': directusExtension(failing),
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

interface Difference {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
  readonly four: unknown;
  readonly five: unknown;
}

const differences: readonly Difference[] = [
  {
    name: 'brackets in a query nest in 4, as in a Directus host, and not in 5',
    path: '/query?a[b]=1&a[c][]=2',
    four: { query: { a: { b: '1', c: ['2'] } }, writable: '1' },
    five: { query: { 'a[b]': '1', 'a[c][]': '2' }, writable: 'throws' },
  },
  {
    name: 'req.body is an empty object in 4 and undefined in 5 where nothing was parsed',
    path: '/body',
    method: 'POST',
    four: { type: 'object' },
    five: { type: 'undefined' },
  },
  { name: 'a bare * is a path in 4 and refused in 5', path: '/star', four: 'allowed', five: 'refused' },
  { name: 'a * in a path gives params[0] in 4', path: '/star/x/y', four: { by: '*', params: { 0: 'x/y' } }, five: 404 },
  { name: '*rest gives a list in 5', path: '/named/x/y', four: 404, five: { by: '*rest', params: { rest: ['x', 'y'] } } },
  { name: 'req.params is an ordinary object in 4 and a bare one in 5', path: '/params/1', four: { bare: false }, five: { bare: true } },
  { name: 'req.param() is there in 4 only', path: '/del', four: 'function', five: 'undefined' },
];

describe('a package with a directus:extension key gets Express 4, others 5, and a manifest may say otherwise', () => {
  for (const { name, path, method = 'GET', four, five } of differences) {
    test(name, async () => {
      for (const [id, wanted] of [
        ['four', four],
        ['four-asked', four],
        ['five', five],
        ['five-asked', five],
      ] as const) {
        const reply = await runtime.request(`/${id}${path}`, { method });
        if (typeof wanted === 'number') assert.equal(reply.status, wanted, id);
        else assert.deepEqual(reply.json(), wanted, id);
      }
    });
  }
});

describe('an extension may import express', () => {
  for (const id of ['imports', 'imports-four']) {
    test(`${id}: a router with mergeParams knows the parameters above it`, async () => {
      assert.deepEqual((await runtime.get(`/${id}/inner/7?x=1`)).json(), {
        params: { id: '7' },
        baseUrl: `/${id}/inner/7`,
        originalUrl: `/${id}/inner/7?x=1`,
        url: '/?x=1',
      });
    });
    test(`${id}: routers nest, and each sees its own part of the path`, async () => {
      assert.deepEqual((await runtime.get(`/${id}/inner/7/deeper/leaf?x=1`)).json(), {
        baseUrl: `/${id}/inner/7/deeper`,
        originalUrl: `/${id}/inner/7/deeper/leaf?x=1`,
        url: '/leaf?x=1',
        path: '/leaf',
      });
    });
    test(`${id}: an application of its own can be mounted`, async () => {
      assert.deepEqual((await runtime.get(`/${id}/app/hello`)).json(), { app: true, baseUrl: `/${id}/app` });
    });
    test(`${id}: express.text reads the body`, async () => {
      assert.deepEqual((await runtime.post(`/${id}/text`, 'grüße', { 'content-type': 'text/plain' })).json(), { text: 'grüße' });
    });
    test(`${id}: express.raw reads the body`, async () => {
      const sent = Buffer.from([0, 255, 128, 10]);
      assert.deepEqual((await runtime.post(`/${id}/raw`, sent, { 'content-type': 'application/octet-stream' })).bytes, sent);
    });
    test(`${id}: the file system is not there`, async () => assert.equal((await runtime.get(`/${id}/file`)).status, 500));
  }
  test('by require in CommonJS', async () =>
    assert.deepEqual((await runtime.get('/commonjs/inner/leaf')).json(), { same: true, baseUrl: '/commonjs/inner' }));
});

describe('what nobody in the extension handles', () => {
  for (const id of ['failing', 'failing-four']) {
    const cases = [
      { name: 'a rejected promise is the error of its request', path: '/rejects', status: 418, message: 'after an await' },
      {
        name: 'a server error keeps its message from the client',
        path: '/rejects-plainly',
        status: 500,
        message: 'The extension failed to answer this request.',
      },
      {
        name: 'a rejection without a reason is an error too',
        path: '/rejects-with-nothing',
        status: 500,
        message: 'The extension failed to answer this request.',
      },
      {
        name: 'a rejection in middleware stops the chain',
        path: '/middleware',
        status: 500,
        message: 'The extension failed to answer this request.',
      },
      { name: 'a client error may say what is wrong', path: '/client-error', status: 422, message: 'Say which.' },
      { name: 'a thrown object whose getters throw is an error like others', path: '/getter', status: 400, message: '' },
    ] as const;
    for (const { name, path, status, message } of cases) {
      test(`${id}: ${name}`, async () => {
        const { reply, end } = await runtime.measure(`/${id}${path}`);
        assert.equal(reply.status, status);
        assert.deepEqual(reply.json(), { errors: [{ message, extensions: { code: 'ERR_GUEST_FAILED' } }] });
        assert.equal(end.outcome, 'ERR_GUEST_FAILED');
      });
    }
    test(`${id}: a DirectusError keeps status, code and extensions`, async () => {
      const reply = await runtime.get(`/${id}/directus`);
      assert.equal(reply.status, 403);
      assert.deepEqual(reply.json(), { errors: [{ message: 'You may not.', extensions: { collection: 'articles', code: 'FORBIDDEN' } }] });
    });
    const inShape: readonly (readonly [string, string, number, object])[] = [
      [
        'of the extension’s own class',
        'own-class',
        400,
        { message: 'The value of slug is taken.', extensions: { collection: 'articles', field: 'slug', code: 'RECORD_NOT_UNIQUE' } },
      ],
      [
        'first in a list',
        'list',
        400,
        { message: 'The value of slug is taken.', extensions: { field: 'slug', code: 'RECORD_NOT_UNIQUE' } },
      ],
      [
        'with a status that is no error’s',
        'status',
        500,
        { message: 'The value of undefined is taken.', extensions: { code: 'RECORD_NOT_UNIQUE' } },
      ],
      [
        'that is none',
        'no-list',
        500,
        { message: 'The extension failed to answer this request.', extensions: { code: 'ERR_GUEST_FAILED' } },
      ],
    ];
    for (const [name, path, status, error] of inShape) {
      test(`${id}: a DirectusError ${name} is rendered as Directus does`, async () => {
        const reply = await runtime.get(`/${id}/directus/${path}`);
        assert.deepEqual([reply.status, reply.json()], [status, { errors: [error] }]);
      });
    }
    test(`${id}: an error after the answer changes nothing`, async () =>
      assert.equal((await runtime.get(`/${id}/after-answer`)).json(), 'answered'));
    test(`${id}: a promise nobody waits for does not end the request`, async () => {
      assert.equal((await runtime.get(`/${id}/unhandled`)).json(), 'answered all the same');
    });
    test(`${id}: an error after the head breaks the connection off`, async () => {
      const reply = await runtime.open(`/${id}/after-head`);
      assert.equal(reply.status, 200);
      assert.equal(await reply.ended, false);
    });
  }
  test('the stack goes to the host’s log and never to the client', async () => {
    const { reply, end } = await runtime.measure('/failing/rejects-plainly');
    assert.ok(!reply.text.includes('swordfish'));
    const line = runtime.logs.findLast((one) => JSON.stringify(one).includes('swordfish'));
    assert.equal(line?.['extension'], 'failing');
    assert.equal(line?.['tenant'], 'default');
    assert.equal(line?.['request'], end.request);
  });
});

describe('what no extension answers', () => {
  const cases = [
    ['an unknown extension', '/nobody', 404],
    ['a path its router does not have', '/five/none', 404],
    ['the root', '/', 404],
    ['an empty first segment', '//five/query', 404],
    ['another spelling of an id', '/FIVE/query', 404],
  ] as const;
  for (const [name, path, status] of cases) {
    test(`${name} is the host’s 404 as JSON`, async () => {
      const reply = await runtime.get(path);
      assert.equal(reply.status, status);
      assert.equal(reply.code, 'ERR_ROUTE_NOT_FOUND');
    });
  }
  test('what was passed on is on the ledger as such', async () => {
    assert.equal((await runtime.measure('/five/none')).end.outcome, 'passed on');
  });
  for (const path of ['/five/../four/query', '/five/%2e%2e/four', '/five/.%2E/x', '/five/a\\b', '/five/%00', '/five/%zz', '/five/%5Cx']) {
    test(`a path that can be read in two ways reaches no extension: ${path}`, async () => {
      const head = await runtime.raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      assert.match(head, /^HTTP\/1\.1 400 /);
      assert.match(head, /ERR_REQUEST_INVALID/);
    });
  }
});
