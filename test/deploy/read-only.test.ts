// A host as a container runs it: uid 10001, no capability, no way to new privileges, a root that nobody can write. Must never fail where the machine lets nobody make such a root: then it says so.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '../..');
const patienceMs = 90_000;

/** All file systems of this process and those below, read-only; then as a container's user. */
const asContainer = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount -o remount,bind,ro / && exec setpriv --reuid 10001 --regid 10001 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs -- "$@"',
  'sh',
];
const [program = '', ...args] = asContainer;
const seen = spawnSync(program, [...args, process.execPath, '-e', ''], { encoding: 'utf8' });
/** Empty where it can be shown. */
const obstacle =
  process.getuid?.() !== 0 ? 'only root can make a read-only root' : seen.status !== 0 ? `no such root here: ${seen.stderr}` : '';

if (obstacle !== '')
  test(`a read-only root cannot be made by this user, so nothing is shown: ${obstacle}`, () => assert.notEqual(obstacle, ''));
else
  describe('a host with a read-only root, as nobody', () => {
    let host: ChildProcess;
    let output = '';
    let url = '';
    before(async () => {
      host = spawn(
        program,
        [
          ...args,
          process.execPath,
          join(root, 'src/cli/main.ts'),
          'serve',
          join(root, 'extensions/greet'),
          '--approve',
          'requested',
          '--port',
          '0',
        ],
        { cwd: '/', env: { PATH: process.env['PATH'], NODE_ENV: 'production' }, stdio: ['ignore', 'pipe', 'pipe'] },
      );
      for (const stream of [host.stdout, host.stderr]) stream?.on('data', (part: Buffer) => void (output += part.toString()));
      for (const until = performance.now() + patienceMs; url === '' && host.exitCode === null && performance.now() < until; await sleep(50))
        url = /Cloister serves 1 extension on (\S+)/.exec(output)?.[1] ?? '';
      assert.notEqual(url, '', output);
    });
    after(async () => {
      if (host.exitCode === null) host.kill('SIGKILL');
    });

    test('can write nowhere', () => {
      const text = `
      const fs = require('node:fs');
      const places = ['/', '/etc', '/var/tmp', ${JSON.stringify(root)}];
      console.log(places.filter((place) => { try { fs.writeFileSync(place + '/written-by-a-test', ''); return true; } catch { return false; } }).length,
        /CapEff:\\s+(\\S+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1], process.getuid());`;
      assert.equal(spawnSync(program, [...args, process.execPath, '-e', text], { encoding: 'utf8' }).stdout, '0 0000000000000000 10001\n');
    });
    test('serves', async () => {
      const reply = await fetch(`${url}/greet`);
      assert.equal(reply.status, 200);
      assert.equal((await fetch(`${url}/_cloister/ready`)).status, 200);
    });
    test('holds its wards back as far as one without rights can', () => {
      const held = /wards are held back by (.*)/.exec(output)?.[1] ?? '';
      for (const measure of ['permission', 'limits']) assert.ok(held.includes(measure), output);
    });
    test('ends with 0 on SIGTERM', async () => {
      const ended = new Promise((resolve) => host.once('exit', resolve));
      host.kill('SIGTERM');
      assert.equal(await ended, 0);
    });
  });
