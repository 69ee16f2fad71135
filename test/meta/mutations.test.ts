// The list of mutations fits the sources: each can be made, and the tests that must notice it exist. Must never run one: `npm run mutations` does.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findTestFiles } from '../../scripts/test/files.ts';
import { mutations } from '../mutations/list.ts';

const root = dirname(dirname(import.meta.dirname));

test('each defence stands in its file exactly once', () => {
  for (const { name, file, search } of mutations) assert.equal(readFileSync(join(root, file), 'utf8').split(search).length, 2, name);
});
test('each has tests that exist', () => {
  for (const { name, tests } of mutations)
    for (const part of tests) assert.notDeepEqual(findTestFiles(root, [part]), [], `${name}: ${part}`);
});
