// Processor time and memory of a process and everything it started, from /proc. Must never count a process twice.
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuMs: number;
}

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** Fields after the command's closing bracket: state, parent …, user time (11), system time (12). */
const readStat = (pid: string): Stat | undefined => {
  const fields = readIfThere(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ');
  if (fields === undefined) return undefined;
  return { pid: Number(pid), parent: Number(fields[1]), cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond };
};

const readTree = (root: number): readonly Stat[] => {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => readStat(pid) ?? []);
  const inTree = new Set([root]);
  // Parents have lower pids only until they wrap, so go on until nothing is added.
  for (let before = 0; before !== inTree.size; ) {
    before = inTree.size;
    for (const { pid, parent } of all) if (inTree.has(parent)) inTree.add(pid);
  }
  return all.filter(({ pid }) => inTree.has(pid));
};

/** Of the whole tree; a process that ended meanwhile takes its time with it. */
export const readCpuMs = (root: number): number => readTree(root).reduce((sum, { cpuMs }) => sum + cpuMs, 0);

const readPrivateKb = (pid: number): number =>
  Number(/^Private_Dirty:\s+(\d+) kB$/m.exec(readIfThere(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0);

/** Private dirty memory of what `root` started, without `root` itself: for Cloister, its wards. */
export const readChildrenMb = (root: number): number =>
  readTree(root)
    .filter(({ pid }) => pid !== root)
    .reduce((sum, { pid }) => sum + readPrivateKb(pid), 0) / 1_024;

export const readOwnMb = (pid: number): number => readPrivateKb(pid) / 1_024;
