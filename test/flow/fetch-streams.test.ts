// Bodies that are streamed: from an upstream through an extension to the client and the other way, in constant memory, ended with whoever goes. Real wards, real servers.
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const source = `
import http from 'node:http';
import { Readable, PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
const block = new Uint8Array(65536).fill(120);
const blocks = (count) => { let n = 0; return new ReadableStream({ pull(c) { n += 1; if (n > count) c.close(); else c.enqueue(block); } }); };
export default (router, { env }) => {
  const { ORIGIN: origin } = env;
  const tell = (res, run) => run().then((value) => res.json({ value }), (error) => res.json({ error: error.cause?.code ?? error.code ?? error.name, message: error.cause?.message ?? error.message }));
  const post = (path, body, more) => fetch(origin + path, { method: 'POST', body, duplex: 'half', ...more });
  router.get('/pass', async (req, res) => { const up = await fetch(origin + req.query.path); res.set('content-type', 'text/event-stream'); Readable.fromWeb(up.body).pipe(res); });
  router.get('/to-web', async (req, res) => { const { Writable } = await import('node:stream'); const up = await fetch(origin + req.query.path); await up.body.pipeTo(Writable.toWeb(res)); });
  router.get('/node', (req, res) => http.get(origin + req.query.path, (up) => pipeline(up, res).catch(() => {})));
  router.get('/count', (req, res) => tell(res, async () => { let n = 0; for await (const piece of (await fetch(origin + req.query.path)).body) n += piece.length; return n; }));
  router.get('/upload', (req, res) => tell(res, async () => (await post('/sink', blocks(Number(req.query.blocks)))).json()));
  router.get('/node-upload', (req, res) => tell(res, () => new Promise((resolve, reject) => { const up = http.request(origin + '/sink', { method: 'POST', headers: { 'content-length': 65536 * Number(req.query.blocks) } }, (answer) => { let text = ''; answer.on('data', (piece) => { text += piece; }).on('end', () => resolve(JSON.parse(text))); }); up.on('error', reject); Readable.fromWeb(blocks(Number(req.query.blocks))).pipe(up); })));
  router.get('/relay', (req, res) => tell(res, async () => (await post('/sink', (await fetch(origin + req.query.path)).body)).json()));
  router.get('/redirected', (req, res) => tell(res, async () => { const up = await post('/to?status=' + req.query.status, blocks(4)); return [up.status, up.url.replace(origin, ''), (await up.json()).method]; }));
  router.get('/unread', (req, res) => tell(res, async () => { const up = await fetch(origin + '/endless'); const reader = up.body.getReader(); await reader.read(); await new Promise((done) => setTimeout(done, Number(req.query.ms))); return 'waited'; }));
  router.get('/aborted', (req, res) => tell(res, async () => { const c = new AbortController(); const up = await fetch(origin + '/endless?id=aborted', { signal: c.signal }); const reader = up.body.getReader(); await reader.read(); c.abort(new RangeError('enough')); const seen = []; try { for (;;) { const { done } = await reader.read(); if (done) break; } } catch (error) { seen.push(error.name); } return seen; }));
  router.get('/cancelled', (req, res) => tell(res, async () => { const up = await fetch(origin + '/endless?id=cancelled'); const reader = up.body.getReader(); await reader.read(); await reader.cancel(); return 'cancelled'; }));
  router.get('/failing', (req, res) => tell(res, async () => post('/sink', new ReadableStream({ pull(c) { c.error(new RangeError('mine')); } }))));
  router.get('/left', async (req, res) => { await fetch(origin + '/endless?id=left'); res.json('left'); });
  router.get('/whisper', (req, res) => tell(res, async () => (await fetch(origin + '/echo-in-two', { headers: { authorization: env.TOKEN } })).text()));
};`;

const secret = 'sk_canary_of_the_host_0123456789';
const seen = { written: 0, closed: new Set<string>(), received: 0 };
let server: http.Server;
let runtime: TestRuntime;

const endless = (response: http.ServerResponse, id: string): void => {
  const block = Buffer.alloc(65_536, 120);
  response.on('close', () => seen.closed.add(id));
  const more = (): void => {
    while (!response.destroyed && response.write(block)) seen.written += block.length;
    seen.written += block.length;
  };
  response.on('drain', more);
  more();
};

const answer = (request: http.IncomingMessage, response: http.ServerResponse): void => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
  const count = Number(searchParams.get('bytes') ?? 0);
  if (pathname === '/bytes') {
    let left = count;
    const more = (): void => {
      while (left > 0) {
        const size = Math.min(left, 65_536);
        left -= size;
        if (!response.write(Buffer.alloc(size, 97))) return;
      }
      response.end();
    };
    response.on('drain', more);
    return more();
  }
  if (pathname === '/endless') return endless(response, searchParams.get('id') ?? '');
  if (pathname === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n');
    return void request.socket.once('close', () => seen.closed.add('events'));
  }
  if (pathname === '/echo-in-two') {
    const [first, second] = [secret.slice(0, 11), secret.slice(11)];
    response.write(`a ${first}`);
    return void setTimeout(() => response.end(`${second} b`), 60);
  }
  let bytes = 0;
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
    seen.received += piece.length;
  });
  request.on('end', () => {
    const status = Number(searchParams.get('status') ?? 200);
    if (status >= 300) response.writeHead(status, { location: '/sink' }).end();
    else response.end(JSON.stringify({ bytes, method: request.method, length: request.headers['content-length'] ?? null }));
  });
};

before(async () => {
  server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const grant = (cap: number) => ({
    env: { keys: ['ORIGIN', 'TOKEN'] },
    fetch: {
      origins: { [origin]: true },
      maxResponseBytes: cap,
      maxRequestBytes: cap,
      callsPerRequest: 1_000,
      secrets: { TOKEN: { origin, header: 'authorization' } },
    },
  });
  const limits = { memoryMb: 32, cpuMs: 30_000, wallMs: 60_000, bodyOutBytes: 200_000_000 };
  runtime = await openTestRuntime({
    extensions: {
      large: extension(source, { capabilities: grant(200_000_000), limits }),
      small: extension(source, { capabilities: grant(1_000_000), limits }),
    },
    options: { egress: { internalOrigins: [origin] }, env: { ORIGIN: origin }, secrets: { TOKEN: secret } },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  server.closeAllConnections();
  server.close();
});

const get = async (path: string): Promise<unknown> => (await runtime.get(path)).json();
const until = async (holds: () => boolean): Promise<void> => {
  for (let tries = 0; !holds(); tries += 1) {
    assert.ok(tries < 400, 'it did not happen in time');
    await sleep(25);
  }
};
type End = Extract<LedgerEntry, { readonly kind: 'call.end' }>;
const lastEnd = (): End | undefined => runtime.entries('call.end').at(-1);
const megabytes = 50;
const bytes = megabytes * 1_048_576;
const blocks = megabytes * 16;

describe('an answer that is streamed', () => {
  for (const way of ['pass', 'to-web', 'node'])
    test(`events reach the client one by one: ${way}`, async () => {
      seen.closed.delete('events');
      const open = await runtime.open(`/large/${way}?path=/events`);
      await open.until('data: one');
      open.hangUp();
      // The client is gone, so is its lease, and so is what it asked for.
      await until(() => seen.closed.has('events'));
    });
  test(`${megabytes} MB go through a cell of 32 MB to the client`, async () => {
    const reply = await runtime.get(`/large/pass?path=${encodeURIComponent(`/bytes?bytes=${bytes}`)}`);
    assert.deepEqual([reply.status, reply.bytes.length], [200, bytes]);
    await until(() => lastEnd()?.received === bytes);
    assert.equal(lastEnd()?.outcome, 'ok');
  });
  test('and through node:http', async () => {
    assert.equal((await runtime.get(`/large/node?path=${encodeURIComponent(`/bytes?bytes=${bytes}`)}`)).bytes.length, bytes);
  });
  test('a server is not read further than the extension reads', async () => {
    seen.written = 0;
    assert.deepEqual(await get('/large/unread?ms=400'), { value: 'waited' });
    assert.ok(seen.written < 24_000_000, `${seen.written} bytes`);
  });
  test('a signal ends it, and the server hears of it', async () => {
    assert.deepEqual(await get('/large/aborted'), { value: ['RangeError'] });
    await until(() => seen.closed.has('aborted'));
  });
  test('so does cancel()', async () => {
    assert.deepEqual(await get('/large/cancelled'), { value: 'cancelled' });
    await until(() => seen.closed.has('cancelled'));
    await until(() => lastEnd()?.outcome === 'cancelled');
  });
  test('so does the end of the request that asked', async () => {
    assert.deepEqual(await get('/large/left'), 'left');
    await until(() => seen.closed.has('left'));
    await until(() => lastEnd()?.outcome === 'ERR_LEASE_OVER');
  });
  test('over maxResponseBytes it fails where it is read', async () => {
    assert.equal(((await get('/small/count?path=/endless')) as { readonly error: string }).error, 'ERR_EGRESS_FAILED');
    assert.deepEqual(await get(`/small/count?path=${encodeURIComponent('/bytes?bytes=900000')}`), { value: 900_000 });
  });
  test('a secret in it is masked, though it comes in two pieces', async () => {
    const { value } = (await get('/large/whisper')) as { readonly value: string };
    assert.match(value, /^a cloister_token_[0-9a-f]+ b$/);
  });
});

describe('a request whose body is streamed', () => {
  test(`${megabytes} MB leave a cell of 32 MB`, async () => {
    assert.deepEqual(await get(`/large/upload?blocks=${blocks}`), { value: { bytes, method: 'POST', length: null } });
    await until(() => lastEnd()?.sent === bytes);
  });
  test('and through node:http, with the length it said', async () => {
    assert.deepEqual(await get(`/large/node-upload?blocks=${blocks}`), { value: { bytes, method: 'POST', length: String(bytes) } });
  });
  test('an answer is passed on as a request', async () => {
    const { value } = (await get(`/large/relay?path=${encodeURIComponent('/bytes?bytes=5000000')}`)) as { readonly value: object };
    assert.deepEqual(value, { bytes: 5_000_000, method: 'POST', length: null });
  });
  test('over maxRequestBytes it is refused', async () => {
    assert.equal(((await get('/small/upload?blocks=100')) as { readonly error: string }).error, 'ERR_ARGUMENT_INVALID');
  });
  test('303 goes on without it, 307 cannot', async () => {
    assert.deepEqual(await get('/large/redirected?status=303'), { value: [200, '/sink', 'GET'] });
    assert.equal(((await get('/large/redirected?status=307')) as { readonly error: string }).error, 'ERR_EGRESS_FAILED');
  });
  test('where its stream fails, so does the request', async () => {
    assert.deepEqual(await get('/large/failing'), { error: 'TypeError', message: 'mine' });
  });
});
