// Where a request may not go, however its place is spelled, named, redirected to or asked for: nobody inside is ever connected to. Must never send anything beyond loopback.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EgressError } from '../../src/capabilities/fetch/egress-error.ts';
import { makeGuardedLookup } from '../../src/capabilities/fetch/resolver.ts';
import { type Egress, isGrantable, openEgress, type Told } from './egress-fixture.ts';
import { hosts, named, silent } from './egress-places.ts';
import { type Names, openNames, openRawServer, type RawServer } from './egress-servers.ts';

let inner: RawServer;
let open: RawServer;
let other: RawServer;
let names: Names;
let egress: Egress;
const at = (host: string): string => `http://${host}:${inner.port}`;
const spelled = (host: string): string => (URL.canParse(at(host)) ? new URL(at(host)).origin : '');

const answer =
  (server: string) =>
  (path: string, socket: { write(text: string): unknown }): unknown => {
    const { pathname, searchParams } = new URL(path, 'http://x');
    const head = (status: string, headers: string, body: string): unknown =>
      socket.write(`HTTP/1.1 ${status}\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`);
    if (pathname !== '/to') return head('200 OK', '', server);
    const to = (searchParams.get('to') ?? '').replaceAll('{next}', encodeURIComponent(searchParams.get('next') ?? ''));
    return head(
      `${searchParams.get('status') ?? '302'} Go`,
      `location: ${Buffer.from(to).toString('latin1')}\r\nset-cookie: a=canary\r\n`,
      searchParams.get('body') ?? '',
    );
  };

before(async () => {
  inner = await openRawServer(answer('inner'));
  open = await openRawServer(answer('open'));
  other = await openRawServer(answer('other'));
  names = await openNames({ ...named, ...silent });
  const origins = [...new Set([...hosts, ...Object.keys(named), ...Object.keys(silent)].map(spelled))].filter(isGrantable);
  // A proxy that the environment names would be asked for everything.
  for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'])
    process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : inner.origin;
  egress = await openEgress({
    origins: [...origins, open.origin, other.origin],
    internalOrigins: [open.origin, other.origin],
    dnsServers: [names.address],
  });
});
after(async () => {
  for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']) delete process.env[name];
  await egress.close();
  await Promise.all([inner.close(), open.close(), other.close(), names.close()]);
});

const isRefused = (told: Told, address = ''): void => {
  assert.equal(told.error, 'TypeError', JSON.stringify(told));
  assert.match(told.cause ?? '', /^ERR_(?:EGRESS_BLOCKED|CAPABILITY_DENIED|EGRESS_FAILED)$/, JSON.stringify(told));
  assert.equal(inner.connections, 0, 'the inner server was connected to');
  if (address !== '') assert.ok(!told.all?.includes(address), `says where a name leads: ${told.all}`);
};

test('and what may go there goes', async () => {
  const { value } = await egress.run('return (await fetch(given)).text();', open.origin);
  assert.equal(value, 'open');
  assert.equal((await egress.run('return (await ask(given)).text;', open.origin)).value, 'open');
});

describe('a place inside, spelled in any way', () => {
  for (const host of hosts)
    test(JSON.stringify(host), async () => {
      const told = await egress.run('return [await tell(() => fetch(given)), await tell(() => ask(given))];', at(host));
      const [byFetch, byHttp] = told.value as readonly [Told, Told];
      // What cannot be a URL is none before it is anywhere.
      if (byFetch.cause === undefined || byFetch.cause === 'ERR_INVALID_URL')
        assert.equal(URL.canParse(at(host)), false, JSON.stringify(byFetch));
      else isRefused(byFetch);
      // A name that nobody has is none to be blocked.
      if (isGrantable(spelled(host)) && !spelled(host).includes('localhost')) assert.equal(byFetch.cause, 'ERR_EGRESS_BLOCKED');
      assert.notEqual(byHttp.error, undefined, JSON.stringify(byHttp));
      assert.equal(inner.connections, 0);
    });
});

describe('a name that leads inside', () => {
  for (const name of Object.keys(named))
    test(name, async () => {
      const told = await egress.run('return fetch(given);', at(name));
      isRefused(told, '127.0.0.1');
      assert.equal(told.cause, 'ERR_EGRESS_BLOCKED', JSON.stringify(told));
    });
  for (const name of Object.keys(silent))
    test(`${name}, which leads nowhere, says no more`, async () => {
      isRefused(await egress.run('return fetch(given, { signal: AbortSignal.timeout(6000) });', at(name)), names.address);
    });
  test('written in its own letters', async () => isRefused(await egress.run('return fetch(given);', at('bücher.example')), '127.0.0.1'));
  test('is not even looked up where it is not granted', async () => {
    isRefused(
      await egress.run(
        `return Promise.any([fetch(given), fetch(given.replace('.example', '.example.'))]).catch((all) => { throw all.errors[0]; });`,
        at('secret-in-a-name.example'),
      ),
    );
    assert.ok(!names.asked.some((name) => name.includes('secret-in-a-name')));
  });
  test('only the second time is refused the second time, and goes nowhere but to what was looked at', async () => {
    let turn = 0;
    const look = makeGuardedLookup(() => Promise.resolve((turn += 1) === 1 ? ['8.8.8.8'] : ['127.0.0.1']), false);
    const ask = (): Promise<unknown> =>
      new Promise((resolve) => look('turning.example', { all: true }, (error, found) => resolve(error ?? found)));
    assert.deepEqual(await ask(), [{ address: '8.8.8.8', family: 4 }]);
    assert.ok((await ask()) instanceof EgressError);
  });
});

describe('a URL that two parsers read in two ways', () => {
  const urls = (): readonly string[] => [
    `http://${open.origin.slice(7)}@127.0.0.1:${inner.port}/`,
    `http://user:pass@127.0.0.1:${inner.port}/`,
    `${open.origin}\\@127.0.0.1:${inner.port}/`,
    `${open.origin}@127.0.0.1:${inner.port}/`,
    `http:\\\\127.0.0.1:${inner.port}/`,
    `http:127.0.0.1:${inner.port}`,
    `http:/127.0.0.1:${inner.port}`,
    `http:///127.0.0.1:${inner.port}`,
    `\u0000http://127.0.0.1:${inner.port}`,
    `ht\ntp://127.0.0.1:${inner.port}`,
    `http://127.0.0.1\t:${inner.port}`,
    `http://127.0.0.1:\n${inner.port}`,
    `//127.0.0.1:${inner.port}/`,
    `https://127.0.0.1:${inner.port}/`,
    `ws://127.0.0.1:${inner.port}/`,
    `ftp://127.0.0.1:${inner.port}/`,
    `gopher://127.0.0.1:${inner.port}/_GET`,
    `blob:http://127.0.0.1:${inner.port}/x`,
    'data:text/plain,canary',
    'file:///etc/passwd',
    'about:blank',
    'javascript:1',
    'unix:/var/run/docker.sock:/info',
    'http+unix://%2Fvar%2Frun%2Fdocker.sock/info',
  ];
  for (const [index] of Array.from({ length: 24 }).entries())
    test(`the ${index + 1}. of them`, async () => {
      const url = urls()[index] ?? assert.fail();
      const told = await egress.run('return fetch(given);', url);
      // A URL whose every reader finds the open server in it may be asked for.
      if (new URL(url.startsWith('//') ? `x:${url}` : url).host !== new URL(open.origin).host)
        assert.equal(told.error, 'TypeError', `${JSON.stringify(url)} ${JSON.stringify(told)}`);
      assert.equal(inner.connections, 0, JSON.stringify(url));
    });
  test('and there are no more of them', () => assert.equal(urls().length, 24));
});

describe('options that name another way', () => {
  const codes = [
    `return ask({ socketPath: '/var/run/docker.sock', path: '/info' })`,
    `return ask({ ...given, host: '127.0.0.1', hostname: '127.0.0.1' })`,
    `return ask({ ...given, hostname: 'inward.example', lookup: (name, options, done) => done(null, '127.0.0.1', 4) })`,
    `return ask({ ...given, host: 'inward.example', createConnection: () => { throw new Error('asked to connect') } })`,
    `return ask({ ...given, host: '127.0.0.1', agent: { addRequest() { throw new Error('asked for a socket') } }, localAddress: '127.0.0.1', family: 4 })`,
    `return fetch('http://127.0.0.1:' + given.port, { dispatcher: { dispatch() { throw new Error('asked to dispatch') } }, agent: {}, rejectUnauthorized: false })`,
    `return fetch(new Proxy(new URL(given.open), { get: (url, key) => (key === 'href' ? 'http://127.0.0.1:' + given.port : Reflect.get(url, key)) }))`,
    `return fetch({ toString: (() => { let turn = 0; return () => (turn += 1) === 1 ? 'http://127.0.0.1:' + given.port : given.open; })() })`,
  ];
  for (const code of codes)
    test(code.slice(7, 90), async () => {
      const told = await egress.run(code, { port: inner.port, open: open.origin });
      assert.notEqual(told.error, undefined, JSON.stringify(told));
      assert.doesNotMatch(told.all ?? '', /asked (?:to|for)/);
      assert.equal(inner.connections, 0);
    });
});

describe('a redirect inside', () => {
  const go = (to: string, more = ''): string => `${open.origin}/to?to=${encodeURIComponent(to)}${more}`;
  const rows: readonly (readonly [string, () => string])[] = [
    ['by address', () => go(inner.origin)],
    ['by a number', () => go(`http://2130706433:${inner.port}/`)],
    ['by a name', () => go(at('inward.example'))],
    ['by the address of six', () => go(at('[::1]'))],
    ['without a scheme', () => go(`//127.0.0.1:${inner.port}/`)],
    ['with backslashes', () => go(`\\\\127.0.0.1:${inner.port}\\`)],
    ['with credentials', () => go(`http://a:b@127.0.0.1:${inner.port}/`)],
    ['in letters of another width', () => go(`http://１２７.0.0.1:${inner.port}/`)],
    ['through a server that may be asked', () => go(`${other.origin}/to?to=${encodeURIComponent(inner.origin)}`)],
    ['to a file', () => go('file:///etc/passwd')],
    ['to data', () => go('data:text/plain,canary')],
    ['to another scheme', () => go(`ftp://127.0.0.1:${inner.port}/`)],
    ['to a script', () => go('javascript:1')],
    ['to TLS on the same port', () => go(open.origin.replace('http:', 'https:'))],
    ['to another port', () => go('http://127.0.0.1:1/')],
    ['to what is no URL', () => go('http://[')],
    ...[301, 303, 307, 308].map((status) => [`with ${status}`, () => go(inner.origin, `&status=${status}`)] as const),
  ];
  for (const [name, url] of rows) test(name, async () => isRefused(await egress.run('return (await fetch(given)).text();', url())));
  test('is handed over, and not followed, where that was asked for', async () => {
    const { value } = await egress.run(
      `const r = await fetch(given, { redirect: 'manual' }); return [r.status, r.headers.get('location')];`,
      go(inner.origin),
    );
    assert.deepEqual(value, [302, inner.origin]);
    assert.equal(inner.connections, 0);
  });
  test('five of them are followed, six are not', async () => {
    const times = (count: number): string => {
      let url = `${other.origin}/`;
      for (let left = count; left > 0; left -= 1) url = go(url);
      return url;
    };
    assert.equal((await egress.run('return (await fetch(given)).text();', times(5))).value, 'other');
    assert.equal((await egress.run('return fetch(given);', times(6))).cause, 'ERR_EGRESS_FAILED');
  });
  test('to another origin and back carries no credential either way, nor a cookie', async () => {
    const from = open.heard.length;
    const headers = {
      authorization: 'canary',
      cookie: 'canary',
      'x-api-key': 'canary',
      'idempotency-key': 'canary',
    };
    const there = `${other.origin}/to?to=${encodeURIComponent(`${open.origin}/back`)}`;
    await egress.run('await fetch(given.url, { headers: given.headers }); await fetch(given.url); return 1;', { url: go(there), headers });
    assert.doesNotMatch(other.heard, /canary/);
    const [first = '', ...rest] = open.heard.slice(from).split('GET ').slice(1);
    assert.match(first, /authorization: canary/i);
    assert.equal(rest.length, 3);
    assert.doesNotMatch(rest.join(), /canary/);
  });
  test('307 with a body goes to no other origin', async () => {
    const before = other.connections;
    isRefused(await egress.run(`return fetch(given, { method: 'POST', body: 'canary' });`, go(other.origin, '&status=307')));
    assert.equal(other.connections, before);
  });
});

test('after all of it nobody inside was connected to, and each refusal is on the ledger', () => {
  assert.equal(inner.connections, 0);
  const ended = new Map(egress.runtime.entries('call.end').map((one) => [`${one.request} ${one.call}`, one.outcome]));
  for (const one of egress.runtime
    .entries('call.start')
    .filter(({ capability, method }) => capability === 'fetch' && method === 'request')) {
    const outcome = ended.get(`${one.request} ${one.call}`);
    assert.ok(one.decision === 'deny' || outcome !== undefined, JSON.stringify(one));
    if (String(one.args['origin']).includes(String(inner.port))) assert.notEqual(outcome, 'ok', JSON.stringify(one));
  }
});
