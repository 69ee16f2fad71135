// The spawner: a small process that starts wards for its host, since a fork takes the longer the more memory the one has that forks. Must never read what a ward says, nor outlive its host.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer, Socket } from 'node:net';
import type { FromSpawner, StartMessage, ToSpawner } from './messages.ts';
import { describeEnd } from './started.ts';

if (process.send === undefined) throw new Error('the spawner is started by its host, with a channel');

const children = new Map<number, ChildProcess>();
const tell = (message: FromSpawner, socket?: Socket): void => {
  process.send?.(message, socket, {}, () => undefined);
};

process.on('disconnect', () => {
  for (const child of children.values()) child.kill('SIGKILL');
  process.exit();
});
// They come to the host too, which ends its wards before it ends this.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

/** A name of the kernel's, not of a folder's (unix(7), abstract): there is nothing to remove. Others may find it. */
const meetingPlace = `\0cloister-${randomBytes(16).toString('hex')}`;
const strangerMs = 1_000;
const tokenBytes = 16;
/** Who comes with one of these was sent by us. */
const expected = new Map<string, (theirs: Socket) => void>();

const server = createServer((socket) => {
  socket.setTimeout(strangerMs, () => socket.destroy());
  socket.on('error', () => undefined);
  socket.once('data', (data) => {
    const token = data.toString('hex');
    const resolve = expected.get(token);
    expected.delete(token);
    if (resolve === undefined) socket.destroy();
    else resolve(socket);
  });
});

/** Both ends of a new connection. Ours is not read here, not even by Node: what a ward says first is the host's. */
const meet = async (): Promise<readonly [ours: Socket, theirs: Socket]> => {
  const token = randomBytes(tokenBytes);
  const ours = new Socket();
  ours.pause();
  const theirs = await new Promise<Socket>((resolve, reject) => {
    expected.set(token.toString('hex'), resolve);
    ours.once('error', reject).once('close', () => reject(new Error('its ends did not meet')));
    ours.connect(meetingPlace, () => ours.write(token));
  });
  return [ours, theirs];
};

const start = async ({ start: id, program, environment }: StartMessage): Promise<void> => {
  const [ours, theirs] = await meet();
  const child = spawn(program.file, program.args, { env: environment, stdio: ['ignore', 'ignore', 'ignore', theirs] });
  theirs.destroy();
  child.on('error', (error) => {
    ours.destroy();
    tell({ failed: id, reason: error.message });
  });
  child.on('exit', (code, signal) => {
    children.delete(id);
    tell({ ended: id, how: describeEnd(code, signal) });
  });
  if (child.pid === undefined) return;
  children.set(id, child);
  tell({ started: id, pid: child.pid }, ours);
};

process.on('message', (message: ToSpawner) => {
  if ('kill' in message) children.get(message.kill)?.kill('SIGKILL');
  else start(message).catch((error: unknown) => tell({ failed: message.start, reason: String(error) }));
});

server.listen(meetingPlace, () => tell({ ready: true }));
