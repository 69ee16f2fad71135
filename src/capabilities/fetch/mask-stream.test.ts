// A secret in a body that comes in pieces is masked wherever a piece ends. Must never show one it knows.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeBodyMask } from './mask-stream.ts';
import { makeMasker } from './masker.ts';

const value = 'sk_live_canary+/="42';
const masker = makeMasker([{ value, placeholder: 'cloister_key_0123', origin: 'https://a.example', header: 'authorization' }]);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const filler = 'lorem ipsum '.repeat(40);

const rows: readonly (readonly [string, string])[] = [
  ['as it is', value],
  ['percent-encoded', encodeURIComponent(value)],
  ['in hex', Buffer.from(value).toString('hex')],
  ['in base64', base64(`user:${value}:x`)],
  ['in base64 for URLs', base64(`ab${value}`).replaceAll('+', '-').replaceAll('/', '_')],
  ['twice, one behind the other', value + value],
];

const stream = (whole: string, sizes: (left: number) => number): string => {
  const mask = makeBodyMask(masker);
  const bytes = Buffer.from(whole);
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const size = Math.max(1, sizes(bytes.length - at));
    text += mask.push(bytes.subarray(at, at + size)).toString('latin1');
    at += size;
  }
  return text + mask.end().toString('latin1');
};

describe('a secret is masked in a stream', () => {
  for (const [name, spelled] of rows) {
    const whole = `${filler}<${spelled}>${filler}`;
    const expected = masker.text(whole);
    test(`${name}, wherever it is cut in two`, () => {
      for (let at = filler.length - 5; at < filler.length + spelled.length + 10; at += 1) {
        let first = true;
        const cut = stream(whole, (left) => {
          const size = first ? at : left;
          first = false;
          return size;
        });
        assert.equal(cut, expected);
      }
    });
    for (const size of [1, 7, 64])
      test(`${name}, in pieces of ${size}`, () =>
        assert.equal(
          stream(whole, () => size),
          expected,
        ));
  }
  test('also in a word that is too long to be kept', () => {
    const word = base64(`${'0'.repeat(30_000)}${value}${'0'.repeat(30_000)}`);
    for (const size of [1_000, 4_096, 65_536]) {
      const text = stream(`${filler}${word} ${filler}`, () => size);
      assert.ok(text.includes('cloister_key_0123') && text.startsWith(filler) && text.endsWith(` ${filler}`));
      for (const shift of [0, 1, 2, 3])
        for (const part of text.match(/[A-Za-z0-9+/=_-]{6,}/g) ?? [])
          assert.doesNotMatch(Buffer.from(part.slice(shift), 'base64').toString('latin1'), /live|canary/);
    }
  });
  test('and where nothing is secret, pieces go as they come', () => {
    const piece = Buffer.from('x');
    assert.equal(makeBodyMask(makeMasker([])).push(piece), piece);
  });
  test('a body of nothing but secrets is refused before it fills the memory', () => {
    const mask = makeBodyMask(masker);
    assert.throws(() => {
      for (let count = 0; count < 2_000; count += 1) mask.push(Buffer.from(base64(`${value}${value}${value}`).repeat(20)));
      throw Object.assign(new Error('let out'), { kind: 'let out' });
    });
  });
});
