// The globals and built-ins of the isolate give what node gives: the same source is evaluated in both, and the values are compared.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { globalCases, moduleCases } from './globals-cases.ts';
import { type Guest, openGuest } from './guest.ts';
import { webStreamCases } from './web-stream-cases.ts';

const require = createRequire(import.meta.url);
const runHere = async (source: string): Promise<unknown> => {
  const run = new Function('require', `return (async () => { ${source} })()`) as (given: unknown) => Promise<unknown>;
  return JSON.parse(JSON.stringify((await run(require)) ?? null));
};

describe('in the isolate, as in node', () => {
  let guest: Guest;
  before(async () => {
    guest = await openGuest(5);
  });
  after(() => guest.close());

  for (const { name, source } of [...globalCases, ...moduleCases, ...webStreamCases]) {
    test(name, async () => {
      assert.deepEqual(await guest.run(source), await runHere(source));
    });
  }
});

describe('in the isolate, and not as in node', () => {
  let guest: Guest;
  before(async () => {
    guest = await openGuest(4);
  });
  after(() => guest.close());
  const isTrue = (source: string) => async (): Promise<void> => assert.equal(await guest.run(source), true);
  const refuses = (source: string, code: string) => async (): Promise<void> => {
    await assert.rejects(guest.run(source), { code });
  };

  test(
    'what guests see has its own name, though the bundle is minified',
    isTrue(
      `const own = { ...require('stream'), ...require('http'), ...require('async_hooks'), StringDecoder: require('string_decoder').StringDecoder, EventEmitter: require('events') }; const wrong = __platform.globalNames.filter((name) => typeof globalThis[name] === 'function' && !name.startsWith('clear') && globalThis[name].name !== name).concat(['Readable', 'Transform', 'PassThrough', 'IncomingMessage', 'ServerResponse', 'Agent', 'AsyncLocalStorage', 'StringDecoder', 'EventEmitter'].filter((name) => own[name].name !== name)); const router = express.Router(); return wrong.length === 0 && router.name === 'router' && setTimeout(() => {}, 1).constructor.name === 'Timeout' && require('util').inspect(new URL('http://a')).startsWith('URL')`,
    ),
  );
  test(
    'process.env is the granted environment, the same object every time',
    isTrue(
      `return process.env.GRANTED === 'yes' && process.env === process.env && require('process') === process && Object.keys(process.env).length === 2`,
    ),
  );
  test('process has its tag, so axios uses node:http', isTrue(`return Object.prototype.toString.call(process) === '[object process]'`));
  test('console lines are formatted and go to the log with their level', async () => {
    await guest.run(
      `console.log('a %s', 'b', { c: [1] }); console.error(new RangeError('oops').message); console.warn('w'); console.debug('d'); console.info(5); console.group('g'); console.log('in'); console.groupEnd(); console.count(); console.count(); console.assert(false, 'claim'); console.table([1]); process.stdout.write('raw\\n')`,
    );
    assert.deepEqual(guest.logs(), [
      'info: a b { c: [ 1 ] }',
      'error: oops',
      'warn: w',
      'debug: d',
      'info: 5',
      'info: g',
      'info:   in',
      'info: default: 1',
      'info: default: 2',
      'error: Assertion failed: claim',
      'info: [ 1 ]',
      'info: raw',
    ]);
  });
  test(
    'a value whose inspection throws does not throw out of console',
    isTrue(
      `console.log({ get [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('no') } }); console.log(new Proxy({}, { ownKeys() { throw new Error('no') } })); return true`,
    ),
  );
  test(
    'what tr46 would map by its tables is mapped by normalization',
    isTrue(`return new URL('http://ＢÜCHER.de').hostname === 'xn--bcher-kva.de'`),
  );

  test('fs has no files: existsSync is false', isTrue(`return require('fs').existsSync('/etc/passwd') === false`));
  test('fs has no files: reading is ENOENT', refuses(`require('fs').readFileSync('/etc/passwd')`, 'ENOENT'));
  test('fs has no files: reading later is ENOENT', refuses(`await require('fs/promises').readFile('/etc/passwd')`, 'ENOENT'));
  test('fs cannot write', refuses(`require('fs').writeFileSync('/tmp/x', 'y')`, 'ERR_CAPABILITY_NOT_GRANTED'));
  for (const call of [
    "require('child_process').execSync('id')",
    "require('net').connect(80)",
    "new (require('net').Socket)()",
    "require('dns').lookup('h')",
    "require('vm').runInNewContext('1')",
    "new (require('crypto').X509Certificate)('x')",
    "await require('fs').promises.writeFile('x')",
    'process.exit(1)',
    "require('worker_threads').Worker()",
  ]) {
    test(`${call} is refused by name`, refuses(call, 'ERR_CAPABILITY_NOT_GRANTED'));
  }
  test('the refusal names the built-in', async () => {
    await assert.rejects(guest.run("require('node:child_process').spawn('x')"), { message: /child_process\.spawn/ });
  });
  test(
    'what is refused can still be imported, extended and tested for',
    isTrue(
      `const net = require('net'); class Mine extends net.Socket {} const { Agent } = require('http'); return typeof net.Socket === 'function' && new Agent({ keepAlive: true }) !== null && require('tty').isatty(1) === false && require('worker_threads').isMainThread && require('cluster').isPrimary && require('net').isIP('::1') === 6 && ({}) instanceof require('crypto').KeyObject === false && Mine.name === 'Mine'`,
    ),
  );
  test(
    'a bundler’s copy of a refused module still refuses by name',
    isTrue(
      `const net = require('net'); const copy = Object.create(Object.getPrototypeOf(net)); for (const key of Object.getOwnPropertyNames(net)) Object.defineProperty(copy, key, { get: () => net[key] }); try { copy.connect() } catch (error) { return error.code === 'ERR_CAPABILITY_NOT_GRANTED' && copy.isIP('1.2.3.4') === 4 }`,
    ),
  );
  test('an unknown module is not found', refuses(`require('left-pad')`, 'MODULE_NOT_FOUND'));
  test('a module of the prototype is not found either', refuses(`require('constructor')`, 'MODULE_NOT_FOUND'));
  test('directus:api is for extensions of that form alone', refuses(`require('directus:api')`, 'ERR_CAPABILITY_NOT_GRANTED'));
  test(
    'express and express4 are the express of the cell',
    isTrue(`return require('express') === express && require('express4') === express && typeof require('express').Router === 'function'`),
  );
  test(
    'a built-in is one object however it is asked for',
    isTrue(
      `return require('fs') === require('node:fs') && require('events') === require('node:events') && require('module').createRequire('/x')('path') === require('path')`,
    ),
  );
  test(
    'express.static finds no file, and packages that mount one register',
    isTrue(
      `let passed; require('express').static('public')({ method: 'GET' }, {}, (error) => { passed = error === undefined }); return passed`,
    ),
  );
  for (const call of [
    "app.render('x', () => {})",
    "await new Promise((done, fail) => require('express').response.sendFile.call(Object.create(require('express').response, { req: { value: { next: fail } } }), '/etc/passwd'))",
  ]) {
    test(`${call.slice(0, 50)} says there are no files`, async () => {
      await assert.rejects(guest.run(call), { message: /file system/ });
    });
  }
});
