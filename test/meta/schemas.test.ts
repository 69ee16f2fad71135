// Every schema that ships is one: hosts compile them without checking that again. Must never leave out one that holds grants.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { makeApprovedWishSchema } from '../../src/approvals/lock.ts';
import { makeBaseline, makeRegistry } from '../../src/capabilities/registry.ts';
import { makeManifestSchema } from '../../src/config/manifest.ts';
import { makeConfigFileSchema, makeOptionsSchema } from '../../src/config/options-schema.ts';

const contracts = makeRegistry().map(({ capability }) => capability.contract);
const catalog = { contracts, baseline: makeBaseline() };
const compile = (schema: object): unknown =>
  new Ajv({ strict: true, strictTypes: false, allowUnionTypes: true, validateSchema: true }).compile(schema);

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
