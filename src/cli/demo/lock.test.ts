// Guards that one folder has one `npm start`: a living holder keeps its lock, a dead one loses it, and of many takers one wins.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { CloisterError } from '../../errors.ts';
import { acquireLock } from './lock.ts';

const program = join(import.meta.dirname, '../../../test/setup/programs/lock-holder.ts');
const isRefused = (error: unknown): boolean => error instanceof CloisterError && error.code === 'ERR_ALREADY_RUNNING';

const startHolder = async (folder: string): Promise<readonly [child: ChildProcess, said: string]> => {
  const child = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return [child, said.toString().trim()];
};

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
};

describe('the start lock', () => {
  let folder = '';
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cloister-lock-'));
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map(end));
    rmSync(folder, { recursive: true, force: true });
  });

  test('is refused while another process holds it, with its pid and URL', async () => {
    const [child] = await startHolder(folder);
    children.push(child);
    assert.throws(
      () => acquireLock(folder),
      (error) =>
        isRefused(error) &&
        error instanceof CloisterError &&
        error.details['pid'] === child.pid &&
        error.details['url'] === 'http://127.0.0.1:1' &&
        !error.message.includes('\n'),
    );
  });

  test('is refused to a second taker in the same process', () => {
    const lock = acquireLock(folder);
    assert.throws(() => acquireLock(folder), isRefused);
    lock.release();
    acquireLock(folder).release();
  });

  test('is taken from a holder that was killed', async () => {
    const [child] = await startHolder(folder);
    await end(child);
    acquireLock(folder).release();
  });

  test('is taken when its pid belongs to a process that began later', () => {
    writeFileSync(join(folder, 'start.lock'), `${process.pid}\n1\nhttp://127.0.0.1:1`);
    acquireLock(folder).release();
  });

  for (const [name, text] of [
    ['an empty file', ''],
    ['words', 'not a lock'],
    ['a pid that is no pid', '-1\n'],
  ] as const) {
    test(`is taken from ${name}`, () => {
      writeFileSync(join(folder, 'start.lock'), text);
      acquireLock(folder).release();
    });
  }

  test('goes to one of many takers of a dead lock', async () => {
    writeFileSync(join(folder, 'start.lock'), `${2 ** 22 + 1}\n1\n`);
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => startHolder(folder)));
    children.push(...outcomes.map(([child]) => child));
    assert.deepEqual(
      outcomes.map(([, said]) => said).filter((said) => said === 'locked'),
      ['locked'],
    );
  });

  test('leaves no file behind', () => {
    const lock = acquireLock(folder);
    lock.announce('http://127.0.0.1:1');
    lock.release();
    assert.deepEqual(readdirSync(folder), []);
  });
});
