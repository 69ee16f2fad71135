// Expressions whose value in the isolate must be what node gives. Data only. Each is the body of an async function (require) that returns JSON.

export interface ValueCase {
  readonly name: string;
  readonly source: string;
}

const each = (list: string, body: string): string =>
  `const seen = []; for (const value of ${list}) { try { seen.push(${body}) } catch (error) { seen.push([error.name, error.code ?? null]) } } return seen`;

export const globalCases: readonly ValueCase[] = [
  {
    name: 'URL parses, resolves and writes back',
    source: each(
      `['http://user:p%40ss@EXAMPLE.com:80/a/../b/./c?x=1&y=ä#frag', 'https://[::1]:8443/', 'file:///C:/x', 'http://1.2.3', 'http://0x7f.1/', 'mailto:a@b', 'http://ex ample', 'http://a:99999', '//no', 'http://münchen.de/ß', 'http://ＥＸ.com', 'http://xn--mnchen-3ya.de', 'http://a%41b.com/', 'http://a.b.c./', 'ws://h?#', 'data:text/plain,hi', 'http://faß.de', 'http://日本語.jp', 'javascript:alert(1)', 'http://x/%zz', 'http://\\u00adx.com', 'blob:http://a.com/x']`,
      '(() => { const u = new URL(value); return [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash] })()',
    ),
  },
  {
    name: 'URL with a base',
    source: each(`['../x', '/y?z', '?q', '#h', '//other/p', 'http:z', '']`, `new URL(value, 'http://h/a/b/c?d#e').href`),
  },
  {
    name: 'URL setters',
    source: `const u = new URL('http://a.com/x'); u.port = '8080'; u.pathname = 'p q'; u.search = 'k=v w'; u.hash = 'ü'; u.hostname = 'bücher.de'; u.protocol = 'https'; u.username = 'me'; u.searchParams.append('z', 'a&b'); return [u.href, String(u), JSON.stringify(u), URL.canParse('x:'), URL.canParse('nope'), u instanceof URL]`,
  },
  {
    name: 'URLSearchParams in all its forms',
    source: `const p = new URLSearchParams('?a=1&b=2&a=3&c=%20+x&d'); p.append('e', 'ä&='); p.delete('b'); p.set('a', '9'); p.sort(); return [String(p), [...p], p.getAll('a'), p.has('c'), p.get('nope'), p.size, String(new URLSearchParams({ x: '1', y: '2' })), String(new URLSearchParams([['k', 'v']])), [...p.keys()]]`,
  },
  {
    name: 'TextEncoder and TextDecoder, strict, with and without byte order mark, and in pieces',
    source: `const e = new TextEncoder(); const t = new TextDecoder(); const seen = [[...e.encode('aä€😀\\ud800')], e.encodeInto('ä€', new Uint8Array(3)), t.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff, 0xe2, 0x82])), new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).length, new TextDecoder('utf-16le').decode(new Uint8Array([0x61, 0, 0x3d, 0xd8, 0, 0xde])), new TextDecoder('latin1').encoding, t.encoding, t.fatal]; try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff])) } catch (error) { seen.push(error.name) } const s = new TextDecoder(); seen.push(s.decode(new Uint8Array([0xe2, 0x82]), { stream: true }) + s.decode(new Uint8Array([0xac]), { stream: true }) + s.decode()); try { new TextDecoder('nonsense') } catch (error) { seen.push(error.name) } return seen`,
  },
  {
    name: 'Buffer makes, reads and writes text',
    source: `const b = Buffer.from('häß€😀'); return [b.toString(), b.toString('hex'), b.toString('base64'), b.toString('base64url'), b.toString('latin1'), b.toString('utf8', 1, 4), Buffer.byteLength('häß€😀'), Buffer.byteLength('abc', 'base64'), Buffer.from('-_8', 'base64url').toString('hex'), Buffer.from('zz61', 'hex').length, Buffer.from([256, -1, 1.5]).toString('hex'), b.length, Buffer.concat([b, Buffer.from('x')]).length, Buffer.isBuffer(b), b instanceof Uint8Array, JSON.stringify(Buffer.from('a')), Buffer.from('a').equals(Buffer.from('a')), Buffer.compare(Buffer.from('a'), Buffer.from('b')), b.indexOf('€'), b.includes('x'), b.slice(1, 3).toString('hex'), b.subarray(1, 3).length, Buffer.alloc(3, 'ab').toString(), Buffer.from('ab').readUInt16BE(0), Buffer.from(new Uint8Array([1, 2]).buffer).length, Buffer.isEncoding('base64url'), Buffer.isEncoding('x'), Buffer.from('ffff', 'utf16le').length, Buffer.from([0xff, 0xe2, 0x82]).toString()]`,
  },
  {
    name: 'Buffer numbers',
    source: `const b = Buffer.alloc(16); b.writeUInt32BE(0xdeadbeef, 0); b.writeDoubleLE(1.5, 4); b.writeInt16LE(-2, 12); b.writeBigUInt64BE(5n, 8); return [b.toString('hex'), b.readUInt32LE(0), b.readInt8(0), String(b.readBigInt64BE(8)), b.fill(0).toString('hex').length, b.write('häß', 2), b.toString('utf8', 2, 7), b.swap16().length]`,
  },
  {
    name: 'Buffer has the shortcuts that parsers use',
    source: `const b = Buffer.from('häß€'); const names = ['ascii', 'base64', 'base64url', 'hex', 'latin1', 'ucs2', 'utf8']; const c = Buffer.alloc(8); return [names.map((name) => [b[name + 'Slice'](), b[name + 'Slice'](1, 4)]), c.latin1Write('äb', 1), c.utf8Write('€', 3), c.hexWrite('ff', 7), c.toString('hex')]`,
  },
  {
    name: 'Buffer refuses what node refuses',
    source: each(
      `[() => Buffer.from(5), () => Buffer.from(null), () => Buffer.alloc(-1), () => Buffer.from('x', 'nonsense'), () => Buffer.byteLength(5), () => Buffer.from('abc').readUInt32LE(0)]`,
      'value()',
    ).replaceAll('error.code ?? null', 'null'),
  },
  {
    name: 'timers fire in order, once, with their arguments, and can be cleared',
    source: `const seen = []; await new Promise((done) => { setTimeout((...args) => { seen.push(['t30', ...args]); done() }, 30, 1, 2); const gone = setTimeout(() => seen.push('gone'), 5); clearTimeout(gone); const byNumber = setTimeout(() => seen.push('gone too'), 5); clearTimeout(Number(byNumber)); setTimeout(() => seen.push('t10'), 10); setImmediate(() => seen.push('immediate')); queueMicrotask(() => seen.push('micro')); process.nextTick((x) => seen.push('tick' + x), 7); let n = 0; const every = setInterval(() => { n += 1; if (n === 2) { clearInterval(every); seen.push('twice') } }, 3) }); return [seen.filter((x) => x === 'gone' || x === 'gone too').length, seen.at(-1), seen.includes('twice'), seen.indexOf('micro') < seen.indexOf('t10'), seen.includes('tick7'), seen.includes('immediate')]`,
  },
  {
    name: 'a Timeout has the methods node gives it',
    source: `const t = setTimeout(() => {}, 1000); const seen = [t.hasRef(), t.unref() === t, t.hasRef(), t.ref().hasRef(), t.refresh() === t, typeof t[Symbol.toPrimitive](), typeof t[Symbol.dispose]]; clearTimeout(t); try { setTimeout('code', 1) } catch (error) { seen.push(error.code) } clearTimeout(undefined); clearTimeout({}); clearTimeout(99999); return seen`,
  },
  {
    name: 'structuredClone copies kinds, cycles and errors, and refuses functions',
    source: `const o = { d: new Date(5), r: /a/gi, m: new Map([[{ k: 1 }, new Set([1])]]), u: new Uint8Array([1, 2]), n: null, u2: undefined, b: 1n, e: new RangeError('x', { cause: 1 }), list: [1, , 3], boxed: Object(5), big: new Float64Array([1.5]).buffer }; o.self = o; const c = structuredClone(o); const seen = [c !== o, c.self === c, c.d.getTime(), c.d !== o.d, String(c.r), [...c.m.keys()][0].k, [...[...c.m.values()][0]], [...c.u], c.u.buffer !== o.u.buffer, 'u2' in c, String(c.b), c.e instanceof RangeError, c.e.message, c.e.cause, 1 in c.list, c.list.length, c.boxed instanceof Number, c.big.byteLength, structuredClone(Buffer.from('x')) instanceof Uint8Array]; for (const bad of [() => {}, Symbol('s'), new WeakMap(), Promise.resolve(), { deep: [() => {}] }]) try { structuredClone(bad); seen.push('copied') } catch (error) { seen.push([error.name, error.code]) } class P { x = 1; get y() { return 2 } } seen.push(Object.getPrototypeOf(structuredClone(new P())) === Object.prototype); return seen`,
  },
  {
    name: 'AbortController and AbortSignal',
    source: `const c = new AbortController(); const seen = []; c.signal.onabort = (e) => seen.push(['on', e.type]); c.signal.addEventListener('abort', () => seen.push('listener'), { once: true }); const any = AbortSignal.any([c.signal, new AbortController().signal]); seen.push(any.aborted); c.abort(); c.abort(); seen.push(c.signal.aborted, c.signal.reason.name, c.signal.reason.code, any.aborted, any.reason === c.signal.reason); try { c.signal.throwIfAborted() } catch (error) { seen.push(error.name) } seen.push(AbortSignal.abort('why').reason); const t = AbortSignal.timeout(5); await new Promise((done) => { t.addEventListener('abort', done); setTimeout(() => {}, 40) }); seen.push(t.reason.name); try { new AbortSignal() } catch (error) { seen.push(error.name) } const late = new AbortController(); const target = new EventTarget(); let n = 0; target.addEventListener('x', () => { n += 1 }, { signal: late.signal }); target.dispatchEvent(new Event('x')); late.abort(); target.dispatchEvent(new Event('x')); seen.push(n); return seen`,
  },
  {
    name: 'EventTarget and Event',
    source: `const t = new EventTarget(); const seen = []; const object = { handleEvent(e) { seen.push(['object', this === object, e.target === t]) } }; t.addEventListener('a', object); t.addEventListener('a', (e) => { e.preventDefault(); e.stopImmediatePropagation() }, { once: true }); t.addEventListener('a', () => seen.push('last')); const e = new Event('a', { cancelable: true }); seen.push(t.dispatchEvent(e), e.defaultPrevented, t.dispatchEvent(new Event('a')), e.type, e.bubbles, e.eventPhase); t.removeEventListener('a', object); t.dispatchEvent(new CustomEvent('a', { detail: 5 })); return seen`,
  },
  {
    name: 'DOMException',
    source: `const e = new DOMException('m', 'AbortError'); return [e.name, e.message, e.code, e instanceof Error, String(e), DOMException.ABORT_ERR, new DOMException('x', { name: 'DataCloneError', cause: 1 }).code, Object.prototype.toString.call(e)]`,
  },
  {
    name: 'atob and btoa',
    source: each(`['aGk=', 'aGk', ' a G k = ', 'a', '====', 'ab-_', '/w==']`, 'atob(value)').replace(
      'return seen',
      `for (const value of ['hi', 'ÿ', '€', '']) { try { seen.push(btoa(value)) } catch (error) { seen.push([error.name, error.code]) } } return seen`,
    ),
  },
  {
    name: 'crypto gives random values of the right form',
    source: `const a = crypto.getRandomValues(new Uint32Array(4)); const u = crypto.randomUUID(); const seen = [a.length, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(u), u !== crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(0)).length]; for (const bad of [new Float32Array(1), new Uint8Array(65537)]) try { crypto.getRandomValues(bad); seen.push('filled') } catch (error) { seen.push(error.name) } return seen`,
  },
  {
    name: 'performance, process and global are there',
    source: `const before = performance.now(); await new Promise((done) => setTimeout(done, 15)); return [performance.now() - before >= 10, performance.timeOrigin > 1.6e12, global === globalThis, typeof process.env, process.cwd().startsWith('/'), process.platform.length > 0, Array.isArray(process.argv), typeof process.pid, process.on('x', () => {}) === process, typeof process.hrtime.bigint(), process.hrtime().length, process.uptime() >= 0, typeof process.memoryUsage().heapUsed, process.version.startsWith('v24.'), process.versions.node.startsWith('24.')]`,
  },
];

export const moduleCases: readonly ValueCase[] = [
  {
    name: 'path',
    source: `const path = require('node:path'); return [path.join('/a', '..', 'b', './c.txt'), path.resolve('/a', 'b'), path.extname('x.tar.gz'), path.basename('/a/b.js', '.js'), path.dirname('/a/b'), path.parse('/x/y.z'), path.format({ dir: '/d', base: 'b' }), path.relative('/a/b', '/a/c'), path.normalize('/a//b/'), path.isAbsolute('a'), path.sep, path.posix.join('a', 'b'), path === require('path').posix]`,
  },
  {
    name: 'url',
    source: `const url = require('url'); return [url.parse('http://u:p@h:8/p?q=1#h').host, url.parse('/a?b=c', true).query.b, url.format({ protocol: 'http', host: 'h', pathname: '/p', query: { a: 1 } }), url.resolve('http://h/a/b', '../c'), url.fileURLToPath('file:///a%20b'), url.pathToFileURL('/a b').href, url.URL === URL, url.format(new URL('http://u:p@h/p?q#f'), { auth: false, fragment: false }), url.domainToASCII('münchen.de'), url.urlToHttpOptions(new URL('https://a:b@h:1/p?q')).path]`,
  },
  {
    name: 'util',
    source: `const util = require('node:util'); const read = util.promisify((x, done) => done(null, x + 1)); const called = await new Promise((done) => util.callbackify(async (x) => x * 2)(4, (error, value) => done(value))); class A {} class B {} util.inherits(B, A); return [await read(1), called, new B() instanceof A, util.format('%s %d %j', 'a', 1, { b: 2 }), util.inspect({ a: [1, { b: new Map([[1, 2]]) }] }), util.types.isDate(new Date()), util.types.isPromise(Promise.resolve()), util.types.isUint8Array(Buffer.from('a')), util.isDeepStrictEqual({ a: [1, new Set([2])] }, { a: [1, new Set([2])] }), util.isDeepStrictEqual({ a: 1 }, { a: 2 }), util.deprecate((x) => x, 'old')(5), util.inspect.custom === Symbol.for('nodejs.util.inspect.custom'), util.inspect({ [util.inspect.custom]: () => 'mine' }), util.stripVTControlCharacters('\\u001b[31mred\\u001b[0m'), util.TextEncoder === TextEncoder, util.toUSVString('a\\ud800'), typeof util.debuglog('x')]`,
  },
  {
    name: 'util.inspect on every kind',
    source: `const { inspect } = require('util'); class A { x = 1 } class B extends A {} const loop = { a: 1 }; loop.self = loop; const bare = Object.create(null); bare.q = 1; return [1, -0, 10n, "it's", 'a\\nb', { a: { b: { c: { d: 1 } } } }, [1, [2, [3, [4]]]], new A(), new B(), loop, new Map([['k', { a: 1 }]]), new Set([1]), bare, () => 1, B, [1, , 3], Symbol('s'), { 'a-b': 1, get g() { return 1 }, set s(v) {} }, new Date(0), /a/g, Buffer.from('hi'), new Uint8Array(2), undefined, null, new Number(3), new WeakMap(), 'x'.repeat(90), { long1: 'x'.repeat(40), long2: 'y'.repeat(40) }, [{ id: 1, tags: ['a'] }, { id: 2, tags: [] }]].map((value) => inspect(value))`,
  },
  {
    name: 'util.format in its forms',
    source: `const { format } = require('util'); return [format('%s %s', 'a'), format('%d %i %f', '1.5', '1.5', '1.5x'), format('%j %%', { a: 1 }), format('a', 'b', { c: 1 }), format({ a: 1 }, 'z'), format('%s', { a: { b: 1 } }), format('%s', null, undefined), format('%O', { a: { b: { c: { d: 1 } } } }), format('%c styled', 'css'), format('%x', 1), format()]`,
  },
  {
    name: 'events',
    source: `const EventEmitter = require('events'); const e = new EventEmitter(); const seen = []; e.once('a', (x) => seen.push(x)); e.on('a', function (x) { seen.push(this === e) }); e.prependListener('a', () => seen.push('first')); e.emit('a', 1); e.emit('a', 2); setTimeout(() => e.emit('later', 'value'), 2); const [value] = await EventEmitter.once(e, 'later'); setTimeout(() => { e.emit('many', 1); e.emit('many', 2) }, 2); const many = []; for await (const [x] of EventEmitter.on(e, 'many')) { many.push(x); if (x === 2) break } try { e.emit('error', new Error('boom')) } catch (error) { seen.push(error.message) } return [seen, value, many, e.listenerCount('a'), e.eventNames().map(String), EventEmitter === EventEmitter.EventEmitter, EventEmitter.defaultMaxListeners, e.listenerCount('many')]`,
  },
  {
    name: 'stream',
    source: `const { Readable, Writable, Transform, PassThrough, pipeline, finished, Stream } = require('node:stream'); const { pipeline: piped } = require('stream/promises'); const out = []; await piped(Readable.from(['a', 'b']), new Transform({ transform(x, e, done) { done(null, String(x).toUpperCase()) } }), new Writable({ write(x, e, done) { out.push(String(x)); done() } })); const pass = new PassThrough(); pass.end('xyz'); const text = await require('stream/consumers').text(pass); let failed = null; await piped(Readable.from(['a']), new Transform({ transform(x, e, done) { done(new Error('no')) } }), new PassThrough()).catch((error) => { failed = error.message }); return [out, text, failed, typeof pipeline, typeof finished, new PassThrough() instanceof Stream, typeof Stream.Readable, await Readable.from([1, 2, 3]).map((x) => x * 2).toArray()]`,
  },
  {
    name: 'querystring',
    source: `const qs = require('querystring'); return [{ ...qs.parse('a=1&a=2&b=%20+x&c&=d') }, qs.stringify({ a: [1, 2], b: 'ä &', c: true, d: undefined }), { ...qs.parse('a:1;b:2', ';', ':') }, qs.stringify({ a: 1, b: 2 }, ';', ':'), Object.keys(qs.parse(Array.from({ length: 1100 }, (x, i) => 'k' + i).join('&'))).length, qs.escape('a b'), qs.unescape('%zz%20')]`,
  },
  {
    name: 'string_decoder, punycode and timers/promises',
    source: `const { StringDecoder } = require('string_decoder'); const d = new StringDecoder('utf8'); const text = d.write(Buffer.from([0xe2, 0x82])) + d.write(Buffer.from([0xac])) + d.end(); const timers = require('timers/promises'); const value = await timers.setTimeout(2, 'v'); const c = new AbortController(); c.abort(); const aborted = await timers.setTimeout(50, 1, { signal: c.signal }).catch((error) => [error.name, error.code]); return [text, value, aborted, await timers.setImmediate('i'), typeof require('timers').setTimeout]`,
  },
  {
    name: 'assert',
    source: `const assert = require('node:assert'); const seen = []; for (const act of [() => assert(1), () => assert(0, 'zero'), () => assert.equal(1, '1'), () => assert.strictEqual(1, '1'), () => assert.deepStrictEqual({ a: [1] }, { a: [1] }), () => assert.deepStrictEqual({ a: [1] }, { a: [2] }), () => assert.throws(() => { throw new TypeError('x') }, TypeError), () => assert.throws(() => {}), () => assert.match('abc', /z/), () => assert.fail('mine'), () => assert.ifError(null), () => assert.strict.equal(1, '1')]) try { act(); seen.push('ok') } catch (error) { seen.push([error.name, error.code]) } await assert.rejects(Promise.reject(new Error('r')), /r/); return seen`,
  },
  {
    name: 'crypto hashes, MACs and comparison',
    source: `const crypto = require('crypto'); const names = ['md5', 'sha1', 'sha256', 'sha384', 'sha512']; const h = crypto.createHash('sha256').update('a'); const copy = h.copy(); return [names.map((name) => crypto.createHash(name).update('häß').update(Buffer.from([0, 1])).digest('hex')), names.map((name) => crypto.createHmac(name, 'key').update('x').digest('base64')), h.update('b').digest('hex') !== copy.digest('hex'), crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('a')), crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('b')), crypto.randomBytes(8).length, crypto.randomInt(5) < 5, crypto.randomInt(5, 6), crypto.randomUUID().length, crypto.createHash('sha1').update('x').digest().length, crypto.createHash('SHA256').update('x').digest('base64url')]`,
  },
  {
    name: 'AsyncLocalStorage follows promises, timers and events',
    source: `const { AsyncLocalStorage, AsyncResource } = require('async_hooks'); const a = new AsyncLocalStorage(); const b = new AsyncLocalStorage(); const seen = [a.getStore() ?? null]; const bound = a.run('early', () => AsyncLocalStorage.bind(() => a.getStore())); const resource = a.run('made', () => new AsyncResource('x')); await Promise.all(['one', 'two'].map((store) => a.run(store, () => Promise.resolve().then(() => new Promise((done) => setTimeout(done, 3))).then(() => { seen.push(a.getStore()); return b.run('inner', () => Promise.resolve().then(() => seen.push([a.getStore(), b.getStore()]))) }).then(() => seen.push([a.getStore(), b.getStore() ?? null]))))); return [seen.map(String).sort(), a.getStore() ?? null, bound(), resource.runInAsyncScope(() => a.getStore()), a.run('x', () => a.exit(() => a.getStore() ?? null))]`,
  },
];
