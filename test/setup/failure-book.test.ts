// What a run says once more at its end. Must never leave a failure unsaid, nor say thousands of lines.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeFailureBook } from '../../scripts/test/failure-book.ts';

describe('what failed, at the end of a run', () => {
  it('is nothing where nothing failed', () => equal(makeFailureBook().text, ''));

  it('is what the reporter says of failing tests, and not what passed before', () => {
    const book = makeFailureBook();
    book.add('test/one.test.ts', '✔ passed before\n✖ failing tests:\n\ntest at one.test.ts:1\n✖ is held\n  1 !== 2\n');
    ok(book.text.includes('test/one.test.ts') && book.text.includes('1 !== 2'));
    equal(book.text.includes('passed before'), false);
  });

  it('is the end of an output that has no such list', () => {
    const book = makeFailureBook();
    book.add('lint', `${'x'.repeat(10_000)}the cause`);
    ok(book.text.includes('the cause'));
    ok(book.text.length < 4_000);
  });

  it('names twenty files and counts the others', () => {
    const book = makeFailureBook();
    for (let nth = 0; nth < 23; nth += 1) book.add(`file ${nth}`, 'fell');
    deepEqual([book.text.includes('file 19'), book.text.includes('file 20'), book.text.includes('and 3 more')], [true, false, true]);
  });
});
