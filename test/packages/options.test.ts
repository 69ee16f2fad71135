// Options of createRuntime and the configuration file: defaults, refusals, contradictions. Must never start anything.
import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import knex from 'knex';
import { pino } from 'pino';
import { parseConfigFile } from '../../src/config/config-file.ts';
import { parseOptions } from '../../src/config/options.ts';
import { CloisterError } from '../../src/errors.ts';
import { limitTable } from '../../src/limits/table.ts';
import { asJson } from './package-writer.ts';
import { sampleCatalog } from './sample-contracts.ts';

const noop = (): undefined => undefined;
const parse = (value: unknown) => parseOptions(value, sampleCatalog);

const refusalOf = (run: () => unknown): CloisterError => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof CloisterError, String(error));
    return error;
  }
  return assert.fail('nothing was refused');
};

describe('options', () => {
  test('left out mean: nothing loaded, nothing approved, every limit at its default', () => {
    const options = parse({});
    assert.deepEqual(options.extensions, []);
    assert.deepEqual(options.approvals, new Map());
    assert.deepEqual(options.ceiling, { capabilities: null, limits: {} });
    assert.deepEqual([options.database, options.logger, options.identify, options.mode], [null, null, null, 'enforce']);
    assert.deepEqual(options.ledger, { file: null, rotateMb: 64, table: null, ringSize: 1_000, onFailure: 'refuse', writeAhead: true });
    const { hardening, memoryMb, bootsAtOnce, ...wards } = options.wards;
    assert.deepEqual(wards, {
      perTenant: 1,
      max: 64,
      spareWards: 1,
      spareCells: 2,
      cellIdleMs: 60_000,
      maxAgeMs: 21_600_000,
      maxGrowthFactor: 8,
      execPath: null,
      hardened: false,
      user: { uid: 65_533, gid: 65_533 },
    });
    assert.ok(memoryMb >= 256 && memoryMb <= Math.max(256, totalmem() / 2 / 1024 / 1024), String(memoryMb));
    assert.ok(bootsAtOnce >= 4);
    assert.deepEqual(new Set(Object.values(hardening)), new Set(['auto']));
    assert.equal(options.packages.bundleMs, 20_000);
    assert.ok(Object.isFrozen(options));
  });

  test('take folders as text or objects, and what is not JSON as it stands', () => {
    const database = knex({ client: 'pg' });
    const logger = pino({ enabled: false });
    const identify = () => ({ tenant: 'one', accountability: null });
    const mail = { kind: 'object', service: { send: () => undefined }, methods: { send: { args: [], effect: true } } };
    const options = parse({
      extensions: ['a', { folder: 'b', id: 'bee', isolation: 'request' }],
      database,
      logger,
      identify,
      services: { mail },
      env: { LIMIT: 5, LIST: ['a'] },
      limits: { cpuMs: 80 },
      approvals: { bee: 'requested', cee: { capabilities: { env: { keys: [] } }, express: 4 } },
      ceiling: { capabilities: { log: false, env: { keys: ['A'] } }, limits: { cpuMs: 100 } },
      mode: undefined,
    });
    assert.deepEqual(options.extensions, [{ folder: 'a' }, { folder: 'b', id: 'bee', isolation: 'request' }]);
    assert.ok(options.database === database && options.logger === logger && options.identify === identify);
    assert.deepEqual([...options.services.keys()], ['mail']);
    assert.deepEqual(
      [...options.env],
      [
        ['LIMIT', 5],
        ['LIST', ['a']],
      ],
    );
    assert.deepEqual(
      options.ceiling.capabilities,
      new Map<string, unknown>([
        ['log', false],
        ['env', { keys: ['A'] }],
      ]),
    );
    assert.ok(options.approvals !== 'requested' && options.approvals.get('bee') === 'requested');
    assert.equal(parse({ database: 'postgres://127.0.0.1/a' }).database, 'postgres://127.0.0.1/a');
    assert.equal(parse({ approvals: 'requested' }).approvals, 'requested');
  });

  const refused: readonly (readonly [string, unknown, string])[] = [
    ['no object', 'extensions', 'options: expected an object'],
    ['an unknown key', { extension: [] }, 'options#: unknown key "extension", did you mean "extensions"?'],
    ['extensions that are text', { extensions: 'a' }, 'options#/extensions: expected a list'],
    [
      'an unknown key of an extension',
      { extensions: [{ folder: 'a', isolaton: 'request' }] },
      'options#/extensions/0: unknown key "isolaton", did you mean "isolation"?',
    ],
    [
      'a wrong isolation',
      { extensions: [{ folder: 'a', isolation: 'process' }] },
      'options#/extensions/0/isolation: expected "shared" or "request", found "process"',
    ],
    [
      'audit without a ceiling',
      { mode: 'audit' },
      'options#/mode: audit lets everything through up to ceiling.capabilities, and there is none',
    ],
    ['audit of one without a ceiling', { extensions: ['a', { folder: 'b', mode: 'audit' }] }, 'options#/extensions/1/mode: audit lets'],
    ['audit of an approval without a ceiling', { approvals: { greet: { mode: 'audit' } } }, 'options#/approvals/greet/mode: audit lets'],
    [
      'a candidate over the ceiling',
      { approvals: { greet: { candidate: { env: { keys: [] } } } }, ceiling: { capabilities: {} } },
      'options#/approvals/greet/candidate/env: approved, but ceiling.capabilities does not allow it',
    ],
    ['another mode', { mode: 'off' }, 'options#/mode: expected "enforce" or "audit", found "off"'],
    ['a database that is an object', { database: {} }, 'options#/database: expected a Knex instance or a postgres:// URL'],
    [
      'a database of another kind',
      { database: 'mysql://user:word@127.0.0.1/a' },
      'options#/database: expected a Knex instance or a postgres:// URL, found "another text"',
    ],
    ['a logger without child', { logger: { info: noop, warn: noop, error: noop, debug: noop } }, 'options#/logger: expected a pino logger'],
    ['an identify that is no function', { identify: {} }, 'options#/identify: expected a function'],
    ['services that are a list', { services: [] }, 'options#/services: expected an object'],
    ['an env key that is no variable', { env: { '1a': 1 } }, 'options#/env: expected a variable name'],
    [
      'a function in env',
      { env: { A: () => 1 } },
      'options#/env/A: expected a string or a number or a boolean or a list, found a function',
    ],
    ['a limit over its ceiling', { limits: { cpuMs: 60_001 } }, 'options#/limits/cpuMs: expected a whole number from 1 to 60000'],
    ['a limit that is NaN', { limits: { cpuMs: Number.NaN } }, 'options#/limits/cpuMs: expected a whole number'],
    ['an approval for no id', { approvals: { 'a/b': 'requested' } }, 'options#/approvals: expected an extension id'],
    ['an approval for __proto__', { approvals: JSON.parse('{"__proto__":"requested"}') }, 'options#/approvals: expected an extension id'],
    ['an approval that is true', { approvals: { a: true } }, 'options#/approvals/a: expected "requested" or an object, found true'],
    ['approvals that are true', { approvals: true }, 'options#/approvals: expected "requested" or an object'],
    [
      'an unknown key of an approval',
      { approvals: { a: { capability: {} } } },
      'options#/approvals/a: unknown key "capability", did you mean "capabilities"?',
    ],
    [
      'a grant that does not fit',
      { approvals: { a: { capabilities: { env: { keys: 'A' } } } } },
      'options#/approvals/a/capabilities/env/keys: expected a list',
    ],
    [
      'a manifest that does not fit',
      { approvals: { a: { manifest: { expres: 5 } } } },
      'options#/approvals/a/manifest: unknown key "expres", did you mean "express"?',
    ],
    [
      'a ceiling that is true',
      { ceiling: { capabilities: { env: true } } },
      'options#/ceiling/capabilities/env: expected false or an object, found true',
    ],
    ['an unknown key of wards', { wards: { spares: 1 } }, 'options#/wards: unknown key "spares"'],
    ['an unknown package limit', { packages: { bundleMS: 100 } }, 'options#/packages: unknown key "bundleMS", did you mean "bundleMs"?'],
    // Contradictions: each part is fine, both together are not.
    [
      "a limit over the operator's own ceiling",
      { limits: { cpuMs: 200 }, ceiling: { limits: { cpuMs: 100 } } },
      'options#/limits/cpuMs: 200 is over ceiling.limits.cpuMs = 100',
    ],
    [
      'an approved limit over the ceiling',
      { approvals: { a: { limits: { cpuMs: 200 } } }, ceiling: { limits: { cpuMs: 100 } } },
      'options#/approvals/a/limits/cpuMs: 200 is over',
    ],
    [
      'an approved capability that the ceiling leaves out',
      { approvals: { a: { capabilities: { env: { keys: [] } } } }, ceiling: { capabilities: {} } },
      'options#/approvals/a/capabilities/env: approved, but ceiling.capabilities does not allow it',
    ],
    [
      'an approved capability that the ceiling removes',
      { approvals: { a: { capabilities: { log: {} } } }, ceiling: { capabilities: { log: false } } },
      'options#/approvals/a/capabilities/log: approved, but',
    ],
    ['a cell larger than its ward', { limits: { memoryMb: 600, wardRssMb: 500 } }, 'options#/limits/memoryMb: 600 is over wardRssMb = 500'],
    [
      'approvals for ids that differ by case',
      { approvals: { a: 'requested', A: 'requested' } },
      'options#/approvals: ids "A" and "a" are the same',
    ],
    [
      'one id twice',
      {
        extensions: [
          { folder: 'a', id: 'x' },
          { folder: 'b', id: 'X' },
        ],
      },
      'options#/extensions: ids "X" and "x" are the same',
    ],
    ['one folder twice', { extensions: ['a', { folder: 'a' }] }, 'options#/extensions: folder "a" stands there twice'],
  ];
  for (const [name, value, message] of refused) {
    test(`refuse ${name}`, () => {
      const error = refusalOf(() => parse(value));
      assert.equal(error.code, 'ERR_OPTIONS_INVALID');
      assert.ok(error.message.startsWith(message), error.message);
      assert.ok(!error.message.includes('word'), 'no password in a message');
    });
  }

  test('allow a baseline capability to be approved under a ceiling that does not name it', () => {
    assert.ok(parse({ approvals: { a: { capabilities: { log: {} } } }, ceiling: { capabilities: {} } }));
  });

  test('do not change when the embedder changes what was passed', () => {
    const approvals = { a: { capabilities: { env: { keys: ['A'] } } } };
    const options = parse({ approvals });
    approvals.a.capabilities.env.keys.push('B');
    assert.ok(options.approvals !== 'requested');
    assert.deepEqual(options.approvals.get('a'), { capabilities: { env: { keys: ['A'] } } });
  });

  test('have a row in the limit table for every limit they take', () => {
    for (const [name, row] of Object.entries(limitTable)) {
      assert.ok(parse({ limits: { [name]: row.ceiling } }), name);
      assert.equal(refusalOf(() => parse({ limits: { [name]: row.ceiling + 1 } })).code, 'ERR_OPTIONS_INVALID');
      assert.equal(refusalOf(() => parse({ limits: { [name]: row.floor - 1 } })).code, 'ERR_OPTIONS_INVALID');
    }
  });
});

describe('the configuration file', () => {
  const file = path.resolve('somewhere/cloister.json');
  const parseFile = (value: unknown) => parseConfigFile(typeof value === 'string' ? value : asJson(value), file, sampleCatalog);

  test('gives options, server, database URL and environment keys, with paths from its own folder', () => {
    const config = parseFile({
      $schema: './schema.json',
      extensions: ['extensions', { folder: '/abs', id: 'x' }],
      approvals: 'requested',
      ledger: { file: 'ledger.ndjson', ringSize: 5 },
      server: { host: '127.0.0.1', port: 8055 },
      databaseUrl: 'postgresql://127.0.0.1:5432/a',
      envKeys: ['HOME_PAGE'],
      limits: { cpuMs: 80 },
    });
    const folder = path.dirname(file);
    const none = { databaseUrlKey: null, natsUrlKey: null, secretKeys: [], adminTokenKey: null };
    assert.deepEqual(config, {
      options: {
        extensions: [path.join(folder, 'extensions'), { folder: '/abs', id: 'x' }],
        approvals: 'requested',
        ledger: { file: path.join(folder, 'ledger.ndjson'), ringSize: 5 },
        limits: { cpuMs: 80 },
      },
      server: { host: '127.0.0.1', port: 8055 },
      databaseUrl: 'postgresql://127.0.0.1:5432/a',
      envKeys: ['HOME_PAGE'],
      ...none,
    });
    assert.ok(parse(config.options));
    assert.deepEqual(parseFile({}), { options: {}, server: {}, databaseUrl: null, envKeys: [], ...none });
  });

  const refused: readonly (readonly [string, unknown, string])[] = [
    ['text that is no JSON', '{', `${file}#: not JSON`],
    ['a key twice', '{"mode":"enforce","mode":"enforce"}', `${file}#: key "mode" stands there twice`],
    ['an unknown key', { servr: {} }, `${file}#: unknown key "servr", did you mean "server"?`],
    [
      'a port that does not exist',
      { server: { port: 65_536 } },
      `${file}#/server/port: expected a whole number from 0 to 65535, found 65536`,
    ],
    [
      'a database of another kind',
      { databaseUrl: 'mysql://127.0.0.1' },
      `${file}#/databaseUrl: expected a URL that begins with postgres://`,
    ],
    ['what only code can give', { logger: {} }, `${file}#: unknown key "logger"`],
    ['another mode', { mode: 'off' }, `${file}#/mode: expected "enforce" or "audit", found "off"`],
  ];
  for (const [name, value, message] of refused) {
    test(`refuses ${name}`, () => {
      const error = refusalOf(() => parseFile(value));
      assert.equal(error.code, 'ERR_OPTIONS_INVALID');
      assert.ok(error.message.startsWith(message), error.message);
    });
  }
});
