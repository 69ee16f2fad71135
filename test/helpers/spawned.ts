// What tests of the spawner start, and how they wait for it. Must never leave a process behind that would keep theirs.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Started } from '../../src/wards/spawning/started.ts';

/** For `skip`. */
export const whyNot = process.platform === 'linux' ? false : 'only Linux copies who forks';
export const waitMs = 10_000;
/** For one that is to hang: long enough for a busy machine, short enough to wait for. */
export const obeyMs = 1_500;

/** A program that has its descriptor 3 as `socket`. */
export const program = (source: string, ...args: readonly string[]) => ({
  file: process.execPath,
  args: ['-e', `const socket = new (require('node:net').Socket)({ fd: 3 }); ${source}`, ...args],
});
export const lost = { how: 'was killed: the process that starts wards is gone', blameless: true };
export const echo = program("socket.pipe(socket); socket.on('close', () => process.exit(0))");

export const read = async ({ socket }: Started, bytes: number): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(parts);
};
export const isThere = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${String(pid)}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
};
export const end = (pid: number): void => {
  if (isThere(pid)) process.kill(pid, 'SIGKILL');
};
/** What is there still is ended: it would keep this process. */
export const untilGone = async (pid: number): Promise<void> => {
  for (const until = performance.now() + waitMs; isThere(pid); await sleep(10)) {
    if (performance.now() < until) continue;
    end(pid);
    throw new Error(`process ${String(pid)} is there still`);
  }
};
/** A promise that would never settle would keep it too. */
export const inTime = async <Value>(promise: Promise<Value>): Promise<Value> => {
  const timer = new AbortController();
  const late = sleep(waitMs, null, { signal: timer.signal }).then(() => {
    throw new Error(`not within ${String(waitMs)} ms`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    late.catch(() => undefined);
    timer.abort();
  }
};
export const parentOf = (pid: number): number =>
  Number(
    readFileSync(`/proc/${String(pid)}/stat`, 'latin1')
      .split(') ')
      .at(-1)
      ?.split(' ')[1],
  );
