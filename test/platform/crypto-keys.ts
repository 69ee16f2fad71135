// Programs over keys and signatures: what the isolate makes node takes, and the reverse. Data and the keys they are about.
import { generateKeyPairSync } from 'node:crypto';
import type { ValueCase } from './globals-cases.ts';

const pem = { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } } as const;

interface PemPair {
  readonly publicKey: string;
  readonly privateKey: string;
}
const make = (type: string, options: object): PemPair =>
  generateKeyPairSync(type as 'rsa', { ...options, ...pem } as never) as unknown as PemPair;

/** Keys of node's own making. */
export const pairs = {
  rsa: make('rsa', { modulusLength: 2048 }),
  odd: make('rsa', { modulusLength: 1025 }),
  pss: make('rsa-pss', { modulusLength: 1024, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256', saltLength: 32 }),
  p256: make('ec', { namedCurve: 'P-256' }),
  p384: make('ec', { namedCurve: 'P-384' }),
  p521: make('ec', { namedCurve: 'P-521' }),
  k256: make('ec', { namedCurve: 'secp256k1' }),
  ed: make('ed25519', {}),
  x: make('x25519', {}),
} as const;
type PairName = keyof typeof pairs;

export const keys = `const pairs = ${JSON.stringify(pairs)}; const c = require('crypto');`;

/** Key, digest, options beside the key. */
export const signatures: readonly (readonly [pair: PairName, algorithm: string | null, options: object])[] = [
  ...['sha1', 'sha256', 'sha384', 'RSA-SHA512', 'md5', 'sha3-256', 'ripemd160'].map((hash) => ['rsa', hash, {}] as const),
  ['rsa', null, {}],
  ['odd', 'sha256', {}],
  ...[-1, -2, 0, 20].map((saltLength) => ['rsa', 'sha256', { padding: 6, saltLength }] as const),
  ['rsa', 'sha512', { padding: 6 }],
  ['odd', 'sha256', { padding: 6 }],
  ['pss', 'sha256', {}],
  ...(['p256', 'p384', 'p521', 'k256'] as const).flatMap((pair) => [
    [pair, 'sha256', {}] as const,
    [pair, 'sha512', { dsaEncoding: 'ieee-p1363' }] as const,
  ]),
  ['p256', null, {}],
  ['ed', null, {}],
];

export const keyCases: readonly ValueCase[] = [
  {
    name: 'keys show their kind, and are written as node writes them',
    source: `${keys} const seen = []; for (const [name, pair] of Object.entries(pairs)) { const own = c.createPrivateKey(pair.privateKey); const other = c.createPublicKey(pair.publicKey); seen.push([name, own.type, other.type, own.asymmetricKeyType, JSON.stringify(own.asymmetricKeyDetails, (key, value) => typeof value === 'bigint' ? String(value) : value), own.export({ type: 'pkcs8', format: 'pem' }) === pair.privateKey, other.export({ type: 'spki', format: 'pem' }) === pair.publicKey, other.export({ type: 'spki', format: 'der' }).toString('hex'), c.createPublicKey(own).equals(other), c.createPublicKey(pair.privateKey).equals(other), own.equals(other), own.constructor.name, other.constructor.name, own instanceof c.KeyObject, Object.prototype.toString.call(own), own.symmetricKeySize ?? null]); const isRsa = own.asymmetricKeyType === 'rsa'; if (isRsa) { const old = own.export({ type: 'pkcs1', format: 'pem' }); seen.push(old, other.export({ type: 'pkcs1', format: 'pem' }), c.createPrivateKey(old).equals(own), c.createPublicKey(other.export({ type: 'pkcs1', format: 'pem' })).equals(other)) } if (own.asymmetricKeyType === 'ec') { const sec1 = own.export({ type: 'sec1', format: 'pem' }); seen.push(sec1, c.createPrivateKey(sec1).equals(own), c.createPrivateKey({ key: own.export({ type: 'sec1', format: 'der' }), format: 'der', type: 'sec1' }).equals(own)) } if (own.asymmetricKeyType !== 'rsa-pss') { const [a, b] = [own.export({ format: 'jwk' }), other.export({ format: 'jwk' })]; seen.push(a, b, Object.keys(a), c.createPrivateKey({ key: a, format: 'jwk' }).equals(own), c.createPublicKey({ key: b, format: 'jwk' }).equals(other), c.createPublicKey({ key: a, format: 'jwk' }).equals(other)) } } const secret = c.createSecretKey('c2VjcmV0', 'base64'); seen.push(secret.type, secret.symmetricKeySize, secret.export().toString(), secret.export({ format: 'jwk' }), secret.equals(c.createSecretKey(Buffer.from('secret'))), secret.constructor.name); return seen`,
  },
  {
    name: 'keys refuse what node refuses',
    source: `${keys} const seen = []; const rsa = c.createPrivateKey(pairs.rsa.privateKey); const pub = c.createPublicKey(pairs.rsa.publicKey); const ec = c.createPrivateKey(pairs.p256.privateKey); for (const run of [() => c.createPrivateKey('nope'), () => c.createPublicKey('nope'), () => c.createPrivateKey(5), () => c.createPublicKey(5), () => c.createSecretKey(5), () => c.createPublicKey(pub), () => c.createPrivateKey(pub), () => c.createPrivateKey(pairs.rsa.publicKey), () => c.createSign('sha256').update('x').sign(pub), () => c.createSign('nope'), () => c.createSign('sha256').sign(), () => c.createSign('sha256').sign('nope'), () => c.createVerify('sha256').verify('nope', 'x'), () => c.createVerify('sha256').verify(pub, 5), () => c.createSign('sha256').sign(pairs.ed.privateKey), () => c.sign('nope', Buffer.from('x'), rsa), () => pub.export(), () => pub.export({ type: 'spki' }), () => c.createPublicKey(pairs.p256.publicKey).export({ type: 'pkcs1', format: 'pem' }), () => pub.export({ type: 'spki', format: 'x' }), () => rsa.export({ type: 'sec1', format: 'pem' }), () => c.generateKeyPairSync('nope'), () => c.generateKeyPairSync('ec', {}), () => c.generateKeyPairSync('ec', { namedCurve: 'x' }), () => c.generateKeyPairSync('rsa', {}), () => c.diffieHellman({ privateKey: ec, publicKey: pub }), () => c.createECDH('nope'), () => c.createECDH('prime256v1').getPrivateKey(), () => { const e = c.createECDH('prime256v1'); e.generateKeys(); e.computeSecret(Buffer.alloc(65)) }, () => c.createECDH('prime256v1').setPrivateKey(Buffer.alloc(32)), () => c.createPublicKey({ key: { kty: 'x' }, format: 'jwk' }), () => c.createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: 'a', y: 'b' }, format: 'jwk' }), () => c.createPrivateKey({ key: Buffer.alloc(5), format: 'der' }), () => c.createSecretKey('a').export({ format: 'x' }), () => c.createSecretKey('a').equals(5), () => c.generateKeySync('aes', { length: 64 }), () => c.generateKeySync('hmac', { length: 1 }), () => c.generateKeySync('x', {}), () => c.KeyObject.from(5), () => c.createHmac('sha256', pub)]) try { run(); seen.push('ran') } catch (error) { seen.push([error.name, error.code ?? null]) } return seen`,
  },
  {
    name: 'points and agreement',
    source: `${keys} const seen = []; for (const curve of ['prime256v1', 'secp384r1', 'secp521r1', 'secp256k1']) { const one = c.createECDH(curve); one.setPrivateKey(Buffer.alloc(curve === 'secp521r1' ? 65 : 30, 5)); const two = c.createECDH(curve); two.setPrivateKey('0102030405', 'hex'); seen.push([one.getPublicKey('hex'), one.getPublicKey('base64', 'compressed'), one.getPublicKey('hex', 'hybrid'), two.getPrivateKey('hex'), one.computeSecret(two.getPublicKey(null, 'compressed')).toString('hex') === two.computeSecret(one.getPublicKey('hex'), 'hex', 'hex'), one.computeSecret(two.getPublicKey(), null, 'base64'), c.ECDH.convertKey(one.getPublicKey(), curve, null, 'hex', 'compressed')]) } for (const name of ['p256', 'p384', 'x']) seen.push(c.diffieHellman({ privateKey: c.createPrivateKey(pairs[name].privateKey), publicKey: c.createPublicKey(pairs[name].publicKey) }).toString('hex')); return seen`,
  },
];
