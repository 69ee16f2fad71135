// One table of sentences over both stores: what holds of a registry in a folder holds of one in PostgreSQL. Real files, a real server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { registryBounds } from '../../src/registry/bounds.ts';
import { decideDisable } from '../../src/registry/decide.ts';
import type { RegistryStore } from '../../src/registry/state.ts';
import { makeRegistryForm } from '../../src/registry/state-form.ts';
import { openTableStore } from '../../src/registry/table-store.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { waitUntil } from '../helpers/runtime.ts';
import { inFolder, type Place } from './places.ts';
import { archive, by, deploy, form, isRefusal, release } from './releases.ts';

let database: TestDatabase;
const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: database.url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};
const onDatabase = async (sql: string, values: readonly unknown[]): Promise<readonly Record<string, unknown>[]> => {
  const client = await connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
};
let places = 0;

const inTables = (): Promise<Place> => {
  places += 1;
  const namespace = `place ${String(places)}`;
  return Promise.resolve({
    open: (own = form) => openTableStore(connect, namespace, own),
    spoilArchive: async (digest) => {
      await onDatabase(`UPDATE cloister.releases SET archive = 'other bytes' WHERE namespace = $1 AND digest = $2`, [namespace, digest]);
    },
    writeState: async (text) => {
      await onDatabase('UPDATE cloister.registry SET state = $2 WHERE namespace = $1', [namespace, text]);
    },
    readState: async () =>
      String((await onDatabase('SELECT state FROM cloister.registry WHERE namespace = $1', [namespace]))[0]?.['state']),
    async disturb() {
      await onDatabase(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
        [],
      );
      return () => Promise.resolve();
    },
    close: () => Promise.resolve(),
  });
};

type Sentence = readonly [sentence: string, holds: (store: RegistryStore, place: Place) => Promise<void>];

const sentences: readonly Sentence[] = [
  [
    'has nothing at first, at revision 0',
    async (store) => {
      assert.deepEqual(await store.read(), { revision: 0, deployments: new Map() });
      assert.deepEqual(await store.releases(), []);
      assert.deepEqual(await store.hosts(), []);
    },
  ],
  [
    'gives another opening what was deployed in one, byte for byte',
    async (store, place) => {
      await deploy(store, 'shop', 'first');
      const other = place.open();
      const { revision, deployments } = await other.read();
      assert.equal(revision, 1);
      const digest = deployments.get('shop')?.current ?? '';
      assert.deepEqual(Buffer.from(await other.archive(digest)).toString(), 'first');
      assert.deepEqual(await other.releases('shop'), [release('shop', 'first')]);
      assert.deepEqual(await other.releases('else'), []);
      await other.close();
    },
  ],
  [
    'loses none of two writers’ changes, and counts each',
    async (store, place) => {
      const other = place.open();
      const names = Array.from({ length: 8 }, (_, index) => `shop-${String(index)}`);
      await Promise.all(names.map((name, index) => deploy(index % 2 === 0 ? store : other, name, name)));
      const state = await store.read();
      assert.deepEqual([...state.deployments.keys()].toSorted(), names);
      assert.equal(state.revision, names.length);
    },
  ],
  [
    'writes nothing where a change refuses or changes nothing',
    async (store) => {
      await deploy(store, 'shop', 'first');
      await assert.rejects(
        store.update((state) => decideDisable(state, 'else', by)),
        isRefusal('ERR_DEPLOYMENT_UNKNOWN'),
      );
      await store.update((state) => state);
      assert.equal((await store.read()).revision, 1);
    },
  ],
  [
    'takes no archive under another digest',
    async (store) => assert.rejects(store.put(release('shop', 'first'), archive('second')), isRefusal('ERR_ARCHIVE_INVALID')),
  ],
  [
    'never gives an archive that was changed, until it is put there again',
    async (store, place) => {
      await deploy(store, 'shop', 'first');
      const { digest } = release('shop', 'first');
      await place.spoilArchive(digest);
      await assert.rejects(store.archive(digest), isRefusal('ERR_ARCHIVE_INVALID'));
      await store.put(release('shop', 'first'), archive('first'));
      assert.equal(Buffer.from(await store.archive(digest)).toString(), 'first');
    },
  ],
  [
    'says of an archive it does not have that it is not there',
    async (store) => assert.rejects(store.archive('0'.repeat(64)), isRefusal('ERR_DEPLOYMENT_UNKNOWN')),
  ],
  ...(
    [
      ['that was cut off', (text: string) => text.slice(0, text.length / 2)],
      ['that is empty', () => ''],
      ['of another make', () => '{"version":3,"packages":[]}'],
      [
        'of which an extension stands there twice',
        (text: string) => text.replace(/("deployments": \[)([\s\S]*)(\s*\]\s*\}\s*)$/, '$1$2,$2$3'),
      ],
      ['whose digest is no digest', (text: string) => text.replace(/"current": "[0-9a-f]+"/, '"current": "../../etc/passwd"')],
    ] as const
  ).map(
    ([which, spoil]): Sentence => [
      `refuses a state ${which}, and does not write over it`,
      async (store, place) => {
        await deploy(store, 'shop', 'first');
        const good = await place.readState();
        const spoiled = spoil(good);
        await place.writeState(spoiled);
        await assert.rejects(store.read(), isRefusal('ERR_REGISTRY_INVALID'));
        await assert.rejects(
          store.update((state) => decideDisable(state, 'shop', by)),
          isRefusal('ERR_REGISTRY_INVALID'),
        );
        assert.equal(await place.readState(), spoiled);
        await place.writeState(good);
        assert.equal((await store.update((state) => decideDisable(state, 'shop', by))).revision, 2);
      },
    ],
  ),
  [
    'writes no state, release or report that no host could read',
    async (store, place) => {
      await deploy(store, 'shop', 'first');
      const good = await place.readState();
      const few = place.open(makeRegistryForm({ state: 2_000, record: 2_000 }));
      await assert.rejects(
        deploy(
          few,
          'mail',
          'second',
          Array.from({ length: 200 }, (_, index) => `tenant ${String(index)}`),
        ),
        isRefusal('ERR_REGISTRY_INVALID'),
      );
      const long = { ...release('shop', 'second'), version: '1'.repeat(257) };
      await assert.rejects(few.put(long, archive('second')), isRefusal('ERR_REGISTRY_INVALID'));
      const at = new Date().toISOString();
      const failed = { shop: 'why'.padEnd(2_000) };
      await assert.rejects(few.report({ host: 'one', revision: 1, at, serving: {}, failed }), isRefusal('ERR_REGISTRY_INVALID'));
      assert.equal(await place.readState(), good);
      assert.deepEqual((await store.releases()).map(({ extension }) => extension).toSorted(), ['mail', 'shop']);
      assert.deepEqual(await store.hosts(), []);
    },
  ],
  [
    'tells another opening of each revision that stays, and of none twice',
    async (store, place) => {
      const other = place.open();
      const heard: number[] = [];
      const watch = other.watch({ onRevision: (revision) => heard.push(revision), onTrouble: () => undefined });
      await waitUntil('the first revision', () => heard.includes(0));
      await deploy(store, 'shop', 'first');
      await waitUntil('the second revision', () => heard.includes(1));
      await store.update((state) => decideDisable(state, 'shop', by));
      await waitUntil('the third revision', () => heard.includes(2));
      await watch.close();
      assert.deepEqual(heard, [0, 1, 2]);
    },
  ],
  [
    'says so while it cannot be followed, and tells of what came meanwhile when it can again',
    async (store, place) => {
      await deploy(store, 'shop', 'first');
      const heard: number[] = [];
      const troubles: unknown[] = [];
      let answers = 0;
      const watch = store.watch({
        onRevision: (revision) => heard.push(revision),
        onTrouble: (error) => troubles.push(error),
        onAnswer: () => {
          answers += 1;
        },
      });
      await waitUntil('the first revision', () => heard.includes(1));
      const mend = await place.disturb();
      await waitUntil('it says so', () => troubles.length > 0);
      const before = answers;
      await mend();
      await store.update((state) => decideDisable(state, 'shop', by));
      await waitUntil('the next revision', () => heard.includes(2));
      assert.ok(answers > before);
      await watch.close();
    },
  ],
  [
    'remembers what each host said last',
    async (store, place) => {
      await deploy(store, 'shop', 'first');
      const at = new Date().toISOString();
      const report = { host: 'one:1', revision: 3, at, serving: { shop: 'a'.repeat(64) }, failed: { mail: 'why' } };
      await store.report({ ...report, revision: 2 });
      await store.report(report);
      await place.open().report({ ...report, host: 'two:2' });
      assert.deepEqual(await store.hosts(), [report, { ...report, host: 'two:2' }]);
    },
  ],
  [
    'keeps what deployments name, and of the rest the latest alone',
    async (store) => {
      await deploy(store, 'shop', 'first');
      const most = registryBounds.releases.value;
      for (let from = 0; from < most + 4; from += 20)
        await Promise.all(
          Array.from({ length: Math.min(20, most + 4 - from) }, async (_, index) => {
            const text = `unused ${String(from + index)}`;
            await store.put(
              { ...release('other', text), at: new Date(Date.UTC(2031, 0, 1, 0, 0, from + index)).toISOString() },
              archive(text),
            );
          }),
        );
      await store.update((state) => decideDisable(state, 'shop', by));
      const kept = await store.releases();
      assert.equal(kept.length, most + 1);
      assert.ok(kept.some(({ extension }) => extension === 'shop'));
      await store.archive(release('shop', 'first').digest);
    },
  ],
];

for (const [name, makePlace] of [
  ['in a folder', inFolder],
  ['in PostgreSQL', inTables],
] as const) {
  describe(`a registry ${name}`, () => {
    before(async () => {
      database ??= await openTestDatabase();
    });
    for (const [sentence, holds] of sentences)
      test(sentence, async () => {
        const place = await makePlace();
        const store = place.open();
        try {
          await holds(store, place);
        } finally {
          await store.close();
          await place.close();
        }
      });
  });
}

after(() => database.close());
