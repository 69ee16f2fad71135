// Requests that were in a ward when another's request brought it down: run again where they left nothing behind, else told to come back; never run twice in effect.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = `
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default (router, { database, logger }) => {
  router.get('/waits', async (req, res) => { await pause(4_000); res.json('waited'); });
  router.get('/reads', async (req, res) => { const rows = await database('notes').select('*'); await pause(4_000); res.json(rows.length); });
  router.get('/logs', async (req, res) => { logger.info('began'); await pause(4_000); res.json('logged'); });
  router.get('/writes', async (req, res) => { await database('notes').insert({ text: 'once' }); await pause(4_000); res.json('written'); });
  router.get('/streams', async (req, res) => { res.write('begun '); await pause(4_000); res.end('ended'); });
  router.post('/uploads', async (req, res) => { let bytes = 0; for await (const part of req) bytes += part.length; await pause(4_000); res.json(bytes); });
  router.post('/posts', async (req, res) => { await pause(4_000); res.json(req.body); });
};`;
const hostile = `export default (router) => { router.get('/', () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)); };`;

let database: TestDatabase;
let admin: pg.Client;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase('create table notes (id serial primary key, text text)');
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const capabilities = { database: { tables: { notes: { read: true, create: true } } } };
  const limits = { wallMs: 60_000, cpuMs: 2_000, registerMs: 30_000 };
  runtime = await openTestRuntime({
    // All with the same profile, so that they share a ward.
    extensions: {
      calm: extension(source, { capabilities, limits }),
      hostile: extension(hostile, { capabilities, limits: { cpuMs: 300, registerMs: 30_000 } }),
    },
    options: { database: database.url },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(async () => {
  await runtime.close();
  await admin.end();
  await database.close();
});

describe('when the ward of several is lost', () => {
  test('each gets what is right for it, and what is written is written once', async () => {
    await runtime.get('/calm/none');
    const asked = Promise.all(['/waits', '/reads', '/logs', '/writes'].map((path) => runtime.get(`/calm${path}`)));
    const posted = runtime.post('/calm/posts', { kept: 'ä' });
    const uploaded = runtime.post('/calm/uploads', [Buffer.alloc(100_000), Buffer.alloc(100_000)], {
      'content-type': 'application/octet-stream',
    });
    const stream = await runtime.open('/calm/streams');
    await stream.until('begun');
    await waitUntil('the row is written', () => runtime.entries('call.end').some((one) => one.outcome === 'ok' && one.rows === 1));
    const guilty = await runtime.measure('/hostile');
    assert.equal(guilty.reply.code, 'ERR_CPU_EXCEEDED');

    const [waits, reads, logs, writes] = await asked;
    assert.deepEqual([waits?.status, waits?.json()], [200, 'waited'], 'nothing was done: it is run again');
    assert.deepEqual([reads?.status, reads?.json()], [200, 1], 'reading leaves nothing behind');
    assert.deepEqual([logs?.status, logs?.json()], [200, 'logged'], 'nor does a log line that matters');
    assert.deepEqual([writes?.status, writes?.code, writes?.headers['retry-after']], [503, 'ERR_CELL_LOST', '1']);
    assert.deepEqual([(await posted).status, (await posted).json()], [200, { kept: 'ä' }], 'a body that is at hand is sent again');
    assert.equal((await uploaded).code, 'ERR_CELL_LOST', 'a body that flowed is gone');
    assert.equal(await stream.ended, false, 'an answer that has begun is broken off');
    assert.deepEqual((await admin.query('select text from notes')).rows, [{ text: 'once' }]);
  });
  test('and no id stands for two calls of one request, over all its runs', () => {
    // 0 is every call that waits for no answer.
    const calls = runtime.entries('call.start').flatMap(({ request, call }) => (call === 0 ? [] : [`${request} ${String(call)}`]));
    assert.ok(calls.length >= 3, calls.join(' '));
    assert.deepEqual(
      calls.filter((one, at) => calls.indexOf(one) !== at),
      [],
    );
  });
  test('their extension is not suspected, the guilty one is', () => {
    const suspects = runtime
      .entries('life')
      .filter((one) => one.event === 'extension.suspect')
      .map((one) => one.extension);
    assert.deepEqual(suspects, ['hostile']);
  });
  test('it boots alone, and goes after everybody else where the processor is short', async () => {
    for (let round = 0, status = 0; round < 100 && status !== 404; round += 1) {
      status = (await runtime.get('/hostile/none')).status;
      if (status !== 404) await sleep(50);
    }
    const ofAll = runtime.wards().map((pid) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[16]);
    assert.deepEqual([...new Set(ofAll)].sort(), ['0', '10'], ofAll.join(' '));
  });
  test('where nobody knows whose fault it was, each runs again alone, and who did nothing is served', async () => {
    const asked = Promise.all([runtime.get('/calm/waits'), runtime.get('/calm/reads')]);
    await waitUntil('they are in their cell', () => runtime.runtime.health().requests === 2);
    const cell = runtime.entries('life').findLast((one) => one.event === 'cell.boot' && one.extension === 'calm');
    process.kill(Number(cell?.reason.split(' ')[1]), 'SIGKILL');
    assert.deepEqual(
      (await asked).map(({ code }) => code),
      ['200', '200'],
    );
  });
});
