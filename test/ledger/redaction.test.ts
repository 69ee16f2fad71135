// The invariant: no value that passes through a capability, a request or an answer is on the ledger, in any spelling; and nothing of it can end a line. Names and counts are. Each run has canaries of its own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { makeRegistry } from '../../src/capabilities/registry.ts';
import { defineService } from '../../src/capabilities/services/definition.ts';
import { findRotated } from '../../src/ledger/rotation.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { directusExtension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { openUpstream, type Upstream } from '../helpers/upstream.ts';
import { openTemporaryFolder } from '../packages/package-writer.ts';

/** Plain, and with everything that could move a cursor, end a line or a string, or pass for an entry. */
const dresses: readonly ((core: string) => string)[] = [
  (core) => core,
  (core) => `${core}\n{"sequence":1,"kind":"life"}`,
  (core) => `\u001b[2J\u001b[31m${core}\u0007\r\u0000`,
  (core) => `"},"${core}":{"hash":"`,
  (core) => `ä\u2028\u202e${core}\ud800`,
  (core) => core.repeat(200),
];

const source = `
import { readFileSync } from 'node:fs';
export default (router, { database, services, emitter, logger, env, getSchema, kv }) => {
  const quietly = async (run) => { try { return await run(); } catch { return null; } };
  emitter.onFilter('spoken.refused', (payload) => { throw Object.assign(new Error(payload.value), { name: 'DirectusError', code: 'NO', status: 400, extensions: { value: payload.value } }); });
  emitter.onFilter('spoken.broken', (payload) => { throw new Error(payload.value); });
  emitter.onFilter('spoken.changed', (payload) => ({ also: payload.value }));
  emitter.onAction('spoken.done', (meta) => logger.info({ meta }, meta.value));
  router.post('/:way', async (req, res) => {
    const value = req.params.way === 'env' ? env.WORD : req.body.value;
    await quietly(() => database('marks').insert({ text: value }));
    await quietly(() => database('marks').where({ text: value }).orWhereIn('text', [value, value]).select('*'));
    await quietly(() => database('marks').where({ text: value }).update({ text: value + value }));
    await quietly(() => database.raw("select '" + value.replaceAll("'", "''").replaceAll('\\u0000', '') + "' as word, ?::text as other", [value]));
    await quietly(() => database('hidden').insert({ text: value }));
    await quietly(() => database('marks').insert({ number: value }));
    await quietly(() => database.transaction(async (trx) => { await trx('marks').insert({ text: value }); throw new Error(value); }));
    await quietly(() => new services.WordService().say(value, { deep: { value } }));
    await quietly(() => new services.WordService().fail(value));
    await quietly(() => new services.ItemsService('marks').createOne({ text: value }));
    await quietly(() => new services.ItemsService('marks').readByQuery({ filter: { text: { _eq: value } }, search: value }));
    for (const event of ['spoken.refused', 'spoken.broken', 'spoken.changed', 'unspoken.one']) await quietly(() => emitter.emitFilter(event, { value }, { value }));
    await quietly(() => emitter.emitAction('spoken.done', { value }));
    await quietly(() => emitter.emitInit('spoken.start', { value }));
    await quietly(() => fetch(env.UPSTREAM + '/asked?value=' + encodeURIComponent(value), { method: 'POST', body: value, headers: { 'x-word': encodeURIComponent(value), authorization: 'Bearer ' + env.KEY } }).then((answer) => answer.text()));
    await quietly(() => fetch('http://' + encodeURIComponent(value).slice(0, 40) + '@127.0.0.1:1/?' + encodeURIComponent(value)));
    await quietly(() => getSchema({ value }));
    await quietly(() => readFileSync('/extension/words.txt', 'utf8'));
    await quietly(() => readFileSync('/extension/' + value, 'utf8'));
    // A key has no control characters; what cannot be stored is refused with the key in hand.
    for (const key of ['key ' + value.slice(0, 200), 'key ' + value.replace(/[\\u0000-\\u001f\\ud800]/g, '').slice(0, 200)]) {
      await quietly(() => kv.set(key, { value }));
      await quietly(() => kv.get(key));
      await quietly(() => kv.list({ prefix: key, values: true }));
      await quietly(() => kv.delete(key, { ifVersion: null }));
    }
    logger.child({ bound: value }).warn({ value, list: [value] }, value, value);
    console.log(value);
    res.set('x-word', encodeURIComponent(value));
    if (req.params.way === 'throw') throw new Error(value);
    res.status(200).json({ value });
  });
};`;

class Refused extends Error {
  override name = 'DirectusError';
  code = 'WORD_REFUSED';
  status = 400;
  extensions: object;
  constructor(value: string) {
    super(value);
    this.extensions = { value };
  }
}

let database: TestDatabase | undefined;
let upstream: Upstream | undefined;
let runtime: TestRuntime | undefined;
let folder: Awaited<ReturnType<typeof openTemporaryFolder>> | undefined;
const cores: string[] = [];
let text = '';
let capabilities: ReadonlySet<string> = new Set();

const makeCore = (): string => {
  const core = `canary${randomBytes(9).toString('hex')}`;
  cores.push(core);
  return core;
};

before(async () => {
  database = await openTestDatabase(
    'create table marks (id serial primary key, text text, number int unique); create table hidden (text text);',
  );
  upstream = await openUpstream(({ body, headers }, response) => {
    response.setHeader('x-back', encodeURIComponent(String(headers['x-word'] ?? '')));
    response.end(body);
  });
  folder = await openTemporaryFolder();
  const file = `${folder.root}/ledger.ndjson`;
  const identity = makeCore();
  runtime = await openTestRuntime({
    extensions: {
      speaker: {
        'words.txt': makeCore(),
        ...directusExtension(source, {
          capabilities: {
            database: { tables: { marks: { read: true, create: true, update: true } }, raw: true },
            services: {
              WordService: { methods: true },
              ItemsService: { methods: true, collections: ['marks'] },
            },
            emitter: { emit: ['spoken.*'], listen: ['spoken.*'] },
            fetch: {
              origins: { [upstream.origin]: { methods: ['POST'], headers: ['x-word'] } },
              secrets: { KEY: { origin: upstream.origin, header: 'authorization' } },
            },
            env: { keys: ['WORD', 'UPSTREAM', 'KEY'] },
            schema: {},
            kv: {},
            files: { paths: ['words.txt'] },
            headers: { names: ['authorization', 'cookie', 'x-word'] },
            log: {},
          },
          limits: { cpuMs: 5_000, wallMs: 30_000, registerMs: 20_000, hostCalls: 1_000 },
        }),
      },
    },
    // What the host does not log, an extension does not send.
    logLevel: 'trace',
    options: {
      database: database.url,
      env: { WORD: `string:${makeCore()}`, UPSTREAM: upstream.origin },
      secrets: { KEY: makeCore() },
      egress: { internalOrigins: [upstream.origin] },
      identify: () => ({ tenant: 'default', accountability: { user: identity, role: identity } }),
      services: {
        WordService: defineService({
          kind: 'object',
          service: {
            say: (word: unknown, deep: unknown) => ({ word, deep, also: makeCore() }),
            fail: (word: unknown) => Promise.reject(new Refused(String(word))),
          },
          methods: {
            say: { args: [true, true], effect: true },
            fail: { args: [true], effect: true },
          },
        }),
      },
      ledger: { file },
    },
  });
  try {
    assert.deepEqual(
      runtime.runtime.refused().map(({ error }) => error.message),
      [],
    );
    for (const way of ['answer', 'throw', 'env']) {
      for (const dress of dresses) {
        const core = makeCore();
        await runtime.request(`/speaker/${way}?word=${core}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${core}`, cookie: `word=${core}`, 'x-word': core },
          body: JSON.stringify({ value: dress(core) }),
        });
      }
    }
  } finally {
    await runtime.close();
  }
  for (const one of [...(await findRotated(file)), file]) text += await readFile(one, 'latin1');
  capabilities = new Set(runtime.entries('call.start').map(({ capability }) => capability));
});
after(async () => {
  await upstream?.close();
  await database?.close();
  await folder?.remove();
});

/** The host itself asks these: no call of a guest's stands behind them. */
const askedByHost = new Set(['router', 'headers']);

describe('the ledger', () => {
  test('has calls of every capability there is', () => {
    const names = makeRegistry().map(({ capability }) => capability.contract.name);
    assert.deepEqual(
      names.filter((name) => !capabilities.has(name) && !askedByHost.has(name)),
      [],
    );
  });
  const spellings: readonly (readonly [string, (core: string) => string])[] = [
    ['as it is', (core) => core],
    ['backwards', (core) => [...core].reverse().join('')],
    ['in hex', (core) => Buffer.from(core).toString('hex')],
    ['in base64', (core) => Buffer.from(core).toString('base64').slice(0, 28)],
    ['in base64, one byte on', (core) => Buffer.from(` ${core}`).toString('base64').slice(4, 28)],
    ['in capitals', (core) => core.toUpperCase()],
  ];
  for (const [name, spell] of spellings) {
    test(`holds no canary ${name}`, () =>
      assert.deepEqual(
        cores.filter((core) => text.includes(spell(core))),
        [],
      ));
  }
  test('has nothing but printable lines, each one entry', () => {
    assert.doesNotMatch(text, /[^\n\x20-\x7e]/);
    for (const line of text.trimEnd().split('\n'))
      assert.match(line, /^\{"sequence":\d+,"time":"[^"]+","previous":"[0-9a-f]{64}",.*"hash":"[0-9a-f]{64}"\}$/);
  });
  test('would have shown one: names are kept', () => {
    for (const name of ['"tables":["marks"]', '"event":"spoken.refused"', 'WordService', '/speaker/throw', '"decision":"deny"'])
      assert.ok(text.includes(name), name);
  });
  test('names extension, version, script, tenant and request in every entry', () => {
    for (const line of text.trimEnd().split('\n')) {
      const entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
      for (const key of ['sequence', 'time', 'extension', 'version', 'artifact', 'tenant', 'request', 'previous'])
        assert.ok(key in entry, `${key} in ${line}`);
      if (String(entry['kind']).startsWith('call')) {
        assert.match(String(entry['artifact']), /^[0-9a-f]{64}$/);
        assert.equal(entry['version'], '1.0.0');
      }
    }
  });
});
