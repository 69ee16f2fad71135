// Signed archives: what `pack` makes is served as its folder would be, and nothing else of that form is. Must never find a file unpacked.
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openApprovals } from '../../src/approvals/approvals.ts';
import { buildPackage } from '../../src/author/build.ts';
import { makeSigningKey, type PackedPackage, packPackage } from '../../src/author/pack.ts';
import { CloisterError } from '../../src/errors.ts';
import { makePackageLimits } from '../../src/limits/package-table.ts';
import { keyIdOf, publicLineOf } from '../../src/packages/archive-form.ts';
import { type Bundler, openBundler } from '../../src/packages/bundler.ts';
import { readPackages } from '../../src/packages/read-packages.ts';
import { openTestRuntime } from '../helpers/runtime.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';
import { realCatalog } from '../packages/real-catalog.ts';

const packageJson = JSON.stringify({
  name: '@me/signed',
  version: '1.2.3',
  type: 'module',
  cloister: { capabilities: { router: { methods: ['GET'] } } },
});
const source = `import { word } from './word.js';\nexport default (router) => router.get('/', async (req, res) => res.send(await word()));\n`;

let folder: TemporaryFolder;
let bundler: Bundler;
let key: KeyObject;
let packed: PackedPackage;
const at = (...parts: readonly string[]): string => join(folder.root, ...parts);

before(async () => {
  folder = await openTemporaryFolder();
  bundler = openBundler();
  await folder.write({
    'mine/package.json': packageJson,
    'mine/src/index.js': source,
    'mine/src/word.js': `export const word = async () => 'signed';\n`,
    'all/plain/index.js': `export default (router) => router.get('/', (req, res) => res.send('plain'));`,
  });
  await makeSigningKey(at('key.pem'));
  key = createPrivateKey(await readFile(at('key.pem')));
  packed = await packPackage({ folder: at('mine'), keyFile: at('key.pem'), out: at('all/mine.cloister') });
});
after(async () => {
  await bundler.close();
  await folder.remove();
});

const isRefusal = (code: string, says: RegExp) => (error: unknown) =>
  error instanceof CloisterError && error.code === code && says.test(error.message);

describe('an archive', () => {
  test('holds what its folder would run, under the same hash', async () => {
    const built = await buildPackage(at('mine'), bundler);
    assert.equal(packed.artifact, built.artifact);
    const again = await packPackage({ folder: at('mine'), keyFile: at('key.pem'), out: at('again.cloister') });
    assert.equal(await readFile(again.file, 'utf8'), await readFile(packed.file, 'utf8'), 'the same bytes again');
  });
  test('is served beside folders, and nothing of it is unpacked', async () => {
    const names = await readdir(folder.root, { recursive: true });
    const runtime = await openTestRuntime({
      extensions: {},
      options: { extensions: [at('all')], trustedKeys: [packed.publicKey], limits: { registerMs: 20_000 } },
    });
    try {
      assert.deepEqual(runtime.runtime.refused(), []);
      assert.equal((await runtime.get('/signed')).text, 'signed');
      assert.equal((await runtime.get('/plain')).text, 'plain');
      const found = await runtime.entry('life', ({ event, extension }) => event === 'package.found' && extension === 'signed');
      assert.match(found.reason, new RegExp(`signed by ${packed.key}$`));
    } finally {
      await runtime.close();
    }
    assert.deepEqual(await readdir(folder.root, { recursive: true }), names);
  });
  test('is approved by the hash that its folder has', async () => {
    const digests = await Promise.all(
      [at('mine'), packed.file].map(async (extension) => {
        const approvals = await openApprovals({ lock: at('lock.json'), extensions: [extension], trustedKeys: [packed.publicKey] });
        const { found } = await approvals.diff('signed');
        await approvals.close();
        return found?.digest;
      }),
    );
    assert.equal(digests[0], digests[1]);
    assert.match(digests[0] ?? '', /^[0-9a-f]{64}$/);
  });
});

const seal = (payload: unknown, by: KeyObject = key, more: object = {}, text: (payload: unknown) => string = JSON.stringify): string => {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(text(payload));
  return JSON.stringify({
    cloisterArchive: 1,
    key: keyIdOf(publicLineOf(key)),
    signature: sign(null, Buffer.concat([Buffer.from('cloister archive 1\n'), bytes]), by).toString('base64'),
    payload: bytes.toString('base64'),
    ...more,
  });
};
const whole = { 'package.json': packageJson, 'dist/index.js': 'export default () => {};' };
const named = (name: string): string => seal({ files: { ...whole, [name]: '' } });
const edit = (change: (archive: Record<string, unknown>) => void): string => {
  const archive = JSON.parse(seal({ files: whole })) as Record<string, unknown>;
  change(archive);
  return JSON.stringify(archive);
};
const stranger = generateKeyPairSync('ed25519').privateKey;

describe('is refused', () => {
  const rows: readonly (readonly [string, () => string | Buffer, string, RegExp])[] = [
    ['without a signature', () => edit((archive) => delete archive['signature']), 'ERR_ARCHIVE_UNTRUSTED', /is not signed/],
    ['with an empty signature', () => edit((archive) => (archive['signature'] = '')), 'ERR_ARCHIVE_UNTRUSTED', /is not signed/],
    [
      'of a key that is not trusted',
      () => seal({ files: whole }, stranger, { key: keyIdOf(publicLineOf(stranger)) }),
      'ERR_ARCHIVE_UNTRUSTED',
      /which is not trusted; add/,
    ],
    ['of a stranger under a trusted name', () => seal({ files: whole }, stranger), 'ERR_ARCHIVE_INVALID', /signature by the key/],
    [
      'whose payload was changed',
      () => edit((archive) => (archive['payload'] = Buffer.from(JSON.stringify({ files: { ...whole, x: '' } })).toString('base64'))),
      'ERR_ARCHIVE_INVALID',
      /does not hold/,
    ],
    [
      'whose signature was changed',
      () => edit((archive) => (archive['signature'] = String(archive['signature']).replace(/^./, (first) => (first === 'A' ? 'B' : 'A')))),
      'ERR_ARCHIVE_INVALID',
      /does not hold|base64/,
    ],
    [
      'signed for another purpose',
      () =>
        edit((archive) => (archive['signature'] = sign(null, Buffer.from(String(archive['payload']), 'base64'), key).toString('base64'))),
      'ERR_ARCHIVE_INVALID',
      /does not hold/,
    ],
    [
      'in base64 of two spellings',
      () => edit((archive) => (archive['payload'] = String(archive['payload']).replace(/=+$/, ''))),
      'ERR_ARCHIVE_INVALID',
      /base64/,
    ],
    ['cut short', () => seal({ files: whole }).slice(0, 300), 'ERR_ARCHIVE_INVALID', /bad\.cloister/],
    ['that is empty', () => '', 'ERR_ARCHIVE_INVALID', /bad\.cloister/],
    ['that is another kind of file', () => Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff]), 'ERR_ARCHIVE_INVALID', /bad\.cloister/],
    ['of another version', () => edit((archive) => (archive['cloisterArchive'] = 2)), 'ERR_ARCHIVE_INVALID', /cloisterArchive/],
    ['with a key more outside', () => edit((archive) => (archive['note'] = 'hi')), 'ERR_ARCHIVE_INVALID', /note/],
    ['with a key twice', () => seal({ files: whole }).replace('{', '{"cloisterArchive":1,'), 'ERR_ARCHIVE_INVALID', /twice/],
    [
      'with a file twice',
      () => seal(null, key, {}, () => `{"files":{"package.json":"{}","package.json":${JSON.stringify(packageJson)}}}`),
      'ERR_ARCHIVE_INVALID',
      /twice/,
    ],
    ['with __proto__ for a file', () => seal(null, key, {}, () => '{"files":{"__proto__":"x"}}'), 'ERR_ARCHIVE_INVALID', /__proto__/],
    ['whose payload is no text', () => seal(Buffer.from([0x7b, 0xff, 0x7d])), 'ERR_ARCHIVE_INVALID', /UTF-8/],
    ['whose payload is no JSON', () => seal(Buffer.from('files')), 'ERR_ARCHIVE_INVALID', /bad\.cloister/],
    ['with bytes for a file', () => seal({ files: { ...whole, x: [1] } }), 'ERR_ARCHIVE_INVALID', /files\/x/],
    ['without files', () => seal({ files: {} }), 'ERR_ARCHIVE_INVALID', /files/],
    [
      'with 65 files',
      () => seal({ files: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`f${index}`, ''])) }),
      'ERR_ARCHIVE_INVALID',
      /files/,
    ],
    [
      'with a file that is a folder too',
      () => seal({ files: { ...whole, dist: '' } }),
      'ERR_ARCHIVE_INVALID',
      /"dist" is a file and a folder/,
    ],
    ['without package.json', () => seal({ files: { 'dist/index.js': '' } }), 'ERR_PACKAGE_INVALID', /no entry file/],
    [
      'with an import of what it has not',
      () => seal({ files: { ...whole, 'dist/index.js': `import './other.js'; export default () => {};` } }),
      'ERR_PACKAGE_BUNDLE',
      /cannot find/,
    ],
    [
      'with an import that leads out',
      () => seal({ files: { ...whole, 'dist/index.js': `import '../../../etc/passwd'; export default () => {};` } }),
      'ERR_PACKAGE_BUNDLE',
      /outside/,
    ],
    ...[
      '../up',
      '/etc/passwd',
      'a/../../b',
      'a\\b',
      'C:x',
      '.hidden',
      'a//b',
      'a/',
      '',
      'a\u0000b',
      'a b',
      `${'a/'.repeat(17)}a`,
      'x'.repeat(257),
    ].map((name): readonly [string, () => string, string, RegExp] => [
      `with the name ${JSON.stringify(name).slice(0, 20)}`,
      () => named(name),
      'ERR_ARCHIVE_INVALID',
      /bad\.cloister#\/files/,
    ]),
  ];
  const read = async (trustedKeys: readonly string[], limits = makePackageLimits()): Promise<CloisterError | undefined> => {
    const { packages, refused } = await readPackages([at('bad.cloister')], realCatalog.contracts, limits, { bundler, trustedKeys });
    assert.equal(packages.length + refused.length, 1);
    return refused[0]?.error;
  };
  for (const [name, make, code, says] of rows)
    test(`an archive ${name}`, async () => {
      await writeFile(at('bad.cloister'), make());
      const error = await read([packed.publicKey]);
      assert.equal(error?.code, code, error?.message);
      assert.match(error?.message ?? '', says);
      assert.match(error?.message ?? '', /^extension bad\.cloister: /);
    });
  test('every archive where no key is trusted', async () => {
    await writeFile(at('bad.cloister'), seal({ files: whole }));
    assert.equal((await read([]))?.code, 'ERR_ARCHIVE_UNTRUSTED');
    assert.equal((await read([packed.publicKey]))?.code, undefined, 'the same is read under its key');
  });
  test('an archive over archiveBytes, and none of its size', async () => {
    const text = seal({ files: { ...whole, x: 'x'.repeat(2_000) } });
    await writeFile(at('bad.cloister'), text);
    const limits = (archiveBytes: number) => makePackageLimits({ archiveBytes });
    assert.match((await read([packed.publicKey], limits(text.length - 1)))?.message ?? '', /over the limit/);
    assert.equal(await read([packed.publicKey], limits(text.length)), undefined);
  });
  test('a link that leads out of a folder of packages', async () => {
    await mkdir(at('links'));
    await symlink(packed.file, at('links/out.cloister'));
    const { packages, refused } = await readPackages([at('links')], realCatalog.contracts, undefined, {
      bundler,
      trustedKeys: [packed.publicKey],
    });
    assert.deepEqual([packages.length, refused[0]?.error.code], [0, 'ERR_PACKAGE_INVALID']);
  });
});

describe('keys', () => {
  test('are their owner’s alone, and never written over', async () => {
    assert.equal((await stat(at('key.pem'))).mode & 0o777, 0o600);
    await assert.rejects(makeSigningKey(at('key.pem')), isRefusal('ERR_OPTIONS_INVALID', /is there already/));
  });
  const rows: readonly (readonly [string, () => string, RegExp])[] = [
    [
      'of another kind',
      () => generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      /expected ed25519/,
    ],
    ['that is none', () => '-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----\n', /is no private key in PEM/],
    ['that is public', () => `-----BEGIN PUBLIC KEY-----\n${packed.publicKey}\n-----END PUBLIC KEY-----\n`, /is no private key in PEM/],
  ];
  for (const [name, make, says] of rows)
    test(`one ${name} is refused without a word of it`, async () => {
      await writeFile(at('other.pem'), make());
      await assert.rejects(packPackage({ folder: at('mine'), keyFile: at('other.pem') }), (error: unknown) => {
        assert.ok(isRefusal('ERR_OPTIONS_INVALID', says)(error), String(error));
        assert.doesNotMatch(String(error), /hush/);
        return true;
      });
    });
});
