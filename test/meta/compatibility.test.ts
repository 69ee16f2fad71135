// docs/compatibility.md is what the generator makes of the committed results and differences. Must never fetch anything.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCompatibilityPage } from '../compat/page.ts';
import type { Results } from '../compat/runner/results.ts';
import { endpointPackages } from '../compat/uses/endpoints.ts';
import { packageUses } from '../compat/uses/table.ts';

const root = join(import.meta.dirname, '../..');
const results = JSON.parse(readFileSync(join(root, 'test/compat/results.json'), 'utf8')) as Results;

test('docs/compatibility.md is made of the committed results', () =>
  assert.equal(
    readFileSync(join(root, 'docs/compatibility.md'), 'utf8'),
    makeCompatibilityPage(results),
    'run npm run compatibility:page',
  ));

test('every row of the tables has a result, and no result is without a row', () => {
  assert.deepEqual(
    results.packages.map(({ name, version }) => `${name} ${version}`).sort(),
    packageUses.flatMap(({ name, versions }) => versions.map((version) => `${name} ${version}`)).sort(),
  );
  assert.deepEqual(
    results.endpoints.map(({ name, version }) => `${name} ${version}`).sort(),
    endpointPackages.map(({ name, version }) => `${name} ${version}`).sort(),
  );
});

test('at least twelve libraries and an endpoint package run', () => {
  assert.ok(new Set(results.packages.filter(({ outcome }) => outcome === 'same').map(({ name }) => name)).size >= 12);
  assert.ok(results.endpoints.some(({ asked, answers }) => asked > 0 && asked === answers));
});
