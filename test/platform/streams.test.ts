// Bodies in both directions under back-pressure, and what a guest hears when the client goes. Real isolate; the test plays the kernel's part.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Guest, openGuest } from './guest.ts';

for (const version of [4, 5] as const) {
  describe(`streams under Express ${version}`, () => {
    let guest: Guest;
    before(async () => {
      guest = await openGuest(version);
    });
    after(() => guest.close());
    const kinds = (id: number): string[] =>
      guest.messages
        .filter((message) => message.id === id && ['respond', 'head', 'chunk', 'end', 'more', 'abort', 'next'].includes(message.kind))
        .map((message) => message.kind);
    const seen = async (): Promise<unknown> => guest.run('return globalThis.seen');
    const settle = (): Promise<unknown> => guest.run('await new Promise((done) => setTimeout(done, 10))');

    test('write answers false while the host asks to wait, and drain comes when it does not', async () => {
      await guest.run(
        `app.get('/slow', (req, res) => { seen = []; const more = res.write('one', () => seen.push('taken')); seen.push(more, res.writableNeedDrain, res.writableLength); res.once('drain', () => { seen.push('drain', res.writableNeedDrain); res.end('two') }) }); globalThis.seen = []`,
      );
      const id = guest.begin({ path: '/slow', headers: { 'x-slow': '1' } });
      await guest.wait((message) => message.id === id && message.kind === 'chunk');
      assert.deepEqual(await seen(), [false, true, 3]);
      assert.deepEqual(kinds(id), ['head', 'chunk']);
      guest.send('drain', id);
      assert.equal((await guest.answer(id)).body, 'onetwo');
      assert.deepEqual(await seen(), [false, true, 3, 'taken', 'drain', false]);
    });

    test('a stream piped into a slow response waits for each drain', async () => {
      await guest.run(
        `const { Readable } = require('stream'); app.get('/piped', (req, res) => { globalThis.pulled = 0; new Readable({ highWaterMark: 1, read() { globalThis.pulled += 1; this.push(globalThis.pulled > 20 ? null : 'x'.repeat(10)) } }).pipe(res) })`,
      );
      const id = guest.begin({ path: '/piped', headers: { 'x-slow': '1' } });
      await guest.wait((message) => message.id === id && message.kind === 'chunk');
      await settle();
      assert.equal(kinds(id).filter((kind) => kind === 'chunk').length, 1);
      assert.ok(((await guest.run('return globalThis.pulled')) as number) <= 4);
      for (let step = 0; step < 40 && !kinds(id).includes('end'); step += 1) {
        guest.send('drain', id);
        await settle();
      }
      assert.equal((await guest.answer(id)).body.length, 200);
    });

    test('server-sent events flow one by one, and stop when the client goes', async () => {
      await guest.run(
        `app.get('/sse', (req, res) => { globalThis.seen = []; res.writeHead(200, { 'Content-Type': 'text/event-stream' }); res.flushHeaders(); let n = 0; const every = setInterval(() => res.write('data: ' + (n += 1) + '\\n\\n'), 5); const note = (name) => () => globalThis.seen.push(name); req.on('close', note('req close')); req.on('aborted', note('aborted')); res.on('close', () => { clearInterval(every); globalThis.seen.push('res close', res.writableFinished, res.destroyed) }); res.on('finish', note('finish')); req.socket.on('close', note('socket close')) })`,
      );
      const id = guest.begin({ path: '/sse' });
      await guest.wait((message) => message.id === id && message.kind === 'chunk');
      assert.deepEqual(kinds(id).slice(0, 2), ['head', 'chunk']);
      guest.send('gone', id);
      await settle();
      const told = (await seen()) as unknown[];
      assert.deepEqual([...told].sort(), ['aborted', false, 'req close', 'res close', 'socket close', true].sort());
      const count = kinds(id).length;
      await settle();
      await settle();
      assert.equal(kinds(id).length, count);
    });

    test('a client that goes while the body is read: error only for those who listen', async () => {
      await guest.run(
        `app.post('/heard', (req, res) => { globalThis.seen = []; req.on('data', () => {}); req.on('error', (error) => globalThis.seen.push(error.code)); req.on('close', () => globalThis.seen.push('close', req.destroyed, req.aborted, req.complete)) }); app.post('/deaf', (req, res) => { globalThis.seen = []; req.on('data', () => {}); req.on('close', () => globalThis.seen.push('close')) }); app.post('/awaited', async (req, res) => { globalThis.seen = []; try { for await (const part of req) globalThis.seen.push(String(part)) } catch (error) { globalThis.seen.push(error.code) } })`,
      );
      for (const [path, expected] of [
        ['/heard', ['ECONNRESET', 'close', true, true, false]],
        ['/deaf', ['close']],
        ['/awaited', ['part', 'ECONNRESET']],
      ] as const) {
        const id = guest.begin({ method: 'POST', path }, 'stream');
        guest.send('push', id, '', Buffer.from('part'));
        await settle();
        guest.send('gone', id);
        await settle();
        assert.deepEqual(await seen(), expected, path);
      }
    });

    test('a streamed body is asked for only when somebody reads, and not faster than it is read', async () => {
      await guest.run(
        `app.post('/late', (req, res) => { globalThis.request = req; globalThis.answer = res }); app.post('/never', (req, res) => res.send('unread'))`,
      );
      const unread = guest.begin({ method: 'POST', path: '/never' }, 'stream');
      assert.equal((await guest.answer(unread)).body, 'unread');
      assert.deepEqual(kinds(unread), ['respond']);
      const id = guest.begin({ method: 'POST', path: '/late' }, 'stream');
      await settle();
      assert.deepEqual(kinds(id), []);
      await guest.run('request.read(0)');
      await settle();
      assert.ok(kinds(id).includes('more'));
      guest.send('push', id, '', Buffer.alloc(100_000));
      const pushed = await guest.wait((message) => message.id === id && message.kind === 'pushed');
      assert.equal(pushed.more, false);
      await guest.run(`let size = 0; request.on('data', (part) => { size += part.length }); request.on('end', () => answer.json(size))`);
      guest.send('push', id);
      assert.equal((await guest.answer(id)).body, '100000');
    });

    test('destroying the response cuts it off', async () => {
      await guest.run(
        `app.get('/cut', (req, res) => { globalThis.seen = []; res.on('error', (error) => globalThis.seen.push(error.message)); res.on('close', () => globalThis.seen.push('close')); res.write('half'); res.destroy(new Error('enough')); globalThis.seen.push(res.write('more')) })`,
      );
      const id = guest.begin({ path: '/cut' });
      await guest.wait((message) => message.id === id && message.kind === 'abort');
      await settle();
      assert.deepEqual(kinds(id), ['head', 'chunk', 'abort']);
      assert.deepEqual(await seen(), [false, 'enough', 'close']);
    });

    test('an answer given at once is one message, however it is given', async () => {
      await guest.run(
        `app.get('/once/:how', (req, res) => { const { how } = req.params; if (how === 'head') { res.writeHead(201, { 'X-A': '1' }); res.end('x') } else if (how === 'end') res.end('x'); else if (how === 'json') res.json(['x']); else if (how === 'empty') res.status(204).end() })`,
      );
      for (const how of ['head', 'end', 'json', 'empty']) {
        const id = guest.begin({ path: `/once/${how}` });
        await guest.answer(id);
        assert.deepEqual(kinds(id), ['respond'], how);
      }
    });

    test('a body beyond ASCII stays text, bytes stay bytes', async () => {
      await guest.run(
        `app.get('/text', (req, res) => res.send('ä€'.repeat(800))); app.get('/bytes', (req, res) => res.send(Buffer.from([0, 255])))`,
      );
      const [text, bytes] = [guest.begin({ path: '/text' }), guest.begin({ path: '/bytes' })];
      await Promise.all([guest.answer(text), guest.answer(bytes)]);
      const body = (id: number): unknown => guest.messages.find((message) => message.id === id && message.kind === 'respond');
      assert.equal((body(text) as { text: string }).text, 'ä€'.repeat(800));
      assert.equal((body(bytes) as { base64: string }).base64, 'AP8=');
    });

    // With then() and not await: extensions are bundled with their async functions lowered to it, this source is not.
    test('AsyncLocalStorage keeps concurrent requests apart', async () => {
      await guest.run(
        `const { AsyncLocalStorage } = require('async_hooks'); const store = new AsyncLocalStorage(); app.use((req, res, next) => store.run(req.query.n, next)); app.get('/als', (req, res) => { new Promise((done) => setTimeout(done, 5)).then(() => null).then(() => res.json([req.query.n, store.getStore()])) })`,
      );
      const ids = ['1', '2', '3', '4'].map((n) => guest.begin({ path: `/als?n=${n}` }));
      const bodies = await Promise.all(ids.map(async (id) => (await guest.answer(id)).body));
      assert.deepEqual(
        bodies,
        ['1', '2', '3', '4'].map((n) => JSON.stringify([n, n])),
      );
    });
  });
}
