// `cloister deploy` and its opposites, as an operator types them, against a host that follows the same folder. Real processes, real HTTP.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { makeRegistry } from '../../src/capabilities/registry.ts';
import { deployCommand } from '../../src/cli/deploy-command.ts';
import { openRemoteRegistry } from '../../src/cli/remote-registry.ts';
import { CloisterError } from '../../src/errors.ts';
import { makePackageLimits } from '../../src/limits/package-table.ts';
import { type OpenedRegistry, openRegistry } from '../../src/open-registry.ts';
import { decideDeploy } from '../../src/registry/decide.ts';
import { openRegistryStore } from '../../src/registry/open-store.ts';
import { type DeployTerms, packSource, type RegistryStatus } from '../../src/registry/registry.ts';
import type { Deployment } from '../../src/registry/state.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');
const adminToken = 'a-token-of-the-operators-own';
const limits = { cpuMs: 2_000, wallMs: 30_000, registerMs: 20_000 };
let folder: TemporaryFolder;
let host: TestRuntime;

let registry: OpenedRegistry;
const at = (name: string): string => join(folder.root, name);

const shop = (version: string, body: string, cloister: object = {}): Readonly<Record<string, string>> => ({
  [`shop-${version}/package.json`]: JSON.stringify({ name: 'shop', version, type: 'module', main: 'dist/index.js', cloister }),
  [`shop-${version}/src/index.js`]: `import { says } from './says.js';\n${body}`,
  [`shop-${version}/src/says.js`]: `export const says = ${JSON.stringify(version)};`,
});
const answers = `export default (router) => router.get('/', (req, res) => res.send(says));`;

const untilServed = async (expected: string): Promise<void> => {
  let said = '';
  let asking = false;
  await waitUntil(
    `the host serves ${expected}`,
    () => {
      if (!asking) {
        asking = true;
        void host.get('/shop').then((reply) => {
          said = reply.status === 200 ? reply.text : String(reply.status);
          asking = false;
        });
      }
      return said === expected;
    },
    60_000,
  );
};

before(async () => {
  folder = await openTemporaryFolder();
  await folder.write({
    'cloister.json': JSON.stringify({
      registry: { folder: 'registry' },
      approvals: 'requested',
      limits,
      ceiling: { capabilities: { router: {}, log: {} } },
    }),
    ...shop('1.0.0', answers),
    ...shop('2.0.0', answers),
    ...shop('3.0.0', `export default () => { throw new Error('not today ' + says); };`),
  });
  host = await openTestRuntime({
    extensions: { steady: `export default (router) => router.get('/', (req, res) => res.send('steady'));` },
    options: { registry: { folder: join(folder.root, 'registry') }, limits, adminToken },
  });
  registry = await openRegistry({ registry: { folder: at('registry') }, approvals: 'requested', limits });
});
after(async () => {
  await registry.close();
  await host.close();
  await folder.remove();
});

describe('a registry without a host', () => {
  test('tries a folder of sources and deploys it, and a running host serves it', async () => {
    const { deployment, applied, release } = await registry.deploy(at('shop-1.0.0'), { by: 'ana' });
    assert.deepEqual([deployment.changedBy, applied, release.version, release.mounts], ['ana', null, '1.0.0', ['shop']]);
    await untilServed('1.0.0');
  });
  const refused: readonly (readonly [sentence: string, source: string, terms: DeployTerms, says: RegExp])[] = [
    ['does not register', 'shop-3.0.0', {}, /not today 3\.0\.0/],
    ['is not there', 'shop-9.9.9', {}, /shop-9\.9\.9/],
    ['has two lines for a reason', 'shop-2.0.0', { reason: 'one\ntwo' }, /reason: expected one line/],
  ];
  for (const [sentence, source, terms, says] of refused)
    test(`changes nothing for what ${sentence}, and says why`, async () => {
      const before = await registry.status();
      await assert.rejects(registry.deploy(at(source), terms), says);
      const { revision, deployments } = await registry.status();
      assert.deepEqual([revision, deployments], [before.revision, before.deployments]);
      assert.equal((await host.get('/shop')).text, '1.0.0');
    });
  test('does not wait for whoever writes to a named pipe', async () => {
    await promisify(execFile)('mkfifo', [at('pipe.cloister')]);
    await assert.rejects(
      registry.deploy(at('pipe.cloister')),
      (error: unknown) =>
        error instanceof CloisterError && error.code === 'ERR_PACKAGE_INVALID' && error.message.includes(at('pipe.cloister')),
    );
  });
  test('tries nothing beside a version that does not come up here, and says what is in the way', async () => {
    const lost = openRegistryStore({ folder: at('lost') }, undefined);
    const alone = await openRegistry({ registry: { folder: at('lost') }, approvals: 'requested', limits });
    const [release] = await registry.list('shop');
    assert.ok(release);
    await lost.update((state) => decideDeploy(state, release, { by: 'ana', at: release.at }));
    try {
      await assert.rejects(
        alone.deploy(at('shop-2.0.0')),
        (error: unknown) =>
          error instanceof CloisterError && error.code === 'ERR_DEPLOYMENT_UNKNOWN' && /cloister disable shop/.test(error.message),
      );
      assert.equal((await alone.status()).revision, 1);
    } finally {
      await alone.close();
      await lost.close();
    }
  });
  test('takes it out of a running host, and in again', async () => {
    await registry.disable('shop');
    await untilServed('404');
    await registry.enable('shop');
    await untilServed('1.0.0');
  });
});

describe('the command line', () => {
  test('says as JSON what serves where', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'status', '--config', at('cloister.json'), '--json']);
    const { deployments, hosts } = JSON.parse(stdout) as RegistryStatus;
    assert.deepEqual([deployments.map(({ extension }) => extension), hosts.length], [['shop'], 1]);
  });
  test('does over a running host what the library does', async () => {
    const contracts = makeRegistry().map(({ capability }) => capability.contract);
    const remote = openRemoteRegistry({
      url: host.origin,
      token: adminToken,
      pack: (source) => packSource(source, makePackageLimits(), contracts),
    });
    const { deployment, applied } = await remote.deploy(at('shop-2.0.0'), { by: 'ana', tenants: null });
    assert.equal(applied?.current, deployment.current);
    assert.equal((await host.get('/shop')).text, '2.0.0');
    assert.equal((await remote.list('shop')).length, 2);
    const { canary, current } = deployment;
    assert.equal(canary, null);
    await remote.rollback('shop', { reason: 'as it was', digest: current });
    await assert.rejects(
      remote.rollback('shop', { digest: current }),
      (error: unknown) => error instanceof CloisterError && error.code === 'ERR_DEPLOYMENT_CHANGED',
    );
    assert.equal((await host.get('/shop')).text, '1.0.0');
    await assert.rejects(
      remote.rollback('shop'),
      (error: unknown) => error instanceof CloisterError && error.code === 'ERR_PREVIOUS_MISSING',
    );
  });
  test('does all of it as it is typed', async (context) => {
    process.env['CLOISTER_ADMIN_TOKEN'] = adminToken;
    context.after(() => {
      delete process.env['CLOISTER_ADMIN_TOKEN'];
    });
    const type = (name: Parameters<typeof deployCommand>[0], ...args: readonly string[]): Promise<number> =>
      deployCommand(name)([...args, '--host', host.origin]);
    const shopNow = async (): Promise<Deployment> =>
      (await registry.status()).deployments.find(({ extension }) => extension === 'shop') ?? assert.fail();
    const { current: first } = await shopNow();
    assert.equal(await type('deploy', at('shop-2.0.0'), '--by', 'ana', '--reason', 'typed'), 0);
    const { current: second, changedBy, reason } = await shopNow();
    assert.deepEqual([changedBy, reason, second === first], ['ana', 'typed', false]);
    assert.equal(await type('deploy', at('shop-1.0.0'), '--canary', '10%'), 0);
    assert.deepEqual((({ digest, share }) => ({ digest, share }))((await shopNow()).canary ?? assert.fail()), {
      digest: first,
      share: 0.1,
    });
    assert.equal(await type('return', 'shop'), 0);
    assert.deepEqual([(await shopNow()).canary, (await shopNow()).current], [null, second]);
    await assert.rejects(
      type('promote', 'shop'),
      (error: unknown) => error instanceof CloisterError && error.code === 'ERR_CANARY_MISSING',
    );
    assert.equal(await type('disable', 'shop'), 0);
    assert.equal((await host.get('/shop')).status, 404);
    assert.deepEqual([await type('enable', 'shop'), await type('rollback', 'shop'), await type('list', 'shop')], [0, 0, 0]);
    assert.equal((await host.get('/shop')).text, '1.0.0');
    await assert.rejects(
      type('deploy', at('shop-2.0.0'), '--canary', '100%'),
      (error: unknown) => error instanceof CloisterError && error.code === 'ERR_OPTIONS_INVALID',
    );
  });
  test('is refused by a host without its token', async () => {
    const remote = openRemoteRegistry({ url: host.origin, token: 'another', pack: () => Promise.reject(new Error('not asked')) });
    await assert.rejects(remote.status(), (error: unknown) => error instanceof CloisterError && error.code === 'ERR_TOKEN_REFUSED');
  });
});

describe('runtime.registry', () => {
  test('deploys a folder, and what it gives is served by then', async () => {
    const { release, applied } = (await host.runtime.registry?.deploy(at('shop-2.0.0'), { by: 'embedder' })) ?? assert.fail();
    assert.deepEqual([applied?.current, applied?.failed], [release.digest, []]);
    assert.equal((await host.get('/shop')).text, '2.0.0');
  });
  test('refuses the id of a folder of the host', async () => {
    await folder.write({
      'twin/package.json': JSON.stringify({ name: 'steady', version: '9.0.0', type: 'module', main: 'index.js', cloister: {} }),
      'twin/index.js': `export default (router) => router.get('/', (req, res) => res.send('twin'));`,
    });
    await assert.rejects(
      async () => host.runtime.registry?.deploy(at('twin')),
      (error: unknown) => error instanceof CloisterError && error.code === 'ERR_EXTENSION_CONFLICT',
    );
    assert.equal((await host.get('/steady')).text, 'steady');
  });
});
