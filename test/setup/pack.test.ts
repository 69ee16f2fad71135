// Guards the package that users get: packed, unpacked into an empty project, used from JavaScript and TypeScript. Must never resolve anything the package does not declare.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

interface PackageJson {
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const greet = `
export default (router) => {
  router.get('/', (_request, response) => response.send('Hello, World!'));
};
`;

const javascript = `
import { createServer } from 'node:http';
import { createRuntime } from 'cloister';
import schema from 'cloister/manifest.schema.json' with { type: 'json' };

const runtime = await createRuntime({ extensions: ['./greet'], approvals: 'requested' });
const server = createServer(runtime.handler()).listen(0, '127.0.0.1', async () => {
  const response = await fetch(\`http://127.0.0.1:\${server.address().port}/greet\`);
  console.log(JSON.stringify({ status: response.status, body: await response.text(), schema: typeof schema.properties }));
  server.close();
  server.closeAllConnections();
  await runtime.close();
});
`;

const typescript = `
import { createServer } from 'node:http';
import { createRuntime } from 'cloister';

const runtime = await createRuntime({ extensions: ['./greet'], approvals: 'requested' });
createServer(runtime.handler());
const closed: Promise<void> = runtime.close();
// @ts-expect-error the types refuse what the runtime refuses
const wrong = createRuntime({ extensions: 7 });
export { closed, wrong };
`;

const tsconfig = {
  compilerOptions: { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] },
  files: ['use.ts'],
};

/** What npm would link for the package: its declared dependencies, and no more of the checkout's tree than those. */
const linkDependencies = (project: string, names: readonly string[]): void => {
  for (const name of names) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(join(root, 'node_modules', name)), link);
  }
};

const filesUnder = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

describe('the packed package', () => {
  let project = '';
  let installed = '';

  before(async () => {
    project = mkdtempSync(join(tmpdir(), 'cloister-pack-'));
    installed = join(project, 'node_modules', 'cloister');
    await run('npm', ['pack', '--pack-destination', project], { cwd: root });
    const tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? '';
    mkdirSync(installed, { recursive: true });
    await run('tar', ['-xzf', join(project, tarball), '-C', installed, '--strip-components=1']);
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as PackageJson;
    const optional = Object.keys(optionalDependencies).filter((name) => readdirSync(join(root, 'node_modules')).includes(name));
    linkDependencies(project, [...Object.keys(dependencies), ...optional, '@types/node']);
    mkdirSync(join(project, 'greet'));
    const files = {
      'package.json': '{"type":"module"}',
      'greet/index.js': greet,
      'use.js': javascript,
      'use.ts': typescript,
      'tsconfig.json': JSON.stringify(tsconfig),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  test('holds what is built and no source or test', () => {
    const files = filesUnder(installed);
    for (const needed of [
      'LICENSE',
      'README.md',
      'dist/manifest.schema.json',
      'dist/src/index.js',
      'dist/src/index.d.ts',
      'dist/bundled/typebox.js',
      'dist/bundled/bundler-process.js',
      'dist/sandbox/ward.js',
    ]) {
      assert.ok(files.includes(needed), `${needed} is missing`);
    }
    assert.deepEqual(
      files.filter(
        (file) =>
          !file.startsWith('templates/') &&
          ((/\.ts$/.test(file) && !file.endsWith('.d.ts')) ||
            file.includes('.test.') ||
            /^(src|sandbox|test|bench|extensions)\//.test(file)),
      ),
      [],
    );
  });

  for (const [name, file, licence] of [
    ['typebox', 'typebox.js', 'license'],
    ['@opentelemetry/api', 'opentelemetry-api.js', 'LICENSE'],
  ] as const)
    test(`holds ${name} in one file, with all its exports and its licence`, async () => {
      const bundled = join(installed, 'dist/bundled', file);
      assert.ok(readFileSync(bundled, 'utf8').includes(readFileSync(join(root, 'node_modules', name, licence), 'utf8').trim()));
      const script = 'console.log(Object.keys(await import(process.argv[1])).sort().join())';
      const [ours, theirs] = await Promise.all(
        [bundled, name].map((from) => run(process.execPath, ['--input-type=module', '-e', script, from], { cwd: project })),
      );
      assert.equal(ours?.stdout, theirs?.stdout);
    });

  test('serves an extension from plain JavaScript', async () => {
    const { stdout } = await run(process.execPath, ['use.js'], { cwd: project, timeout: 30_000 });
    assert.deepEqual(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), { status: 200, body: 'Hello, World!', schema: 'object' });
  });

  test('has types that TypeScript takes', async () => {
    const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: project }).catch(
      (error: { readonly stdout: string }) => error,
    );
    assert.equal(stdout, '');
  });

  test('has a command that says how it is used', async () => {
    const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as PackageJson;
    const { stdout } = await run(process.execPath, [join(installed, bin['cloister'] ?? ''), '--help'], { cwd: project, timeout: 30_000 });
    assert.match(stdout, /Usage: cloister/);
  });

  for (const language of ['javascript', 'typescript'])
    test(`makes an extension in ${language} whose own types and test hold`, async () => {
      const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as PackageJson;
      const cloister = (...args: readonly string[]): readonly string[] => [join(installed, bin['cloister'] ?? ''), ...args];
      const name = `hello-${language}`;
      await run(process.execPath, cloister('init', name, ...(language === 'typescript' ? ['--typescript'] : [])), { cwd: project });
      const cwd = join(project, name);
      await run(process.execPath, cloister('build'), { cwd });
      const outputOf = (check: Promise<{ readonly stdout: string }>): Promise<string> =>
        check.then(
          ({ stdout }) => stdout,
          ({ stdout }: { readonly stdout: string }) => stdout,
        );
      const tested = await outputOf(
        run(process.execPath, ['--test', '--test-reporter=tap'], { cwd, env: { ...process.env, NODE_TEST_CONTEXT: undefined } }),
      );
      assert.match(tested, /# pass 2\n/);
      assert.match(tested, /# fail 0\n/);
      if (language === 'typescript') assert.equal(await outputOf(run(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd })), '');
    });
});
