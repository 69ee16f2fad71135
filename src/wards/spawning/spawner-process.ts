// The spawner: a small process that starts wards for its host, since a fork takes the longer the more memory the one has that forks. Must never read what a ward says, nor outlive its host.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { makeFirstToGo } from '../first-to-go.ts';
import { birthOf } from './birth.ts';
import { openMeetingPlace } from './meeting-place.ts';
import type { FromSpawner, StartMessage, ToSpawner } from './messages.ts';
import { describeEnd } from './started.ts';

if (process.send === undefined) throw new Error('the spawner is started by its host, with a channel');

/** Killed children that do not go are left to whoever comes after their parent. */
const leaveMs = 2_000;

const children = new Map<number, ChildProcess>();
let isLeaving = false;
const tell = (message: FromSpawner, socket?: Socket): void => {
  process.send?.(message, socket, {}, () => undefined);
};

/** Sees its children end first: in a container nobody else may take note of it. */
const leave = (): void => {
  if (isLeaving) return;
  isLeaving = true;
  for (const child of children.values()) child.kill('SIGKILL');
  if (children.size === 0) process.exit();
  setTimeout(() => process.exit(), leaveMs);
};
process.on('disconnect', leave);
// A channel with a socket under way does not say that its other end is gone.
process.stdin.resume().on('close', leave).on('error', leave);
// They come to the host too, which ends its wards before it ends this.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const place = await openMeetingPlace();

const start = async ({ start: id, program, environment }: StartMessage): Promise<void> => {
  const [ours, theirs] = await place.meet();
  try {
    if (isLeaving) throw new Error('the host is gone');
    const child = spawn(program.file, program.args, { env: environment, stdio: ['ignore', 'ignore', 'ignore', theirs] });
    child.on('error', (error) => {
      ours.destroy();
      tell({ failed: id, reason: error.message });
    });
    if (child.pid === undefined) return;
    child.on('exit', (code, signal) => {
      children.delete(id);
      if (isLeaving && children.size === 0) process.exit();
      tell({ ended: id, how: describeEnd(code, signal) });
    });
    children.set(id, child);
    makeFirstToGo(child.pid);
    tell({ started: id, pid: child.pid, birth: birthOf(child.pid) }, ours);
  } catch (error) {
    ours.destroy();
    throw error;
  } finally {
    theirs.destroy();
  }
};

process.on('message', (message: ToSpawner) => {
  if ('kill' in message) children.get(message.kill)?.kill('SIGKILL');
  else start(message).catch((error: unknown) => tell({ failed: message.start, reason: String(error) }));
});
tell({ ready: true });
