// A lock and kept scripts on a disk that is not as it should be: links, folders, pipes, cut files, no room. Must never hang, nor show a stack.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { CloisterError } from '../../src/errors.ts';
import { asking, type ConsentFixture, openConsentFixture, says } from '../helpers/consent.ts';

const patience = { timeout: 600_000 };
let fixture: ConsentFixture;

beforeEach(async () => {
  fixture = await openConsentFixture();
  await fixture.write('greet', says('one'));
  await fixture.approve('greet');
});
afterEach(() => fixture.close());

/** One line that begins with the place, and has a remedy after the cause. */
const isLine = (code: string) => (error: unknown) => {
  const { code: found, message } = error as CloisterError;
  assert.equal(found, code, message);
  assert.match(message, /^[^\n]*\.lock\.json[^\n]*: [^\n]+; [^\n]+$/);
  return true;
};

describe('a lock that is a link', patience, () => {
  test('stays one: what it leads to is written, and scripts are kept beside the link', async () => {
    const real = join(fixture.root, 'kept', 'approvals.json');
    await mkdir(join(fixture.root, 'kept'));
    await rename(fixture.lock, real);
    await symlink(real, fixture.lock);
    await fixture.write('other', says('other'));
    await fixture.approve('other');
    assert.equal((await lstat(fixture.lock)).isSymbolicLink(), true);
    assert.deepEqual(Object.keys(JSON.parse(await readFile(real, 'utf8')).extensions), ['greet', 'other']);
    assert.deepEqual(
      [(await readdir(join(fixture.root, 'kept'))).toSorted(), (await readdir(fixture.root)).toSorted()],
      [['approvals.json'], ['.cloister', 'cloister.lock.json', 'kept', 'packages']],
    );
  });
  test('to nothing is refused, and left as it is', async () => {
    await rm(fixture.lock);
    await symlink('nowhere.json', fixture.lock);
    await assert.rejects(fixture.approve('greet'), isLine('ERR_LOCK_INVALID'));
    assert.equal((await lstat(fixture.lock)).isSymbolicLink(), true);
  });
});

describe('a lock that cannot be read is told in one line', patience, () => {
  const rows: readonly (readonly [string, (lock: string) => Promise<unknown>])[] = [
    ['a folder', (lock) => mkdir(lock)],
    ['an empty file', (lock) => writeFile(lock, '')],
    ['a file that was cut', (lock) => writeFile(lock, '{"lockVersion":1,"exten')],
    ['a pipe', async (lock) => execFileSync('mkfifo', [lock])],
  ];
  for (const [name, make] of rows)
    test(name, async () => {
      await rm(fixture.lock);
      await make(fixture.lock);
      await assert.rejects(fixture.approve('greet'), isLine('ERR_LOCK_INVALID'));
      await assert.rejects(fixture.serve(), isLine('ERR_LOCK_INVALID'));
    });
});

test('a disk without room: one line, the lock as it was, and no half file', patience, async () => {
  const was = await readFile(fixture.lock, 'utf8');
  await symlink('/dev/full', `${fixture.lock}.new`);
  await assert.rejects(fixture.approve('greet', { by: 'bob' }), isLine('ERR_LOCK_INVALID'));
  assert.equal(await readFile(fixture.lock, 'utf8'), was);
  assert.deepEqual((await readdir(fixture.root)).toSorted(), ['.cloister', 'cloister.lock.json', 'packages']);
});

test('a kept script that is a pipe is not waited on, and the next approval puts the script in its place', patience, async () => {
  const { artifact } = await fixture.approve('greet');
  const kept = join(fixture.root, '.cloister/artifacts', `${artifact}.js`);
  await rm(kept);
  execFileSync('mkfifo', [kept]);
  await fixture.write('greet', says('two'), asking('A', 'B'));
  const { runtime } = await fixture.serve();
  assert.deepEqual(
    runtime.refused().map(({ error }) => error.code),
    ['ERR_APPROVAL_NEEDED', 'ERR_ARTIFACT_INVALID'],
  );
  await fixture.write('greet', says('one'));
  await fixture.approve('greet');
  assert.equal((await lstat(kept)).isFile(), true);
});
