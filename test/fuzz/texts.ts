// Texts for frames: some as a ward would write them, some nearly, some nothing like it. Must never be the same twice but from the same seed.
import { toHost } from '../../sandbox/protocol/kinds.ts';

export interface Texts {
  any(kind: number): string;
}

const heads = [
  [200],
  [200, 'content-type', 'text/html'],
  [200, 'set-cookie', ['a=b; Path=/', 'c=d']],
  [304],
  [204, 'content-length', '5'],
  [999],
  ['200'],
  [200, 'x', 5],
  [200, 'transfer-encoding', 'chunked', 'content-length', '1'],
  [200, 'a\r\nb', 'c'],
  [200, '__proto__', 'p'],
  null,
  {},
];
const calls = [
  ['database', 'query', { sql: 'select * from hidden', bindings: [] }],
  ['database', 'query', { sql: 'select 1; select 2', bindings: [] }],
  ['database', 'query', { sql: 'select ', bindings: [[[]]] }],
  ['database', '__proto__', {}],
  ['__proto__', 'constructor', {}],
  ['log', 'write', { level: 'info', text: 'forged' }],
  ['log', 'write', { level: 'info', text: 'x'.repeat(5_000), data: { a: 1 } }],
  ['env', 'get', { key: 'SECRET' }],
  ['emitter', 'emit', { channel: 'action', events: ['items.create'], meta: {} }],
  ['router', 'x', null],
  ['headers', 'x', null],
  ['schema', 'read', {}],
  ['fetch', 'request', { url: 'http://127.0.0.1:9/', method: 'POST', headers: [], redirect: 'follow', tag: 1, body: { stream: true } }],
  ['fetch', 'request', { url: 'http://127.0.0.1:22/hidden', method: 'GET', headers: [], redirect: 'follow' }],
  ['fetch', 'request', { url: 'http://127.0.0.1:9/', method: 'GET', headers: [['host', 'hidden']], redirect: 'follow', tag: 2 }],
  ['fetch', 'write', { tag: 1, last: false }],
  ['fetch', 'write', { tag: 2, last: true }],
  ['fetch', 'read', { tag: 1 }],
  ['fetch', 'cancel', { tag: 0x7fffffff }],
  ['kv', 'set', { key: 'k', value: 'x'.repeat(200) }],
  ['kv', 'set', { key: '__proto__', value: '{"a":1}', ttlMs: -1 }],
  ['kv', 'get', { key: 'k' }],
  ['kv', 'list', { prefix: '', limit: 1e9 }],
  ['services', 'call', { service: 'ItemsService', method: 'readByQuery', collection: 'hidden', args: [{}] }],
  ['services', 'read', { service: 'constructor', method: '__proto__', args: [], lower: ['admin', 'admin'] }],
  [1, 2, 3],
  [],
  'call',
];
const faults = [
  { status: 500, code: 'ERR_GUEST_FAILED', message: 'm', stack: 's' },
  { status: 99, code: 'ERR_CPU_EXCEEDED', message: '\u001b[2J', stack: '\n{"forged":1}' },
  { status: '500', code: { a: 1 }, message: [], extensions: { a: { b: [] } } },
  { status: 400, code: 'FORBIDDEN', message: 'x'.repeat(10_000), extensions: { code: 'OTHER', retryAfterSeconds: 1e99 } },
  [],
];
const registered = [
  { mounts: ['evil'], hooks: 0, listeners: [] },
  { mounts: ['../x', '_cloister', 'other'], hooks: 1e9, listeners: [[1, 'filter', 'items.create']] },
  { mounts: {}, hooks: 'x', listeners: [[]] },
  {
    mounts: [null],
    hooks: 0,
    listeners: [
      [1, 'filter', 5],
      ['x', {}, null],
    ],
  },
];

const byKind = new Map<number, readonly unknown[]>([
  [toHost.respond, heads],
  [toHost.head, heads],
  [toHost.call, calls],
  [toHost.send, calls],
  [toHost.fault, faults],
  [toHost.opened, registered],
  [toHost.openFailed, [{ message: 'x' }, { message: { toString: 1 } }, null]],
  [toHost.done, [{}, { a: 1 }, null, [[[]]]]],
]);

export const makeTexts = (random: () => number): Texts => {
  const below = (bound: number): number => Math.floor(random() * bound);
  const pick = <Item>(list: readonly Item[]): Item => list[below(list.length)] as Item;

  const garbled = (text: string): string => {
    const at = below(text.length + 1);
    return pick([
      () => text.slice(0, at),
      () => text.slice(0, at) + pick(['"', '{', '[', '\\u0000', '\u2028', '\ud800', 'null', '1e999', '-']) + text.slice(at),
      () => text + text,
      () => text.replace('"', ''),
      () => '['.repeat(below(20_000)),
      () => `{"__proto__":${text},"constructor":{"prototype":${text}}}`,
      () => '',
      () => 'x'.repeat(below(3) === 0 ? 1_200_000 : 2_000),
      () => String(below(1e9)),
      () => `[${Array.from({ length: below(20_000) }, () => '1').join()}]`,
      () => JSON.stringify({ deep: '['.repeat(100) }),
    ])();
  };

  return {
    any: (kind) => {
      const list = random() < 0.9 ? (byKind.get(kind) ?? [null]) : pick([heads, calls, faults, registered]);
      const text = JSON.stringify(pick<unknown>(list)) ?? '';
      return random() < 0.6 ? text : garbled(text);
    },
  };
};
