// The catalogue is whole, and each test that it names is there. Must never be satisfied by a case without a test or a reason.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { files, parseTest, walls } from '../escape/catalogue/case.ts';
import { casesOf, catalogue, classes, makeTable } from '../escape/catalogue/catalogue.ts';

const root = join(import.meta.dirname, '../..');

describe('the catalogue', () => {
  for (const [letter, name, count] of classes)
    test(`has every case of class ${letter}, ${name}, once and in order`, () =>
      assert.deepEqual(
        casesOf(letter).map(({ id }) => id),
        Array.from({ length: count }, (_, index) => `${letter}${String(index + 1).padStart(2, '0')}`),
      ));
  test('has 248 of them', () => assert.equal(catalogue.length, 248));
  test('says of each by which wall it is held, or why it is out of scope', () => {
    for (const { id, what, wall, tests, reason } of catalogue) {
      assert.ok(what.length > 3, id);
      if (wall === null) assert.ok(reason.length > 40 && tests.length === 0, id);
      else assert.ok(tests.length > 0 && reason === '', id);
    }
    assert.ok(catalogue.filter(({ wall }) => wall === null).length <= 8, 'few are out of scope');
  });
  test('stands in SECURITY.md as it is', () =>
    assert.ok(
      readFileSync(join(root, 'SECURITY.md'), 'utf8').includes(makeTable()),
      'node test/escape/catalogue/catalogue.ts prints the table',
    ));
  test('what is out of scope is told in SECURITY.md', () => {
    const page = readFileSync(join(root, 'SECURITY.md'), 'utf8');
    for (const { id, wall } of catalogue) if (wall === null) assert.ok(page.includes(`(${id})`), id);
  });
  test('has a case for every wall', () => {
    for (const wall of walls)
      if (wall !== 'engine')
        assert.ok(
          catalogue.some((one) => one.wall === wall),
          wall,
        );
  });
  test('uses every file that it has a key for', () => {
    const used = new Set(catalogue.flatMap(({ tests }) => tests.map((one) => one.split(' › ')[0])));
    assert.deepEqual(
      Object.keys(files).filter((key) => !used.has(key)),
      [],
    );
  });
});

describe('each test that it names is in its file', () => {
  for (const [key, file] of Object.entries(files))
    test(file, () => {
      assert.ok(existsSync(join(root, file)));
      const source = readFileSync(join(root, file), 'utf8');
      for (const one of new Set(catalogue.flatMap(({ tests }) => tests))) {
        const { file: of, name } = parseTest(one);
        assert.notEqual(of, '', `${one}: no file has this key`);
        if (one.startsWith(`${key} › `)) assert.ok(source.includes(name) || source.includes(name.replaceAll("'", "\\'")), one);
      }
    });
});
