// The invariant: of all hosts that share a database one runs a schedule, and when it goes another does; what was not run is on the ledger. Must never leave a host behind.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { hook } from '../helpers/hook.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import { openTemporaryFolder } from '../packages/package-writer.ts';

const ticking = hook(
  `export default ({ schedule }, { database, env }) => schedule('* * * * * *', async () => { await database('ticks').insert({ host: env.HOST_NAME }); });`,
  { schedule: true },
  { registerMs: 20_000, wallMs: 10_000 },
  { database: { tables: { ticks: { create: true } } }, env: { keys: ['HOST_NAME'] } },
);
const setUp = 'create table ticks (id serial primary key, host text, at timestamptz default now());';
const patienceMs = 30_000;

let database: TestDatabase;
let client: pg.Client;
before(async () => {
  database = await openTestDatabase(setUp);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
after(async () => {
  await client.end();
  await database.close();
});

const openHost = (name: string): Promise<TestRuntime> =>
  openTestRuntime({ extensions: { ticking }, options: { database: database.url, env: { HOST_NAME: name } } });
const ticksOf = async (name: string): Promise<number> =>
  Number((await client.query('select count(*) from ticks where host = $1', [name])).rows[0]?.count);
const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + patienceMs; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 50)))
    if (performance.now() > end) assert.fail(`${what}: not within ${patienceMs} ms`);
};
const moreOf = async (name: string, most: number): Promise<void> => {
  const start = await ticksOf(name);
  await until(`${most} more ticks of ${name}`, async () => (await ticksOf(name)) >= start + most);
};

describe('a schedule on two hosts of one database', () => {
  test('runs on the one that holds its lock, and on the other when that one closes', async () => {
    const first = await openHost('first');
    await moreOf('first', 1);
    const second = await openHost('second');
    try {
      await moreOf('first', 2);
      assert.equal(await ticksOf('second'), 0);
      assert.deepEqual(
        second.runtime.schedules().map(({ once: reach }) => reach),
        ['database'],
      );
    } finally {
      await first.close();
    }
    try {
      await moreOf('second', 2);
    } finally {
      await second.close();
    }
  });

  test('runs on the other when the one that holds its lock is killed', async () => {
    const child = await startHost('killed');
    let survivor: TestRuntime | null = null;
    try {
      await moreOf('killed', 1);
      survivor = await openHost('survivor');
      const before = await ticksOf('survivor');
      await moreOf('killed', 2);
      assert.equal(await ticksOf('survivor'), before);
      await kill(child);
      await moreOf('survivor', 2);
    } finally {
      await kill(child);
      await survivor?.close();
    }
  });

  test('goes on when the session of its lock is cut', async () => {
    const host = await openHost('cut');
    try {
      await moreOf('cut', 1);
      await client.query(
        `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`,
      );
      await moreOf('cut', 2);
    } finally {
      await host.close();
    }
  });
});

test('a run that the database could not decide is on the ledger as missed, and the next ones go on', async () => {
  const host = await openHost('missed');
  const admin = new URL(database.url);
  const name = admin.pathname.slice(1);
  admin.pathname = '/postgres';
  const outside = new pg.Client({ connectionString: admin.href });
  await outside.connect();
  try {
    await moreOf('missed', 1);
    await outside.query(`alter database ${name} with allow_connections false`);
    await client.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`,
    );
    await host.entry('life', ({ event, subject }) => event === 'schedule.missed' && subject === '* * * * * *');
    await outside.query(`alter database ${name} with allow_connections true`);
    await moreOf('missed', 2);
  } finally {
    await outside.query(`alter database ${name} with allow_connections true`);
    await outside.end();
    await host.close();
  }
});

test('a run whose predecessor goes on is left out, and on the ledger', async () => {
  const host = await openTestRuntime({
    extensions: {
      slow: hook(
        `export default ({ schedule }) => schedule('* * * * * *', () => new Promise((resolve) => setTimeout(resolve, 2500)));`,
        { schedule: true },
        { wallMs: 20_000, registerMs: 20_000 },
      ),
    },
  });
  try {
    const overlap = await host.entry('life', ({ event }) => event === 'schedule.overlap');
    assert.deepEqual([overlap.extension, overlap.subject], ['slow', '* * * * * *']);
    await host.entry('request.end', (one) => one.method === 'SCHEDULE' && one.outcome === 'answered' && one.chain === 'schedule');
  } finally {
    await host.close();
  }
});

test('what a schedule emits has a chain of its own: it begins with the schedule and comes back to no event of its own', async () => {
  const host = await openTestRuntime({
    extensions: {
      turning: hook(
        `export default ({ schedule, filter }, { emitter, logger }) => {
          schedule('* * * * * *', async () => logger.info({ got: await emitter.emitFilter('turn.one', 1, {}) }, 'a turn'));
          filter('turn.one', async () => { try { return await emitter.emitFilter('turn.one', 1, {}); } catch (error) { return error.code; } });
        };`,
        { schedule: true, emit: ['turn.*'], listen: ['turn.*'] },
        { wallMs: 10_000, registerMs: 20_000 },
      ),
    },
  });
  try {
    await waitUntil('a turn', () => host.logs.some(({ msg }) => msg === 'a turn'));
    assert.deepEqual(host.logs.find(({ msg }) => msg === 'a turn')?.['guest'], { got: 'ERR_EVENT_LOOP' });
    const { subject } = await host.entry('life', ({ event }) => event === 'event.refused');
    assert.equal(subject, 'turn.one → turn.one');
  } finally {
    await host.close();
  }
});

const startHost = async (name: string): Promise<ChildProcess> => {
  const folder = await openTemporaryFolder();
  for (const [file, content] of Object.entries(ticking)) await folder.write({ [`ticking/${file}`]: content });
  const child = spawn(process.execPath, [join(import.meta.dirname, 'schedule-host.ts'), folder.root, database.url, name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { stdout } = child;
  assert.ok(stdout !== null);
  await Promise.race([once(stdout, 'data'), once(child, 'exit').then(() => assert.fail('the host did not start'))]);
  child.once('exit', () => void folder.remove());
  return child;
};

/** Of a process: itself and what it started. */
const familyOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        return Number(readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]) === pid;
      } catch {
        return false;
      }
    })
    .map(Number);

const isThere = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const wards = familyOf(child.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await waitUntil('the wards of the killed host end', () => !wards.some(isThere));
};
