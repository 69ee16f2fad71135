// Guards the shape of the sources: short files that say what they are for. Must never look at what the code does.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

const root = dirname(dirname(import.meta.dirname));
const maxLines = 300;
const files = globSync(['{src,sandbox,scripts,bench,test}/**/*.{ts,mjs}'], { cwd: root, exclude: ['test/fixtures/**'] }).sort();

describe('a source file', () => {
  test('exists at all', () => {
    assert.notEqual(files.length, 0);
  });

  test(`has at most ${maxLines} lines`, () => {
    const long = files
      .map((file) => [file, readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length] as const)
      .filter(([, lines]) => lines > maxLines);
    assert.deepEqual(long, []);
  });

  test('begins with a comment on what it is for', () => {
    const silent = files.filter((file) => !/^(#!.*\n)?\/\/ \S/.test(readFileSync(join(root, file), 'utf8')));
    assert.deepEqual(silent, []);
  });
});
