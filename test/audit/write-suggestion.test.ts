// Where a suggestion is written: whole or not at all, in its own file. Must never follow a link.
import assert from 'node:assert/strict';
import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { writeToConfig, writeToPackage } from '../../src/audit/write-suggestion.ts';
import { openWarmCommands } from '../helpers/commands.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';

const warm = openWarmCommands();
const manifest = { capabilities: { env: { keys: ['A'] } }, limits: { cpuMs: 20 } };

let folder: TemporaryFolder;
before(async () => {
  folder = await openTemporaryFolder();
});
after(async () => {
  await warm.close();
  await folder.remove();
});

const read = async (name: string): Promise<string> => readFile(join(folder.root, name), 'utf8');

describe('a suggestion goes', () => {
  test('into package.json, beside what is there, with its mode', async () => {
    await folder.write({ 'a/package.json': '{\n\t"name": "a",\n\t"cloister": {},\n\t"x": [1,  2]\n}\n' });
    await chmod(join(folder.root, 'a/package.json'), 0o640);
    await writeToPackage(join(folder.root, 'a'), manifest);
    const text = await read('a/package.json');
    assert.deepEqual((JSON.parse(text) as { readonly cloister: unknown }).cloister, manifest);
    assert.ok(text.startsWith('{\n\t"name": "a",\n\t"cloister": {\n\t\t"capabilities"') && text.endsWith('"x": [1,  2]\n}\n'), text);
    assert.equal((await stat(join(folder.root, 'a/package.json'))).mode & 0o777, 0o640);
    assert.deepEqual(await readdir(join(folder.root, 'a')), ['package.json']);
  });
  test('into a package.json of its own where there was none', async () => {
    await folder.write({ 'b/index.js': '' });
    await writeToPackage(join(folder.root, 'b'), manifest);
    assert.deepEqual(JSON.parse(await read('b/package.json')), { name: 'b', version: '0.0.0', private: true, cloister: manifest });
  });
  test('into the approvals of a configuration, and leaves the others', async () => {
    await folder.write({ 'c.json': '{"approvals": {"other": "requested"}}' });
    await writeToConfig(join(folder.root, 'c.json'), 'x', manifest);
    assert.deepEqual(JSON.parse(await read('c.json')), { approvals: { other: 'requested', x: manifest } });
  });
});

describe('nothing is written', () => {
  test('through a link', async () => {
    await folder.write({ 'real.json': '{"name": "real"}', 'd/package.json': { link: '../real.json' } });
    await assert.rejects(writeToPackage(join(folder.root, 'd'), manifest), { code: 'ERR_OPTIONS_INVALID' });
    assert.equal(await read('real.json'), '{"name": "real"}');
  });
  for (const [name, text] of [
    ['that is no JSON', '{'],
    ['that is a list', '[]'],
    ['that has a key twice', '{"a": 1, "a": 2}'],
    ['that approves whatever anybody asks', '{"approvals": "requested"}'],
  ] as const)
    test(`into a file ${name}`, async () => {
      await folder.write({ 'e.json': text });
      await assert.rejects(writeToConfig(join(folder.root, 'e.json'), 'x', manifest), { code: 'ERR_OPTIONS_INVALID' });
      assert.equal(await read('e.json'), text);
    });
  test('into a configuration that is not there', () =>
    assert.rejects(writeToConfig(join(folder.root, 'nowhere.json'), 'x', manifest), { code: 'ERR_OPTIONS_INVALID' }));
});

for (const [name, args] of [
  ['suggest without an extension', ['suggest']],
  ['suggest for a ledger that is not there', ['suggest', 'x', '--ledger', '/nowhere.ndjson']],
  ['report of a ledger that is not there', ['report', '--ledger', '/nowhere.ndjson']],
  ['an unknown flag', ['report', '--loud']],
] as const)
  test(`cloister audit refuses ${name} in one line`, async () => {
    const { code, err } = await warm.run(['audit', ...args]);
    assert.deepEqual([code, err.split('\n').length], [2, 2], err);
  });
