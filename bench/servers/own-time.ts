// Where a server's main thread spends its time, by the folder of the code, from V8's sampling profiler. Must never run in a round that is measured otherwise.
import { type Profiler, Session } from 'node:inspector/promises';

/** Milliseconds of processor time while the profile ran. */
export interface OwnTime {
  readonly frames: number;
  readonly bridge: number;
  readonly database: number;
  readonly other: number;
}

type Part = keyof OwnTime;

const samplingUs = 100;

/** A frame belongs to the first part whose pattern its file matches; code of node or a package to whoever called it. */
const parts: readonly (readonly [Part, RegExp])[] = [
  ['bridge', /\/src\/(?:bridge|ledger|config|dispatch\/recorded-lease)/],
  ['database', /\/src\/capabilities\/|\/node_modules\/pg/],
  ['frames', /\/src\/(?:wards|dispatch)\/|\/sandbox\/protocol\//],
  ['other', /\/src\/|\/bench\//],
];

const partOf = (url: string): Part | undefined => parts.find(([, pattern]) => pattern.test(url))?.[0];

/** Idle time and the profiler's own are nobody's. */
const notWork = new Set(['(idle)', '(program)']);

const sum = ({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): OwnTime => {
  const ownUs = new Map<number, number>();
  for (const [index, id] of samples.entries()) ownUs.set(id, (ownUs.get(id) ?? 0) + Math.max(0, timeDeltas[index] ?? 0));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const total: Record<Part, number> = { frames: 0, bridge: 0, database: 0, other: 0 };
  const visit = (id: number, callers: Part): void => {
    const node = byId.get(id);
    if (node === undefined || notWork.has(node.callFrame.functionName)) return;
    const part = partOf(node.callFrame.url) ?? callers;
    total[part] += (ownUs.get(id) ?? 0) / 1_000;
    for (const child of node.children ?? []) visit(child, part);
  };
  visit(nodes[0]?.id ?? 0, 'other');
  return total;
};

/** Answers `profile` and `report` of the parent. */
export const offerOwnTime = (): void => {
  const session = new Session();
  const start = async (): Promise<void> => {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: samplingUs });
    await session.post('Profiler.start');
    process.send?.({ started: true });
  };
  const report = async (): Promise<void> => {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    process.send?.({ ownTime: sum(profile) });
  };
  process.on('message', (message) => {
    if (message === 'profile') void start();
    if (message === 'report') void report();
  });
};
