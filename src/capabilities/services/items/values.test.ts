// Values on their way in and out, and names taken apart. Must never reach a server.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { itemsDescription } from '../../../../test/helpers/items-description.ts';
import { decodeValue, makeDecoders } from './decode.ts';
import { encodeKey, encodeValue } from './encode.ts';
import { outputName, parseFieldName, splitPath } from './field-name.ts';
import { arrayText } from './fragment.ts';
import { type Field, isPlainName, makeModel } from './model.ts';
import { parsePayload } from './payload.ts';
import { parseSearch } from './search.ts';

const decoders = makeDecoders();
const articles = makeModel(itemsDescription).collection('articles');
const field = (name: string): Field => articles.fields.get(name) ?? assert.fail(name);

describe('a value comes out', () => {
  const rows: readonly (readonly [name: string, text: string | null, oid: number, expected: unknown])[] = [
    ['NULL', null, 23, null],
    ['a boolean', 't', 16, true],
    ['an integer as a number', '-5', 23, -5],
    ['a bigint as text', '9007199254740993', 20, '9007199254740993'],
    ['a decimal as text', '1.10', 1700, '1.10'],
    ['a float as a number', '1e-7', 701, 1e-7],
    ['NaN as text', 'NaN', 701, 'NaN'],
    ['Infinity as text', '-Infinity', 700, '-Infinity'],
    ['JSON', '{"a":[1]}', 3802, { a: [1] }],
    ['JSON null', 'null', 114, null],
    ['a date as it is', '2024-02-29', 1082, '2024-02-29'],
    ['a time as it is', '12:34:56.789', 1083, '12:34:56.789'],
    ['a date and time to the second', '2024-02-29 12:34:56.789', 1114, '2024-02-29T12:34:56'],
    ['a moment in UTC', '2024-02-29 12:34:56.789012+02', 1184, '2024-02-29T10:34:56.789Z'],
    ['a moment without fraction', '2024-02-29 12:34:56+00', 1184, '2024-02-29T12:34:56.000Z'],
    ['a moment over midnight', '2024-12-31 23:30:00-05:30', 1184, '2025-01-01T05:00:00.000Z'],
    ['a moment of old with seconds in its zone', '1880-01-01 00:00:00+00:53:28', 1184, '1879-12-31T23:06:32.000Z'],
    ['infinity as text', 'infinity', 1184, 'infinity'],
    ['a moment before Christ as text', '0044-03-15 12:00:00+00 BC', 1184, '0044-03-15 12:00:00+00 BC'],
    ['bytes in base64', '\\x00ff10', 17, 'AP8Q'],
    ['a list of numbers', '{1,NULL,3}', 1007, [1, null, 3]],
    ['a list of text', '{a,"b,c"}', 1009, ['a', 'b,c']],
    ['what nobody knows as text', '[1,5)', 3904, '[1,5)'],
  ];
  for (const [name, text, oid, expected] of rows) test(name, () => assert.deepEqual(decodeValue(text, oid, decoders), expected));
});

describe('a value goes in', () => {
  const rows: readonly (readonly [name: string, value: unknown, to: string, expected: unknown])[] = [
    ['null', null, 'title', null],
    ['text', 'x', 'title', 'x'],
    ['a number for text', 5, 'title', '5'],
    ['a number', 5, 'views', '5'],
    ['a number as text', '5', 'views', '5'],
    ['a boolean', false, 'featured', 'false'],
    ['a boolean as a number', 1, 'featured', 'true'],
    ['a date', '2024-02-29', 'day', '2024-02-29'],
    ['an object for JSON', { a: 1 }, 'meta', '{"a":1}'],
    ['a list for JSON', [1, 'x'], 'meta', '[1,"x"]'],
    ['JSON text for JSON', '{"a":1}', 'meta', '{"a":1}'],
    ['other text for JSON', 'plain', 'meta', '"plain"'],
    ['a number for JSON', 5, 'meta', '5'],
    ['bytes in base64', 'AP8Q', 'raw', { $bytes: 'AP8Q' }],
    ['a list for a list', [1, 'a"b\\'], 'area', '{"1","a\\"b\\\\"}'],
  ];
  for (const [name, value, to, expected] of rows) test(name, () => assert.deepEqual(encodeValue(value, field(to)), expected));

  const refused: readonly (readonly [name: string, value: unknown, to: string])[] = [
    ['an object for text', {}, 'title'],
    ['a list for text', ['a'], 'title'],
    ['NUL', 'a\u0000', 'title'],
    ['half a character', '\udc00', 'title'],
    ['text for a number', 'x', 'views'],
    ['SQL for a number', '1; drop table x', 'views'],
    ['a boolean for a number', true, 'views'],
    ['a fraction for a whole number', 0.5, 'views'],
    ['text for bytes', 'not base64!', 'raw'],
    ['an object in a list', [{}], 'area'],
    ['a number for a date', 0, 'day'],
    ['a word for a date', 'now', 'published'],
  ];
  for (const [name, value, to] of refused)
    test(`not as ${name}`, () => assert.throws(() => encodeValue(value, field(to)), { code: 'INVALID_PAYLOAD' }));
});

describe('a field', () => {
  // The database would refuse both as well; neither may come to that.
  test('that may be set when an item is made, and not changed, is so', () => {
    assert.deepEqual([...parsePayload({ drop: 'x' }, articles, 'create').values], [['drop', 'x']]);
    assert.throws(() => parsePayload({ drop: 'x' }, articles, 'update'), { code: 'FORBIDDEN' });
  });
  test('that may not be read is not searched', () => {
    const searched = parseSearch('x', articles);
    assert.equal(searched?.kind, 'any');
    assert.deepEqual(JSON.stringify(searched).match(/"name":"\w+"/g), ['"name":"title"']);
  });
});

describe('a key', () => {
  const rows: readonly (readonly [name: string, value: unknown, of: string, expected: string | undefined])[] = [
    ['a number', 5, 'id', '5'],
    ['text of a number', '5', 'id', '5'],
    ['text of the same number', '+005', 'id', '5'],
    ['a number that is too large', 2 ** 31, 'id', undefined],
    ['a fraction', 1.5, 'id', undefined],
    ['nothing', null, 'id', undefined],
    ['an object', {}, 'id', undefined],
    ['a list', [1], 'id', undefined],
    ['a uuid', '00000000-0000-4000-8000-000000000000', 'code', '00000000-0000-4000-8000-000000000000'],
    ['text for a uuid', 'x', 'code', undefined],
    ['text', "a'b", 'title', "a'b"],
    ['empty text', '', 'title', undefined],
  ];
  for (const [name, value, of, expected] of rows) test(name, () => assert.equal(encodeKey(value, field(of)), expected));
});

describe('names', () => {
  test('a path is taken apart at its dots, and not within brackets', () =>
    assert.deepEqual(splitPath('author.json(meta, a.b[0]).x'), ['author', 'json(meta, a.b[0])', 'x']));
  test('a function, its field and its path', () =>
    assert.deepEqual(parseFieldName('json(meta, a.b[0])'), { call: 'json', name: 'meta', path: 'a.b[0]' }));
  test('what is no function is a name', () => assert.deepEqual(parseFieldName('year(a'), { call: null, name: 'year(a', path: null }));
  test('what a function is called in an item', () =>
    assert.deepEqual(
      ['title', 'year(day)', 'count(comments)', 'json(meta, a.b[0])'].map((text) => outputName(parseFieldName(text))),
      ['title', 'day_year', 'comments_count', 'meta_a_b_0_json'],
    ));
  test('names that Knex or a query would take apart are not there', () =>
    assert.deepEqual(
      ['title', 'Mixed Case', 'ordér', 'a.b', 'a as b', 'a AS b', 'a?', 'a"', '*', 'a\\', 'f(x)', '$x', ' a', '__proto__', ''].filter(
        isPlainName,
      ),
      ['title', 'Mixed Case', 'ordér'],
    ));
  test('a list as PostgreSQL reads it', () =>
    assert.equal(arrayText(['a', 'b"c', 'd\\e', '', 'NULL', '{}']), '{"a","b\\"c","d\\\\e","","NULL","{}"}'));
});
