// An extension that makes its kernel post any head it likes: what leaves the host is judged by the host alone. Must never rely on a check of the guest's side.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Reply } from '../helpers/client.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

/** `Array.prototype.toJSON` stands in for every list the kernel turns into text, its heads among them. */
const source = `
export default (router) => {
  router.post('/forge', (req, res) => {
    const { head, stream, times } = req.body;
    const forged = times === undefined ? head : [200, ...Array.from({ length: times }, (_, at) => ['x-' + at, 'v']).flat()];
    const isHead = (list) => typeof list[0] === 'number' && list[0] >= 200;
    Array.prototype.toJSON = function () {
      if (!isHead(this)) return this;
      delete Array.prototype.toJSON;
      return forged;
    };
    if (stream) { res.write('part'); return setTimeout(() => res.end(), 5); }
    res.end('body');
  });
  router.get('/', (req, res) => res.json('here'));
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({ extensions: { forger: extension(source), by: extension(source) } });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

const forge = async (head: unknown, more: object = {}): Promise<Reply> => {
  const reply = await runtime.post('/forger/forge', { head, ...more });
  assert.equal((await runtime.get('/forger')).status, 200, 'its next request is answered');
  assert.equal((await runtime.get('/by')).status, 200, 'its neighbour’s as well');
  return reply;
};
const all = (reply: Reply, name: string): readonly string[] =>
  reply.rawHeaders.filter((_, index, raw) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name);
const sandboxed = (reply: Reply): boolean => all(reply, 'content-security-policy').some((one) => one.startsWith('sandbox '));

test('the forgery works: this head is no kernel’s', async () => {
  const reply = await forge([299, 'x-forged', 'yes']);
  assert.deepEqual([reply.status, reply.headers['x-forged'], reply.text], [299, 'yes', 'body']);
  assert.equal(all(reply, 'x-powered-by').length, 0);
});

describe('a head that is none is refused', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['a status as text', ['200']],
    ['half a status', [200.5]],
    ['a negative status', [-200]],
    ['a status beyond', [600]],
    ['an informational status', [101]],
    ['no status', []],
    ['a list for a status', [[200]]],
    ['null', null],
    ['a number', 200],
    ['an object', { 0: 200, length: 1 }],
    ['a header without a name', [200, '', 'v']],
    ['a name with a colon', [200, 'a:b', 'v']],
    ['a name with a space', [200, 'transfer-encoding ', 'chunked']],
    ['a name with a tab', [200, 'x\ty', 'v']],
    ['a name with a line break', [200, 'x\r\nset-cookie', 'v']],
    ['a name of another alphabet', [200, 'ſet-cookie', 'v']],
    ['a name that is a list', [200, ['a\r\nb'], 'v']],
    ['a name that is an object', [200, {}, 'v']],
    ['a value that is a number', [200, 'x', 5]],
    ['a value that is null', [200, 'x', null]],
    ['a value that is an object', [200, 'x', { a: 1 }]],
    ['a list in a list', [200, 'x', [['a']]]],
    ['a line break in a value', [200, 'x', 'a\r\nset-cookie: b=c']],
    ['a lone line feed', [200, 'x', 'a\nb']],
    ['a lone carriage return', [200, 'x', 'a\rb']],
    ['a NUL', [200, 'x', 'a\0b']],
    ['DEL', [200, 'x', 'a\x7fb']],
    ['a character above Latin-1', [200, 'x', 'a\u010ab']],
    ['a line separator', [200, 'x', 'a\u2028b']],
    ['a line break in a list', [200, 'x', ['fine', 'a\r\nb: c']]],
  ];
  for (const [name, head] of rows) {
    for (const stream of [false, true]) {
      test(`${name}${stream ? ', of a stream' : ''}`, async () => {
        const reply = await forge(head, { stream });
        assert.deepEqual([reply.status, reply.code], [502, 'ERR_RESPONSE_INVALID']);
        assert.equal(reply.headers['set-cookie'], undefined);
      });
    }
  }
  for (const [name, times] of [
    ['headers', 65],
    ['thousands of headers', 5_000],
  ] as const)
    test(`${times} ${name}`, async () => assert.equal((await forge(null, { times })).code, 'ERR_RESPONSE_TOO_LARGE'));
});

describe('what frames the message is the host’s', () => {
  const names = [
    'Transfer-Encoding',
    'TRANSFER-ENCODING',
    'Content-Length',
    'Connection',
    'Keep-Alive',
    'Upgrade',
    'Trailer',
    'TE',
    'Proxy-Connection',
    'Proxy-Authenticate',
    'HTTP2-Settings',
    // U+212A is a K to toLowerCase().
    '\u212aeep-alive',
    'Date',
    'Server',
    'X-Content-Type-Options',
    'Strict-Transport-Security',
    'Clear-Site-Data',
    'Alt-Svc',
  ];
  for (const name of names) {
    test(JSON.stringify(name), async () => {
      const reply = await forge([200, name, '7', 'x-kept', 'kept']);
      assert.deepEqual([reply.status, reply.text, reply.headers['x-kept']], [200, 'body', 'kept']);
      assert.equal(reply.rawHeaders.includes('7'), false);
      assert.equal(reply.headers['content-length'], '4');
    });
  }
  test('two lengths in a list', async () => assert.equal((await forge([200, 'content-length', ['1', '2']])).text, 'body'));
  for (const status of [204, 205, 304])
    test(`a body with ${status} stays behind`, async () => assert.equal((await forge([status])).text, ''));
  test('a body with 204, of a stream, stays behind', async () => assert.equal((await forge([204], { stream: true })).text, ''));
  test('names of objects are names like others', async () => {
    const reply = await forge([200, '__proto__', 'p', 'constructor', 'c', 'hasownproperty', 'h', 'tostring', 't']);
    assert.deepEqual([all(reply, '__proto__'), all(reply, 'constructor'), all(reply, 'hasownproperty')], [['p'], ['c'], ['h']]);
  });
});

describe('a type that a browser may run is sandboxed, however it is said', () => {
  const rows: readonly (readonly [string, readonly unknown[], boolean])[] = [
    ['as one', ['content-type', 'text/html'], true],
    ['first of two', ['content-type', 'text/html', 'content-type', 'application/json'], true],
    ['second of two', ['content-type', 'application/json', 'content-type', 'text/html'], true],
    ['in a list', ['content-type', ['application/json', 'text/html']], true],
    ['first in a list', ['Content-Type', ['text/html', 'application/json']], true],
    ['after a comma', ['content-type', 'application/json, text/html'], true],
    ['in capitals', ['CONTENT-TYPE', 'TEXT/HTML'], true],
    ['with blanks', ['content-type', ' \ttext/html ; charset=utf-7'], true],
    ['by an empty type', ['content-type', ''], true],
    ['by a type that is none', ['content-type', 'text'], true],
    ['by no type at all', [], true],
    ['not: JSON', ['content-type', 'application/json; charset=utf-8'], false],
    ['not: an image', ['content-type', 'image/png'], false],
  ];
  for (const [name, headers, expected] of rows) {
    for (const stream of [false, true])
      test(`${name}${stream ? ', of a stream' : ''}`, async () =>
        assert.equal(sandboxed(await forge([200, ...headers], { stream })), expected));
  }
});

describe('a cookie stays below the mount, on this host', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['a=b', 'a=b; Path=/forger'],
    ['a=b; Path=/', 'a=b; Path=/forger'],
    // The last of two counts in a browser, and one without a value means the folder of the request's path: the root.
    ['a=b; Path', 'a=b; Path=/forger'],
    ['a=b; path=/forger; Path', 'a=b; Path=/forger'],
    ['a=b; Path=', 'a=b; Path=/forger'],
    ['a=b; PATH = /', 'a=b; Path=/forger'],
    ['a=b;Path=/forger/deep', 'a=b; Path=/forger/deep'],
    ['a=b; Path=/forgery', 'a=b; Path=/forger'],
    ['a=b; Path=relative', 'a=b; Path=/forger'],
    ['a=b; Path=/forger/x; Path=/', 'a=b; Path=/forger/x'],
    ['a=b; Domain=example.org', 'a=b; Path=/forger'],
    ['a=b; Domain', 'a=b; Path=/forger'],
    ['a=b; \u00a0Domain=example.org', 'a=b; Path=/forger'],
    ['a=b; Secure; HttpOnly; SameSite=Lax; Max-Age=5', 'a=b; Secure; HttpOnly; SameSite=Lax; Max-Age=5; Path=/forger'],
    ['', '; Path=/forger'],
    ['; Path=/', '; Path=/forger'],
  ];
  for (const [cookie, expected] of rows) {
    test(JSON.stringify(cookie), async () => {
      for (const value of [cookie, [cookie]]) {
        const reply = await forge([200, 'Set-Cookie', value]);
        const parts = (text: string): readonly string[] =>
          text
            .split(';')
            .map((part) => part.trim())
            .sort();
        assert.deepEqual(all(reply, 'set-cookie').map(parts), [parts(expected)]);
      }
    });
  }
});
