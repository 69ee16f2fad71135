// Under a lock, what is deployed runs only if it was approved: also on a host that was there before the approval. Real files, a real host.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openApprovals } from '../../src/approvals/approvals.ts';
import { formatLock } from '../../src/approvals/lock.ts';
import { CloisterError } from '../../src/errors.ts';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';

let folder: TemporaryFolder;
let host: TestRuntime;
const at = (name: string): string => join(folder.root, name);

const shop = (version: string, keys: readonly string[]): Readonly<Record<string, string>> => ({
  [`shop-${version}/package.json`]: JSON.stringify({
    name: 'shop',
    version,
    type: 'module',
    main: 'index.js',
    cloister: { capabilities: { env: { keys } } },
  }),
  [`shop-${version}/index.js`]: `export default (router) => router.get('/', (req, res) => res.send('${version}'));`,
});
const approve = async (version: string): Promise<void> => {
  const approvals = await openApprovals({ lock: at('cloister.lock.json'), extensions: [at(`shop-${version}`)] });
  await approvals.approve('shop', { by: 'ana' });
  await approvals.close();
};
const deploy = (version: string) => host.runtime.registry?.deploy(at(`shop-${version}`)) ?? assert.fail();
const needsApproval = (error: unknown): boolean => error instanceof CloisterError && error.code === 'ERR_APPROVAL_NEEDED';

before(async () => {
  folder = await openTemporaryFolder();
  await folder.write({ ...shop('1.0.0', ['A']), ...shop('2.0.0', ['A', 'B']) });
  await folder.write({ 'cloister.lock.json': formatLock(new Map()) });
  host = await openTestRuntime({
    extensions: {},
    options: {
      approvals: {},
      lock: at('cloister.lock.json'),
      registry: { folder: at('registry') },
      limits: { cpuMs: 2_000, wallMs: 30_000, registerMs: 20_000 },
    },
  });
});
after(async () => {
  await host.close();
  await folder.remove();
});

describe('under a lock a deploy', () => {
  test('of what nobody approved is refused, and says what to do', async () => {
    await assert.rejects(deploy('1.0.0'), (error: unknown) => needsApproval(error) && /cloister approve shop/.test(String(error)));
    assert.deepEqual(await host.runtime.registry?.list(), []);
  });
  test('of what was approved since the host began is served', async () => {
    await approve('1.0.0');
    assert.deepEqual((await deploy('1.0.0')).applied?.failed, []);
    assert.equal((await host.get('/shop')).text, '1.0.0');
  });
});
