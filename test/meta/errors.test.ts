// docs/errors.md says of every code what src/errors.ts does, and what to do about it. Must never accept a row without a remedy.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { errorTable } from '../../src/errors.ts';

const text = await readFile(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| `ERR_'))
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

describe('docs/errors.md', () => {
  test('has one row for every code, with its status and meaning, and no other', () => {
    const documented = rows.map(([code, status, meaning]) => [code, Number(status), meaning]);
    const expected = Object.entries(errorTable).map(([code, { status, meaning }]) => [`\`${code}\``, status, meaning]);
    assert.deepEqual(documented.toSorted(), expected.toSorted());
  });
  for (const [code, , , cause, remedy, ...more] of rows) {
    test(`names a cause and a remedy for ${code}`, () => {
      assert.ok((cause ?? '').length > 10 && (remedy ?? '').length > 8, `${cause} | ${remedy}`);
      assert.deepEqual(more, []);
    });
  }
  test('names no code that is not in the table', () => {
    for (const [code] of text.matchAll(/ERR_[A-Z_]+/g)) assert.ok(Object.hasOwn(errorTable, code), code);
  });
});

describe('a code', () => {
  for (const [code, { status }] of Object.entries(errorTable)) {
    test(`${code} is in capitals, with a status of an error`, () => {
      assert.match(code, /^ERR(_[A-Z]+){1,4}$/);
      assert.ok(status >= 400 && status <= 599);
    });
  }
});
