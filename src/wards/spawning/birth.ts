// Which process a number means. Must never take a later one of the same number for it.
import { readFileSync } from 'node:fs';

/** When a process began, in ticks since the machine did: with its number it names one process only (proc(5), starttime). null where there is none, or the system does not tell. */
export const birthOf = (pid: number): string | null => {
  try {
    return (
      readFileSync(`/proc/${String(pid)}/stat`, 'latin1')
        .split(') ')
        .at(-1)
        ?.split(' ')[19] ?? null
    );
  } catch {
    return null;
  }
};

export const killIfStill = (pid: number, birth: string | null): void => {
  try {
    if (birth !== null && birthOf(pid) === birth) process.kill(pid, 'SIGKILL');
  } catch {
    // It ended just now.
  }
};
