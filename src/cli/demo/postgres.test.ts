// Guards the embedded PostgreSQL: a real server that no end of its owner leaves behind, and that comes back after an unclean one.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { CloisterError } from '../../errors.ts';
import { findPostgresBinaries } from './binaries.ts';
import { type EmbeddedPostgres, openEmbeddedPostgres } from './postgres.ts';
import { seedDemo } from './seed.ts';
import { chooseAccount, findServerUser } from './server-user.ts';

const holder = join(import.meta.dirname, '../../../test/setup/programs/postgres-holder.ts');

const ask = async (url: string, sql: string): Promise<readonly unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};

/** Servers that hold the folder, by their command line. */
const serversOf = (folder: string): number => {
  const { stdout } = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes('postgres -D') && line.includes(`${folder}/`)).length;
};

const untilNoServer = async (folder: string): Promise<number> => {
  for (const until = Date.now() + 10_000; Date.now() < until && serversOf(folder) > 0; await sleep(20));
  return serversOf(folder);
};

const startHolder = async (folder: string, end = 'wait'): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [holder, folder, end], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  return child;
};

describe('the embedded PostgreSQL', () => {
  let folder = '';
  let postgres: EmbeddedPostgres | undefined;

  const open = async (): Promise<EmbeddedPostgres> => {
    postgres = await openEmbeddedPostgres({ folder, durable: false });
    return postgres;
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cloister-demo-'));
    chmodSync(folder, 0o711);
  });
  after(async () => {
    await postgres?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('serves on this machine alone, to a role that is no superuser', async () => {
    const { url, adminUrl } = await open();
    assert.equal(new URL(url).hostname, '127.0.0.1');
    assert.deepEqual(await ask(url, 'SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user'), [
      { rolsuper: false, rolbypassrls: false, rolcreaterole: true },
    ]);
    assert.deepEqual(await ask(adminUrl, "SELECT has_database_privilege('public', current_database(), 'TEMPORARY') AS temporary"), [
      { temporary: false },
    ]);
    assert.deepEqual(await ask(adminUrl, 'SHOW listen_addresses'), [{ listen_addresses: '127.0.0.1' }]);
  });

  test('lets nobody in without its password, which only its owner can read', async () => {
    const wrong = new URL((await open()).url);
    wrong.password = 'guess';
    await assert.rejects(ask(wrong.href, 'SELECT 1'), { code: '28P01' });
    assert.equal(statSync(join(folder, 'postgres-password')).mode & 0o777, 0o600);
    await postgres?.close();
  });

  test('keeps its rows from one start to the next, and seeds them once', async () => {
    const sqlFile = join(folder, 'demo.sql');
    writeFileSync(sqlFile, 'CREATE TABLE notes (id int PRIMARY KEY); INSERT INTO notes VALUES (1);');
    const { url, close } = await open();
    assert.equal(await seedDemo(url, sqlFile), true);
    await close();
    const again = await open();
    assert.equal(await seedDemo(again.url, sqlFile), false);
    assert.deepEqual(await ask(again.url, 'SELECT id FROM notes'), [{ id: 1 }]);
    await again.close();
  });

  test('leaves no table behind when seeding fails at its last step', async () => {
    const { url, close } = await open();
    await ask(url, 'DROP TABLE cloister_demo');
    const sqlFile = join(folder, 'broken.sql');
    writeFileSync(sqlFile, 'CREATE TABLE half (id int); CREATE TABLE cloister_demo ();');
    await assert.rejects(seedDemo(url, sqlFile), { code: '42P07' });
    assert.deepEqual(await ask(url, "SELECT to_regclass('half') AS half"), [{ half: null }]);
    await close();
  });

  test('is gone after close, also when asked twice', async () => {
    const { close } = await open();
    await Promise.all([close(), close()]);
    assert.equal(serversOf(folder), 0);
  });

  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
    test(`is gone when its owner ends by ${signal}, and starts again`, async () => {
      const child = await startHolder(folder);
      assert.equal(serversOf(folder) > 0, true);
      child.kill(signal);
      await once(child, 'exit');
      assert.equal(await untilNoServer(folder), 0);
      const { url, close } = await open();
      assert.deepEqual(await ask(url, 'SELECT 1 AS one'), [{ one: 1 }]);
      await close();
    });
  }

  test('is gone when its owner ends by an exception', async () => {
    const child = await startHolder(folder, 'throw');
    if (child.exitCode === null) await once(child, 'exit');
    assert.equal(await untilNoServer(folder), 0);
  });

  test('takes over a folder whose server was left running', async () => {
    const data = join(folder, 'postgres');
    const { postgres: binary } = findPostgresBinaries();
    const { prefix, spawnAs } = findServerUser(folder, [binary, data]);
    const [command = '', ...args] = [...prefix, binary, '-D', data];
    const settings = ['port=1', 'listen_addresses=', 'unix_socket_directories='].flatMap((setting) => ['-c', setting]);
    const stray = spawn(command, [...args, ...settings], { ...spawnAs, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const text of stray.stderr) if (String(text).includes('ready to accept')) break;
    const { url, close } = await open();
    assert.deepEqual(await ask(url, 'SELECT 1 AS one'), [{ one: 1 }]);
    assert.notEqual(stray.exitCode, null);
    await close();
  });

  test('is not stopped by a pid file whose number another process has by now', async () => {
    const data = join(folder, 'postgres');
    const { uid, gid } = statSync(data);
    // Of the server's own user: another user's process PostgreSQL itself takes for none of its own.
    const other = spawn('sleep', ['30'], { uid, gid, stdio: 'ignore' });
    try {
      writeFileSync(join(data, 'postmaster.pid'), `${other.pid}\n/elsewhere\n`);
      const { url, close } = await open();
      assert.deepEqual(await ask(url, 'SELECT 1 AS one'), [{ one: 1 }]);
      await close();
    } finally {
      other.kill();
    }
  });

  test('refuses a folder that another version made', async () => {
    const file = join(folder, 'postgres', 'PG_VERSION');
    const version = readFileSync(file, 'utf8');
    writeFileSync(file, '9.6\n');
    try {
      await assert.rejects(
        open(),
        (error) => error instanceof CloisterError && error.code === 'ERR_DATABASE_FAILED' && error.details['found'] === '9.6',
      );
    } finally {
      writeFileSync(file, version);
    }
  });
});

test('the embedded PostgreSQL works in a folder that is closed to every other user', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-demo-'));
  chmodSync(folder, 0o700);
  try {
    const { url, close } = await openEmbeddedPostgres({ folder: join(folder, 'inner'), durable: false });
    assert.deepEqual(await ask(url, 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user'), [{ rolsuper: false }]);
    await close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

describe('a root host gives the server', () => {
  const accounts = [
    { name: 'nobody', uid: 65_534, gid: 65_534 },
    { name: 'postgres', uid: 101, gid: 104 },
    { name: 'dana', uid: 1_000, gid: 1_000 },
  ];
  const rows = [
    { name: "to the checkout's owner", of: accounts, owner: 1_000, expected: 'dana' },
    { name: 'to postgres when root owns the checkout', of: accounts, owner: 0, expected: 'postgres' },
    { name: 'to nobody when there is no postgres', of: accounts.slice(0, 1), owner: 0, expected: 'nobody' },
    { name: 'to no one on a machine without either', of: [], owner: 0, expected: undefined },
  ];
  for (const { name, of, owner, expected } of rows) {
    test(name, () => assert.equal(chooseAccount(of, owner)?.name, expected));
  }
});
