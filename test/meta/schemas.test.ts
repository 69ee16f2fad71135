// Every schema that ships is one, and a host that compiles a part of it refuses what the whole refuses: hosts check neither again. Must never leave out one that holds grants.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { makeApprovedWishSchema } from '../../src/approvals/lock.ts';
import { makeBaseline, makeRegistry } from '../../src/capabilities/registry.ts';
import { explainErrors } from '../../src/config/explain.ts';
import { makeManifestSchema } from '../../src/config/manifest.ts';
import { makeConfigFileSchema, makeOptionsSchema } from '../../src/config/options-schema.ts';
import { makeSchemaPart } from '../../src/config/schema-part.ts';
import { thinned } from '../helpers/thinned.ts';

const contracts = makeRegistry().map(({ capability }) => capability.contract);
const catalog = { contracts, baseline: makeBaseline() };
const compile = (schema: object): unknown =>
  new Ajv({
    strict: true,
    strictTypes: false,
    allowUnionTypes: true,
    validateSchema: true,
    inlineRefs: false,
    code: { optimize: false },
  }).compile(schema);

describe('a schema that a host compiles', () => {
  const rows: readonly (readonly [string, object])[] = [
    ['of the options', makeOptionsSchema(catalog)],
    ['of the configuration file', makeConfigFileSchema(catalog)],
    ['of the manifest', makeManifestSchema(contracts)],
    ['of what an operator approves', makeApprovedWishSchema(catalog)],
    ...contracts.flatMap(({ name, grant, methods }) => [
      [`of the grant of ${name}`, grant] as const,
      ...Object.entries(methods).map(([method, { args }]) => [`of the arguments of ${name}.${method}`, args] as const),
    ]),
  ];
  for (const [name, schema] of rows) test(`${name} is a schema`, () => assert.equal(typeof compile(schema), 'function'));
  test('is not one by anything else: what is none is refused here', () => assert.throws(() => compile({ type: 'objekt' })));
});

/** Something at most places where grants, limits and unions stand. */
const options = {
  extensions: ['greet', { folder: 'links', mode: 'audit' }],
  env: { PORT: 80, NAMES: ['a'] },
  limits: { cpuMs: 100 },
  ceiling: { capabilities: { fetch: false, database: { tables: { articles: { read: true } } } } },
  approvals: {
    greet: 'requested',
    links: { capabilities: { router: {}, kv: {} }, manifest: { capabilities: { log: {} }, limits: { wallMs: 100 } } },
    notes: {
      capabilities: { database: { tables: { notes: { read: { columns: ['id'], rows: { _or: [{ id: { _eq: 1 } }] } } } } } },
      candidate: { env: { keys: ['PORT'] } },
    },
  },
  lock: { file: 'lock.json' },
  wards: { hardening: { files: 'auto' }, user: { uid: 1, gid: 1 } },
  quotas: { tenant: { requests: { most: 1, perSeconds: 1 } } },
};

type Place = readonly (string | number)[];

const placesOf = (value: unknown, place: Place = []): readonly Place[] =>
  typeof value === 'object' && value !== null
    ? [place, ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...place, Array.isArray(value) ? Number(key) : key]))]
    : [place];

const putAt = (value: unknown, [key, ...rest]: Place, put: (there: unknown) => unknown): unknown => {
  if (key === undefined) return put(value);
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[key] = putAt(copy[key], rest, put);
  return copy;
};

const wrongs: readonly (readonly [string, (there: unknown) => unknown])[] = [
  ['a number', () => -1.5],
  ['a text', () => '$nonsense'],
  ['null', () => null],
  ['a list of lists', () => [[]]],
  ['an empty object', () => ({})],
  ['the same within a list', (there) => [there]],
  ['an unknown key more', (there) => (typeof there === 'object' && !Array.isArray(there) ? { ...there, unknown: 1 } : { unknown: 1 })],
];

describe('the part of a schema that is compiled for a value', () => {
  const schema = makeOptionsSchema(catalog);
  const open = { strict: true, strictTypes: false, allErrors: true, verbose: true, allowUnionTypes: true, validateSchema: false } as const;
  const whole = new Ajv({ ...open, inlineRefs: false, code: { optimize: false } }).compile<unknown>(schema);
  const judge = (validate: typeof whole, value: unknown): unknown => (validate(value) ? 'fits' : explainErrors(validate.errors ?? []));
  const judgeByPart = (value: unknown): unknown =>
    judge(new Ajv({ ...open, code: { optimize: false } }).compile<unknown>(makeSchemaPart(schema, value)), value);

  test('lets pass what the whole lets pass', () => assert.deepEqual([judge(whole, options), judgeByPart(options)], ['fits', 'fits']));
  for (const [name, wrong] of wrongs)
    test(`says of ${name}, wherever it stands, what the whole says`, () => {
      for (const place of thinned(placesOf(options), 4)) {
        const value = putAt(options, place, wrong);
        assert.deepEqual(judgeByPart(value), judge(whole, value), `at ${place.join('/')}`);
      }
    });
  test('has the definitions along where another keyword refers to one', () => {
    const refers = { type: 'object', properties: { a: { not: { $ref: '#/definitions/one' } } }, definitions: { one: { const: 1 } } };
    const fits = (a: number): unknown => new Ajv(open).compile(makeSchemaPart(refers, { a }))({ a });
    assert.deepEqual([fits(1), fits(2)], [false, true]);
  });
  test('holds no grant that the value does not have', () => {
    const part = JSON.stringify(makeSchemaPart(schema, { approvals: { greet: { capabilities: { router: {} } } } }));
    assert.ok(part.length < JSON.stringify(schema).length / 4, `${part.length} characters`);
  });
});
