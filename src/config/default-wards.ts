// What holds of wards where an operator says nothing, by the machine this runs on. Must never look at anything but its size.
import { availableParallelism, totalmem } from 'node:os';
import { defaultWardUser } from './hardening.ts';

const megabyte = 1024 * 1024;
const leastMemoryMb = 256;

/** Half of what the machine or its cgroup has: the other half is the host's, the database's and the page cache's. */
const halfOfMemoryMb = (): number => {
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.max(leastMemoryMb, Math.floor(bytes / 2 / megabyte));
};

export const makeDefaultWards = () => ({
  max: 64,
  perTenant: 1,
  spareWards: 1,
  spareCells: 2,
  cellIdleMs: 60_000,
  memoryMb: halfOfMemoryMb(),
  bootsAtOnce: Math.max(4, 2 * availableParallelism()),
  maxAgeMs: 6 * 3_600_000,
  maxGrowthFactor: 8,
  execPath: null,
  hardened: false,
  user: defaultWardUser,
});
