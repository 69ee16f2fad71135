// One holder of a file at a time, over processes: a lock beside it that names who holds it. Must never be taken from a process that lives.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

export interface Holder {
  /** 0: what stands in the lock names nobody. */
  readonly pid: number;
  /** When that process began, in the kernel's own words: a pid alone is soon given to another process, above all in a container. */
  readonly began: string;
  /** What it said of itself. */
  readonly note: string;
}

export interface Hold {
  /** Tells later comers something, once it is known. */
  say(note: string): void;
  release(): void;
}

const mostTries = 6;

const parseHolder = (text: string): Holder => {
  const [pid = '', began = '', note = ''] = text.split('\n');
  return { pid: /^\d{1,10}$/.test(pid) ? Number(pid) : 0, began, note };
};

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** Field 22 of /proc/<pid>/stat, counted after the command's closing bracket; empty where there is no /proc. A zombie holds nothing any more. */
const readBegan = (pid: number): string => {
  const fields = readIfThere(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ') ?? [];
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '');
};

const isAlive = ({ pid, began }: Holder): boolean => {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return began === '' || began === readBegan(pid);
};

const tryLink = (from: string, to: string): boolean => {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
};

/** Removes a dead holder's lock. The hard link is the right to do so: a second taker cannot make it, and so never removes the lock of the first. */
const removeStale = (lock: string, stale: string): void => {
  const claim = `${lock}.${parseHolder(stale).pid}`;
  if (!tryLink(lock, claim)) return;
  if (readIfThere(claim) === stale) rmSync(lock, { force: true });
  rmSync(claim, { force: true });
};

const makeHold = (lock: string, mine: string, me: string): Hold => {
  let isReleased = false;
  const isMine = (): boolean => !isReleased && readIfThere(lock)?.startsWith(me) === true;
  return {
    say(note) {
      if (!isMine()) return;
      writeFileSync(mine, `${me}${note}`);
      renameSync(mine, lock);
    },
    release() {
      if (isMine()) rmSync(lock, { force: true });
      isReleased = true;
    },
  };
};

/** Takes the lock, also from a holder that is dead; else says who has it. Throws where its folder cannot be written. */
export const tryHold = (lock: string): Hold | Holder => {
  const mine = `${lock}.new.${process.pid}`;
  const me = `${process.pid}\n${readBegan(process.pid)}\n`;
  let holder = parseHolder('');
  // One of this pid that was killed may have left it, as a second name of the lock itself.
  rmSync(mine, { force: true });
  try {
    writeFileSync(mine, me);
    for (let tries = 0; tries < mostTries; tries += 1) {
      if (tryLink(mine, lock)) return makeHold(lock, mine, me);
      const held = readIfThere(lock);
      if (held === undefined) continue;
      holder = parseHolder(held);
      if (isAlive(holder)) return holder;
      removeStale(lock, held);
    }
    return holder;
  } finally {
    rmSync(mine, { force: true });
  }
};
