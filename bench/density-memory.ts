// What a server's wards hold, looked at from outside while a load runs. Must never ask the server.
import { readFileSync } from 'node:fs';
import { pageMb } from '../src/limits/page-size.ts';

export interface MemoryWatch {
  /** MB: the most seen of all wards together (each one's own, and once what they share) and of the host. */
  stop(): { readonly wardsMb: number; readonly hostMb: number; readonly wards: number };
}

const lookMs = 200;

const readSizes = (pid: number): { readonly residentMb: number; readonly sharedMb: number } => {
  try {
    const [, resident, shared] = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ');
    return { residentMb: Number(resident) * pageMb(), sharedMb: Number(shared) * pageMb() };
  } catch {
    return { residentMb: 0, sharedMb: 0 };
  }
};

const readChildren = (pid: number): readonly number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

export const watchMemory = (pid: number): MemoryWatch => {
  let most = { wardsMb: 0, hostMb: 0, wards: 0 };
  const look = (): void => {
    let [own, shared, wards] = [0, 0, 0];
    for (const child of readChildren(pid)) {
      const { residentMb, sharedMb } = readSizes(child);
      own += residentMb - sharedMb;
      shared = Math.max(shared, sharedMb);
      wards += 1;
    }
    most = {
      wardsMb: Math.max(most.wardsMb, own + shared),
      hostMb: Math.max(most.hostMb, readSizes(pid).residentMb),
      wards: Math.max(most.wards, wards),
    };
  };
  const timer = setInterval(look, lookMs);
  return {
    stop: () => {
      clearInterval(timer);
      return most;
    },
  };
};
