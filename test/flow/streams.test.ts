// Bytes that flow: up, down, both at once, slowly, without end, and what happens when the client goes away.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
const seen = [];
const note = (what) => seen.push(what);
let open = null;
let written = 0;
let waits = 0;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default (router, { logger }) => {
  router.get('/seen', (req, res) => { res.json({ seen, written, waits }); });
  router.post('/echo', (req, res) => { res.type('bin'); req.pipe(res); });
  router.post('/count', async (req, res) => { let bytes = 0; for await (const part of req) bytes += part.length; res.json({ bytes }); });
  router.post('/ignores', (req, res) => res.json('not read'));
  router.post('/slow-reader', async (req, res) => { let bytes = 0; for await (const part of req) { bytes += part.length; await pause(1); } res.json({ bytes }); });
  router.post('/upload', (req, res) => {
    for (const event of ['aborted', 'close', 'end', 'error']) req.on(event, () => note('upload ' + event));
    res.on('close', () => note('upload answer close'));
    req.on('data', () => undefined);
    req.on('end', () => res.json('whole'));
  });
  router.get('/events', (req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    res.write('data: first\\n\\n');
    open = res;
    for (const [name, of] of [['request', req], ['answer', res]]) of.on('close', () => note('events ' + name + ' close'));
  });
  router.post('/events/:word', (req, res) => { open.write('data: ' + req.params.word + '\\n\\n'); res.json('sent'); });
  router.delete('/events', (req, res) => { open.end('data: last\\n\\n'); res.json('ended'); });
  router.get('/big/:bytes', async (req, res) => {
    written = 0;
    const part = Buffer.alloc(65536, 7);
    res.type('bin');
    for (let left = Number(req.params.bytes); left > 0; left -= part.length) {
      const chunk = left < part.length ? part.subarray(0, left) : part;
      written += chunk.length;
      if (!res.write(chunk)) { waits += 1; await new Promise((resolve, reject) => { res.once('drain', resolve); res.once('close', reject); }); }
    }
    res.end();
  });
  router.get('/waits', async (req, res) => {
    res.on('close', () => note('waits close'));
    await pause(800);
    note('waits woke');
    logger.info('too late');
    try { res.json('nobody reads it'); note('waits answered'); } catch (error) { note('waits ' + error.code); }
  });
  router.get('/ticks/:count/:everyMs', async (req, res) => {
    for (let tick = 0; tick < Number(req.params.count); tick += 1) { res.write('tick ' + tick + '\\n'); await pause(Number(req.params.everyMs)); }
    res.end('done');
  });
  router.get('/stalls', (req, res) => { res.write('begun'); });
  router.get('/destroys', (req, res) => { res.destroy(); });
  router.get('/destroys-later', (req, res) => { res.write('begun'); setTimeout(() => res.destroy(), 5); });
  router.get('/works', async (req, res) => {
    for (let second = 0; second < 3; second += 1) {
      const until = Date.now() + 60;
      while (Date.now() < until);
      for (let part = 0; part < 5; part += 1) { res.write('worked '); await pause(215); }
    }
    res.end('done');
  });
};`;

interface Seen {
  readonly seen: readonly string[];
  readonly written: number;
  readonly waits: number;
}

let runtime: TestRuntime;
const look = async (): Promise<Seen> => (await runtime.get('/flow/seen')).json() as Seen;
const hasSeen = async (what: string): Promise<void> => {
  for (const until = performance.now() + 5_000; !(await look()).seen.includes(what); await sleep(10)) {
    if (performance.now() > until) assert.fail(`the extension did not see "${what}": ${JSON.stringify(await look())}`);
  }
};
const binary = { 'content-type': 'application/octet-stream' };

before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      flow: extension(source, {
        limits: { wallMs: 1_000, streamIdleMs: 400, cpuMs: 150, bodyOutBytes: 134_217_728, bodyInBytes: 8_388_608 },
      }),
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

describe('up', () => {
  test('900 KB of bytes are echoed as they were', async () => {
    const sent = randomBytes(900_000);
    for (const body of [sent, [sent.subarray(0, 300_000), sent.subarray(300_000)]]) {
      const { bytes } = await runtime.post('/flow/echo', body, binary);
      assert.equal(createHash('sha256').update(bytes).digest('hex'), createHash('sha256').update(sent).digest('hex'));
    }
  });
  test('what came is echoed before the rest is sent', async () => {
    const request = http.request({ port: runtime.port, host: '127.0.0.1', path: '/flow/echo', method: 'POST', headers: binary });
    const first = Buffer.alloc(100_000, 1);
    request.write(first);
    const reply = await new Promise<http.IncomingMessage>((resolve) => request.on('response', resolve));
    let received = 0;
    reply.on('data', (part: Buffer) => {
      received += part.length;
    });
    await waitUntil('the first half is echoed', () => received === first.length);
    request.end(Buffer.alloc(50_000, 2));
    await new Promise((resolve) => reply.on('end', resolve));
    assert.equal(received, 150_000);
  });
  test('the ledger counts the bytes both ways', async () => {
    const { end } = await runtime.measure('/flow/echo', { method: 'POST', body: Buffer.alloc(200_000), headers: binary });
    assert.deepEqual([end.bytesIn, end.bytesOut], [200_000, 200_000]);
  });
  test('a reader slower than its client gets everything', async () => {
    assert.deepEqual((await runtime.post('/flow/slow-reader', Buffer.alloc(3_000_000), binary)).json(), { bytes: 3_000_000 });
  });
  test('a body nobody reads does not hold the answer up', async () => {
    assert.equal((await runtime.post('/flow/ignores', Buffer.alloc(5_000_000), binary)).json(), 'not read');
    assert.deepEqual((await runtime.post('/flow/count', Buffer.alloc(70_000), binary)).json(), { bytes: 70_000 });
  });
  test('a client that breaks its upload off is seen, by the extension and on the ledger', async () => {
    const socket = await runtime.connect();
    socket.write('POST /flow/upload HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 500000\r\n\r\n');
    socket.write(Buffer.alloc(100_000));
    await sleep(50);
    socket.destroy();
    for (const event of ['aborted', 'close']) await hasSeen(`upload ${event}`);
    assert.equal((await look()).seen.includes('upload end'), false);
    const end = await runtime.ended('/flow/upload');
    assert.deepEqual([end.outcome, end.status], ['client gone', 499]);
  });
});

describe('down', () => {
  test('an event arrives when it is sent, not when the stream ends', async () => {
    const reply = await runtime.open('/flow/events');
    assert.equal(reply.headers['content-type'], 'text/event-stream');
    await reply.until('data: first');
    assert.equal((await runtime.post('/flow/events/second', '')).json(), 'sent');
    await reply.until('data: second');
    assert.equal(reply.text().includes('last'), false);
    await runtime.request('/flow/events', { method: 'DELETE' });
    assert.equal(await reply.ended, true);
    assert.match(reply.text(), /data: last/);
    assert.equal((await runtime.ended('/flow/events')).outcome, 'answered');
  });
  test('a slow client holds the extension back, and gets everything', async () => {
    const bytes = 48 * 1024 * 1024;
    const reply = await runtime.open(`/flow/big/${bytes}`);
    reply.message.pause();
    let { written, waits } = await look();
    for (const until = performance.now() + 10_000; waits === 0 && performance.now() < until; await sleep(50))
      ({ written, waits } = await look());
    assert.ok(waits > 0, 'write() never said to wait');
    await sleep(100);
    ({ written } = await look());
    assert.ok(written < bytes / 2, `the extension wrote ${written} of ${bytes} bytes that nobody took`);
    reply.message.resume();
    assert.equal(await reply.ended, true);
    assert.equal(reply.text().length, bytes);
  });
  test('a stream may take longer than wallMs while bytes flow', async () => {
    const startedAt = performance.now();
    const reply = await runtime.get('/flow/ticks/8/200');
    assert.ok(performance.now() - startedAt > 1_500);
    assert.match(reply.text, /tick 7\ndone$/);
  });
  test('a stream earns cpuMs anew each second', async () => {
    const { reply, end } = await runtime.measure('/flow/works');
    assert.equal(reply.text, `${'worked '.repeat(15)}done`);
    assert.ok(end.cpuMs > 150, `${end.cpuMs} ms`);
  });
  test('a stream that stalls longer than streamIdleMs is broken off', async () => {
    const startedAt = performance.now();
    const reply = await runtime.open('/flow/stalls');
    assert.equal(await reply.ended, false);
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs > 350 && tookMs < 10_000, `${tookMs} ms`);
    const end = await runtime.ended('/flow/stalls');
    assert.equal(end.outcome, 'ERR_DEADLINE_EXCEEDED');
    const [limit] = runtime.entries('limit').filter((one) => one.request === end.request);
    assert.deepEqual([limit?.limit, limit?.allowed, (limit?.used ?? 0) >= 400], ['streamIdleMs', 400, true]);
  });
  test('an answer the extension destroys is an error at once', async () => {
    const reply = await runtime.get('/flow/destroys');
    // Later it would be another: of the deadline.
    assert.deepEqual([reply.status, reply.code], [500, 'ERR_GUEST_FAILED']);
  });
  test('a stream the extension destroys is broken off at once', async () => {
    const reply = await runtime.open('/flow/destroys-later');
    assert.equal(await reply.ended, false);
    assert.equal((await runtime.ended('/flow/destroys-later')).outcome, 'ERR_GUEST_FAILED');
  });
});

describe('a client that goes away', () => {
  test('while the handler waits: response and lease are over, and the answer goes nowhere', async () => {
    const abort = new AbortController();
    const asked = runtime.request('/flow/waits', { signal: abort.signal });
    await waitUntil('the request is in its cell', () => runtime.runtime.health().requests > 0);
    await sleep(50);
    abort.abort();
    await assert.rejects(asked);
    await hasSeen('waits close');
    const end = await runtime.ended('/flow/waits');
    assert.deepEqual([end.outcome, end.status], ['client gone', 499]);
  });
  test('in the middle of a stream: request and response say so', async () => {
    const reply = await runtime.open('/flow/events');
    await reply.until('first');
    const before = (await look()).seen.length;
    reply.hangUp();
    for (const side of ['request', 'answer']) await hasSeen(`events ${side} close`);
    await runtime.entry('request.end', (one) => one.path === '/flow/events' && one.outcome === 'client gone');
    assert.ok((await look()).seen.length >= before + 2);
    assert.equal((await runtime.post('/flow/events/late', '')).json(), 'sent');
  });
  test('before it has read a large answer: the rest is not made', async () => {
    const reply = await runtime.open(`/flow/big/${100 * 1024 * 1024}`);
    await sleep(20);
    reply.hangUp();
    await waitUntil('the request has ended', () => runtime.runtime.health().requests === 0);
    const end = await runtime.entry('request.end', (one) => one.path.startsWith('/flow/big') && one.outcome === 'client gone');
    assert.ok(end.bytesOut < 100 * 1024 * 1024);
  });
});
