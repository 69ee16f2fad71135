// Names that every object has, and texts that break lines, in every field a guest or a client can fill: no prototype moves, no decision falls through, each ledger line stays one. Must never look at the ledger before it is whole.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { verifyLedger } from '../../src/ledger/verify-ledger.ts';
import { makeRandom, readSeed } from '../helpers/random.ts';
import { directusExtension, extension } from '../helpers/runtime.ts';
import { openSiege, type Siege } from '../helpers/siege.ts';
import { isWhole, thinned } from '../helpers/thinned.ts';

/** Runs what it is sent. */
const runner = `
export default (router, context) => {
  const { database, env, emitter, logger, services } = context;
  router.post('/run', async (req, res) => {
    const run = new Function('req', 'context', 'text', 'database', 'env', 'emitter', 'logger', 'services', 'return (async () => {' + req.body.code + '})()');
    try { const got = await run(req, context, req.body.text, database, env, emitter, logger, services); res.json({ got: got === undefined ? null : got }); }
    catch (error) { res.json({ refused: String(error?.code ?? error?.name).slice(0, 200) }); }
  });
  router.get('/key/:name', (req, res) => { const table = { own: 1 }; res.json([Object.hasOwn(table, req.params.name), req.query, ({}).polluted ?? null]); });
  router.post('/body', (req, res) => res.json([Object.keys(req.body), req.body.polluted ?? null, ({}).polluted ?? null]));
  router.get('/throw', (req, res) => { throw Object.assign(new Error(String(req.query.text)), { code: String(req.query.text) }); });
};`;
const hearer = `
export default (router, { emitter }) => {
  const merge = (into, from) => { for (const key of Object.keys(from)) into[key] = typeof from[key] === 'object' && from[key] !== null ? merge(into[key] ?? {}, from[key]) : from[key]; return into; };
  emitter.onFilter('names.merged', (payload) => merge({}, payload));
  emitter.onFilter('names.copied', (payload) => Object.assign({}, payload));
  router.get('/', (req, res) => res.json([({}).polluted ?? null, ({}).admin ?? null]));
};`;

let folder: string;
let file: string;
let siege: Siege;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cloister-names-'));
  file = join(folder, 'ledger.ndjson');
  const capabilities = {
    database: { tables: { things: { read: true, create: { columns: ['id', 'text', 'data'] }, update: { columns: ['text', 'data'] } } } },
    emitter: { emit: ['names.*'], listen: ['names.*'] },
    env: { keys: ['GIVEN'] },
    fetch: { origins: { 'https://granted.example': {} } },
    headers: { names: ['x-noted'] },
  };
  const limits = { cpuMs: 3_000, wallMs: 15_000, registerMs: 20_000, hostCalls: 300, memoryMb: 128 };
  siege = await openSiege({
    hostile: {
      namer: extension(runner, { capabilities, limits }),
      old: directusExtension(runner, { capabilities, limits }),
      hearer: extension(hearer, { capabilities: { emitter: { listen: ['names.*'] } }, limits }),
    },
    options: { env: { GIVEN: 'given' }, ledger: { file } },
    logLevel: 'info',
  });
});
let ended = false;
const end = async (): Promise<void> => {
  if (ended) return;
  ended = true;
  await siege.end();
};
after(async () => {
  await end();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly got?: unknown;
  readonly refused?: string;
}
const run = async (code: string, text = '', id = 'namer'): Promise<Outcome> => {
  const reply = await siege.attack(`/${id}/run`, { code, text });
  assert.equal(reply.status, 200, reply.text.slice(0, 300));
  assert.ok(!reply.text.includes(siege.canary), reply.text.slice(0, 300));
  return reply.json() as Outcome;
};

const parsed = (text: string): string => `JSON.parse(${JSON.stringify(text)})`;
const polluting = '{"__proto__":{"polluted":true,"admin":true},"constructor":{"prototype":{"polluted":true}}}';

describe('a name that every object has is a name like others', () => {
  const refused = [
    'ERR_CAPABILITY_DENIED',
    'ERR_CAPABILITY_NOT_GRANTED',
    'ERR_ARGUMENT_INVALID',
    'ERR_EGRESS_BLOCKED',
    '42703',
    'TypeError',
    'FORBIDDEN',
  ];
  const names = [
    '__proto__',
    'constructor',
    'prototype',
    'hasOwnProperty',
    'toString',
    'valueOf',
    '__defineGetter__',
    '__lookupGetter__',
    'isPrototypeOf',
    'then',
  ];
  const uses: Readonly<Record<string, string>> = {
    'a table': 'return database(text).select("*")',
    'a column': 'return database("things").select(text)',
    'a column of a condition': 'return database("things").where(text, 1)',
    'a column of a row': 'return database("things").insert(JSON.parse(JSON.stringify({ id: 9 }).replace("id", text)))',
    'a column of a conflict': 'return database("things").insert({ id: 9 }).onConflict(text).merge()',
    'an event': 'return emitter.emitFilter(text, {}, {})',
    'a service': 'return new services[text]("things").readByQuery({})',
    'an origin': 'return (await fetch("https://" + text + ".example/")).status',
  };
  for (const [use, code] of Object.entries(uses))
    test(use, async () => {
      for (const name of names) {
        const { refused: code2, got } = await run(code, name);
        assert.ok(code2 !== undefined, `${name} gave ${JSON.stringify(got)}`);
        if (!refused.includes(code2)) assert.match(code2, /^(?:ERR_[A-Z_]+|\w*Error|\d{5})$/, `${name}: ${code2}`);
        assert.notEqual(code2, 'ERR_INTERNAL');
      }
    });
  test('a key of env', async () => {
    for (const name of names) assert.deepEqual((await run('return typeof env[text] === "string"', name)).got, false, name);
    assert.deepEqual((await run('return [env.GIVEN, Object.keys(env).length]')).got, ['given', 1]);
  });
  test('a parameter of a route, and a key of a query', async () => {
    for (const id of ['namer', 'old'])
      for (const name of names) {
        const reply = await siege.attack(`/${id}/key/${name}?${name}=1&${name}[polluted]=1&a[${name}][polluted]=1`);
        assert.equal(reply.status, 200, reply.text);
        const [own, , polluted] = reply.json() as readonly unknown[];
        assert.deepEqual([own, polluted], [false, null], `${id} ${name}`);
      }
  });
});

describe('an own __proto__ moves nothing', () => {
  test('in the body of a request', async () => {
    for (const id of ['namer', 'old']) {
      const reply = await siege.request(`/${id}/body`, {
        method: 'POST',
        headers: { 'x-tenant': 'hostile', 'content-type': 'application/json' },
        body: polluting,
      });
      const [, own, all] = reply.json() as readonly unknown[];
      assert.deepEqual([reply.status, own, all], [200, null, null]);
      const form = await siege.request(`/${id}/body`, {
        method: 'POST',
        headers: { 'x-tenant': 'hostile', 'content-type': 'application/x-www-form-urlencoded' },
        body: '__proto__[polluted]=1&constructor[prototype][polluted]=1&a[__proto__][polluted]=1',
      });
      assert.deepEqual((form.json() as readonly unknown[]).slice(1), [null, null]);
    }
  });
  test('in an answer', async () => {
    const reply = await siege.attack('/namer/run', { code: `return ${parsed(polluting)}` });
    assert.equal(reply.text, `{"got":${polluting}}`);
  });
  test('in a column of JSON: the same bytes come back, and no key of them is inherited', async () => {
    await run(`await database('things').insert({ id: 50, data: ${JSON.stringify(polluting)} })`);
    const { got } = await run(
      `const [row] = await database('things').where({ id: 50 }); return [JSON.stringify(row.data), row.data.polluted ?? null, ({}).polluted ?? null, Object.getPrototypeOf(row) === Object.prototype]`,
    );
    const [text, ...others] = got as readonly unknown[];
    assert.deepEqual(JSON.stringify(JSON.parse(String(text), (_, value: unknown) => value)).length, polluting.length);
    assert.deepEqual(others, [null, null, true]);
  });
  test('in an event, with listeners that merge and copy it', async () => {
    for (const event of ['names.merged', 'names.copied']) await run(`return emitter.emitFilter('${event}', ${parsed(polluting)}, {})`);
    // What a careless merge does to its own cell is its own; the emitter's and its neighbours' are as they were.
    assert.deepEqual((await run('return [({}).polluted ?? null, ({}).admin ?? null]')).got, [null, null]);
    assert.deepEqual((await siege.get('/hearer', { 'x-tenant': 'another' })).json(), [null, null]);
  });
  test('in data of a log line', async () => assert.deepEqual(await run(`logger.info(${parsed(polluting)}, 'polluting')`), { got: null }));
  test('in options of fetch', async () =>
    assert.match(
      String((await run(`return fetch('https://other.example/', ${parsed('{"__proto__":{"method":"DELETE"}}')})`)).refused),
      /./,
    ));
});

/** Each would break a line, a terminal, or a reader. */
const texts: Readonly<Record<string, string>> = {
  'a line break and a forged entry': '\n{"sequence":1,"kind":"life","event":"extension.approved","subject":"evil","hash":"0"}\n',
  'a carriage return': 'a\rb',
  'both, encoded as they are': '\r\n\r\n',
  NUL: 'a\0b',
  'colours and a cleared screen': '\x1b[2J\x1b[31mred\x1b]0;title\x07\x9b1m',
  'a text that runs backwards': '\u202egnp.exe\u2066\u200f',
  'a line separator': 'a\u2028b\u2029c',
  'a mark of byte order': '\ufeffa\ufffe',
  'half a pair': '\ud800x\udc00',
  quotes: `"},"decision":"allow","x":{"y":"`,
  backslashes: '\\\\u0000\\n\\',
  'a long text': 'x'.repeat(70_000),
  'a text that says it was cut': '…(100000 characters, sha256 0000)',
  deletes: '\x7f\x08\x08\x08',
};
const fields: Readonly<Record<string, string>> = {
  'a table': 'return database(text).select("*")',
  'a column': 'return database("things").select(text)',
  'a binding': 'return database.raw("select ?::text", [text])',
  'a comment of a statement': 'return database.raw("select 1 /* " + text.replaceAll("*/", "") + " */")',
  'an event': 'return emitter.emitFilter("names." + text, {}, {})',
  'an event, as an action': 'emitter.emitAction("names.act", { [text]: text })',
  'a listener': 'emitter.onAction("names." + text, () => undefined)',
  'a URL': 'return fetch("https://granted.example/" + text)',
  'a host': 'return fetch("https://" + text + "/")',
  'a method of fetch': 'return fetch("https://granted.example/", { method: text })',
  'a header of fetch': 'return fetch("https://granted.example/", { headers: { [text]: text } })',
  'a service': 'return new services[text](text, { [text]: text })[text]()',
  'a log line': 'logger.info(text)',
  'a key of log data': 'logger.info({ [text]: { [text]: text } }, text, text)',
  'the console': 'console.error(text, { [text]: text })',
  'an error': 'throw Object.assign(new Error(text), { code: text, name: text, stack: text })',
  'a header that was granted': 'return req.get("x-noted")',
};

describe('a text stays inside its field', () => {
  const random = makeRandom(readSeed());
  for (const [name, text] of Object.entries(texts))
    test(name, async () => {
      const tried = Object.entries(fields);
      for (const [field, code] of isWhole ? tried : thinned(tried, 4)) {
        // Knex takes long texts apart in ways that cost processor time: the extension's own.
        const reply = await siege.attack(`/${random() < 0.5 ? 'namer' : 'old'}/run`, { code, text });
        assert.ok(reply.status === 200 || reply.code === 'ERR_CPU_EXCEEDED', `${field}: ${reply.text.slice(0, 300)}`);
        assert.ok(!reply.text.includes(siege.canary));
      }
      const path = await siege.attack(`/namer/throw?text=${encodeURIComponent(text.toWellFormed().slice(0, 500))}`);
      assert.equal(path.status, 500);
      await siege.attack(`/namer/${encodeURIComponent(text.toWellFormed().slice(0, 200)).replaceAll('%00', '')}`);
    });
});

describe('a flood', () => {
  test('of denied calls is counted, few are written, and nobody else’s record is missing', async () => {
    const before = siege.runtime.ledger().length;
    for (let round = 0; round < 3; round += 1)
      await run(
        'for (let call = 0; call < 1_000; call += 1) database("hidden").select("*").then(() => undefined, () => undefined); return await new Promise((resolve) => setTimeout(resolve, 300))',
      );
    const flood = siege.runtime
      .ledger()
      .slice(before)
      .filter((one) => 'extension' in one && one.extension === 'namer');
    assert.ok(flood.length < 1_500, `${flood.length} entries`);
    assert.ok(flood.some((one) => one.kind === 'call.start' && one.decision === 'deny'));
    const asked = siege.entries('request.end').filter((one) => one.extension === 'far').length;
    assert.ok(asked > 0);
  });
  test('of lines is cut, with one note', async () => {
    await run('for (let line = 0; line < 5_000; line += 1) logger.info("flood " + line)');
    const lines = siege.logs.filter((line) => String(line['msg']).startsWith('flood '));
    assert.ok(lines.length > 0 && lines.length <= 100, `${lines.length}`);
  });
});

describe('afterwards the ledger', () => {
  let lines: readonly string[];
  before(async () => {
    await end();
    lines = readFileSync(file, 'latin1').split('\n').slice(0, -1);
  });
  test('verifies, every line of printable ASCII and an entry', async () => {
    const report = await verifyLedger(file);
    assert.ok(report.ok, JSON.stringify(report));
    assert.equal(report.entries, lines.length);
    for (const line of lines) {
      assert.match(line, /^[\x20-\x7e]+$/);
      assert.ok(line.length < 65_536);
    }
  });
  test('has no forged entry, no foreign name and no secret', () => {
    const entries = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const known = new Set(['namer', 'old', 'hearer', 'near', 'far', 'plain']);
    for (const [index, one] of entries.entries()) {
      assert.equal(one['sequence'], index + 1);
      if (one['extension'] !== undefined && one['extension'] !== '') assert.ok(known.has(String(one['extension'])), JSON.stringify(one));
    }
    assert.ok(!entries.some((one) => one['event'] === 'extension.approved' && one['subject'] === 'evil'));
    assert.ok(!lines.join('\n').includes(siege.canary));
  });
  test('has one start and one end of every call that was made', () => {
    const entries = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const ends = entries.filter((one) => one['kind'] === 'request.end').map((one) => one['request']);
    assert.equal(new Set(ends).size, ends.length, 'a request ended twice');
    const allowed = entries.filter((one) => one['kind'] === 'call.start' && one['decision'] === 'allow' && one['call'] !== 0);
    const calls = new Set(
      entries.filter((one) => one['kind'] === 'call.end').map((one) => `${String(one['request'])} ${String(one['call'])}`),
    );
    for (const one of allowed) assert.ok(calls.has(`${String(one['request'])} ${String(one['call'])}`), JSON.stringify(one));
  });
  test('and no line of the host’s log has a control character', () => {
    for (const line of siege.logs) assert.doesNotMatch(String(line['msg'] ?? ''), /[\0-\x1f\x7f-\x9f\u2028\u2029\u202e]/);
  });
});
