// Hears of a new revision in a file: told by the system, and by looking where the system says nothing. Must never stop looking because a look failed.
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { registryBounds } from './bounds.ts';
import type { RegistryStore } from './state.ts';

type Hear = Parameters<RegistryStore['watch']>[0];

export const watchFile = (file: string, readRevision: () => Promise<number>, hear: Hear): { close(): Promise<void> } => {
  let closed = false;
  let seen = '';
  let looking: Promise<void> | null = null;
  let again = false;
  let watcher: FSWatcher | null = null;

  /** Another file in its place, or other bytes in it. */
  const markOf = async (): Promise<string> => {
    const status = await stat(file).catch(() => null);
    return status === null ? 'none' : `${String(status.ino)} ${String(status.mtimeMs)} ${String(status.size)}`;
  };
  const lookOnce = async (): Promise<void> => {
    const mark = await markOf();
    if (mark === seen || closed) return;
    try {
      const revision = await readRevision();
      seen = mark;
      hear.onAnswer?.();
      // Also the number it had before: a state that went back and on may come to it again.
      if (!closed) hear.onRevision(revision);
    } catch (error) {
      if (!closed) hear.onTrouble(error);
    }
  };
  const look = (): void => {
    if (closed) return;
    again = looking !== null;
    looking ??= lookOnce().finally(() => {
      looking = null;
      if (again) look();
    });
  };
  const listen = (): void => {
    try {
      watcher = watch(path.dirname(file), { persistent: false }, (_event, name) => {
        if (name === null || name === path.basename(file)) look();
      });
      watcher.on('error', () => {
        watcher?.close();
        watcher = null;
      });
    } catch {
      watcher = null;
    }
  };
  const timer = setInterval(() => {
    // A folder that was not there yet, or was put in place of another.
    if (watcher === null) listen();
    look();
  }, registryBounds.pollMs.value);
  timer.unref();
  listen();
  look();
  return {
    async close() {
      closed = true;
      clearInterval(timer);
      watcher?.close();
      await looking;
    },
  };
};
