// How much memory a process and those below it hold. Must never throw: they may be gone by the time it looks.
import { readFileSync } from 'node:fs';
import { pageMb } from '../limits/page-size.ts';

const read = (file: string): string => {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
};

/** On Linux; 0 elsewhere, where nothing says it without asking another process. */
export const residentMb = (pid: number): number => {
  if (process.platform !== 'linux') return 0;
  const [, pages = '0'] = read(`/proc/${pid}/statm`).split(' ');
  const children = read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((name) => name !== '')
    .map(Number);
  return children.reduce((sum, child) => sum + residentMb(child), Number(pages) * pageMb());
};
