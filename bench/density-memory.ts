// What a server's wards hold, looked at from outside while a load runs. Must never ask the server.
import { readFileSync } from 'node:fs';
import { pageMb } from '../src/limits/page-size.ts';

export interface MemoryWatch {
  /** MB: the most seen of all wards together (each one's own, and once what they share) and of the host, what starts wards for it included. */
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

const isSpawner = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('/spawner-process.');
  } catch {
    return false;
  }
};

export const watchMemory = (pid: number): MemoryWatch => {
  let most = { wardsMb: 0, hostMb: 0, wards: 0 };
  const look = (): void => {
    let [own, shared, wards, hostMb] = [0, 0, 0, readSizes(pid).residentMb];
    const children = readChildren(pid);
    const spawners = children.filter(isSpawner);
    for (const spawner of spawners) hostMb += readSizes(spawner).residentMb - readSizes(spawner).sharedMb;
    for (const child of [...children, ...spawners.flatMap(readChildren)]) {
      if (spawners.includes(child)) continue;
      const { residentMb, sharedMb } = readSizes(child);
      own += residentMb - sharedMb;
      shared = Math.max(shared, sharedMb);
      wards += 1;
    }
    most = {
      wardsMb: Math.max(most.wardsMb, own + shared),
      hostMb: Math.max(most.hostMb, hostMb),
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
