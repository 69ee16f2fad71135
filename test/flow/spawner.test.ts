// Wards that the spawner started are wards like others: they serve, end, and go with their runtime; and a host that loses its spawner serves on.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { extension, findOwnProcesses, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  export default (router) => {
    router.get('/', (req, res) => res.json('served'));
    router.get('/busy', (req, res) => { const end = Date.now() + 1200; while (Date.now() < end); res.json('done'); });
    router.get('/slow', async (req, res) => { await sleep(1500); res.json('slept'); });
  };`;

const spawners = (): readonly number[] =>
  findOwnProcesses().flatMap(({ pid, commandLine }) => (commandLine.includes('/spawner-process.') ? [pid] : []));
const wardsOf = (spawner: number): readonly number[] => findOwnProcesses().flatMap(({ pid, parent }) => (parent === spawner ? [pid] : []));

describe('a host of many wards', { skip: process.platform === 'linux' ? false : 'only Linux copies who forks' }, () => {
  let runtime: TestRuntime;
  let tenants = 0;
  const get = (path: string, tenant: string) => runtime.get(path, { 'x-tenant': tenant });
  /** Each new tenant takes a ward of its own. */
  const getAsNew = async (path = '/one'): Promise<string> => {
    tenants += 1;
    const reply = await get(path, `tenant-${String(tenants)}`);
    assert.equal(reply.status, 200, reply.text);
    return `tenant-${String(tenants)}`;
  };
  const untilSpawned = async (): Promise<number> => {
    for (let count = 0; count < 20; count += 1) {
      await getAsNew();
      const spawner = spawners().find((pid) => wardsOf(pid).length > 0);
      if (spawner !== undefined) return spawner;
    }
    throw new Error('no ward has a spawner for its parent');
  };
  before(async () => {
    runtime = await openTestRuntime({
      extensions: { one: extension(source, { limits: { wallMs: 20_000, cpuMs: 10_000 } }) },
      options: {
        identify: (request) => ({ tenant: String(request.headers['x-tenant']), accountability: null }),
        wards: { max: 40, spareWards: 1 },
      },
    });
  });
  after(() => runtime.close());

  test('has them started by a process with no environment, and serves from them', async () => {
    const spawner = await untilSpawned();
    for (const pid of wardsOf(spawner))
      assert.equal(readFileSync(`/proc/${String(pid)}/environ`, 'latin1').replace(/^TZ=[^\0]*\0/, ''), '');
    assert.doesNotMatch(readFileSync(`/proc/${String(spawner)}/environ`, 'latin1'), /PATH|HOME/);
    for (let count = 1; count <= tenants; count += 1) assert.equal((await get('/one', `tenant-${String(count)}`)).json(), 'served');
  });

  test('runs again elsewhere what ran in the wards of a spawner that was killed, and goes on', async () => {
    const spawner = await untilSpawned();
    const tenant = `tenant-${String(tenants)}`;
    const lost = wardsOf(spawner);
    const other = await getAsNew();
    assert.ok(wardsOf(spawner).length > 1);
    const asked = Promise.all([get('/one/slow', tenant), get('/one/busy', other), get('/one/slow', 'tenant-1')]);
    await waitUntil('all are in their cells', () => runtime.runtime.health().requests === 3);
    // So long that who runs would be taken for who did it.
    await sleep(200);
    process.kill(spawner, 'SIGKILL');
    assert.deepEqual(
      (await asked).map((reply) => reply.json()),
      ['slept', 'done', 'slept'],
    );
    assert.deepEqual(
      runtime.entries('life').filter(({ event }) => event === 'extension.suspect'),
      [],
    );
    const left = findOwnProcesses().map(({ pid }) => pid);
    assert.deepEqual(
      lost.filter((pid) => left.includes(pid)),
      [],
    );
    assert.notEqual(await untilSpawned(), spawner);
  });

  test('leaves no process when it is closed, whatever is being started', { timeout: 60_000 }, async () => {
    assert.equal(spawners().length, 1);
    const asked = Promise.allSettled(Array.from({ length: 12 }, (_, index) => get('/one', `late-${String(index % 3)}`)));
    await sleep(5);
    const began = performance.now();
    await runtime.runtime.close({ drainMs: 0 });
    assert.ok(performance.now() - began < 5_000);
    assert.deepEqual(findOwnProcesses(), []);
    await asked;
    assert.deepEqual(findOwnProcesses(), []);
  });
});
