// What a ward holds as a process, should somebody take it over: no environment, no argument, no descriptor of the host's. Linux, where /proc tells.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

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
});
after(async () => {
  await runtime.close();
  await database.close();
});

const procOf = (pid: number, name: string): string => readFileSync(`/proc/${pid}/${name}`, 'latin1').replaceAll('\0', '\n').trim();

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
