// node:crypto and WebCrypto in a cell: the same programs run in the isolate and in node, what one signs or seals the other takes, and every key goes both ways.
import assert from 'node:assert/strict';
import { constants, createPrivateKey, createPublicKey, privateDecrypt, publicEncrypt, sign, verify } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { cipherCases, hashCases } from './crypto-cases.ts';
import { keyCases, keys, pairs, signatures } from './crypto-keys.ts';
import { type Guest, openGuest } from './guest.ts';
import { subtleCases } from './subtle-cases.ts';

const require = createRequire(import.meta.url);
const runHere = async (source: string): Promise<unknown> => {
  const run = new Function('require', `return (async () => { ${source} })()`) as (given: unknown) => Promise<unknown>;
  return JSON.parse(JSON.stringify((await run(require)) ?? null));
};

describe('crypto in the isolate', () => {
  let guest: Guest;
  before(async () => {
    guest = await openGuest(5);
  });
  after(() => guest.close());

  for (const { name, source } of [...hashCases, ...cipherCases, ...keyCases, ...subtleCases]) {
    test(name, async () => {
      assert.deepEqual(await guest.run(source), await runHere(source));
    });
  }

  test('what it signs node verifies, and the reverse, in every way there is', async () => {
    const text = Buffer.from('a text to sign');
    const own = signatures.map(([pair, algorithm, options]) =>
      sign(algorithm, text, { key: pairs[pair].privateKey, ...options }).toString('base64'),
    );
    const [made, judged, streamed] = (await guest.run(
      `${keys} const own = ${JSON.stringify(own)}; const text = Buffer.from('${text.toString()}'); const table = ${JSON.stringify(signatures)}; return [table.map(([pair, algorithm, options]) => c.sign(algorithm, text, { key: pairs[pair].privateKey, ...options }).toString('base64')), table.map(([pair, algorithm, options], index) => { const key = { key: pairs[pair].publicKey, ...options }; const signature = Buffer.from(own[index], 'base64'); const broken = Buffer.from(signature); broken[broken.length >> 1] ^= 1; return [c.verify(algorithm, text, key, signature), c.verify(algorithm, text, key, broken), c.verify(algorithm, Buffer.from('another'), key, signature), c.verify(algorithm, text, key, Buffer.alloc(3))] }), table.filter(([, algorithm]) => algorithm).map(([pair, algorithm, options]) => { const signature = c.createSign(algorithm).update('a text').update(' to sign').sign({ key: pairs[pair].privateKey, ...options }, 'hex'); return c.createVerify(algorithm).update(text).verify({ key: pairs[pair].publicKey, ...options }, signature, 'hex') })]`,
    )) as [string[], boolean[][], boolean[]];
    for (const [index, [pair, algorithm, options]] of signatures.entries()) {
      const name = `${pair} ${algorithm} ${JSON.stringify(options)}`;
      const key = { key: pairs[pair].publicKey, ...options };
      assert.equal(verify(algorithm, text, key, Buffer.from(made[index] ?? '', 'base64')), true, name);
      assert.deepEqual(judged[index], [true, false, false, false], name);
    }
    assert.ok(streamed.every((one) => one));
  });

  test('what it encrypts for a key node opens, and the reverse', async () => {
    const ways = [{}, { oaepHash: 'sha256', oaepLabel: 'label' }, { padding: constants.RSA_PKCS1_PADDING }];
    const prepared = ways.map((way) => (typeof way === 'object' && 'oaepLabel' in way ? { ...way, oaepLabel: Buffer.from('label') } : way));
    const sealed = prepared.map((way) => publicEncrypt({ key: pairs.rsa.publicKey, ...way }, Buffer.from('secret')).toString('base64'));
    const [opened, made, wrong] = (await guest.run(
      `${keys} const ways = ${JSON.stringify(ways)}.map((way) => way.oaepLabel ? { ...way, oaepLabel: Buffer.from(way.oaepLabel) } : way); const key = pairs.rsa; const code = (run) => { try { run(); return 'ran' } catch (error) { return error.code } }; return [${JSON.stringify(sealed)}.map((text, index) => c.privateDecrypt({ key: key.privateKey, ...ways[index] }, Buffer.from(text, 'base64')).toString()), ways.map((way) => c.publicEncrypt({ key: key.publicKey, ...way }, Buffer.from('made here')).toString('base64')), [code(() => c.publicEncrypt(key.publicKey, Buffer.alloc(300))), code(() => c.privateDecrypt(key.privateKey, Buffer.alloc(256, 1))), code(() => c.privateDecrypt({ key: key.privateKey, padding: 1 }, Buffer.alloc(256, 1))), c.publicDecrypt(key.publicKey, c.privateEncrypt(key.privateKey, Buffer.from('raw'))).toString()]]`,
    )) as [string[], string[], string[]];
    assert.deepEqual(opened, ['secret', 'secret', 'secret']);
    for (const [index, way] of prepared.entries())
      assert.equal(privateDecrypt({ key: pairs.rsa.privateKey, ...way }, Buffer.from(made[index] ?? '', 'base64')).toString(), 'made here');
    // A block of the old padding that is wrong gives bytes that mean nothing, never an error (implicit rejection).
    assert.deepEqual(wrong, ['ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_KEY_SIZE', 'ERR_OSSL_RSA_OAEP_DECODING_ERROR', 'ran', 'raw']);
  });

  test('keys it generates node reads, under a passphrase too', async () => {
    const made = (await guest.run(
      `const c = require('crypto'); const { promisify } = require('util'); const encoded = { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' } }; const old = c.generateKeyPairSync('rsa', { modulusLength: 1024 }); return [...[['rsa', { modulusLength: 1024 }], ['ec', { namedCurve: 'P-256' }], ['ec', { namedCurve: 'secp521r1' }], ['ed25519', {}], ['x25519', {}]].map(([type, options]) => c.generateKeyPairSync(type, { ...options, ...encoded })), { publicKey: old.publicKey.export({ type: 'pkcs1', format: 'pem' }), privateKey: old.privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'open' }) }, await promisify(c.generateKeyPair)('ec', { namedCurve: 'P-384', ...encoded })]`,
    )) as { publicKey: string; privateKey: string }[];
    for (const { publicKey, privateKey } of made) {
      const derived = createPublicKey(createPrivateKey({ key: privateKey, passphrase: 'open' }) as unknown as string);
      assert.ok(derived.equals(createPublicKey(publicKey) as never));
    }
    const opensWith = (key: string | Buffer, passphrase: string): string => {
      try {
        return createPrivateKey({ key, passphrase }).type;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? '';
      }
    };
    /** Of 256 keys one is deciphered to something with a padding by a wrong passphrase, and refused in other words: not that one. */
    const seal = (key: string, type: 'pkcs8' | 'pkcs1', cipher: string): string | Buffer => {
      for (;;) {
        const made = createPrivateKey(key).export({ type, format: 'pem', cipher, passphrase: 'open' });
        if (opensWith(made, 'wrong') === 'ERR_OSSL_BAD_DECRYPT') return made;
      }
    };
    const sealed = [seal(pairs.p256.privateKey, 'pkcs8', 'aes-128-cbc'), seal(pairs.rsa.privateKey, 'pkcs1', 'aes-256-cbc')];
    const answers = await guest.run(
      `${keys} const code = (run) => { try { return run() } catch (error) { return error.code } }; return ${JSON.stringify(sealed)}.map((key, index) => [code(() => c.createPrivateKey({ key, passphrase: 'open' }).equals(c.createPrivateKey(pairs[index === 0 ? 'p256' : 'rsa'].privateKey))), code(() => c.createPrivateKey({ key, passphrase: 'wrong' })), code(() => c.createPrivateKey(key))])`,
    );
    assert.deepEqual(answers, [
      [true, 'ERR_OSSL_BAD_DECRYPT', 'ERR_MISSING_PASSPHRASE'],
      [true, 'ERR_OSSL_BAD_DECRYPT', 'ERR_MISSING_PASSPHRASE'],
    ]);
  });
});
