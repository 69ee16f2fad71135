// What the host holds of the machine, counted: descriptors, handles, threads, processes, temporary files, memory. Must never count what is about to go: wait first.
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { findOwnProcesses } from '../helpers/runtime.ts';

export interface Belongings {
  readonly descriptors: number;
  readonly handles: number;
  readonly threads: number;
  /** Wards, images in the making and bundlers, and who starts wards. */
  readonly processes: number;
  /** In the folder that TMPDIR names. */
  readonly temporaryFiles: number;
}

export const countBelongings = (): Belongings => ({
  descriptors: readdirSync('/proc/self/fd').length,
  handles: process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate').length,
  threads: Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 0),
  processes: findOwnProcesses().length,
  temporaryFiles: readdirSync(tmpdir()).length,
});

export interface Sample {
  readonly minute: number;
  readonly rssMb: number;
}

/** Least squares; 0 for fewer than three samples. */
export const slopePerMinute = (samples: readonly Sample[]): number => {
  if (samples.length < 3) return 0;
  const mean = (of: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [minute, rssMb] = [mean((sample) => sample.minute), mean((sample) => sample.rssMb)];
  const spread = samples.reduce((sum, sample) => sum + (sample.minute - minute) ** 2, 0);
  return samples.reduce((sum, sample) => sum + (sample.minute - minute) * (sample.rssMb - rssMb), 0) / spread;
};
