// Where the spawner makes both ends of a ward's socket: Node has no socketpair. Must never take a stranger's end for one of its own.
import { randomBytes } from 'node:crypto';
import { createServer, Socket } from 'node:net';

export interface MeetingPlace {
  /** Both ends of a new connection. Ours was never read, not even by Node: what a ward says first is the host's. */
  meet(): Promise<readonly [ours: Socket, theirs: Socket]>;
}

const strangerMs = 1_000;
/** On whatever machine: both ends are this process's. */
const meetMs = 5_000;
const tokenBytes = 16;

/** It has a name of the kernel's, not of a folder's (unix(7), abstract): there is nothing to remove, and everybody may find it. Who comes with a token was sent by us. */
export const openMeetingPlace = async (): Promise<MeetingPlace> => {
  const name = `\0cloister-${randomBytes(16).toString('hex')}`;
  const expected = new Map<string, (theirs: Socket) => void>();
  const server = createServer((socket) => {
    socket.setTimeout(strangerMs, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      const token = data.toString('hex');
      const resolve = expected.get(token);
      if (resolve === undefined) socket.destroy();
      else resolve(socket);
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(name, resolve));
  return {
    async meet() {
      const token = randomBytes(tokenBytes);
      const ours = new Socket();
      ours.pause();
      const timer = setTimeout(() => ours.destroy(new Error('its ends did not meet in time')), meetMs);
      try {
        const theirs = await new Promise<Socket>((resolve, reject) => {
          expected.set(token.toString('hex'), resolve);
          ours.on('error', reject).once('close', () => reject(new Error('its ends did not meet')));
          ours.connect(name, () => ours.write(token));
        });
        return [ours, theirs];
      } finally {
        clearTimeout(timer);
        expected.delete(token.toString('hex'));
      }
    },
  };
};
