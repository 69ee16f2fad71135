// What a stranger's package.json may be: swollen, deep, doubled, or written to be shown. Each is refused in one line and in no time; its neighbour is read. Must never block the host.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ReadPackages, readPackages } from '../../src/packages/read-packages.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';
import { realCatalog } from '../packages/real-catalog.ts';

const asking = (capabilities: unknown): string => JSON.stringify({ name: 'bad', cloister: { capabilities } });
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const nested = (levels: number, open: string, close: string): string => open.repeat(levels) + close.repeat(levels);

interface Row {
  readonly name: string;
  readonly json: string;
  readonly code: string;
  readonly says: readonly string[];
}

const rows: readonly Row[] = [
  {
    name: 'names that would move the cursor of whoever reads the refusal',
    json: asking({ database: { tables: { 'a\u001b[2J\nb\u2028\u202e': { read: 1 } } } }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['tables', '\\u{2028}\\u{202e}'],
  },
  {
    name: 'the same in a column of a row rule',
    json: asking({ database: { tables: { a: { rows: { _and: [{ 'x\ny': 0 }] }, read: true } } } }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['rows/_and/0/x\\u{a}y'],
  },
  {
    name: 'tens of thousands of different values in a list of eight: comparing all with all would take the host seconds',
    json: asking({ router: { methods: numbers(40_000) } }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['router/methods', 'found a list of 40000'],
  },
  {
    name: 'a hundred thousand mistakes',
    json: asking({ env: { keys: numbers(100_000).map(() => 0) } }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['env/keys'],
  },
  {
    name: 'twenty thousand tables, each wrong',
    json: asking({ database: { tables: Object.fromEntries(numbers(20_000).map((index) => [`t${index}`, 0])) } }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['database/tables/t'],
  },
  {
    name: 'one key as long as the file lets it be, with thousands below it',
    json: `{"${'k'.repeat(120_000)}":{${numbers(10_000)
      .map((index) => `"${index}":1`)
      .join()},"1":1}}`,
    code: 'ERR_PACKAGE_INVALID',
    says: ['package.json#/kkk', 'twice'],
  },
  { name: 'lists in lists to the end of the file', json: nested(130_000, '[', ']'), code: 'ERR_PACKAGE_INVALID', says: ['nests deeper'] },
  {
    name: 'objects in objects to the end of the file',
    json: `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`,
    code: 'ERR_PACKAGE_INVALID',
    says: ['nests deeper'],
  },
  {
    name: 'a row rule in a row rule, over and over',
    json: asking({
      database: { tables: { a: { read: true, rows: JSON.parse(`${'{"_and":['.repeat(20)}{"a":{"_eq":1}}${']}'.repeat(20)}`) } } },
    }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['rows/_and/0'],
  },
  {
    name: 'a limit of more digits than a number has',
    json: `{"cloister":{"limits":{"cpuMs":${'9'.repeat(100_000)}}}}`,
    code: 'ERR_MANIFEST_INVALID',
    says: ['limits/cpuMs'],
  },
  {
    name: 'a schema in the place of a grant',
    json: asking({ env: { $ref: '#', $async: true, type: 'object' } }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['capabilities/env'],
  },
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((name) => ({
    name: `a capability called ${name}`,
    json: `{"cloister":{"capabilities":{"${name}":{"keys":["SECRET"]}}}}`,
    code: name === '__proto__' ? 'ERR_PACKAGE_INVALID' : 'ERR_MANIFEST_INVALID',
    says: [name],
  })),
  {
    name: '__proto__ in escapes',
    json: '{"cloister":{"\\u005f\\u005fproto\\u005f\\u005f":{"capabilities":{}}}}',
    code: 'ERR_PACKAGE_INVALID',
    says: ['__proto__'],
  },
  {
    name: 'wishes twice, the second in escapes',
    json: '{"cloister":{"capabilities":{}},"cl\\u006fister":{"capabilities":{"env":{"keys":["SECRET"]}}}}',
    code: 'ERR_PACKAGE_INVALID',
    says: ['twice'],
  },
  { name: 'a comment', json: '{"cloister":{} /* , "x": 1 */}', code: 'ERR_PACKAGE_INVALID', says: ['not JSON'] },
  { name: 'another text behind the first', json: '{"cloister":{}}{"cloister":{}}', code: 'ERR_PACKAGE_INVALID', says: ['not JSON'] },
];

describe('a package.json', { timeout: 120_000 }, () => {
  let folder: TemporaryFolder;
  let read: ReadPackages;
  before(async () => {
    folder = await openTemporaryFolder();
    const entry = { 'index.js': 'module.exports = () => {}' };
    const good = { 'package.json': asking({ env: { keys: ['A'] }, router: { methods: ['GET'] } }), ...entry };
    const packages = [
      ...rows.map(({ json }, index) => ({ name: `bad-${index}`, files: { 'package.json': json, ...entry } })),
      { name: 'zz-good', files: good },
    ];
    for (const { name, files } of packages)
      await folder.write(Object.fromEntries(Object.entries(files).map(([file, text]) => [`${name}/${file}`, text])));
    const from = process.cpuUsage();
    read = await readPackages([folder.root], realCatalog.contracts);
    const { user, system } = process.cpuUsage(from);
    // A second for all of them; before their sizes were judged first, ten for one. The rest is room for a busy machine.
    assert.ok((user + system) / 1_000_000 < 15, `${(user + system) / 1_000_000} s of the host's processor`);
  });
  after(() => folder.remove());

  test('of a good neighbour is read', () => {
    assert.deepEqual(
      read.packages.map((one) => [path.basename(one.folder), one.manifest?.capabilities]),
      [['zz-good', { env: { keys: ['A'] }, router: { methods: ['GET'] } }]],
    );
    assert.deepEqual(Object.keys(Object.prototype), []);
  });
  for (const [index, { name, code, says }] of rows.entries()) {
    test(`${name}: refused`, () => {
      const errors = read.refused.filter((one) => path.basename(one.folder) === `bad-${index}`).map(({ error }) => error);
      assert.deepEqual(
        errors.map((error) => error.code),
        [code],
        errors[0]?.message,
      );
      const { message } = errors[0] ?? assert.fail();
      for (const part of says) assert.ok(message.includes(part), message);
      assert.doesNotMatch(message, /[\p{C}\p{Zl}\p{Zp}]/u);
      assert.ok(message.length < 2_000, String(message.length));
    });
  }
});
