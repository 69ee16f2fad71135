// Runs the test files it is given in one process, one after the other, each as a suite of its own. Must never let what one file leaves behind pass for another's.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Leftover, membersOf } from './session.ts';

const root = join(import.meta.dirname, '../..');
const graceMs = 2_000;
const pollMs = 50;

/** The runner looks only when the whole batch is over. */
const findLeftovers = async (): Promise<readonly Leftover[]> => {
  // esbuild's process stays for the next file, and ends with this one.
  const find = (): readonly Leftover[] =>
    membersOf(process.pid).filter(({ pid, command }) => pid !== process.pid && !command.includes('esbuild --service='));
  for (const until = Date.now() + graceMs; find().length > 0 && Date.now() < until; ) await sleep(pollMs);
  return find();
};

/** A hook at the top of a file belongs to its suite: so it runs with its file's tests, and with no other's. */
for (const file of process.argv.slice(2))
  describe(file, async () => {
    await import(pathToFileURL(join(root, file)).href);
    after(async () => assert.deepEqual(await findLeftovers(), [], 'processes are left behind'));
  });
