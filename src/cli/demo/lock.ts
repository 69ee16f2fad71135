// One `npm start` per folder. The lock names its holder; must never be taken from a process that lives.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloisterError } from '../../errors.ts';

interface Holder {
  readonly pid: number;
  /** When that process began, in the kernel's own words: a pid alone is soon given to another process, above all in a container. */
  readonly began: string;
  readonly url: string;
}

export interface Lock {
  /** Tells later comers where this one serves, once that is known. */
  announce(url: string): void;
  release(): void;
}

const parseHolder = (text: string): Holder => {
  const [pid = '', began = '', url = ''] = text.split('\n');
  return { pid: /^\d{1,10}$/.test(pid) ? Number(pid) : 0, began, url };
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
const removeStale = (file: string, stale: string): void => {
  const claim = `${file}.${parseHolder(stale).pid}`;
  if (!tryLink(file, claim)) return;
  if (readIfThere(claim) === stale) rmSync(file, { force: true });
  rmSync(claim, { force: true });
};

/** Throws ERR_ALREADY_RUNNING, naming the holder's pid and URL, while another process holds it. */
export const acquireLock = (folder: string): Lock => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'start.lock');
  const mine = `${file}.new.${process.pid}`;
  const me = `${process.pid}\n${readBegan(process.pid)}\n`;
  writeFileSync(mine, me);
  try {
    for (let tries = 0; !tryLink(mine, file); tries += 1) {
      const held = readIfThere(file);
      if (held === undefined) continue;
      const holder = parseHolder(held);
      const { pid, url } = holder;
      if (isAlive(holder) || tries >= 5) {
        throw new CloisterError(
          'ERR_ALREADY_RUNNING',
          `Cloister is already running here: process ${pid}${url === '' ? ', still starting' : ` serves on ${url}`}. End it first (${file}).`,
          { pid, url },
        );
      }
      removeStale(file, held);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  const isMine = (): boolean => parseHolder(readIfThere(file) ?? '').pid === process.pid;
  return {
    announce: (url) => {
      if (!isMine()) return;
      writeFileSync(mine, `${me}${url}`);
      renameSync(mine, file);
    },
    release: () => {
      if (isMine()) rmSync(file, { force: true });
    },
  };
};
