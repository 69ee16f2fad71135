// The ward: a child process that holds cells and speaks frames with its host over descriptor 3. Must never hold a secret, and never leaves but by SIGKILL.
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { FrameReader, FrameWriter } from '../protocol/frames.ts';
import { toHost } from '../protocol/kinds.ts';
import { Ward } from './ward.ts';

/** A timeout that is not needed any more still wakes its thread when it would have been due, one by one: so many nanoseconds of them wake it once. */
const timerSlackNs = 1_000_000;
try {
  writeFileSync('/proc/self/timerslack_ns', String(timerSlackNs));
} catch {
  // Only Linux has it.
}

const watchMs = 25;
/** The host is trusted; the caps only keep a broken stream from being read as a gigantic frame. */
const caps = { maxTextBytes: 256 * 1024 * 1024, maxRawBytes: 1024 * 1024 * 1024 };

/** What a host says that is an author's own. */
const inspectArgument = 'inspectable';

const socket = new Socket({ fd: 3 });
const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

const writer = new FrameWriter(
  (buffers) => {
    socket.cork();
    for (const buffer of buffers) socket.write(buffer);
    socket.uncork();
  },
  (flush) => setImmediate(flush),
);

const ward = new Ward(
  {
    write: (kind, id, a, b, text, raw) => writer.write(kind, id, a, b, text, raw),
    backlogBytes: () => writer.pendingBytes + socket.writableLength,
    /** Says what there is to say, then ends the process. */
    die: () => {
      writer.flush();
      socket.write('', die);
      setTimeout(die, 100);
    },
  },
  process.argv.includes(inspectArgument),
);

const reader = new FrameReader(caps, (frame) => ward.receive(frame), die);
socket.on('data', (data: Buffer) => reader.push(data));
// The host is gone: so is every reason to run.
socket.on('close', die);
socket.on('error', die);
process.on('disconnect', die);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
setInterval(() => ward.watch(performance.now()), watchMs);
writer.write(toHost.ready, 0, 0, 0, JSON.stringify({ node: process.versions.node, v8: process.versions.v8, pid: process.pid }), null);
