// The commands of docs/authors.md as an author and an operator type them, one after the other. Must never leave a process running.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { waitUntil } from '../helpers/runtime.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';

const root = join(import.meta.dirname, '../..');
const patienceMs = 90_000;

let folder: TemporaryFolder;
const started = new Set<ChildProcess>();
before(async () => {
  folder = await openTemporaryFolder();
});
after(async () => {
  for (const child of started) child.kill('SIGKILL');
  await folder.remove();
});

interface Run {
  readonly child: ChildProcess;
  output(): string;
  readonly ended: Promise<number | null>;
}
const start = (args: readonly string[], cwd = folder.root): Run => {
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => (output += part.toString()));
  const ended = once(child, 'close').then(([code]) => {
    started.delete(child);
    return code as number | null;
  });
  return { child, output: () => output, ended };
};
const cloister = async (...args: readonly string[]): Promise<string> => {
  const run = start(args);
  assert.equal(await run.ended, 0, run.output());
  return run.output();
};
/** Serves until it is stopped, and gives what `look` finds meanwhile. */
const whileServing = async (
  args: readonly string[],
  cwd: string,
  ready: RegExp,
  look: (url: string, said: string) => Promise<void>,
): Promise<void> => {
  const run = start([...args, '--port', '0'], cwd);
  await waitUntil('it serves', () => ready.test(run.output()) || run.child.exitCode !== null, patienceMs);
  await look(/on (http:\S+)/.exec(run.output())?.[1] ?? run.output(), run.output());
  run.child.kill('SIGTERM');
  assert.equal(await run.ended, 0, run.output());
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
    publicKey = (await cloister('keygen', 'me.pem')).trim();
    assert.match(publicKey, /^MCowBQYDK2VwAyEA\S{44}$/);
    const said = await cloister('pack', 'hello', '--key', 'me.pem');
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
      const run = start(args);
      assert.equal(await run.ended, 2, run.output());
      assert.match(run.output(), says);
      assert.doesNotMatch(run.output(), /\n\s+at /);
    });
});
