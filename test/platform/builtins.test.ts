// Every built-in of node can be loaded, looked at and extended in the isolate; what reaches outside says so when it is used, and by name.
import assert from 'node:assert/strict';
import { builtinModules } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { type Guest, openGuest } from './guest.ts';

let guest: Guest;
before(async () => {
  guest = await openGuest(4);
});
after(() => guest.close());

/** A module → one of its members that reaches outside. */
const uses: readonly (readonly [name: string, use: string, says: RegExp])[] = [
  ['child_process', `m.spawn('id')`, /no grant/],
  ['child_process', 'new m.ChildProcess()', /processes/],
  ['cluster', 'm.fork()', /no grant/],
  ['dgram', `m.createSocket('udp4')`, /'fetch'/],
  ['dns', `m.lookup('example.com', () => {})`, /'fetch'/],
  ['dns/promises', `await m.lookup('example.com')`, /'fetch'/],
  ['dns', `await m.promises.lookup('example.com')`, /'fetch'/],
  ['domain', 'm.create()', /AsyncLocalStorage/],
  ['fs', `m.writeFileSync('a', 'b')`, /'files'/],
  ['fs/promises', `await m.writeFile('a', 'b')`, /'files'/],
  ['http', 'm.createServer()', /router/],
  ['http2', `m.connect('https://example.com')`, /'fetch'/],
  ['inspector', 'm.open()', /no grant/],
  ['net', 'm.connect(80)', /'fetch'/],
  ['net', 'new (class extends m.Socket {})()', /'fetch'/],
  ['readline', 'm.createInterface({})', /no grant/],
  ['repl', 'm.start()', /no grant/],
  ['sqlite', `new m.DatabaseSync(':memory:')`, /'database'/],
  ['tls', 'm.connect(443)', /'fetch'/],
  ['v8', 'm.getHeapSnapshot()', /no grant/],
  ['vm', `m.runInNewContext('1')`, /no grant/],
  ['wasi', 'new m.WASI({})', /no grant/],
  ['worker_threads', `new (class extends m.Worker {})('x')`, /threads/],
];

describe('built-ins', () => {
  for (const name of builtinModules) {
    const plain = name.replace(/^node:/, '');
    test(`${name} can be loaded`, async () => {
      const source = `const m = require(${JSON.stringify(name)}); return [typeof m === 'object' || typeof m === 'function', require(${JSON.stringify(`node:${plain}`)}) === m, require('module').isBuiltin(${JSON.stringify(plain)}), Object.keys(m).every((key) => { void m[key]; return true })]`;
      assert.deepEqual(await guest.run(source), [true, true, true, true]);
    });
  }
  for (const [name, use, says] of uses)
    test(`${name}: ${use} is refused in words`, async () => {
      await assert.rejects(
        guest.run(`const m = require('${name}'); ${use}`),
        (error: { readonly code?: string; readonly message?: string }) => {
          assert.equal(error.code, 'ERR_CAPABILITY_NOT_GRANTED');
          assert.match(error.message ?? '', new RegExp(`^${name.split('/')[0]}`));
          assert.match(error.message ?? '', says);
          return true;
        },
      );
    });

  const loads: readonly (readonly [string, string, unknown])[] = [
    [
      'classes that packages extend while they load',
      `const [http, https, net, tls, events] = ['http', 'https', 'net', 'tls', 'events'].map(require); class A extends http.Agent { constructor() { super({ keepAlive: true }) } } class B extends https.Agent {} class C extends net.Socket {} class D extends tls.TLSSocket {} class E extends events {} class F extends http.Server {} class G extends require('worker_threads').Worker {} require('util').inherits(function H() {}, require('stream').Transform); return [new A() instanceof http.Agent, new B().options !== undefined, typeof C, new E().listenerCount('x')]`,
      [true, true, 'function', 0],
    ],
    [
      'the prototype that has no name',
      `const P = Object.getPrototypeOf(Object.getPrototypeOf((${'async function* () {}'.replace('async function* ()', 'function ()')})).prototype); const arrow = () => 1; const own = () => 1; own.prototype = 5; return [typeof P[Symbol.asyncIterator], arrow.prototype === undefined, own.prototype, Object.hasOwn(own, 'prototype'), (function () {}).prototype !== undefined]`,
      ['function', true, 5, true, true],
    ],
    [
      'what is asked while loading has an answer',
      `return [require('tty').isatty(1), require('fs').existsSync('/x'), require('worker_threads').isMainThread, require('cluster').isPrimary, typeof require('module').createRequire('file:///x'), require('os').EOL, require('tls').rootCertificates.length, require('http2').constants !== undefined, require('diagnostics_channel').channel('x').hasSubscribers]`,
      [false, false, true, true, 'function', '\n', 0, true, false],
    ],
  ];
  for (const [name, source, value] of loads) test(name, async () => assert.deepEqual(await guest.run(source), value));
});
