// A host with so much in memory that starts processes both ways, in turns, and says how long its event loop stood still for each.
import { setTimeout as sleep } from 'node:timers/promises';
import { openSpawnerChild } from '../../src/wards/spawning/spawner-child.ts';
import { type Started, startDirectly } from '../../src/wards/spawning/started.ts';

const [hostMb = 0, samples = 0] = process.argv.slice(2).map(Number);
const program = { file: '/bin/sleep', args: ['60'] };
const settleMs = 40;
const tickMs = 1;

const bytesPerMb = 1_024 * 1_024;
const residentMb = (): number => process.memoryUsage.rss() / bytesPerMb;

/** Half in small objects, half in buffers: as a host's memory is. */
const ballast: unknown[] = [];
while (residentMb() < hostMb) {
  ballast.push(Array.from({ length: 8_192 }, (_, index) => ({ index, text: `${index}` })));
  ballast.push(Buffer.alloc(bytesPerMb / 2, 1));
}
const spawner = await openSpawnerChild(() => undefined);

/** The longest time between two ticks of the event loop, less a tick. */
const stillMs = async (start: () => Promise<Started>): Promise<number> => {
  let [last, longest] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - tickMs);
    last = now;
  }, tickMs);
  const started = await start();
  await sleep(settleMs);
  clearInterval(timer);
  started.kill();
  await started.ended;
  return longest;
};

const [direct, spawned]: [number[], number[]] = [[], []];
for (let count = -1; count < samples; count += 1) {
  const both = [await stillMs(async () => startDirectly(program)), await stillMs(() => spawner.start(program))] as const;
  // The first ones load code.
  if (count < 0) continue;
  direct.push(both[0]);
  spawned.push(both[1]);
}
await spawner.close();
const at = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
process.send?.({
  hostMb: residentMb(),
  ballast: ballast.length,
  samples,
  directMs: at(direct, 0.5),
  spawnerMs: at(spawned, 0.5),
  directMaxMs: at(direct, 1),
  spawnerMaxMs: at(spawned, 1),
});
process.on('disconnect', () => process.exit());
