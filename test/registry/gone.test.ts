// A registry that is gone, went back or was half written, against hosts and writers: nothing that serves goes out, and nothing begins anew by itself. Real files, a real server.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { CloisterError } from '../../src/errors.ts';
import { registryBounds } from '../../src/registry/bounds.ts';
import { decideDisable } from '../../src/registry/decide.ts';
import { openFileStore } from '../../src/registry/file-store.ts';
import { type Follower, makeFollower } from '../../src/registry/follower.ts';
import type { RegistryStore } from '../../src/registry/state.ts';
import { sha256 } from '../../src/registry/state-form.ts';
import { openTableStore } from '../../src/registry/table-store.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { waitUntil } from '../helpers/runtime.ts';
import { by, deploy as deployText, form, isRefusal, release } from './releases.ts';

const codeOf = (error: unknown): unknown => (error instanceof CloisterError ? error.code : error);
const deploy = (store: RegistryStore, extension: string): Promise<void> => deployText(store, extension, extension);

interface Host {
  readonly follower: Follower;
  /** What served, after each time it changed. */
  readonly served: string[];
  readonly troubles: unknown[];
}
const openHost = async (store: RegistryStore, hindrances: { left: number } = { left: 0 }): Promise<Host> => {
  const served: string[] = [];
  const troubles: unknown[] = [];
  const follower = makeFollower({
    store,
    host: 'one',
    serve: ({ deployments }) => {
      hindrances.left -= 1;
      if (hindrances.left >= 0) return Promise.reject(new CloisterError('ERR_LEDGER_UNAVAILABLE', 'a hindrance of this host alone'));
      const all = [...deployments.values()];
      const names = all.map(({ extension }) => extension).join();
      if (served.at(-1) !== names) served.push(names);
      return Promise.resolve(all.map(({ extension, current }) => ({ extension, current, canary: null, failed: [] })));
    },
    onTrouble: (error) => troubles.push(codeOf(error)),
  });
  await follower.start();
  return { follower, served, troubles };
};

interface Place {
  readonly store: RegistryStore;
  /** Takes all of it away, as a folder that is not mounted or a restore that has just begun. */
  takeAway(): Promise<void>;
  putBack(): Promise<void>;
  /** Whether there is anything in its place. */
  isThere(): Promise<boolean>;
  /** The state alone; releases stay. */
  loseState(): Promise<void>;
  writeState(text: string): Promise<void>;
}

let parent = '';
let database: TestDatabase;
let admin: pg.Client;
before(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'cloister-gone-'));
  database = await openTestDatabase();
  admin = await connect();
});
after(async () => {
  await admin.end();
  await database.close();
  await rm(parent, { recursive: true, force: true });
});
const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: database.url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

let places = 0;
const inFolder = (): Place => {
  places += 1;
  const folder = path.join(parent, String(places));
  return {
    store: openFileStore(folder, form),
    takeAway: () => rename(folder, `${folder}.away`),
    putBack: () => rename(`${folder}.away`, folder),
    isThere: async () => (await readdir(parent)).includes(path.basename(folder)),
    loseState: async () => {
      await unlink(path.join(folder, 'state.json'));
      await unlink(path.join(folder, 'state.before.json'));
    },
    writeState: (text) => writeFile(path.join(folder, 'state.json'), text),
  };
};
const inTables = (): Place => {
  places += 1;
  const namespace = `place ${String(places)}`;
  const run = async (sql: string): Promise<void> => {
    await admin.query(sql);
  };
  return {
    store: openTableStore(connect, namespace, form),
    takeAway: () => run('ALTER SCHEMA cloister RENAME TO away'),
    putBack: () => run('ALTER SCHEMA away RENAME TO cloister'),
    isThere: async () => ((await admin.query(`SELECT FROM pg_namespace WHERE nspname = 'cloister'`)).rowCount ?? 0) > 0,
    loseState: () => run('TRUNCATE cloister.registry'),
    writeState: async (text) => {
      const { revision } = form.parseState(text, 'test');
      await admin.query('UPDATE cloister.registry SET revision = $2, state = $3 WHERE namespace = $1', [namespace, revision, text]);
    },
  };
};

for (const [where, openPlace] of [
  ['a folder', inFolder],
  ['PostgreSQL', inTables],
] as const)
  describe(`a registry in ${where}`, () => {
    test('that is gone takes nothing away from a host, which makes none in its place and goes on when it is back', async () => {
      const { store, takeAway, putBack, isThere } = openPlace();
      await deploy(store, 'shop');
      const { follower, served, troubles } = await openHost(store);
      try {
        await takeAway();
        await waitUntil('the host says so', () => troubles.includes('ERR_REGISTRY_INVALID'));
        await store.report(follower.report());
        await assert.rejects(
          store.update((state) => decideDisable(state, 'shop', by)),
          isRefusal('ERR_DEPLOYMENT_UNKNOWN'),
        );
        assert.equal(await isThere(), false);
        await putBack();
        await deploy(store, 'mail');
        await waitUntil('the host follows again', () => served.at(-1) === 'shop,mail');
        assert.deepEqual(served, ['shop', 'shop,mail']);
      } finally {
        await follower.close();
      }
    });
    test('that a host could not serve at once is served later, without another revision', async () => {
      const { store } = openPlace();
      const hindrances = { left: 0 };
      const { follower, served, troubles } = await openHost(store, hindrances);
      hindrances.left = 1;
      await deploy(store, 'later');
      await waitUntil('it is served', () => served.at(-1) === 'later', 30_000);
      assert.deepEqual(troubles, ['ERR_LEDGER_UNAVAILABLE']);
      await follower.close();
      await store.close();
    });
    test('that has several troubles has each said once, until it is over', async () => {
      const { store } = openPlace();
      await deploy(store, 'shop');
      const report = store.report.bind(store);
      let isFull = true;
      let heard = 0;
      store.report = async (said) => {
        if (isFull) throw new CloisterError('ERR_REGISTRY_UNAVAILABLE', 'no room for reports');
        await report(said);
        heard += 1;
      };
      const hindrances = { left: 0 };
      const { follower, troubles } = await openHost(store, hindrances);
      const said = async (what: string, expected: readonly string[]): Promise<void> => {
        await waitUntil(what, () => troubles.length >= expected.length);
        await follower.catchUp();
        assert.deepEqual(troubles, expected, what);
      };
      try {
        await said('the report', ['ERR_REGISTRY_UNAVAILABLE']);
        hindrances.left = 1;
        await deploy(store, 'mail');
        await said('and what cannot be served', ['ERR_REGISTRY_UNAVAILABLE', 'ERR_LEDGER_UNAVAILABLE']);
        isFull = false;
        await follower.catchUp();
        await waitUntil('the host is heard of', () => heard > 0);
        isFull = true;
        await follower.catchUp();
        await said('the report, anew', ['ERR_REGISTRY_UNAVAILABLE', 'ERR_LEDGER_UNAVAILABLE', 'ERR_REGISTRY_UNAVAILABLE']);
      } finally {
        await follower.close();
      }
    });
    test('that lost its state and has releases is refused to all, and begins anew by no deploy', async () => {
      const { store, loseState } = openPlace();
      await deploy(store, 'shop');
      const { follower, served, troubles } = await openHost(store);
      try {
        await loseState();
        await waitUntil('the host says so', () => troubles.includes('ERR_REGISTRY_INVALID'));
        await assert.rejects(store.read(), isRefusal('ERR_REGISTRY_INVALID'));
        await assert.rejects(deploy(store, 'mail'), isRefusal('ERR_REGISTRY_INVALID'));
        assert.deepEqual(served, ['shop']);
      } finally {
        await follower.close();
      }
    });
    test('that went back is followed by no host that serves more, also where it goes on from there, but by one that starts', async () => {
      const { store, writeState } = openPlace();
      await deploy(store, 'shop');
      const backup = form.formatState(await store.read());
      await deploy(store, 'mail');
      const last = form.formatState(await store.read());
      const { follower, served, troubles } = await openHost(store);
      try {
        await writeState(backup);
        await waitUntil('the host says so', () => troubles.includes('ERR_REGISTRY_INVALID'));
        await deploy(store, 'wiki');
        await deploy(store, 'chat');
        await assert.rejects(follower.catchUp(), isRefusal('ERR_REGISTRY_INVALID'));
        assert.deepEqual(served, ['shop,mail']);
        const fresh = await openHost(store);
        await fresh.follower.close();
        assert.deepEqual(fresh.served, ['shop,wiki,chat']);
        await writeState(last);
        await follower.catchUp();
        await deploy(store, 'blog');
        await waitUntil('the host follows again', () => served.at(-1) === 'shop,mail,blog');
      } finally {
        await follower.close();
      }
    });
  });

test('a large archive has time to reach a database that is slow', async (context) => {
  const { store } = inTables();
  await deploy(store, 'shop');
  const real = globalThis.setTimeout;
  // A tenth of each long wait, so that nobody waits ten seconds.
  context.mock.method(globalThis, 'setTimeout', (call: () => void, ms = 0) =>
    real(call, ms >= registryBounds.silenceMs.value ? ms / 10 : ms),
  );
  const large = Buffer.alloc(16 * 1_048_576, 'x');
  await admin.query('BEGIN; LOCK TABLE cloister.releases');
  const one = { ...release('large', ''), digest: sha256(large), bytes: large.byteLength };
  const put = store.put(one, large);
  await sleep(registryBounds.silenceMs.value / 10 + 500);
  await admin.query('COMMIT');
  await put;
});
