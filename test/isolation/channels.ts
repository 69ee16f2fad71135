// Every way that is known for a guest to leave something and to find something, as an extension that does as it is told. Must never know whose secret is whose.

/** Which of them carry a value from one request of a cell to the next: told by sharing a cell on purpose. */
export const channelsInCell = [
  'module',
  'global',
  'prototype',
  'function',
  'require',
  'symbol',
  'timer',
  'cache',
  'error',
  'als',
  'environment',
  'listener',
  'promise',
  'stream',
] as const;
/** Those whose value lies with the host, by tenant. */
export const channelsOnHost = ['kv', 'rows', 'own', 'items', 'filter', 'action'] as const;
/** What only has to be tried: it must reach nobody. */
export const channelsOfNobody = [
  'file',
  'header',
  'fetch',
  'log',
  'throw',
  'reject',
  'late',
  'transaction',
  'spin',
  'fill',
  'buffer',
  'regexp',
  'abandon',
] as const;
export const channels = [...channelsInCell, ...channelsOnHost, ...channelsOfNobody] as const;
export type Channel = (typeof channels)[number];

export const channelSource = (upstream: string): string => `
import { AsyncLocalStorage } from 'node:async_hooks';
import { Buffer } from 'node:buffer';
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import { Readable } from 'node:stream';
const als = new AsyncLocalStorage();
const bus = new EventEmitter();
const kept = {};
const map = new Map();
const heard = [];
const promises = [];
const streams = [];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const attempt = async (run) => { try { return await run(); } catch (error) { return 'failed ' + error?.code + ' ' + error?.message + ' ' + error?.stack + ' ' + JSON.stringify(error?.extensions ?? null); } };
const keysOf = (value) => Reflect.ownKeys(value).map(String).join();
export default (router, { database, kv, emitter, env, services, getSchema, logger }) => {
  emitter.onFilter('leak.filter', (payload) => { heard.push(JSON.stringify(payload)); return payload; });
  emitter.onAction('leak.action', (meta) => { heard.push(JSON.stringify(meta)); });
  const items = () => new services.ItemsService('notes', { schema: {}, accountability: null });
  const own = () => database('own').withSchema('ext_leak');
  const write = {
    module: (s) => { kept[s] = s; },
    global: (s) => { globalThis[s] = s; },
    prototype: (s) => { for (const one of [Object.prototype, Array.prototype, String.prototype]) try { Object.defineProperty(one, s, { value: s, configurable: true, enumerable: false }); } catch {} },
    function: (s) => { try { database.leaked = s; } catch {} try { fs.leaked = s; } catch {} JSON.parse.leaked = s; },
    require: (s) => { try { os.default.leaked = s; } catch {} try { EventEmitter.leaked = s; } catch {} },
    symbol: (s) => { globalThis[Symbol.for('leak')] = s; },
    timer: (s) => { setInterval(() => { kept.timer = s; }, 5); },
    cache: (s) => { map.set(s, s); },
    regexp: (s) => { new RegExp('(.+)').exec(s); },
    error: (s) => { try { Error.prepareStackTrace = () => s; } catch {} try { Error.leaked = s; } catch {} },
    als: (s) => { als.enterWith(s); kept.snapshot = AsyncLocalStorage.snapshot?.(); },
    environment: (s) => { env[s] = s; process.env[s] = s; },
    listener: (s) => { bus.on(s, () => s); },
    promise: (s) => { promises.push(Promise.resolve(s)); },
    stream: (s) => { streams.push(Readable.from([s])); },
    buffer: (s) => { for (let n = 0; n < 64; n += 1) Buffer.from(s + s + s); },
    kv: (s) => kv.set(s, s),
    rows: (s) => database('notes').insert({ text: s }),
    own: async (s) => { await attempt(() => database.schema.withSchema('ext_leak').createTable('own', (table) => { table.increments('id'); table.text('text').unique(); })); await own().insert({ text: s }); },
    items: (s) => items().createOne({ text: s }),
    filter: (s) => emitter.emitFilter('leak.filter', { s }, { s }),
    action: (s) => { emitter.emitAction('leak.action', { s }); },
    file: (s) => { for (const place of ['/tmp/leak', './leak', '/dev/shm/leak']) try { fs.writeFileSync(place, s); } catch {} },
    header: (s, res) => { res.set('x-leak', s); res.cookie('leak', s); },
    fetch: async (s) => { await attempt(async () => (await fetch('${upstream}/', { method: 'POST', body: s, headers: { 'x-leak': s, cookie: 'leak=' + s } })).text()); },
    log: (s) => logger.info({ leak: s }, s),
    throw: (s) => { throw Object.assign(new Error(s), { status: 418, leak: s }); },
    reject: (s) => { Promise.reject(new Error(s)); },
    late: (s, res) => { res.on('finish', () => { kept.late = s; void kv.set('late' + s, s).catch(() => undefined); }); },
    transaction: async (s) => { const trx = await database.transaction(); await trx('notes').insert({ text: s }); kept.trx = trx; },
    spin: (s) => { kept[s] = s; for (;;) {} },
    fill: (s) => { const all = []; for (;;) all.push(s.repeat(1000) + all.length); },
    abandon: (s, res) => { res.write(s); return new Promise(() => undefined); },
  };
  const read = {
    kept: () => [keysOf(kept), Object.values(kept).map(String)], map: () => [...map.keys()], heard: () => heard,
    globals: () => Reflect.ownKeys(globalThis).map((key) => String(key) + (typeof globalThis[key] === 'string' ? globalThis[key] : '')),
    prototypes: () => [Object.prototype, Array.prototype, String.prototype, Function.prototype, Promise.prototype, Map.prototype].map(keysOf),
    functions: () => [String(database.leaked), String(fs.leaked), String(JSON.parse.leaked), String(EventEmitter.leaked), keysOf(os), keysOf(os.default ?? {})],
    symbol: () => String(globalThis[Symbol.for('leak')]),
    regexp: () => [RegExp.$1, RegExp.lastMatch, RegExp.input, RegExp.rightContext],
    error: () => [String(new Error('mine').stack), String(Error.leaked), String(Error.prepareStackTrace)],
    als: () => [String(als.getStore()), String(kept.snapshot?.(() => als.getStore()))],
    environment: () => [JSON.stringify(env), keysOf(env), JSON.stringify(process.env)],
    listeners: () => bus.eventNames().map(String),
    promises: () => Promise.all(promises),
    streams: async () => { const found = []; for (const one of streams.splice(0)) found.push(...await one.toArray()); return found; },
    buffers: () => { const found = []; for (let n = 0; n < 16; n += 1) { found.push(Buffer.allocUnsafe(64).toString('latin1')); found.push(Buffer.from(Buffer.allocUnsafeSlow(512).buffer).toString('latin1')); } return found; },
    kv: () => kv.list({ limit: 100 }), kvKeys: () => kv.list(),
    rows: () => database('notes').select('*'),
    joined: () => database.raw("select string_agg(n.text, ',') as texts, count(*) as many from notes n where n.tenant_id is not null or true"),
    conflict: () => database('notes').insert({ id: 1_000_000, text: 'mine' }),
    update: () => database('notes').whereRaw('true').update({ text: database.raw('text') }).returning('*'),
    others: () => database('notes').where('tenant_id', '<>', 'nobody').orWhereRaw('1 = 1').select('*'),
    own: () => own().select('*'), ownColumns: () => database.schema.withSchema('ext_leak').hasTable('own'),
    badCast: () => database.raw("select text::int from notes"),
    items: () => items().readByQuery({ limit: -1 }), one: () => items().readOne(1), schema: () => getSchema(),
    filter: () => emitter.emitFilter('leak.filter', {}, {}),
    files: () => ['/tmp/leak', './leak', '/dev/shm/leak', '/proc/self/environ', '/proc/self/cmdline'].map((place) => { try { return String(fs.readFileSync(place)); } catch (error) { return error.message; } }),
    directory: () => { try { return fs.readdirSync('.').join(); } catch (error) { return error.message; } },
    fetch: async () => (await fetch('${upstream}/')).text(),
    transaction: () => kept.trx?.('notes').select('*') ?? 'none',
    missing: () => database('nothing').select('*'), unknown: () => emitter.emitFilter('other.event', {}, {}),
    machine: () => [os.hostname(), JSON.stringify(process.memoryUsage()), JSON.stringify(os.loadavg()), String(process.pid), JSON.stringify(process.versions)],
  };
  router.post('/run', async (req, res) => {
    const seen = [];
    for (const { write: channel, secret, wait } of req.body.steps) {
      if (wait) await pause(wait);
      if (channel !== undefined) seen.push(req.body.fatal ? await write[channel](secret, res) : await attempt(() => write[channel](secret, res)));
      else for (const [name, run] of Object.entries(read)) seen.push(name, await attempt(run));
    }
    res.json(JSON.parse(JSON.stringify(seen, (key, value) => typeof value === 'bigint' ? String(value) : value) ?? 'null'));
  });
};`;

/** Over the tables of everybody; the tenant is told apart by the row rule. */
export const channelTables = 'create table notes (id serial primary key, tenant_id text not null, text text)';

export const channelGrants = (upstream: string): object => ({
  database: {
    tables: {
      notes: {
        rows: { tenant_id: { _eq: '$tenant' } },
        read: true,
        create: { columns: ['id', 'text'], defaults: { tenant_id: '$tenant' } },
        update: { columns: ['text'] },
      },
    },
    ddl: true,
  },
  kv: { maxKeys: 100_000, maxBytes: 50_000_000 },
  emitter: { emit: ['leak.*'], listen: ['leak.*'] },
  env: { keys: ['SHARED'] },
  services: { ItemsService: { collections: ['notes'], methods: true } },
  schema: {},
  fetch: { origins: { [upstream]: true } },
});
