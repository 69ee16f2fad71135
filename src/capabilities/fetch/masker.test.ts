// The masker: secrets in every spelling in which servers hand them back. Must never show one it knows.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeMasker } from './masker.ts';

const value = 'sk_live_canary+/="42';
const use = { value, placeholder: 'cloister_key_0123', origin: 'https://a.example', header: 'authorization' };
const masker = makeMasker([use]);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a secret is masked', () => {
  const wrapped = ['', 'a', 'ab', 'abc', 'user:', 'abcd:'].flatMap((before) =>
    ['', ':', ':x', 'xyz'].map(
      (after) => [`in base64 between ${JSON.stringify(before)} and ${JSON.stringify(after)}`, base64(before + value + after)] as const,
    ),
  );
  const rows: readonly (readonly [string, string])[] = [
    ['as it is', value],
    ['in small letters', value.toLowerCase()],
    ['in capital letters', value.toUpperCase()],
    ['percent-encoded', encodeURIComponent(value)],
    ['as JSON', JSON.stringify({ value })],
    ['as JSON of PHP', JSON.stringify({ value }).replaceAll('/', '\\/')],
    ['percent-encoded but for slashes', encodeURIComponent(value).replaceAll('%2F', '/')],
    ['as HTML', value.replaceAll('"', '&quot;')],
    ['in hex', Buffer.from(value).toString('hex')],
    ['in base64 for URLs', base64(`x:${value}`).replaceAll('+', '-').replaceAll('/', '_')],
    ['twice', `${value} ${value}`],
    ...wrapped,
  ];
  for (const [name, spelled] of rows) {
    test(name, () => {
      const text = masker.text(`before ${spelled} after`);
      assert.ok(text.includes(use.placeholder) && text.startsWith('before ') && text.endsWith(' after'), text);
      assert.doesNotMatch(text, /canary/i);
      for (const word of text.match(/[A-Za-z0-9+/=_-]{6,}/g) ?? [])
        assert.doesNotMatch(Buffer.from(word, 'base64').toString('latin1'), /live|canary/);
      assert.deepEqual(masker.bytes(Buffer.from(`before ${spelled} after`)).toString('latin1'), text);
    });
  }
  test('and what holds none comes as it came', () => {
    const bytes = Buffer.from([0, 255, 128, 65, 195, 164]);
    assert.equal(masker.bytes(bytes), bytes);
    assert.equal(masker.text('sk_live and canary'), 'sk_live and canary');
  });
});
