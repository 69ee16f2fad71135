// What was answered or done is on the ledger before: with hosts that are killed, and with a table that somebody holds up. Must never count an answer that did not arrive whole.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { defineService } from '../../src/capabilities/services/definition.ts';
import { readLedger } from '../../src/ledger/read-ledger.ts';
import { askAgain } from '../helpers/again.ts';
import { makeClient, type Reply } from '../helpers/client.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import { makeFolder } from './records.ts';

const limits = { cpuMs: 2_000, registerMs: 20_000, wallMs: 30_000 };
const source = `
export default (router, { database, services, emitter }) => {
  router.get('/plain/:id', (req, res) => res.json('answered'));
  router.get('/write/:id', async (req, res) => { await database('rows').insert({ id: Number(req.params.id) }); res.json('written'); });
  router.get('/pieces', (req, res) => { for (const piece of ['one ', 'two ', 'three']) res.write(piece); res.end(); });
  router.get('/halves', (req, res) => { res.write('one '); res.write('x'.repeat(20_000)); res.end(); });
  router.get('/order', (req, res) => {
    const { NoteService } = services;
    const note = new NoteService();
    Promise.all([note.write('first'), note.look('second'), note.write('third')]).then(() => res.json('in order'));
  });
  router.get('/after', (req, res) => {
    const emit = () => emitter.emitAction('noted', {})?.catch?.(() => undefined);
    emit();
    res.json('answered before');
    emit();
  });
  router.get('/emits', (req, res) => { emitter.emitAction('noted', {}); res.json('not waited for'); });
  router.get('/next', (req, res, next) => next());
};`;
const capabilities = { database: { tables: { rows: { create: true } } } };

/** It logs on the same stream. */
const portOf = async (output: Readable): Promise<string> => {
  for await (const line of createInterface({ input: output })) if (/^\d+$/.test(line)) return line;
  assert.fail('it ended before it served');
};

describe('a host that is killed', () => {
  test('has on its ledger whatever it answered or wrote, through two such ends', async (context) => {
    const database = await openTestDatabase('create table rows (id int primary key)');
    context.after(() => database.close());
    const folder = await makeFolder(context);
    const file = join(folder, 'ledger.ndjson');
    const packages = await openTestRuntime({ extensions: { writer: extension(source, { capabilities, limits }) } });
    context.after(() => packages.close());
    const options = {
      extensions: [packages.folder],
      approvals: 'requested',
      database: database.url,
      ledger: { file },
      wards: { spareWards: 0 },
    };
    const answered = new Set<string>();
    let id = 0;
    for (let round = 0; round < 2; round += 1) {
      const host = spawn(process.execPath, [join(import.meta.dirname, 'ahead-host.ts'), JSON.stringify(options)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      context.after(() => host.kill('SIGKILL'));
      const port = await portOf(host.stdout);
      const client = makeClient(Number(port));
      const before = answered.size;
      let isUp = true;
      const work = async (): Promise<void> => {
        while (isUp) {
          id += 1;
          const path = `/writer/${id % 2 === 0 ? 'plain' : 'write'}/${id}`;
          const reply = await client.get(path).catch(() => null);
          if (reply?.status === 200) answered.add(path);
          else if (reply !== null) assert.fail(reply.text);
        }
      };
      const all = Array.from({ length: 8 }, work);
      await waitUntil('a hundred answers', () => answered.size >= before + 100, 60_000);
      host.kill('SIGKILL');
      isUp = false;
      await Promise.all([once(host, 'exit'), ...all]);
      client.close();
    }
    const begun = new Map<string, string>();
    const calls = new Set<string>();
    for await (const entry of readLedger(file)) {
      // What makes no call has one entry, its end.
      if (entry.kind === 'request.start' || entry.kind === 'request.end') begun.set(entry.request, entry.path);
      if (entry.kind === 'call.start') calls.add(begun.get(entry.request) ?? '');
    }
    const paths = new Set(begun.values());
    assert.deepEqual(
      [...answered].filter((path) => !paths.has(path)),
      [],
    );
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ readonly id: number }>('select id from rows');
    await client.end();
    assert.ok(rows.length >= 80, String(rows.length));
    assert.deepEqual(
      rows.filter((row) => !calls.has(`/writer/write/${row.id}`)),
      [],
    );
  });
});

describe('while the ledger takes nothing', () => {
  const noted: string[] = [];
  const note = (text: string): void => void noted.push(text);
  let database: TestDatabase;
  let runtime: TestRuntime;
  let holder: pg.Client;
  before(async () => {
    database = await openTestDatabase('create table rows (id int primary key)');
    runtime = await openTestRuntime({
      extensions: {
        writer: extension(source, {
          capabilities: { ...capabilities, emitter: { emit: ['noted'] }, services: { NoteService: { methods: true } } },
          limits: { ...limits, bodyOutBytes: 10_000 },
        }),
      },
      options: {
        database: database.url,
        ledger: { table: { chain: 'ahead' } },
        listeners: { filter: async (_event, payload) => payload, action: () => note('heard') },
        services: {
          NoteService: defineService({
            kind: 'object',
            service: { write: note, look: note },
            methods: { write: { args: [{ type: 'string' }], effect: true }, look: { args: [{ type: 'string' }], effect: false } },
          }),
        },
      },
      logLevel: 'silent',
    });
    assert.deepEqual(runtime.runtime.refused(), []);
    holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    // What boots is on the ledger too.
    assert.equal((await runtime.get('/writer/plain/0')).status, 200);
  });
  after(async () => {
    await holder.end();
    await runtime.close();
    await database.close();
  });

  /** What happened so far is written, and what comes now waits until `release`. */
  const hold = async (): Promise<void> => {
    await holder.query('begin');
    await holder.query('lock table cloister.ledger in access exclusive mode');
  };
  const release = (): Promise<unknown> => holder.query('commit');
  const countRows = async (): Promise<number> => (await holder.query('select from rows')).rowCount ?? 0;
  /** The reply, and that there was none before the ledger went on. */
  const askHeld = async (path: string, meanwhile: () => Promise<void> | void = () => undefined): Promise<Reply> => {
    await hold();
    let isAnswered = false;
    const asked = runtime.get(path).then((reply) => {
      isAnswered = true;
      return reply;
    });
    await waitUntil('it has begun', () => runtime.runtime.ledger().some((entry) => 'path' in entry && entry.path === path.split('?')[0]));
    await sleep(150);
    assert.equal(isAnswered, false);
    await meanwhile();
    await release();
    return asked;
  };

  const rows: readonly (readonly [name: string, path: string, status: number, text: string])[] = [
    ['an answer waits', '/writer/plain/1', 200, '"answered"'],
    ['an answer in pieces waits whole, and comes in order', '/writer/pieces', 200, 'one two three'],
    ['an answer that breaks before it could leave is an error', '/writer/halves', 502, 'ERR_RESPONSE_TOO_LARGE'],
    ['what no route answers waits', '/writer/next', 404, 'ERR_ROUTE_NOT_FOUND'],
    ['an error of the host waits', '/writer/write/x', 500, 'ERR_'],
  ];
  for (const [name, path, status, text] of rows) {
    test(name, async () => {
      const reply = await askHeld(path);
      assert.equal(reply.status, status, reply.text);
      assert.ok(reply.text.includes(text), reply.text);
    });
  }
  test('a row is not written', async () => {
    const reply = await askHeld('/writer/write/2', async () => assert.equal(await countRows(), 0));
    assert.equal(reply.text, '"written"');
    assert.equal(await countRows(), 1);
  });
  test('calls keep their order', async () => {
    const reply = await askHeld('/writer/order', () => assert.deepEqual(noted, []));
    assert.equal(reply.text, '"in order"');
    assert.deepEqual(noted, ['first', 'second', 'third']);
  });
  test('a call that nobody waits for is done before the answer ends its request', async () => {
    noted.splice(0);
    const reply = await askHeld('/writer/emits', () => assert.deepEqual(noted, []));
    assert.equal(reply.text, '"not waited for"');
    await waitUntil('it is heard', () => noted.length > 0);
    assert.deepEqual(noted, ['heard']);
  });
  test('a call after the answer finds its request over, and the ward is not blamed', async () => {
    noted.splice(0);
    const wards = runtime.wards();
    const reply = await askHeld('/writer/after');
    assert.equal(reply.text, '"answered before"');
    await waitUntil('it is heard', () => noted.length > 0);
    assert.deepEqual([noted, runtime.wards()], [['heard'], wards]);
  });
  test('a client that leaves costs no ward, and keeps no place until the ledger goes on', async () => {
    const wards = runtime.wards();
    await hold();
    const became = await runtime.request('/writer/write/5', { signal: AbortSignal.timeout(300) }).then(
      ({ status, text }) => `answered ${String(status)} ${text}`,
      () => 'left',
    );
    assert.equal(became, 'left');
    // Sooner than the host gives up waiting for the table.
    await waitUntil('its place is free', () => runtime.runtime.health().requests === 0, 3_500);
    await sleep(2_000);
    assert.deepEqual(runtime.wards(), wards);
    await release();
    assert.equal((await runtime.ended('/writer/write/5')).outcome, 'client gone');
  });
  test('for too long, nobody is answered but by 503, and nothing is written', async () => {
    const before = await countRows();
    await hold();
    const replies = await Promise.all([runtime.get('/writer/plain/3'), runtime.get('/writer/write/3')]);
    assert.deepEqual(
      replies.map(({ status, code }) => [status, code]),
      [
        [503, 'ERR_LEDGER_UNAVAILABLE'],
        [503, 'ERR_LEDGER_UNAVAILABLE'],
      ],
    );
    await release();
    assert.equal(await countRows(), before);
    assert.equal((await askAgain(runtime, '/writer/plain/4')).status, 200);
  });
});
