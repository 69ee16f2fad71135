// What the long soak is told and what it tells. Must never hold a judgement.
import type { Belongings } from './belongings.ts';
import type { HostLateness } from './host-process.ts';
import type { NeighbourName } from './hostile-traffic.ts';

export interface HostileSoakOptions {
  /** Of the mixed phase; warming up and the quiet one take a quarter of it beside. */
  readonly minutes: number;
  readonly seed: number;
  /** Only attacks whose path has one of these parts; all where there are none. */
  readonly only: readonly string[];
  /** Says how it goes. */
  readonly onProgress?: (line: string) => void;
}

export interface Phase {
  readonly requests: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface HostileSoakReport {
  readonly quiet: Readonly<Record<NeighbourName, Phase>>;
  readonly mixed: Readonly<Record<NeighbourName, Phase>>;
  readonly hostile: number;
  /** Hostile among all requests of the mixed phase. */
  readonly hostileShare: number;
  /** Kind of attack → answer → how often. */
  readonly answers: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly rssMb: readonly [first: number, last: number];
  readonly rssSlopeMb: number;
  /** At rest and collected, before the quiet phase and after the mixed one. */
  readonly restedRssMb: readonly [before: number, after: number];
  readonly quietLoopDelayMs: HostLateness;
  readonly loopDelayMs: HostLateness;
  /** Before the first request, at rest; after the last one, at rest; and after the runtime was closed. */
  readonly before: Belongings;
  readonly after: Belongings;
  readonly closedBefore: Belongings;
  readonly closedAfter: Belongings;
  /** What is wrong whatever the machine: an unanswered neighbour, something left, a canary seen. */
  readonly faults: readonly string[];
}
