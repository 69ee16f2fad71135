// Programs over node:zlib whose printed value in a cell must be node's. Data only.
import type { ValueCase } from './globals-cases.ts';

const text = `'the quick brown fox jumps over the lazy dog. '.repeat(300)`;
const packed = (name: string): string => `zlib.${name}Sync(text).toString('base64')`;

export const zlibCases: readonly ValueCase[] = [
  {
    name: 'packs to the same bytes as node, whatever the level, window and strategy',
    source: `const zlib = require('zlib'); const text = ${text}; const seen = [${['deflate', 'gzip', 'deflateRaw'].map(packed).join(', ')}]; for (const options of [{ level: 0 }, { level: 1 }, { level: 9, memLevel: 9 }, { windowBits: 9 }, { strategy: zlib.constants.Z_HUFFMAN_ONLY }, { chunkSize: 64 }, { dictionary: Buffer.from('the quick brown fox') }]) seen.push(zlib.deflateSync(text, options).toString('base64')); return seen`,
  },
  {
    name: 'unpacks what it packed, and says which wrapper it found',
    source: `const zlib = require('node:zlib'); const text = ${text}; const plain = (bytes) => bytes.toString() === text; return [plain(zlib.inflateSync(zlib.deflateSync(text))), plain(zlib.gunzipSync(zlib.gzipSync(text))), plain(zlib.inflateRawSync(zlib.deflateRawSync(text))), plain(zlib.unzipSync(zlib.gzipSync(text))), plain(zlib.unzipSync(zlib.deflateSync(text))), plain(zlib.inflateSync(zlib.deflateSync(text, { dictionary: Buffer.from('quick') }), { dictionary: Buffer.from('quick') })), zlib.gunzipSync(Buffer.concat([zlib.gzipSync('a'), zlib.gzipSync('b'), Buffer.alloc(8)])).toString(), zlib.deflateSync('').length, zlib.inflateSync(zlib.deflateSync(Buffer.alloc(0))).length, zlib.gunzipSync(zlib.gzipSync(new Uint16Array([1, 2]))).length]`,
  },
  {
    name: 'broken input fails as in node',
    source: `const zlib = require('zlib'); const good = zlib.gzipSync('hello hello hello'); const deflated = zlib.deflateSync('hello', { dictionary: Buffer.from('x') }); const broken = Buffer.from(good); broken[14] ^= 0xff; const wrongSum = Buffer.from(good); wrongSum[wrongSum.length - 6] ^= 1; const seen = []; for (const run of [() => zlib.gunzipSync('not gzip'), () => zlib.inflateSync(Buffer.from([1, 2, 3])), () => zlib.gunzipSync(good.subarray(0, 12)), () => zlib.gunzipSync(broken), () => zlib.gunzipSync(wrongSum), () => zlib.inflateSync(deflated), () => zlib.inflateSync(deflated, { dictionary: Buffer.from('y') }), () => zlib.gunzipSync(Buffer.concat([good, Buffer.from('tail')])), () => zlib.inflateRawSync(Buffer.from([7])), () => zlib.gunzipSync(good, { maxOutputLength: 5 }), () => zlib.gunzipSync(Buffer.alloc(0))]) try { seen.push(String(run())) } catch (error) { seen.push([error.name, error.message, error.code, error.errno ?? null]) } return seen`,
  },
  {
    name: 'bad arguments fail as in node',
    source: `const zlib = require('zlib'); const seen = []; for (const run of [() => zlib.gzipSync(5), () => zlib.gzipSync(), () => zlib.gzipSync('x', { level: 10 }), () => zlib.gzipSync('x', { level: 'high' }), () => zlib.createGzip({ windowBits: 99 }), () => zlib.gzip('x'), () => zlib.createInflate({ dictionary: 5 }), () => zlib.crc32(5), () => zlib.gzipSync('x', { chunkSize: 1 })]) try { run(); seen.push('ran') } catch (error) { seen.push([error.name, error.code]) } return seen`,
  },
  {
    name: 'callbacks and promises',
    source: `const zlib = require('zlib'); const { promisify } = require('util'); const order = []; const packed = await new Promise((done, fail) => { zlib.gzip('text', { level: 9 }, (error, bytes) => (error ? fail(error) : done(bytes))); order.push('returned') }); const failed = await promisify(zlib.gunzip)('nothing').catch((error) => error.code); return [order, (await promisify(zlib.gunzip)(packed)).toString(), failed, await new Promise((done) => zlib.inflate('x', (error, value) => done([error.code, value === undefined])))]`,
  },
  {
    name: 'streams pipe, flush, count and fail',
    source: `const zlib = require('zlib'); const { Readable, Writable } = require('stream'); const { pipeline } = require('stream/promises'); const text = ${text}; const sink = () => { const chunks = []; const stream = new Writable({ write(chunk, encoding, done) { chunks.push(chunk); done() } }); stream.text = () => Buffer.concat(chunks).toString(); return stream }; const out = sink(); await pipeline(Readable.from([text.slice(0, 5000), text.slice(5000)]), zlib.createGzip(), zlib.createGunzip(), out); const raw = sink(); await pipeline(Readable.from([zlib.deflateRawSync(text)]), zlib.createInflateRaw({ chunkSize: 64 }), raw); const broken = await pipeline(Readable.from([Buffer.from('nope')]), zlib.createUnzip(), sink()).catch((error) => [error.code, error.errno]); const short = await pipeline(Readable.from([zlib.gzipSync(text).subarray(0, 40)]), zlib.createGunzip(), sink()).catch((error) => error.code); const gzip = zlib.createGzip(); const parts = []; gzip.on('data', (part) => parts.push(part)); gzip.write('first'); await new Promise((done) => gzip.flush(done)); const sofar = zlib.gunzipSync(Buffer.concat(parts), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString(); gzip.end('second'); await new Promise((done) => gzip.on('end', done)); return [out.text() === text, raw.text() === text, broken, short, sofar, zlib.gunzipSync(Buffer.concat(parts)).toString(), gzip.bytesWritten, gzip instanceof zlib.Gzip, gzip instanceof require('stream').Transform, zlib.Gzip.name, zlib.createUnzip().constructor.name]`,
  },
  {
    name: 'brotli, crc32 and constants',
    source: `const zlib = require('zlib'); const { promisify } = require('util'); const out = async (run) => { try { return String(await run()) } catch (error) { return error.code === 'ERR_BUFFER_TOO_LARGE' ? error.code : 'failed' } }; const hello = Buffer.from('Gx8A+KVZzN7w5CCLaNIZnPPOS+ggHqQw2w==', 'base64'); return [await out(() => zlib.brotliDecompressSync(hello)), await out(() => promisify(zlib.brotliDecompress)(hello)), await out(() => zlib.brotliDecompressSync(Buffer.from('zzzz'))), await out(() => zlib.brotliDecompressSync(hello, { maxOutputLength: 4 })), await out(() => zlib.brotliDecompressSync(hello.subarray(0, 9))), zlib.crc32('hello'), zlib.crc32(' world', zlib.crc32('hello')), zlib.crc32(Buffer.alloc(0)), zlib.constants.Z_SYNC_FLUSH, zlib.constants.BROTLI_PARAM_QUALITY, Object.isFrozen(zlib.constants), typeof zlib.createBrotliDecompress]`,
  },
  {
    name: 'CompressionStream and DecompressionStream',
    source: `const zlib = require('zlib'); const text = ${text}; const all = async (stream) => Buffer.concat(await Array.fromAsync(stream)); const through = async (bytes, stream) => { const writer = stream.writable.getWriter(); const writing = (async () => { await writer.write(bytes.subarray(0, 5)); await writer.write(bytes.subarray(5)); await writer.close() })(); writing.catch(() => {}); return all(stream.readable) }; const seen = []; for (const format of ['gzip', 'deflate', 'deflate-raw']) { const packed = await through(Buffer.from(text), new CompressionStream(format)); seen.push(packed.toString('base64'), (await through(packed, new DecompressionStream(format))).toString() === text) } const packed = zlib.gzipSync(text); for (const bytes of [Buffer.from('nope nope'), packed.subarray(0, 30), Buffer.concat([packed, Buffer.from('junk')])]) try { seen.push((await through(bytes, new DecompressionStream('gzip'))).length) } catch (error) { seen.push([error.name, error.code]) } for (const format of ['x', undefined, 'constructor']) try { new CompressionStream(format) } catch (error) { seen.push([error.name, error.code]) } const one = new CompressionStream('gzip'); seen.push(Object.prototype.toString.call(one), one.constructor.name, one.readable instanceof ReadableStream, one.writable instanceof WritableStream, Object.keys(CompressionStream.prototype)); return seen`,
  },
];
