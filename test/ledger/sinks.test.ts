// The ledger in several places at once: a table, the embedder's function, a file, in any mix. Must never use anything but a real PostgreSQL.
import assert from 'node:assert/strict';
import { readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ledgerBounds } from '../../src/ledger/bounds.ts';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import { genesis, parseLine } from '../../src/ledger/line.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { listLedgerFiles } from '../../src/ledger/rotation.ts';
import { verifyLedger } from '../../src/ledger/verify-ledger.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { makeFolder, requestStart } from './records.ts';

const unavailable = { code: 'ERR_LEDGER_UNAVAILABLE' };
const patienceMs = 30_000;

let database: TestDatabase;
let admin: pg.Client;
before(async () => {
  database = await openTestDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
});
after(async () => {
  await admin.end();
  await database.close();
});

const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: database.url, application_name: 'cloister:ledger' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};
const cutConnections = (): Promise<unknown> =>
  admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cloister:ledger'`);
const linesIn = async (chain: string): Promise<readonly string[]> =>
  (await admin.query<{ readonly line: string }>('SELECT line FROM cloister.ledger WHERE chain = $1 ORDER BY sequence', [chain])).rows.map(
    ({ line }) => line,
  );
const assertChain = (lines: readonly string[], count: number): void => {
  assert.equal(lines.length, count);
  let head = genesis;
  for (const line of lines) {
    const link = parseLine(line);
    assert.ok(link !== null && link.previous === head.hash && link.sequence === head.sequence + 1, line);
    head = { sequence: link.sequence, hash: link.hash };
  }
};
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + patienceMs; performance.now() < end; await sleep(10)) if (await holds()) return;
  assert.fail('it did not come to hold');
};
let chains = 0;
const newChain = (): string => `chain-${(chains += 1)}`;
const newFile = async (context: TestContext): Promise<string> => join(await makeFolder(context), 'ledger.ndjson');

describe('the table', () => {
  test('has every entry once the ledger is closed, in one chain that goes on over restarts', async () => {
    const chain = newChain();
    for (const count of [3, 5_000, 1]) {
      const ledger = await openLedger({ file: null, ringSize: 0, table: { connect, chain } });
      for (let index = 0; index < count; index += 1) ledger.append(requestStart({ request: `r${index}` }));
      await ledger.close();
    }
    assertChain(await linesIn(chain), 5_004);
  });
  test('has a partition for each day of its entries, by UTC', async () => {
    const chain = newChain();
    const times = ['2026-01-31T23:59:59.999Z', '2026-02-01T00:00:00.000Z', '2024-02-29T12:00:00.000Z'];
    for (const time of times) {
      const ledger = await openLedger({ file: null, ringSize: 0, table: { connect, chain }, clock: () => Date.parse(time) });
      ledger.append(requestStart());
      await ledger.close();
    }
    const { rows } = await admin.query<{ readonly name: string }>(
      'SELECT c.relname AS name FROM cloister.ledger l JOIN pg_class c ON c.oid = l.tableoid WHERE chain = $1 ORDER BY sequence',
      [chain],
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['ledger_20260131', 'ledger_20260201', 'ledger_20240229'],
    );
  });
  test('keeps the chains of several hosts apart', async () => {
    const [one, other] = [newChain(), newChain()];
    const ledgers = await Promise.all([one, other].map((chain) => openLedger({ file: null, ringSize: 0, table: { connect, chain } })));
    for (let index = 0; index < 100; index += 1) for (const ledger of ledgers) ledger.append(requestStart());
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    for (const chain of [one, other]) assertChain(await linesIn(chain), 100);
  });
  test('gets all entries in spite of connections that are cut again and again', async () => {
    const chain = newChain();
    const ledger = await openLedger({ file: null, ringSize: 0, table: { connect, chain } });
    let taken = 0;
    for (let round = 0; round < 8; round += 1) {
      for (let index = 0; index < 200; index += 1) {
        try {
          ledger.append(requestStart());
          taken += 1;
        } catch (error) {
          assert.deepEqual((error as { readonly code: string }).code, unavailable.code);
        }
      }
      await cutConnections();
      await sleep(ledgerBounds.batchMs.value);
    }
    await until(async () => {
      try {
        await ledger.flush();
        return true;
      } catch {
        return false;
      }
    });
    await ledger.close();
    assertChain(await linesIn(chain), taken);
  });
  test('refuses a second host with the same chain, and tells what to do', async () => {
    const chain = newChain();
    const [first, second] = await Promise.all([0, 1].map(() => openLedger({ file: null, ringSize: 0, table: { connect, chain } })));
    assert.ok(first !== undefined && second !== undefined);
    first.append(requestStart());
    await first.flush();
    second.append(requestStart());
    await assert.rejects(second.flush(), (error: Error) => /another host writes to it.*a chain of its own/.test(error.message));
    assert.throws(() => second.append(requestStart()), unavailable);
    await assert.rejects(second.close(), unavailable);
    await first.close();
    assertChain(await linesIn(chain), 1);
  });
  test('is nothing that PUBLIC may read', async () => {
    const { rows } = await admin.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'cloister'::regnamespace AND relkind IN ('r', 'p') AND relname LIKE 'ledger%'
         AND relacl::text ~ '[{,]=[a-zA-Z]'`,
    );
    assert.deepEqual(rows, []);
  });
});

describe('file and table together', () => {
  test('hold the same lines', async (context) => {
    const [file, chain] = [await newFile(context), newChain()];
    const ledger = await openLedger({ file, ringSize: 0, table: { connect, chain }, rotateBytes: 8_192 });
    for (let index = 0; index < 300; index += 1) {
      ledger.append(requestStart());
      // What is written at once stays in one file.
      if (index % 100 === 99) await ledger.flush();
    }
    await ledger.close();
    const report = await verifyLedger(file);
    assert.deepEqual([report.ok, report.entries, report.files > 1], [true, 300, true]);
    assertChain(await linesIn(chain), 300);
  });
  test('a table that is behind is given what it lacks from the file', async (context) => {
    const [file, chain] = [await newFile(context), newChain()];
    for (const table of [{ connect, chain }, null, { connect, chain }]) {
      const ledger = await openLedger({ file, ringSize: 0, table, rotateBytes: 4_096 });
      for (let index = 0; index < 40; index += 1) ledger.append(requestStart());
      await ledger.close();
    }
    assertChain(await linesIn(chain), 120);
    const files = await Promise.all((await listLedgerFiles(file)).map((one) => readFile(one, 'latin1')));
    assert.deepEqual(await linesIn(chain), files.join('').trimEnd().split('\n'));
  });
  test('a file that is not of this chain is refused', async (context) => {
    const [file, chain] = [await newFile(context), newChain()];
    const alone = await openLedger({ file: null, ringSize: 0, table: { connect, chain } });
    alone.append(requestStart({ request: 'of the table' }));
    await alone.close();
    const other = await openLedger({ file, ringSize: 0 });
    other.append(requestStart({ request: 'of the file' }));
    await other.close();
    await assert.rejects(openLedger({ file, ringSize: 0, table: { connect, chain } }), unavailable);
    assert.equal((await linesIn(chain)).length, 1);
  });
  test('a file that lost its end is refused, because the table has more', async (context) => {
    const [file, chain] = [await newFile(context), newChain()];
    const ledger = await openLedger({ file, ringSize: 0, table: { connect, chain } });
    for (let index = 0; index < 3; index += 1) ledger.append(requestStart());
    await ledger.close();
    const first = (await readFile(file, 'latin1')).indexOf('\n') + 1;
    await truncate(file, first);
    await assert.rejects(openLedger({ file, ringSize: 0, table: { connect, chain } }), unavailable);
  });
  test('a new file goes on from the table', async (context) => {
    const [file, chain] = [await newFile(context), newChain()];
    for (let round = 0; round < 2; round += 1) {
      const ledger = await openLedger({ file, ringSize: 0, table: { connect, chain } });
      ledger.append(requestStart());
      await ledger.close();
      if (round === 0) await rm(file);
    }
    assertChain(await linesIn(chain), 2);
  });
});

describe('the function of the embedder', () => {
  test('gets every entry in order, and the rest when the ledger is closed', async () => {
    const got: LedgerEntry[] = [];
    const ledger = await openLedger({ file: null, ringSize: 0, onEntries: (entries) => void got.push(...entries) });
    for (let index = 0; index < 5_000; index += 1) ledger.append(requestStart());
    await ledger.close();
    assert.deepEqual(
      got.map(({ sequence }) => sequence),
      Array.from({ length: 5_000 }, (_, index) => index + 1),
    );
  });
  test('that rejects gets the same entries again, and calls are refused meanwhile', async () => {
    let fails = true;
    const got: number[] = [];
    const ledger = await openLedger({
      file: null,
      ringSize: 0,
      onEntries: async (entries) => {
        if (fails) throw new Error('no');
        got.push(...entries.map(({ sequence }) => sequence));
      },
    });
    ledger.append(requestStart());
    await assert.rejects(ledger.flush(), unavailable);
    assert.throws(() => ledger.append(requestStart()), unavailable);
    fails = false;
    await until(() => got.length === 1);
    ledger.append(requestStart());
    await ledger.close();
    assert.deepEqual(got, [1, 2]);
  });
  test('that never ends holds no more than the bound, then calls are refused', async () => {
    const ledger = await openLedger({ file: null, ringSize: 0, onEntries: () => new Promise(() => undefined) });
    let taken = 0;
    assert.throws(() => {
      for (;;) {
        ledger.append(requestStart({ path: 'x'.repeat(500) }));
        taken += 1;
      }
    }, unavailable);
    assert.ok(taken * 500 < 2 * ledgerBounds.pendingBytes.value);
  });
  test('that never ends keeps the first waiting for a while, and whoever comes after not at all', async () => {
    const ledger = await openLedger({ file: null, ringSize: 0, onEntries: () => new Promise(() => undefined) });
    ledger.append(requestStart());
    await assert.rejects(ledger.flush(), unavailable);
    await assert.rejects(Promise.race([ledger.flush(), sleep(ledgerBounds.stuckMs.value / 2)]), unavailable);
  });
  test('that fails for ever makes close() say how much was lost', async () => {
    const ledger = await openLedger({ file: null, ringSize: 0, onEntries: () => Promise.reject(new Error('no')) });
    ledger.append(requestStart());
    await assert.rejects(ledger.close(), (error: Error) => /1 entries are lost to the function/.test(error.message));
  });
});
