// Programs over node:crypto whose printed value in a cell must be node's. Data only.
import type { ValueCase } from './globals-cases.ts';

/** Each runs, and what it throws is printed as its name and code. */
const tried = (...runs: readonly string[]): string =>
  `const c = require('node:crypto'); const seen = []; for (const run of [${runs.map((run) => `() => ${run}`).join(', ')}]) try { const value = run(); seen.push(value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value instanceof ArrayBuffer ? Buffer.from(value).toString('hex') : value ?? null) } catch (error) { seen.push([error.name, error.code ?? null]) } return seen`;

const z = (bytes: number): string => `Buffer.alloc(${bytes}, 7)`;
const data = `'the quick brown fox jumps over the lazy dog'.repeat(5)`;

export const hashCases: readonly ValueCase[] = [
  {
    name: 'every hash under every name of it',
    source: tried(
      ...[
        'md5',
        'sha1',
        'SHA256',
        'sha-256',
        'sha224',
        'sha384',
        'sha512',
        'RSA-SHA256',
        'RSA-SHA1',
        'sha512-256',
        'sha512-224',
        'sha3-256',
        'sha3-512',
        'RSA-SHA3-384',
        'ripemd160',
        'rmd160',
        'blake2b512',
        'blake2s256',
        'shake128',
        'shake256',
      ].map((name) => `c.createHash('${name}').update(${data}).digest('hex')`),
      ...['md5', 'sha1', 'sha256', 'sha512', 'sha3-256', 'ripemd160'].map(
        (name) => `c.createHmac('${name}', 'key').update('a').update(${z(200)}).digest('base64url')`,
      ),
    ),
  },
  {
    name: 'hashes take and give every form',
    source: tried(
      `c.createHash('sha256').update('616263', 'hex').digest()`,
      `c.createHash('sha256').update(new Uint16Array([1, 2])).digest('base64')`,
      `c.createHash('sha256').update(new DataView(new ArrayBuffer(3))).digest('latin1')`,
      `c.createHash('shake128', { outputLength: 5 }).update('x').digest('hex')`,
      `(() => { const one = c.createHash('md5').update('a'); const two = one.copy(); return [one.update('b').digest('hex'), two.digest('hex')].join() })()`,
      `c.hash('sha256', 'abc')`,
      `c.hash('sha256', 'abc', 'base64')`,
      `c.createHmac('sha256', c.createSecretKey(Buffer.from('key'))).update('x').digest('hex')`,
      `(() => { const mac = c.createHmac('md5', 'k'); mac.digest(); return mac.digest().length })()`,
      `[c.createHash('md5') instanceof c.Hash, c.createHmac('md5', 'k') instanceof c.Hmac, c.createHash('md5').constructor.name].join()`,
      `c.getHashes().includes('RSA-SHA256') && c.getHashes().includes('sha256')`,
    ),
  },
  {
    name: 'hashes refuse what node refuses',
    source: tried(
      `c.createHash('nope')`,
      `c.createHmac('nope', 'k')`,
      'c.createHash(5)',
      `c.createHmac('sha256')`,
      `c.createHmac('sha256', 5)`,
      `c.createHash('md5').update(5)`,
      `c.hash('nope', 'x')`,
      `c.hash('sha256', 5)`,
      `(() => { const h = c.createHash('md5'); h.digest(); h.digest() })()`,
      `(() => { const h = c.createHmac('md5', 'k'); h.digest(); h.update('x') })()`,
      `(() => { const h = c.createHash('md5'); h.digest(); h.copy() })()`,
      `c.createHash('sha256', { outputLength: 5 })`,
    ),
  },
  {
    name: 'hashes are streams',
    source: `const c = require('crypto'); const { Readable } = require('stream'); const { pipeline } = require('stream/promises'); const hash = c.createHash('sha256'); await pipeline(Readable.from([Buffer.from('a'), Buffer.from('b')]), hash); const other = c.createHash('sha256'); other.setEncoding('hex'); const read = new Promise((done) => other.on('readable', () => { const value = other.read(); if (value) done(value) })); other.write('a'); other.end('b'); const piped = []; await new Promise((done) => Readable.from([Buffer.from('ab')]).pipe(c.createHmac('sha1', 'k')).on('data', (chunk) => piped.push(chunk.toString('hex'))).on('end', done)); return [hash.read().toString('hex'), await read, piped, hash instanceof require('stream').Transform]`,
  },
  {
    name: 'key derivation, at once, later and refused',
    source: tried(
      `c.pbkdf2Sync('secret', 'salt', 1000, 64, 'sha512').toString('hex')`,
      `c.pbkdf2Sync(Buffer.from('a'), new Uint8Array(3), 3, 20, 'SHA1')`,
      `c.scryptSync('a', 'b', 40)`,
      `c.scryptSync('a', 'b', 64, { N: 1024, r: 8, p: 2 })`,
      `c.scryptSync('a', 'b', 10, { cost: 16, blockSize: 1 })`,
      `c.hkdfSync('sha256', 'key', 'salt', 'info', 42)`,
      `c.hkdfSync('sha512', c.createSecretKey('key', 'utf8'), '', '', 10)`,
      `c.pbkdf2Sync('a', 'b', 1, 10)`,
      `c.pbkdf2Sync('a', 'b', 1, 10, 'nope')`,
      `c.pbkdf2Sync('a', 'b', 0, 10, 'sha1')`,
      `c.pbkdf2Sync('a', 'b', 'x', 10, 'sha1')`,
      `c.pbkdf2Sync('a', 'b', 1, -1, 'sha1')`,
      `c.pbkdf2('a', 'b', 1, 1, 'sha1')`,
      `c.pbkdf2Sync(5, 'b', 1, 1, 'sha1')`,
      `c.scryptSync('a', 'b', 10, { N: 3 })`,
      `c.scryptSync('a', 'b', 10, { N: 1 << 20 })`,
      `c.scryptSync('a', 'b', -1)`,
      `c.scryptSync('a', 'b', 1, { N: 2, cost: 2 })`,
      `c.hkdfSync('nope', 'k', 's', 'i', 10)`,
      `c.hkdfSync('sha256', 'k', 's', 'i', 100000)`,
      `c.hkdfSync('sha256', 'k', 's', Buffer.alloc(1025), 10)`,
    ).replace(
      'return seen',
      `const { promisify } = require('util'); seen.push((await promisify(c.pbkdf2)('a', 'b', 2, 8, 'sha256')).toString('hex'), (await promisify(c.scrypt)('a', 'b', 8)).toString('hex'), (await promisify(c.scrypt)('a', 'b', 8, { N: 2 })).toString('hex'), (await promisify(c.hkdf)('sha1', 'a', 'b', 'c', 8)).byteLength); return seen`,
    ),
  },
  {
    name: 'random values are checked as in node',
    source: tried(
      'c.randomBytes(-1)',
      `c.randomBytes('x')`,
      'c.randomInt(5, 5)',
      `c.randomInt('x')`,
      'c.randomInt(0, 2 ** 49)',
      'c.randomFillSync(Buffer.alloc(5), 6)',
      `c.randomFillSync('x')`,
      'c.randomFill(Buffer.alloc(5))',
      'c.timingSafeEqual(Buffer.alloc(1), Buffer.alloc(2))',
      `c.timingSafeEqual('a', 'b')`,
      `c.timingSafeEqual(Buffer.from('ab'), new Uint8Array([97, 98]))`,
      'c.randomBytes(8).length',
      'c.randomInt(3) < 3 && c.randomInt(5, 7) >= 5',
      '/^[0-9a-f-]{36}$/.test(c.randomUUID())',
      'c.randomFillSync(new Uint32Array(4), 1, 2)[0]',
      'c.getRandomValues(new Uint8Array(3)).length',
      'c.webcrypto === crypto && c.subtle === crypto.subtle && crypto instanceof Crypto',
    ),
  },
];

const ciphers: readonly (readonly [name: string, key: number, iv: number])[] = [
  ...['128', '192', '256'].flatMap((bits) =>
    (['cbc', 'ctr', 'gcm', 'ecb'] as const).map(
      (mode) => [`aes-${bits}-${mode}`, Number(bits) / 8, mode === 'ecb' ? 0 : mode === 'gcm' ? 12 : 16] as const,
    ),
  ),
  ['aes256', 32, 16],
  ['chacha20-poly1305', 32, 12],
];
const ivOf = (bytes: number): string => (bytes === 0 ? 'null' : `Buffer.alloc(${bytes}, 0xff)`);

export const cipherCases: readonly ValueCase[] = [
  {
    name: 'every cipher gives what node gives, a piece at a time',
    source: `const c = require('crypto'); const seen = []; for (const [name, key, iv] of ${JSON.stringify(ciphers)}) { const options = name.startsWith('chacha') ? { authTagLength: 16 } : undefined; const nonce = iv === 0 ? null : Buffer.alloc(iv, 0xff); const hasTag = /gcm|chacha/.test(name); const seal = c.createCipheriv(name, Buffer.alloc(key, 3), nonce, options); if (hasTag) seal.setAAD(Buffer.from('more than sixteen bytes of it')); const parts = ['', 'a', 'bcdefghijklmnop', 'q'.repeat(50), 'rs'].map((part) => seal.update(part)); parts.push(seal.final()); const sealed = Buffer.concat(parts); const tag = hasTag ? seal.getAuthTag() : null; const open = c.createDecipheriv(name, Buffer.alloc(key, 3), nonce, options); if (hasTag) { open.setAAD(Buffer.from('more than sixteen bytes of it')); open.setAuthTag(tag) } let plain = ''; for (let at = 0; at < sealed.length; at += 7) plain += open.update(sealed.subarray(at, at + 7), undefined, 'latin1'); plain += open.final('latin1'); seen.push([name, name.startsWith('chacha') ? null : parts.map((part) => part.length), sealed.toString('hex'), tag && tag.toString('hex'), plain]) } return seen`,
  },
  {
    name: 'ciphers with other nonces, short tags, no padding, no data',
    source: tried(
      `(() => { const s = c.createCipheriv('aes-256-gcm', ${z(32)}, ${z(5)}, { authTagLength: 12 }); const out = s.update('abc', 'utf8', 'hex') + s.final('hex'); return out + s.getAuthTag().toString('hex') })()`,
      `(() => { const s = c.createCipheriv('aes-128-gcm', ${z(16)}, ${z(16)}); s.setAAD(${z(20)}); s.final(); return s.getAuthTag() })()`,
      `(() => { const s = c.createCipheriv('aes-128-gcm', ${z(16)}, ${z(60)}); const out = s.update(${z(33)}); s.final(); return Buffer.concat([out, s.getAuthTag()]) })()`,
      `(() => { const s = c.createCipheriv('aes-128-cbc', ${z(16)}, ${z(16)}); s.setAutoPadding(false); return Buffer.concat([s.update(${z(32)}), s.final()]) })()`,
      `(() => { const s = c.createCipheriv('aes-128-ctr', ${z(16)}, Buffer.alloc(16, 0xff)); return Buffer.concat([s.update(${z(3)}), s.update(${z(40)}), s.final()]) })()`,
      `(() => { const s = c.createCipheriv('aes-128-cbc', c.createSecretKey(${z(16)}), ${z(16)}); return s.update('', 'utf8', 'hex') + s.final('hex') })()`,
      `c.getCipherInfo('aes-256-gcm')`,
      `c.getCipherInfo('aes-128-cbc')`,
      `c.getCipherInfo('AES-128-ECB')`,
      `c.getCipherInfo('nope')`,
      `c.getCipherInfo('chacha20-poly1305')`,
      `c.getCiphers().includes('aes-256-gcm')`,
      `c.createCipheriv('aes128-wrap', ${z(16)}, Buffer.alloc(8, 0xa6)).update(${z(32)})`,
      `c.createDecipheriv('id-aes256-wrap', ${z(32)}, Buffer.alloc(8, 0xa6)).update(c.createCipheriv('aes256-wrap', ${z(32)}, Buffer.alloc(8, 0xa6)).update(${z(16)}))`,
      `c.getCipherInfo('aes192-wrap')`,
    ),
  },
  {
    name: 'ciphers refuse what node refuses',
    source: tried(
      ...[
        ['cbc', 16, `d.update(${z(16)}); return d.final()`],
        ['cbc', 16, `d.update(${z(15)}); return d.final()`],
        ['cbc', 16, 'return d.final()'],
        ['gcm', 12, `d.update(${z(16)}); return d.final()`],
        ['gcm', 12, `d.setAuthTag(${z(16)}); d.update(${z(16)}); return d.final()`],
        ['gcm', 12, `d.setAuthTag(${z(3)})`],
        ['gcm', 12, `d.setAuthTag(${z(16)}); d.setAuthTag(${z(16)})`],
        ['gcm', 12, `d.update('x'); d.setAAD(${z(3)})`],
      ].map(([mode, iv, body]) => `(() => { const d = c.createDecipheriv('aes-256-${mode}', ${z(32)}, ${ivOf(Number(iv))}); ${body} })()`),
      ...[
        ['gcm', 12, 'return d.getAuthTag()'],
        ['cbc', 16, 'd.final(); return d.getAuthTag()'],
        ['cbc', 16, `d.setAAD(${z(1)})`],
        ['cbc', 16, 'd.final(); d.final()'],
        ['cbc', 16, `d.final(); d.update('x')`],
        ['cbc', 16, 'd.update(5)'],
        ['cbc', 16, `d.setAutoPadding(false); d.update('x'); d.final()`],
        ['gcm', 12, `d.setAuthTag(${z(16)})`],
      ].map(([mode, iv, body]) => `(() => { const d = c.createCipheriv('aes-256-${mode}', ${z(32)}, ${ivOf(Number(iv))}); ${body} })()`),
      `c.createCipheriv('nope', ${z(16)}, ${z(16)})`,
      `c.createCipheriv('aes-256-cbc', ${z(32)}, ${z(5)})`,
      `c.createCipheriv('aes-256-cbc', ${z(32)}, null)`,
      `c.createCipheriv('aes-256-cbc', ${z(32)}, 5)`,
      `c.createCipheriv('aes-256-cbc', 5, ${z(16)})`,
      `c.createCipheriv('aes-256-gcm', ${z(32)}, ${z(0)})`,
    ),
  },
  {
    name: 'ciphers are streams',
    source: `const c = require('crypto'); const { Readable, PassThrough } = require('stream'); const { pipeline } = require('stream/promises'); const out = new PassThrough(); await pipeline(Readable.from([Buffer.from('hello '), Buffer.from('there')]), c.createCipheriv('aes-128-cbc', ${z(16)}, ${z(16)}), c.createDecipheriv('aes-128-cbc', ${z(16)}, ${z(16)}), out); const bad = await pipeline(Readable.from([${z(16)}]), c.createDecipheriv('aes-128-cbc', ${z(16)}, ${z(16)}), new PassThrough()).catch((error) => error.code); return [out.read().toString(), bad]`,
  },
];
