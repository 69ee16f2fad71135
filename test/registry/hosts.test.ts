// Several hosts on one PostgreSQL: they agree, whatever becomes of the connection that tells them, of the database and of what lies in it. Real runtimes, a server of their own.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { CloisterError } from '../../src/errors.ts';
import { wrapArchive } from '../../src/packages/archive-form.ts';
import { decideDeploy, decideDisable, decideEnable, decideRollback } from '../../src/registry/decide.ts';
import { openRegistryStore } from '../../src/registry/open-store.ts';
import type { RegistryStore } from '../../src/registry/state.ts';
import { sha256 } from '../../src/registry/state-form.ts';
import { type OwnPostgres, openOwnPostgres } from '../helpers/own-postgres.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const patienceMs = 60_000;
const by = { by: 'operator', at: '2030-01-01T00:00:00.000Z' };
let server: OwnPostgres;
let store: RegistryStore;
let hosts: readonly TestRuntime[] = [];

const archive = (id: string, version: string, says: string): Buffer => {
  const json = JSON.stringify({ name: id, version, type: 'module', main: 'index.js', cloister: {} });
  const source = `export default (router) => { router.get('/', (req, res) => res.send(${JSON.stringify(says)})); };`;
  return Buffer.from(
    wrapArchive(
      new Map([
        ['package.json', json],
        ['index.js', source],
      ]),
    ),
  );
};

const deploy = async (id: string, version: string, says: string, tenants: readonly string[] | null = null): Promise<string> => {
  const bytes = archive(id, version, says);
  const digest = sha256(bytes);
  const release = { extension: id, version, digest, artifact: 'f'.repeat(64), bytes: bytes.length, ...by, signedBy: null };
  await store.put(release, bytes);
  await store.update((state) => decideDeploy(state, release, { ...by, tenants }));
  return digest;
};

/** What each host answers, and how long it took until all did as expected. */
const untilAll = async (id: string, expected: string): Promise<number> => {
  const startedAt = performance.now();
  let answers: readonly string[] = [];
  let asking = false;
  await waitUntil(
    `every host says "${expected}" for ${id}`,
    () => {
      if (!asking) {
        asking = true;
        void Promise.all(hosts.map((host) => host.get(`/${id}`)))
          .then((replies) => {
            answers = replies.map(({ status, text }) => (status === 200 ? text : String(status)));
          })
          .finally(() => {
            asking = false;
          });
      }
      return answers.length === hosts.length && answers.every((answer) => answer === expected);
    },
    patienceMs,
  );
  return performance.now() - startedAt;
};

const openHost = (): Promise<TestRuntime> =>
  openTestRuntime({
    extensions: {},
    options: {
      database: server.url(),
      registry: { table: true },
      limits: { cpuMs: 2_000, wallMs: 30_000, registerMs: 20_000 },
      wards: { spareCells: 0 },
      identify: ({ headers }) => ({ tenant: String(headers['x-tenant'] ?? 'default'), accountability: null }),
    },
  });

before(async () => {
  server = await openOwnPostgres();
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: server.url() });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  store = openRegistryStore({ folder: null }, { namespace: '', openAdmin: connect });
  await deploy('shop', '1.0.0', 'first');
  hosts = [await openHost(), await openHost()];
});
after(async () => {
  await Promise.all(hosts.map((host) => host.close()));
  await server.close();
});

describe('hosts on one PostgreSQL', () => {
  test('serve from their start what was deployed before', async () => {
    await untilAll('shop', 'first');
  });
  test('agree on a new version', async (context) => {
    await deploy('shop', '2.0.0', 'second');
    context.diagnostic(`${String(hosts.length)} hosts agreed within ${(await untilAll('shop', 'second')).toFixed(0)} ms`);
  });
  test('agree where the connections that tell them were cut', async () => {
    const cut = await server.run(
      `SELECT count(pg_terminate_backend(pid))::int AS cut FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query LIKE 'SELECT revision%'`,
    );
    assert.ok(Number((cut.rows as readonly { readonly cut: number }[])[0]?.cut) >= hosts.length);
    await deploy('shop', '3.0.0', 'third');
    await untilAll('shop', 'third');
  });
  test('agree where nobody tells them', async () => {
    // As a hand that mends the table does it: no notification.
    const { revision, deployments } = await store.read();
    const { current = '', previous = [] } = deployments.get('shop') ?? {};
    await server.run(
      `UPDATE cloister.registry SET revision = ${String(revision + 1)}, state = replace(replace(replace(replace(state, '"revision": ${String(revision)}', '"revision": ${String(revision + 1)}'), '${current}', 'X'), '${previous[0] ?? ''}', '${current}'), 'X', '${previous[0] ?? ''}')`,
    );
    await untilAll('shop', 'second');
    await store.update((state) => decideRollback(state, 'shop', by));
    await untilAll('shop', 'third');
  });
  test('take a disabled one out, and in again', async () => {
    await store.update((state) => decideDisable(state, 'shop', by));
    await untilAll('shop', '404');
    await store.update((state) => decideEnable(state, 'shop', by));
    await untilAll('shop', 'third');
  });
  test('serve tenants that are named, and no other', async () => {
    await deploy('some', '1.0.0', 'for some', ['somebody']);
    await deploy('shop', '3.0.1', 'third and a bit');
    await untilAll('shop', 'third and a bit');
    await untilAll('some', '404');
    for (const host of hosts) assert.equal((await host.get('/some', { 'x-tenant': 'somebody' })).text, 'for some');
  });
  test('lose none of two deploys at once', async () => {
    await Promise.all([deploy('left', '1.0.0', 'left'), deploy('right', '1.0.0', 'right')]);
    await untilAll('left', 'left');
    await untilAll('right', 'right');
  });
  test('serve nothing of an archive that was changed in its table, and go on with what they have', async () => {
    const bytes = archive('shop', '4.0.0', 'fourth');
    const release = {
      extension: 'shop',
      version: '4.0.0',
      digest: sha256(bytes),
      artifact: 'f'.repeat(64),
      bytes: bytes.length,
      ...by,
      signedBy: null,
    };
    await store.put(release, bytes);
    const other = archive('shop', '4.0.0', 'not what was deployed').toString('hex');
    await server.run(`UPDATE cloister.releases SET archive = decode('${other}', 'hex') WHERE digest = '${release.digest}'`);
    const { revision } = await store.update((state) => decideDeploy(state, release, by));
    let reports: Awaited<ReturnType<RegistryStore['hosts']>> = [];
    for (const until = performance.now() + patienceMs; performance.now() < until; ) {
      reports = (await store.hosts()).filter((one) => one.revision === revision && one.failed['shop'] !== undefined);
      if (reports.length === hosts.length) break;
    }
    assert.equal(reports.length, hosts.length, 'every host says that it failed');
    await untilAll('shop', 'third and a bit');
    // Put right without a new revision, it is served by itself.
    await store.put(release, bytes);
    await untilAll('shop', 'fourth');
  });
  test('go on serving while PostgreSQL is away, and catch up when it is back', async () => {
    await server.stop();
    await untilAll('shop', 'fourth');
    await assert.rejects(store.read(), (error: CloisterError) => error.code === 'ERR_REGISTRY_UNAVAILABLE');
    await server.start();
    await deploy('shop', '5.0.0', 'fifth');
    await untilAll('shop', 'fifth');
    assert.equal((await store.hosts()).length, hosts.length);
  });
});
