// Runs each example as its page says, and asks what it serves. Must never let an example be what nobody has run.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const patienceMs = 90_000;

interface Example {
  readonly url: string;
  /** SIGTERM; its exit code. */
  stop(): Promise<number | null>;
}

const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

const start = async (file: string, env: Readonly<Record<string, string>> = {}): Promise<Example> => {
  const child = spawn(process.execPath, ['--import', join(import.meta.dirname, 'cloister-here.mjs'), join(root, 'examples', file)], {
    env: { ...process.env, ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const ended = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => void (output += part.toString()));
  for (const until = performance.now() + patienceMs; ; await sleep(20)) {
    const origin = /^(http:\/\/127\.0\.0\.1:\d+)/m.exec(output)?.[1];
    if (origin !== undefined)
      return {
        url: origin,
        async stop() {
          child.kill('SIGTERM');
          const [code] = (await ended) as [number | null];
          running.delete(child);
          return code;
        },
      };
    assert.ok(child.exitCode === null && performance.now() < until, `${file}: ${output}`);
  }
};

const frameworks: readonly (readonly [file: string, mount: string, own: string | null])[] = [
  ['node-http.js', '', null],
  ['express-4.js', '/extensions', '"a route of the application"'],
  ['express-5.js', '/extensions', '"a route of the application"'],
  ['fastify.js', '', 'a route of the application'],
];
describe('in a host of each framework', { concurrency: 2 }, () => {
  for (const [file, mount, own] of frameworks)
    test(file, async () => {
      const { url, stop } = await start(file);
      const ask = async (path: string): Promise<string> => (await fetch(`${url}${path}`)).text();
      assert.equal(await ask(`${mount}/greet`), 'Hello, World!');
      if (own !== null) assert.equal(await ask('/own'), own);
      assert.equal((await fetch(`${url}/nobody/there`)).status, 404);
      assert.equal(await stop(), 0);
    });
});

const withoutCurl = spawnSync('curl', ['--version']).status !== 0;
if (withoutCurl) test('there is no curl here, so the commands of the SaaS’s page are not run', () => assert.ok(withoutCurl));
else
  describe('the SaaS', () => {
    const readme = readFileSync(join(root, 'examples/saas/README.md'), 'utf8');
    /** Each command of the page with the lines it promises. */
    const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
      .flatMap(([, block = '']) => block.split(/\n(?!#>)/))
      .filter((text) => text.startsWith('curl') || text.startsWith('for '))
      .map((text) => {
        const [command = '', ...promised] = text.trim().split('\n#> ');
        return { command, promised: promised.join('\n') };
      });
    const said = new Map<string, string>();
    let folder = '';
    let saas: Example;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'cloister-saas-'));
      saas = await start('saas/app.js', { DATA: join(folder, 'data') });
    });
    after(async () => {
      assert.equal(await saas.stop(), 0);
      rmSync(folder, { recursive: true, force: true });
    });

    test('does what its page says, command by command', async () => {
      assert.ok(commands.length > 10);
      for (const { command, promised } of commands) {
        const { stdout } = await promisify(execFile)('sh', ['-c', command.replaceAll('http://127.0.0.1:3000', saas.url)], { cwd: folder });
        said.set(command, stdout);
        if (promised !== '') assert.equal(stdout.trim(), promised, command);
      }
    });
    test('shows a tenant its own usage and audit, and nothing of the other', () => {
      const of = (part: string): unknown => JSON.parse([...said].find(([command]) => command.includes(part))?.[1] ?? 'null');
      const usage = of('/account/usage') as { readonly quotas: unknown; readonly used: readonly { readonly extension: string }[] };
      assert.deepEqual(usage.quotas, { tenant: { requests: { most: 5, perSeconds: 3_600 } } });
      assert.deepEqual([...new Set(usage.used.map(({ extension }) => extension))], ['notes']);
      const audit = of('/account/audit') as readonly { readonly extension: string }[];
      assert.deepEqual([...new Set(audit.map(({ extension }) => extension))].toSorted(), ['acme-hello', 'greet', 'notes']);
    });
    test('shows nobody anything', async () => {
      for (const path of ['/account/audit', '/account/usage']) assert.equal((await fetch(`${saas.url}${path}`)).status, 401);
      for (const cookie of ['session=', `session=${'A'.repeat(32)}`, 'session=__proto__'])
        assert.equal((await fetch(`${saas.url}/account/audit`, { headers: { cookie } })).status, 401);
      assert.equal((await fetch(`${saas.url}/notes`)).status, 404);
    });
    test('takes no name that is a path, and no script that does not register', async () => {
      const cookie =
        (
          await fetch(`${saas.url}/sign-in`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"user":"bob"}' })
        ).headers.get('set-cookie') ?? '';
      const deploy = async (name: string, body: string): Promise<number> =>
        (
          await fetch(`${saas.url}/account/extensions/${name}`, {
            method: 'POST',
            headers: { cookie, 'content-type': 'text/javascript' },
            body,
          })
        ).status;
      assert.equal(await deploy('..%2Fgreet', 'export default () => {};'), 400);
      assert.equal(await deploy('greedy', 'this is no script'), 422);
    });
  });
