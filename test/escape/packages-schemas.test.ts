// Every schema that judges what strangers wrote: none of its expressions can be made slow, no list in it is compared with itself before it is bounded, none follows a reference out. Must never sample: all of them are looked at.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { makeManifestSchema } from '../../src/config/manifest.ts';
import { makeConfigFileSchema } from '../../src/config/options-schema.ts';
import { realCatalog } from '../packages/real-catalog.ts';

type Node = Readonly<Record<string, unknown>>;

const nodesIn = (schema: unknown): readonly Node[] => {
  if (typeof schema !== 'object' || schema === null) return [];
  const inner = Object.values(schema).flatMap(nodesIn);
  return Array.isArray(schema) ? inner : [schema as Node, ...inner];
};

const { contracts } = realCatalog;
const schemas: readonly (readonly [string, unknown])[] = [
  ...contracts.flatMap(({ name, grant, methods }) => [
    [`the grant of ${name}`, grant] as const,
    ...Object.entries(methods).map(([method, { args }]) => [`the arguments of ${name}.${method}`, args] as const),
  ]),
  ['the manifest', makeManifestSchema(contracts)],
  ['the configuration', makeConfigFileSchema(realCatalog)],
];

const patternsIn = (schema: unknown): readonly string[] => [
  ...new Set(
    nodesIn(schema).flatMap(({ pattern, patternProperties }) => [
      ...(typeof pattern === 'string' ? [pattern] : []),
      ...(typeof patternProperties === 'object' && patternProperties !== null ? Object.keys(patternProperties) : []),
    ]),
  ),
];

const length = 20_000;
/** What expressions repeat, and an end that fits none. */
const pumps = [
  'a',
  'A',
  '0',
  '-',
  '_',
  '.',
  '/',
  ' ',
  '*',
  '$',
  ':',
  '%',
  'ä',
  '"',
  'a.',
  'a-',
  '/a',
  '/*',
  '*.',
  'a:',
  '%41',
  'a/',
  '0.',
  '[',
  'https://',
  'https://a.',
  '🦊',
];
const starts = ['', 'https://', 'http://[', '/', '$', '_', 'a', 'pg', 'constructor', '\\'];
const ends = ['\u0000', '!', '\n', '//', '', '\ud800'];

describe('no expression takes longer than its text is long', () => {
  const seen = new Set<string>();
  for (const [name, schema] of schemas) {
    const patterns = patternsIn(schema).filter((pattern) => !seen.has(pattern));
    for (const pattern of patterns) seen.add(pattern);
    if (patterns.length === 0) continue;
    test(name, () => {
      for (const pattern of patterns) {
        const expression = new RegExp(pattern, 'u');
        for (const start of starts) {
          for (const pump of pumps) {
            const { user: before } = process.cpuUsage();
            for (const end of ends) expression.test(start + pump.repeat(length / pump.length) + end);
            const ms = (process.cpuUsage().user - before) / 1_000;
            assert.ok(ms < 300, `${pattern} on ${JSON.stringify(start + pump)}…: ${ms} ms`);
          }
        }
      }
    });
  }
});

describe('no list is compared with itself before it is bounded', () => {
  for (const [name, schema] of schemas) {
    for (const [index, node] of nodesIn(schema)
      .filter(({ uniqueItems }) => uniqueItems === true)
      .entries()) {
      test(`${name}, list ${index}`, () => {
        const validate = new Ajv({ strict: false, allErrors: false }).compile({
          ...node,
          ...(schema as { readonly definitions?: object }).definitions,
        });
        const { user: before } = process.cpuUsage();
        for (const items of [
          Array.from({ length: 20_000 }, (_, at) => at),
          Array.from({ length: 20_000 }, (_, at) => ({ at })),
          Array.from({ length: 20_000 }, (_, at) => [at]),
        ])
          assert.equal(validate(items), false);
        const ms = (process.cpuUsage().user - before) / 1_000;
        assert.ok(ms < 300, `${ms} ms`);
      });
    }
  }
});

test('no schema follows a reference to anywhere but itself, nor waits for anything', () => {
  for (const [name, schema] of schemas) {
    for (const node of nodesIn(schema)) {
      const reference = node['$ref'];
      if (typeof reference === 'string') assert.match(reference, /^#\/definitions\/grant-[a-z]+$/, name);
      assert.equal('$async' in node && node['type'] !== undefined, false, name);
    }
  }
});
