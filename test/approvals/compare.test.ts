// Whether a package wishes for more than the one that was approved. Invariant: what cannot be told for less is taken for more. Must never do I/O.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compare, wishesUnder } from '../../src/approvals/compare.ts';
import { makeCovers } from '../../src/approvals/covers.ts';
import { digestOf, type LockEntry, type SelfDescription } from '../../src/approvals/lock.ts';
import { fetchBounds } from '../../src/capabilities/fetch/bounds.ts';
import { methods } from '../../src/capabilities/fetch/contract.ts';
import { makeBaseline, makeRegistry } from '../../src/capabilities/registry.ts';
import type { Manifest } from '../../src/config/manifest.ts';
import { limitTable } from '../../src/limits/table.ts';

const covers = makeCovers(makeRegistry());
const comparing = { covers, baseline: makeBaseline() };

const self = (asked: Manifest | null, more: Partial<SelfDescription> = {}): SelfDescription => ({
  version: '1.0.0',
  artifact: 'a'.repeat(64),
  kind: 'bare',
  express: 5,
  asked,
  ...more,
});
const entryOf = (asked: Manifest | null): LockEntry => ({
  ...self(asked),
  digest: digestOf(self(asked)),
  approved: { capabilities: {} },
  by: 'ada',
  at: '2026-01-01T00:00:00Z',
});

const table = (grant: unknown) => ({ tables: { t: grant } });
const to = (rule: unknown, more: object = {}) => ({ origins: { 'https://a.example': rule, ...more } });
const key = (header: string) => ({ KEY: { origin: 'https://a.example', header } });

describe('one grant holds all of another', () => {
  const rows: readonly (readonly [string, string, unknown, unknown, boolean])[] = [
    ['env', 'fewer keys', { keys: ['A', 'B'] }, { keys: ['B'] }, true],
    ['env', 'another key', { keys: ['A'] }, { keys: ['A', 'B'] }, false],
    ['headers', 'fewer names', { names: ['x-a'] }, { names: [] }, true],
    ['headers', 'another name', { names: [] }, { names: ['x-a'] }, false],
    ['log', 'a list where there was none', {}, { levels: ['error'] }, true],
    ['log', 'no list where there was one', { levels: ['error'] }, {}, false],
    ['schema', 'fewer collections', {}, { collections: ['a'] }, true],
    ['schema', 'all collections', { collections: ['a'] }, {}, false],
    ['router', 'a method less', { methods: ['GET', 'POST'] }, { methods: ['GET'] }, true],
    ['router', 'HEAD where there is GET', { methods: ['GET'] }, { methods: ['HEAD', 'OPTIONS'] }, true],
    ['router', 'all methods', { methods: ['GET'] }, {}, false],
    ['router', 'a path under a star', { paths: ['/items/*'] }, { paths: ['/items', '/items/7', '/items/a/*'] }, true],
    ['router', 'a path beside a star', { paths: ['/items/*'] }, { paths: ['/items2'] }, false],
    ['router', 'a star over a path', { paths: ['/items'] }, { paths: ['/items/*'] }, false],
    ['router', 'everything', { paths: ['/items/*'] }, { paths: ['/*'] }, false],
    ['router', 'a path under everything', { paths: ['/*'] }, { paths: ['/x', '/'] }, true],
    ['emitter', 'an event under a star', { emit: ['orders.*'] }, { emit: ['orders.paid'] }, true],
    ['emitter', 'a wider star', { emit: ['orders.*'] }, { emit: ['orders.**'] }, false],
    ['emitter', 'listening beside emitting', { emit: ['orders.*'] }, { listen: ['orders.paid'] }, false],
    ['emitter', "the host's own event under a star", { emit: ['**'] }, { emit: ['auth.login'] }, false],
    ['emitter', 'schedules', {}, { schedule: true }, false],
    ['emitter', 'no schedules', { schedule: true }, { schedule: false }, true],
    ['database', 'an operation less', table({ read: true, create: true }), table({ read: true }), true],
    ['database', 'an operation more', table({ read: true }), table({ read: true, delete: true }), false],
    ['database', 'another table', table({ read: true }), { tables: { u: { read: true } } }, false],
    ['database', 'the same table with its schema', table({ read: true }), { tables: { 'public.t': { read: true } } }, true],
    ['database', 'columns where there were all', table({ read: true }), table({ read: { columns: ['a'] } }), true],
    ['database', 'all columns', table({ read: { columns: ['a'] } }), table({ read: true }), false],
    ['database', 'a row rule where there was none', table({ read: true }), table({ read: { rows: { a: { _eq: 1 } } } }), true],
    ['database', 'another row rule', table({ read: { rows: { a: { _eq: 1 } } } }), table({ read: { rows: { a: { _eq: 2 } } } }), false],
    ['database', 'a row rule less', table({ rows: { a: { _eq: 1 } }, read: true }), table({ read: true }), false],
    [
      'database',
      'a forced value more, which writes a column',
      table({ create: true }),
      table({ create: { defaults: { role: 'x' } } }),
      false,
    ],
    ['database', 'a function', table({ read: true }), { ...table({ read: true }), functions: ['pg_sleep'] }, false],
    ['database', 'DDL', table({ read: true }), { ...table({ read: true }), ddl: true }, false],
    ['database', 'hand-written SQL', table({ read: true }), { ...table({ read: true }), raw: true }, false],
    ['database', 'fewer rows', { ...table({ read: true }), maxRows: 10 }, { ...table({ read: true }), maxRows: 5 }, true],
    ['database', 'more rows', { ...table({ read: true }), maxRows: 10 }, table({ read: true }), false],
    ['services', 'a method less', { S: { methods: ['a', 'b'] } }, { S: { methods: ['a'] } }, true],
    ['services', 'a method more', { S: { methods: ['a'] } }, { S: { methods: ['a', 'b'] } }, false],
    ['services', 'methods where there were all', { S: { methods: true } }, { S: { methods: ['a'] } }, true],
    ['services', 'all methods', { S: { methods: ['a'] } }, { S: { methods: true } }, false],
    ['services', 'another service', { S: { methods: true } }, { T: { methods: [] } }, false],
    ['services', 'a service less', { S: { methods: true }, T: { methods: true } }, { T: { methods: true } }, true],
    ['services', 'a collection less', { S: { methods: true, collections: ['a'] } }, { S: { methods: true } }, true],
    ['services', 'a collection more', { S: { methods: true } }, { S: { methods: true, collections: ['a'] } }, false],
    ['services', 'one called as every object has it', {}, { constructor: { methods: [] } }, false],
    ['fetch', 'an origin less', to(true, { 'https://b.example': true }), to(true), true],
    ['fetch', 'an origin more', to(true), to(true, { 'https://b.example': true }), false],
    ['fetch', 'one called as every object has it', { origins: {} }, { origins: { constructor: true } }, false],
    ['fetch', 'methods where there were all', to(true), to({ methods: ['GET'] }), true],
    ['fetch', 'all methods', to({ methods: ['GET'] }), to(true), false],
    ['fetch', 'all methods, spelled out and not', to({ methods: [...methods] }), to({}), true],
    ['fetch', 'a path below one', to({ paths: ['/v1'] }), to({ paths: ['/v1/users', '/v1/'] }), true],
    ['fetch', 'a path beside one', to({ paths: ['/v1'] }), to({ paths: ['/v1x'] }), false],
    ['fetch', 'a path above one', to({ paths: ['/v1/users'] }), to({ paths: ['/v1'] }), false],
    ['fetch', 'any path', to({ paths: ['/'] }), to({}), false],
    ['fetch', 'paths where there were none', to({}), to({ paths: ['/v1'] }), true],
    ['fetch', 'a header less', to({ headers: ['x-a', 'x-b'] }), to({ headers: ['x-a'] }), true],
    ['fetch', 'a header more', to({ headers: ['x-a'] }), to({ headers: ['x-a', 'x-b'] }), false],
    ['fetch', 'a plain header spelled out', to({}), to({ headers: ['accept'] }), true],
    ['fetch', 'any header', to({ headers: ['x-a'] }), to({ headers: true }), false],
    ['fetch', 'headers where there was any', to({ headers: true }), to({ headers: ['x-a'] }), true],
    ['fetch', 'a secret less', { ...to({}), secrets: key('x-key') }, to({}), true],
    ['fetch', 'a secret more', to({}), { ...to({}), secrets: key('x-key') }, false],
    ['fetch', 'a secret in another header', { ...to({}), secrets: key('x-key') }, { ...to({}), secrets: key('x-other') }, false],
    ['fetch', 'the header of a secret and no secret', { ...to({}), secrets: key('x-key') }, to({ headers: ['x-key'] }), true],
    ['fetch', 'fewer bytes', { ...to({}), maxResponseBytes: 100 }, { ...to({}), maxResponseBytes: 99 }, true],
    ['fetch', 'more bytes', { ...to({}), maxResponseBytes: 100 }, { ...to({}), maxResponseBytes: 101 }, false],
    ['fetch', 'a size that is no longer said', { ...to({}), callsPerMinute: 10_000 }, to({}), false],
    ['fetch', 'the default, spelled out', to({}), { ...to({}), callsPerMinute: fetchBounds.callsPerMinute.value }, true],
    ['fetch', 'one over the default', to({}), { ...to({}), callsPerMinute: fetchBounds.callsPerMinute.value + 1 }, false],
    ['nobody', 'of a capability that does not say, the equal', { a: 1 }, { a: 1 }, true],
    ['nobody', 'of a capability that does not say, anything else', { a: 1 }, {}, false],
  ];
  for (const [name, what, wide, narrow, expected] of rows)
    test(`${name}: ${what}: ${expected ? 'yes' : 'no'}`, () => assert.equal(covers(name, wide, narrow), expected));

  test('every capability that is registered holds itself', () => {
    for (const { capability } of makeRegistry()) assert.equal(covers(capability.contract.name, { x: 1 }, { x: 1 }), true);
  });
});

describe('a package against the one that was approved', () => {
  const env = (keys: readonly string[]): Manifest => ({ capabilities: { env: { keys } } });
  const rows: readonly (readonly [string, Manifest | null, Manifest | null, Partial<SelfDescription>, string])[] = [
    ['the very same', env(['A']), env(['A']), {}, 'none'],
    ['another version number and nothing else', env(['A']), env(['A']), { version: '1.0.1' }, 'none'],
    ['another script', env(['A']), env(['A']), { artifact: 'b'.repeat(64) }, 'code'],
    ['another kind of package', env(['A']), env(['A']), { kind: 'hook' }, 'code'],
    ['fewer wishes', env(['A', 'B']), env(['A']), { artifact: 'b'.repeat(64) }, 'narrower'],
    ['a capability less', env(['A']), {}, {}, 'narrower'],
    ['more wishes', env(['A']), env(['A', 'B']), {}, 'wider'],
    ['more wishes with the same script', env([]), env(['B']), {}, 'wider'],
    ['a capability more', {}, env([]), {}, 'wider'],
    ['a narrower baseline', {}, { capabilities: { router: { methods: ['GET'] } } }, {}, 'narrower'],
    ['the whole baseline again', { capabilities: { router: { methods: ['GET'] } } }, {}, {}, 'wider'],
    ['a lower limit', {}, { limits: { cpuMs: 10 } }, {}, 'narrower'],
    ['a higher limit', {}, { limits: { cpuMs: limitTable.cpuMs.default + 1 } }, {}, 'wider'],
    ['the default again, where less was asked', { limits: { cpuMs: 10 } }, {}, {}, 'wider'],
    ['no manifest as before', null, null, { artifact: 'b'.repeat(64) }, 'code'],
    ['a manifest that went', env(['A']), null, {}, 'wider'],
    ['a manifest that came', null, {}, {}, 'wider'],
    ['keys of an object in another order', { limits: { cpuMs: 1, wallMs: 10 } }, { limits: { wallMs: 10, cpuMs: 1 } }, {}, 'none'],
  ];
  for (const [name, was, now, more, expected] of rows)
    test(`${name}: ${expected}`, () => assert.equal(compare(entryOf(was), self(now, more), comparing), expected));

  test('the wishes that run are those of what runs', () => {
    assert.deepEqual(wishesUnder(entryOf(env(['A'])), env(['A', 'B']), false, comparing), env(['A']));
    assert.deepEqual(wishesUnder(entryOf(env(['A'])), env([]), false, comparing), env([]));
    assert.deepEqual(wishesUnder(entryOf(env(['A'])), env([]), true, comparing), env(['A']));
  });
});
