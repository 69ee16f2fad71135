// The papers name files and links that exist, and README's example is what the API takes. Must never check prose.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const papers = ['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CONTRIBUTING.md'] as const;

const filesNamedIn = (text: string): readonly string[] =>
  [...text.matchAll(/`((?:src|sandbox|test|docs|extensions|scripts|bench)\/[\w./-]+)`/g)].map((match) => match[1] ?? '');
const linksIn = (text: string): readonly string[] => [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');

describe('files that a paper names exist', () => {
  for (const paper of papers) {
    const text = read(paper);
    for (const file of new Set([...filesNamedIn(text), ...linksIn(text)]))
      test(`${paper}: ${file}`, () => assert.ok(existsSync(join(root, file)), `${file} is not there`));
  }
});

test('ARCHITECTURE.md has at most 150 lines', () => assert.ok(read('ARCHITECTURE.md').split('\n').length <= 150));
test('ARCHITECTURE.md names more than twenty files of the road', () => assert.ok(filesNamedIn(read('ARCHITECTURE.md')).length > 20));
