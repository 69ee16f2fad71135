// How near the processors, or the host's own thread, are to being all taken. Must never be dear: it is asked ten times a second.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';

/** Jiffies: idle, and all of them; null where the platform does not tell. */
const readMachine = (): { readonly idle: number; readonly all: number } | null => {
  try {
    const [, ...fields] = (readFileSync('/proc/stat', 'latin1').split('\n', 1)[0] ?? '').trim().split(/\s+/);
    // User, nice, system, idle, iowait, irq, softirq, steal; guest time is in user's already.
    const numbers = fields.slice(0, 8).map(Number);
    const all = numbers.reduce((sum, value) => sum + value, 0);
    return Number.isFinite(all) && all > 0 ? { idle: (numbers[3] ?? 0) + (numbers[4] ?? 0), all } : null;
  } catch {
    return null;
  }
};

/** `ownMs`: what host and wards used, for where a cgroup gives less than the machine has. */
export const makeLoadReader = (): ((ownMs: number, sinceMs: number) => number) => {
  const processors = availableParallelism();
  let machine = readMachine();
  let loop = performance.eventLoopUtilization();
  return (ownMs, sinceMs) => {
    const now = readMachine();
    const passed = now === null || machine === null ? 0 : now.all - machine.all;
    const busy = now === null || machine === null || passed <= 0 ? 0 : 1 - (now.idle - machine.idle) / passed;
    machine = now;
    const { utilization } = performance.eventLoopUtilization(loop);
    loop = performance.eventLoopUtilization();
    return Math.max(busy, utilization, ownMs / sinceMs / processors);
  };
};
