// What packages, approvals and configuration say, changed at random: each reader takes it or says place and cause in one line. Must never see another error, a hang or a touched prototype.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { digestOf, formatLock, type LockEntry, makeLockForm } from '../../src/approvals/lock.ts';
import { makeCheck } from '../../src/config/check.ts';
import { parseConfigFile } from '../../src/config/config-file.ts';
import { parseJson } from '../../src/config/json.ts';
import { makeManifestParser } from '../../src/config/manifest.ts';
import { parseOptions } from '../../src/config/options.ts';
import { makeConfigFileSchema } from '../../src/config/options-schema.ts';
import { CloisterError, type ErrorCode } from '../../src/errors.ts';
import { decideKind, makePackageJsonParser } from '../../src/packages/package-json.ts';
import { makeRandom, readSeed } from '../helpers/random.ts';
import { isWhole } from '../helpers/thinned.ts';
import { realCatalog } from '../packages/real-catalog.ts';
import { makeMutations } from './json-mutations.ts';

const seconds = process.env['CLOISTER_FUZZ_SECONDS'];
/** Shared by all readers. */
const milliseconds = Number(seconds ?? 1) * 250;
/** Of processor time: what is read has a quarter of a megabyte at most. */
const hangMs = 10_000;
const grownMb = 100;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heapAfterCollection = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};

const rows = { _and: [{ tenant: { _eq: '$tenant' } }, { _or: [{ state: { _in: ['a', 'b'] } }, { age: { _gte: 3 } }] }] };
const capabilities = {
  router: { methods: ['GET', 'POST'], paths: ['/items/*', '/'] },
  headers: { names: ['authorization'] },
  log: { levels: ['error', 'info'] },
  env: { keys: ['PUBLIC_URL', 'TOKEN'] },
  database: {
    tables: {
      articles: { read: { columns: ['id', 'title'], rows }, create: { columns: ['title'], defaults: { tenant: '$tenant' } }, delete: true },
      'other.things': { rows, update: { columns: ['a'] } },
    },
    functions: ['lower'],
    maxRows: 100,
    statementMs: 500,
  },
  schema: { collections: ['articles'] },
  emitter: { emit: ['orders.*'], listen: ['**'], schedule: true },
  services: { ItemsService: { methods: ['readByQuery'], collections: ['articles'] }, MailService: { methods: true } },
  fetch: {
    origins: { 'https://api.example.com': { methods: ['GET'], paths: ['/v1'], headers: ['x-key'] }, 'http://b.example:81': true },
    maxResponseBytes: 1_000,
    callsPerMinute: 10,
    secrets: { TOKEN: { origin: 'https://api.example.com', header: 'authorization' } },
  },
};
const manifest = { capabilities, limits: { cpuMs: 100, memoryMb: 64, wallMs: 1_000 }, express: 5 } as const;
const packageJson = {
  name: '@acme/greet',
  version: '1.2.3-rc.1',
  main: 'dist/index.js',
  type: 'module',
  exports: { '.': { import: './dist/index.js' }, './*': null },
  dependencies: { a: '^1.0.0' },
  'directus:extension': {
    type: 'bundle',
    path: { app: 'dist/app.js', api: 'dist/api.js' },
    entries: [{ type: 'endpoint', name: 'one', source: 'src/one.js' }],
    host: '^11.0.0',
  },
  cloister: manifest,
};
const self = { version: '1.2.0', artifact: 'a'.repeat(64), kind: 'endpoint', express: 4, asked: manifest } as const;
const entry: LockEntry = {
  ...self,
  digest: digestOf(self),
  approved: { capabilities: { env: { keys: ['TOKEN'] } } },
  by: 'ada',
  at: '2026-01-02T03:04:05Z',
};
const lock: unknown = JSON.parse(
  formatLock(
    new Map([
      ['greet', entry],
      ['other', { ...entry, approved: { capabilities: {}, mode: 'audit' } }],
    ]),
  ),
);
const config = {
  extensions: ['./extensions', { folder: '/srv/one', id: 'one', mode: 'audit', isolation: 'request' }],
  approvals: { one: { capabilities: { env: { keys: ['A'] } }, limits: { cpuMs: 10 } }, two: 'requested' },
  ceiling: { capabilities: { env: { keys: ['A', 'B'] }, fetch: false }, limits: { cpuMs: 1_000 } },
  limits: { ratePerSecond: 10 },
  server: { host: '127.0.0.1', port: 8_055 },
  envKeys: ['A'],
  secretKeys: ['B'],
  egress: { internalOrigins: ['http://10.0.0.5:8080'], dnsServers: ['127.0.0.1:5353'] },
  ledger: { file: 'ledger.ndjson', rotateMb: 64 },
};

const many = Array.from({ length: 5_000 }, () => 0);

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

interface Reader {
  readonly name: string;
  readonly sample: unknown;
  readonly codes: readonly ErrorCode[];
  /** What it gives is read again, and has to be the same. */
  read(text: string): string;
}

const where = 'place.json';
const parsePackageJson = makePackageJsonParser();
const parseManifest = makeManifestParser(realCatalog.contracts);
const form = makeLockForm(realCatalog);
const checkConfig = makeCheck(makeConfigFileSchema(realCatalog), 'ERR_OPTIONS_INVALID');

/** Compiles its schemas anew for each text, so it is left to the longer runs. */
const optionsReader: Reader = {
  name: 'a configuration, all the way to options',
  sample: config,
  codes: ['ERR_OPTIONS_INVALID', 'ERR_PACKAGE_INVALID'],
  read: (text) => {
    const { options } = parseConfigFile(text, where, realCatalog);
    parseOptions(options, realCatalog);
    return text;
  },
};

const readers: readonly Reader[] = [
  {
    name: 'package.json',
    sample: packageJson,
    codes: ['ERR_PACKAGE_INVALID', 'ERR_MANIFEST_INVALID'],
    read: (text) => {
      const json = parsePackageJson(text);
      decideKind(json);
      if (json.cloister !== undefined) parseManifest(json.cloister, 'package.json#/cloister');
      return JSON.stringify(json);
    },
  },
  {
    name: 'a manifest',
    sample: manifest,
    codes: ['ERR_MANIFEST_INVALID'],
    read: (text) => JSON.stringify(parseManifest(parseJson(text, where, 'ERR_MANIFEST_INVALID'), where)),
  },
  { name: 'a lock', sample: lock, codes: ['ERR_LOCK_INVALID'], read: (text) => formatLock(form.parse(text, where)) },
  {
    name: 'a configuration',
    sample: config,
    codes: ['ERR_OPTIONS_INVALID'],
    read: (text) => {
      const value = parseJson(text, where, 'ERR_OPTIONS_INVALID');
      checkConfig(value, where);
      return JSON.stringify(value);
    },
  },
  ...(seconds === undefined && !isWhole ? [] : [optionsReader]),
];

const told = (error: unknown, codes: readonly ErrorCode[], text: string): void => {
  const shown = `${text.slice(0, 2_000)}\n${error instanceof Error ? error.stack : String(error)}`;
  assert.ok(error instanceof CloisterError && codes.includes(error.code), shown);
  assert.match(error.message, /^[^#\s][^#]*#|^options\b|: /, shown);
  assert.doesNotMatch(error.message, /[\p{Cc}\p{Zl}\p{Zp}]/u, shown);
  assert.ok(error.message.length < 3_000 && error.message.length > 20, shown);
  assert.doesNotMatch(error.message, /undefined|\[object|RangeError|TypeError/, shown);
};

describe('mutated at random', () => {
  for (const { name, sample, codes, read } of readers) {
    test(name, { timeout: milliseconds * 20 + 60_000 }, () => {
      const random = makeRandom(readSeed());
      const mutations = makeMutations(random);
      const counts = { taken: 0, refused: 0, slowestMs: 0 };
      // The twin: it fits before anything is changed.
      assert.doesNotThrow(() => read(JSON.stringify(sample)));
      // What is large is judged by a check of its own: made now, so that no text is charged for it.
      assert.throws(() => read(JSON.stringify({ cloister: many, many })));
      const heapBefore = heapAfterCollection();
      for (const until = performance.now() + milliseconds; performance.now() < until; ) {
        const text = mutations.text(sample);
        const from = cpuMs();
        try {
          const taken = read(text);
          counts.taken += 1;
          assert.equal(read(taken), taken, text);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          told(error, codes, text);
          counts.refused += 1;
        }
        const ms = cpuMs() - from;
        counts.slowestMs = Math.max(counts.slowestMs, ms);
        assert.ok(ms < hangMs, `${ms} ms of processor time: ${text.slice(0, 2_000)}`);
      }
      const grown = (heapAfterCollection() - heapBefore) / 2 ** 20;
      console.log(`${name}: ${JSON.stringify({ ...counts, slowestMs: Math.round(counts.slowestMs), grownMb: Math.round(grown) })}`);
      assert.ok(grown < grownMb, `${grown} MB`);
      assert.ok(counts.refused > 0);
      assert.deepEqual(Object.keys(Object.prototype), []);
    });
  }
});
