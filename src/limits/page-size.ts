// How large a page of memory is, which /proc counts in. Must never guess: arm64 has pages of 4, 16 and 64 KB.
import { readFileSync } from 'node:fs';

let known: number | null = null;

/** Megabytes. By this process's own two figures, one in pages and one in KB, read one after the other: the nearest power of two. */
export const pageMb = (): number => {
  known ??= measure();
  return known;
};

const usualMb = 4_096 / 2 ** 20;

const measure = (): number => {
  try {
    const pages = Number(readFileSync('/proc/self/statm', 'latin1').split(' ')[1]);
    const kb = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]);
    const found = 2 ** Math.round(Math.log2((kb * 1024) / pages));
    return found >= 4_096 && found <= 65_536 ? found / 2 ** 20 : usualMb;
  } catch {
    return usualMb;
  }
};
