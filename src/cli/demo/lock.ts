// One `npm start` per folder. Must never let a second one begin while the first lives.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CloisterError } from '../../errors.ts';
import { tryHold } from '../../ledger/hold.ts';

export interface Lock {
  /** Tells later comers where this one serves, once that is known. */
  announce(url: string): void;
  release(): void;
}

/** Throws ERR_ALREADY_RUNNING, naming the holder's pid and URL, while another process holds it. */
export const acquireLock = (folder: string): Lock => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'start.lock');
  const taken = tryHold(file);
  if ('release' in taken) return { announce: (url) => taken.say(url), release: () => taken.release() };
  const { pid, note: url } = taken;
  throw new CloisterError(
    'ERR_ALREADY_RUNNING',
    `Cloister is already running here: process ${pid}${url === '' ? ', still starting' : ` serves on ${url}`}. End it first (${file}).`,
    { pid, url },
  );
};
