// Pieces of work over crypto and zlib, by name, as often as asked. Must never keep anything from one request to the next but keys.
import crypto from 'node:crypto';
import zlib from 'node:zlib';

const megabyte = () => Buffer.alloc(1_048_576, 'some text that is packed and sealed, ');
const pairs = new Map();
const pair = (type, options) => {
  if (!pairs.has(type)) pairs.set(type, crypto.generateKeyPairSync(type, options));
  return pairs.get(type);
};
const text = Buffer.from('a text to sign');
const seal = (bytes) => {
  const cipher = crypto.createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12));
  cipher.update(bytes);
  cipher.final();
  return cipher.getAuthTag();
};
const rsa = () => pair('rsa', { modulusLength: 2048 });
const p256 = () => pair('ec', { namedCurve: 'P-256' });
const ed = () => pair('ed25519');
const signed = new Map();
const signatureOf = (name, algorithm, key) => {
  if (!signed.has(name)) signed.set(name, crypto.sign(algorithm, text, key));
  return signed.get(name);
};

const work = {
  'SHA-256 of 1 MB': () => crypto.createHash('sha256').update(megabyte()).digest(),
  'AES-256-GCM of 1 MB': () => seal(megabyte()),
  'HMAC-SHA-256 (HS256)': () => crypto.createHmac('sha256', 'secret').update(text).digest(),
  'RSA-2048 signature (RS256)': () => crypto.sign('sha256', text, rsa().privateKey),
  'RSA-2048 verified': () => crypto.verify('sha256', text, rsa().publicKey, signatureOf('rsa', 'sha256', rsa().privateKey)),
  'P-256 signature (ES256)': () => crypto.sign('sha256', text, p256().privateKey),
  'P-256 verified': () => crypto.verify('sha256', text, p256().publicKey, signatureOf('p256', 'sha256', p256().privateKey)),
  'Ed25519 signature': () => crypto.sign(null, text, ed().privateKey),
  'Ed25519 verified': () => crypto.verify(null, text, ed().publicKey, signatureOf('ed', null, ed().privateKey)),
  'PBKDF2-SHA-256, 100,000 rounds': () => crypto.pbkdf2Sync('password', 'salt', 100_000, 32, 'sha256'),
  'scrypt, N = 16384': () => crypto.scryptSync('password', 'salt', 64),
  'gzip of 1 MB': () => zlib.gzipSync(megabyte()),
};

export default (router) => {
  router.get('/names', (_request, response) => response.json(Object.keys(work)));
  router.get('/:name/:count', (request, response) => {
    const run = work[request.params.name];
    for (let left = Number(request.params.count); left > 0; left -= 1) run();
    response.send('done');
  });
};
