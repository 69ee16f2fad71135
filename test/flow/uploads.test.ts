// Uploads through a cell that is smaller than they are: read as node's stream, as the web's, and passed on, in constant memory up to the cap. Real wards.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const source = `
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express from 'express';
export default (router) => {
  const counter = () => { const of = { bytes: 0 }; return { of, through: new Transform({ transform(piece, _e, done) { of.bytes += piece.length; done(null, piece); } }) }; };
  router.post('/data', (req, res) => { let bytes = 0; req.on('data', (piece) => { bytes += piece.length; }); req.on('end', () => res.json({ bytes })); });
  router.post('/web', async (req, res) => { let bytes = 0; for await (const piece of Readable.toWeb(req)) bytes += piece.length; res.json({ bytes }); });
  router.post('/slow', async (req, res) => { let bytes = 0; await pipeline(req, new Writable({ highWaterMark: 1, write(piece, _e, done) { bytes += piece.length; queueMicrotask(done); } })); res.json({ bytes }); });
  router.post('/back', async (req, res) => { const { of, through } = counter(); res.type('bin'); await pipeline(req, through, res); });
  router.post('/back-web', async (req, res) => { res.type('bin'); await Readable.toWeb(req).pipeThrough(new TransformStream()).pipeTo(Writable.toWeb(res)); });
  router.post('/raw', express.raw({ type: '*/*', limit: '1mb' }), (req, res) => res.json({ bytes: req.body.length }));
};`;

const megabytes = 50;
const bytes = megabytes * 1_048_576;
const body = Buffer.alloc(bytes, 120);
const binary = { 'content-type': 'application/octet-stream' };

let runtime: TestRuntime;
before(async () => {
  const limits = { memoryMb: 32, cpuMs: 30_000, wallMs: 60_000, bodyInBytes: bytes, bodyOutBytes: bytes };
  runtime = await openTestRuntime({ extensions: { up: extension(source, { limits }) } });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

describe(`${megabytes} MB through a cell of 32 MB`, () => {
  for (const way of ['data', 'web', 'slow'])
    test(`counted and not kept: ${way}`, async () => {
      const { reply, end } = await runtime.measure(`/up/${way}`, { method: 'POST', body, headers: binary });
      assert.deepEqual([reply.status, reply.text], [200, JSON.stringify({ bytes })]);
      assert.ok((end.heapGrowthKb ?? 0) < 16_384, `${end.heapGrowthKb} KB`);
    });
  for (const way of ['back', 'back-web'])
    test(`passed back as they come: ${way}`, async () => {
      const reply = await runtime.post(`/up/${way}`, body, binary);
      assert.deepEqual([reply.status, reply.bytes.length], [200, bytes]);
    });
  test('one byte more is too much', async () => {
    assert.equal((await runtime.post('/up/data', Buffer.alloc(bytes + 1), binary)).code, 'ERR_BODY_TOO_LARGE');
  });
  test("a parser's own cap holds", async () => {
    assert.equal((await runtime.post('/up/raw', body.subarray(0, 2_000_000), binary)).status, 413);
    assert.equal((await runtime.post('/up/raw', body.subarray(0, 900_000), binary)).text, '{"bytes":900000}');
  });
});
