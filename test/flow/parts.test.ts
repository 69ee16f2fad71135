// Built-ins that are not in the startup image, in real wards: each cell gets them when it first calls, on the account of the request that called.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const source = `
import zlib, { gzipSync } from 'node:zlib';
import crypto, { KeyObject, createHash } from 'node:crypto';
export default (router) => {
  router.get('/pack', (req, res) => res.type('application/octet-stream').send(gzipSync('packed in a cell'.repeat(50))));
  router.get('/stream', (req, res) => { const gzip = zlib.createGzip(); res.set('content-type', 'application/octet-stream'); gzip.pipe(res); gzip.write('one '); gzip.end('two'); });
  router.post('/unpack', (req, res) => res.send(String(zlib.gunzipSync(Buffer.from(req.body.packed, 'base64')).length)));
  router.get('/sign', async (req, res) => {
    const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const web = await globalThis.crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify']);
    res.json({
      isKey: privateKey instanceof KeyObject, hash: createHash('sha256').update('x').digest('hex'),
      key: publicKey.export({ type: 'spki', format: 'pem' }), signature: crypto.sign('sha256', Buffer.from('x'), privateKey).toString('base64'),
      web: Buffer.from(await globalThis.crypto.subtle.exportKey('spki', web.publicKey)).toString('base64'),
      webSignature: Buffer.from(await globalThis.crypto.subtle.sign('Ed25519', web.privateKey, Buffer.from('x'))).toString('base64'),
    });
  });
  router.get('/grind', (req, res) => { crypto.pbkdf2('x', 'y', 2_000_000_000, 64, 'sha512', () => res.json(1)); });
  router.get('/loop', (req, res) => { for (;;) zlib.deflateSync('x'.repeat(10000)); });
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      one: extension(source, { limits: { cpuMs: 1_000, wallMs: 20_000 } }),
      two: extension(source, { limits: { cpuMs: 1_000, wallMs: 20_000 } }),
    },
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
  test('keys, signatures and WebCrypto are there, from the cell’s own randomness', async () => {
    const [one, two] = [await runtime.get('/one/sign'), await runtime.get('/two/sign')].map(
      (answer) => answer.json() as Record<string, string>,
    );
    for (const { isKey, hash, key = '', signature = '', web = '', webSignature = '' } of [one ?? {}, two ?? {}]) {
      assert.deepEqual([isKey, hash], [true, createHash('sha256').update('x').digest('hex')]);
      assert.ok(verify('sha256', Buffer.from('x'), key, Buffer.from(signature, 'base64')));
      const webKey = createPublicKey({ key: Buffer.from(web, 'base64'), format: 'der', type: 'spki' });
      assert.ok(verify(null, Buffer.from('x'), webKey, Buffer.from(webSignature, 'base64')));
    }
    assert.notEqual(one?.['key'], two?.['key']);
  });
  test('what it computes is charged to the request', async () => {
    for (const path of ['/two/loop', '/two/grind']) assert.equal((await runtime.get(path)).status, 504);
  });
});
