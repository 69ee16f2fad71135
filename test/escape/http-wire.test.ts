// What a client writes on the wire: no request inside a request, no path out of a mount, no host or credential but as granted. Raw sockets. Must never use a client that tidies up.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const canary = 'canary-5f1c';
/** Says what it sees of a request. */
const source = (id: string): string => `
export default (router) => {
  router.use((req, res) => res.json({ by: '${id}', method: req.method, url: req.url, originalUrl: req.originalUrl, baseUrl: req.baseUrl, path: req.path, hostname: req.hostname, ip: req.ip, protocol: req.protocol, headers: req.headers, rawHeaders: req.rawHeaders, body: req.body ?? null }));
};`;

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      one: extension(source('one')),
      two: extension(source('two')),
      trusted: extension(source('trusted'), { capabilities: { headers: { names: ['authorization'] } } }),
    },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

/** Everything the host answers within a moment. */
const say = async (text: string): Promise<string> => {
  const socket = await runtime.connect();
  let heard = '';
  socket.on('data', (part) => {
    heard += part.toString('latin1');
  });
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.write(Buffer.from(text, 'latin1'));
  for (let round = 0; round < 40 && !/\r\n\r\n/.test(heard); round += 1) await Promise.race([closed, sleep(25)]);
  await Promise.race([closed, sleep(60)]);
  socket.destroy();
  return heard;
};
const statuses = (heard: string): readonly string[] => [...heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status ?? '');
const reached = (path: string): number => runtime.entries('request.end').filter((one) => one.path.startsWith(path)).length;

describe('a request inside a request is not one', () => {
  const hidden = 'GET /two/smuggled HTTP/1.1\r\nHost: h\r\n\r\n';
  const post = (headers: string, body: string): string => `POST /one HTTP/1.1\r\nHost: h\r\n${headers}\r\n\r\n${body}`;
  const rows: readonly (readonly [string, string])[] = [
    ['both lengths', post('Content-Length: 4\r\nTransfer-Encoding: chunked', `0\r\n\r\n${hidden}`)],
    ['both lengths, the other way', post('Transfer-Encoding: chunked\r\nContent-Length: 4', `0\r\n\r\n${hidden}`)],
    ['two lengths', post('Content-Length: 0\r\nContent-Length: 44', hidden)],
    ['two lengths in one', post('Content-Length: 0, 44', hidden)],
    ['a length with a sign', post('Content-Length: +0', hidden)],
    ['a negative length', post('Content-Length: -1', hidden)],
    ['a length in hex', post('Content-Length: 0x0', hidden)],
    ['a length with a blank in it', post('Content-Length: 0 0', hidden)],
    ['an encoding nobody knows', post('Transfer-Encoding: xchunked', hidden)],
    ['an encoding nobody knows, and chunked before it', post('Transfer-Encoding: chunked, identity', `0\r\n\r\n${hidden}`)],
    ['identity', post('Transfer-Encoding: identity', hidden)],
    ['chunked twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', `0\r\n\r\n${hidden}`)],
    ['a tab before chunked', post('Transfer-Encoding:\tchunked\r\nContent-Length: 4', `0\r\n\r\n${hidden}`)],
    ['a blank before the colon', post('Transfer-Encoding : chunked', `0\r\n\r\n${hidden}`)],
    ['a folded line', post('Transfer-Encoding:\r\n chunked', `0\r\n\r\n${hidden}`)],
    ['a lone line feed', `POST /one HTTP/1.1\nHost: h\nContent-Length: 0\n\n${hidden}`],
    ['a lone carriage return', post('X: a\rTransfer-Encoding: chunked', hidden)],
    ['a NUL in a header', post('X: a\0b\r\nContent-Length: 0', hidden)],
    ['a chunk size with a sign', post('Transfer-Encoding: chunked', `+0\r\n\r\n${hidden}`)],
    ['a chunk size that overflows', post('Transfer-Encoding: chunked', `10000000000000000\r\n\r\n${hidden}`)],
    ['a chunk without its end', post('Transfer-Encoding: chunked', `1\r\naX0\r\n\r\n${hidden}`)],
    ['a space in the version', `GET /one HTTP/1.1 \r\nHost: h\r\n\r\n${hidden}`.replace('HTTP/1.1 \r', 'HTTP/1.1  x\r')],
    ['a version there is not', post('Content-Length: 0', hidden).replace('HTTP/1.1', 'HTTP/0.9')],
    ['the next version, in words', post('Transfer-Encoding: chunked', `0\r\n\r\n${hidden}`).replace('HTTP/1.1', 'HTTP/2.0')],
    ['chunks in a version without', post('Transfer-Encoding: chunked', `0\r\n\r\n${hidden}`).replace('HTTP/1.1', 'HTTP/1.0')],
    ['chunks with a parameter', post('Transfer-Encoding: chunked;q=1', `0\r\n\r\n${hidden}`)],
    ['a coding that nobody undoes', post('Transfer-Encoding: gzip, chunked', `0\r\n\r\n${hidden}`)],
    ['a coding that nobody undoes, with an expectation', post('Expect: 200-ok\r\nTransfer-Encoding: gzip, chunked', `0\r\n\r\n${hidden}`)],
    ['another protocol', `GET /one HTTP/9.9\r\nHost: h\r\n\r\n${hidden}`],
  ];
  for (const [name, text] of rows) {
    test(name, async () => {
      const before = reached('/two/smuggled');
      const heard = await say(text);
      const got = statuses(heard);
      assert.ok(got.length <= 1, heard);
      if (got.length === 1) assert.equal(got[0], '400', heard);
      await sleep(10);
      assert.equal(reached('/two/smuggled'), before, 'the inner request was served');
    });
  }
  test('and two requests one after the other are two, whatever one expects', async () => {
    const heard = await say(
      `${post('Content-Length: 2\r\nContent-Type: application/json', '{}')}GET /two/piped HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\nConnection: close\r\n\r\n`,
    );
    assert.deepEqual(statuses(heard), ['200', '200']);
  });
  test('what is no request at all leaves the host as it was', async () => {
    for (const text of [
      '\0\0\0\0',
      '\x16\x03\x01\x02\x00\x01',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'GET',
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
      'GARBAGE / HTTP/1.1\r\nHost: h\r\n\r\n',
    ])
      assert.ok(
        statuses(await say(text)).every((status) => status.startsWith('4')),
        text.slice(0, 30),
      );
    assert.equal((await runtime.get('/one')).status, 200);
  });
});

describe('a path leads to its own mount or nowhere', () => {
  const paths = [
    '/one/../two',
    '/one/..%2ftwo',
    '/one/%2e%2e/two',
    '/one/.%2e/two',
    '/one/./../two',
    '/one/..;/two',
    '/one/..',
    '/one/%2e%2e',
    '/one//../two',
    '/one\\..\\two',
    '/one/%5c..%5ctwo',
    '/one/%252e%252e/two',
    '/one/..%c0%aftwo',
    '/one%00/two',
    '/one%2f..%2ftwo',
    '//two',
    '//one/two',
    '/one//two',
    '/ONE',
    '/%6fne',
    '/one;/two',
    '/one?/../two',
    '/one#/two',
    '/one%23/two',
    '/one%3f/two',
    '/one/%',
    '/one/%zz',
    '/one/%u002e',
    '/',
    '/.',
    '/..',
    '/../one',
    '/%2e%2e/one',
    '/one%20',
    '/one%09',
    '/_cloister',
    '/__proto__',
    '/constructor',
    '/hasOwnProperty',
    '/toString',
    `/one/${'a'.repeat(9_000)}`,
  ];
  for (const path of paths) {
    test(JSON.stringify(path.slice(0, 40)), async () => {
      const heard = await say(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      const [status] = statuses(heard);
      assert.ok(['200', '400', '403', '404', '414', '431'].includes(status ?? ''), heard.slice(0, 200));
      if (status !== '200') return;
      const seen = JSON.parse(heard.slice(heard.indexOf('\r\n\r\n') + 4)) as Readonly<Record<string, string>>;
      assert.equal(seen['by'], 'one');
      assert.match(path, /^\/one(?:[/?#;]|$)/);
      // And it does not see a path that climbs.
      assert.doesNotMatch(String(seen['path']), /(?:^|\/)(?:\.|%2e){2}(?:\/|$)/i);
    });
  }
  for (const [name, target] of [
    ['an absolute form', 'http://evil.example/one'],
    ['another mount in an absolute form', 'http://one/two'],
    ['a star', '*'],
    ['an authority', 'evil:80'],
  ] as const) {
    test(`${name} goes to no extension`, async () => {
      const heard = await say(`GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      assert.ok(['400', '404'].includes(statuses(heard)[0] ?? ''), heard.slice(0, 200));
    });
  }
});

describe('what a client says of itself', () => {
  const ask = async (path: string, headers: string): Promise<Readonly<Record<string, unknown>>> => {
    const heard = await say(`GET ${path} HTTP/1.1\r\nHost: host.example\r\n${headers}\r\nConnection: close\r\n\r\n`);
    assert.deepEqual(statuses(heard), ['200'], heard);
    return JSON.parse(heard.slice(heard.indexOf('\r\n\r\n') + 4)) as Readonly<Record<string, unknown>>;
  };
  const secret = [
    'Authorization',
    'Cookie',
    'Proxy-Authorization',
    'X-Api-Key',
    'X-Auth-Token',
    'X-Internal-User',
    'X-Amz-Security-Token',
    'Cf-Access-Jwt-Assertion',
    'X-CSRF-Token',
    'Set-Cookie',
    'AUTHORIZATION',
    'Sec-WebSocket-Protocol',
  ];
  for (const name of secret)
    test(`${name} does not reach an extension`, async () =>
      assert.doesNotMatch(JSON.stringify(await ask('/one', `${name}: ${canary}`)), /canary/));
  test('a granted one does, and no other', async () => {
    const seen = JSON.stringify(await ask('/trusted', `Authorization: ${canary}-a\r\nCookie: ${canary}-c`));
    assert.match(seen, /canary-5f1c-a/);
    assert.doesNotMatch(seen, /canary-5f1c-c/);
  });
  test('forwarding headers move neither address, nor host, nor protocol', async () => {
    const seen = await ask(
      '/one',
      'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6;host=evil.example\r\nX-Real-IP: 6.6.6.6\r\nX-Original-URL: /two\r\nX-Rewrite-URL: /two\r\nX-HTTP-Method-Override: DELETE',
    );
    assert.deepEqual(
      [seen['hostname'], seen['ip'], seen['protocol'], seen['url'], seen['method']],
      ['host.example', '127.0.0.1', 'http', '/', 'GET'],
    );
    assert.doesNotMatch(JSON.stringify(seen), /6\.6\.6\.6|evil/);
  });
  test('two hosts are one or none', async () => {
    const heard = await say('GET /one HTTP/1.1\r\nHost: host.example\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    if (statuses(heard)[0] !== '200') return;
    assert.match(heard, /"hostname":"host\.example"/);
  });
  test('names of objects are names like others', async () => {
    const seen = await ask('/one?__proto__=1&constructor=2&a[__proto__][x]=3', '__proto__: p\r\nconstructor: c\r\nAccept: a');
    assert.equal(seen['by'], 'one');
    const heard = await say(
      'POST /one HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 61\r\nConnection: close\r\n\r\n{"__proto__":{"polluted":1},"constructor":{"prototype":{"p":1}}}'.slice(
        0,
        -3,
      ),
    );
    assert.ok(heard.length > 0);
    assert.equal(({} as Readonly<Record<string, unknown>>)['polluted'], undefined);
    assert.doesNotMatch((await runtime.get('/one')).text, /polluted/);
  });
});

describe('other ways to talk', () => {
  for (const [name, text] of [
    ['CONNECT', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n'],
    [
      'an upgrade to a WebSocket',
      'GET /one HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    ],
    [
      'an upgrade to HTTP/2',
      'GET /one HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
    ],
    ['TRACE', `TRACE /one HTTP/1.1\r\nHost: h\r\nCookie: ${canary}\r\nConnection: close\r\n\r\n`],
    ['an expectation', 'POST /one HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'],
  ] as const) {
    test(`${name} switches nothing and shows nothing`, async () => {
      const heard = await say(text);
      assert.doesNotMatch(heard, /HTTP\/1\.1 101|canary/);
      assert.equal((await runtime.get('/one')).status, 200);
    });
  }
});

describe('slow and swollen requests', () => {
  test('headers by the thousand are refused before any extension', async () => {
    const before = reached('/one/many');
    const heard = await say(`GET /one/many HTTP/1.1\r\nHost: h\r\n${'X-A: b\r\n'.repeat(5_000)}\r\n`);
    assert.equal(statuses(heard)[0], '431');
    assert.equal(reached('/one/many'), before);
  });
  test('hundreds of clients that never finish a head or a body keep nobody from being served', async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, () => runtime.connect()));
    try {
      for (const [index, socket] of sockets.entries()) {
        socket.on('error', () => undefined);
        socket.write(
          index % 2 === 0
            ? 'GET /one HTTP/1.1\r\nHost: h\r\nX-Slow: '
            : 'POST /one HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
        );
      }
      const replies = await Promise.all(Array.from({ length: 40 }, () => runtime.get('/one')));
      assert.deepEqual([...new Set(replies.map((reply) => reply.status))], [200]);
      assert.equal(runtime.runtime.health().requests, 0, 'a body that is not whole holds no place');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
  test('a client that goes in the middle leaves nothing', async () => {
    for (let round = 0; round < 20; round += 1) {
      const socket = await runtime.connect();
      socket.on('error', () => undefined);
      socket.write('POST /one HTTP/1.1\r\nHost: h\r\nContent-Type: application/octet-stream\r\nContent-Length: 500000\r\n\r\nabc');
      await sleep(5);
      socket.destroy();
    }
    await waitUntil('no request is left', () => runtime.runtime.health().requests === 0);
    assert.equal((await runtime.get('/one')).status, 200);
  });
});
