// What an extension finds around it: logger, console, env, what it was not granted, and the globals of a Node that are there.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { extension, type LogLine, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
const atLoad = [];
console.log('console at load');
export default (router, { logger, env, services, getSchema, emitter, database }) => {
  logger.info('logger at load');
  const attempt = async (run) => { try { return { got: await run() }; } catch (error) { return { code: error.code ?? error.name, status: error.status, message: error.message }; } };
  router.get('/log/:level', (req, res) => { logger[req.params.level]({ asked: req.params.level, list: [1] }, 'said %s', 'so'); res.json(1); });
  router.get('/child', async (req, res) => { const child = logger.child({ part: 'inner' }); await null; child.warn('from a child'); setTimeout(() => { child.info('from a timer'); res.json(1); }, 5); });
  router.get('/forged', (req, res) => { logger.info({ extension: 'other', tenant: 'other', request: 'other', level: 60 }, 'forged\\u001b[31m\\nline'); res.json(1); });
  router.get('/console', (req, res) => { console.log('plain %d', 5, { a: 1 }); console.error(new Error('an error')); console.warn('warned'); console.debug('debugged'); console.table([1]); res.json(1); });
  router.get('/env', (req, res) => res.json({ env: { ...env }, processEnv: { ...process.env }, secret: [env.SECRET ?? null, process.env.SECRET ?? null, process.env.PATH ?? null], same: env.TO_STRING === undefined && env.constructor === undefined }));
  router.get('/env/write', (req, res) => { env.MINE = 'mine'; process.env.MINE = 'mine'; res.json([env.MINE, process.env.MINE]); });
  router.get('/refused', async (req, res) => res.json({
    service: await attempt(() => new services.ItemsService('x', {}).readByQuery({})),
    taken: await attempt(() => { const { FilesService } = services; return typeof FilesService; }),
    schema: await attempt(() => getSchema()),
    emitter: await attempt(() => emitter.emitAction('x', {})),
    database: await attempt(() => database('articles').select('*')),
    raw: await attempt(() => database.raw('select 1')),
  }));
  router.get('/unhandled', async (req, res) => { await database('articles').select('*'); });
  router.get('/globals', async (req, res) => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const order = [];
    await new Promise((resolve) => { setTimeout(() => { order.push('timer'); resolve(); }, 0); setImmediate(() => order.push('immediate')); queueMicrotask(() => order.push('micro')); Promise.resolve().then(() => order.push('then')); process.nextTick(() => order.push('tick')); order.push('sync'); });
    const abort = new AbortController();
    let aborted = null;
    abort.signal.addEventListener('abort', () => { aborted = abort.signal.reason.message; });
    abort.abort(new Error('enough'));
    const url = new URL('../b?x=1&x=2#h', 'https://user@example.org:8443/a/c');
    const copy = structuredClone({ map: new Map([[1, { deep: new Date(5) }]]), set: new Set([1]), bytes: new Uint8Array([1, 2]) });
    res.json({
      uuid: crypto.randomUUID(), hex: Buffer.from(bytes).toString('hex'), random: Math.random(),
      order: order.filter((one) => one !== 'immediate'), aborted,
      url: [url.href, url.port, url.searchParams.getAll('x')], params: String(new URLSearchParams({ a: 'ä b' })),
      text: [...new TextEncoder().encode('€')], decoded: new TextDecoder().decode(new Uint8Array([0xe2, 0x82, 0xac])),
      buffer: [Buffer.from('äö').toString('base64'), Buffer.concat([Buffer.from([1]), Buffer.alloc(1, 2)]).toString('hex'), Buffer.byteLength('ä'), Buffer.isBuffer(Buffer.from(''))],
      copy: [copy.map.get(1).deep.getTime(), copy.set.has(1), copy.bytes.length],
      atob: atob(btoa('text')), performance: typeof performance.now(), intl: new Intl.NumberFormat('en').format(1234.5), date: new Date(0).toISOString(),
    });
  });
  router.get('/gone', (req, res) => res.json(['WebAssembly', 'SharedArrayBuffer', 'Atomics', '__cloisterBoot', '__cloisterWarmUp', '__load'].filter((name) => name in globalThis)));
};`;

const entropy = `
const atLoad = crypto.randomUUID();
export default (router) => { router.get('/', (req, res) => res.json([atLoad, crypto.randomUUID(), crypto.randomUUID(), Math.random()])); };`;

interface Attempt {
  readonly code?: string;
  readonly status?: number;
  readonly message?: string;
  readonly got?: unknown;
}

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      ctx: extension(source, {
        capabilities: { env: { keys: ['PUBLIC_URL', 'LIST', 'COUNT', 'FLAG', 'UNSET'] } },
        limits: { cpuMs: 1_000 },
      }),
      bare: extension(source),
      quiet: extension(source, { capabilities: { log: { levels: ['error'] } } }),
      one: extension(entropy),
      two: extension(entropy),
    },
    options: { env: { PUBLIC_URL: 'https://x.example', LIST: ['a', 'b'], COUNT: 5, FLAG: false, SECRET: 'swordfish' } },
    logLevel: 'debug',
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

const lineWith = async (part: string): Promise<LogLine> => {
  let found: LogLine | undefined;
  await waitUntil(`a log line with ${part}`, () => {
    found = runtime.logs.findLast((line) => JSON.stringify(line).includes(part));
    return found !== undefined;
  });
  return found ?? assert.fail();
};

describe('logger', () => {
  const levels = [
    ['error', 50],
    ['warn', 40],
    ['info', 30],
    ['debug', 20],
  ] as const;
  for (const [level, value] of levels) {
    test(`${level} reaches the host’s logger with extension, tenant and request`, async () => {
      const { end } = await runtime.measure(`/ctx/log/${level}`);
      const line = await lineWith(`"asked":"${level}"`);
      assert.deepEqual(
        [line['level'], line['msg'], line['extension'], line['tenant'], line['request'], line['guest']],
        [value, 'said so', 'ctx', 'default', end.request, { asked: level, list: [1] }],
      );
    });
  }
  test('a level the host’s logger does not write is not sent', async () => {
    const { calls } = await runtime.measure('/ctx/log/trace');
    assert.deepEqual(calls, []);
  });
  test('a child keeps its bindings, after an await and in a timer', async () => {
    const { end } = await runtime.measure('/ctx/child');
    for (const text of ['from a child', 'from a timer']) {
      const line = await lineWith(text);
      assert.deepEqual([line['guest'], line['request']], [{ part: 'inner' }, end.request]);
    }
  });
  test('the host’s fields cannot be forged, nor a line broken', async () => {
    const { end } = await runtime.measure('/ctx/forged');
    const line = await lineWith('forged');
    assert.deepEqual([line['extension'], line['tenant'], line['request'], line['level']], ['ctx', 'default', end.request, 30]);
    assert.doesNotMatch(String(line['msg']), /[\u0000-\u001f]/);
  });
  test('a line at load belongs to the registration', async () => {
    for (const text of ['console at load', 'logger at load']) assert.match(String((await lineWith(text))['request']), /-register-/);
  });
  test('levels outside the grant are not written', async () => {
    await runtime.get('/quiet/log/info');
    await runtime.get('/quiet/log/error');
    await lineWith('"extension":"quiet"');
    assert.deepEqual(
      runtime.logs.filter((line) => line['extension'] === 'quiet' && line['guest'] !== undefined).map((line) => line['level']),
      [50],
    );
  });
  test('each line is a call on the ledger, without its text', async () => {
    const { calls } = await runtime.measure('/ctx/log/info');
    assert.deepEqual(
      calls.map(({ capability, method, args, decision }) => ({ capability, method, args, decision })),
      [{ capability: 'log', method: 'write', args: { level: 'info', textChars: 7, dataChars: 27 }, decision: 'allow' }],
    );
  });
});

describe('console', () => {
  test('goes to the logger, formatted', async () => {
    const { end } = await runtime.measure('/ctx/console');
    const lines = runtime.logs.filter((line) => line['request'] === end.request);
    assert.deepEqual(
      lines.map((line) => line['level']),
      [30, 50, 40, 20, 30],
    );
    assert.match(String(lines[0]?.['msg']), /^plain 5 \{ a: 1 \}$/);
    assert.match(String(lines[1]?.['msg']), /^Error: an error/);
  });
});

describe('env', () => {
  test('holds the granted keys that are set, and process.env the same as text', async () => {
    assert.deepEqual((await runtime.get('/ctx/env')).json(), {
      env: { PUBLIC_URL: 'https://x.example', LIST: ['a', 'b'], COUNT: 5, FLAG: false },
      processEnv: { PUBLIC_URL: 'https://x.example', LIST: 'a,b', COUNT: '5', FLAG: 'false' },
      secret: [null, null, null],
      same: true,
    });
  });
  test('is empty without a grant', async () => {
    const seen = (await runtime.get('/bare/env')).json() as { readonly env: unknown; readonly processEnv: unknown };
    assert.deepEqual([seen.env, seen.processEnv], [{}, {}]);
  });
  test('may be written on, for oneself alone', async () => {
    assert.deepEqual((await runtime.get('/ctx/env/write')).json(), ['mine', 'mine']);
    assert.equal((await runtime.get('/bare/env')).text.includes('mine'), false);
    assert.equal(process.env['MINE'], undefined);
  });
});

describe('what was not granted', () => {
  test('is an error with a code where it is used, not where it is looked at', async () => {
    const seen = (await runtime.get('/bare/refused')).json() as Readonly<Record<string, Attempt>>;
    assert.deepEqual(seen['taken'], { got: 'function' });
    for (const name of ['service', 'schema', 'emitter', 'database', 'raw'])
      assert.equal(seen[name]?.code, 'ERR_CAPABILITY_NOT_GRANTED', name);
  });
  test('is answered 403 where the extension does not handle it, without saying what it was', async () => {
    const { reply, end } = await runtime.measure('/bare/unhandled');
    assert.deepEqual([reply.status, reply.code, end.outcome], [403, 'ERR_CAPABILITY_NOT_GRANTED', 'ERR_CAPABILITY_NOT_GRANTED']);
    assert.equal(reply.text.includes('database'), false);
  });
});

describe('globals', () => {
  test('those of Node that are there work', async () => {
    const seen = (await runtime.get('/ctx/globals')).json() as Readonly<Record<string, unknown>>;
    const { uuid, hex, random, ...rest } = seen;
    assert.match(String(uuid), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(String(hex), /^[0-9a-f]{32}$/);
    assert.ok(typeof random === 'number' && random >= 0 && random < 1);
    assert.deepEqual(rest, {
      order: ['sync', 'micro', 'then', 'tick', 'timer'],
      aborted: 'enough',
      url: ['https://user@example.org:8443/b?x=1&x=2#h', '8443', ['1', '2']],
      params: 'a=%C3%A4+b',
      text: [226, 130, 172],
      decoded: '€',
      buffer: ['w6TDtg==', '0102', 2, true],
      copy: [5, true, 2],
      atob: 'text',
      performance: 'number',
      intl: '1,234.5',
      date: '1970-01-01T00:00:00.000Z',
    });
  });
  test('those that no limit would hold are gone', async () => assert.deepEqual((await runtime.get('/ctx/gone')).json(), []));
  test('randomness differs between two calls, two cells, and load and request', async () => {
    const all = await Promise.all(
      ['/one', '/two', '/one', '/two'].map(async (path) => (await runtime.get(path)).json() as readonly unknown[]),
    );
    const [one, two, oneAgain] = all;
    assert.equal(one?.[0], oneAgain?.[0]);
    const values = [...new Set(all.flat())];
    assert.equal(values.length, all.length * 3 + 2, JSON.stringify(all));
    assert.notEqual(one?.[0], two?.[0]);
  });
});
