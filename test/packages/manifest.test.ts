// The manifest's schema, its messages, and the file it is published as. Must never depend on which capabilities exist.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { parseConfigFile } from '../../src/config/config-file.ts';
import { parseJson } from '../../src/config/json.ts';
import { manifestSchemaJson, parseManifest } from '../../src/config/manifest.ts';
import { parseOptions } from '../../src/config/options.ts';
import { showText, showValue } from '../../src/config/show.ts';
import { suggestKey } from '../../src/config/suggest.ts';
import { CloisterError } from '../../src/errors.ts';
import { limitTable } from '../../src/limits/table.ts';
import { makePackageJsonParser } from '../../src/packages/package-json.ts';
import { realCatalog } from './real-catalog.ts';
import { sampleContracts } from './sample-contracts.ts';

const where = 'greet/package.json#/cloister';

const refusalOf = (run: () => unknown): CloisterError => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof CloisterError);
    return error;
  }
  return assert.fail('nothing was refused');
};

describe('the manifest', () => {
  const accepted: readonly (readonly [string, unknown])[] = [
    ['may be empty', {}],
    ['may ask for nothing', { capabilities: {} }],
    ['may ask for a capability with an empty list', { capabilities: { env: { keys: [] } } }],
    [
      'may ask for every limit at its floor',
      { limits: Object.fromEntries(Object.entries(limitTable).map(([name, row]) => [name, row.floor])) },
    ],
    [
      'may ask for every limit at its ceiling',
      { limits: Object.fromEntries(Object.entries(limitTable).map(([name, row]) => [name, row.ceiling])) },
    ],
    ['may say Express 4', { express: 4 }],
    ['may grant columns by list or by star', { capabilities: { database: { tables: { a: { read: '*' }, b: { read: ['c'] } } } } }],
  ];
  for (const [name, value] of accepted) test(name, () => assert.deepEqual(parseManifest(value, where, sampleContracts), value));

  const refused: readonly (readonly [string, unknown, string])[] = [
    ['null', null, `${where}: expected an object, found null; correct it or leave the key out`],
    [
      'a misspelt key',
      { limit: {} },
      `${where}: unknown key "limit", did you mean "limits"? (expected only capabilities, limits, express, directusApi)`,
    ],
    [
      'a key far from any',
      { permissions: {} },
      `${where}: unknown key "permissions"; remove it (expected only capabilities, limits, express, directusApi)`,
    ],
    [
      'a limit below its floor',
      { limits: { memoryMb: 15 } },
      `${where}/limits/memoryMb: expected a whole number from 16 to 2048, found 15; correct it or leave the key out`,
    ],
    [
      'a fractional limit',
      { limits: { cpuMs: 1.5 } },
      `${where}/limits/cpuMs: expected a whole number from 1 to 60000, found 1.5; correct it or leave the key out`,
    ],
    ['a package limit, which no manifest can ask for', { limits: { sourceBytes: 2_048 } }, `${where}/limits: unknown key "sourceBytes"`],
    ['a missing key of a grant', { capabilities: { env: {} } }, `${where}/capabilities/env: expected key "keys", found none; add it`],
    [
      'a repeated entry',
      { capabilities: { env: { keys: ['A', 'A'] } } },
      `${where}/capabilities/env/keys: expected a list without repetition, found a list of 2`,
    ],
    [
      'a wrong value in a grant',
      { capabilities: { router: { methods: ['GET', 'PUSH'] } } },
      `${where}/capabilities/router/methods/1: expected "GET" or "POST", found "PUSH"`,
    ],
    [
      'the wrong branch of a union',
      { capabilities: { database: { tables: { a: { read: 'all' } } } } },
      `${where}/capabilities/database/tables/a/read: expected "*" or a list, found "all"`,
    ],
    [
      'a mistake inside a branch of a union',
      { capabilities: { database: { tables: { a: { read: ['Id'] } } } } },
      `${where}/capabilities/database/tables/a/read/0: expected a column name, found "Id"`,
    ],
    ['a key with control characters', { '\u001b[2J': 1 }, `${where}: unknown key "\\u001b[2J"; remove it`],
  ];
  for (const [name, value, message] of refused) {
    test(`refuses ${name}, naming place, expectation and finding`, () => {
      const error = refusalOf(() => parseManifest(value, where, sampleContracts));
      assert.equal(error.code, 'ERR_MANIFEST_INVALID');
      assert.ok(error.message.startsWith(message), error.message);
    });
  }

  test('is a frozen copy', () => {
    const value = { capabilities: { env: { keys: ['A'] } } };
    const manifest = parseManifest(value, where, sampleContracts);
    assert.ok(Object.isFrozen(manifest) && Object.isFrozen(manifest.capabilities) && Object.isFrozen(manifest.capabilities?.['env']));
    value.capabilities.env.keys.push('B');
    assert.deepEqual(manifest.capabilities, { env: { keys: ['A'] } });
  });

  test('is published as a JSON Schema that judges as the parser does', () => {
    const validate = new Ajv({ strict: false }).compile(JSON.parse(manifestSchemaJson(sampleContracts)));
    for (const [name, value] of accepted) assert.equal(validate(value), true, name);
    for (const [name, value] of refused) assert.equal(validate(value), false, name);
  });

  test('is documented by samples that the real contracts accept', async () => {
    const pages = ['manifest.md', 'consent.md'].map((name) => readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8'));
    const page = (await Promise.all(pages)).join('\n');
    const samplesOf = (kind: string): readonly string[] =>
      [...page.matchAll(new RegExp(`\`\`\`json ${kind}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text ?? '');
    const manifests = samplesOf('manifest').map((text) => makePackageJsonParser()(text).cloister);
    assert.ok(manifests.length >= 3);
    for (const manifest of manifests) parseManifest(manifest, 'docs/manifest.md#/cloister', realCatalog.contracts);
    const configs = samplesOf('config').map((text) => parseConfigFile(text, 'docs/manifest.md', realCatalog));
    assert.equal(configs.length, 4);
    for (const { options, databaseUrl } of configs) assert.ok(parseOptions({ ...options, database: databaseUrl }, realCatalog));
  });
});

describe('JSON that a human or a package wrote', () => {
  const parse = (text: string): unknown => parseJson(text, 'a.json', 'ERR_OPTIONS_INVALID');

  const texts: readonly (readonly [string, string])[] = [
    ['strings with quotes, brackets and backslashes', '{"a":"\\"}{,\\\\","b":["\\\\",{"a":1},{"a":2}]}'],
    ['one key in several objects', '{"a":{"a":{"a":1}},"b":{"a":1}}'],
    ['a byte order mark', '\uFEFF{"a":1}'],
    ['a plain value', '"text"'],
    ['numbers, null and booleans', '[1e3,-0.5,null,true,false,""]'],
  ];
  for (const [name, text] of texts) test(`may hold ${name}`, () => assert.deepEqual(parse(text), JSON.parse(text.replace('\uFEFF', ''))));

  const refused: readonly (readonly [string, string, string])[] = [
    ['text that is not JSON', '{"a":1,}', 'a.json#: not JSON: '],
    ['a key twice', '{"a":1,"a":2}', 'a.json#: key "a" stands there twice'],
    ['a key twice, once escaped', '{"a":1,"\\u0061":2}', 'a.json#: key "a" stands there twice'],
    ['a key twice further in', '{"x/y":[0,{"b":1,"c":{},"b":[]}]}', 'a.json#/x~1y/1: key "b" stands there twice'],
    ['__proto__', '{"a":{"__proto__":{}}}', 'a.json#/a: key "__proto__" is not allowed'],
    ['__proto__, escaped', '{"\\u005f\\u005fproto__":1}', 'a.json#: key "__proto__" is not allowed'],
    ['too much nesting', `${'['.repeat(49)}${']'.repeat(49)}`, 'a.json#: nests deeper than 48'],
    ['control characters in the message', '\u001b[31m', 'a.json#: not JSON: '],
  ];
  for (const [name, text, message] of refused) {
    test(`may not hold ${name}`, () => {
      const error = refusalOf(() => parse(text));
      assert.equal(error.code, 'ERR_OPTIONS_INVALID');
      assert.ok(error.message.startsWith(message), error.message);
      assert.doesNotMatch(error.message, /\p{C}/u);
    });
  }

  test('may nest up to the limit, and a hundred thousand levels are refused without a crash', () => {
    assert.ok(parse(`${'['.repeat(48)}${']'.repeat(48)}`));
    assert.equal(refusalOf(() => parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).code, 'ERR_OPTIONS_INVALID');
  });
});

describe('text for a terminal', () => {
  test('shows control, direction and line characters as escapes, and cuts long text', () => {
    assert.equal(showText('a\u001b[2J\n\u202Eb\u2028\u0085'), 'a\\u{1b}[2J\\u{a}\\u{202e}b\\u{2028}\\u{85}');
    assert.equal(showText('x'.repeat(100)).length, 81);
    assert.equal(showValue({ a: 1 }), 'an object');
    assert.equal(showValue(['a']), 'a list of 1');
    assert.equal(
      showValue(() => 1),
      'a function',
    );
  });

  test('suggests a near key and none that is far', () => {
    assert.equal(suggestKey('datbase', ['router', 'database']), 'database');
    assert.equal(suggestKey('CPUMS', ['cpuMs', 'wallMs']), 'cpuMs');
    assert.equal(suggestKey('xyz', ['router', 'database']), null);
    assert.equal(suggestKey('x'.repeat(10_000), ['router']), null);
  });
});
