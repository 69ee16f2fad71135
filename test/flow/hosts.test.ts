// The runtime inside other people's hosts: Express 4, Express 5, a bare server, below a path, after their own middleware.
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { fastify } from 'fastify';
import type { Runtime } from '../../src/runtime.ts';
import { loadExpress } from '../helpers/plain-host.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const source = `
import express from 'express';
export default (router) => {
  router.get('/where', (req, res) => res.json({ baseUrl: req.baseUrl, originalUrl: req.originalUrl, url: req.url, path: req.path }));
  router.get('/who', (req, res) => res.json({ ip: req.ip, ips: req.ips, protocol: req.protocol, secure: req.secure, hostname: req.hostname }));
  router.get('/cookies', (req, res) => res.cookie('a', '1').cookie('b', '2').json(1));
  router.get('/away', (req, res) => res.redirect(req.baseUrl + '/where'));
  router.post('/body', (req, res) => res.json({ body: req.body ?? null, raw: req.rawBody?.toString('hex') ?? null }));
  router.post('/stream', async (req, res) => { const parts = []; for await (const part of req) parts.push(part); res.json(Buffer.concat(parts).toString('hex')); });
  router.get('/passes', (req, res, next) => next());
  router.get('/fails', () => { throw new Error('inside'); });
  router.get('/powered', (req, res) => res.set('X-Host', 'mine').json(1));
  router.get('/open', (req, res) => res.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true', 'X-Frame-Options': 'ALLOWALL', 'Referrer-Policy': 'unsafe-url', 'Cross-Origin-Opener-Policy': 'unsafe-none' }).json(1));
};`;

/** Everything an embedder does around the runtime, at once; each path begins with what it shows. */
const makeHost =
  (major: 4 | 5) =>
  (runtime: Runtime): RequestListener => {
    const express = loadExpress(major);
    const app = express();
    const handler = runtime.handler();
    app.use((_request, response, next) => {
      response.set('X-Host', 'host').cookie('host', '1');
      next();
    });
    app.use('/closed', (_request, response, next) => {
      response.set({ 'Access-Control-Allow-Origin': 'https://host.example', 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'no-referrer' });
      next();
    });
    app.use('/closed', handler);
    app.use('/ext', handler);
    app.use('/parsed', express.json(), express.urlencoded({ extended: true }), express.text(), express.raw(), handler);
    app.use('/verified', express.json({ verify: (request, _response, bytes) => Object.assign(request, { rawBody: bytes }) }), handler);
    const nested = express.Router();
    nested.use('/deep', handler);
    app.use('/nested', nested);
    const trusting = express();
    trusting.set('trust proxy', 'loopback');
    trusting.use(handler);
    app.use('/trusting', trusting);
    app.use(handler);
    app.get('/five/passes', (_request, response) => void response.json('the host’s own route'));
    app.get('/own', (_request, response) => void response.json('own'));
    app.use((request, response) => void response.status(404).json({ host: request.originalUrl }));
    return app;
  };

for (const major of [4, 5] as const) {
  describe(`in an Express ${major} host`, () => {
    let runtime: TestRuntime;
    before(async () => {
      runtime = await openTestRuntime({ extensions: { five: extension(source) }, listen: makeHost(major) });
      assert.deepEqual(runtime.runtime.refused(), []);
    });
    after(() => runtime.close());

    for (const [mount, name] of [
      ['', 'at the root'],
      ['/ext', 'below a path'],
      ['/nested/deep', 'below a nested router'],
      ['/trusting', 'in an application of its own'],
    ] as const) {
      test(`${name}, the extension knows where it is`, async () => {
        const at = `${mount}/five`;
        assert.deepEqual((await runtime.get(`${at}/where?x=1`)).json(), {
          baseUrl: at,
          originalUrl: `${at}/where?x=1`,
          url: '/where?x=1',
          path: '/where',
        });
        assert.equal((await runtime.get(`${at}/away`)).headers.location, `${at}/where`);
      });
      test(`${name}, cookies are held below the extension’s own path, beside the host’s`, async () => {
        assert.deepEqual(
          (await runtime.get(`${mount}/five/cookies`)).headers['set-cookie']?.toSorted(),
          [`a=1; Path=${mount}/five`, `b=2; Path=${mount}/five`, 'host=1; Path=/'].toSorted(),
        );
      });
      test(`${name}, health is answered`, async () => {
        const reply = await runtime.get(`${mount}/_cloister/health`);
        assert.equal((reply.json() as { readonly status: string }).status, 'ok');
      });
    }
    test('what the router passes on reaches the host’s next handler', async () =>
      assert.equal((await runtime.get('/five/passes')).json(), 'the host’s own route'));
    test('what the router does not have reaches the host’s 404', async () => {
      const reply = await runtime.get('/five/none');
      assert.deepEqual([reply.status, reply.json()], [404, { host: '/five/none' }]);
    });
    test('an unknown extension reaches the host', async () => {
      assert.equal((await runtime.get('/own')).json(), 'own');
      assert.deepEqual((await runtime.get('/nobody/x')).json(), { host: '/nobody/x' });
    });
    test('an error of the extension is answered here, and does not reach the host’s error handler', async () => {
      assert.equal((await runtime.get('/five/fails')).code, 'ERR_GUEST_FAILED');
    });
    test('headers of the host stay unless the extension sets the same', async () => {
      assert.equal((await runtime.get('/five/where')).headers['x-host'], 'host');
      assert.equal((await runtime.get('/five/powered')).headers['x-host'], 'mine');
    });
    test('what the host told browsers stands, and where it said nothing the extension may', async () => {
      const { headers, rawHeaders } = await runtime.get('/closed/five/open');
      const names = ['access-control-allow-origin', 'x-frame-options', 'referrer-policy', 'cross-origin-opener-policy'];
      assert.deepEqual(
        names.map((name) => headers[name]),
        ['https://host.example', 'DENY', 'no-referrer', 'unsafe-none'],
      );
      assert.equal(rawHeaders.filter((name) => name.toLowerCase() === 'access-control-allow-origin').length, 1);
      assert.equal((await runtime.get('/five/open')).headers['access-control-allow-origin'], '*');
    });
    test('ip, ips and protocol follow the host’s trust in its proxy', async () => {
      const headers = { 'x-forwarded-for': '8.8.8.8, 127.0.0.1', 'x-forwarded-proto': 'https' };
      assert.deepEqual((await runtime.get('/trusting/five/who', headers)).json(), {
        ip: '8.8.8.8',
        ips: ['8.8.8.8', '127.0.0.1'],
        protocol: 'https',
        secure: true,
        hostname: '127.0.0.1',
      });
      const plain = (await runtime.get('/five/who', headers)).json() as { readonly ips: unknown; readonly protocol: unknown };
      assert.deepEqual([plain.ips, plain.protocol], [[], 'http']);
    });

    const hex = (text: string): string => Buffer.from(text).toString('hex');
    const parsed = [
      { name: 'JSON', type: 'application/json', sent: '{"a":[1,"ä"]}', body: { a: [1, 'ä'] } },
      { name: 'a form', type: 'application/x-www-form-urlencoded', sent: 'a=1&b=%C3%A4+x', body: { a: '1', b: 'ä x' } },
      {
        name: 'a nested form',
        type: 'application/x-www-form-urlencoded',
        sent: 'a[b]=1&a[c][]=2&a[c][]=3',
        body: { a: { b: '1', c: ['2', '3'] } },
      },
    ] as const;
    for (const { name, type, sent, body } of parsed) {
      test(`${name} that the host has parsed already arrives as the same body`, async () => {
        const reply = (await runtime.post('/parsed/five/body', sent, { 'content-type': type })).json() as { readonly body: unknown };
        // Express 5 has no brackets in forms unless its host says so; the extension's own parser decides there.
        assert.deepEqual(reply.body, body);
        assert.deepEqual(
          ((await runtime.post('/five/body', sent, { 'content-type': type })).json() as { readonly body: unknown }).body,
          body,
        );
      });
    }
    test('text and bytes that the host has read already arrive', async () => {
      assert.equal((await runtime.post('/parsed/five/stream', 'grüße', { 'content-type': 'text/plain' })).json(), hex('grüße'));
      const bytes = Buffer.from([0, 255, 1]);
      assert.equal((await runtime.post('/parsed/five/stream', bytes, { 'content-type': 'application/octet-stream' })).json(), '00ff01');
    });
    test('rawBody that the host kept is the one that arrives', async () => {
      const sent = '{ "a" :  1 }';
      assert.deepEqual((await runtime.post('/verified/five/body', sent, { 'content-type': 'application/json' })).json(), {
        body: { a: 1 },
        raw: hex(sent),
      });
    });
    test('a body that the host found malformed is the host’s to answer', async () => {
      assert.equal((await runtime.post('/parsed/five/body', '{', { 'content-type': 'application/json' })).status, 400);
      assert.equal((await runtime.get('/five/where')).status, 200);
    });
    test('an empty body that the host looked at is no body', async () => {
      assert.deepEqual((await runtime.post('/parsed/five/body', '', { 'content-type': 'application/json' })).json(), {
        body: null,
        raw: null,
      });
    });
    test('HEAD and OPTIONS work through the host', async () => {
      const head = await runtime.request('/ext/five/where', { method: 'HEAD' });
      assert.deepEqual([head.status, head.text, Number(head.headers['content-length']) > 0], [200, '', true]);
      assert.match(String((await runtime.request('/ext/five/where', { method: 'OPTIONS' })).headers.allow), /GET/);
    });
  });
}

describe('in a bare server', () => {
  let runtime: TestRuntime;
  before(async () => {
    runtime = await openTestRuntime({ extensions: { five: extension(source) } });
  });
  after(() => runtime.close());
  test('the extension is at the root', async () => {
    assert.deepEqual((await runtime.get('/five/where')).json(), {
      baseUrl: '/five',
      originalUrl: '/five/where',
      url: '/where',
      path: '/where',
    });
  });
  test('what nobody answers is 404 as JSON', async () => {
    for (const path of ['/five/none', '/five/passes', '/nobody', '/']) {
      const reply = await runtime.get(path);
      assert.deepEqual(
        [reply.status, reply.code, reply.headers['content-type']],
        [404, 'ERR_ROUTE_NOT_FOUND', 'application/json; charset=utf-8'],
      );
    }
  });
});

describe('in a Fastify host', () => {
  let runtime: TestRuntime;
  let listener: RequestListener = (_request, response) => void response.destroy();
  const app = fastify({
    serverFactory: (own) => {
      const server = createServer();
      listener = own;
      return server;
    },
  });
  before(async () => {
    app.post('/own', (request) => ({ own: request.body }));
    await app.ready();
    runtime = await openTestRuntime({
      extensions: { five: extension(source) },
      listen: (created) => {
        const handler = created.handler();
        return (request, response) => handler(request, response, () => listener(request, response));
      },
    });
  });
  after(async () => {
    await runtime?.close();
    await app.close();
  });

  test('the extension gets bodies whole, and what it passes on and what is not its own is Fastify’s', async () => {
    assert.deepEqual((await runtime.post('/five/body', { a: 1 })).json(), { body: { a: 1 }, raw: Buffer.from('{"a":1}').toString('hex') });
    assert.deepEqual((await runtime.post('/own', { b: 2 })).json(), { own: { b: 2 } });
    assert.equal((await runtime.get('/five/passes')).status, 404);
    assert.equal(((await runtime.get('/nowhere')).json() as { readonly error: string }).error, 'Not Found');
  });
});
