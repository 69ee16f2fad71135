// A ward that is in an attacker's hands: speaks the frames of a ward, true ones and false ones, by chance from a seed. Must run as a process of its own, in the place of a real ward.
import { Socket } from 'node:net';
import { type Frame, FrameReader, FrameWriter } from '../../../sandbox/protocol/frames.ts';
import { toHost, toWard } from '../../../sandbox/protocol/kinds.ts';
import { makeRandom } from '../../helpers/random.ts';
import { makeTexts } from '../texts.ts';

const seed = Number(process.argv.at(-1)) ^ process.pid;
const random = makeRandom(seed);
const below = (bound: number): number => Math.floor(random() * bound);
const pick = <Item>(list: readonly Item[]): Item => list[below(list.length)] as Item;
const texts = makeTexts(random);

const socket = new Socket({ fd: 3 });
const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};
socket.on('close', die);
socket.on('error', die);
const writer = new FrameWriter(
  (buffers) => {
    for (const buffer of buffers) socket.write(buffer);
  },
  (flush) => setImmediate(flush),
);
const leases: number[] = [];
const cells: number[] = [];
const kinds = Object.values(toHost);

const anyId = (): number =>
  pick([
    () => pick(leases) ?? 0,
    () => pick(cells) ?? 0,
    () => (pick(leases) ?? 0) + 1,
    () => Math.max(0, (pick(leases) ?? 0) - 1),
    () => below(64),
    () => 0,
    () => 0xffff_ffff,
    () => below(0xffff_ffff),
  ])();

const anyRaw = (): Uint8Array | null => pick([null, new Uint8Array(0), Buffer.from('forged'), new Uint8Array(below(70_000)).fill(120)]);

const falseFrame = (): void => {
  // Being caught ends a ward at once: the frames that only are rare keep it alive longer.
  const kind = random() < 0.98 ? pick(kinds) : below(256);
  if ((kind === toHost.ended || kind === toHost.ready) && random() < 0.8) return;
  writer.write(kind, anyId(), anyId(), anyId(), texts.any(kind), anyRaw());
};

const rawBytes = (): void => {
  writer.flush();
  const bytes = Buffer.alloc(below(400));
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = below(256);
  socket.write(bytes);
};

/** What a real ward would say, marked so that a client can tell which ward it hears. */
const answer = (lease: number): void => {
  const mark = `ward ${process.pid}`;
  if (random() < 0.6) {
    writer.write(toHost.respond, lease, 0, 0, JSON.stringify([200, 'x-ward', String(process.pid)]), mark);
  } else {
    writer.write(toHost.head, lease, 0, 0, JSON.stringify([200, 'x-ward', String(process.pid)]), null);
    for (let part = below(4); part >= 0; part -= 1) writer.write(toHost.chunk, lease, 0, 0, '', part === 0 ? mark : 'part ');
    writer.write(toHost.end, lease, 0, 0, '', null);
  }
  writer.write(toHost.settled, lease, below(10_000), below(1_000), '', null);
};

/** An answer that has begun, and another in its place. */
const answerTwice = (lease: number): void => {
  writer.write(toHost.head, lease, 0, 0, JSON.stringify([200]), null);
  writer.write(toHost.respond, lease, 0, 0, JSON.stringify([200]), 'again');
  writer.write(toHost.settled, lease, 0, 0, '', null);
};

const onRequest = (frame: Frame): void => {
  leases.push(frame.id);
  if (leases.length > 200) leases.shift();
  if (frame.text.includes('/honest')) return answer(frame.id);
  if (frame.text.includes('/twice')) return answerTwice(frame.id);
  for (let count = below(12); count > 0; count -= 1) falseFrame();
  const mood = random();
  if (mood < 0.55) answer(frame.id);
  else if (mood < 0.8) setTimeout(() => answer(frame.id), below(60));
  else if (mood < 0.82) rawBytes();
  else if (mood < 0.84) die();
  else if (mood < 0.86) for (let count = 0; count < 2_000; count += 1) falseFrame();
};

const onFrame = (frame: Frame): void => {
  if (frame.kind === toWard.open) {
    // The first cell is served, or nothing would be there to attack.
    cells.push(frame.id);
    leases.push(frame.a);
    const registered = JSON.stringify({ mounts: ['evil'], hooks: 0, listeners: [] });
    writer.write(toHost.opened, frame.id, 0, 0, cells.length === 1 || random() < 0.9 ? registered : texts.any(toHost.opened), null);
  } else if (frame.kind === toWard.request || frame.kind === toWard.job) {
    onRequest(frame);
  } else if (frame.kind === toWard.close) {
    writer.write(toHost.ended, frame.id, 0, 0, '', null);
  } else if (frame.kind === toWard.cancel) {
    if (random() < 0.9) writer.write(toHost.settled, frame.id, 0, 0, '', null);
  } else if (random() < 0.05) {
    falseFrame();
  }
};
const reader = new FrameReader({ maxTextBytes: 2 ** 28, maxRawBytes: 2 ** 30 }, onFrame, die);
socket.on('data', (data: Buffer) => reader.push(data));
setInterval(() => random() < 0.3 && cells.length > 0 && falseFrame(), 40);
writer.write(toHost.ready, 0, 0, 0, '{}', null);
