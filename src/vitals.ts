// How a running host is: what /_cloister/health says, and what is measured at the moment. Must never change anything.
import type { Dispatcher } from './dispatch/dispatcher.ts';
import type { NextRun, Schedules } from './events/schedules.ts';
import type { Installation } from './installation.ts';
import type { JobQueue } from './jobs/queue.ts';
import type { Gauges } from './telemetry/metrics.ts';
import type { WardPool } from './wards/ward-pool.ts';

export interface Health {
  readonly status: 'ok' | 'closing';
  readonly extensions: number;
  readonly refused: number;
  readonly wards: number;
  readonly cells: number;
  readonly requests: number;
  readonly schedules: number;
  /** ISO 8601; null where nothing is scheduled. */
  readonly nextRun: string | null;
}

export interface VitalsOf {
  readonly dispatcher: Dispatcher;
  readonly installation: Installation;
  readonly pool: WardPool;
  readonly schedules: Schedules;
  readonly jobs: JobQueue;
  isClosing(): boolean;
}

const earliest = (found: string | null, { next }: NextRun): string | null => {
  const time = next?.toISOString() ?? null;
  return found === null || (time !== null && time < found) ? time : found;
};

export const makeVitals = ({ dispatcher, installation, pool, schedules, jobs, isClosing }: VitalsOf) => {
  const counts = () => ({
    extensions: installation.installed.length,
    refused: installation.refused.length,
    wards: pool.wards.size,
    cells: [...pool.wards].reduce((sum, ward) => sum + ward.cells.size, 0),
    requests: dispatcher.liveRequests,
  });
  return {
    health: (): Health => ({
      status: isClosing() ? 'closing' : 'ok',
      ...counts(),
      schedules: schedules.length,
      nextRun: schedules.nextRuns().reduce<string | null>(earliest, null),
    }),
    gauges: (): Gauges => {
      const { queued, running, retried, dead, lagMs } = jobs.stats();
      return {
        ...counts(),
        queued: dispatcher.queuedRequests,
        sleeping: dispatcher.sleeping,
        bootsWaiting: pool.boots.waiting,
        wardRssBytes: pool.rssBytes(),
        wardMemoryBytes: pool.memoryMb * 1024 * 1024,
        jobsQueued: queued,
        jobsRunning: running,
        jobsRetried: retried,
        jobsDead: dead,
        jobsLagSeconds: lagMs / 1_000,
      };
    },
  };
};
