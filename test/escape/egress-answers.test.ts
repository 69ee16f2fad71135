// Servers that an extension may ask, and that answer with what swells, lies, breaks off or never ends: the host holds no more than the cap, lets go of the connection, and hands back no secret. Must never send anything beyond loopback.
import assert from 'node:assert/strict';
import type net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { fetchBounds } from '../../src/capabilities/fetch/bounds.ts';
import { waitUntil } from '../helpers/runtime.ts';
import { answers, cap, echo, endless, poison } from './egress-answers.ts';
import { type Egress, openEgress } from './egress-fixture.ts';
import { openRawServer, type RawServer } from './egress-servers.ts';

const secret = 'sk_live_canary+42';
const names = [...Object.keys(answers), ...Object.keys(endless)];
let server: RawServer;
let egress: Egress;
const urlOf = (name: string): string => `${server.origin}/${names.indexOf(name)}`;

const plain = (body: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const serve = (path: string, socket: net.Socket): unknown => {
  if (path === '/poison') return socket.write(poison);
  if (path === '/echo') return socket.write(Buffer.from(echo(secret), 'latin1'));
  if (path === '/hold') return;
  const name = names[Number(path.slice(1).replace(/[?].*$/, ''))];
  if (name === undefined) return socket.write(plain('small'));
  const [answer] = answers[name] ?? [endless[name]];
  return typeof answer === 'function' ? answer(socket) : socket.write(Buffer.from(answer as string, 'latin1'));
};

before(async () => {
  server = await openRawServer(serve);
  egress = await openEgress({
    origins: [server.origin],
    internalOrigins: [server.origin],
    dnsServers: [],
    secrets: { KEY: secret },
    more: { maxResponseBytes: cap, callsPerMinute: 5_000, secrets: { KEY: { origin: server.origin, header: 'authorization' } } },
  });
});
after(async () => {
  await egress.close();
  await server.close();
});

const isLetGo = (): Promise<void> =>
  waitUntil('no request of it is under way', () => egress.runtime.runtime.health().requests === 0, 20_000);

describe('an answer', () => {
  for (const [name, [, expected]] of Object.entries(answers))
    test(`${name}: ${expected === null ? 'refused' : 'taken'}`, async () => {
      const told = await egress.run(
        'return String((await (await fetch(given, { signal: AbortSignal.timeout(6000) })).arrayBuffer()).byteLength);',
        urlOf(name),
      );
      if (expected !== null) return assert.deepEqual(told, { value: expected });
      // By its size or its form, and not because somebody lost patience.
      assert.ok(told.error !== undefined && told.error !== 'TimeoutError', JSON.stringify(told));
      assert.doesNotMatch(told.all ?? '', /127\.0\.0\.1:(?!\d+"|\d+:)|at file:|node:internal|undici/);
    });
  test('and after all of them a plain one is taken, and no connection of theirs is left', async () => {
    assert.deepEqual(await egress.run('return (await fetch(given)).text();', `${server.origin}/plain`), { value: 'small' });
    await isLetGo();
    await waitUntil('the connections are given up', () => server.open <= 2, 20_000);
  });
});

describe('an answer without end', () => {
  for (const name of Object.keys(endless))
    test(`${name}: a signal ends it, and the server hears of it`, async () => {
      const open = server.open;
      const told = await egress.run('return (await fetch(given, { signal: AbortSignal.timeout(150) })).text();', urlOf(name));
      assert.equal(told.error, 'TimeoutError', JSON.stringify(told));
      await waitUntil('the connection is given up', () => server.open <= open, 20_000);
    });
});

describe('one answer is never taken for another', () => {
  test('what comes behind an answer answers nobody', async () => {
    const told = await egress.run(
      `const said = []; for (let turn = 0; turn < 6; turn += 1) said.push(await (await fetch(given + (turn % 2 === 0 ? '/poison' : '/plain'))).text().catch(() => 'failed')); return said;`,
      server.origin,
    );
    assert.doesNotMatch(JSON.stringify(told), /poison/);
  });
  test('a request that is given up leaves its answer to nobody', async () => {
    const told = await egress.run(
      'await fetch(given.slow, { signal: AbortSignal.timeout(100) }).then((r) => r.text()).catch(() => null); return (await fetch(given.plain)).text();',
      { slow: urlOf('a body letter by letter'), plain: `${server.origin}/plain` },
    );
    assert.deepEqual(told, { value: 'small' });
  });
  test('cookies of an answer go back to no server', async () => {
    const from = server.heard.length;
    await egress.run(`await (await fetch(given + '/echo')).text(); return (await fetch(given + '/plain')).text();`, server.origin);
    assert.doesNotMatch(server.heard.slice(from), /^cookie:/im);
  });
});

describe('a request cannot be made two', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['by its method', `fetch(given, { method: 'GET / HTTP/1.1\\r\\nX: y' })`],
    ['by a method of the transport', `fetch(given, { method: 'CONNECT' })`],
    ['by a method that shows what came', `fetch(given, { method: 'TRACE' })`],
    ['by the name of a header', `fetch(given, { headers: { 'x\\r\\ny': 'z' } })`],
    ['by a header', `fetch(given, { headers: { x: 'y\\r\\n\\r\\nGET /second HTTP/1.1\\r\\nhost: h' } })`],
    ['by a header in another width', `fetch(given, { headers: { x: 'y\\u560d\\u560aGET /second' } })`],
    ['by its path', `fetch(given + '/x HTTP/1.1\\r\\n\\r\\nGET /second')`],
    ['by the path of a client', `ask(given, { path: '/x HTTP/1.1\\r\\n\\r\\nGET /second' })`],
    ['by the method of a client', `ask(given, { method: 'GET /second HTTP/1.1\\r\\n\\r\\nGET' })`],
    ['by the header of a client', `ask(given, { headers: { x: 'y\\r\\nGET /second' } })`],
    ['by the raw headers of a client', `ask(given, { headers: ['x', 'y\\r\\n\\r\\nGET /second'] })`],
  ];
  for (const [name, code] of rows)
    test(name, async () => {
      const from = server.heard.length;
      await egress.run(`return tell(() => ${code});`, server.origin);
      assert.doesNotMatch(server.heard.slice(from), /^(?:GET|POST) \/second|^(?:CONNECT|TRACE) /im);
    });
  test('and what is of the transport stays the host’s', async () => {
    const from = server.heard.length;
    const headers = [
      'Host',
      'Connection',
      'Content-Length',
      'Transfer-Encoding',
      'TE',
      'Trailer',
      'Upgrade',
      'Expect',
      'Keep-Alive',
      'Via',
      'Forwarded',
      'Proxy-Authorization',
      'Proxy-Connection',
      'Accept-Encoding',
      'HTTP2-Settings',
    ];
    await egress.run(
      `for (const name of given.headers) { await tell(() => fetch(given.origin + '/plain', { method: 'POST', body: 'x', headers: { [name]: '7' } })); await tell(() => ask(given.origin + '/plain', { headers: { [name]: '7' } })); } return 1;`,
      { origin: server.origin, headers },
    );
    const said = server.heard.slice(from);
    assert.doesNotMatch(
      said,
      /^(?:te|trailer|upgrade|expect|keep-alive|via|forwarded|proxy-[a-z]+|http2-settings|host|content-length|transfer-encoding): *7\r?$/im,
    );
    assert.doesNotMatch(said, /^accept-encoding: *7/im);
  });
});

describe('a secret', () => {
  const ask = `const r = await fetch(given + '/echo', { headers: { authorization: env.KEY } }); return [r.statusText, [...r.headers], await r.text()];`;
  test('comes back in no place of an answer, though it left', async () => {
    const from = server.heard.length;
    const { value } = await egress.run(ask, server.origin);
    assert.ok(server.heard.slice(from).includes(`authorization: ${secret}`));
    const seen = JSON.stringify(value);
    for (const form of [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').slice(2, -4),
      Buffer.from(secret).toString('hex'),
      'canary',
    ])
      assert.ok(!seen.toLowerCase().includes(form.toLowerCase()), `${form} in ${seen}`);
  });
  test('nor in the ledger, nor in the log', () => {
    assert.doesNotMatch(JSON.stringify([egress.runtime.runtime.ledger(), egress.runtime.logs]), /canary/);
  });
  for (const [place, code] of [
    ['the address', `fetch(given + '/' + encodeURIComponent(env.KEY))`],
    ['another header', `fetch(given, { headers: { 'x-other': env.KEY } })`],
    ['the body', `fetch(given + '/plain', { method: 'POST', body: env.KEY })`],
  ] as const)
    test(`is not put into ${place}`, async () => {
      const from = server.heard.length;
      await egress.run(`return tell(() => ${code});`, server.origin);
      assert.doesNotMatch(server.heard.slice(from), /canary/);
    });
});

test(`${fetchBounds.concurrent.value} requests are under way at once, and not one more`, async () => {
  const { value } = await egress.run(
    `const stop = new AbortController(); const codes = []; const all = Array.from({ length: given.count }, () => fetch(given.url, { signal: stop.signal }).catch((error) => codes.push(error.cause?.code ?? error.name)));
     while (codes.length === 0) await new Promise((resolve) => setTimeout(resolve, 20)); stop.abort(); await Promise.all(all); return codes.filter((code) => code === 'ERR_CALLS_EXCEEDED').length;`,
    { url: `${server.origin}/hold`, count: fetchBounds.concurrent.value + 1 },
  );
  assert.equal(value, 1);
  await isLetGo();
  assert.deepEqual(await egress.run('return (await fetch(given)).text();', `${server.origin}/plain`), { value: 'small' });
});
