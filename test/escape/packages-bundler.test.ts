// Nothing beside a package gets into its bundle, its map or what is said of it; nothing of it runs while it is read; what is hashed is what runs. Must never wait on a pipe.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import promises, { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, mock, test } from 'node:test';
import type { CloisterError } from '../../src/errors.ts';
import { makePackageLimits } from '../../src/limits/package-table.ts';
import { openPackageFolder } from '../../src/packages/package-folder.ts';
import { type ReadPackages, readPackages } from '../../src/packages/read-packages.ts';
import { endpointJson, openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';
import { realCatalog } from '../packages/real-catalog.ts';
import { hostilePackages, outside } from './packages-sources.ts';

const packages = hostilePackages.map((one, index) => ({ ...one, folder: `p${String(index).padStart(3, '0')}` }));
const good = { 'index.js': 'module.exports = () => "good"' };

let folder: TemporaryFolder;
before(async () => {
  folder = await openTemporaryFolder();
  await folder.write(outside);
});
after(() => folder.remove());

const messagesOf = ({ refused }: ReadPackages): readonly string[] => refused.map(({ error }) => error.message);

describe('a package that reaches out', { timeout: 180_000 }, () => {
  let read: ReadPackages;
  before(async () => {
    for (const one of packages)
      for (const [file, content] of Object.entries(one.files)) await folder.write({ [`all/${one.folder}/${file}`]: content });
    await folder.write({ 'all/zz-good/index.js': good['index.js'] });
    await symlink(path.join(folder.root, 'dependency'), path.join(folder.root, 'all/linked-out'));
    process.env['NODE_PATH'] = path.join(folder.root, 'by-path');
    read = await readPackages([path.join(folder.root, 'all')], realCatalog.contracts);
    delete process.env['NODE_PATH'];
  });

  test('spoils no other', () => assert.equal(read.packages.at(-1)?.fallbackId, 'zz-good'));
  test('is none where its folder is a link to outside', () => {
    const refusal = read.refused.find((one) => path.basename(one.folder) === 'linked-out');
    assert.equal(refusal?.error.code, 'ERR_PACKAGE_INVALID');
  });
  test('is hashed as it would run', () => {
    for (const { artifact, script } of read.packages) assert.equal(createHash('sha256').update(script).digest('hex'), artifact);
  });
  for (const { name, folder: base, holds } of packages) {
    test(`${name}: ${holds === null ? 'refused' : 'has nothing but its own'}`, () => {
      const found = read.packages.find((one) => path.basename(one.folder) === base);
      const error: CloisterError | undefined = read.refused.find((one) => path.basename(one.folder) === base)?.error;
      const shown = error?.message ?? found?.script ?? '';
      assert.equal(found !== undefined, holds !== null, shown);
      if (error !== undefined) {
        assert.match(error.code, /^ERR_PACKAGE_(?:INVALID|BUNDLE)$/, shown);
        assert.doesNotMatch(error.message, /[\p{C}\p{Zl}\p{Zp}]|canary|root:/u);
        return;
      }
      assert.ok(found?.script.includes(holds ?? ''), shown);
      assert.doesNotMatch(`${found?.script} ${found?.sourceMap}`, /canary|root:/);
      // Nor does it say where on this machine it lay.
      assert.ok(!`${found?.script} ${found?.sourceMap}`.includes(folder.root));
    });
  }
});

describe('what is no file', { timeout: 60_000 }, () => {
  const places: readonly (readonly [string, string])[] = [
    ['its package.json', 'package.json'],
    ['its entry', 'src/index.js'],
    ['a file it imports', 'src/a.js'],
  ];
  for (const [name, file] of places) {
    for (const kind of ['pipe', 'socket'] as const) {
      test(`${kind} as ${name}: refused without a wait`, async () => {
        const base = `${kind}-${file.replaceAll('/', '-')}`;
        const files: Record<string, string> = {
          'package.json': endpointJson(),
          'src/index.js': 'import "./a.js"; export default 1',
          'src/a.js': '',
        };
        delete files[file];
        await mkdir(path.join(folder.root, base, 'src'), { recursive: true });
        await folder.write(Object.fromEntries(Object.entries(files).map(([one, text]) => [`${base}/${one}`, text])));
        const place = path.join(folder.root, base, file);
        const server = net.createServer();
        if (kind === 'pipe') execFileSync('mkfifo', [place]);
        else await new Promise<void>((resolve) => server.listen(place, resolve));
        const read = await readPackages([path.join(folder.root, base)], realCatalog.contracts);
        if (kind === 'socket') await new Promise((resolve) => server.close(resolve));
        assert.match(read.refused[0]?.error.code ?? '', /^ERR_PACKAGE_(?:INVALID|BUNDLE)$/, messagesOf(read).join());
        assert.ok(messagesOf(read)[0]?.includes('regular file'), messagesOf(read).join());
      });
    }
  }
});

describe('a folder that is a link only while it is opened', () => {
  for (const tells of [true, false]) {
    test(`is not read from, where the system ${tells ? 'says' : 'does not say'} what is open`, async (context) => {
      const name = `swap-${tells ? 'told' : 'untold'}`;
      const [lib, away] = [path.join(folder.root, name, 'lib'), path.join(folder.root, name, 'away')];
      await folder.write({ [`${name}/lib/secret.js`]: 'own', 'elsewhere/secret.js': 'of somebody else' });
      const gate = await openPackageFolder(path.join(folder.root, name));
      const restore = (): void => {
        mock.restoreAll();
        syncBuiltinESMExports();
      };
      context.after(restore);
      const { open } = promises;
      mock.method(promises, 'open', async (...args: Parameters<typeof open>) => {
        await rename(lib, away);
        await symlink(path.join(folder.root, 'elsewhere'), lib);
        const handle = await open(...args);
        await rm(lib);
        await rename(away, lib);
        return handle;
      });
      if (!tells) mock.method(promises, 'readlink', () => Promise.reject(new Error('no such place')));
      syncBuiltinESMExports();
      await assert.rejects(gate.read('/lib/secret.js', 1_000), { code: 'ERR_PACKAGE_INVALID', message: /^lib\/secret\.js: / });
      restore();
      assert.equal(await gate.read('/lib/secret.js', 1_000), 'own');
    });
  }
});

describe('a source that swells', { timeout: 120_000 }, () => {
  const swelling: readonly (readonly [string, string])[] = [
    // \u0024 is a dollar sign.
    ['templates in templates', `x=${'`\u0024{a}`+'.repeat(500_000)}1`],
    ['lists of nothing', `module.exports=[${'[],'.repeat(1_400_000)}0]`],
  ];
  for (const [name, text] of swelling) {
    test(`${name}: refused at bundleMb or bundleMs, and the next is read`, async () => {
      const base = `swell-${name.length}`;
      await folder.write({ [`${base}/a/index.js`]: text, [`${base}/b/index.js`]: good['index.js'] });
      const limits = makePackageLimits({ bundleMb: 160, bundleMs: 20_000 });
      const read = await readPackages([path.join(folder.root, base)], realCatalog.contracts, limits);
      assert.deepEqual([read.refused.map(({ error }) => error.code), read.packages.length], [['ERR_PACKAGE_BUNDLE'], 1]);
      assert.match(messagesOf(read)[0] ?? '', /limit bundleM[bs]/);
    });
  }
});
