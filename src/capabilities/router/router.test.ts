// router: which requests reach an extension. Must never be satisfied by denying everything: each denial has its allowed twin.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import type { Caller } from '../../bridge/capability.ts';
import { routerBounds } from './bounds.ts';
import { type RouterGrant, routerContract, routerGrant, routerMethods } from './contract.ts';
import { routerCapability } from './host.ts';
import { makeRouterPolicy } from './policy.ts';

const fitsGrant = new Ajv({ strict: true }).compile(routerGrant);
const allows = (grant: RouterGrant, method: string, path: string): boolean => makeRouterPolicy(grant)('request', { method, path }).allow;

describe('the grant of router', () => {
  const paths = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `/p${index}`);
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['an empty object: everything below the mount', {}, true],
    ['some methods and paths', { methods: ['GET', 'POST'], paths: ['/', '/items/*', '/a.b-c_d~e/%20'] }, true],
    ['every method there is', { methods: routerMethods }, true],
    ['empty lists', { methods: [], paths: [] }, true],
    ['all paths', { paths: ['/*'] }, true],
    ['as many paths as the limit', { paths: paths(routerBounds.paths.value) }, true],
    ['one path more than the limit', { paths: paths(routerBounds.paths.value + 1) }, false],
    ['a pattern as long as the limit', { paths: [`/${'a'.repeat(routerBounds.patternChars.value - 1)}`] }, true],
    ['a pattern one longer than the limit', { paths: [`/${'a'.repeat(routerBounds.patternChars.value)}`] }, false],
    ['a method in small letters', { methods: ['get'] }, false],
    ['a method that is none', { methods: ['constructor'] }, false],
    ['the same method twice', { methods: ['GET', 'GET'] }, false],
    ['a pattern without a slash', { paths: ['items'] }, false],
    ['a pattern with a slash at its end', { paths: ['/items/'] }, false],
    ['a wildcard inside a part', { paths: ['/items*'] }, false],
    ['a wildcard in the middle', { paths: ['/*/items'] }, false],
    ['a named parameter as two parts', { paths: ['/items//x'] }, false],
    ['a pattern with ..', { paths: ['/a/../b'] }, false],
    ['a pattern with .', { paths: ['/.'] }, false],
    ['a pattern with an encoded dot', { paths: ['/a/%2e%2E'] }, false],
    ['a pattern with an encoded slash', { paths: ['/a%2Fb'] }, false],
    ['a pattern with an encoded letter', { paths: ['/%61dmin'] }, false],
    ['a pattern with a query', { paths: ['/a?b'] }, false],
    ['a regular expression', { paths: ['/(a|b)+$'] }, false],
    ['a pattern with a newline at its end', { paths: ['/a\n'] }, false],
    ['an unknown key', { path: ['/'] }, false],
    ['null', null, false],
  ];
  for (const [name, grant, fits] of rows) test(`${name} ${fits ? 'fits' : 'is refused'}`, () => assert.equal(fitsGrant(grant), fits));
  test('is judged in time that grows with its length only', () => {
    const startedAt = performance.now();
    for (const part of ['/a', '/%41', '/..', '%2', '/a-'])
      fitsGrant({ paths: [`/${part.repeat(170)}\n`.slice(0, routerBounds.patternChars.value)] });
    assert.ok(performance.now() - startedAt < 100);
  });
});

describe('methods', () => {
  const rows: readonly (readonly [string, RouterGrant, string, boolean])[] = [
    ['without a list any is allowed', {}, 'DELETE', true],
    ['a listed one is allowed', { methods: ['POST'] }, 'POST', true],
    ['one that is not listed is denied', { methods: ['POST'] }, 'GET', false],
    ['HEAD follows GET', { methods: ['GET'] }, 'HEAD', true],
    ['HEAD does not follow POST', { methods: ['POST'] }, 'HEAD', false],
    ['GET does not follow HEAD', { methods: ['HEAD'] }, 'GET', false],
    ['OPTIONS follows any', { methods: ['DELETE'] }, 'OPTIONS', true],
    ['OPTIONS alone allows OPTIONS', { methods: ['OPTIONS'] }, 'OPTIONS', true],
    ['OPTIONS alone allows nothing else', { methods: ['OPTIONS'] }, 'GET', false],
    ['an empty list denies GET', { methods: [] }, 'GET', false],
    ['an empty list denies OPTIONS', { methods: [] }, 'OPTIONS', false],
    ['small letters are another method', { methods: ['GET'] }, 'get', false],
    ['constructor is no method', { methods: ['GET'] }, 'constructor', false],
    ['__proto__ is no method', { methods: ['GET'] }, '__proto__', false],
  ];
  for (const [name, grant, method, allow] of rows) test(name, () => assert.equal(allows(grant, method, '/'), allow));
});

describe('paths', () => {
  const some: RouterGrant = { paths: ['/', '/items', '/admin/*', '/caf%C3%A9', '/100%25'] };
  const rows: readonly (readonly [string, RouterGrant, string, boolean])[] = [
    ['without a list any is allowed', {}, '/any/thing', true],
    ['without a list the mount itself is', {}, '/', true],
    ['/* allows any', { paths: ['/*'] }, '/any//thing%2Fx', true],
    ['/* allows the mount itself', { paths: ['/*'] }, '/', true],
    ['an empty list denies all', { paths: [] }, '/', false],
    ['/ is the mount itself', some, '/', true],
    ['/ is nothing below it', { paths: ['/'] }, '/x', false],
    ['an exact path is allowed', some, '/items', true],
    ['with a slash at its end too, as Express routes it', some, '/items/', true],
    ['with two slashes at its end it is not', some, '/items//', false],
    ['below an exact path is denied', some, '/items/7', false],
    ['a longer name is denied', some, '/items2', false],
    ['a subtree allows its root', some, '/admin', true],
    ['a subtree allows what is below', some, '/admin/a/b', true],
    ['a subtree allows no longer name', some, '/administrator', false],
    ['a subtree does not reach above', { paths: ['/admin/*'] }, '/', false],
    ['case counts', some, '/ADMIN', false],
    ['the case of hex digits does not', some, '/caf%c3%a9', true],
    ['an encoded percent sign is a character like others', some, '/100%25', true],
    ['constructor is denied', some, '/constructor', false],
    ['/__proto__ is denied', some, '/__proto__', false],
    // Ways around a list: each would be allowed below /admin if it were not for the trick in it.
    ['a double slash is denied', some, '//admin/x', false],
    ['a double slash inside is denied', some, '/admin//x', false],
    ['an encoded slash is denied', some, '/admin/%2fx', false],
    ['an encoded slash as the separator is denied', some, '/admin%2Fx', false],
    ['an encoded backslash is denied', some, '/admin/%5cx', false],
    ['an encoded letter is denied', some, '/admin/%61', false],
    ['an encoded letter in the name is denied', some, '/%61dmin/x', false],
    ['an encoded NUL is denied', some, '/admin/%00', false],
    ['an encoded newline is denied', some, '/admin/%0a', false],
    ['half an encoding is denied', some, '/admin/%2', false],
    ['an encoding that is no hex is denied', some, '/admin/%zz', false],
    ['bytes that are no UTF-8 are denied', some, '/admin/%ff', false],
    ['a half surrogate in UTF-8 is denied', some, '/admin/%ed%a0%80', false],
    ['raw characters outside ASCII are denied', some, '/admin/é', false],
    ['an encoded dot inside a name is denied', some, '/admin/a%2eb', false],
    ['a twice encoded dot is a name with percent signs', some, '/admin/%252e%252e', true],
    ['a dot inside a name is fine', some, '/admin/a.b', true],
    ['three dots are a name', some, '/admin/...', true],
  ];
  for (const [name, grant, path, allow] of rows)
    test(`${name}: ${JSON.stringify(path)}`, () => assert.equal(allows(grant, 'GET', path), allow));
  test('method and path must both fit', () => {
    const grant: RouterGrant = { methods: ['GET'], paths: ['/a'] };
    assert.deepEqual([allows(grant, 'GET', '/a'), allows(grant, 'POST', '/a'), allows(grant, 'GET', '/b')], [true, false, false]);
  });
});

describe('what no grant allows', () => {
  const tricks = [
    '',
    'items',
    '*',
    'http://elsewhere/',
    '/..',
    '/.',
    '/a/../b',
    '/a/./b',
    '/a/..',
    '/../a',
    '/%2e%2e/a',
    '/a/%2E%2e',
    '/.%2e/a',
    '/a/%2e',
    '/..%2fa',
    '/a%2f..%2fb',
    '/a/..%5cb',
    '/a\\..\\b',
    '/a\\b',
    '/a b',
    '/a\u0000',
    '/a\n',
    '/a\u007f',
    '/a?b=1',
    '/a#b',
  ];
  for (const path of tricks) test(JSON.stringify(path), () => assert.equal(allows({}, 'GET', path), false));
  for (const path of ['/...', '/a..b', '/..a', '/a..', '/.well-known/x', '/a%2Fb', '/a//b', '/é', '/%F0%9F%90%88'])
    test(`its harmless twin ${path} passes`, () => assert.equal(allows({}, 'GET', path), true));
  for (const method of ['read', 'constructor', '__proto__', '']) {
    test(`the policy's method ${JSON.stringify(method)}`, () =>
      assert.equal(makeRouterPolicy({})(method, { method: 'GET', path: '/' }).allow, false));
  }
});

test('a guest has no method to call', async () => {
  const instance = await routerCapability.open({ id: 'greet', version: '1.0.0' }, [{}], {});
  assert.deepEqual(Object.keys(routerContract.methods), []);
  assert.throws(() => void instance.call('request', {}, { extension: 'greet' } as Caller), { code: 'ERR_METHOD_UNKNOWN' });
  assert.equal(instance.bootValue('acme'), null);
  await instance.close();
});
