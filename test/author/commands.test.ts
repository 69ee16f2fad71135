// The commands of docs/authors.md as an author and an operator type them, one after the other. Must never leave a process running.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { endCommands, type Outcome, openWarmCommands, runCommand, startCommand } from '../helpers/commands.ts';
import { waitUntil } from '../helpers/runtime.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';

const patienceMs = 90_000;
const warm = openWarmCommands();
let folder: TemporaryFolder;
before(async () => {
  folder = await openTemporaryFolder();
});
after(async () => {
  endCommands();
  await warm.close();
  await folder.remove();
});

const saidBy = ({ code, out, err }: Outcome): string => {
  assert.equal(code, 0, out + err);
  return out + err;
};
const cloister = async (...args: readonly string[]): Promise<string> => saidBy(await warm.run(args, folder.root));
/** Serves until it is stopped, and gives what `look` finds meanwhile. */
const whileServing = async (
  args: readonly string[],
  cwd: string,
  ready: RegExp,
  look: (url: string, said: string) => Promise<void>,
): Promise<void> => {
  const { child, outcome, said } = startCommand([...args, '--port', '0'], cwd);
  await waitUntil('it serves', () => ready.test(said()) || child.exitCode !== null, patienceMs);
  await look(/on (http:\S+)/.exec(said())?.[1] ?? said(), said());
  child.kill('SIGTERM');
  saidBy(await outcome);
};

describe('from nothing to what others run', { concurrency: false }, () => {
  let publicKey = '';
  test('init makes a package', async () => {
    assert.match(await cloister('init', 'hello'), /hello\/src\/index\.js[\s\S]*cd hello && npm install/);
  });
  test('dev --inspect serves it, and says where a debugger looks', async () => {
    await whileServing(['dev', '--inspect', '--inspect-port', '0'], join(folder.root, 'hello'), /http:\S+json\/list/, async (url, said) => {
      assert.deepEqual(await (await fetch(`${url}/hello/Ada`)).json(), { hello: 'Ada' });
      const inspector = /http:\S+json\/list/.exec(said)?.[0] ?? '';
      assert.equal((await fetch(inspector)).status, 200);
    });
  });
  test('build writes what is published', async () => {
    assert.match(await cloister('build', 'hello'), /^built hello 0\.1\.0: hello\/dist\/index\.js \(\d+ bytes\), artifact [0-9a-f]{64}\n$/);
  });
  test('keygen and pack make a signed archive', async () => {
    publicKey = saidBy(await runCommand(['keygen', 'me.pem'], folder.root)).trim();
    assert.match(publicKey, /^MCowBQYDK2VwAyEA\S{44}$/);
    const said = saidBy(await runCommand(['pack', 'hello', '--key', 'me.pem'], folder.root));
    assert.match(said, /^packed hello 0\.1\.0: hello-0\.1\.0\.cloister /);
    assert.ok(said.includes(publicKey));
    const secret = (await readFile(join(folder.root, 'me.pem'), 'utf8')).split('\n')[1] ?? '';
    assert.ok(!said.includes(secret));
  });
  test('serve runs it where the key is trusted', async () => {
    await whileServing(
      ['serve', 'hello-0.1.0.cloister', '--trust', publicKey, '--approve', 'requested'],
      folder.root,
      /try: /,
      async (url) => {
        assert.deepEqual(await (await fetch(`${url}/hello/Ada`)).json(), { hello: 'Ada' });
      },
    );
  });
});

describe('a mistake is told in one line', () => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['init', 'hello'], /is there already/],
    [['build', 'hello-0.1.0.cloister'], /is an archive/],
    [['serve', 'hello-0.1.0.cloister', '--trust', 'MIIB'], /trustedKeys\/0: expected a public Ed25519 key/],
  ];
  for (const [args, says] of rows)
    test(args.join(' '), async () => {
      const { code, out, err } = await warm.run(args, folder.root);
      assert.equal(code, 2, out + err);
      assert.match(out + err, says);
      assert.doesNotMatch(out + err, /\n\s+at /);
    });
});
