// Tokens, passwords and signatures, and bodies that come in. Data only.
import type { PackageUse } from './use.ts';

export const security: readonly PackageUse[] = [
  {
    name: 'jsonwebtoken',
    versions: ['8.5.1', '9.0.3'],
    does: 'sign and verify with HS256 and RS256, refuse forged and expired tokens',
    source: `
import jwt from 'jsonwebtoken';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { pem } from './key.js';
export const use = async () => {
  const token = jwt.sign({ sub: 'me', iat: 1 }, 'secret-secret-secret-secret', { issuer: 'i' });
  const refuse = (...args) => { try { return jwt.verify(...args); } catch (error) { return [error.name, error.message]; } };
  const rs = jwt.sign({ sub: 'me', iat: 1 }, pem, { algorithm: 'RS256' });
  return [token, jwt.verify(token, 'secret-secret-secret-secret', { issuer: 'i' }), refuse(token, 'other'), refuse(jwt.sign({ exp: 5 }, 's'), 's'), jwt.decode(token, { complete: true }).header, rs, refuse(rs, createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'pem' }), { algorithms: ['RS256'] })];
};`,
  },
  {
    name: 'jose',
    versions: ['5.10.0', '6.2.17'],
    does: 'JWT with HS256 and EdDSA, JWE, JWK thumbprints',
    source: `
import * as jose from 'jose';
export const use = async () => {
  const secret = new TextEncoder().encode('secret-secret-secret-secret-secret');
  const token = await new jose.SignJWT({ sub: 'me' }).setProtectedHeader({ alg: 'HS256' }).setIssuedAt(1).sign(secret);
  const { payload } = await jose.jwtVerify(token, secret);
  const failed = await jose.jwtVerify(token, new Uint8Array(32)).catch((error) => [error.code, error.name]);
  const jwk = { kty: 'OKP', crv: 'Ed25519', d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
  const ed = await new jose.SignJWT({ a: 1 }).setProtectedHeader({ alg: 'EdDSA' }).sign(await jose.importJWK(jwk, 'EdDSA'));
  const { d, ...open } = jwk;
  const sealed = await new jose.EncryptJWT({ b: 2 }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(new Uint8Array(32).fill(7));
  return [token, payload, failed, ed, (await jose.jwtVerify(ed, await jose.importJWK(open, 'EdDSA'))).payload, (await jose.jwtDecrypt(sealed, new Uint8Array(32).fill(7))).payload, await jose.calculateJwkThumbprint(open)];
};`,
  },
  {
    name: 'bcryptjs',
    versions: ['2.4.3', '3.0.3'],
    does: 'hash and compare, sync and not',
    source: `
import bcrypt from 'bcryptjs';
export const use = async () => [bcrypt.hashSync('pw', '$2a$04$abcdefghijklmnopqrstuu'), await bcrypt.compare('pw', bcrypt.hashSync('pw', 4)), await bcrypt.compare('no', await bcrypt.hash('pw', 4)), bcrypt.getRounds(await bcrypt.hash('x', 5))];`,
  },
  {
    name: 'web-push',
    versions: ['3.6.7'],
    does: 'VAPID headers and an encrypted payload',
    source: `
import webpush from 'web-push';
export const use = async () => {
  const keys = webpush.generateVAPIDKeys();
  const { createECDH } = await import('node:crypto');
  const client = createECDH('prime256v1');
  client.generateKeys();
  const details = webpush.generateRequestDetails({ endpoint: 'https://push.example.com/x', keys: { p256dh: client.getPublicKey('base64url'), auth: Buffer.alloc(16, 1).toString('base64url') } }, 'hello', { vapidDetails: { subject: 'mailto:a@b.c', ...keys } });
  return [keys.publicKey.length, keys.privateKey.length, Object.keys(details.headers).sort(), details.body.length, details.method, details.headers.Authorization.split('.').length];
};`,
  },
  {
    name: 'crypto-js',
    versions: ['4.2.0'],
    does: 'hashes, HMAC and AES in plain JavaScript',
    source: `
import CryptoJS from 'crypto-js';
export const use = async () => [CryptoJS.SHA256('a').toString(), CryptoJS.HmacSHA1('a', 'k').toString(CryptoJS.enc.Base64), CryptoJS.AES.decrypt(CryptoJS.AES.encrypt('text', 'pw').toString(), 'pw').toString(CryptoJS.enc.Utf8), CryptoJS.MD5('ü').toString()];`,
  },
  {
    name: 'busboy',
    versions: ['1.6.0'],
    does: 'the request piped in: fields and a file',
    source: `
import busboy from 'busboy';
export const use = ({ req }) => new Promise((resolve, reject) => {
  const seen = [];
  req.pipe(busboy({ headers: req.headers }).on('field', (name, value) => seen.push([name, value])).on('file', (name, stream, info) => {
    let size = 0;
    stream.on('data', (part) => { size += part.length; }).on('end', () => seen.push([name, info, size]));
  }).on('close', () => resolve(seen)).on('error', reject));
});`,
  },
  {
    name: 'formidable',
    versions: ['3.5.4'],
    does: 'the request parsed, its file kept in memory',
    source: `
import formidable from 'formidable';
import { Writable } from 'node:stream';
export const use = async ({ req }) => {
  const parts = [];
  const form = formidable({ fileWriteStreamHandler: () => new Writable({ write: (part, _, done) => { parts.push(part); done(); } }) });
  const [fields, files] = await form.parse(req);
  return [fields, files.file.map(({ originalFilename, mimetype, size }) => [originalFilename, mimetype, size]), Buffer.concat(parts).length];
};`,
  },
  {
    name: 'multer',
    versions: ['1.4.5-lts.2', '2.5.0'],
    does: 'memory storage as middleware',
    source: `
import multer from 'multer';
export const mount = (router) => {
  const upload = multer({ storage: multer.memoryStorage(), limits: { fileSize: 100_000 } });
  router.post('/', upload.single('file'), (req, res) => res.json([req.body, req.file.originalname, req.file.mimetype, req.file.size, req.file.buffer.subarray(0, 4).toString()]));
};`,
  },
  {
    name: 'express-fileupload',
    versions: ['1.5.2'],
    does: 'files in memory as middleware',
    source: `
import fileUpload from 'express-fileupload';
export const mount = (router) => {
  router.use(fileUpload());
  router.post('/', (req, res) => res.json([{ ...req.body }, req.files.file.name, req.files.file.size, req.files.file.md5]));
};`,
  },
  {
    name: 'cookie-parser',
    versions: ['1.4.7'],
    does: 'cookies as middleware, and signed ones by hand',
    source: `
import cookieParser from 'cookie-parser';
import { createHmac } from 'node:crypto';
export const mount = (router) => {
  router.use(cookieParser());
  const signed = 's:a.' + createHmac('sha256', 'secret').update('a').digest('base64').replace(/=+$/, '');
  router.post('/', (req, res) => res.json([req.cookies.one, cookieParser.signedCookie(signed, 'secret'), cookieParser.signedCookie('s:a.b', 'secret'), cookieParser.JSONCookie('j:{"a":1}')]));
};`,
  },
  {
    name: 'express-rate-limit',
    versions: ['7.5.1'],
    does: 'a limiter in memory as middleware',
    source: `
import { rateLimit } from 'express-rate-limit';
export const mount = (router) => {
  router.use(rateLimit({ windowMs: 60_000, limit: 5, keyGenerator: () => 'all', validate: false, standardHeaders: 'draft-7' }));
  router.post('/', (req, res) => res.json([req.rateLimit.limit, req.rateLimit.remaining]));
};`,
  },
  {
    name: 'rate-limiter-flexible',
    versions: ['5.0.5'],
    does: 'a limiter in memory',
    source: `
import { RateLimiterMemory } from 'rate-limiter-flexible';
export const use = async () => {
  const limiter = new RateLimiterMemory({ points: 2, duration: 60 });
  await limiter.consume('a');
  const second = await limiter.consume('a');
  return [second.remainingPoints, await limiter.consume('a').catch((refused) => refused.remainingPoints)];
};`,
  },
  {
    name: 'nodemailer',
    versions: ['6.10.1', '7.0.13'],
    does: 'mail over SMTP',
    source: `
import nodemailer from 'nodemailer';
export const use = async () => nodemailer.createTransport({ host: '127.0.0.1', port: 2525 }).sendMail({ from: 'a@b.c', to: 'd@e.f', subject: 's', text: 't' });`,
    refused: {
      how: /net\.connect is not available to an extension/,
      why: 'SMTP needs a socket (`net`), which no capability gives; use a mail service over HTTP',
    },
  },
  {
    name: 'sharp',
    versions: ['0.33.5'],
    does: 'an image resized',
    source: `
import sharp from 'sharp';
export const use = async () => (await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } }).png().toBuffer()).length;`,
    refused: { how: /native|\.node|sharp|ERR_/i, why: 'native code cannot run in an isolate' },
  },
  {
    name: 'ioredis',
    versions: ['5.6.1'],
    does: 'a Redis client',
    source: `
import Redis from 'ioredis';
export const use = () => new Promise((_, reject) => { const redis = new Redis({ host: '127.0.0.1', port: 6399, retryStrategy: null }); redis.on('error', (error) => { redis.disconnect(); reject(error); }); });`,
    refused: { how: /ERR_CAPABILITY_NOT_GRANTED/, why: 'it needs a socket (`net`), which no capability gives' },
  },
  {
    name: 'undici',
    versions: ['7.16.0'],
    does: 'its own client on sockets',
    source: `
import { request } from 'undici';
export const use = async ({ origin }) => (await request(origin + '/json')).statusCode;`,
    refused: {
      how: /ERR_CAPABILITY_NOT_GRANTED/,
      why: 'it brings its own HTTP client on sockets (`net`, `tls`); the global fetch is there',
    },
  },
];
