// Built-ins that are not in the startup image, in real wards: each cell gets them when it first calls, on the account of the request that called.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const source = `
import zlib, { gzipSync } from 'node:zlib';
export default (router) => {
  router.get('/pack', (req, res) => res.type('application/octet-stream').send(gzipSync('packed in a cell'.repeat(50))));
  router.get('/stream', (req, res) => { const gzip = zlib.createGzip(); res.set('content-type', 'application/octet-stream'); gzip.pipe(res); gzip.write('one '); gzip.end('two'); });
  router.post('/unpack', (req, res) => res.send(String(zlib.gunzipSync(Buffer.from(req.body.packed, 'base64')).length)));
  router.get('/loop', (req, res) => { for (;;) zlib.deflateSync('x'.repeat(10000)); });
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: { one: extension(source, { limits: { cpuMs: 1_000 } }), two: extension(source, { limits: { cpuMs: 1_000 } }) },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

describe('a part of the platform', () => {
  for (const id of ['one', 'two'])
    test(`works in the cell of ${id}, whole and as a stream`, async () => {
      const [whole, streamed] = [await runtime.get(`/${id}/pack`), await runtime.get(`/${id}/stream`)];
      assert.equal(gunzipSync(whole.bytes).toString(), 'packed in a cell'.repeat(50));
      assert.equal(gunzipSync(streamed.bytes).toString(), 'one two');
    });
  test('a bomb is an error of the request it came with', async () => {
    const packed = gzipSync(Buffer.alloc(40_000_000)).toString('base64');
    const answer = await runtime.post('/one/unpack', { packed });
    assert.equal(answer.status, 500);
    assert.equal((await runtime.get('/one/pack')).status, 200);
  });
  test('what it computes is charged to the request', async () => {
    assert.equal((await runtime.get('/two/loop')).status, 504);
  });
});
