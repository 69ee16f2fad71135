// What a ward holds as a process, should somebody take it over: no environment, no argument, no descriptor of the host's. Linux, where /proc tells.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findArtefacts } from '../../src/wards/artefacts.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const canary = 'canary-91d4';
const source = `export default (router, { database }) => { router.get('/', async (req, res) => res.json((await database('things').select('*')).length)); };`;

let database: TestDatabase;
let runtime: TestRuntime;
before(async () => {
  process.env['CLOISTER_TEST_SECRET'] = canary;
  database = await openTestDatabase('create table things (id int)');
  const capabilities = { database: { tables: { things: { read: true } } } };
  runtime = await openTestRuntime({
    extensions: { held: extension(source, { capabilities, limits: { cpuMs: 5_000, wallMs: 20_000 } }) },
    options: { database: database.url, env: { SECRET: canary } },
  });
  assert.equal((await runtime.get('/held')).json(), 0);
  // A spare that the launcher has not become yet is no ward yet.
  await waitUntil('every ward is one', () => runtime.wards().every((pid) => !procOf(pid, 'cmdline').startsWith('/usr/bin/perl')), 30_000);
});
after(async () => {
  await runtime.close();
  await database.close();
});

const procOf = (pid: number, name: string): string => readFileSync(`/proc/${pid}/${name}`, 'latin1').replaceAll('\0', '\n').trim();

const statusOf = (pid: number, name: string): string => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(procOf(pid, 'status'))?.[1] ?? '';
const limitOf = (pid: number, name: string): string => new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(procOf(pid, 'limits'))?.[1] ?? '';
const namespaceOf = (pid: number | 'self', name: string): string => readlinkSync(`/proc/${pid}/ns/${name}`);

/** What the kernel says of a ward under each measure. */
const signs: Readonly<Record<string, (pid: number) => void>> = {
  permission: (pid) => assert.match(procOf(pid, 'cmdline'), /^--permission$/m),
  user: (pid) => {
    assert.match(statusOf(pid, 'Uid'), /^(?:65533\s*){4}$/);
    assert.equal(statusOf(pid, 'Groups').trim(), '');
    assert.equal(statusOf(pid, 'CapEff'), '0'.repeat(16));
  },
  limits: (pid) => {
    assert.equal(limitOf(pid, 'Max core file size'), '0');
    assert.equal(limitOf(pid, 'Max file size'), '0');
    assert.equal(limitOf(pid, 'Max open files'), '128');
  },
  network: (pid) => {
    for (const name of ['net', 'ipc', 'uts']) assert.notEqual(namespaceOf(pid, name), namespaceOf('self', name));
    assert.doesNotMatch(procOf(pid, 'net/tcp').split('\n').slice(1).join('\n'), /\w/);
  },
  files: (pid) => assert.equal(statusOf(pid, 'NoNewPrivs'), '1'),
  calls: (pid) => assert.equal(statusOf(pid, 'Seccomp'), '2'),
};

describe('what holds a ward back', () => {
  test('is said of each measure, with a cause where it is missing', () => {
    const reports = runtime.runtime.hardening();
    assert.deepEqual(
      reports.map(({ measure }) => measure),
      Object.keys(signs),
    );
    for (const { active, cause, remedy } of reports) assert.ok(active ? cause === '' : cause !== '' && remedy !== '');
    assert.ok(reports.some(({ measure, active }) => measure === 'permission' && active));
  });
  test('is there: the kernel says so of every ward', () => {
    const active = runtime.runtime.hardening().filter((report) => report.active);
    for (const pid of runtime.wards()) for (const { measure } of active) signs[measure]?.(pid);
  });
  test('is on the log in one line', () => assert.equal(runtime.logs.filter(({ msg }) => msg === 'wards are held back').length, 1));
  test('is required or the runtime does not start', async () => {
    /** One that starts all the same is closed: it would keep this file from ending. */
    const openWith = async (hardening: object): Promise<void> =>
      (await openTestRuntime({ extensions: {}, options: { wards: { hardening, execPath: script } } })).close();
    const folder = await mkdtemp(join(tmpdir(), 'cloister-script-'));
    const script = join(folder, 'node');
    await writeFile(script, `#!/bin/sh\nexec '${findArtefacts(undefined).execPath}' "$@"\n`, { mode: 0o755 });
    await assert.rejects(openWith({ files: 'require' }), { code: 'ERR_HARDENING_MISSING' });
    await rm(folder, { recursive: true });
  });
});

describe('a ward as a process', () => {
  test('there is one', () => assert.ok(runtime.wards().length > 0));
  test('has no environment but the time zone', () => {
    for (const pid of runtime.wards()) assert.match(procOf(pid, 'environ'), /^(?:TZ=[^\n]*)?$/);
  });
  test('was started with nothing but flags and its own script', () => {
    for (const pid of runtime.wards()) {
      const [, ...args] = procOf(pid, 'cmdline').split('\n');
      assert.match(args.at(-1) ?? '', /\/dist\/sandbox\/ward\.js$/);
      for (const arg of args.slice(0, -1)) assert.match(arg, /^--/);
    }
  });
  test('has no socket but the one to its host, and no file of the host’s open', () => {
    for (const pid of runtime.wards()) {
      const targets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
        } catch {
          return [];
        }
      });
      const sockets = targets.filter((target) => target.startsWith('socket:'));
      assert.ok(sockets.length <= 1, targets.join(' '));
      for (const target of targets) assert.match(target, /^(?:socket:|anon_inode:|pipe:|\/dev\/(?:null|urandom)$)/, targets.join(' '));
    }
  });
  test('listens nowhere and is connected nowhere', () => {
    const inodes = new Set<string>();
    for (const pid of runtime.wards())
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        if (inode !== undefined) inodes.add(inode);
      }
    for (const table of ['tcp', 'tcp6', 'udp', 'udp6'])
      for (const line of readFileSync(`/proc/net/${table}`, 'latin1').split('\n').slice(1)) {
        const inode = line.trim().split(/\s+/)[9];
        assert.ok(inode === undefined || !inodes.has(inode), `a ward has a ${table} socket`);
      }
  });
});
