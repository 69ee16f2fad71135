// Tells that something in a folder of sources was saved. Must never look into what is installed or built there, nor keep the process alive.
import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

export interface FolderWatch {
  close(): void;
}

/** An editor writes a file in several steps, and a formatter after it. */
const quietMs = 60;
/** A folder of sources is no disk. */
const maxFolders = 2_000;

const isOfNoInterest = (name: string): boolean => name === 'node_modules' || name === 'dist' || name.startsWith('.');

/** `onSaved` is called once nothing has changed for a moment; `onTrouble` where a folder cannot be watched. */
export const watchFolder = async (root: string, onSaved: () => void, onTrouble: (cause: string) => void): Promise<FolderWatch> => {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  const changed = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => {
      void look(root).then(() => {
        if (!closed) onSaved();
      });
    }, quietMs);
  };

  const forget = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };

  const begin = (folder: string): void => {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || !isOfNoInterest(name)) changed();
      });
      watcher.on('error', () => forget(folder));
      watchers.set(folder, watcher);
    } catch (error) {
      onTrouble(`${folder} cannot be watched: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  /** New folders too: whoever makes one saves into it next. */
  const look = async (folder: string): Promise<void> => {
    if (closed || watchers.size >= maxFolders) return;
    if (!watchers.has(folder)) begin(folder);
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => null);
    if (entries === null) return forget(folder);
    for (const entry of entries) if (entry.isDirectory() && !isOfNoInterest(entry.name)) await look(path.join(folder, entry.name));
  };

  await look(root);
  return {
    close: () => {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
};
