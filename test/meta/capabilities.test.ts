// Every capability is one whole folder and one line in the registry. Must never let a folder grant power by existing, nor a registered one go undocumented.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { makeBaseline, makeRegistry } from '../../src/capabilities/registry.ts';

const root = join(import.meta.dirname, '../../src/capabilities');
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const registry = makeRegistry();
const capabilities = new Map(registry.map(({ capability }) => [capability.contract.name, capability]));
const ajv = new Ajv({ strict: true, strictTypes: false });

/** Grants for this capability in the JSON samples of a README. */
const samplesOf = (name: string): readonly unknown[] => {
  const readme = readFileSync(join(root, name, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```json\n(.*?)^```/gms)].map(
    ([, json]) => JSON.parse(json ?? '') as { readonly cloister?: { readonly capabilities?: Readonly<Record<string, unknown>> } },
  );
  return blocks.map((block) => block.cloister?.capabilities?.[name]).filter((grant) => grant !== undefined);
};

describe('the registry', () => {
  test('has exactly the folders there are', () => assert.deepEqual([...capabilities.keys()].toSorted(), folders.toSorted()));
  test('names none twice', () => assert.equal(capabilities.size, registry.length));
  test('gives without asking only router and log', () => assert.deepEqual([...makeBaseline().keys()].toSorted(), ['log', 'router']));
});

for (const name of folders) {
  describe(`the capability ${name}`, () => {
    for (const file of ['contract.ts', 'policy.ts', 'host.ts', 'README.md', `${name}.test.ts`]) {
      test(`has its ${file}`, () => assert.ok(existsSync(join(root, name, file))));
    }
    test('tells in its README of grant, limits and refusals, with a sample that fits', () => {
      const readme = readFileSync(join(root, name, 'README.md'), 'utf8');
      for (const word of ['Grant', 'Limits', 'Refused']) assert.match(readme, new RegExp(`^## ${word}`, 'm'));
      const fits = ajv.compile(capabilities.get(name)?.contract.grant ?? false);
      const samples = samplesOf(name);
      assert.notEqual(samples.length, 0);
      for (const sample of samples) assert.ok(fits(sample), JSON.stringify([sample, fits.errors]));
    });
    test('takes no unknown key in its grant', () => {
      const fits = ajv.compile(capabilities.get(name)?.contract.grant ?? false);
      for (const sample of samplesOf(name)) assert.equal(fits({ ...(sample as object), unheardOf: true }), false);
    });
    test('takes no unknown key in the arguments of any method', () => {
      for (const [method, { args }] of Object.entries(capabilities.get(name)?.contract.methods ?? {})) {
        assert.equal((args as { readonly additionalProperties?: unknown }).additionalProperties, false, method);
      }
    });
    test('has a policy without I/O, clock or await', () => {
      const source = readFileSync(join(root, name, 'policy.ts'), 'utf8');
      assert.doesNotMatch(source, /\bawait\b|\basync\b|\bDate\b|\bperformance\b|Math\.random|from 'node:/);
    });
  });
}
