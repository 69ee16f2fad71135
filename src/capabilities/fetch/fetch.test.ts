// fetch: what a grant covers, which addresses are outside, what redirects, secrets and quotas may. Must never send anything beyond loopback.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { isPublicAddress } from './addresses.ts';
import { fetchBounds } from './bounds.ts';
import { fetchGrant, methods, type RequestArgs, requestArgs } from './contract.ts';
import { makeFetchPolicy } from './policy.ts';
import { summarizeTarget } from './target.ts';

const ajv = new Ajv({ strict: true, strictTypes: false });
const fitsGrant = ajv.compile(fetchGrant);
const fitsArgs = ajv.compile(requestArgs);

const args = (url: string, more: Partial<RequestArgs> = {}): RequestArgs => ({
  url,
  method: 'GET',
  headers: [],
  redirect: 'follow',
  ...more,
});

describe('the grant of fetch', () => {
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['an origin', { origins: { 'https://api.example.com': true } }, true],
    [
      'an origin with methods, paths and headers',
      { origins: { 'https://a.example:8443': { methods: ['GET'], paths: ['/v1'], headers: ['x-key'] } } },
      true,
    ],
    ['any header', { origins: { 'https://a.example': { headers: true } } }, true],
    ['an IPv6 origin', { origins: { 'http://[::1]:80': true } }, true],
    ['no origin at all', { origins: {} }, true],
    ['a secret', { origins: {}, secrets: { KEY: { origin: 'https://a.example', header: 'authorization' } } }, true],
    ['no `origins`', {}, false],
    ['a wildcard', { origins: { 'https://*.example.com': true } }, false],
    ['a path in the origin', { origins: { 'https://a.example/': true } }, false],
    ['credentials in the origin', { origins: { 'https://u:p@a.example': true } }, false],
    ['capital letters', { origins: { 'https://A.example': true } }, false],
    ['another scheme', { origins: { 'ftp://a.example': true } }, false],
    ['a blank', { origins: { 'https://a.example ': true } }, false],
    ['a path with a query', { origins: { 'https://a.example': { paths: ['/a?b'] } } }, false],
    ['a header in capital letters', { origins: { 'https://a.example': { headers: ['X-Key'] } } }, false],
    ['a method nobody has', { origins: { 'https://a.example': { methods: ['CONNECT'] } } }, false],
    ['an unknown key', { origins: {}, all: true }, false],
  ];
  for (const [name, grant, fits] of rows) test(`${name} ${fits ? 'fits' : 'is refused'}`, () => assert.equal(fitsGrant(grant), fits));
});

describe('the arguments of fetch', () => {
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['a plain request', args('https://a.example/'), true],
    ['a line break in a header', args('https://a.example/', { headers: [['x', 'a\r\nhost: b']] }), false],
    ['a line break in a name', args('https://a.example/', { headers: [['x\r\nhost', 'b']] }), false],
    ['a nul in a header', args('https://a.example/', { headers: [['x', 'a\u0000']] }), false],
    ['letters no header holds', args('https://a.example/', { headers: [['x', 'ł']] }), false],
    ['a method with a blank', { ...args('https://a.example/'), method: 'GET /admin' }, false],
    ['TLS options', { ...args('https://a.example/'), rejectUnauthorized: false }, false],
    ['a dispatcher', { ...args('https://a.example/'), dispatcher: {} }, false],
    ['text and bytes at once', { ...args('https://a.example/'), body: { text: 'a', base64: 'Yg==' } }, false],
  ];
  for (const [name, given, fits] of rows) test(`${name} ${fits ? 'fits' : 'is refused'}`, () => assert.equal(fitsArgs(given), fits));
});

describe('a bound of fetch: that many fit, and one more does not', () => {
  const { origins, secrets, urlChars, headers, headerChars } = fetchBounds;
  const many = <Value>(count: number, value: (index: number) => Value): Readonly<Record<string, Value>> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}`, value(index)]));
  const originsOf = (count: number) => ({
    origins: Object.fromEntries(Object.keys(many(count, () => true)).map((name) => [`https://a${name}.example`, true])),
  });
  const secretsOf = (count: number) => ({
    origins: {},
    secrets: Object.fromEntries(
      Object.keys(many(count, () => true)).map((name) => [`K${name}`, { origin: 'https://a.example', header: 'x-key' }]),
    ),
  });
  const rows: readonly (readonly [string, number, (size: number) => boolean])[] = [
    ['origins', origins.value, (size) => fitsGrant(originsOf(size))],
    ['secrets', secrets.value, (size) => fitsGrant(secretsOf(size))],
    [
      'methods of an origin',
      methods.length,
      (size) => fitsGrant({ origins: { 'https://a.example': { methods: [...methods, 'GET'].slice(0, size) } } }),
    ],
    [
      'paths of an origin',
      64,
      (size) => fitsGrant({ origins: { 'https://a.example': { paths: Object.keys(many(size, () => 1)).map((name) => `/${name}`) } } }),
    ],
    [
      'headers of an origin',
      64,
      (size) => fitsGrant({ origins: { 'https://a.example': { headers: Object.keys(many(size, () => 1)).map((name) => `x-${name}`) } } }),
    ],
    ['urlChars', urlChars.value, (size) => fitsArgs(args('x'.repeat(size)))],
    ['headers', headers.value, (size) => fitsArgs(args('https://a.example/', { headers: Array.from({ length: size }, () => ['x', 'y']) }))],
    ['headerChars', headerChars.value, (size) => fitsArgs(args('https://a.example/', { headers: [['x', 'y'.repeat(size)]] }))],
  ];
  for (const [name, size, fits] of rows) test(`${name}: ${size}`, () => assert.deepEqual([fits(size), fits(size + 1)], [true, false]));
});

describe('the policy of fetch', () => {
  const policy = makeFetchPolicy({
    origins: {
      'https://api.example.com': { methods: ['GET', 'POST'], paths: ['/v1', '/files/'], headers: ['x-key'] },
      'http://plain.example:8080': true,
      'https://any.example': { headers: true },
    },
    secrets: { KEY: { origin: 'https://plain.example', header: 'x-secret' } },
  });
  const rule = (request: RequestArgs): string => {
    const decision = policy('request', request);
    return decision.allow ? 'allowed' : decision.rule;
  };
  const rows: readonly (readonly [string, RequestArgs, string])[] = [
    ['a path of the grant', args('https://api.example.com/v1'), 'allowed'],
    ['a path below it, with a query', args('https://api.example.com/v1/x?y=/../z'), 'allowed'],
    ['a path below one that ends with a slash', args('https://api.example.com/files/a'), 'allowed'],
    ['the default port spelled out', args('https://api.example.com:443/v1'), 'allowed'],
    ['capital letters in the host', args('https://API.example.com/v1'), 'allowed'],
    ['a listed header', args('https://api.example.com/v1', { headers: [['x-key', '']] }), 'allowed'],
    ['a plain header', args('https://api.example.com/v1', { headers: [['content-type', '']] }), 'allowed'],
    ['any header where all are granted', args('https://any.example/', { headers: [['x-whatever', '']] }), 'allowed'],
    ['a longer name that begins the same', args('https://api.example.com/v1x'), 'fetch.path'],
    ['another path', args('https://api.example.com/v2'), 'fetch.path'],
    ['a path that climbs out', args('https://api.example.com/v1/../admin'), 'fetch.path'],
    ['a path that climbs out, encoded', args('https://api.example.com/v1/%2e%2e/admin'), 'fetch.path'],
    ['an encoded slash', args('https://api.example.com/v1%2f..%2fadmin'), 'fetch.path'],
    ['a path encoded twice', args('https://api.example.com/v1/%252e%252e/admin'), 'fetch.path'],
    ['a path with parameters of a segment', args('https://api.example.com/v1/..;/admin'), 'fetch.path'],
    ['an empty segment', args('https://api.example.com/v1//admin'), 'fetch.path'],
    ['another method', args('https://api.example.com/v1', { method: 'DELETE' }), 'fetch.method'],
    ['another scheme', args('http://api.example.com/v1'), 'fetch.origin'],
    ['another port', args('https://api.example.com:8443/v1'), 'fetch.origin'],
    ['a host that ends the same', args('https://evil-api.example.com/v1'), 'fetch.origin'],
    ['a host that begins the same', args('https://api.example.com.evil.example/v1'), 'fetch.origin'],
    ['a trailing dot', args('https://api.example.com./v1'), 'fetch.origin'],
    ['credentials', args('https://api.example.com@evil.example/v1'), 'fetch.url'],
    ['credentials to the right host', args('https://u:p@api.example.com/v1'), 'fetch.url'],
    ['a backslash', args('https://api.example.com\\@evil.example/v1'), 'fetch.url'],
    ['a line break', args('https://api.example.com/v1\r\nHost: evil'), 'fetch.url'],
    ['a tab', args('https://api.exa\tmple.com/v1'), 'fetch.url'],
    ['a leading blank', args(' https://api.example.com/v1'), 'fetch.url'],
    ['a relative URL', args('/v1'), 'fetch.url'],
    ['a file', args('file:///etc/passwd'), 'fetch.url'],
    ['data', args('data:text/plain,x'), 'fetch.url'],
    ['javascript', args('javascript:1'), 'fetch.url'],
    ['a header that is not listed', args('https://api.example.com/v1', { headers: [['authorization', '']] }), 'fetch.header'],
    ['host, wherever all are granted', args('https://any.example/', { headers: [['host', '']] }), 'fetch.header'],
    ['transfer-encoding, wherever all are granted', args('https://any.example/', { headers: [['transfer-encoding', '']] }), 'fetch.header'],
    ["a secret's header to another origin", args('https://api.example.com/v1', { headers: [['x-secret', '']] }), 'fetch.header'],
  ];
  for (const [name, request, expected] of rows) test(name, () => assert.equal(rule(request), expected));
  test('an empty grant denies all', () =>
    assert.equal(makeFetchPolicy({ origins: {} })('request', args('https://a.example/')).allow, false));
  test('names every object has are no origins', () => {
    for (const origin of ['constructor', '__proto__', 'toString'])
      assert.equal(makeFetchPolicy({ origins: {} })('request', args(origin)).allow, false);
  });
});

describe('a public address', () => {
  const inside = [
    '127.0.0.1',
    '127.1.2.3',
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.0.1',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.1',
    '198.18.0.1',
    '198.19.255.255',
    '192.88.99.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '::7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2002:a9fe:a9fe::1',
    '2001:0:7f00:1::',
    '2001:db8::1',
    '2001:10::1',
    '2001:20::1',
    '3fff::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '100::1',
    '5f00::1',
    'fe80::1%eth0',
    'not an address',
    '',
    '1.2.3',
    '0x7f.1',
    '2130706433',
    '0177.0.0.1',
  ];
  const outside = [
    '1.1.1.1',
    '8.8.8.8',
    '93.184.216.34',
    '172.15.0.1',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700:4700::1111',
    '2a00:1450:4001::1',
  ];
  for (const address of inside) test(`is not ${JSON.stringify(address)}`, () => assert.equal(isPublicAddress(address), false));
  for (const address of outside) test(`is ${address}`, () => assert.equal(isPublicAddress(address), true));
});

describe('what the ledger keeps of a URL', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['https://a.example/v1/users?token=canary#canary', '/v1/users'],
    ['https://a.example/bot123456:AAcanaryAAcanary/send', '/*/send'],
    ['https://a.example/u/9d2c1f40-1111-4222-8333-444455556666', '/u/*'],
  ];
  for (const [url, path] of rows) test(url, () => assert.deepEqual(summarizeTarget(url), { origin: 'https://a.example', path }));
});
