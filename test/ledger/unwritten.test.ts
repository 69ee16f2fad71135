// What cannot be put on record is not done: through a whole runtime, a database and a ledger that fails in between. Must never believe an answer without looking at the table.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';

const source = `
let tell = null;
const failed = new Promise((resolve) => { tell = resolve; });
export default (router, { database }) => {
  router.get('/late', async (req, res) => { await failed; res.write('late '); setTimeout(() => res.end('answer'), 100); });
  router.get('/last', async (req, res) => { await failed; setTimeout(() => res.json('last'), 400); });
  router.get('/until', async (req, res) => {
    try { for (let id = 1_000; ; id += 1) await database('rows').insert({ id }); } catch (error) { tell(); res.json(error.code); }
  });
  router.get('/plain/:id', (req, res) => res.json('answered'));
  router.get('/write/:id', async (req, res) => {
    try { await database('rows').insert({ id: Number(req.params.id) }); res.json('written'); } catch (error) { res.json(error.code); }
  });
};`;

let database: TestDatabase;
let runtime: TestRuntime;
let folder: TemporaryFolder;
let fails = false;
/** The last entry that was taken. */
let taken = 0;
before(async () => {
  folder = await openTemporaryFolder();
  database = await openTestDatabase('create table rows (id int primary key)');
  runtime = await openTestRuntime({
    extensions: {
      writer: extension(source, {
        capabilities: { database: { tables: { rows: { create: true } } } },
        limits: { cpuMs: 2_000, registerMs: 20_000, wallMs: 30_000, hostCalls: 10_000 },
      }),
    },
    // The file takes all the while: an answer has only that to wait for.
    options: {
      database: database.url,
      ledger: { file: join(folder.root, 'ledger.ndjson') },
      onLedgerEntries: (entries) => {
        if (fails) return Promise.reject(new Error('full'));
        taken = entries.at(-1)?.sequence ?? taken;
        return Promise.resolve();
      },
    },
    logLevel: 'silent',
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  fails = false;
  await runtime.close();
  await database.close();
  await folder.remove();
});

const countRows = async (id: number): Promise<number> => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query('select from rows where id = $1', [id])).rowCount ?? 0;
  } finally {
    await client.end();
  }
};
/** A failure of the ledger is known when it has been tried; a recovery too. */
const askUntil = async (path: string, wanted: string): Promise<void> => {
  for (let round = 0; ; round += 1) {
    const reply = await runtime.get(`${path}${round}`);
    if (reply.text.includes(wanted)) return;
    assert.ok(round < 400, `${path}: ${reply.text}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

describe('with a ledger that cannot be written', () => {
  test('a request that has begun is not answered without its entry', async () => {
    const late = runtime.get('/writer/late');
    // Behind another answer of the same connection it cannot leave for a while: what is written to it meanwhile is written for nobody.
    const behind = runtime.raw(
      'GET /writer/last HTTP/1.1\r\nhost: x\r\n\r\nGET /writer/late HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    );
    const until = runtime.get('/writer/until');
    await waitUntil('calls are made', () => runtime.entries('call.start').length > 0);
    fails = true;
    assert.equal((await until).json(), 'ERR_LEDGER_UNAVAILABLE');
    const { status, code } = await late;
    assert.deepEqual([status, code], [503, 'ERR_LEDGER_UNAVAILABLE']);
    assert.match(await behind, /HTTP\/1.1 503 .*"ERR_LEDGER_UNAVAILABLE"[^"]*$/s);
    fails = false;
    await askUntil('/writer/write/40', 'written');
  });
  test('a call is refused, and nothing of it is done', async () => {
    assert.equal((await runtime.get('/writer/write/1')).json(), 'written');
    assert.equal(await countRows(1), 1);
    fails = true;
    await askUntil('/writer/write/10', 'ERR_LEDGER_UNAVAILABLE');
    for (const id of [2, 3]) {
      assert.match((await runtime.get(`/writer/write/${id}`)).text, /ERR_LEDGER_UNAVAILABLE/);
      assert.equal(await countRows(id), 0);
    }
  });
  test('a request that would make no call is refused as well: its end could not be kept', async () => {
    const reply = await runtime.get('/writer/plain/1');
    assert.deepEqual([reply.status, reply.code], [503, 'ERR_LEDGER_UNAVAILABLE']);
  });
  test('and done again once it can be', async () => {
    fails = false;
    await askUntil('/writer/write/20', 'written');
    assert.equal((await runtime.get('/writer/write/4')).json(), 'written');
    assert.equal(await countRows(4), 1);
  });
  test('what was answered while nobody knew yet that it cannot be written is on the ledger afterwards', async () => {
    // What is refused of earlier requests would be known at once.
    await waitUntil('all before is taken', () => taken === runtime.runtime.ledger().at(-1)?.sequence);
    fails = true;
    const answered: string[] = [];
    for (let round = 0; round < 400; round += 1) {
      const path = `/writer/plain/late-${round}`;
      if ((await runtime.get(path)).status !== 200) break;
      answered.push(path);
    }
    fails = false;
    await askUntil('/writer/write/30', 'written');
    assert.ok(answered.length > 0);
    for (const path of answered)
      assert.ok(
        runtime.entries('request.end').some((entry) => entry.path === path),
        path,
      );
  });
});
